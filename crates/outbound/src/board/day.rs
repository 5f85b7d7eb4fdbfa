//! A day of 150 mailboxes in each of 100 domains, on virtual time: the board with its pairs, receivers that take everything,
//! that throttle and that greylist, and a store that is a sorted map.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a broken expectation fails the test; the lints know only functions marked #[test]"
)]

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::Arc,
    time::Duration,
};

use reference::Action;
use rules::{
    id::{DomainId, MailboxId, MessageId, RecipientId, WorkspaceId},
    outcome::{self, Ended, Moment, Verdict},
    pacing::Limits,
    retry::Schedule,
};
use store::{Due, ReversePath};
use syntax::Timestamp;

use super::{Board, Key};
use crate::route::Way;

const DOMAINS: u32 = 100;
const MAILBOXES: u32 = 150;
/// Mails that a mailbox sends in the day.
const MAILS: u32 = 4;
const MIDNIGHT: Timestamp = Timestamp::from_micros(1_795_392_000_000_000);
/// How long a receiver takes for one message.
const HANDLING: Duration = Duration::from_millis(900);
/// Messages that a throttling receiver takes from one IP in a minute.
const PER_MINUTE: usize = 20;

/// What a site does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Habit {
    Takes,
    Throttles,
    Greylists,
    Dead,
}

const SITES: [(&str, Habit); 6] = [
    ("gmail.test", Habit::Takes),
    ("outlook.test", Habit::Throttles),
    ("yahoo.test", Habit::Takes),
    ("small.test", Habit::Greylists),
    ("other.test", Habit::Takes),
    ("dead.test", Habit::Dead),
];

/// What happens next.
#[derive(Debug)]
enum Step {
    Due(Box<Due>),
    /// The connection of that number has handled its message.
    Handled(usize),
}

struct Connection {
    key: Key,
    due: Due,
    carried: usize,
}

