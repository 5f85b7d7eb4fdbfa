//! What must be so: folders and their messages, kept by what every command was answered with.

use std::collections::{BTreeMap, BTreeSet};

use crate::{house::House, play::Client};

pub type FlagSet = BTreeSet<String>;

/// A message in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Which message it is: its subject.
    pub letter: u32,
    pub flags: FlagSet,
}

/// A folder; one that was deleted has no name any more.
#[derive(Debug, Clone)]
pub struct Folder {
    pub name: Option<String>,
    pub validity: u32,
    /// UIDNEXT: no UID below it is ever given again.
    pub next: u32,
    pub mails: BTreeMap<u32, Mail>,
    /// The highest HIGHESTMODSEQ that was told.
    pub modseq: u64,
}

/// Everything.
#[derive(Debug, Clone, Default)]
pub struct World {
    pub folders: Vec<Folder>,
    /// Of each name, every UIDVALIDITY that it had, and of which folder.
    validities: BTreeMap<String, BTreeMap<u32, usize>>,
    pub letters: u32,
}

impl World {
    /// What is there before anybody did anything: empty folders.
    pub async fn new(house: &House) -> Self {
        let mut world = Self::default();
        let mut client = Client::login(house).await;
        for name in ["INBOX", "Trash"] {
            world.note_folder(&mut client, name).await;
        }
        world
    }

    /// INBOX as a new client reads it.
    pub async fn read(house: &House) -> Self {
        let mut world = Self::default();
        let mut client = Client::login(house).await;
        let folder = world.note_folder(&mut client, "INBOX").await;
        client.does("EXAMINE INBOX").await;
        for line in client.does("UID FETCH 1:* (UID FLAGS ENVELOPE)").await {
            let (Some(uid), Some(flags)) = (word_after(&line, "UID "), flags_in(&line)) else { continue };
            let mail = Mail { letter: letter_in(&line).unwrap_or_else(|| panic!("{line}")), flags };
            assert!(world.folders[folder].mails.insert(uid.parse().unwrap(), mail).is_none(), "{line}: twice");
        }
        let last = world.folders[folder].mails.keys().next_back().copied().unwrap_or(0);
        assert!(last < world.folders[folder].next, "UIDNEXT {} is not above {last}", world.folders[folder].next);
        world
    }

    pub fn letters_of_inbox(&self) -> Vec<(u32, u32)> {
        self.folders[0].mails.iter().map(|(uid, mail)| (*uid, mail.letter)).collect()
    }

    /// A folder that is new here; its number.
    pub async fn note_folder(&mut self, client: &mut Client, name: &str) -> usize {
        let status = status(client, name).await;
        self.note_validity(name, status["UIDVALIDITY"] as u32, self.folders.len());
        self.folders.push(Folder {
            name: Some(name.to_owned()),
            validity: status["UIDVALIDITY"] as u32,
            next: status["UIDNEXT"] as u32,
            mails: BTreeMap::new(),
            modseq: status["HIGHESTMODSEQ"],
        });
        self.folders.len() - 1
    }

    pub fn named(&self, name: &str) -> Option<usize> {
        self.folders.iter().position(|folder| folder.name.as_deref() == Some(name))
    }

    pub fn renamed(&mut self, folder: usize, name: &str) {
        self.note_validity(name, self.folders[folder].validity, folder);
        self.folders[folder].name = Some(name.to_owned());
    }

    /// A name never has a UIDVALIDITY that another folder of that name had. RFC 9051 §2.3.1.1
    fn note_validity(&mut self, name: &str, validity: u32, folder: usize) {
        let known = *self.validities.entry(name.to_owned()).or_default().entry(validity).or_insert(folder);
        assert_eq!(known, folder, "{name} has the UIDVALIDITY of an earlier folder");
    }

    pub fn names(&self) -> Vec<String> {
        self.folders.iter().filter_map(|folder| folder.name.clone()).collect()
    }

    /// What STATUS says of every folder is so.
    pub async fn check_all_statuses(&mut self, client: &mut Client) {
        for folder in self.folders.iter_mut().filter(|folder| folder.name.is_some()) {
            let name = folder.name.clone().unwrap();
            let status = status(client, &name).await;
            let has = |flag: &str| folder.mails.values().filter(|mail| mail.flags.contains(flag)).count() as u64;
            let count = folder.mails.len() as u64;
            assert_eq!(status["MESSAGES"], count, "{name}");
            assert_eq!(status["UNSEEN"], count - has("\\Seen"), "{name}");
            assert_eq!(status["DELETED"], has("\\Deleted"), "{name}");
            assert_eq!(status["UIDVALIDITY"], u64::from(folder.validity), "{name}");
            assert_eq!(status["UIDNEXT"], u64::from(folder.next), "{name}");
            assert!(
                status["HIGHESTMODSEQ"] >= folder.modseq,
                "{name}: {} after {}",
                status["HIGHESTMODSEQ"],
                folder.modseq
            );
            folder.modseq = status["HIGHESTMODSEQ"];
        }
    }
}

impl Folder {
    /// A message comes in; its UID must be new.
    pub fn take(&mut self, uid: u32, mail: Mail) {
        assert!(uid >= self.next, "UID {uid} is given although UIDNEXT was {}", self.next);
        self.next = uid + 1;
        self.mails.insert(uid, mail);
    }
}

pub async fn status(client: &mut Client, name: &str) -> BTreeMap<String, u64> {
    let said = client.does(&format!("STATUS {name} (MESSAGES UNSEEN DELETED UIDNEXT UIDVALIDITY HIGHESTMODSEQ)")).await;
    let line = said.iter().find(|line| line.starts_with("* STATUS ")).unwrap_or_else(|| panic!("{name}: {said:?}"));
    let inside = line.rsplit_once('(').unwrap().1.trim_end_matches(')');
    let words: Vec<&str> = inside.split(' ').collect();
    words.chunks(2).map(|pair| (pair[0].to_owned(), pair[1].parse().unwrap())).collect()
}

pub fn word_after<'t>(text: &'t str, before: &str) -> Option<&'t str> {
    let at = text.find(before)? + before.len();
    text[at..].split([' ', ')', ']']).next()
}

pub fn flags_in(line: &str) -> Option<FlagSet> {
    let at = line.find("FLAGS (")? + 7;
    let inside = line[at..].split(')').next().unwrap();
    Some(inside.split(' ').filter(|flag| !flag.is_empty() && *flag != "\\Recent").map(str::to_owned).collect())
}

/// Which message an ENVELOPE is of.
pub fn letter_in(line: &str) -> Option<u32> {
    line.split('"').find_map(|part| part.strip_prefix("letter "))?.parse().ok()
}

/// `2:4,7`
pub fn numbers_in(set: &str) -> Vec<u32> {
    let range = |range: &str| {
        let (from, to) = range.split_once(':').unwrap_or((range, range));
        let (from, to): (u32, u32) = (from.parse().unwrap(), to.parse().unwrap());
        from.min(to)..=from.max(to)
    };
    set.split(',').filter(|part| !part.is_empty()).flat_map(range).collect()
}
