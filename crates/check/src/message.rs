//! The test of a message: how it is signed and aligned, how it is written, how it came, and what receivers would say of it.

mod alignment;
mod content;
mod format;
mod signature;
mod trace;

use std::{borrow::Cow, net::IpAddr};

use auth::{Arrived, DmarcWalk, Verdict, Verdicts, walk_dmarc};
use rules::{Fault, reach::is_public};
use syntax::{Address, AuthResults, Domain, Hop, Message, Severity, Timestamp, parse_from};

use crate::{Checks, Finding, FromField, Kind, Known, Nature, Report, State, opt_out};

pub use signature::Signature;

const FROM: Kind = Kind::outbound("message.from", "from", "RFC 5322 §3.6.2");

pub(crate) fn kinds() -> Vec<&'static Kind> {
    [&[&FROM], signature::KINDS, alignment::KINDS, format::KINDS, content::KINDS, trace::KINDS].concat()
}

/// How a message came, as far as it is known; what is not known is read from its header.
#[derive(Debug, Clone, Default)]
pub struct MessageFacts {
    /// Who brought it.
    pub ip: Option<IpAddr>,
    /// Its HELO or EHLO argument.
    pub helo: Option<String>,
    /// The envelope sender; `Some(None)` is the null reverse-path.
    pub mail_from: Option<Option<Address>>,
    /// When it came.
    pub at: Option<Timestamp>,
    /// Whether the blocklists are asked about the IP, the From domain and the domains of the links.
    pub blocklists: bool,
    /// Whether the sender counts as one of bulk.
    pub bulk: bool,
}

/// The report on a message.
#[derive(Debug, Clone, serde::Serialize)]
pub struct MessageReport {
    /// Findings, grade, predicted replies.
    #[serde(flatten)]
    pub report: Report,
    /// Subject, decoded.
    pub subject: Option<String>,
    /// The address in From, when there is exactly one.
    pub from: Option<Address>,
    /// The IP that was taken for the sender's.
    pub ip: Option<IpAddr>,
    /// The envelope sender that was taken.
    pub mail_from: Option<String>,
    /// SPF of the envelope sender; `None` when the IP or the sender is not known.
    pub spf: Option<Verdict>,
    /// DMARC of the From domain, by the tree walk of RFC 9989; `None` when it could not be looked at.
    pub dmarc: Option<Verdict>,
    /// The way of the message, from its first host on.
    pub path: Vec<Hop>,
    /// What receivers wrote into Authentication-Results, the last one first.
    pub results: Vec<AuthResults>,
    /// Each DKIM signature.
    pub signatures: Vec<Signature>,
    /// Domains in its links.
    pub links: Vec<Domain>,
}

impl MessageReport {
    /// The way as cells of a table: at, by, from, IP, with.
    pub fn way(&self) -> Vec<Vec<String>> {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let row = |hop: &Hop| {
            vec![
                hop.at.map(|at| at.rfc5322()).unwrap_or_default(),
                text(&hop.by),
                text(&hop.from),
                hop.ip.map(|ip| ip.to_string()).unwrap_or_default(),
                text(&hop.with),
            ]
        };
        self.path.iter().map(row).collect()
    }
}

/// A message with everything that was read from it, before anybody is asked.
pub(crate) struct Letter<'m> {
    pub octets: &'m [u8],
    pub message: Message<'m>,
    pub path: Vec<Hop>,
    pub results: Vec<AuthResults>,
    pub from: Result<Address, FromField>,
    pub ip: Option<IpAddr>,
    pub helo: Option<String>,
    pub mail_from: Option<Option<Address>>,
    pub at: Option<Timestamp>,
}

