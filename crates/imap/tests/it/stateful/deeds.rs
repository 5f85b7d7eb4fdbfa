//! What a client may do, and what must come of it.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    viewer::Viewer,
    world::{FlagSet, Mail, World, numbers_in, word_after},
};
use crate::{house::House, model::Chance};

const FLAGS: [&str; 5] = ["\\Seen", "\\Deleted", "\\Flagged", "work", "\\Answered later"];
const NAMES: [&str; 3] = ["one", "two", "one/in"];
/// Messages that a folder is filled up to.
const FULL: usize = 25;

#[derive(Debug, Clone)]
pub enum Deed {
    Deliver,
    Append { folder: usize, flags: &'static str },
    Store { set: BTreeSet<usize>, how: &'static str, flags: &'static str, uid: bool, since: Option<Since> },
    Copy { set: BTreeSet<usize>, to: usize, moving: bool, uid: bool },
    Expunge,
    UidExpunge { set: BTreeSet<usize> },
    Close,
    Open { folder: usize, read_only: bool },
    Unselect,
    Create { name: &'static str },
    Rename { folder: usize, name: &'static str },
    Delete { folder: usize },
    Fetch { number: usize },
    Read { number: usize },
    Search { key: Key, uid: bool },
    Idle { other: Box<Deed> },
    Noop,
}

/// UNCHANGEDSINCE: the modseq that is so, or one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    Now,
    Before,
}

#[derive(Debug, Clone, Copy)]
pub enum Key {
    All,
    Has(&'static str, &'static str),
    Not(&'static str, &'static str),
}

impl Key {
    const ANY: [Self; 7] = [
        Self::All,
        Self::Has("SEEN", "\\Seen"),
        Self::Has("DELETED", "\\Deleted"),
        Self::Has("KEYWORD work", "work"),
        Self::Not("UNSEEN", "\\Seen"),
        Self::Not("NOT FLAGGED", "\\Flagged"),
        Self::Not("UNKEYWORD later", "later"),
    ];
    fn text(self) -> &'static str {
        match self {
            Self::All => "ALL",
            Self::Has(text, _) | Self::Not(text, _) => text,
        }
    }
    fn fits(self, flags: &FlagSet) -> bool {
        match self {
            Self::All => true,
            Self::Has(_, flag) => flags.contains(flag),
            Self::Not(_, flag) => !flags.contains(flag),
        }
    }
}

impl Deed {
    /// Something that this client can do now.
    pub fn any(chance: &mut Chance, who: &Viewer, world: &World) -> Self {
        let named: Vec<usize> = (0..world.folders.len()).filter(|index| world.folders[*index].name.is_some()).collect();
        let folder = named[chance.below(named.len())];
        let Some(_) = who.selected else {
            return match chance.below(4) {
                0 => Self::manage(chance, folder),
                1 => Self::Append { folder, flags: FLAGS[chance.below(5)] },
                _ => {
                    Self::Open { folder: if chance.below(3) > 0 { 0 } else { folder }, read_only: chance.below(6) == 0 }
                }
            };
        };
        match chance.below(40) {
            0..=2 => Self::Deliver,
            3..=5 => Self::Append { folder, flags: FLAGS[chance.below(5)] },
            6 => Self::Open { folder, read_only: chance.below(5) == 0 },
            7 => Self::manage(chance, folder),
            8 => [Self::Unselect, Self::Close][chance.below(2)].clone(),
            9..=12 => Self::Expunge,
            13..=15 => Self::Noop,
            16..=18 => Self::Search { key: Key::ANY[chance.below(7)], uid: chance.below(2) == 0 },
            19..=21 => {
                let other = match chance.below(3) {
                    0 => Self::Deliver,
                    1 => Self::Store {
                        set: some(chance, 5),
                        how: "+FLAGS",
                        flags: FLAGS[chance.below(5)],
                        uid: true,
                        since: None,
                    },
                    _ => Self::Expunge,
                };
                Self::Idle { other: Box::new(other) }
            }
            _ if who.mails.is_empty() => Self::Deliver,
            more => Self::with_mails(chance, who.mails.len(), folder, more),
        }
    }

    fn manage(chance: &mut Chance, folder: usize) -> Self {
        match chance.below(4) {
            0 | 1 => Self::Create { name: NAMES[chance.below(3)] },
            2 => Self::Rename { folder, name: NAMES[chance.below(3)] },
            _ => Self::Delete { folder },
        }
    }

