//! A client that keeps what it is told, and holds every line against what must be so.

use std::collections::BTreeMap;

use super::world::{FlagSet, World, flags_in, numbers_in, word_after};
use crate::{house::House, play::Client};

/// What a client knows of a message number.
#[derive(Debug, Clone, Default)]
pub struct Known {
    pub uid: Option<u32>,
    pub flags: Option<FlagSet>,
}

pub struct Viewer {
    pub client: Client,
    /// Number of the folder, in the world.
    pub selected: Option<usize>,
    pub read_only: bool,
    qresync: bool,
    pub mails: Vec<Known>,
    /// Where we are, for whoever reads a failure.
    pub at: String,
}

impl Viewer {
    pub async fn new(house: &House, qresync: bool) -> Self {
        let client = Client::login(house).await;
        let (selected, read_only, mails, at) = (None, false, Vec::new(), String::new());
        let mut viewer = Self { client, selected, read_only, qresync, mails, at };
        viewer.log_in(house).await;
        viewer
    }

    async fn log_in(&mut self, house: &House) {
        self.client = Client::login(house).await;
        (self.selected, self.mails) = (None, Vec::new());
        if self.qresync {
            self.client.does("ENABLE QRESYNC").await;
        }
    }

    /// Sends a command that does not change messages; whether it was done.
    pub async fn asks(&mut self, command: &str, world: &World) -> (bool, Vec<String>) {
        let said = self.client.does(command).await;
        self.hears(command, said, world, world)
    }

    /// Holds what was said against what was so before and is so now; whether it was done, and the untagged lines. After BYE nothing
    /// is selected.
    pub fn hears(&mut self, command: &str, said: Vec<String>, before: &World, now: &World) -> (bool, Vec<String>) {
        let may_renumber = !["FETCH ", "STORE ", "SEARCH "].iter().any(|word| command.starts_with(word));
        let said = joined(said);
        let mut done = false;
        for line in &said {
            if let Some(rest) = line.strip_prefix("* ") {
                assert!(
                    may_renumber || !(line.ends_with(" EXPUNGE") || line.contains("VANISHED")),
                    "{}: {line} during {command}",
                    self.at
                );
                self.hear(rest, before, now);
            } else if !line.starts_with('+') {
                assert!(!line.contains(" BAD "), "{}: {command}: {line}", self.at);
                done = line.split(' ').nth(1) == Some("OK");
            }
        }
        (done, said)
    }

    fn hear(&mut self, rest: &str, before: &World, now: &World) {
        let (first, second) = rest.split_once(' ').unwrap_or((rest, ""));
        match first.parse::<usize>() {
            Ok(number) => self.hear_of(number, second, before, now),
            Err(_) if first == "VANISHED" => self.hear_vanished(second, now),
            Err(_) if first == "BYE" => {
                let is_gone = |folder: usize| now.folders[folder].name.is_none();
                assert!(self.selected.is_some_and(is_gone), "{}: {rest}", self.at);
                self.selected = None;
            }
            Err(_) => {}
        }
    }

    fn hear_of(&mut self, number: usize, what: &str, before: &World, now: &World) {
        let at = format!("{}: {number} {what}", self.at);
        match what {
            "EXISTS" => {
                assert!(number >= self.mails.len(), "{at}: EXISTS fell from {}", self.mails.len());
                self.mails.resize(number, Known::default());
            }
            "EXPUNGE" => {
                assert!(!self.qresync && number >= 1 && number <= self.mails.len(), "{at}: of {}", self.mails.len());
                let gone = self.mails.remove(number - 1);
                if let (Some(uid), Some(folder)) = (gone.uid, self.selected) {
                    assert!(!now.folders[folder].mails.contains_key(&uid), "{at}: UID {uid} is there");
                }
            }
            "RECENT" => {}
            fetch => self.hear_fetch(number, fetch, &at, before, now),
        }
    }

    fn hear_fetch(&mut self, number: usize, fetch: &str, at: &str, before: &World, now: &World) {
        assert!(fetch.starts_with("FETCH ("), "{at}");
        let Some(folder) = self.selected else { panic!("{at}: nothing is selected") };
        assert!(number >= 1 && number <= self.mails.len(), "{at}: of {}", self.mails.len());
        let known = &mut self.mails[number - 1];
        if let Some(uid) = word_after(fetch, "(UID ").or_else(|| word_after(fetch, " UID ")) {
            let uid = uid.parse().unwrap();
            assert!(known.uid.is_none_or(|before| before == uid), "{at}: it was {:?}", known.uid);
            known.uid = Some(uid);
        }
        if let Some(flags) = flags_in(fetch) {
            if let Some(uid) = known.uid {
                let of = |world: &World| world.folders[folder].mails.get(&uid).map(|mail| mail.flags.clone());
                let (was, is) = (of(before), of(now));
                // One that is expunged and still has its number tells its last flags, or nothing.
                let fits = is.is_none() || Some(&flags) == is.as_ref() || Some(&flags) == was.as_ref();
                assert!(fits, "{at}: UID {uid} had {was:?} and has {is:?}");
            }
            known.flags = Some(flags);
        }
    }

