//! Bars of an SVG. A table always stands behind them.

/// Width of a drawing, in its own units.
pub(crate) const WIDTH: u64 = 700;
/// Height of its bars.
pub(crate) const HEIGHT: u64 = 120;

/// A bar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bar {
    pub(crate) x: u64,
    pub(crate) y: u64,
    pub(crate) width: u64,
    pub(crate) height: u64,
    /// Its class.
    pub(crate) what: &'static str,
    /// For whoever points at it.
    pub(crate) text: String,
}

/// A count with its class.
pub(crate) type Part = (&'static str, u64);

/// One bar a column, its parts one on another, the first at the foot. Gives the most of a column too.
pub(crate) fn stacked(columns: &[(String, Vec<Part>)]) -> (Vec<Bar>, u64) {
    let sum = |parts: &[Part]| parts.iter().fold(0_u64, |sum, (_, count)| sum.saturating_add(*count));
    let most = columns.iter().map(|(_, parts)| sum(parts)).max().unwrap_or(0);
    let step = WIDTH / u64::try_from(columns.len()).unwrap_or(1).max(1);
    let width = (step * 3 / 4).max(1);
    let mut bars = Vec::new();
    for (number, (label, parts)) in (0..).zip(columns) {
        let mut foot = HEIGHT;
        for (what, count) in parts.iter().filter(|(_, count)| *count > 0) {
            let height = scaled(*count, most).min(foot);
            foot -= height;
            let text = format!("{label}: {count} {what}");
            bars.push(Bar { x: number * step, y: foot, width, height, what, text });
        }
    }
    (bars, most)
}

/// Counts are somebody else's and may be of any size.
fn scaled(count: u64, most: u64) -> u64 {
    let scaled = u128::from(count) * u128::from(HEIGHT) / u128::from(most.max(1));
    u64::try_from(scaled).unwrap_or(HEIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_on_another_within_the_height_whatever_the_counts() {
        for (low, high) in [(3, 1), (u64::MAX, u64::MAX), (0, 5)] {
            let columns = [("a".to_owned(), vec![("passed", low), ("failed", high)]), ("b".to_owned(), Vec::new())];
            let (bars, most) = stacked(&columns);
            assert_eq!(most, low.saturating_add(high));
            assert!(bars.iter().all(|bar| bar.y + bar.height <= HEIGHT && bar.x + bar.width <= WIDTH), "{bars:?}");
            assert_eq!(bars.len(), [low, high].iter().filter(|count| **count > 0).count());
        }
        let (bars, _) = stacked(&[("a".to_owned(), vec![("passed", 3), ("failed", 1)])]);
        assert_eq!((bars[0].y, bars[0].height, bars[1].y, bars[1].height), (30, 90, 0, 30));
    }
}
