//! Sequence sets: `1:3,7,12:*` and `$`. RFC 9051 §9 `sequence-set`, RFC 5182.

use std::fmt;

/// Most ranges of one set.
pub const MAX_RANGES: usize = 20_000;

/// Which messages a command means, by number or UID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SequenceSet {
    /// `$`: the result that SEARCH saved.
    Saved,
    /// Ranges as the client wrote them; at least one, at most [`MAX_RANGES`].
    Ranges(Vec<(Place, Place)>),
}

/// One end of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A number, never 0.
    At(u32),
    /// `*`: the highest there is.
    Last,
}

/// Numbers, sorted, as ranges that neither touch nor overlap.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct Ranges(Vec<(u32, u32)>);

impl SequenceSet {
    /// Reads `1:3,7,12:*` or `$`; `None` when it is none.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "$" {
            return Some(Self::Saved);
        }
        let ranges: Option<Vec<_>> = text.split(',').take(MAX_RANGES + 1).map(range).collect();
        ranges.filter(|ranges| ranges.len() <= MAX_RANGES).map(Self::Ranges)
    }

    /// The numbers meant when `last` is the highest there is; 0 says that there are none, and `*` then means
    /// nothing. `saved` is what `$` stands for. Numbers above `last` are kept: the caller knows whether they may be.
    pub fn resolve(&self, last: u32, saved: &Ranges) -> Ranges {
        let number = |place: &Place| match place {
            Place::At(number) => *number,
            Place::Last => last,
        };
        match self {
            Self::Saved => saved.clone(),
            Self::Ranges(ranges) => {
                let known = ranges.iter().map(|(from, to)| (number(from), number(to)));
                known.filter(|(from, to)| *from > 0 && *to > 0).collect()
            }
        }
    }

    /// Whether `*` stands in it.
    pub fn has_last(&self) -> bool {
        matches!(self, Self::Ranges(ranges) if ranges.iter().any(|(from, to)| [from, to].contains(&&Place::Last)))
    }

    /// The highest number that is spelled out; 0 for `$` and `*`.
    pub fn highest(&self) -> u32 {
        let Self::Ranges(ranges) = self else { return 0 };
        let number = |place: &Place| if let Place::At(number) = place { *number } else { 0 };
        ranges.iter().map(|(from, to)| number(from).max(number(to))).max().unwrap_or(0)
    }
}

