//! Mailboxes given to a sequencer over HTTP, one by one: what it has already is left alone, what fails says why.

mod vendor;

use std::{collections::HashSet, time::Duration};

use net::{Post, Posted};
use notify::Posting;
use rules::{
    Blame, Fault, Retry,
    reach::Reach,
    secret::hash_password,
    webhook::{Host, Target, retry_after},
};
use store::{MailboxFilter, MailboxRow};
use syntax::Address;

pub use self::vendor::Vendor;
use self::vendor::{Judged, wait};
use crate::{FilePasswords, Ops, mailbox::password};

/// Attempts at one row, or at one page of the list.
const ATTEMPTS: u32 = 4;
/// The wait before the second attempt.
const PAUSE: Duration = Duration::from_secs(1);
/// Longest wait before an attempt, whatever the vendor asks for.
const MOST_PAUSE: Duration = Duration::from_secs(60);
/// Longest wait for one answer: vendors log in by SMTP and IMAP before they answer.
const LIMIT: Duration = Duration::from_secs(60);
/// Most octets of an answer.
const ANSWER: usize = 4 * 1024 * 1024;
/// Most pages of a list.
const PAGES: usize = 1_000;
/// Longest key.
const KEY: usize = 1_024;

/// A vendor's key. Its `Debug` is redacted, and nothing that is told holds it.
#[derive(Clone)]
pub struct PushSecret(String);

impl PushSecret {
    /// Reads a key file: one word.
    ///
    /// # Errors
    /// `push.key`
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let key = text.trim();
        let is_word = !key.is_empty() && key.len() <= KEY && key.bytes().all(|octet| octet.is_ascii_graphic());
        match is_word {
            true => Ok(Self(key.to_owned())),
            false => Err(Fault::caller("push.key", "the key file must hold the key alone: one word of visible ASCII")),
        }
    }
}

impl std::fmt::Debug for PushSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PushSecret([redacted])")
    }
}

/// Whom to push to, and how.
#[derive(Debug, Clone)]
pub struct Push {
    /// Who.
    pub vendor: Vendor,
    /// Its key.
    pub key: PushSecret,
    /// The wait before a second attempt; it doubles.
    pub pause: Duration,
    /// Longest wait before an attempt.
    pub most_pause: Duration,
    base: String,
    posting: Posting,
}

/// Where the passwords come from.
#[derive(Debug, Clone)]
pub enum PushPasswords {
    /// New ones, each made just before its row is pushed; mailboxes that the vendor has keep theirs.
    Rotate,
    /// Those of an export.
    File(FilePasswords),
    /// Nothing is pushed: what would happen is told.
    DryRun,
}

/// How a row ended.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "ended", rename_all = "snake_case")]
pub enum PushEnd {
    /// The vendor has it now.
    Made {
        /// What is still wrong with it.
        note: Option<String>,
    },
    /// The vendor had it before.
    Exists,
    /// It would be made.
    Missing,
    /// It was not pushed, or refused.
    Failed {
        /// Why.
        what: String,
    },
}

/// A row.
#[derive(Debug, Clone, serde::Serialize)]
pub struct PushRow {
    /// The mailbox.
    pub address: Address,
    /// How it ended.
    #[serde(flatten)]
    pub end: PushEnd,
}

impl Push {
    /// To the vendor's own host over verified TLS; or to `base_url`, which may be `http://` on loopback alone.
    ///
    /// # Errors
    /// `push.base-url`
    pub fn new(ops: &Ops, vendor: Vendor, key: PushSecret, base_url: Option<&str>) -> Result<Self, Fault> {
        let mut posting = Posting::new(ops.resolver.clone());
        posting.limit = LIMIT;
        if let Some(url) = base_url {
            (posting.reach, posting.http) = (Reach::Anywhere, true);
            let bad = |what: String| Fault::caller("push.base-url", what);
            let target = posting.target(url).map_err(|fault| bad(format!("{url}: {fault}")))?;
            let is_loopback = matches!(&target.host, Host::Ip(ip) if ip.is_loopback());
            if !target.secure && !is_loopback {
                return Err(bad(format!("{url}: use https, for keys and passwords go there")));
            }
            if target.path.contains('?') {
                return Err(bad(format!("{url}: it may have no query")));
            }
        }
        let base = base_url.unwrap_or_else(|| vendor.base()).trim_end_matches('/').to_owned();
        Ok(Self { vendor, key, pause: PAUSE, most_pause: MOST_PAUSE, base, posting })
    }

    /// One request; what cannot be carried out is told without the key.
    async fn ask(&self, path: &str, body: Option<Vec<u8>>) -> Result<Posted, Fault> {
        let target: Target = self.posting.target(&format!("{}{path}", self.base))?;
        let request = Post {
            host: match &target.host {
                Host::Name(name) => name.clone(),
                Host::Ip(ip) => ip.to_string(),
            },
            addresses: self.posting.addresses(&target).await?,
            port: target.port,
            authority: target.authority(),
            path: target.path.clone(),
            tls: target.secure.then(|| self.posting.tls.clone()),
            headers: self.vendor.headers(&self.key.0),
            body: body.clone().unwrap_or_default(),
            limit: self.posting.limit,
            octets: ANSWER,
        };
        match body {
            Some(_) => net::post(&request).await,
            None => net::get(&request).await,
        }
    }

