//! How a new mailbox comes to its daily cap: from few messages, one step a day, on what receivers really answered. A day that
//! tells nothing changes nothing, and bad days take the allowance down again.

use std::time::Duration;

/// Length of one day of the ramp.
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Bounced recipients of a hundred from which the allowance does not grow. Practice of senders, 2026: under 2.
const HOLD_PERCENT: u64 = 2;
/// Bounced recipients of a hundred from which it falls by half. Practice of senders, 2026: beyond 5 stop and clean the list.
const CUT_PERCENT: u64 = 5;
/// Bounces that a small number may always have: one bad address of ten is no trend.
const FREE_BOUNCES: u64 = 1;

/// How steep it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slope {
    /// Messages of the first day; 0: no ramp, new mailboxes have their whole cap at once.
    pub start: u32,
    /// Messages that a good day adds.
    pub step: u32,
}

impl Slope {
    /// No ramp.
    pub const NONE: Self = Self { start: 0, step: 0 };

    /// What a new mailbox with this cap may submit on its first day; `None`: its whole cap.
    pub fn first(self, cap: u32) -> Option<u32> {
        (self.start > 0 && self.start < cap).then_some(self.start)
    }
}

/// What receivers answered to the messages of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Feedback {
    /// Recipients that were accepted for.
    pub delivered: u64,
    /// Recipients that bounced.
    pub bounced: u64,
    /// Complaints that were shown to be about messages of this mailbox.
    pub complaints: u64,
}

/// What a day led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Turn {
    /// The first day.
    Begun,
    /// Less than half of the allowance has a result: nothing is known.
    Quiet,
    /// A good day.
    Grew,
    /// Too many bounces to grow.
    Held,
    /// So many bounces that the allowance fell by half.
    Bounces,
    /// Somebody complained: the allowance fell by half.
    Complaint,
}

impl Turn {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Begun, Self::Quiet, Self::Grew, Self::Held, Self::Bounces, Self::Complaint];

    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Quiet => "quiet",
            Self::Grew => "grew",
            Self::Held => "held",
            Self::Bounces => "bounces",
            Self::Complaint => "complaint",
        }
    }
    /// Of its word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|turn| turn.as_str() == word)
    }
    /// What it means, for people.
    pub fn told(self) -> &'static str {
        match self {
            Self::Begun => "first day",
            Self::Quiet => "unchanged: too little was sent to learn from",
            Self::Grew => "grew after a good day",
            Self::Held => "held: more than 2 in 100 bounced",
            Self::Bounces => "halved: more than 5 in 100 bounced",
            Self::Complaint => "halved: a recipient complained",
        }
    }
}

/// The allowance after a day; at the cap the ramp is over.
pub fn next(slope: Slope, allowance: u32, feedback: Feedback) -> (u32, Turn) {
    let half = || (allowance / 2).max(slope.start.min(allowance)).max(1);
    let results = feedback.delivered + feedback.bounced;
    let is_beyond = |percent: u64| feedback.bounced > FREE_BOUNCES && feedback.bounced * 100 > results * percent;
    if feedback.complaints > 0 {
        return (half(), Turn::Complaint);
    }
    if is_beyond(CUT_PERCENT) {
        return (half(), Turn::Bounces);
    }
    if is_beyond(HOLD_PERCENT) {
        return (allowance, Turn::Held);
    }
    // As many as half of the allowance: whoever sends one message a day has shown nothing about fifty.
    if results * 2 < u64::from(allowance) {
        return (allowance, Turn::Quiet);
    }
    (allowance.saturating_add(slope.step), Turn::Grew)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOPE: Slope = Slope { start: 10, step: 5 };

    fn day(delivered: u64, bounced: u64, complaints: u64) -> Feedback {
        Feedback { delivered, bounced, complaints }
    }

    #[test]
    fn a_good_day_adds_a_step_and_a_quiet_one_nothing() {
        assert_eq!(next(SLOPE, 10, day(10, 0, 0)), (15, Turn::Grew));
        assert_eq!(next(SLOPE, 10, day(5, 0, 0)), (15, Turn::Grew));
        assert_eq!(next(SLOPE, 10, day(4, 0, 0)), (10, Turn::Quiet));
        assert_eq!(next(SLOPE, 10, day(0, 0, 0)), (10, Turn::Quiet));
    }

    #[test]
    fn bounces_hold_it_and_many_bounces_halve_it() {
        assert_eq!(next(SLOPE, 40, day(97, 3, 0)), (40, Turn::Held));
        assert_eq!(next(SLOPE, 40, day(94, 6, 0)), (20, Turn::Bounces));
        assert_eq!(next(SLOPE, 40, day(98, 2, 0)), (45, Turn::Grew), "two in a hundred are not more than two");
        assert_eq!(next(SLOPE, 10, day(9, 1, 0)), (15, Turn::Grew), "one bad address of ten is no trend");
        assert_eq!(next(SLOPE, 10, day(0, 2, 0)), (10, Turn::Bounces), "it does not fall below its start");
    }

    #[test]
    fn a_complaint_halves_it_however_little_was_sent() {
        assert_eq!(next(SLOPE, 30, day(1, 0, 1)), (15, Turn::Complaint));
        assert_eq!(next(SLOPE, 12, day(12, 0, 1)), (10, Turn::Complaint));
        assert_eq!(next(SLOPE, 4, day(0, 0, 1)), (4, Turn::Complaint), "a lower start of before stays");
    }

    #[test]
    fn a_mailbox_with_a_small_cap_has_no_ramp() {
        assert_eq!(SLOPE.first(50), Some(10));
        assert_eq!(SLOPE.first(10), None);
        assert_eq!(Slope::NONE.first(50), None);
    }

    #[test]
    fn every_turn_is_read_back_from_its_word() {
        for turn in Turn::ALL {
            assert_eq!(Turn::parse(turn.as_str()), Some(turn));
        }
    }
}
