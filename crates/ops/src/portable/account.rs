//! Mail fetched from an IMAP account elsewhere: folders, flags and moments are kept, and what is there already is left.
//!
//! `session` is the protocol without its socket, `said` reads what the server says; this file answers the session's questions.

mod said;
mod session;

use std::{collections::HashMap, net::SocketAddr, path::PathBuf, time::Duration};

use async_trait::async_trait;
use net::{ClientTls, Dial, Drive, House, Log, Socket, dial, drive_logged};
use rules::{Blame, Fault, Retry};
use store::{ImportMark, Mailbox, Place};
use syntax::Address;

use super::{
    mail::{Filler, MailsTaken, past},
    records::flags_of,
    write::Cast,
};
use crate::Ops;
use said::{Letter, Listed};
use session::{Answer, Broken, Question, Session};

/// Longest wait for a connection, and for a whole answer. RFC 9051 §5.4 has servers wait half an hour; nobody else should.
const LIMIT: Duration = Duration::from_secs(120);
/// Longest wait for the next KiB of a message.
const BODY_LIMIT: Duration = Duration::from_secs(60);
/// Longest name of a folder here, in octets.
const LONGEST_NAME: usize = 200;

/// An account elsewhere.
#[derive(Clone)]
pub struct ImapAccount {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// STARTTLS instead of TLS from the start. Without TLS nothing is said.
    pub starttls: bool,
    /// Login.
    pub login: String,
    /// Password.
    pub password: String,
    /// Names of the folders that are fetched; empty: all.
    pub folders: Vec<String>,
    /// A file of roots (PEM) that are trusted beside the public ones.
    pub roots: Option<PathBuf>,
    /// Looks at everything once more, also at what an earlier import looked at.
    pub again: bool,
}

impl std::fmt::Debug for ImapAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImapAccount").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Ops {
    /// Takes the mail of an account elsewhere into a mailbox. Nothing is changed there, nor marked as read. What cannot be taken is
    /// told, and leaves the rest; a second run goes on where this one ended.
    ///
    /// # Errors
    /// `mailbox.unknown`, `imap.password`, `imap.login`, `imap.refused`, `imap.lost`, `imap.folder`, `tls.certificate`, `connect.*`,
    /// `dns.*`, `store.*`
    pub async fn import_account(
        &self,
        address: &Address,
        account: &ImapAccount,
        told: Cast<'_>,
    ) -> Result<MailsTaken, Fault> {
        let is_quotable = |text: &str| text.bytes().all(|octet| (b' '..=b'~').contains(&octet));
        if !is_quotable(&account.login) || !is_quotable(&account.password) {
            let what =
                "the login or password holds letters that IMAP cannot quote: make an app password in ASCII there";
            return Err(Fault::caller("imap.password", what));
        }
        let mailbox = self.mailbox(address).await?;
        let roots = account.roots.as_deref().map(net::certificates).transpose()?.unwrap_or_default();
        let ip = match account.host.parse() {
            Ok(ip) => ip,
            Err(_) => self.resolver.addresses(&account.host).await?.records().into_iter().next().ok_or_else(|| {
                let what = format!("the host {} has no address: is the name right?", account.host);
                Fault::new("imap.lost", Blame::Caller, Retry::AfterChange).context(what)
            })?,
        };
        let stream = dial(&Dial { target: SocketAddr::new(ip, account.port), source: None, limit: LIMIT }).await?;
        let mut session = Session::new(&account.login, &account.password, account.starttls);
        let how = Drive {
            socket: Socket::Client(ClientTls::verified_by(&roots), account.host.clone()),
            implicit_tls: !account.starttls,
            read_limit: LIMIT,
            body_limit: BODY_LIMIT,
            write_limit: LIMIT,
            we_are_server: false,
        };
        let mut taker = Taker::new(self, &mailbox, account, told).await?;
        // What is said is not kept: it holds the password, and other people's mail.
        let ended = drive_logged(&mut session, stream, &mut taker, how, Log::silent()).await;
        let fault = taker.fault.take().or_else(|| session.broken.map(|broken| fault(account, broken, ended.why)));
        let taken = taker.end().await?;
        match fault {
            None => Ok(taken),
            Some(fault) => Err(fault.context(format!(
                "importing from {}; {} mails of this run are in, and a second run goes on from there",
                account.host, taken.taken
            ))),
        }
    }
}

