//! Whether new mail is taken on while memory, disk or the database are short. What is under way goes on: delivery makes room.
//!
//! A mark is passed in one reading for memory and disk, which fill up, and in several in a row for commits, of which one may be
//! slow by chance. It is over only when several readings in a row are well below: who is told to come again must not find the
//! door opening and closing.

use std::time::Duration;

/// What may be short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pressure {
    /// The memory that this process uses.
    Memory,
    /// The room on the disk of the data folder.
    Disk,
    /// The time that a commit takes.
    Commit,
}

impl Pressure {
    /// All.
    pub const ALL: [Self; 3] = [Self::Memory, Self::Disk, Self::Commit];

    /// As it is written: `memory`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Disk => "disk",
            Self::Commit => "commit",
        }
    }

    /// The code of the fault that it is.
    pub fn code(self) -> &'static str {
        match self {
            Self::Memory => "load.memory",
            Self::Disk => "load.disk",
            Self::Commit => "load.commit",
        }
    }
}

/// The marks. `None` looks at nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Marks {
    /// Memory of this process from which on nothing is taken on, in octets.
    pub memory: Option<u64>,
    /// Room on the disk below which nothing is taken on, in octets.
    pub disk: Option<u64>,
    /// Time of a commit from which on nothing is taken on.
    pub commit: Option<Duration>,
}

/// What was measured; `None`: it could not be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// Memory of this process, in octets.
    pub memory: Option<u64>,
    /// Room on the disk, in octets.
    pub disk: Option<u64>,
    /// Time of a commit, on average since the reading before; that of one under way when it is longer.
    pub commit: Option<Duration>,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What it is about.
    pub pressure: Pressure,
    /// Whether it is short from now on.
    pub begins: bool,
    /// What was measured, for people.
    pub seen: String,
    /// The mark, for people.
    pub mark: String,
}

/// Readings in a row over the mark after which slow commits count.
const SLOW_IN_A_ROW: u32 = 3;
/// Readings in a row that are well below the mark, after which it is over.
const CALM_IN_A_ROW: u32 = 5;

/// The state of all of them.
#[derive(Debug, Clone, Default)]
pub struct Load {
    one: [One; 3],
}

#[derive(Debug, Clone, Default)]
struct One {
    /// What was measured and the mark, while it is short.
    short: Option<(String, String)>,
    /// Readings in a row that spoke for a change.
    row: u32,
}

/// How a reading stands to its mark.
enum Stand {
    /// Over it.
    Over,
    /// Well below it.
    Calm,
    /// Between the two: nothing changes.
    Between,
}

impl Load {
    /// Takes a reading; what changes by it.
    pub fn read(&mut self, marks: &Marks, reading: &Reading) -> Vec<Change> {
        let looks = Pressure::ALL.map(|pressure| (pressure, stand(pressure, marks, reading)));
        let mut changes = Vec::new();
        for (one, (pressure, (stand, seen, mark))) in self.one.iter_mut().zip(looks) {
            if let Some(begins) = one.take(pressure, &stand, &seen, &mark) {
                changes.push(Change { pressure, begins, seen, mark });
            }
        }
        changes
    }

    /// What is short, and what was measured; the first of them.
    pub fn short(&self) -> Option<(Pressure, &str, &str)> {
        Pressure::ALL.into_iter().zip(&self.one).find_map(|(pressure, one)| {
            let (seen, mark) = one.short.as_ref()?;
            Some((pressure, seen.as_str(), mark.as_str()))
        })
    }

    /// Whether that is short.
    pub fn is_short(&self, pressure: Pressure) -> bool {
        Pressure::ALL.into_iter().zip(&self.one).any(|(other, one)| other == pressure && one.short.is_some())
    }
}

impl One {
    /// Whether it begins or ends by this reading.
    fn take(&mut self, pressure: Pressure, stand: &Stand, seen: &str, mark: &str) -> Option<bool> {
        let is_short = self.short.is_some();
        let speaks = if is_short { matches!(stand, Stand::Calm) } else { matches!(stand, Stand::Over) };
        if !speaks {
            self.row = 0;
            return None;
        }
        self.row += 1;
        let enough = match (is_short, pressure) {
            (true, _) => CALM_IN_A_ROW,
            (false, Pressure::Commit) => SLOW_IN_A_ROW,
            (false, _) => 1,
        };
        if self.row < enough {
            return None;
        }
        self.row = 0;
        self.short = (!is_short).then(|| (seen.to_owned(), mark.to_owned()));
        Some(!is_short)
    }
}

