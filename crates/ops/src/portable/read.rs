//! `coldrelay import`: everything is looked at before the first row is written; what exists is left as it is.

use std::{collections::HashMap, path::Path};

use auth::Algorithm;
use rules::{Fault, secret::hash_password};
use store::{DkimKey, Mailbox, NewDomain, NewMail, NewMailbox, PastMail, SendingDomain, Suppression};

use super::{
    folder::{SealedFolder, damaged},
    mail::Filler,
    records::{
        DOMAINS, DomainRecord, KeyRecord, MAIL_INDEX, MAILBOXES, MailRecord, MailboxRecord, PlaceRecord, SUPPRESSIONS,
    },
    write::Cast,
};
use crate::{Ops, mailbox::password};

/// How many were made, and how many were there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// Made, or would be.
    pub made: usize,
    /// There already: left as they are.
    pub there: usize,
}

/// What an import did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Ported {
    /// Nothing was written.
    pub dry_run: bool,
    /// Domains, each with its keys.
    pub domains: Tally,
    /// Mailboxes.
    pub mailboxes: Tally,
    /// Mails.
    pub mails: Tally,
    /// Suppressed addresses.
    pub suppressions: Tally,
    /// What could not be taken, and why.
    pub problems: Vec<String>,
}

/// The tables of an export, read and looked at.
struct Tables {
    domains: Vec<(DomainRecord, Vec<DkimKey>)>,
    mailboxes: Vec<MailboxRecord>,
    suppressions: Vec<Suppression>,
}

impl Ops {
    /// Reads an export into this installation. Domains are not published, and mailboxes get passwords that nobody knows: passwords
    /// cannot be exported. A second run makes what is missing.
    ///
    /// # Errors
    /// `import.manifest`, `import.damaged` (both before anything is written), `store.*`
    pub async fn import_folder(&self, root: &Path, dry_run: bool, told: Cast<'_>) -> Result<Ported, Fault> {
        let folder = SealedFolder::open(root)?;
        let tables = tables(&folder)?;
        let mut ported = Ported { dry_run, ..Ported::default() };
        let made = self.take_domains(&tables, &mut ported).await?;
        told("domains", tables.domains.len());
        let mut mailboxes = HashMap::new();
        for record in &tables.mailboxes {
            let mailbox = self.take_mailbox(record, &tables, &mut ported).await?;
            mailboxes.insert(record.address.key(), mailbox);
        }
        told("mailboxes", tables.mailboxes.len());
        if !dry_run {
            self.take_grants(&tables, &mailboxes, &mut ported).await?;
            self.take_catch_all(&made, &mut ported).await?;
        }
        for record in &tables.mailboxes {
            // A mailbox that could not be made takes no mail either: its problem is told already.
            let Some(mailbox) = mailboxes.get(&record.address.key()) else { continue };
            if mailbox.is_some() || dry_run {
                self.take_mail(&folder, record, mailbox.as_ref(), &mut ported).await?;
                told("mails", ported.mails.made + ported.mails.there);
            }
        }
        self.take_suppressions(tables.suppressions, &mut ported).await?;
        Ok(ported)
    }

    /// The domains that were made, with what is still to be set.
    async fn take_domains(
        &self,
        tables: &Tables,
        ported: &mut Ported,
    ) -> Result<Vec<(SendingDomain, DomainRecord)>, Fault> {
        let mut made = Vec::new();
        for (record, keys) in &tables.domains {
            if self.store.domain(&record.name).await?.is_some() {
                ported.domains.there += 1;
                continue;
            }
            if ported.dry_run {
                ported.domains.made += 1;
                continue;
            }
            let new = NewDomain {
                workspace: self.store.ensure_workspace(&record.workspace).await?.id,
                name: record.name.clone(),
                egress_ip: record.egress_ip,
                mail_host: record.mail_host.clone(),
                dmarc_policy: record.dmarc_policy.clone(),
                publisher: self.publishing.name().to_owned(),
                keys: keys.clone(),
            };
            match self.store.add_domain(new).await {
                Ok(domain) => {
                    ported.domains.made += 1;
                    made.push((domain, record.clone()));
                }
                Err(fault) if fault.code.starts_with("domain.") => {
                    ported.problems.push(format!("the domain {}: {fault}", record.name))
                }
                Err(fault) => return Err(fault.context(self.so_far(ported))),
            }
        }
        Ok(made)
    }