impl Ranges {
    /// No numbers.
    pub const fn empty() -> Self {
        Self(Vec::new())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many numbers.
    pub fn count(&self) -> u64 {
        self.0.iter().map(|(from, to)| u64::from(to - from) + 1).sum()
    }

    /// Whether this number is among them.
    pub fn contains(&self, number: u32) -> bool {
        let index = self.0.partition_point(|(_, to)| *to < number);
        self.0.get(index).is_some_and(|(from, _)| *from <= number)
    }

    /// The lowest.
    pub fn min(&self) -> Option<u32> {
        self.0.first().map(|(from, _)| *from)
    }

    /// The highest.
    pub fn max(&self) -> Option<u32> {
        self.0.last().map(|(_, to)| *to)
    }

    /// The ranges, both ends included, in order.
    pub fn ranges(&self) -> &[(u32, u32)] {
        &self.0
    }

    /// All numbers in order. May be four thousand million: bound it by [`Ranges::within`] first.
    pub fn numbers(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().flat_map(|(from, to)| *from..=*to)
    }

    /// Those between `from` and `to`, both included.
    #[must_use]
    pub fn within(&self, from: u32, to: u32) -> Self {
        let cut = self.0.iter().map(|range| (range.0.max(from), range.1.min(to)));
        Self(cut.filter(|(from, to)| from <= to).collect())
    }

    /// Adds a number that is higher than all that are there, quickly; any other in its place.
    pub fn insert(&mut self, number: u32) {
        match self.0.last_mut() {
            Some((_, to)) if number.checked_sub(1) == Some(*to) => *to = number,
            Some((_, to)) if number <= *to => {
                if !self.contains(number) {
                    *self = std::mem::take(&mut self.0).into_iter().chain([(number, number)]).collect();
                }
            }
            _ => self.0.push((number, number)),
        }
    }
}

impl FromIterator<(u32, u32)> for Ranges {
    /// Ranges in any order and direction.
    fn from_iter<I: IntoIterator<Item = (u32, u32)>>(ranges: I) -> Self {
        let mut sorted: Vec<(u32, u32)> = ranges.into_iter().map(|(a, b)| (a.min(b), a.max(b))).collect();
        sorted.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(sorted.len());
        for (from, to) in sorted {
            match merged.last_mut() {
                Some(last) if from <= last.1.saturating_add(1) => last.1 = last.1.max(to),
                _ => merged.push((from, to)),
            }
        }
        Self(merged)
    }
}

impl FromIterator<u32> for Ranges {
    fn from_iter<I: IntoIterator<Item = u32>>(numbers: I) -> Self {
        numbers.into_iter().map(|number| (number, number)).collect()
    }
}

impl fmt::Display for Ranges {
    /// `1:3,7`; nothing for none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (from, to)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            match from == to {
                true => write!(f, "{comma}{from}")?,
                false => write!(f, "{comma}{from}:{to}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for SequenceSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Ranges(ranges) = self else { return f.write_str("$") };
        for (index, (from, to)) in ranges.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            match from == to {
                true => write!(f, "{comma}{from}")?,
                false => write!(f, "{comma}{from}:{to}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(number) => write!(f, "{number}"),
            Self::Last => f.write_str("*"),
        }
    }
}

fn range(text: &str) -> Option<(Place, Place)> {
    match text.split_once(':') {
        Some((from, to)) => Some((place(from)?, place(to)?)),
        None => place(text).map(|place| (place, place)),
    }
}

fn place(text: &str) -> Option<Place> {
    if text == "*" {
        return Some(Place::Last);
    }
    // `nz-number`: digits only, no sign. Reality: leading zeros are read over.
    let is_digits = !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    let number = is_digits.then(|| text.parse().ok()).flatten()?;
    (number > 0).then_some(Place::At(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, last: u32, expect: &str) {
        let set = SequenceSet::parse(text).unwrap();
        assert_eq!(set.resolve(last, &Ranges::from_iter([8, 9])).to_string(), expect, "{text}");
    }

    #[test]
    fn sets_are_read_and_put_in_order() {
        check("2,4:7,9,12:*", 15, "2,4:7,9,12:15");
        check("*:4,5:7", 10, "4:10");
        check("5,3,4,1", 9, "1,3:5");
        check("*", 4, "4");
        check("*", 0, "");
        check("1:*", 0, "");
        // RFC 9051 §6.4.9: with a UID above the last, the last is meant too.
        check("559:*", 100, "100:559");
        check("$", 100, "8:9");
        check("4294967295,4294967294", 1, "4294967294:4294967295");
    }

    #[test]
    fn what_is_no_set_is_refused() {
        for text in ["", "0", "1:0", "a", "1,", ",1", "1:2:3", "-1", "+1", "1 ", "4294967296", "$,1", "**"] {
            assert_eq!(SequenceSet::parse(text), None, "{text:?}");
        }
        assert!(SequenceSet::parse(&vec!["1"; MAX_RANGES].join(",")).is_some());
        assert!(SequenceSet::parse(&vec!["1"; MAX_RANGES + 1].join(",")).is_none());
    }

    #[test]
    fn numbers_are_looked_up_counted_and_cut() {
        let ranges = Ranges::from_iter([(5, 7), (1, 2), (10, 10)]);
        assert!(ranges.contains(1) && ranges.contains(6) && ranges.contains(10));
        assert!(!ranges.contains(3) && !ranges.contains(11) && !ranges.contains(0));
        assert_eq!((ranges.count(), ranges.min(), ranges.max()), (6, Some(1), Some(10)));
        assert_eq!(ranges.within(2, 5).to_string(), "2,5");
        assert_eq!(ranges.numbers().collect::<Vec<_>>(), [1, 2, 5, 6, 7, 10]);
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_again(numbers in proptest::collection::vec(1_u32..60, 1..30)) {
            let ranges: Ranges = numbers.iter().copied().collect();
            let mut one_by_one = Ranges::empty();
            numbers.iter().for_each(|number| one_by_one.insert(*number));
            let read = SequenceSet::parse(&ranges.to_string()).unwrap();
            proptest::prop_assert_eq!(&read.resolve(1, &Ranges::empty()), &ranges);
            proptest::prop_assert_eq!(one_by_one, ranges.clone());
            proptest::prop_assert!((0..70).all(|number| ranges.contains(number) == numbers.contains(&number)));
        }

        #[test]
        fn a_set_is_written_as_it_was_read(text in "[0-9:*,$]{0,12}") {
            if let Some(set) = SequenceSet::parse(&text) {
                proptest::prop_assert_eq!(SequenceSet::parse(&set.to_string()), Some(set.clone()));
                let _ = set.resolve(7, &Ranges::empty());
            }
        }
    }
}