/// The day as it goes.
struct Day {
    limits: Limits,
    schedule: Schedule,
    board: Board,
    now: Timestamp,
    steps: BTreeMap<(Timestamp, u64), Step>,
    counter: u64,
    /// In memory, as the store has them.
    waiting: HashMap<RecipientId, Due>,
    connections: HashMap<usize, Connection>,
    begun: HashMap<(IpAddr, &'static str), Vec<Timestamp>>,
    open: HashMap<(IpAddr, &'static str), usize>,
    first_seen: HashMap<String, Timestamp>,
    delivered: HashMap<String, (Timestamp, u32)>,
    throttled: usize,
    most_in_hand: usize,
}

fn site(name: &str) -> (&'static str, Habit) {
    SITES.into_iter().find(|(one, _)| *one == name).unwrap()
}

fn site_of(due: &Due) -> (&'static str, Habit) {
    site(due.address.domain().as_str())
}

impl Day {
    fn new(limits: Limits) -> Self {
        Self {
            board: Board::new(limits.clone()),
            limits,
            schedule: Schedule::default(),
            now: MIDNIGHT,
            steps: BTreeMap::new(),
            counter: 0,
            waiting: HashMap::new(),
            connections: HashMap::new(),
            begun: HashMap::new(),
            open: HashMap::new(),
            first_seen: HashMap::new(),
            delivered: HashMap::new(),
            throttled: 0,
            most_in_hand: 0,
        }
    }

    fn at(&mut self, at: Timestamp, step: Step) {
        self.counter += 1;
        self.steps.insert((at, self.counter), step);
    }

    fn run(&mut self, until: Timestamp) {
        loop {
            let step = self.steps.first_key_value().map(|((at, _), _)| *at);
            let next = [step, self.board.next_alarm()].into_iter().flatten().min();
            let Some(next) = next.filter(|at| *at < until) else { return };
            self.now = self.now.max(next);
            if step == Some(next) {
                let (_, step) = self.steps.pop_first().unwrap();
                match step {
                    Step::Due(due) => self.take_up(*due),
                    Step::Handled(number) => self.handled(number),
                }
            }
            self.round();
        }
    }

    fn take_up(&mut self, due: Due) {
        let due = Due { due_at: self.now, ..due };
        assert!(self.board.take_in_hand(&due));
        self.most_in_hand = self.most_in_hand.max(self.board.in_hand());
        let hosts = vec![due.address.domain().clone()];
        self.waiting.insert(due.recipient.clone(), due.clone());
        self.board.queue(due, Way { hosts, terms: Arc::default() }, self.now);
    }

    fn round(&mut self) {
        self.board.wake(self.now);
        while let Some((key, _, (due, _))) = self.board.next(self.now) {
            self.counter += 1;
            let number = usize::try_from(self.counter).unwrap();
            *self.open.entry((due.egress_ip, site_of(&due).0)).or_default() += 1;
            self.begin(number, Connection { key, due, carried: 1 }, self.now);
        }
        for park in self.board.surplus(self.now) {
            let due = self.waiting.remove(&park.recipient).unwrap();
            self.board.let_go(&park.recipient);
            self.at(park.until, Step::Due(Box::new(due)));
        }
    }

    fn begin(&mut self, number: usize, connection: Connection, at: Timestamp) {
        let pair = (connection.due.egress_ip, site_of(&connection.due).0);
        assert!(self.open[&pair] <= self.limits.connections, "too many connections for {pair:?}");
        self.begun.entry(pair).or_default().push(at);
        self.connections.insert(number, connection);
        self.at(at + HANDLING, Step::Handled(number));
    }

    /// What the receiver says.
    fn answer(&mut self, due: &Due) -> (Ended, Option<Action>) {
        let (name, habit) = site_of(due);
        let pair = (due.egress_ip, name);
        match habit {
            Habit::Takes => (Ended::Accepted, None),
            Habit::Dead => (Ended::Transient, None),
            Habit::Greylists => {
                let seen = *self.first_seen.entry(due.recipient.0.clone()).or_insert(self.now);
                let is_old = self.now.since(seen) >= Duration::from_secs(240);
                (if is_old { Ended::Accepted } else { Ended::Transient }, Some(Action::Retry))
            }
            Habit::Throttles => {
                let minute = self.now - Duration::from_secs(60);
                let recent = self.begun[&pair].iter().rev().take_while(|at| **at > minute).count();
                self.throttled += usize::from(recent > PER_MINUTE);
                match recent > PER_MINUTE {
                    true => (Ended::Transient, Some(Action::SlowDown)),
                    false => (Ended::Accepted, None),
                }
            }
        }
    }

    fn handled(&mut self, number: usize) {
        let Connection { key, due, carried } = self.connections.remove(&number).unwrap();
        self.waiting.remove(&due.recipient);
        let (ended, action) = self.answer(&due);
        let pair = self.board.pairs[&key].pair.clone();
        match (ended, action) {
            (Ended::Accepted, _) | (_, Some(Action::Retry)) => pair.success(),
            (_, Some(Action::SlowDown)) => pair.throttle(self.now, &self.limits),
            _ => pair.strike(self.now, &self.limits),
        }
        self.settle(due, ended);
        let may_go_on = carried < self.limits.messages_per_connection;
        if may_go_on && let Some((due, wait)) = pair.next(self.now, &self.limits, |_| true) {
            let at = self.now + wait;
            self.begin(number, Connection { key, due, carried: carried + 1 }, at);
            return;
        }
        *self.open.get_mut(&(key.1, site(&key.2).0)).unwrap() -= 1;
        pair.finish();
        self.board.ended(&key, self.now);
    }

    fn settle(&mut self, due: Due, ended: Ended) {
        self.board.let_go(&due.recipient);
        let attempts = due.attempts + 1;
        let moment = Moment { attempts, now: self.now, expires_at: due.expires_at, jitter: 0.5 };
        match outcome::decide(ended, &self.schedule, &moment) {
            Verdict::Deliver => {
                let before = self.delivered.insert(due.recipient.0.clone(), (self.now, attempts));
                assert!(before.is_none(), "{} was delivered twice", due.recipient);
            }
            Verdict::RetryAt(at) => self.at(at, Step::Due(Box::new(Due { attempts, ..due }))),
            verdict => panic!("{verdict:?}"),
        }
    }
}

/// One of ten goes to a dead host, four of ten to one site: bursts that the pace has to spread.
const MIX: [usize; 10] = [0, 0, 0, 0, 1, 1, 2, 3, 4, 5];

fn mail(domain: u32, mailbox: u32, number: u32) -> (Timestamp, Due) {
    let at = MIDNIGHT
        + Duration::from_secs(u64::from(9 * 3600 + number * 7200 + (mailbox * 37 + domain) % 20))
        + Duration::from_millis(u64::from((mailbox * 13 + domain * 7) % 1000));
    let to = SITES[MIX[usize::try_from((mailbox * 7 + number * 3 + domain) % 10).unwrap()]].0;
    let name = format!("{domain:03}-{mailbox:03}-{number}");
    let due = Due {
        recipient: RecipientId(name.clone()),
        message: MessageId(name.clone()),
        domain: DomainId(format!("d{domain}")),
        workspace: WorkspaceId(format!("w{}", domain % 7)),
        mailbox: MailboxId(format!("m{mailbox}")),
        from: format!("m{mailbox}@d{domain}.test").parse().unwrap(),
        address: format!("x{name}@{to}").parse().unwrap(),
        egress_ip: IpAddr::from([10, 0, 0, u8::try_from(domain).unwrap()]),
        attempts: 0,
        due_at: at,
        expires_at: at + Duration::from_secs(5 * 24 * 3600),
        envid: None,
        original: None,
        notify_failure: true,
        reverse_path: ReversePath::Own,
    };
    (at, due)
}

#[test]
fn a_day_of_fifteen_thousand_mailboxes_keeps_the_pace_to_the_message() {
    let limits = Limits::default();
    let mut day = Day::new(limits.clone());
    let mut plan: HashMap<(IpAddr, &'static str), Vec<Timestamp>> = HashMap::new();
    for domain in 0..DOMAINS {
        for mailbox in 0..MAILBOXES {
            for number in 0..MAILS {
                let (at, due) = mail(domain, mailbox, number);
                plan.entry((due.egress_ip, site_of(&due).0)).or_default().push(at);
                day.at(at, Step::Due(Box::new(due)));
            }
        }
    }
    day.run(MIDNIGHT + Duration::from_secs(24 * 3600));

    let mut expected = 0;
    for (pair, times) in &mut plan {
        times.sort_unstable();
        let mut begun = day.begun[pair].clone();
        begun.sort_unstable();
        let too_close = begun.windows(2).find(|two| two[1].since(two[0]) < limits.interval);
        assert_eq!(too_close, None, "two at once for {pair:?}");
        let (_, habit) = site(pair.1);
        expected += if habit == Habit::Dead { 0 } else { times.len() };
        if habit == Habit::Takes {
            // Each begins as soon as it is there and the one before it is an interval ago: no sooner, and no later.
            let mut last = None;
            let paced: Vec<Timestamp> = times
                .iter()
                .map(|at| {
                    let at = last.map_or(*at, |last: Timestamp| (*at).max(last + limits.interval));
                    last = Some(at);
                    at
                })
                .collect();
            assert_eq!(begun, paced, "{pair:?}");
        }
    }
    assert_eq!(day.delivered.len(), expected, "every mail to a host that lives, once");
    let greylisted = day.delivered.values().filter(|(_, attempts)| *attempts == 2).count();
    assert!(
        greylisted >= usize::try_from(DOMAINS * MAILBOXES * MAILS / 10).unwrap(),
        "{greylisted} came at the second try"
    );
    let asked: usize =
        day.begun.iter().filter(|((_, name), _)| *name == "outlook.test").map(|(_, all)| all.len()).sum();
    assert!(day.throttled > 0 && day.throttled * 5 < asked, "{} of {asked} were throttled", day.throttled);
    assert!(day.most_in_hand < 10_000, "{} in memory", day.most_in_hand);
}

#[test]
fn a_dead_sites_backlog_leaves_the_memory_and_one_message_feels_the_way() {
    let limits = Limits::default();
    let mut day = Day::new(limits.clone());
    for number in 0..2000 {
        let (_, due) = mail(1, 1, 0);
        let name = format!("dead-{number}");
        let due = Due { recipient: RecipientId(name.clone()), address: "x@dead.test".parse().unwrap(), ..due };
        day.at(MIDNIGHT, Step::Due(Box::new(due)));
    }
    day.run(MIDNIGHT + Duration::from_secs(60));
    assert!(day.board.in_hand() <= 60, "{} in memory after a minute", day.board.in_hand());
    day.run(MIDNIGHT + Duration::from_secs(3600));
    let asked = day.begun.values().map(Vec::len).sum::<usize>();
    assert!(asked < 30, "the dead host was called {asked} times in an hour");
    assert!(day.board.in_hand() <= 60);
}
