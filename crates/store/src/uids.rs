//! Sets of UIDs, held as ranges: a folder of a hundred thousand mails is a handful of numbers.

/// UIDs in rising order, as ranges; also the way from a UID to its message sequence number and back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uids {
    ranges: Vec<Range>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    first: u32,
    last: u32,
    /// UIDs in the ranges before.
    before: u32,
}

impl Uids {
    /// From ranges in any order, which may overlap.
    pub fn new(ranges: impl IntoIterator<Item = (u32, u32)>) -> Self {
        let mut sorted: Vec<(u32, u32)> = ranges.into_iter().filter(|(first, last)| first <= last).collect();
        sorted.sort_unstable();
        let mut uids = Self::default();
        for (first, last) in sorted {
            uids.push_range(first, last);
        }
        uids
    }
    /// How many.
    pub fn count(&self) -> u32 {
        self.ranges.last().map_or(0, |range| range.before.saturating_add(range.last - range.first).saturating_add(1))
    }
    /// None at all.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }
    /// The ranges, both ends included, in order.
    pub fn ranges(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.ranges.iter().map(|range| (range.first, range.last))
    }
    /// Each UID, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = u32> + '_ {
        self.ranges.iter().flat_map(|range| range.first..=range.last)
    }
    /// The smallest.
    pub fn first(&self) -> Option<u32> {
        self.ranges.first().map(|range| range.first)
    }
    /// The greatest.
    pub fn last(&self) -> Option<u32> {
        self.ranges.last().map(|range| range.last)
    }
    /// Whether it is one of them.
    pub fn contains(&self, uid: u32) -> bool {
        self.sequence(uid).is_some()
    }
    /// The place of a UID among them, from 1: its message sequence number.
    pub fn sequence(&self, uid: u32) -> Option<u32> {
        let index = self.ranges.partition_point(|range| range.last < uid);
        let range = self.ranges.get(index).filter(|range| range.first <= uid)?;
        Some(range.before + (uid - range.first) + 1)
    }
    /// The UID at a place, from 1.
    pub fn at(&self, sequence: u32) -> Option<u32> {
        let place = sequence.checked_sub(1)?;
        let index = self.ranges.partition_point(|range| range.before <= place).checked_sub(1)?;
        let range = self.ranges.get(index)?;
        range.first.checked_add(place - range.before).filter(|uid| *uid <= range.last)
    }
    /// Adds one; quick when it is greater than all.
    pub fn push(&mut self, uid: u32) {
        match self.last() {
            Some(last) if uid <= last => *self = Self::new(self.ranges().chain([(uid, uid)])),
            _ => self.push_range(uid, uid),
        }
    }
    /// Those of both.
    pub fn and(&self, other: &Self) -> Self {
        let (mut mine, mut theirs) = (self.ranges.iter().peekable(), other.ranges.iter().peekable());
        let mut both = Self::default();
        while let (Some(left), Some(right)) = (mine.peek(), theirs.peek()) {
            let (first, last) = (left.first.max(right.first), left.last.min(right.last));
            if first <= last {
                both.push_range(first, last);
            }
            if left.last < right.last {
                mine.next();
            } else {
                theirs.next();
            }
        }
        both
    }
    /// Those that are not in the other.
    pub fn without(&self, other: &Self) -> Self {
        let mut rest = Self::default();
        let mut holes = other.ranges.iter().peekable();
        for range in &self.ranges {
            let mut first = range.first;
            loop {
                while holes.peek().is_some_and(|hole| hole.last < first) {
                    holes.next();
                }
                match holes.peek() {
                    Some(hole) if hole.first <= range.last => {
                        if hole.first > first {
                            rest.push_range(first, hole.first - 1);
                        }
                        match hole.last.checked_add(1) {
                            Some(next) if next <= range.last => first = next,
                            _ => break,
                        }
                    }
                    _ => {
                        rest.push_range(first, range.last);
                        break;
                    }
                }
            }
        }
        rest
    }
    /// Those of either.
    pub fn or(&self, other: &Self) -> Self {
        Self::new(self.ranges().chain(other.ranges()))
    }
    /// At most `most` of them from the front, and the rest.
    pub fn split(&self, most: u32) -> (Self, Self) {
        match self.at(most).filter(|last| Some(*last) != self.last()) {
            Some(last) => {
                let front = self.and(&Self::new([(0, last)]));
                let rest = self.and(&Self::new([(last.saturating_add(1), u32::MAX)]));
                (front, rest)
            }
            None if most == 0 => (Self::default(), self.clone()),
            None => (self.clone(), Self::default()),
        }
    }

    /// The range begins at or after the beginning of the last one.
    fn push_range(&mut self, first: u32, last: u32) {
        let before = self.count();
        if let Some(end) = self.ranges.last_mut()
            && first <= end.last.saturating_add(1)
        {
            end.last = end.last.max(last);
            return;
        }
        self.ranges.push(Range { first, last, before });
    }
}

impl FromIterator<u32> for Uids {
    fn from_iter<I: IntoIterator<Item = u32>>(uids: I) -> Self {
        let mut made = Self::default();
        for uid in uids {
            made.push(uid);
        }
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uids(text: &str) -> Uids {
        let range = |part: &str| match part.split_once('-') {
            Some((first, last)) => (first.parse().unwrap(), last.parse().unwrap()),
            None => (part.parse().unwrap(), part.parse().unwrap()),
        };
        Uids::new(text.split_whitespace().map(range))
    }

    #[test]
    fn ranges_join_and_are_counted() {
        let check = |text: &str, expect: &str, count: u32| {
            assert_eq!(uids(text), uids(expect));
            assert_eq!(uids(text).count(), count, "{text}");
        };
        check("1 2 3", "1-3", 3);
        check("5-9 1-2 3", "1-3 5-9", 8);
        check("1-10 3-4", "1-10", 10);
        check("", "", 0);
        check("4294967295 1", "1 4294967295", 2);
    }

    #[test]
    fn a_place_and_its_uid_lead_to_each_other() {
        let some = uids("2 5-7 9");
        let places: Vec<Option<u32>> = (0..=6).map(|place| some.at(place)).collect();
        assert_eq!(places, [None, Some(2), Some(5), Some(6), Some(7), Some(9), None]);
        for (place, uid) in (1..).zip(some.iter()) {
            assert_eq!((some.sequence(uid), some.at(place)), (Some(place), Some(uid)));
        }
        assert_eq!([some.sequence(1), some.sequence(8), some.sequence(10)], [None; 3]);
    }

    #[test]
    fn sets_are_cut_joined_and_split() {
        assert_eq!(uids("1-10").without(&uids("1 4-5 10")), uids("2-3 6-9"));
        assert_eq!(uids("1-3 8").without(&uids("2-9")), uids("1"));
        assert_eq!(uids("1-5 8-9").and(&uids("4-8")), uids("4-5 8"));
        assert_eq!(uids("1-2").or(&uids("3 9")), uids("1-3 9"));
        assert_eq!(uids("1-3 8-9").split(4), (uids("1-3 8"), uids("9")));
        assert_eq!(uids("1-3").split(3), (uids("1-3"), uids("")));
        assert_eq!(uids("1-3").split(0), (uids(""), uids("1-3")));
        assert_eq!([3, 1, 2].into_iter().collect::<Uids>(), uids("1-3"));
    }
}
