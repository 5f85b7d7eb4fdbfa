//! Mailboxes: add, list, import, export.

use rand::{TryRng as _, rngs::SysRng};
use rules::{Blame, Fault, Retry, secret::hash_password};
use store::{Mailbox, NewMailbox};
use syntax::{Address, Domain};

use crate::{BadRow, Ops, domain::unknown, rows::unguarded};

/// Letters and digits that are not taken for one another.
const ALPHABET: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// 24 letters of 56: 139 bits.
const PASSWORD_LENGTH: usize = 24;

/// A mailbox asked for.
#[derive(Debug, Clone)]
pub struct MailboxRequest {
    /// Address.
    pub address: Address,
    /// Display name.
    pub display: Option<String>,
    /// Cap; the installation's when not said.
    pub daily_cap: Option<u32>,
}

/// A new mailbox and its password, shown once.
#[derive(Clone, serde::Serialize)]
pub struct NewCredentials {
    /// Address: also the login.
    pub address: Address,
    /// Display name.
    pub display: Option<String>,
    /// Generated password, 24 characters; only its keyed hash is stored.
    pub password: String,
    /// Host of submission and IMAP: the domain's mail host.
    pub host: Domain,
}

impl std::fmt::Debug for NewCredentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewCredentials").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Ops {
    /// Makes mailboxes, all or none.
    ///
    /// # Errors
    /// `mailbox.exists`, `mailbox.no-domain`, `store.*`
    pub async fn add_mailboxes(&self, requests: &[MailboxRequest]) -> Result<Vec<NewCredentials>, Fault> {
        let mut credentials = Vec::new();
        let mut new = Vec::new();
        for request in requests {
            let password = password()?;
            new.push(NewMailbox {
                address: request.address.clone(),
                display: request.display.clone(),
                password_hash: hash_password(&self.key, &password),
                daily_cap: request.daily_cap.unwrap_or(self.daily_cap),
            });
            credentials.push(self.credentials(&request.address, request.display.clone(), password).await?);
        }
        self.store.add_mailboxes(new).await?;
        Ok(credentials)
    }

    /// All, of one domain when given.
    ///
    /// # Errors
    /// `domain.unknown`, `store.*`
    pub async fn mailboxes(&self, domain: Option<&Domain>) -> Result<Vec<Mailbox>, Fault> {
        match domain {
            None => self.store.mailboxes(None).await,
            Some(name) => {
                let domain = self.store.domain(name).await?.ok_or_else(|| unknown(name))?;
                self.store.mailboxes(Some(&domain.id)).await
            }
        }
    }

    /// New password, shown once.
    ///
    /// # Errors
    /// `mailbox.unknown`, `store.*`
    pub async fn reset_password(&self, address: &Address) -> Result<NewCredentials, Fault> {
        let mailbox = self.mailbox(address).await?;
        let password = password()?;
        self.store.set_password_hash(&mailbox.id, &hash_password(&self.key, &password)).await?;
        self.credentials(&mailbox.address, mailbox.display, password).await
    }

    /// Suspends a mailbox (it keeps its mail, cannot log in, and takes no mail), or ends that.
    ///
    /// # Errors
    /// `mailbox.unknown`, `store.*`
    pub async fn suspend(&self, mailbox: &Address, suspended: bool) -> Result<(), Fault> {
        let mailbox = self.mailbox(mailbox).await?;
        self.store.set_suspended(&mailbox.id, suspended).await
    }

    /// Lets one mailbox send as another of its workspace.
    ///
    /// # Errors
    /// `mailbox.unknown`, `mailbox.other-workspace`, `store.*`
    pub async fn grant(&self, mailbox: &Address, other: &Address) -> Result<(), Fault> {
        let (mailbox, other) = (self.mailbox(mailbox).await?, self.mailbox(other).await?);
        self.store.grant(&mailbox.id, &other.id).await
    }

    /// Reads CSV (`address,display,daily_cap`; header line required): all faults at once, each with its line.
    ///
    /// # Errors
    /// `mailbox.csv` naming every bad line; then nothing is made.
    pub async fn import_mailboxes(&self, csv: &str) -> Result<Vec<NewCredentials>, Fault> {
        let requests = read_csv(csv)?;
        self.add_mailboxes(&requests).await
    }

    /// CSV of all mailboxes, without passwords: address, display, host and ports, as sequencers ask for them.
    ///
    /// # Errors
    /// `domain.unknown`, `store.*`
    pub async fn export_mailboxes(&self, domain: Option<&Domain>) -> Result<String, Fault> {
        let mut rows = vec![
            vec![
                "address",
                "display",
                "daily_cap",
                "smtp_host",
                "smtp_port",
                "smtp_security",
                "imap_host",
                "imap_port",
            ]
            .into_iter()
            .map(String::from)
            .collect::<Vec<_>>(),
        ];
        for mailbox in self.mailboxes(domain).await? {
            let host = mailbox.address.domain().child("box").to_string();
            let (address, display) = (mailbox.address.to_string(), mailbox.display.unwrap_or_default());
            let cap = mailbox.daily_cap.to_string();
            let fixed = |text: &str| text.to_owned();
            rows.push(vec![address, display, cap, host.clone(), fixed("465"), fixed("tls"), host, fixed("993")]);
        }
        write_csv(&rows)
    }

    pub(crate) async fn mailbox(&self, address: &Address) -> Result<Mailbox, Fault> {
        let found = self.store.mailbox(address).await?;
        found.ok_or_else(|| {
            let what = format!("{address} is not a mailbox here: `coldrelay mailbox add {address}` makes it");
            Fault::caller("mailbox.unknown", what)
        })
    }

    async fn credentials(
        &self,
        address: &Address,
        display: Option<String>,
        password: String,
    ) -> Result<NewCredentials, Fault> {
        let domain = self.store.domain(address.domain()).await?;
        let host = domain.map_or_else(|| address.domain().child("box"), |domain| domain.mail_host);
        Ok(NewCredentials { address: address.clone(), display, password, host })
    }
}