    fn with_mails(chance: &mut Chance, count: usize, to: usize, more: usize) -> Self {
        let (set, uid) = (some(chance, count), chance.below(2) == 0);
        let number = chance.below(count) + 1;
        match more {
            22..=30 => {
                let how =
                    ["+FLAGS", "-FLAGS", "FLAGS", "+FLAGS.SILENT", "-FLAGS.SILENT", "FLAGS.SILENT"][chance.below(6)];
                let since = [None, None, None, Some(Since::Now), Some(Since::Before)][chance.below(5)];
                let set = if since.is_some() { BTreeSet::from([number]) } else { set };
                Self::Store { set, how, flags: FLAGS[chance.below(5)], uid, since }
            }
            31..=33 => Self::Copy { set, to, moving: false, uid },
            34 => Self::Copy { set, to, moving: true, uid },
            35 | 36 => Self::UidExpunge { set },
            37 => Self::Read { number },
            _ => Self::Fetch { number },
        }
    }
}

fn some(chance: &mut Chance, count: usize) -> BTreeSet<usize> {
    (0..1 + chance.below(4)).map(|_| chance.below(count) + 1).collect()
}

/// Does it, and holds the answer against what must come of it.
pub async fn do_one(house: &House, deed: Deed, who: usize, viewers: &mut [Viewer], world: &mut World) {
    // A client whose folder is gone is told so first.
    if viewers[who].selected.is_some_and(|folder| world.folders[folder].name.is_none()) {
        viewers[who].rest(house, world).await;
    }
    if let Deed::Idle { other } = deed {
        idle(house, *other, who, viewers, world).await;
    } else {
        do_it(house, deed, &mut viewers[who], world).await;
    }
    if viewers[who].client.closed {
        viewers[who].rest(house, world).await;
    }
}

async fn do_it(house: &House, deed: Deed, who: &mut Viewer, world: &mut World) {
    match deed {
        Deed::Deliver => deliver(house, world).await,
        Deed::Append { folder, flags } => append(who, world, folder, flags).await,
        Deed::Store { set, how, flags, uid, since } => store(who, world, &set, (how, flags), uid, since).await,
        Deed::Copy { set, to, moving, uid } => copy(who, world, &set, to, moving, uid).await,
        Deed::Expunge => expunge(who, world, None).await,
        Deed::UidExpunge { set } => expunge(who, world, Some(&set)).await,
        Deed::Open { folder, read_only } => {
            let is_there = world.folders[folder].name.is_some();
            if is_there {
                who.open(folder, read_only, world).await;
            }
        }
        Deed::Close => close(who, world).await,
        Deed::Unselect if who.selected.is_none() => {}
        Deed::Unselect => {
            who.asks("UNSELECT", world).await;
            (who.selected, who.mails) = (None, Vec::new());
        }
        Deed::Create { name } => create(who, world, name).await,
        Deed::Rename { folder, name } => rename(who, world, folder, name).await,
        Deed::Delete { folder } => delete(who, world, folder).await,
        Deed::Fetch { number } => fetch(who, world, number).await,
        Deed::Read { number } => read(who, world, number).await,
        Deed::Search { key, uid } => search(who, world, key, uid).await,
        Deed::Idle { .. } | Deed::Noop => drop(who.asks("NOOP", world).await),
    }
}

async fn deliver(house: &House, world: &mut World) {
    world.letters += 1;
    let letter = world.letters;
    house.deliver(&format!("Subject: letter {letter}\r\n\r\nbody\r\n")).await;
    let uid = world.folders[0].next;
    world.folders[0].take(uid, Mail { letter, flags: FlagSet::new() });
}

async fn append(who: &mut Viewer, world: &mut World, folder: usize, flags: &str) {
    let Some(name) = world.folders[folder].name.clone().filter(|_| world.folders[folder].mails.len() < FULL) else {
        return;
    };
    world.letters += 1;
    let (before, letter) = (world.clone(), world.letters);
    let said = who.client.append(&name, flags, &format!("Subject: letter {letter}\r\n\r\nbody")).await;
    let tagged = said.last().unwrap();
    let code = tagged.split_once("[APPENDUID ").unwrap_or_else(|| panic!("{}: {said:?}", who.at)).1;
    let words: Vec<u32> = code.split(']').next().unwrap().split(' ').map(|word| word.parse().unwrap()).collect();
    assert_eq!(words[0], world.folders[folder].validity, "{}: {tagged}", who.at);
    world.folders[folder].take(words[1], Mail { letter, flags: split(flags) });
    who.hears("APPEND", said, &before, world);
}

fn split(flags: &str) -> FlagSet {
    flags.split(' ').map(str::to_owned).collect()
}

/// Message numbers of a client, with their UIDs. Whoever has none knows them from the last fill.
async fn meant(who: &mut Viewer, world: &World, set: &BTreeSet<usize>) -> Vec<(usize, u32)> {
    who.fill(world).await;
    set.iter().filter_map(|number| Some((*number, who.uid(*number)?))).collect()
}

fn written(meant: &[(usize, u32)], uid: bool) -> String {
    let one = |(number, known): &(usize, u32)| if uid { known.to_string() } else { number.to_string() };
    meant.iter().map(one).collect::<Vec<_>>().join(",")
}

fn prefix(uid: bool) -> &'static str {
    if uid { "UID " } else { "" }
}