impl Checks {
    /// Tests a message. Nothing in it is changed, and no link of it is followed.
    ///
    /// # Errors
    /// `message.malformed` when it has no header that can be read.
    pub async fn message(&self, octets: &[u8], facts: &MessageFacts) -> Result<MessageReport, Fault> {
        let octets = as_on_the_wire(octets);
        let letter = Letter::read(&octets, facts)?;
        let domain = letter.from.as_ref().ok().map(|from| from.domain().clone());
        let walk = async {
            match &domain {
                Some(domain) => Some(walk_dmarc(&self.resolver, domain).await),
                None => None,
            }
        };
        let (verdicts, walk) = tokio::join!(self.verdicts(&letter), walk);
        let walk = walk.transpose();
        let signatures = signature::read(&letter, &verdicts.dkim);
        let aligned = match (&domain, &walk) {
            (Some(domain), Ok(Some(walk))) => Some(self.alignment(&letter, domain, walk, &verdicts, &signatures).await),
            _ => None,
        };
        let mut findings = self.found(&letter, &signatures, walk.as_ref()).await;
        findings.extend(aligned.iter().flat_map(|aligned| aligned.findings.clone()));
        findings.extend(format::findings(&letter, &signatures, facts.bulk));
        let links = content::links(&letter.message);
        findings.extend(content::findings(&letter.message, &links));
        if facts.blocklists {
            findings.extend(self.lists(&letter, &content::domains(&links)).await);
        }
        findings.extend(trace::findings(&letter));
        findings.extend(owed(&letter.message, facts.bulk));
        let known =
            known(&letter, &verdicts, &signatures, aligned.as_ref().map(|aligned| aligned.verdict), &walk, facts);
        let known = crate::domain::with_hosts(known, &findings);
        let about = letter.message.value("Message-ID").unwrap_or_else(|| String::from("the message"));
        Ok(MessageReport {
            report: Report::new(about, findings, &known),
            subject: letter.message.all("Subject").next().map(syntax::Field::decoded),
            from: letter.from.clone().ok(),
            ip: letter.ip,
            mail_from: letter.mail_from.as_ref().map(|from| from.as_ref().map(ToString::to_string).unwrap_or_default()),
            spf: known.spf,
            dmarc: known.dmarc,
            path: letter.path,
            results: letter.results,
            signatures,
            links: content::domains(&links),
        })
    }

    /// SPF, DKIM and DMARC by mail-auth; without an IP only DKIM says anything.
    async fn verdicts(&self, letter: &Letter<'_>) -> Verdicts {
        let mail_from = letter.mail_from.clone().flatten();
        let arrived = Arrived {
            ip: letter.ip.unwrap_or(IpAddr::from([0, 0, 0, 0])),
            helo: letter.helo.as_deref().unwrap_or("unknown.invalid"),
            mail_from: mail_from.as_ref(),
            message: letter.octets,
        };
        let verdicts = self.verifier.verify(&arrived).await;
        // Nobody knows what SPF says of an IP that nobody knows.
        if letter.knows_envelope() { verdicts } else { Verdicts { spf: Verdict::None, ..verdicts } }
    }

    /// What the blocklists say of everybody whom the message names.
    async fn lists(&self, letter: &Letter<'_>, links: &[Domain]) -> Vec<Finding> {
        let of_ip = async {
            match letter.ip {
                Some(ip) => self.ip_blocklists(ip).await,
                None => Vec::new(),
            }
        };
        let of_domain = async {
            match &letter.from {
                Ok(from) => self.domain_blocklists(from.domain()).await,
                Err(_) => Vec::new(),
            }
        };
        let of_links = async { if links.is_empty() { Vec::new() } else { self.url_blocklists(links).await } };
        let (ip, domain, links) = tokio::join!(of_ip, of_domain, of_links);
        [ip, domain, links].concat()
    }

