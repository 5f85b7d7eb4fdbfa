//! The keys of a domain changed step by step: start, finish, retire. A step that was cut off is done again by asking again.

use dns::{Data, Record};
use rules::{
    Fault,
    id::WorkspaceId,
    rotation::{GRACE, REVOKED, Stage, Step, next, selectors},
};
use store::{Deed, KeyLife, SendingDomain};
use syntax::{Domain, Timestamp};

use super::{Check, TTL};
use crate::Ops;

/// How the keys of a domain stand, and what comes next.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Rotation {
    /// The domain.
    pub domain: Domain,
    /// Its keys, by selector.
    pub keys: Vec<RotatedKey>,
    /// What comes next: `start`, `finish`, or `retire` (twice: to revoke, and to remove).
    pub next: &'static str,
    /// When that may be done; `None`: at any time.
    pub from: Option<Timestamp>,
    /// What it means, in a sentence or two.
    pub what: String,
    /// What the operator should know of what was just published.
    pub notes: Vec<String>,
}

/// A key, and whether the DNS says what it should.
#[derive(Debug, Clone, serde::Serialize)]
pub struct RotatedKey {
    /// The key.
    #[serde(flatten)]
    pub key: KeyLife,
    /// `ok`, `missing`, `different`, `unknown` (could not look).
    pub status: String,
}

/// A step that somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RotationStep {
    /// Makes new keys and publishes them beside those that sign.
    Start,
    /// Has the new keys sign, once the DNS has them.
    Finish,
    /// After the period of grace publishes the old keys as revoked; a day later takes them away.
    Retire {
        /// Does not wait for the period of grace: a key is in wrong hands.
        at_once: bool,
    },
}

impl RotationStep {
    /// The words for them.
    pub const WORDS: [&'static str; 3] = ["start", "finish", "retire"];

    /// Reads a word.
    pub fn parse(word: &str, at_once: bool) -> Option<Self> {
        match word {
            "start" => Some(Self::Start),
            "finish" => Some(Self::Finish),
            "retire" => Some(Self::Retire { at_once }),
            _ => None,
        }
    }
}

impl Ops {
    /// How the keys of a domain stand, each looked up by a real query.
    ///
    /// # Errors
    /// `domain.unknown`, `store.*`
    pub async fn rotation(&self, of: Option<&WorkspaceId>, name: &Domain) -> Result<Rotation, Fault> {
        let domain = self.domain_within(of, name).await?;
        let checks = self.check_keys(&domain, &self.store.dkim_lives(&domain.id).await?).await;
        self.rotation_by(&domain, &checks).await
    }

    /// Does one step of changing the keys. Written into the audit log.
    ///
    /// # Errors
    /// `domain.unknown`, `dkim.under-way`, `dkim.nothing-waits`, `dkim.nothing-retired`, `dkim.not-yet` when the DNS or the time
    /// is not ready, `dkim.key`, `store.*`, `dns.*`, `publish.*`
    pub async fn rotate_dkim(
        &self,
        of: Option<&WorkspaceId>,
        name: &Domain,
        step: RotationStep,
        who: &str,
    ) -> Result<Rotation, Fault> {
        let domain = self.domain_within(of, name).await?;
        let notes = match step {
            RotationStep::Start => self.start_rotation(&domain, who).await?,
            RotationStep::Finish => self.finish_rotation(&domain, who).await?,
            RotationStep::Retire { at_once } => self.retire_keys(&domain, at_once, who).await?,
        };
        Ok(Rotation { notes, ..self.rotation(of, name).await? })
    }

    /// The state, by what a look at the DNS said of each record set.
    pub(crate) async fn rotation_by(&self, domain: &SendingDomain, checks: &[Check]) -> Result<Rotation, Fault> {
        let lives = self.store.dkim_lives(&domain.id).await?;
        let step = next(lives.iter().map(|key| key.stage));
        let status = |key: &KeyLife| {
            let named = format!("{} TXT", owner(&domain.name, &key.selector));
            let check = checks.iter().find(|check| check.name == named);
            check.map_or_else(|| String::from("unknown"), |check| check.status.clone())
        };
        let keys: Vec<RotatedKey> = lives.into_iter().map(|key| RotatedKey { status: status(&key), key }).collect();
        let seen = keys.iter().filter(|key| key.key.stage == Stage::Waiting).all(|key| key.status == "ok");
        let (next, what) = words(step, seen);
        let (domain, from) = (domain.name.clone(), step.from());
        Ok(Rotation { domain, keys, next, from, what, notes: Vec::new() })
    }