async fn store(
    who: &mut Viewer,
    world: &mut World,
    set: &BTreeSet<usize>,
    change: (&str, &str),
    uid: bool,
    since: Option<Since>,
) {
    let meant = meant(who, world, set).await;
    let (Some(folder), false) = (who.selected, meant.is_empty()) else { return };
    let condition = match since {
        None => String::new(),
        Some(since) => {
            let (_, said) = who.asks(&format!("FETCH {} (UID MODSEQ)", written(&meant, false)), world).await;
            let Some(modseq) = said.iter().find_map(|line| word_after(line, "MODSEQ (")) else { return };
            let modseq: u64 = modseq.parse().unwrap();
            format!(" (UNCHANGEDSINCE {})", if since == Since::Now { modseq } else { modseq - 1 })
        }
    };
    let (how, flags) = change;
    let before = world.clone();
    let command = format!("{}STORE {}{condition} {how} ({flags})", prefix(uid), written(&meant, uid));
    let said = who.client.does(&command).await;
    let mut stored = BTreeMap::new();
    if !who.read_only && since != Some(Since::Before) {
        for (_, known) in &meant {
            let Some(mail) = world.folders[folder].mails.get_mut(known) else { continue };
            let named = split(flags);
            mail.flags = match how.as_bytes()[0] {
                b'+' => mail.flags.union(&named).cloned().collect(),
                b'-' => mail.flags.difference(&named).cloned().collect(),
                _ => named,
            };
            stored.insert(*known, mail.flags.clone());
        }
    }
    let there = meant.iter().filter(|(_, uid)| before.folders[folder].mails.contains_key(uid)).count();
    let is_gone = before.folders[folder].name.is_none();
    let tagged = said.last().cloned().unwrap_or_default();
    let (done, _) = who.hears(&command, said, &before, world);
    assert!(is_gone || done != who.read_only, "{}: {command}: {tagged}", who.at);
    if since == Some(Since::Before) && there > 0 && !who.read_only && !is_gone {
        assert!(tagged.contains("[MODIFIED "), "{}: {command}: {tagged}", who.at);
    } else {
        assert!(!tagged.contains("[MODIFIED "), "{}: {command}: {tagged}", who.at);
    }
    if how.ends_with("SILENT") && done {
        who.knows_flags(&stored);
    }
}

async fn copy(who: &mut Viewer, world: &mut World, set: &BTreeSet<usize>, to: usize, moving: bool, uid: bool) {
    let meant = meant(who, world, set).await;
    let (Some(from), Some(name), false) = (who.selected, world.folders[to].name.clone(), meant.is_empty()) else {
        return;
    };
    if world.folders[to].mails.len() >= FULL || world.folders[from].name.is_none() {
        return;
    }
    let before = world.clone();
    let command = format!("{}{} {} {name}", prefix(uid), if moving { "MOVE" } else { "COPY" }, written(&meant, uid));
    let said = who.client.does(&command).await;
    let refused = moving && who.read_only;
    if let Some(code) = said.iter().find_map(|line| Some(line.split_once("[COPYUID ")?.1.split(']').next()?.to_owned()))
    {
        let words: Vec<&str> = code.split(' ').collect();
        assert_eq!(words[0].parse::<u32>().unwrap(), world.folders[to].validity, "{}: {code}", who.at);
        let (old, new) = (numbers_in(words[1]), numbers_in(words[2]));
        let there = meant.iter().map(|(_, uid)| *uid).filter(|uid| before.folders[from].mails.contains_key(uid));
        assert_eq!(old, there.collect::<Vec<_>>(), "{}: {command}: {code}", who.at);
        assert_eq!(old.len(), new.len(), "{}: {command}: {code}", who.at);
        assert!(new.is_sorted() && !refused, "{}: {command}: {code}", who.at);
        for (old, new) in old.into_iter().zip(new) {
            let mail = world.folders[from].mails[&old].clone();
            world.folders[to].take(new, mail);
            if moving {
                world.folders[from].mails.remove(&old);
            }
        }
    } else {
        let there = meant.iter().any(|(_, uid)| before.folders[from].mails.contains_key(uid));
        assert!(refused || !there, "{}: {command}: {said:?}", who.at);
    }
    who.hears(&command, said, &before, world);
}

