//! Exact statistics of small counts: no approximation that needs many.

/// The natural logarithm of `n!`.
fn log_factorial(n: u32) -> f64 {
    (2..=n).map(|factor| f64::from(factor).ln()).sum()
}

/// The logarithm of the number of ways to take `k` of `n`.
fn log_choose(n: u32, k: u32) -> f64 {
    log_factorial(n) - log_factorial(k) - log_factorial(n.saturating_sub(k))
}

/// Fisher's exact test, two-sided: how probable it is that two groups without any difference differ as much as
/// `[failed, passed]` here or more. Sums every table of the same margins that is at most as probable as this one.
/// R. A. Fisher, The Design of Experiments (1935).
pub fn fisher([[a, b], [c, d]]: [[u32; 2]; 2]) -> f64 {
    let (row, column, all) = (a + b, a + c, a + b + c + d);
    let whole = log_choose(all, column);
    let probability = |here: u32| (log_choose(row, here) + log_choose(all - row, column - here) - whole).exp();
    // The same count as scipy and R: what is as probable but for rounding counts as well.
    let seen = probability(a) * (1.0 + 1e-7);
    let least = column.saturating_sub(all - row);
    let sum: f64 = (least..=row.min(column)).map(probability).filter(|here| *here <= seen).sum();
    sum.min(1.0)
}

/// The clearest result that so many letters could give: all of one group fail, none of the other.
pub fn clearest(one: u32, other: u32) -> f64 {
    fisher([[one, 0], [0, other]])
}

/// Confidence of the intervals.
pub const CONFIDENCE: f64 = 0.95;

/// The interval of Clopper and Pearson (1934): the shares that `hits` of `tries` do not contradict, at 95 %. All of them
/// for no tries.
pub fn interval(hits: u32, tries: u32) -> (f64, f64) {
    if tries == 0 {
        return (0.0, 1.0);
    }
    let tail = (1.0 - CONFIDENCE) / 2.0;
    // At the lower end, so many hits or more are as improbable as the tail; at the upper end, so many or fewer.
    let lower = if hits == 0 { 0.0 } else { bisect(|share| at_most(hits - 1, tries, share) > 1.0 - tail) };
    let upper = if hits >= tries { 1.0 } else { bisect(|share| at_most(hits, tries, share) > tail) };
    (lower, upper)
}

/// The share at which `is_below` turns from true to false.
fn bisect(is_below: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if is_below(middle) { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// The probability of at most `hits` hits of `tries`.
fn at_most(hits: u32, tries: u32, share: f64) -> f64 {
    let exactly = |hits: u32| {
        let (yes, no) = (f64::from(hits), f64::from(tries - hits));
        (log_choose(tries, hits) + yes * share.ln() + no * (1.0 - share).ln()).exp()
    };
    (0..=hits.min(tries)).map(exactly).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expect: f64) {
        assert!((found - expect).abs() < 5e-6, "{found} is not {expect}");
    }

    #[test]
    fn fisher_agrees_with_known_values() {
        // scipy.stats.fisher_exact, two-sided; [[1, 9], [11, 3]] is the example of Wikipedia, "Fisher's exact test".
        for (table, expect) in [
            ([[3, 0], [0, 3]], 0.1),
            ([[6, 0], [0, 6]], 0.002_164_50),
            ([[8, 2], [1, 5]], 0.034_965_03),
            ([[1, 9], [11, 3]], 0.002_759_46),
            ([[4, 0], [0, 4]], 0.028_571_43),
            ([[5, 5], [5, 5]], 1.0),
            ([[0, 5], [0, 5]], 1.0),
            ([[5, 0], [5, 0]], 1.0),
            ([[0, 0], [3, 2]], 1.0),
            ([[0, 0], [0, 0]], 1.0),
        ] {
            near(fisher(table), expect);
            let [first, second] = table;
            near(fisher([second, first]), expect);
        }
        near(fisher([[100, 0], [0, 100]]), 0.0);
        near(clearest(3, 3), 0.1);
    }

    #[test]
    fn intervals_agree_with_known_values() {
        // R, binom.test(k, n)$conf.int
        for (hits, tries, lower, upper) in [
            (0, 10, 0.0, 0.308_498),
            (10, 10, 0.691_502, 1.0),
            (5, 10, 0.187_086, 0.812_914),
            (1, 3, 0.008_404, 0.905_701),
            (3, 3, 0.292_402, 1.0),
            (0, 0, 0.0, 1.0),
        ] {
            let found = interval(hits, tries);
            near(found.0, lower);
            near(found.1, upper);
        }
    }

    proptest::proptest! {
        #[test]
        fn a_probability_is_one_and_an_interval_holds_what_was_seen(a in 0_u32..40, b in 0_u32..40, c in 0_u32..40, d in 0_u32..40) {
            let p = fisher([[a, b], [c, d]]);
            proptest::prop_assert!(p > 0.0 && p <= 1.0, "{p}");
            if a + b > 0 {
                let share = f64::from(a) / f64::from(a + b);
                let (lower, upper) = interval(a, a + b);
                proptest::prop_assert!(lower <= share + 1e-9 && share <= upper + 1e-9, "{lower} {share} {upper}");
            }
        }
    }
}
