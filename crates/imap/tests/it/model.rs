//! Two clients that do what comes to mind, and what each believes: at rest both believe what is so.

use std::collections::BTreeMap;

use crate::{house::House, play::Client};

/// What is so of a folder: UID and flags.
type Truth = Vec<(u32, String)>;

/// SplitMix64 (Steele, Lea, Flood 2014).
pub struct Chance(pub u64);

impl Chance {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }
    fn of<'t>(&mut self, some: &[&'t str]) -> &'t str {
        some[self.below(some.len())]
    }
}

/// A client that keeps what it is told.
struct Believer {
    client: Client,
    /// By message number: UID and flags; `None` until it was told.
    mails: Vec<(Option<u32>, Option<String>)>,
    qresync: bool,
    uid_validity: u32,
    modseq: u64,
}

impl Believer {
    async fn new(house: &House, qresync: bool) -> Self {
        let client = Client::login(house).await;
        let mut believer = Self { client, mails: Vec::new(), qresync, uid_validity: 0, modseq: 0 };
        if qresync {
            believer.does("ENABLE QRESYNC").await;
        }
        believer.does("SELECT INBOX").await;
        believer.fill().await;
        believer
    }

    async fn does(&mut self, command: &str) {
        let may_renumber = !["FETCH", "STORE", "SEARCH"].iter().any(|word| command.starts_with(word));
        let said = self.client.does(command).await;
        let (last, untagged) = said.split_last().unwrap();
        assert!(last.contains(" OK "), "{command}: {last}");
        for line in untagged {
            assert!(may_renumber || !(line.ends_with(" EXPUNGE") || line.contains("VANISHED")), "{command}: {line}");
            self.hear(line);
        }
    }

    fn hear(&mut self, line: &str) {
        let rest = line.strip_prefix("* ").unwrap_or_else(|| panic!("{line}"));
        let (first, second) = rest.split_once(' ').unwrap_or((rest, ""));
        if let Ok(number) = first.parse::<usize>() {
            return self.hear_of(number, second, line);
        }
        if first == "VANISHED" {
            let set = second.rsplit(' ').next().unwrap();
            let gone: Vec<u32> = set
                .split(',')
                .flat_map(|range| {
                    let (from, to) = range.split_once(':').unwrap_or((range, range));
                    from.parse::<u32>().unwrap()..=to.parse().unwrap()
                })
                .collect();
            self.mails.retain(|(uid, _)| uid.is_none_or(|uid| !gone.contains(&uid)));
        }
        for (name, place) in [("UIDVALIDITY", 0), ("HIGHESTMODSEQ", 1)] {
            if let Some(at) = second.strip_prefix(&format!("[{name} ")) {
                let number = at.split(']').next().unwrap();
                match place {
                    0 => self.uid_validity = number.parse().unwrap(),
                    _ => self.modseq = number.parse().unwrap(),
                }
            }
        }
    }

    fn hear_of(&mut self, number: usize, what: &str, line: &str) {
        match what {
            "EXISTS" => {
                assert!(number >= self.mails.len(), "{line}: EXISTS does not fall");
                self.mails.resize(number, (None, None));
            }
            "EXPUNGE" => {
                assert!(!self.qresync, "{line}: VANISHED is told instead");
                self.mails.remove(number - 1);
            }
            "RECENT" => {}
            fetch => {
                let items = fetch.strip_prefix("FETCH ").unwrap_or_else(|| panic!("{line}"));
                let mail = &mut self.mails[number - 1];
                if let Some(uid) = word_after(items, "UID ") {
                    let uid = uid.parse().unwrap();
                    assert!(mail.0.is_none_or(|known| known == uid), "{line}: it was {mail:?}");
                    mail.0 = Some(uid);
                }
                if let Some(at) = items.find("FLAGS (") {
                    let flags = items[at + 7..].split(')').next().unwrap();
                    mail.1 = Some(flags.to_owned());
                }
                if let Some(modseq) = word_after(items, "MODSEQ (") {
                    self.modseq = self.modseq.max(modseq.parse().unwrap());
                }
            }
        }
    }

    /// Asks for what it was not told.
    async fn fill(&mut self) {
        if self.mails.iter().any(|(uid, flags)| uid.is_none() || flags.is_none()) {
            self.does("UID FETCH 1:* (UID FLAGS)").await;
        }
    }

    async fn at_rest(&mut self) -> Truth {
        self.does("NOOP").await;
        self.fill().await;
        self.mails.iter().map(|(uid, flags)| (uid.unwrap(), flags.clone().unwrap())).collect()
    }