fn fault(account: &ImapAccount, broken: Broken, why: Option<&'static str>) -> Fault {
    let host = &account.host;
    match broken {
        Broken::Login(words) => Fault::new("imap.login", Blame::Caller, Retry::AfterChange)
            .context(format!("{host} refused the login: {words}; large providers want an app password")),
        Broken::Refused(words) => {
            Fault::new("imap.refused", Blame::Peer, Retry::Later).context(format!("{host} refused a command: {words}"))
        }
        Broken::Garbled(what) => {
            Fault::new("imap.refused", Blame::Peer, Retry::Later).context(format!("what {host} says is no IMAP: {what}"))
        }
        Broken::Lost if why == Some("tls.certificate") => {
            Fault::new("tls.certificate", Blame::Caller, Retry::AfterChange).context(format!(
                "the certificate of {host} is not one for that name that is trusted here: is the host right? For a server of your own \
                 name its roots with --roots"
            ))
        }
        Broken::Lost => Fault::new("imap.lost", Blame::Peer, Retry::Later)
            .context(format!("the session with {host} broke off ({})", why.unwrap_or("it said goodbye"))),
    }
}

/// Answers the session's questions out of the store, and fills the mailbox.
struct Taker<'o, 't> {
    ops: &'o Ops,
    mailbox: &'o Mailbox,
    account: &'o ImapAccount,
    told: Cast<'t>,
    filler: Filler<'o>,
    all: MailsTaken,
    /// Of each folder there: its name here.
    names: HashMap<Vec<u8>, (String, String)>,
    at: Option<ImportMark>,
    looked: usize,
    fault: Option<Fault>,
}

impl<'o, 't> Taker<'o, 't> {
    async fn new(ops: &'o Ops, mailbox: &'o Mailbox, account: &'o ImapAccount, told: Cast<'t>) -> Result<Self, Fault> {
        let filler = Filler::of(ops, Some(&mailbox.id), false).await?;
        let (all, names) = (MailsTaken::default(), HashMap::new());
        Ok(Self { ops, mailbox, account, told, filler, all, names, at: None, looked: 0, fault: None })
    }

    async fn end(self) -> Result<MailsTaken, Fault> {
        let mut all = self.all;
        (all.taken, all.there) = self.filler.end().await?;
        Ok(all)
    }

    /// Which folders are opened, the one with all mail last: what lies in others too keeps their names.
    async fn choose(&mut self, mut listed: Vec<Listed>) -> Result<Answer, Fault> {
        listed.sort_by_key(Listed::is_all_mail);
        let wanted = &self.account.folders;
        let is_wanted =
            |one: &Listed| wanted.is_empty() || wanted.iter().any(|name| *name == one.name || *name == one.here());
        let is_there = |name: &String| listed.iter().any(|one| *name == one.name || *name == one.here());
        if let Some(missing) = wanted.iter().find(|name| !is_there(name)) {
            let there: Vec<&str> = listed.iter().map(|one| one.name.as_str()).collect();
            return Err(Fault::caller(
                "imap.folder",
                format!("there is no folder {missing}; there are {}", there.join(", ")),
            ));
        }
        let mut raw = Vec::new();
        for one in listed.iter().filter(|one| is_wanted(one)) {
            let here = fitting(&one.here());
            if here != "INBOX" {
                self.ops.store.ensure_folder(&self.mailbox.id, &here).await?;
            }
            self.names.insert(one.raw.clone(), (one.name.clone(), here));
            raw.push(one.raw.clone());
        }
        Ok(Answer::Open(raw))
    }