    async fn take_mailbox(
        &self,
        record: &MailboxRecord,
        tables: &Tables,
        ported: &mut Ported,
    ) -> Result<Option<Mailbox>, Fault> {
        if let Some(there) = self.store.mailbox(&record.address).await? {
            ported.mailboxes.there += 1;
            return Ok(Some(there));
        }
        if ported.dry_run {
            let domain = record.address.domain();
            let has_domain =
                tables.domains.iter().any(|(one, _)| one.name == *domain) || self.store.domain(domain).await?.is_some();
            match has_domain {
                true => ported.mailboxes.made += 1,
                false => ported.problems.push(format!("the mailbox {}: there is no domain {domain}", record.address)),
            }
            return Ok(None);
        }
        let new = NewMailbox {
            address: record.address.clone(),
            display: record.display.clone(),
            password_hash: hash_password(&self.key, &password()?),
            daily_cap: record.daily_cap,
            ramp: None,
        };
        match self.store.add_mailboxes(vec![new]).await {
            Ok(made) => {
                ported.mailboxes.made += 1;
                let made = made.into_iter().next();
                if let Some(made) = made.as_ref().filter(|_| record.suspended) {
                    self.store.set_suspended(&made.id, true).await?;
                }
                Ok(made)
            }
            Err(fault) if fault.code.starts_with("mailbox.") => {
                ported.problems.push(format!("the mailbox {}: {fault}", record.address));
                Ok(None)
            }
            Err(fault) => Err(fault.context(self.so_far(ported))),
        }
    }

    async fn take_grants(
        &self,
        tables: &Tables,
        mailboxes: &HashMap<String, Option<Mailbox>>,
        ported: &mut Ported,
    ) -> Result<(), Fault> {
        let of = |key: String| mailboxes.get(&key).and_then(Option::as_ref);
        for record in &tables.mailboxes {
            for other in &record.send_as {
                let granted = match (of(record.address.key()), of(other.key())) {
                    (Some(mailbox), Some(lender)) => self.store.grant(&mailbox.id, &lender.id).await,
                    _ => Err(Fault::caller("mailbox.unknown", "one of the two is not here")),
                };
                match granted {
                    Ok(()) => {}
                    Err(fault) if fault.code.starts_with("mailbox.") => {
                        ported.problems.push(format!("{} may not send as {other}: {fault}", record.address));
                    }
                    Err(fault) => return Err(fault),
                }
            }
        }
        Ok(())
    }

