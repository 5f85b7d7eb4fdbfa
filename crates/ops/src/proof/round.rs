//! One proof, step by step.

use rules::{
    Fault,
    id::{MailboxId, ProofId},
    proof::{CORRESPONDENT, Seen, State, Step},
    secret::unguessable,
};
use store::{Mailbox, Proof, SendingDomain};
use syntax::{Address, Timestamp};

use super::{
    carry::{self, Way},
    watch::Prover,
};
use crate::domain::unknown;

/// Letters of a one-time local part.
const LETTERS: usize = 16;
/// Domains that are looked at for a correspondent.
const CANDIDATES: usize = 3;

/// A proof under way.
pub(super) struct Round<'p> {
    pub prover: &'p Prover,
    pub proof: &'p Proof,
    /// What is being looked at.
    pub at: Step,
    /// What was looked at.
    pub steps: Vec<Seen>,
}

/// Who takes part.
pub(super) struct Parties {
    pub mailbox: Mailbox,
    /// The mailbox's domain.
    pub own: SendingDomain,
    /// Whom it writes to.
    pub correspondent: Address,
    /// The correspondent's domain, another of the workspace when one can be reached.
    pub theirs: SendingDomain,
    /// Message-IDs of the message, of its answer, of the one for the catch-all.
    pub ids: Ids,
}

pub(super) struct Ids {
    pub outward: String,
    pub reply: String,
    pub stray: String,
}

impl<'p> Round<'p> {
    pub fn new(prover: &'p Prover, proof: &'p Proof) -> Self {
        Self { prover, proof, at: Step::Submission, steps: Vec::new() }
    }

    /// Takes every step that can be taken.
    ///
    /// # Errors
    /// What kept a step from being looked at: it is the one in `at`.
    pub async fn go(&mut self) -> Result<(), Fault> {
        let Some(parties) = self.parties().await? else { return Ok(()) };
        let way = self.look_at_mx(&parties).await;
        self.outward(&parties).await?;
        self.answer(&parties, &way).await?;
        self.names(&parties, &way).await?;
        Ok(())
    }

    pub fn now(&self) -> Timestamp {
        self.prover.ops.store.clock().now()
    }

    /// Writes down what was seen of a step.
    pub fn saw(&mut self, step: Step, state: State, evidence: impl Into<String>) {
        let at = self.now();
        self.steps.push(Seen::new(step, state, evidence, at));
    }

    /// The MX of the mailbox's domain, as the world sees it.
    async fn look_at_mx(&mut self, parties: &Parties) -> Way {
        self.at = Step::Mx;
        let way = self.way_to(&parties.own).await;
        let (state, seen) = match &way {
            Way::Hosts(hosts) => {
                let shown: Vec<String> = hosts.iter().map(ToString::to_string).collect();
                let has_ours = hosts.iter().any(|host| host.name == parties.own.mail_host);
                let note =
                    if has_ours { String::new() } else { format!("; {} is not among them", parties.own.mail_host) };
                (State::Ok, format!("{} MX {}{note}", parties.own.name, shown.join(", ")))
            }
            Way::Nowhere(why) => (State::Bad, why.clone()),
            Way::Unknown(why) => (State::Unknown, why.clone()),
        };
        self.saw(Step::Mx, state, seen);
        way
    }

    pub async fn way_to(&self, domain: &SendingDomain) -> Way {
        carry::way(&self.prover.ops.resolver, &domain.name, domain.egress_ip).await
    }

    /// Who takes part; `None` when there is nothing to prove, which is written down.
    async fn parties(&mut self) -> Result<Option<Parties>, Fault> {
        let store = &self.prover.ops.store;
        let mailbox = self.prover.ops.mailbox(&self.proof.address).await?;
        let name = mailbox.address.domain();
        let own = store.domain(name).await?.ok_or_else(|| unknown(name))?;
        if let Some(since) = mailbox.suspended_at {
            self.saw(
                Step::Submission,
                State::Unknown,
                format!("the mailbox is suspended since {since}: it cannot log in"),
            );
            return Ok(None);
        }
        let theirs = self.correspondents_domain(&own).await?;
        let local = format!("{}{}", CORRESPONDENT, self.letters("correspondent"));
        let correspondent = address(&local, &theirs)?;
        let id = |what: &str, domain: &SendingDomain| format!("{}@{}", self.letters(what), domain.name);
        let ids = Ids { outward: id("outward", &own), reply: id("reply", &theirs), stray: id("stray", &theirs) };
        let expected = [ids.outward.clone(), ids.reply.clone(), ids.stray.clone()];
        store.expect_letters(&self.proof.id, &correspondent, &expected).await?;
        Ok(Some(Parties { mailbox, own, correspondent, theirs, ids }))
    }

    /// Another domain of the workspace, if its own MX leads to a mail host of ours that can be reached: what is wrong with it
    /// must not be laid at this mailbox's door. Else the mailbox's own.
    async fn correspondents_domain(&self, own: &SendingDomain) -> Result<SendingDomain, Fault> {
        let mut others = self.prover.ops.store.domains(Some(&own.workspace)).await?;
        others.retain(|domain| domain.id != own.id);
        if !others.is_empty() {
            // Ids end in chance: the proofs of a day do not all go to the same one.
            let turn = self.proof.id.as_str().bytes().map(usize::from).sum::<usize>() % others.len();
            others.rotate_left(turn);
        }
        for domain in others.into_iter().take(CANDIDATES) {
            if let Way::Hosts(hosts) = self.way_to(&domain).await
                && let Some(host) = hosts.first().filter(|host| host.name == domain.mail_host)
                && host.addresses.contains(&domain.egress_ip)
                && carry::is_open(host, own.egress_ip, self.prover.watch.mx_port).await
            {
                return Ok(domain);
            }
        }
        Ok(own.clone())
    }

    /// Letters that nobody can guess, the same for the same proof and use.
    pub fn letters(&self, what: &str) -> String {
        let ProofId(id) = &self.proof.id;
        let begun = self.proof.begun_at.map_or(0, Timestamp::micros);
        unguessable(&self.prover.ops.key, &format!("proof {id} {begun} {what}")).chars().take(LETTERS).collect()
    }

    /// Waits until a mail of this proof has arrived; in whose mailbox. The outer `None`: it did not arrive in time.
    pub async fn arrived(&self, message_id: &str) -> Result<Option<Option<MailboxId>>, Fault> {
        let until = tokio::time::Instant::now() + ARRIVAL.min(self.prover.watch.limit);
        loop {
            if let Some(letter) = self.prover.ops.store.letter(message_id).await? {
                return Ok(Some(letter.mailbox));
            }
            if tokio::time::Instant::now() >= until {
                return Ok(None);
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// How long a mail that was taken may be on its way: our own MX has stored it before it says 250.
const ARRIVAL: std::time::Duration = std::time::Duration::from_secs(5);
/// Between two looks into the store.
pub(super) const LOOK: std::time::Duration = std::time::Duration::from_millis(100);

pub(super) fn address(local: &str, domain: &SendingDomain) -> Result<Address, Fault> {
    Address::new(local, domain.name.clone()).map_err(|malformed| Fault::caller("domain.name", malformed.to_string()))
}