async fn expunge(who: &mut Viewer, world: &mut World, set: Option<&BTreeSet<usize>>) {
    let Some(folder) = who.selected else { return };
    let before = world.clone();
    let (command, named) = match set {
        None => ("EXPUNGE".to_owned(), None),
        Some(set) => {
            let meant = meant(who, world, set).await;
            if meant.is_empty() {
                return;
            }
            let uids: BTreeSet<u32> = meant.iter().map(|(_, uid)| *uid).collect();
            (format!("UID EXPUNGE {}", written(&meant, true)), Some(uids))
        }
    };
    let said = who.client.does(&command).await;
    if !who.read_only {
        let goes = |uid: &u32, mail: &Mail| {
            mail.flags.contains("\\Deleted") && named.as_ref().is_none_or(|named| named.contains(uid))
        };
        world.folders[folder].mails.retain(|uid, mail| !goes(uid, mail));
    }
    let is_gone = before.folders[folder].name.is_none();
    let (done, said) = who.hears(&command, said, &before, world);
    assert!(is_gone || done != who.read_only, "{}: {said:?}", who.at);
}

async fn close(who: &mut Viewer, world: &mut World) {
    let Some(folder) = who.selected else { return };
    let said = who.client.does("CLOSE").await;
    assert!(said.last().unwrap().contains(" OK ") && said.len() == 1, "{}: {said:?}", who.at);
    if !who.read_only {
        world.folders[folder].mails.retain(|_, mail| !mail.flags.contains("\\Deleted"));
    }
    (who.selected, who.mails) = (None, Vec::new());
}

async fn create(who: &mut Viewer, world: &mut World, name: &str) {
    let (done, said) = who.asks(&format!("CREATE {name}"), world).await;
    if who.client.closed {
        return;
    }
    assert_eq!(done, world.named(name).is_none(), "{}: {said:?}", who.at);
    if done {
        world.note_folder(&mut who.client, name).await;
        note_above(who, world, name).await;
    }
}

/// The folder above may have come into being with one.
async fn note_above(who: &mut Viewer, world: &mut World, name: &str) {
    let Some((above, _)) = name.split_once('/').filter(|(above, _)| world.named(above).is_none()) else { return };
    let listed = who.client.does(&format!("LIST \"\" {above}")).await;
    if listed.iter().any(|line| line.starts_with("* LIST") && !line.contains("\\NonExistent")) {
        world.note_folder(&mut who.client, above).await;
    }
}

async fn rename(who: &mut Viewer, world: &mut World, folder: usize, name: &str) {
    let Some(old) = world.folders[folder].name.clone() else { return };
    // Trash is there from the start; it and what lies in others is left alone, so that names stay few.
    if old == "Trash"
        || world.names().iter().any(|other| other.starts_with(&format!("{old}/")))
        || name.starts_with(&format!("{old}/"))
    {
        return;
    }
    let before = world.clone();
    let said = who.client.does(&format!("RENAME {old} {name}")).await;
    let done = said.last().unwrap().contains(" OK ");
    if done && old == "INBOX" {
        let new = world.note_folder(&mut who.client, name).await;
        let mails = std::mem::take(&mut world.folders[folder].mails);
        let next = world.folders[new].next;
        for (uid, (_, mail)) in (next - u32::try_from(mails.len()).unwrap()..).zip(mails) {
            world.folders[new].mails.insert(uid, mail);
        }
    } else if done {
        world.renamed(folder, name);
    }
    if done {
        note_above(who, world, name).await;
    }
    let (_, said) = who.hears("RENAME", said, &before, world);
    if !who.client.closed {
        assert_eq!(done, before.named(name).is_none(), "{}: {said:?}", who.at);
    }
}

async fn delete(who: &mut Viewer, world: &mut World, folder: usize) {
    let Some(name) = world.folders[folder].name.clone() else { return };
    if name == "INBOX" || name == "Trash" || world.names().iter().any(|other| other.starts_with(&format!("{name}/"))) {
        return;
    }
    let before = world.clone();
    let said = who.client.does(&format!("DELETE {name}")).await;
    let done = said.iter().any(|line| !line.starts_with('*') && line.contains(" OK "));
    if done {
        (world.folders[folder].name, world.folders[folder].mails) = (None, BTreeMap::new());
    }
    who.hears("DELETE", said, &before, world);
    assert!(done || who.client.closed, "{}", who.at);
}

