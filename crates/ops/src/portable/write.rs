//! `coldrelay export`.

use std::path::Path;

use dns::write_zone;
use rules::{Fault, id::MailId};
use store::{Mail, Place, SendingDomain};

use super::{
    folder::NewFolder,
    mbox,
    records::{
        Counts, DOMAINS, DomainRecord, EVENTS, FORMAT, KeyRecord, MAIL_INDEX, MAILBOXES, MailRecord, MailboxRecord,
        Manifest, PlaceRecord, SUPPRESSIONS, VERSION,
    },
};
use crate::Ops;

/// Rows read at once.
const PAGE: u32 = 500;

/// What is exported besides the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExportOptions {
    /// Mail, as Maildir.
    pub mail: bool,
    /// Mail, as mbox besides.
    pub mbox: bool,
    /// The event log.
    pub events: bool,
}

/// What is being written: a word for people, and how many.
pub type Cast<'a> = &'a mut (dyn FnMut(&str, usize) + Send);

impl Ops {
    /// Writes the installation into a folder that is new or empty. Passwords are not in it: only keyed hashes are kept, and those
    /// hold with this installation's key alone.
    ///
    /// # Errors
    /// `export.folder`, `store.*`
    pub async fn export_folder(&self, root: &Path, options: ExportOptions, told: Cast<'_>) -> Result<Manifest, Fault> {
        let mut folder = NewFolder::make(root)?;
        let mut counts = Counts::default();
        self.write_domains(&mut folder, &mut counts).await?;
        told("domains", counts.domains);
        self.write_mailboxes(&mut folder, options, &mut counts, told).await?;
        let mut file = folder.file(SUPPRESSIONS.to_owned())?;
        for suppression in self.store.suppressions().await? {
            file.line(&suppression)?;
            counts.suppressions += 1;
        }
        folder.end(file)?;
        told("suppressions", counts.suppressions);
        if options.events {
            self.write_events(&mut folder, &mut counts).await?;
            told("events", counts.events);
        }
        folder.seal(Manifest {
            format: FORMAT.to_owned(),
            version: VERSION,
            written_by: concat!("coldrelay ", env!("CARGO_PKG_VERSION")).to_owned(),
            written_at: self.store.clock().now(),
            counts,
            files: Vec::new(),
        })
    }

    async fn write_domains(&self, folder: &mut NewFolder, counts: &mut Counts) -> Result<(), Fault> {
        let workspaces = self.store.workspaces().await?;
        let mut file = folder.file(DOMAINS.to_owned())?;
        for domain in self.store.domains(None).await? {
            let workspace = workspaces.iter().find(|one| one.id == domain.workspace);
            let workspace = workspace.map_or_else(|| String::from("default"), |one| one.name.clone());
            let record = self.domain_record(folder, &domain, workspace).await?;
            counts.domains += 1;
            counts.keys += record.keys.len();
            file.line(&record)?;
        }
        folder.end(file)
    }

    async fn domain_record(
        &self,
        folder: &mut NewFolder,
        domain: &SendingDomain,
        workspace: String,
    ) -> Result<DomainRecord, Fault> {
        let mut keys = Vec::new();
        for (number, key) in (1..).zip(self.store.dkim_keys(&domain.id).await?) {
            // Selectors are the operator's words: the file is named by a number.
            let path = format!("keys/{}/{number}.pem", domain.name);
            folder.put(path.clone(), pem(&key.private_key).as_bytes())?;
            let (selector, algorithm) = (key.selector, key.algorithm);
            keys.push(KeyRecord { selector, algorithm, active: key.active, txt: key.txt, file: path });
        }
        let shown = self.show_domain(&domain.name).await?;
        let zones = dns::zones(&domain.name, &shown.planned);
        let text = zones.iter().map(write_zone).collect::<Vec<_>>().join("\n");
        folder.put(format!("zones/{}.zone", domain.name), text.as_bytes())?;
        Ok(DomainRecord {
            name: domain.name.clone(),
            workspace,
            egress_ip: domain.egress_ip,
            mail_host: domain.mail_host.clone(),
            catch_all: domain.catch_all.clone(),
            dmarc_policy: domain.dmarc_policy.clone(),
            created_at: domain.created_at,
            keys,
        })
    }

