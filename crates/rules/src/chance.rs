//! Chance from a seed: the same seed gives the same order again, so that a plan can be repeated and a test can expect.

/// A sequence of numbers that look random. SplitMix64 (Steele, Lea, Flood 2014); not for secrets.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// From that seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to `limit` - 1; 0 when `limit` is 0.
    pub fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        // The bias of the remainder is below 2^-50 for the few things that are ever mixed here.
        self.number().checked_rem(limit).and_then(|number| usize::try_from(number).ok()).unwrap_or(0)
    }

    /// Mixes (Fisher and Yates).
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            things.swap(last, self.below(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_order_and_every_order_comes_up() {
        let order = |seed| {
            let mut things = [0, 1, 2];
            Chance::new(seed).shuffle(&mut things);
            things
        };
        assert_eq!(order(7), order(7));
        let orders: std::collections::BTreeSet<[i32; 3]> = (0..100).map(order).collect();
        assert_eq!(orders.len(), 6);
        assert_eq!(Chance::new(1).below(0), 0);
    }

    #[test]
    fn it_is_splitmix64() {
        // The first number for seed 1234567 in the reference implementation's test vectors.
        assert_eq!(Chance::new(1_234_567).number(), 6_457_827_717_110_365_317);
    }
}