/// Credentials as CSV, to be handed on once.
///
/// # Errors
/// `mailbox.csv`.
pub fn credentials_csv(credentials: &[NewCredentials]) -> Result<String, Fault> {
    let mut rows =
        vec![vec![String::from("address"), String::from("display"), String::from("password"), String::from("host")]];
    for new in credentials {
        rows.push(vec![
            new.address.to_string(),
            new.display.clone().unwrap_or_default(),
            new.password.clone(),
            new.host.to_string(),
        ]);
    }
    write_csv(&rows)
}

pub(crate) fn password() -> Result<String, Fault> {
    let mut password = String::new();
    let mut octets = [0; 64];
    while password.len() < PASSWORD_LENGTH {
        SysRng
            .try_fill_bytes(&mut octets)
            .map_err(|error| Fault::new("random", Blame::Operator, Retry::Later).caused_by(error))?;
        // Octets above the last whole multiple are thrown away, so that every letter is as likely.
        let whole = 256 - 256 % ALPHABET.len();
        let fair = octets.iter().map(|octet| usize::from(*octet)).filter(|value| *value < whole);
        let letters = fair.filter_map(|value| ALPHABET.get(value % ALPHABET.len()));
        password.extend(letters.map(|letter| char::from(*letter)).take(PASSWORD_LENGTH - password.len()));
    }
    Ok(password)
}

fn read_csv(text: &str) -> Result<Vec<MailboxRequest>, Fault> {
    let (rows, bad) = read_rows(text);
    match bad.is_empty() {
        true => Ok(rows.into_iter().map(|(_, request)| request).collect()),
        false => Err(bad_csv(bad.into_iter().map(|row| format!("line {}: {}", row.line, row.what)).collect())),
    }
}

/// The rows that can be read, each with its line, and those that cannot.
pub(crate) fn read_rows(text: &str) -> (Vec<(u64, MailboxRequest)>, Vec<BadRow>) {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
    let bad_header = |what: String| (Vec::new(), vec![BadRow { line: 1, what }]);
    let headers = match reader.headers() {
        Ok(headers) => headers.clone(),
        Err(error) => return bad_header(error.to_string()),
    };
    let column = |name: &str| headers.iter().position(|header| header.eq_ignore_ascii_case(name));
    let Some(address) = column("address") else {
        return bad_header(String::from("there is no column `address`; expected address,display,daily_cap"));
    };
    let (display, cap) = (column("display"), column("daily_cap"));
    let (mut requests, mut bad) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                bad.push(BadRow { line, what: error.to_string() });
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |index: Option<usize>| {
            index.and_then(|index| record.get(index)).map(unguarded).filter(|cell| !cell.is_empty())
        };
        let parsed_cap = cell(cap).map(str::parse).transpose();
        match (Address::parse(cell(Some(address)).unwrap_or_default()), parsed_cap) {
            (Ok(address), Ok(daily_cap)) => {
                let display = cell(display).map(String::from);
                requests.push((line, MailboxRequest { address, display, daily_cap }));
            }
            (Err(malformed), _) => bad.push(BadRow { line, what: format!("the address: {malformed}") }),
            (_, Err(_)) => bad.push(BadRow { line, what: String::from("daily_cap is not a whole number") }),
        }
    }
    (requests, bad)
}

fn bad_csv(mut lines: Vec<String>) -> Fault {
    lines.push(String::from("nothing was imported"));
    Fault::caller("mailbox.csv", lines.join("\n"))
}

pub(crate) fn write_csv(rows: &[Vec<String>]) -> Result<String, Fault> {
    let fault = |error: String| Fault::new("mailbox.csv", Blame::Us, Retry::Later).caused_by(error);
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).map_err(|error| fault(error.to_string()))?;
    }
    let octets = writer.into_inner().map_err(|error| fault(error.to_string()))?;
    String::from_utf8(octets).map_err(|error| fault(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_long_and_never_the_same() {
        let (one, two) = (password().unwrap(), password().unwrap());
        assert_eq!(one.len(), PASSWORD_LENGTH);
        assert!(one.bytes().all(|octet| ALPHABET.contains(&octet)));
        assert_ne!(one, two);
    }

    #[test]
    fn every_bad_line_of_an_import_is_named() {
        let text = "address,display,daily_cap\nann@example.com,\"Doe, Ann\",30\nnobody,x,\nben@example.com,,many\n";
        let fault = read_csv(text).unwrap_err().to_string();
        assert!(fault.contains("line 3") && fault.contains("line 4") && !fault.contains("line 2"), "{fault}");
        let good = read_csv("Address\nann@example.com\n").unwrap();
        assert_eq!(good[0].address.to_string(), "ann@example.com");
        assert!(read_csv("mail\nann@example.com\n").unwrap_err().to_string().contains("`address`"));
    }
}