    async fn start_rotation(&self, domain: &SendingDomain, who: &str) -> Result<Vec<String>, Fault> {
        let lives = self.store.dkim_lives(&domain.id).await?;
        // Made before, and perhaps not published.
        if next(lives.iter().map(|key| key.stage)) != Step::Finish {
            let taken: Vec<String> = lives.into_iter().map(|key| key.selector).collect();
            let (rsa, ed25519) = selectors(&self.store.clock().now().day(), &taken);
            let about = format!("{}: {rsa}, {ed25519}", domain.name);
            let keys = super::make_keys([(rsa, auth::Algorithm::Rsa), (ed25519, auth::Algorithm::Ed25519)]).await?;
            self.store.add_waiting_keys(&domain.id, keys, deed(domain, "dkim.start", about, who)).await?;
        }
        Ok(self.bring_to_plan(domain).await?.notes)
    }

    async fn finish_rotation(&self, domain: &SendingDomain, who: &str) -> Result<Vec<String>, Fault> {
        let mut lives = self.store.dkim_lives(&domain.id).await?;
        lives.retain(|key| key.stage == Stage::Waiting);
        for check in self.check_keys(domain, &lives).await {
            if check.status != "ok" {
                let what = format!(
                    "the DNS does not have {} as planned ({}): publish it, wait until it is seen, and ask again",
                    check.name, check.status
                );
                return Err(Fault::caller("dkim.not-yet", what));
            }
        }
        let selectors: Vec<&str> = lives.iter().map(|key| key.selector.as_str()).collect();
        let about = format!("{}: {} sign", domain.name, selectors.join(", "));
        self.store.switch_dkim_keys(&domain.id, deed(domain, "dkim.finish", about, who)).await?;
        Ok(Vec::new())
    }

    async fn retire_keys(&self, domain: &SendingDomain, at_once: bool, who: &str) -> Result<Vec<String>, Fault> {
        let lives = self.store.dkim_lives(&domain.id).await?;
        let now = self.store.clock().now();
        let step = next(lives.iter().map(|key| key.stage));
        if let Some(from) = step.from().filter(|from| *from > now && !at_once) {
            let what = format!("not before {from}: until then the old record is needed by what is on its way");
            return Err(Fault::caller("dkim.not-yet", what));
        }
        let by = |grace| if at_once { now } else { now - grace };
        let about = |what: &str| format!("{}: {what}{}", domain.name, if at_once { ", at once" } else { "" });
        match step {
            Step::Revoke(_) => {
                let deed = deed(domain, "dkim.revoke", about("old keys are revoked"), who);
                self.store.revoke_dkim_keys(&domain.id, by(GRACE), deed).await?;
                Ok(self.bring_to_plan(domain).await?.notes)
            }
            Step::Remove(_) => {
                let gone = lives.iter().filter(|key| matches!(key.stage, Stage::Revoked(_)));
                let mut notes = self.withdraw(domain, &gone.map(|key| record(domain, key)).collect::<Vec<_>>()).await?;
                let deed = deed(domain, "dkim.remove", about("revoked keys are removed"), who);
                self.store.remove_dkim_keys(&domain.id, by(REVOKED), deed).await?;
                notes.extend(self.bring_to_plan(domain).await?.notes);
                Ok(notes)
            }
            Step::Start | Step::Finish => {
                let what = format!("{} has no old key to retire: start and finish come first", domain.name);
                Err(Fault::caller("dkim.nothing-retired", what))
            }
        }
    }

    async fn check_keys(&self, domain: &SendingDomain, lives: &[KeyLife]) -> Vec<Check> {
        let mut checks = Vec::with_capacity(lives.len());
        for key in lives {
            let record = record(domain, key);
            checks.push(self.check_set(&domain.name, &record.owner.clone(), "TXT", &[record]).await);
        }
        checks
    }
}

fn owner(domain: &Domain, selector: &str) -> String {
    domain.child(&format!("{selector}._domainkey")).to_string()
}

fn record(domain: &SendingDomain, key: &KeyLife) -> Record {
    Record::new(owner(&domain.name, &key.selector), TTL, Data::Txt(key.txt.clone()))
}

fn deed(domain: &SendingDomain, what: &'static str, about: String, who: &str) -> Deed {
    Deed { who: who.to_owned(), what, about, workspace: Some(domain.workspace.clone()) }
}

/// The word of what comes next, and what it means.
fn words(step: Step, seen: bool) -> (&'static str, String) {
    let (word, what) = match step {
        Step::Start => {
            ("start", "Every key signs. A change makes new keys and publishes them; the present ones go on signing.")
        }
        Step::Finish if seen => ("finish", "The DNS has the new keys: they may sign from now on."),
        Step::Finish => (
            "finish",
            "New keys are made and do not sign yet. They may once the DNS is seen to have them; if it stays without them, \
             publish the plan again.",
        ),
        Step::Revoke(_) => (
            "retire",
            "The new keys sign. The old ones stay published for messages that are still on their way, then they are published \
             as revoked (an empty p=).",
        ),
        Step::Remove(_) => ("retire", "The old keys are published as revoked. A day later their records go."),
    };
    (word, what.to_owned())
}
