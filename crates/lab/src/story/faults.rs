//! Faults planted in our own set-up, how they show, and their repair.

use auth::Algorithm;
use dns::Data;
use ops::DomainRequest;
use rules::Fault;
use smtp::client::RecipientOutcome;
use store::{SendingDomain, ZoneRecord};

use super::{
    Direct, Lab, Letter, domain,
    forecast::{self, Tested},
    letter, login_of, mailbox,
};
use crate::{
    hostile::Login,
    report::{Delivery, FaultStory, ProofStory},
};

/// What is broken.
#[derive(Clone, Copy)]
enum Kind {
    WrongKey,
    NoSpf,
    Unproven,
    Listed,
    LostMx,
}

/// A planted fault and the message that shows it.
pub(super) struct Planted {
    kind: Kind,
    fault: &'static str,
    pub letter: Letter,
    /// What the deliverability test says of the sender, once the fault is there.
    tested: Option<Tested>,
}

impl Planted {
    fn domain(&self) -> &'static str {
        self.letter.from.rsplit('@').next().unwrap_or_default()
    }

    /// What is written to show it.
    pub fn letters(&self) -> Vec<Letter> {
        let mut letters = forecast::letters(self.letter.from);
        letters.push(letter(self.letter.from, self.letter.to, self.letter.purpose));
        letters
    }
}

fn all() -> Vec<Planted> {
    let dmarc = "dana@dmarc-enforcing.test";
    let plant = |kind, fault, from, to| Planted { kind, fault, letter: letter(from, to, fault), tested: None };
    vec![
        plant(Kind::WrongKey, "the DKIM keys in DNS are wrong", "ann@wrong-key.test", dmarc),
        plant(Kind::NoSpf, "SPF does not name the egress IP", "ann@no-spf.test", dmarc),
        plant(Kind::Unproven, "neither SPF nor DKIM is right", "ann@unproven.test", dmarc),
        plant(Kind::Listed, "the egress IP is on a DNSBL", "ann@listed.test", "dana@blocklisting.test"),
        plant(Kind::LostMx, "the MX names a host that is gone", "ann@lost-mx.test", "dana@strict.test"),
    ]
}

impl Lab {
    pub(super) async fn plant(&self) -> Result<Vec<Planted>, Fault> {
        let mut planted = all();
        for fault in &planted {
            let sender = self.sender(fault).await?;
            match fault.kind {
                Kind::Listed => self.world.list(sender.egress_ip).await?,
                kind => self.break_zone(kind, &sender).await?,
            }
        }
        self.house.refresh().await?;
        for fault in &mut planted {
            fault.tested = Some(self.test(fault.domain()).await?);
        }
        Ok(planted)
    }

    /// Somebody edits the zone by hand.
    async fn break_zone(&self, kind: Kind, sender: &SendingDomain) -> Result<(), Fault> {
        let (_, rsa) = auth::generate(Algorithm::Rsa)?;
        let (_, ed25519) = auth::generate(Algorithm::Ed25519)?;
        let mut records = self.ops.store.zone_records(&sender.id).await?;
        for record in &mut records {
            let spf_is_wrong = matches!(kind, Kind::NoSpf | Kind::Unproven);
            let keys_are_wrong = matches!(kind, Kind::WrongKey | Kind::Unproven);
            match Data::parse(&record.kind, &record.rdata)? {
                Data::Txt(text) if keys_are_wrong && text.starts_with("v=DKIM1") => {
                    let stranger = if text.contains("k=ed25519") { &ed25519 } else { &rsa };
                    set(record, Data::Txt(stranger.clone()));
                }
                Data::Txt(text)
                    if spf_is_wrong && text.starts_with("v=spf1") && record.owner == sender.name.as_str() =>
                {
                    set(record, Data::Txt(String::from("v=spf1 ip4:127.0.9.9 -all")));
                }
                Data::Mx(..) if matches!(kind, Kind::LostMx) => {
                    set(record, Data::Mx(10, format!("old.{}", sender.name)));
                }
                _ => {}
            }
        }
        self.ops.store.set_zone_records(&sender.id, records).await
    }

    pub(super) async fn repair_all(
        &self,
        logins: &[Login],
        planted: &[Planted],
        directs: &[Direct],
    ) -> Result<Vec<FaultStory>, Fault> {
        let first = self.deliveries().await?;
        let mut stories = Vec::new();
        for fault in planted {
            stories.push(self.repair(logins, fault, &first).await?);
        }
        stories.push(self.give_the_ghost_a_mailbox(directs).await?);
        stories.push(self.write_from_properly(logins, directs).await?);
        self.rest().await?;
        let last = self.deliveries().await?;
        for story in &mut stories {
            let after = last.iter().find(|delivery| delivery.purpose == purpose_after(&story.fault));
            story.after = after.map(shown).unwrap_or_default();
            story.fixed = after.is_some_and(|delivery| delivery.status == "delivered");
        }
        Ok(stories)
    }