    async fn write_mailboxes(
        &self,
        folder: &mut NewFolder,
        options: ExportOptions,
        counts: &mut Counts,
        told: Cast<'_>,
    ) -> Result<(), Fault> {
        let mut file = folder.file(MAILBOXES.to_owned())?;
        for (number, mailbox) in (1..).zip(self.store.mailboxes(None).await?) {
            let below = options.mail.then(|| format!("mail/{number:05}"));
            if let Some(below) = &below {
                counts.mails += self
                    .write_mail(folder, &mailbox, below, options.mbox.then(|| format!("mbox/{number:05}.mbox")))
                    .await?;
                told("mails", counts.mails);
            }
            let folders = self.store.folders(&mailbox.id).await?.into_iter().map(|folder| folder.name).collect();
            file.line(&MailboxRecord {
                send_as: self
                    .store
                    .grants(&mailbox.id)
                    .await?
                    .into_iter()
                    .filter(|other| *other != mailbox.address)
                    .collect(),
                address: mailbox.address,
                display: mailbox.display,
                daily_cap: mailbox.daily_cap,
                suspended: mailbox.suspended_at.is_some(),
                created_at: mailbox.created_at,
                folder: below,
                folders,
            })?;
            counts.mailboxes += 1;
        }
        told("mailboxes", counts.mailboxes);
        folder.end(file)
    }

    /// A Maildir with the octets as they are stored, and an index of what stands beside them in the store.
    async fn write_mail(
        &self,
        folder: &mut NewFolder,
        mailbox: &store::Mailbox,
        below: &str,
        also: Option<String>,
    ) -> Result<usize, Fault> {
        for part in ["new", "tmp", "cur"] {
            folder.below(&format!("{below}/{part}"))?;
        }
        let mut index = folder.file(format!("{below}/{MAIL_INDEX}"))?;
        let mut also = also.map(|path| folder.file(path)).transpose()?;
        let (mut count, mut after) = (0, String::new());
        loop {
            let page = self.store.mails_behind(&mailbox.id, &after, PAGE).await?;
            let ids: Vec<MailId> = page.iter().map(|mail| mail.id.clone()).collect();
            let places = self.store.places_of(&ids).await?;
            for mail in &page {
                // A mail whose content is gone meanwhile is gone.
                let Some(content) = self.store.mail_content(&mail.id).await? else { continue };
                count += 1;
                let seconds = mail.received_at.micros().div_euclid(1_000_000);
                let name = format!("cur/{seconds}.{count:07}.coldrelay:2,");
                folder.put(format!("{below}/{name}"), &content)?;
                let places = places.get(&mail.id).map(Vec::as_slice).unwrap_or_default();
                index.line(&record(mail, name, places))?;
                if let Some(also) = &mut also {
                    also.write(&mbox::written(mail, &content))?;
                }
            }
            match page.last() {
                Some(last) if page.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX) => after = last.id.0.clone(),
                _ => break,
            }
        }
        if let Some(also) = also {
            folder.end(also)?;
        }
        folder.end(index)?;
        Ok(count)
    }

    async fn write_events(&self, folder: &mut NewFolder, counts: &mut Counts) -> Result<(), Fault> {
        let mut file = folder.file(EVENTS.to_owned())?;
        let mut after = 0;
        loop {
            let page = self.store.events_after(after, PAGE).await?;
            for event in &page {
                file.line(event)?;
            }
            counts.events += page.len();
            match page.last() {
                Some(last) => after = last.sequence,
                None => return folder.end(file),
            }
        }
    }
}

fn record(mail: &Mail, file: String, places: &[Place]) -> MailRecord {
    MailRecord {
        file,
        kind: mail.kind,
        reverse_path: mail.reverse_path.clone(),
        forward_path: mail.forward_path.clone(),
        from: mail.from.clone(),
        subject: mail.subject.clone(),
        verdicts: mail.verdicts.clone(),
        suspicion: mail.suspicion.clone(),
        received_at: mail.received_at,
        places: places.iter().map(PlaceRecord::of).collect(),
    }
}

/// PKCS#8 in PEM. RFC 7468 §10.
fn pem(der: &[u8]) -> String {
    let text = syntax::encode_base64(der);
    let mut lines = String::from("-----BEGIN PRIVATE KEY-----\n");
    for (place, letter) in text.chars().enumerate() {
        if place > 0 && place % 64 == 0 {
            lines.push('\n');
        }
        lines.push(letter);
    }
    lines.push_str("\n-----END PRIVATE KEY-----\n");
    lines
}