    /// Goes away, and comes back with what it knew.
    async fn comes_back(&mut self, house: &House) {
        self.at_rest().await;
        let known: BTreeMap<u32, String> =
            self.mails.iter().map(|(uid, flags)| (uid.unwrap(), flags.clone().unwrap())).collect();
        self.client = Client::login(house).await;
        self.does("ENABLE QRESYNC").await;
        let (validity, modseq) = (self.uid_validity, self.modseq);
        let said = self.client.does(&format!("SELECT INBOX (QRESYNC ({validity} {modseq}))")).await;
        self.resynchronize(known, &said);
    }

    /// VANISHED and FETCH by UID, over what was known.
    fn resynchronize(&mut self, mut known: BTreeMap<u32, String>, said: &[String]) {
        let mut exists = 0;
        for line in said {
            if let Some(count) = line.strip_suffix(" EXISTS") {
                exists = count[2..].parse().unwrap();
            } else if line.contains("VANISHED") {
                self.mails = known.iter().map(|(uid, flags)| (Some(*uid), Some(flags.clone()))).collect();
                self.hear(line);
                known = self.mails.drain(..).map(|(uid, flags)| (uid.unwrap(), flags.unwrap())).collect();
            } else if line.contains(" FETCH (") {
                let uid = word_after(line, "UID ").unwrap().parse().unwrap();
                let at = line.find("FLAGS (").unwrap();
                known.insert(uid, line[at + 7..].split(')').next().unwrap().to_owned());
            } else if line.contains("HIGHESTMODSEQ") {
                self.hear(line);
            }
        }
        assert_eq!(known.len(), exists, "after a resynchronization nothing is missing: {said:?}");
        self.mails = known.into_iter().map(|(uid, flags)| (Some(uid), Some(flags))).collect();
    }
}

fn word_after<'t>(text: &'t str, before: &str) -> Option<&'t str> {
    let at = text.find(before)? + before.len();
    text[at..].split([' ', ')']).next()
}

async fn truth(house: &House) -> Truth {
    let mut fresh = Believer::new(house, false).await;
    fresh.at_rest().await
}

async fn one_thing(house: &House, chance: &mut Chance, who: &mut Believer) {
    let count = who.mails.len();
    let number = chance.below(count.max(1)) + 1;
    let flag = ["\\Seen", "\\Deleted", "\\Flagged", "work", "\\Answered later"][chance.below(5)];
    match chance.below(12) {
        0 | 1 => house.deliver(&format!("Subject: {number}\r\n\r\nbody\r\n")).await,
        2 => {
            let said = who.client.append("INBOX", "\\Seen", "Subject: mine\r\n\r\nbody").await;
            let (_, untagged) = said.split_last().unwrap();
            untagged.iter().for_each(|line| who.hear(line));
        }
        3..=5 if count > 0 => {
            let how = chance.of(&["+FLAGS", "-FLAGS", "FLAGS", "+FLAGS.SILENT", "-FLAGS.SILENT"]);
            let silent = how.ends_with("SILENT");
            let before = who.mails[number - 1].1.clone();
            who.does(&format!("STORE {number} {how} ({flag})")).await;
            // What was stored silently is known to whoever stored it; the model asks instead.
            if silent && who.mails[number - 1].1 == before {
                who.does(&format!("FETCH {number} (UID FLAGS)")).await;
            }
        }
        6 if count > 0 => who.does(&format!("UID STORE 1:* +FLAGS ({flag})")).await,
        7 => who.does("EXPUNGE").await,
        8 if count > 0 => who.does(&format!("COPY {number} INBOX")).await,
        9 if count > 2 => who.does(&format!("MOVE {number} Trash")).await,
        10 => who.does("SEARCH UNSEEN").await,
        _ => who.does("NOOP").await,
    }
}

#[tokio::test]
async fn two_clients_at_rest_believe_what_is_so() {
    for seed in 1..=4 {
        let house = House::start().await;
        let mut chance = Chance(seed);
        let mut believers = [Believer::new(&house, false).await, Believer::new(&house, true).await];
        for step in 0..150 {
            let who = chance.below(2);
            one_thing(&house, &mut chance, &mut believers[who]).await;
            if step % 25 == 24 {
                let truth = truth(&house).await;
                for believer in &mut believers {
                    assert_eq!(believer.at_rest().await, truth, "seed {seed}, step {step}");
                }
            }
            if step % 40 == 39 {
                let (first, second) = believers.split_at_mut(1);
                let known = second[0].at_rest().await;
                for _ in 0..6 {
                    one_thing(&house, &mut chance, &mut first[0]).await;
                }
                drop(known);
                second[0].comes_back(&house).await;
                assert_eq!(second[0].at_rest().await, truth(&house).await, "seed {seed}, step {step}: resynchronized");
            }
        }
    }
}
