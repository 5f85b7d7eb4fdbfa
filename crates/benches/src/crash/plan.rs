//! What is done to the process in one run: drawn from the seed, so that a run can be had again.

use std::time::Duration;

use rules::moment;

/// Numbers that look like chance and are the same for the same seed. SplitMix64, Steele et al. 2014.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// For one run of a campaign.
    pub fn new(seed: u64, run: u64) -> Self {
        let mut dice = Self(seed ^ run.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        dice.roll();
        dice
    }
    /// 64 bits.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
    /// From 0 to below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.roll() % end.max(1)
    }
}

/// How a life of the process ends.
#[derive(Debug, Clone)]
pub enum Death {
    /// It ends itself at the n-th time of a moment; with SIGKILL should the moment not come.
    At(&'static str, u64),
    /// SIGKILL that time after the first message was answered.
    After(Duration),
}

impl Death {
    /// For the environment.
    pub fn moment(&self) -> Option<String> {
        match self {
            Self::At(name, count) => Some(format!("{name}:{count}")),
            Self::After(_) => None,
        }
    }
    /// For the report.
    pub fn name(&self) -> &'static str {
        match self {
            Self::At(name, _) => name,
            Self::After(_) => "at random",
        }
    }
}

/// One run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Its number.
    pub number: u64,
    /// One death a life; the last life is not ended.
    pub deaths: Vec<Death>,
    /// How many submit at the same time.
    pub clients: u64,
    /// For everything else that is drawn.
    pub dice: Dice,
}

impl Plan {
    /// The plan of a run: the moments in turn, every third run with a second death soon after the restart.
    pub fn draw(seed: u64, number: u64, with_moments: bool) -> Self {
        let mut dice = Dice::new(seed, number);
        let kinds = moment::ALL.len() as u64 + 2;
        let at = |index: u64| usize::try_from(index).ok().and_then(|index| moment::ALL.get(index)).copied();
        let death = |index: u64, most: u64, dice: &mut Dice| match at(index).filter(|_| with_moments) {
            Some(name) => Death::At(name, 1 + dice.below(most)),
            None => Death::After(Duration::from_millis(20 + dice.below(500))),
        };
        let mut deaths = vec![death(number % kinds, 60, &mut dice)];
        if number.is_multiple_of(3) {
            let index = dice.below(kinds);
            deaths.push(death(index, 6, &mut dice));
        }
        let clients = 2 + dice.below(6);
        Self { number, deaths, clients, dice }
    }
}