async fn fetch(who: &mut Viewer, world: &mut World, number: usize) {
    let Some(folder) = who.selected else { return };
    let (_, said) = who.asks(&format!("FETCH {number} (UID FLAGS ENVELOPE)"), world).await;
    for line in &said {
        let (Some(letter), Some(uid)) = (super::world::letter_in(line), word_after(line, "UID ")) else { continue };
        if let Some(mail) = world.folders[folder].mails.get(&uid.parse().unwrap()) {
            assert_eq!(mail.letter, letter, "{}: {line}", who.at);
        }
    }
}

async fn read(who: &mut Viewer, world: &mut World, number: usize) {
    let meant = meant(who, world, &BTreeSet::from([number])).await;
    let (Some(folder), Some((number, uid))) = (who.selected, meant.first().copied()) else { return };
    let before = world.clone();
    let said = who.client.does(&format!("FETCH {number} (BODY[TEXT])")).await;
    if let Some(mail) = world.folders[folder].mails.get_mut(&uid).filter(|_| !who.read_only) {
        mail.flags.insert("\\Seen".to_owned());
    }
    who.hears("FETCH ", said, &before, world);
}

async fn search(who: &mut Viewer, world: &mut World, key: Key, uid: bool) {
    who.asks("NOOP", world).await;
    who.fill(world).await;
    let Some(folder) = who.selected else { return };
    let (_, said) = who.asks(&format!("{}SEARCH {}", prefix(uid), key.text()), world).await;
    let line = said.iter().find_map(|line| line.strip_prefix("* SEARCH").or_else(|| line.strip_prefix("* ESEARCH")));
    let found: Vec<u32> = match line {
        Some(line) => match line.split_once("ALL ") {
            Some((_, set)) => numbers_in(set),
            None => line.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect(),
        },
        None => panic!("{}: {said:?}", who.at),
    };
    let so = world.folders[folder].mails.iter().enumerate().filter(|(_, (_, mail))| key.fits(&mail.flags));
    let so: Vec<u32> =
        so.map(|(index, (known, _))| if uid { *known } else { u32::try_from(index).unwrap() + 1 }).collect();
    assert_eq!(found, so, "{}: {said:?}", who.at);
}

/// One waits, another does something: what is new is told without being asked.
async fn idle(house: &House, other: Deed, who: usize, viewers: &mut [Viewer], world: &mut World) {
    viewers[who].asks("NOOP", world).await;
    viewers[who].fill(world).await;
    let Some(folder) = viewers[who].selected else { return };
    let began = viewers[who].client.does("IDLE").await;
    assert!(began.iter().any(|line| line.starts_with('+')), "{}: {began:?}", viewers[who].at);
    let before = world.clone();
    let doer = (who + 1) % viewers.len();
    viewers[doer].at = format!("{} while another idles: {other:?}", viewers[who].at);
    if viewers[doer].selected.is_some_and(|folder| world.folders[folder].name.is_none()) {
        viewers[doer].rest(house, world).await;
    }
    do_it(house, other, &mut viewers[doer], world).await;
    if viewers[doer].client.closed {
        viewers[doer].rest(house, world).await;
    }
    let mut said = Vec::new();
    while seen(&said, folder, &before, world) && viewers[who].client.is_waiting() {
        viewers[who].client.wait().await;
        said.extend(viewers[who].client.lines());
    }
    viewers[who].client.say(b"DONE\r\n").await;
    said.extend(viewers[who].client.lines());
    viewers[who].hears("IDLE", said, &before, world);
}

/// Whether something happened that was not told yet.
fn seen(said: &[String], folder: usize, before: &World, now: &World) -> bool {
    said.is_empty() && before.folders[folder].mails != now.folders[folder].mails
}

/// Ten commands without a thought of others.
pub fn script(chance: &mut Chance, first: u32) -> Vec<String> {
    let one = |chance: &mut Chance, letter: u32| {
        let flag = FLAGS[chance.below(5)];
        let content = format!("Subject: letter {letter}\r\n\r\nbody");
        match chance.below(10) {
            0..=2 => format!("APPEND INBOX ({flag}) {{{}+}}\r\n{content}", content.len()),
            3 => format!("UID STORE 1:* +FLAGS ({flag})"),
            4 => format!("STORE {{last}} FLAGS ({flag})"),
            5 => format!("STORE 1 -FLAGS.SILENT ({flag})"),
            6 => "UID COPY 1:3 INBOX".to_owned(),
            7 => "EXPUNGE".to_owned(),
            8 => "UID SEARCH UNSEEN".to_owned(),
            _ => "NOOP".to_owned(),
        }
    };
    (0..10).map(|index| one(chance, first + index)).collect()
}