    async fn found(
        &self,
        letter: &Letter<'_>,
        signatures: &[Signature],
        walk: Result<&Option<DmarcWalk>, &Fault>,
    ) -> Vec<Finding> {
        let spf = async {
            match (letter.ip, letter.spf_domain()) {
                (Some(ip), Some(sender)) => self.spf(&sender, ip).await,
                _ => Vec::new(),
            }
        };
        let dmarc = async {
            match walk {
                Ok(Some(walk)) => self.of_walk(walk).await,
                Ok(None) => Vec::new(),
                Err(fault) => vec![alignment::unknown(fault)],
            }
        };
        let (spf, dmarc, hosts, sender) = tokio::join!(spf, dmarc, self.host(letter), self.sender(letter));
        let signatures = signature::findings(letter, signatures);
        [vec![of_from(letter)], spf, signatures, dmarc, hosts, sender].concat()
    }

    /// The host that brought it.
    async fn host(&self, letter: &Letter<'_>) -> Vec<Finding> {
        let Some(ip) = letter.ip else { return Vec::new() };
        let helo = async {
            match &letter.helo {
                Some(helo) => self.helo(helo, Some(ip)).await,
                None => Vec::new(),
            }
        };
        let (ptr, helo) = tokio::join!(self.ptr(ip), helo);
        [ptr, helo].concat()
    }

    /// The domain of the envelope sender.
    async fn sender(&self, letter: &Letter<'_>) -> Vec<Finding> {
        let Some(sender) = letter.spf_domain() else { return Vec::new() };
        let (mx, soa) = tokio::join!(self.mx(&sender), self.soa(&sender));
        [mx, soa].concat()
    }
}

impl<'m> Letter<'m> {
    fn read(octets: &'m [u8], facts: &MessageFacts) -> Result<Self, Fault> {
        let message = Message::parse(octets).map_err(|malformed| {
            Fault::caller("message.malformed", format!("this is no message: its header breaks off, {malformed}"))
        })?;
        if message.fields().is_empty() {
            let what =
                "this is no message: it has no header field (an RFC 5322 message begins with lines such as `From: …`)";
            return Err(Fault::caller("message.malformed", what));
        }
        let path: Vec<Hop> = {
            let mut hops: Vec<Hop> =
                message.all("Received").map(|field| syntax::parse_received(&field.value())).collect();
            hops.reverse();
            hops
        };
        let results =
            message.all("Authentication-Results").map(|field| syntax::parse_auth_results(&field.value())).collect();
        let entered = entrance(&path);
        let mail_from = facts.mail_from.clone().or_else(|| message.value("Return-Path").map(|value| path_of(&value)));
        Ok(Self {
            octets,
            from: from_of(&message),
            ip: facts.ip.or_else(|| entered.and_then(|hop| hop.ip)),
            helo: facts.helo.clone().or_else(|| entered.and_then(|hop| hop.from.clone())),
            at: facts.at.or_else(|| path.last().and_then(|hop| hop.at)),
            mail_from,
            message,
            path,
            results,
        })
    }

    /// Whether SPF can be evaluated.
    pub fn knows_envelope(&self) -> bool {
        self.ip.is_some() && self.spf_domain().is_some()
    }

    /// The domain that SPF is about. RFC 7208 §2.4
    pub fn spf_domain(&self) -> Option<Domain> {
        match self.mail_from.as_ref()? {
            Some(address) => Some(address.domain().clone()),
            None => Domain::parse(self.helo.as_deref()?).ok(),
        }
    }
}

/// A message as it was saved, as it was on the wire: without the first line of an mbox, and with CRLF where a program saved every
/// line with LF alone, since signatures are made over CRLF. RFC 6376 §5.3
fn as_on_the_wire(octets: &[u8]) -> Cow<'_, [u8]> {
    let plain = match octets.strip_prefix(b"From ").and_then(|rest| rest.iter().position(|octet| *octet == b'\n')) {
        Some(end) => octets.get(b"From ".len() + end + 1..).unwrap_or_default(),
        None => octets,
    };
    if plain.windows(2).any(|pair| pair == b"\r\n") {
        return Cow::Borrowed(plain);
    }
    let mut wire = Vec::with_capacity(plain.len() + plain.len() / 32);
    for octet in plain {
        if *octet == b'\n' {
            wire.push(b'\r');
        }
        wire.push(*octet);
    }
    Cow::Owned(wire)
}