/// How it stands, what was measured and the mark in words. What is not looked at or could not be measured is calm: nothing is
/// refused for what is not known.
fn stand(pressure: Pressure, marks: &Marks, reading: &Reading) -> (Stand, String, String) {
    let mib = |octets: u64| format!("{} MiB", octets / 1024 / 1024);
    let ms = |time: Duration| format!("{} ms", time.as_millis());
    let judged = |over: bool, calm: bool| match (over, calm) {
        (true, _) => Stand::Over,
        (false, true) => Stand::Calm,
        (false, false) => Stand::Between,
    };
    let found = match pressure {
        Pressure::Memory => marks
            .memory
            .zip(reading.memory)
            .map(|(mark, seen)| (judged(seen >= mark, seen < mark / 10 * 9), mib(seen), mib(mark))),
        Pressure::Disk => marks
            .disk
            .zip(reading.disk)
            .map(|(mark, seen)| (judged(seen < mark, seen >= mark.saturating_add(mark / 4)), mib(seen), mib(mark))),
        Pressure::Commit => marks
            .commit
            .zip(reading.commit)
            .map(|(mark, seen)| (judged(seen >= mark, seen < mark / 2), ms(seen), ms(mark))),
    };
    found.unwrap_or((Stand::Calm, String::from("not measured"), String::from("none")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;
    const MARKS: Marks =
        Marks { memory: Some(100 * MIB), disk: Some(200 * MIB), commit: Some(Duration::from_millis(1000)) };

    fn memory(mib: u64) -> Reading {
        Reading { memory: Some(mib * MIB), ..Reading::default() }
    }

    fn commit(ms: u64) -> Reading {
        Reading { commit: Some(Duration::from_millis(ms)), ..Reading::default() }
    }

    /// What each reading changes: `+memory`, `-memory`.
    fn changes(load: &mut Load, readings: impl IntoIterator<Item = Reading>) -> Vec<String> {
        let shown = |change: &Change| format!("{}{}", if change.begins { '+' } else { '-' }, change.pressure.as_str());
        readings.into_iter().flat_map(|reading| load.read(&MARKS, &reading)).map(|change| shown(&change)).collect()
    }

    #[test]
    fn memory_and_disk_count_at_once_and_are_over_after_five_readings_well_below() {
        let mut load = Load::default();
        assert_eq!(changes(&mut load, [memory(99), memory(100)]), ["+memory"]);
        assert_eq!(load.short(), Some((Pressure::Memory, "100 MiB", "100 MiB")));
        assert_eq!(changes(&mut load, [memory(500); 20]), [""; 0], "it is told once");
        // Not well below; and each time something above begins the row anew.
        assert_eq!(changes(&mut load, [memory(95); 20]), [""; 0]);
        assert_eq!(changes(&mut load, [memory(80), memory(80), memory(80), memory(80), memory(91)]), [""; 0]);
        assert_eq!(changes(&mut load, [memory(80); 4]), [""; 0]);
        assert_eq!(changes(&mut load, [memory(80)]), ["-memory"]);
        assert_eq!(load.short(), None);
        let disk = |mib: u64| Reading { disk: Some(mib * MIB), ..Reading::default() };
        assert_eq!(changes(&mut load, [disk(200), disk(199)]), ["+disk"]);
        assert_eq!(changes(&mut load, [disk(249); 20]), [""; 0]);
        assert_eq!(changes(&mut load, [disk(250); 5]), ["-disk"]);
    }

    #[test]
    fn one_slow_commit_is_chance_and_three_readings_are_not() {
        let mut load = Load::default();
        assert_eq!(changes(&mut load, [commit(9000), commit(10), commit(9000), commit(9000), commit(10)]), [""; 0]);
        assert_eq!(changes(&mut load, [commit(1000); 3]), ["+commit"]);
        assert!(load.is_short(Pressure::Commit) && !load.is_short(Pressure::Disk));
        assert_eq!(changes(&mut load, [commit(500); 20]), [""; 0]);
        assert_eq!(changes(&mut load, [commit(499); 5]), ["-commit"]);
    }

    #[test]
    fn several_are_told_apart_and_what_is_not_known_refuses_nothing() {
        let mut load = Load::default();
        let both = Reading { memory: Some(u64::MAX), disk: Some(0), commit: None };
        assert_eq!(changes(&mut load, [both]), ["+memory", "+disk"]);
        assert_eq!(changes(&mut load, [Reading::default(); 5]), ["-memory", "-disk"]);
        assert_eq!(load.read(&Marks::default(), &both), []);
    }
}