    async fn repair(&self, logins: &[Login], fault: &Planted, first: &[Delivery]) -> Result<FaultStory, Fault> {
        let sender = self.sender(fault).await?;
        let drift = self.ops.diff_domain(&sender.name).await?.changes.len();
        let mut proofs = self.proofs_of(logins, fault).await?;
        let repair = match fault.kind {
            Kind::Listed => {
                self.world.delist(sender.egress_ip).await?;
                format!("delisting of {} asked for and granted", sender.egress_ip)
            }
            _ => {
                let request = DomainRequest {
                    name: sender.name.clone(),
                    workspace: String::from("lab"),
                    egress_ip: Some(sender.egress_ip),
                    dmarc_policy: None,
                    catch_all: None,
                };
                self.ops.apply_domain(&request).await?;
                self.house.refresh().await?;
                format!("coldrelay domain apply {}", sender.name)
            }
        };
        proofs.extend(self.proofs_of(logins, fault).await?);
        self.write_again(logins, fault).await?;
        let before = first.iter().find(|delivery| delivery.purpose == fault.fault);
        let told = story(fault.fault, &sender, before, drift, repair);
        let findings_after = self.test(fault.domain()).await?.findings;
        Ok(match &fault.tested {
            Some(tested) => {
                let (findings, forecasts) = (tested.findings.clone(), tested.forecasts(first));
                FaultStory { findings, findings_after, forecasts, proofs, ..told }
            }
            None => FaultStory { findings_after, proofs, ..told },
        })
    }

    /// The pairing proof of a mailbox whose MX is lost, and what it may send then.
    async fn proofs_of(&self, logins: &[Login], fault: &Planted) -> Result<Vec<ProofStory>, Fault> {
        match fault.kind {
            Kind::LostMx => Ok(vec![self.prove_and_send(login_of(logins, fault.letter.from)?).await?]),
            _ => Ok(Vec::new()),
        }
    }

    async fn write_again(&self, logins: &[Login], fault: &Planted) -> Result<(), Fault> {
        let purpose = purpose_after(fault.fault);
        let login = login_of(logins, fault.letter.from)?;
        self.write_as(login, fault.letter.to, &purpose).await
    }

    /// The address that was refused everywhere becomes a real mailbox.
    async fn give_the_ghost_a_mailbox(&self, directs: &[Direct]) -> Result<FaultStory, Fault> {
        let fault = "a From without a mailbox";
        let made = self.ops.add_mailboxes(&[mailbox("ghost@acme-mail.test", "Guy Host")?]).await?;
        let sender = self.acme().await?;
        let login = made.into_iter().next().map(|new| Login { address: new.address, password: new.password });
        if let Some(login) = login {
            self.write_as(&login, "dana@strict.test", &purpose_after(fault)).await?;
        }
        let before = directs.iter().find(|direct| direct.purpose == fault).map(Direct::delivery);
        let repair = String::from("coldrelay mailbox add ghost@acme-mail.test");
        Ok(story(fault, &sender, before.as_ref(), 0, repair))
    }

    /// The same author with a From that can be read.
    async fn write_from_properly(&self, logins: &[Login], directs: &[Direct]) -> Result<FaultStory, Fault> {
        let fault = "a malformed From";
        let login = login_of(logins, super::ANN)?;
        self.write_as(login, "dana@legacy.test", &purpose_after(fault)).await?;
        let sender = self.acme().await?;
        let before = directs.iter().find(|direct| direct.purpose == fault).map(Direct::delivery);
        Ok(story(fault, &sender, before.as_ref(), 0, String::from("From: \"Ann Doe\" <ann@acme-mail.test>")))
    }

    async fn write_as(&self, login: &Login, to: &str, subject: &str) -> Result<(), Fault> {
        let from = &login.address;
        let content = format!("From: \"Ann Doe\" <{from}>\r\nTo: {to}\r\nSubject: {subject}\r\n\r\nHello again\r\n");
        match self.submit(login, from, to, content.into_bytes()).await? {
            RecipientOutcome::Accepted(_) => Ok(()),
            other => Err(Fault::caller("lab.submission", format!("{from} to {to} was not accepted: {other:?}"))),
        }
    }

    async fn sender(&self, fault: &Planted) -> Result<SendingDomain, Fault> {
        self.domain_row(fault.domain()).await
    }

    async fn acme(&self) -> Result<SendingDomain, Fault> {
        self.domain_row("acme-mail.test").await
    }

    async fn domain_row(&self, name: &str) -> Result<SendingDomain, Fault> {
        let row = self.ops.store.domain(&domain(name)?).await?;
        row.ok_or_else(|| Fault::caller("domain.unknown", format!("{name} was not provisioned")))
    }
}

fn purpose_after(fault: &str) -> String {
    format!("repaired: {fault}")
}

fn set(record: &mut ZoneRecord, data: Data) {
    record.rdata = data.rdata();
}

fn story(fault: &str, sender: &SendingDomain, before: Option<&Delivery>, drift: usize, repair: String) -> FaultStory {
    FaultStory {
        fault: fault.into(),
        domain: sender.name.clone(),
        before: before.map(shown).unwrap_or_default(),
        entry: before.and_then(|delivery| delivery.entry.clone()),
        drift,
        repair,
        after: String::new(),
        fixed: false,
        findings: Vec::new(),
        findings_after: Vec::new(),
        forecasts: Vec::new(),
        proofs: Vec::new(),
    }
}

/// `bounced: 550 5.7.26 …`
fn shown(delivery: &Delivery) -> String {
    match &delivery.reply {
        Some(reply) => format!("{}: {reply}", delivery.status),
        None => delivery.status.clone(),
    }
}