/// The hop at which the message came to the receiver from outside: the last one with a public client, else the last one
/// with any.
fn entrance(path: &[Hop]) -> Option<&Hop> {
    let outside = |hop: &&Hop| hop.ip.is_some_and(is_public);
    path.iter().rev().find(outside).or_else(|| path.iter().rev().find(|hop| hop.ip.is_some()))
}

fn path_of(value: &str) -> Option<Address> {
    Address::parse(value.trim().trim_start_matches('<').trim_end_matches('>')).ok()
}

fn from_of(message: &Message<'_>) -> Result<Address, FromField> {
    let mut fields = message.all("From");
    let Some(field) = fields.next() else { return Err(FromField::NoAddress) };
    if fields.next().is_some() {
        return Err(FromField::Fields);
    }
    parse_from(&field.value()).map(|from| from.address).map_err(|malformed| match malformed.kind {
        syntax::Kind::TwoAddresses => FromField::Several,
        _ => FromField::NoAddress,
    })
}

/// As the From validator has it; a fault that only warns does not make the message bad.
fn of_from(letter: &Letter<'_>) -> Finding {
    let Some(field) = letter.message.all("From").next() else { return FROM.bad("there is no From field") };
    let inspected = syntax::inspect_from(field.raw.trim_ascii());
    let warns = inspected.faults.iter().any(|fault| fault.severity == Severity::Warning);
    let finding = match &letter.from {
        Ok(address) if warns => {
            FROM.warn(format!("From holds the one address {address}, in a form that receivers count against a message"))
        }
        Ok(address) => FROM.ok(format!("there is one From field, with the one address {address}")),
        Err(FromField::Fields) => FROM.bad("there are several From fields: receivers refuse the message"),
        Err(FromField::Several) => {
            FROM.bad("From holds several addresses: large receivers refuse it, and DMARC cannot be evaluated")
        }
        Err(_) => FROM.bad("From holds no address that can be read"),
    };
    let finding = finding.with("From", field.value());
    let told = inspected.faults.iter().filter(|fault| fault.severity != Severity::Note);
    let finding = told.fold(finding, |finding, fault| finding.with(fault.id, &fault.message));
    match inspected.repaired.filter(|_| finding.state != State::Ok) {
        Some(repaired) => finding.fix(format!("write it so: {repaired}")),
        None => finding,
    }
}

/// What the message certainly owes its recipient and does not give; `check opt-out` tells the rest.
fn owed(message: &Message<'_>, bulk: bool) -> Vec<Finding> {
    let told_already = ["opt-out.list-unsubscribe", "opt-out.one-click"];
    let mut findings = opt_out(message, bulk.then_some(Nature::Bulk));
    findings.retain(|finding| finding.state == State::Bad && !told_already.contains(&finding.id));
    findings
}

fn known(
    letter: &Letter<'_>,
    verdicts: &Verdicts,
    signatures: &[Signature],
    aligned: Option<Verdict>,
    walk: &Result<Option<DmarcWalk>, Fault>,
    facts: &MessageFacts,
) -> Known {
    Known {
        from: letter.from.as_ref().map(|from| from.domain().to_string()).unwrap_or_default(),
        mail_from: letter.spf_domain().map(|domain| domain.to_string()).unwrap_or_default(),
        ip: letter.ip,
        spf: letter.knows_envelope().then_some(verdicts.spf),
        dkim: Some(signatures.iter().any(|signature| signature.verdict == Verdict::Pass)),
        dmarc: aligned,
        policy: walk.as_ref().ok().and_then(Option::as_ref).map(|walk| walk.walk.policy),
        from_field: Some(letter.from.as_ref().err().copied().unwrap_or(FromField::Right)),
        bulk: facts.bulk,
        ..Known::default()
    }
}