    fn hear_vanished(&mut self, set: &str, now: &World) {
        assert!(self.qresync, "{}: VANISHED {set}", self.at);
        let gone = numbers_in(set.rsplit(' ').next().unwrap());
        if let Some(folder) = self.selected {
            let there = gone.iter().find(|uid| now.folders[folder].mails.contains_key(uid));
            assert!(there.is_none(), "{}: VANISHED {set}: {there:?} is there", self.at);
        }
        let before = self.mails.len();
        self.mails.retain(|known| known.uid.is_none_or(|uid| !gone.contains(&uid)));
        assert_eq!(before - self.mails.len(), gone.len(), "{}: VANISHED {set}: it names unknown ones", self.at);
    }

    /// Selects a folder.
    pub async fn open(&mut self, folder: usize, read_only: bool, world: &World) {
        let name = world.folders[folder].name.clone().unwrap();
        (self.selected, self.read_only, self.mails) = (Some(folder), read_only, Vec::new());
        let command = format!("{} {name}", if read_only { "EXAMINE" } else { "SELECT" });
        let (done, said) = self.asks(&command, world).await;
        assert!(done, "{}: {said:?}", self.at);
        let told =
            |code: &str| said.iter().find_map(|line| word_after(line, &format!("[{code} ")))?.parse::<u64>().ok();
        let folder = &world.folders[folder];
        assert_eq!(self.mails.len(), folder.mails.len(), "{}: {said:?}", self.at);
        assert_eq!(told("UIDVALIDITY"), Some(u64::from(folder.validity)), "{}: {said:?}", self.at);
        assert_eq!(told("UIDNEXT"), Some(u64::from(folder.next)), "{}: {said:?}", self.at);
        assert!(told("HIGHESTMODSEQ").is_some_and(|modseq| modseq >= folder.modseq), "{}: {said:?}", self.at);
        self.fill(world).await;
    }

    /// Asks for what it was not told.
    pub async fn fill(&mut self, world: &World) {
        if self.selected.is_some() && self.mails.iter().any(|known| known.uid.is_none() || known.flags.is_none()) {
            self.asks("UID FETCH 1:* (UID FLAGS)", world).await;
        }
    }

    /// After NOOP it knows exactly what is so. A client whose folder is gone was told so, and comes back.
    pub async fn rest(&mut self, house: &House, world: &mut World) {
        self.asks("NOOP", world).await;
        if self.client.closed {
            return self.log_in(house).await;
        }
        self.fill(world).await;
        let Some(folder) = self.selected else { return };
        let told: Vec<(u32, FlagSet)> =
            self.mails.iter().map(|known| (known.uid.unwrap(), known.flags.clone().unwrap())).collect();
        let so: Vec<(u32, FlagSet)> =
            world.folders[folder].mails.iter().map(|(uid, mail)| (*uid, mail.flags.clone())).collect();
        assert_eq!(told, so, "{}", self.at);
    }

    /// The UIDs of message numbers, those that it knows.
    pub fn uid(&self, number: usize) -> Option<u32> {
        self.mails.get(number - 1)?.uid
    }

    /// What it stored silently it knows.
    pub fn knows_flags(&mut self, flags: &BTreeMap<u32, FlagSet>) {
        for known in &mut self.mails {
            if let Some(flags) = known.uid.and_then(|uid| flags.get(&uid)) {
                known.flags = Some(flags.clone());
            }
        }
    }

    /// Opens INBOX anew, whatever is in it.
    pub async fn open_inbox(&mut self, house: &House) {
        let world = World::read(house).await;
        self.open(0, false, &world).await;
    }

    /// Does these without a model: only numbers are held against what was told.
    pub async fn does_blindly(&mut self, script: &[String]) {
        for command in script {
            if command.starts_with("STORE") && self.mails.is_empty() {
                continue;
            }
            let command = command.replace("{last}", &self.mails.len().max(1).to_string());
            let said = self.client.does(&command).await;
            // Numbers are judged against what the client was told; flags when all are at rest.
            let mut none = World::default();
            none.folders.push(blank());
            self.hears(&command, said, &none, &none);
            if command.contains(".SILENT")
                && let Some(first) = self.mails.first_mut()
            {
                // What it stored silently is not told: it asks at rest.
                first.flags = None;
            }
        }
    }
}

fn blank() -> super::world::Folder {
    super::world::Folder { name: Some("INBOX".into()), validity: 0, next: 0, mails: BTreeMap::new(), modseq: 0 }
}

/// Lines whose literals are joined to them.
fn joined(said: Vec<String>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut missing = 0_usize;
    for line in said {
        if missing > 0 {
            let last = lines.last_mut().unwrap();
            last.push_str("\r\n");
            last.push_str(&line);
            missing = missing.saturating_sub(line.len() + 2);
            if missing > 0 || !line.ends_with('}') {
                continue;
            }
        } else {
            lines.push(line.clone());
        }
        if let Some(octets) = line.strip_suffix('}').and_then(|line| line.rsplit_once('{')) {
            missing = octets.1.parse().unwrap_or(0);
        }
    }
    lines
}