    /// A request, tried again while that can help.
    async fn insist(&self, path: &str, body: Option<&[u8]>) -> (Judged, Vec<u8>) {
        let mut attempt = 0;
        loop {
            let (judged, told, answer) = match self.ask(path, body.map(<[u8]>::to_vec)).await {
                Ok(posted) => {
                    let told = posted.retry_after.as_deref().and_then(retry_after);
                    (self.vendor.judge(posted.status, &posted.body), told, posted.body)
                }
                Err(fault) if fault.retry == Retry::Later => (Judged::Again(fault.to_string()), None, Vec::new()),
                Err(fault) => (Judged::Stop(fault.to_string()), None, Vec::new()),
            };
            attempt += 1;
            match judged {
                Judged::Again(_) if attempt < ATTEMPTS => {
                    tokio::time::sleep(wait(attempt - 1, self.pause, told, self.most_pause)).await;
                }
                ended => return (ended, answer),
            }
        }
    }

    /// Addresses that the vendor has, in lower case.
    async fn known(&self) -> Result<HashSet<String>, Fault> {
        let (mut known, mut cursor) = (HashSet::new(), String::new());
        for _ in 0..PAGES {
            let (judged, body) = self.insist(&self.vendor.list(&self.key.0, &cursor), None).await;
            match judged {
                Judged::Made(_) => {}
                Judged::Exists => return Err(self.unlisted("an unexpected answer")),
                Judged::Again(what) | Judged::Failed(what) | Judged::Stop(what) => return Err(self.unlisted(&what)),
            }
            match self.vendor.take_page(&body, &cursor, &mut known)? {
                Some(next) => cursor = next,
                None => return Ok(known),
            }
        }
        Err(self.unlisted(&format!("more than {PAGES} pages")))
    }

    fn unlisted(&self, what: &str) -> Fault {
        let what = format!("its list of accounts could not be read, nothing was pushed: {}", self.clean(what, None));
        Fault::new("push.refused", Blame::Operator, Retry::AfterChange).context(what)
    }

    /// What is told, without the secrets.
    fn clean(&self, text: &str, password: Option<&str>) -> String {
        let text = text.replace(&self.key.0, "[key]");
        password.map_or_else(|| text.clone(), |password| text.replace(password, "[password]"))
    }
}

impl Ops {
    /// Pushes mailboxes; `told` hears of each row when it has ended. The vendor's list is asked first, so that a second run makes
    /// only what is missing. A key that is refused ends the run.
    ///
    /// # Errors
    /// `push.refused`, `push.list`, `mailbox.unknown`, `store.*`
    pub async fn push_mailboxes(
        &self,
        push: &Push,
        filter: &MailboxFilter,
        passwords: &PushPasswords,
        told: &mut (dyn FnMut(&PushRow, usize) + Send),
    ) -> Result<Vec<PushRow>, Fault> {
        let rows = self.all_rows(filter).await?;
        let known = push.known().await?;
        let mut ended = Vec::with_capacity(rows.len());
        let mut stopped = None;
        for row in &rows {
            let end = match &stopped {
                Some(what) => PushEnd::Failed { what: format!("not tried: {what}") },
                None if known.contains(&row.address.to_string().to_ascii_lowercase()) => PushEnd::Exists,
                None if row.suspended_at.is_some() => {
                    PushEnd::Failed { what: String::from("not pushed: it is suspended") }
                }
                None => self.push_one(push, row, passwords, &mut stopped).await?,
            };
            ended.push(PushRow { address: row.address.clone(), end });
            if let Some(last) = ended.last() {
                told(last, rows.len());
            }
        }
        Ok(ended)
    }

    async fn push_one(
        &self,
        push: &Push,
        row: &MailboxRow,
        passwords: &PushPasswords,
        stopped: &mut Option<String>,
    ) -> Result<PushEnd, Fault> {
        let password = match passwords {
            PushPasswords::DryRun => return Ok(PushEnd::Missing),
            PushPasswords::File(file) => match file.of(&row.address) {
                Some(password) => password.to_owned(),
                None => {
                    return Ok(PushEnd::Failed { what: String::from("not pushed: the file has no password for it") });
                }
            },
            PushPasswords::Rotate => {
                // The vendor logs in before it answers: the new password must hold by then.
                let new = password()?;
                self.store.set_password_hash(&row.id, &hash_password(&self.key, &new)).await?;
                new
            }
        };
        let body = push.vendor.account(row, &password).to_string().into_bytes();
        let (judged, _) = push.insist(&push.vendor.making(&push.key.0), Some(&body)).await;
        Ok(match judged {
            Judged::Made(note) => PushEnd::Made { note },
            Judged::Exists => PushEnd::Exists,
            Judged::Again(what) | Judged::Failed(what) => PushEnd::Failed { what: push.clean(&what, Some(&password)) },
            Judged::Stop(what) => {
                let what = push.clean(&what, Some(&password));
                *stopped = Some(what.clone());
                PushEnd::Failed { what }
            }
        })
    }
}
