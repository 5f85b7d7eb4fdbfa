//! Keeps certificates: orders what is due, one at a time, shows what was given to every listener, and waits when a CA says no.

use std::{path::PathBuf, sync::Arc, time::Duration};

use net::{Acme, Challenge, Issued, Refused, ServerTls, Stop};
use rules::{
    Fault,
    certificate::{Failure, IN_HAND, MOST, SPAN, next_try, pause, read_retry_after, renew_at},
};
use store::{Ca, Certificate, CertificateEnd};
use syntax::{Address, Timestamp};

use super::{
    answers::{Hosts, Shower},
    wanted,
};
use crate::{Ops, house::ZoneFeed};

/// Longest wait for one request to a CA.
const REQUEST_LIMIT: Duration = Duration::from_secs(30);
/// Longest wait for an order to be validated, and again for the certificate.
const ORDER_LIMIT: Duration = Duration::from_secs(180);
/// Looks between two of the domains.
const DOMAINS_EVERY: u32 = 10;

/// How certificates are ordered.
#[derive(Debug, Clone)]
pub struct CertificateWatch {
    /// URL of the CA's directory.
    pub directory: String,
    /// Where the CA may write to.
    pub contact: Option<Address>,
    /// Whether its terms of service are agreed to.
    pub terms_agreed: bool,
    /// How it is shown that names are ours.
    pub challenge: Challenge,
    /// A file of roots (PEM) that are trusted beside the public ones, for the CA's own HTTPS.
    pub roots: Option<PathBuf>,
    /// Host name of the installation.
    pub hostname: String,
}

/// The running watch.
pub(crate) struct Certificates {
    ops: Ops,
    acme: Acme,
    hostname: String,
    tls: ServerTls,
    zones: Arc<ZoneFeed>,
    /// The last revision that is shown.
    shown: i64,
    ca: Ca,
}

impl Certificates {
    /// # Errors
    /// `tls.certificate` when the roots cannot be read.
    pub(crate) fn new(ops: Ops, watch: CertificateWatch, tls: ServerTls, zones: Arc<ZoneFeed>) -> Result<Self, Fault> {
        let acme = Acme {
            directory: watch.directory,
            contact: watch.contact.map(|address| address.to_string()),
            terms_agreed: watch.terms_agreed,
            roots: watch.roots.as_deref().map(net::certificates).transpose()?.unwrap_or_default(),
            challenge: watch.challenge,
            lookup: Arc::new(Hosts(ops.resolver.clone())),
            request_limit: REQUEST_LIMIT,
            order_limit: ORDER_LIMIT,
        };
        tls.show_by_default(&watch.hostname);
        Ok(Self { ops, acme, hostname: watch.hostname, tls, zones, shown: 0, ca: Ca::default() })
    }

    /// Looks until it is stopped. An order under way is given up then: it is made again in an hour at the earliest.
    pub(crate) async fn run(mut self, poll: Duration, mut stop: Stop) {
        let mut looks = 0_u32;
        loop {
            tokio::select! {
                () = stop.stopped() => return,
                looked = self.look(looks) => {
                    if let Err(fault) = looked {
                        tracing::warn!(code = fault.code, %fault, "certificates cannot be looked after now");
                    }
                }
            }
            looks = looks.wrapping_add(1);
            tokio::select! {
                () = stop.stopped() => return,
                () = tokio::time::sleep(poll) => {}
            }
        }
    }

    /// One look. Whatever is due is ordered in it.
    pub(super) async fn look(&mut self, looks: u32) -> Result<(), Fault> {
        if looks == 0 {
            self.ca = self.ops.store.acme_ca(&self.acme.directory).await?;
            // Of an order that was cut off.
            self.shower().clear().await;
        }
        if looks.is_multiple_of(DOMAINS_EVERY) {
            let domains = self.ops.store.domains(None).await?;
            self.ops.store.want_certificates(wanted(&self.hostname, &domains)).await?;
        }
        self.show_given().await?;
        let now = self.ops.store.clock().now();
        if self.ca.paused_until.is_some_and(|until| now < until) {
            return Ok(());
        }
        let Some(due) = self.ops.store.take_certificate(now - SPAN, MOST).await? else { return Ok(()) };
        self.renew(due).await?;
        self.show_given().await
    }