    async fn take_catch_all(&self, made: &[(SendingDomain, DomainRecord)], ported: &mut Ported) -> Result<(), Fault> {
        for (domain, record) in made.iter().filter(|(_, record)| record.catch_all.is_some()) {
            let changed = SendingDomain { catch_all: record.catch_all.clone(), ..domain.clone() };
            match self.store.update_domain(&changed).await {
                Ok(()) => {}
                Err(fault) if fault.code.starts_with("domain.") => {
                    ported.problems.push(format!("the domain {}: {fault}", record.name))
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    async fn take_mail(
        &self,
        folder: &SealedFolder,
        record: &MailboxRecord,
        mailbox: Option<&Mailbox>,
        ported: &mut Ported,
    ) -> Result<(), Fault> {
        let Some(below) = &record.folder else { return Ok(()) };
        let mut filler = Filler::of(self, mailbox.map(|mailbox| &mailbox.id), ported.dry_run).await?;
        for mail in folder.table::<MailRecord>(&format!("{below}/{MAIL_INDEX}"))? {
            let content = folder.read(&format!("{below}/{}", mail.file))?;
            let mail_of = NewMail {
                mailbox: mailbox
                    .map(|mailbox| mailbox.id.clone())
                    .unwrap_or_else(|| rules::id::MailboxId(String::new())),
                kind: mail.kind,
                reverse_path: mail.reverse_path,
                forward_path: mail.forward_path,
                from: mail.from,
                subject: mail.subject,
                // The recipient that it was about is a row of the other installation.
                about: None,
                verdicts: mail.verdicts,
                content,
            };
            let places = mail.places.into_iter().map(PlaceRecord::place).collect();
            let past = PastMail { mail: mail_of, received_at: mail.received_at, suspicion: mail.suspicion, places };
            filler.take(past).await.map_err(|fault| fault.context(self.so_far(ported)))?;
        }
        if let Some(mailbox) = mailbox.filter(|_| !ported.dry_run) {
            for name in &record.folders {
                self.store
                    .ensure_folder(&mailbox.id, name)
                    .await
                    .map_err(|fault| fault.context(self.so_far(ported)))?;
            }
        }
        let (taken, there) = filler.end().await.map_err(|fault| fault.context(self.so_far(ported)))?;
        ported.mails.made += taken;
        ported.mails.there += there;
        Ok(())
    }

    async fn take_suppressions(&self, past: Vec<Suppression>, ported: &mut Ported) -> Result<(), Fault> {
        let all = past.len();
        let made = if ported.dry_run {
            let mut missing = 0;
            for one in &past {
                missing += usize::from(self.store.suppression(&one.address).await?.is_none());
            }
            missing
        } else {
            let mut made = 0;
            for some in past.chunks(500) {
                made += self
                    .store
                    .put_past_suppressions(some.to_vec())
                    .await
                    .map_err(|fault| fault.context(self.so_far(ported)))?;
            }
            usize::try_from(made).unwrap_or(all)
        };
        ported.suppressions = Tally { made, there: all.saturating_sub(made) };
        Ok(())
    }

    /// What an import that breaks off had done.
    fn so_far(&self, ported: &Ported) -> String {
        format!(
            "importing; {} domains, {} mailboxes and {} mails of this run are in, and a second run goes on from there",
            ported.domains.made, ported.mailboxes.made, ported.mails.made
        )
    }
}

/// Reads the tables and looks at everything that they name, before anything is written.
fn tables(folder: &SealedFolder) -> Result<Tables, Fault> {
    let mut domains = Vec::new();
    for (line, record) in (1..).zip(folder.table::<DomainRecord>(DOMAINS)?) {
        let at = |what: &str| damaged(format!("{DOMAINS} line {line}: {}: {what}", record.name));
        if !matches!(record.dmarc_policy.as_str(), "none" | "quarantine" | "reject") {
            return Err(at("its DMARC policy is none of none, quarantine, reject"));
        }
        if !is_word(&record.workspace, 200) {
            return Err(at("its workspace is no name"));
        }
        let keys =
            record.keys.iter().map(|key| read_key(folder, key).map_err(|what| at(&what))).collect::<Result<_, _>>()?;
        domains.push((record, keys));
    }
    let mailboxes: Vec<MailboxRecord> = folder.table(MAILBOXES)?;
    for (line, record) in (1..).zip(&mailboxes) {
        let at = |what: String| damaged(format!("{MAILBOXES} line {line}: {}: {what}", record.address));
        if record.display.as_ref().is_some_and(|name| !is_word(name, 200)) {
            return Err(at(String::from("its display name holds a control character, or is too long")));
        }
        let Some(below) = &record.folder else { continue };
        let index = format!("{below}/{MAIL_INDEX}");
        if !folder.has(&index) {
            return Err(at(format!("{index} is not in the manifest")));
        }
        for (line, mail) in (1..).zip(folder.table::<MailRecord>(&index)?) {
            if !folder.has(&format!("{below}/{}", mail.file)) {
                return Err(damaged(format!("{index} line {line}: {} is not in the manifest", mail.file)));
            }
        }
    }
    let counts = folder.manifest.counts;
    let suppressions: Vec<Suppression> = folder.table(SUPPRESSIONS)?;
    let found = (domains.len(), mailboxes.len(), suppressions.len());
    if found != (counts.domains, counts.mailboxes, counts.suppressions) {
        let what = format!(
            "the tables hold {} domains, {} mailboxes, {} suppressions, and the manifest says {}, {}, {}",
            found.0, found.1, found.2, counts.domains, counts.mailboxes, counts.suppressions
        );
        return Err(damaged(what));
    }
    Ok(Tables { domains, mailboxes, suppressions })
}

fn read_key(folder: &SealedFolder, key: &KeyRecord) -> Result<DkimKey, String> {
    let is_selector = !key.selector.is_empty()
        && key.selector.len() <= 100
        && key.selector.bytes().all(|octet| octet.is_ascii_alphanumeric() || b".-_".contains(&octet));
    if !is_selector || Algorithm::parse(&key.algorithm).is_none() || !is_word(&key.txt, 4096) {
        return Err(String::from("one of its DKIM keys has an odd selector, algorithm or record"));
    }
    let octets = folder.read(&key.file).map_err(|fault| fault.to_string())?;
    let text = String::from_utf8(octets).map_err(|_| format!("{} is no PEM", key.file))?;
    let inner = text
        .trim()
        .strip_prefix("-----BEGIN PRIVATE KEY-----")
        .and_then(|text| text.strip_suffix("-----END PRIVATE KEY-----"));
    let der = inner.and_then(|inner| syntax::decode_base64(&inner.split_whitespace().collect::<String>()));
    let private_key =
        der.filter(|der| !der.is_empty()).ok_or_else(|| format!("{} is no private key in PEM (PKCS#8)", key.file))?;
    let (selector, algorithm) = (key.selector.clone(), key.algorithm.clone());
    Ok(DkimKey { selector, algorithm, private_key, txt: key.txt.clone(), active: key.active })
}

/// One line of at most so many letters.
fn is_word(text: &str, most: usize) -> bool {
    !text.is_empty() && text.chars().count() <= most && !text.chars().any(char::is_control)
}