    /// From which UID on a folder is looked at.
    async fn begin(&mut self, raw: &[u8], uid_validity: u32) -> Result<Answer, Fault> {
        let name = self.names.get(raw).map(|(name, _)| name.clone()).unwrap_or_default();
        let source = format!("{}@{}:{}", self.account.login, self.account.host, self.account.port);
        let known = self.ops.store.import_mark(&self.mailbox.id, &source, &name).await?;
        let known = known.filter(|mark| mark.uid_validity == uid_validity && !self.account.again);
        let uid = known.map_or(0, |mark| mark.uid);
        self.at = Some(ImportMark { mailbox: self.mailbox.id.clone(), source, folder: name, uid_validity, uid });
        Ok(Answer::From(uid.saturating_add(1)))
    }

    async fn take(&mut self, raw: &[u8], letter: Letter) -> Result<Answer, Fault> {
        self.looked += 1;
        (self.told)("mails looked at", self.looked);
        let Some((name, here)) = self.names.get(raw).cloned() else { return Ok(Answer::Next) };
        let at = letter.internal_at.map(|at| at.micros().div_euclid(1_000_000));
        let now = self.ops.store.clock().now();
        match past(&self.mailbox.id, &self.mailbox.address, letter.content, at, now) {
            Ok(mut past) => {
                let internal_at = letter.internal_at.unwrap_or(past.received_at).min(now);
                past.places = vec![Place { folder: here, flags: flags_of(&letter.flags), internal_at }];
                self.filler.take(past).await?;
            }
            Err(what) => self.all.fail(format!("{name}, UID {}: {what}", letter.uid)),
        }
        Ok(Answer::Next)
    }

    /// Everything up to that UID was looked at: what was taken is written first.
    async fn mark(&mut self, uid: u32) -> Result<Answer, Fault> {
        self.filler.flush().await?;
        if let Some(mark) = self.at.as_mut().filter(|mark| mark.uid < uid) {
            mark.uid = uid;
            self.ops.store.set_import_mark(mark.clone()).await?;
        }
        Ok(Answer::Next)
    }
}

#[async_trait]
impl House<Question, Answer> for Taker<'_, '_> {
    async fn answer(&mut self, question: Question) -> Answer {
        let answered = match question {
            Question::Choose(listed) => self.choose(listed).await,
            Question::Begin { raw, uid_validity } => self.begin(&raw, uid_validity).await,
            Question::Take { raw, letter } => self.take(&raw, *letter).await,
            Question::TooLarge { raw, uid, octets } => {
                let name = self.names.get(&raw).map_or("", |(name, _)| name.as_str());
                self.all.fail(format!("{name}, UID {uid}: {octets} octets are more than a message may have here"));
                Ok(Answer::Next)
            }
            Question::Done { uid } => self.mark(uid).await,
        };
        answered.unwrap_or_else(|fault| {
            self.fault = Some(fault);
            Answer::Stop
        })
    }
}

/// A name that a folder here may have, as near as it can be.
fn fitting(name: &str) -> String {
    let letter = |letter: char| if letter.is_control() || "*%".contains(letter) { '_' } else { letter };
    let parts =
        name.split('/').filter(|part| !part.is_empty()).map(|part| part.chars().map(letter).collect::<String>());
    let mut fitting = parts.collect::<Vec<_>>().join("/");
    while fitting.len() > LONGEST_NAME {
        fitting.pop();
    }
    let fitting = fitting.trim_end_matches('/');
    if fitting.is_empty() { String::from("Imported") } else { fitting.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_becomes_one_that_a_folder_may_have() {
        for (name, fits) in [("Work/2026", "Work/2026"), ("/a//b/", "a/b"), ("50%*\n", "50___"), ("//", "Imported")] {
            assert_eq!(fitting(name), fits, "{name:?}");
        }
        assert!(fitting(&"ä/".repeat(500)).len() <= LONGEST_NAME);
    }

    #[test]
    fn a_password_is_in_no_debug_text() {
        let account = ImapAccount {
            host: "imap.test".into(),
            port: 993,
            starttls: false,
            login: "bob".into(),
            password: "secret".into(),
            folders: Vec::new(),
            roots: None,
            again: false,
        };
        assert!(!format!("{account:?}").contains("secret"));
    }
}