    /// Shows what was given since the last look, by this process or another.
    async fn show_given(&mut self) -> Result<(), Fault> {
        for given in self.ops.store.certificates_given_after(self.shown).await? {
            self.shown = given.revision;
            // One that cannot be shown keeps no other from being shown.
            match self.tls.show(&given.names, &given.chain, &given.private_key) {
                Ok(()) => tracing::info!(names = given.names.join(","), "a certificate is shown from now on"),
                Err(fault) => {
                    tracing::error!(code = fault.code, %fault, names = given.names.join(","), "a kept certificate cannot be shown")
                }
            }
        }
        Ok(())
    }

    async fn renew(&mut self, due: Certificate) -> Result<(), Fault> {
        let ordered = self.order(&due).await;
        self.shower().clear().await;
        let now = self.ops.store.clock().now();
        let (due_at, end) = match ordered {
            Ok(issued) => given(issued, now),
            Err(refused) => self.failed(&due, refused, now).await?,
        };
        self.ops.store.end_certificate(&due.name, due_at, end).await
    }

    async fn order(&mut self, due: &Certificate) -> Result<Issued, Refused> {
        let account = match &self.ca.credentials {
            Some(credentials) => self.acme.account(credentials).await?,
            None => {
                let (account, credentials) = self.acme.register().await?;
                self.ca.credentials = Some(credentials);
                self.keep().await?;
                account
            }
        };
        account.order(&due.names, &self.shower()).await
    }

    async fn failed(
        &mut self,
        due: &Certificate,
        refused: Refused,
        now: Timestamp,
    ) -> Result<(Timestamp, CertificateEnd), Fault> {
        let Refused { fault, retry_after } = refused;
        let told = retry_after.and_then(|text| read_retry_after(&text, now));
        tracing::warn!(code = fault.code, %fault, name = due.name, "an order for a certificate failed");
        let paused_until = (of(&fault) == Failure::OfCa).then(|| pause(now, told));
        let forget = fault.code == "acme.account-unknown";
        if paused_until.is_some() || self.ca.paused_until.is_some() || forget {
            self.ca.paused_until = paused_until;
            self.ca.credentials.take_if(|_| forget);
            self.keep().await?;
        }
        let end = CertificateEnd::Failed { code: fault.code.to_owned(), problem: fault.to_string() };
        Ok((next_try(now, due.failures.saturating_add(1), told), end))
    }

    #[cfg(test)]
    pub(super) fn disagree(&mut self) {
        self.acme.terms_agreed = false;
    }

    async fn keep(&self) -> Result<(), Fault> {
        self.ops.store.keep_acme_ca(&self.acme.directory, self.ca.clone()).await
    }

    fn shower(&self) -> Shower {
        Shower { ops: self.ops.clone(), zones: self.zones.clone(), challenge: self.acme.challenge }
    }
}

fn given(issued: Issued, now: Timestamp) -> (Timestamp, CertificateEnd) {
    let moment = |seconds: i64| Timestamp::from_micros(seconds.saturating_mul(1_000_000));
    let (not_before, not_after) = (moment(issued.not_before), moment(issued.not_after));
    let end = CertificateEnd::Given { chain: issued.chain, private_key: issued.key, not_before, not_after };
    // One whose time is over already, by a clock that is wrong, is not ordered again and again.
    (renew_at(not_before, not_after).max(now + IN_HAND), end)
}

fn of(fault: &Fault) -> Failure {
    match fault.code {
        "acme.unreachable" | "acme.broken" | "acme.rate-limited" => Failure::OfCa,
        _ => Failure::OfName,
    }
}
