//! One attempt: the name looked up, the address judged, the body signed and posted. Standard Webhooks 1.0.

use std::{net::IpAddr, time::Duration};

use dns::{Found, Resolver};
use net::{ClientTls, Post, Posted, post};
use rules::{
    Blame, Fault, Retry,
    id::DeliveryId,
    reach::Reach,
    webhook::{Answered, Host, Target, internal, retry_after, sign},
};
use store::{AttemptNote, Webhook};
use syntax::Timestamp;

/// Longest wait for an answer, from the first question to the DNS on. Standard Webhooks 1.0 recommends 15 to 30 s.
const LIMIT: Duration = Duration::from_secs(15);
/// Most octets of an answer that are read; so much is shown to the endpoint's owner.
const ANSWER: usize = 1024;
/// Most addresses of a name that are tried.
const ADDRESSES: usize = 4;

/// How endpoints are reached.
#[derive(Debug, Clone)]
pub struct Posting {
    /// Who is asked for addresses. What it says is what is dialled: no second look-up can say something else.
    pub resolver: Resolver,
    /// Which addresses may be dialled.
    pub reach: Reach,
    /// Whether `http://` is allowed.
    pub http: bool,
    /// What is trusted.
    pub tls: ClientTls,
    /// Longest wait for an answer.
    pub limit: Duration,
}

/// How an attempt ended.
#[derive(Debug)]
pub struct Outcome {
    /// What the rules decide upon.
    pub answered: Answered,
    /// The beginning of the answer.
    pub answer: String,
    /// What went wrong.
    pub fault: Option<Fault>,
    /// Where a redirect points; it was not followed.
    pub location: Option<String>,
}

impl Posting {
    /// Public addresses over https alone, with the public roots.
    pub fn new(resolver: Resolver) -> Self {
        Self { resolver, reach: Reach::Public, http: false, tls: ClientTls::verified(), limit: LIMIT }
    }

    /// Reads a URL as an endpoint's.
    ///
    /// # Errors
    /// `webhook.bad-url`, `webhook.internal-address`
    pub fn target(&self, url: &str) -> Result<Target, Fault> {
        Target::parse(url, self.http, self.reach)
    }

    /// The addresses of a target that may be dialled.
    ///
    /// # Errors
    /// `webhook.internal-address` when there are others alone, `webhook.unresolved`, `dns.*`
    pub async fn addresses(&self, target: &Target) -> Result<Vec<IpAddr>, Fault> {
        let name = match &target.host {
            Host::Ip(ip) if self.reach.allows(*ip) => return Ok(vec![*ip]),
            Host::Ip(ip) => return Err(internal(&ip.to_string())),
            Host::Name(name) => name,
        };
        let found = match self.resolver.addresses(name).await? {
            Found::Records(found) => found,
            Found::NoData | Found::NoSuchName => {
                return Err(Fault::caller("webhook.unresolved", format!("the name {name} has no address in the DNS")));
            }
        };
        let allowed: Vec<IpAddr> = found.into_iter().filter(|ip| self.reach.allows(*ip)).take(ADDRESSES).collect();
        if allowed.is_empty() { Err(internal(name)) } else { Ok(allowed) }
    }

    /// Posts a body, signed with every secret that holds.
    pub async fn post(&self, webhook: &Webhook, id: &DeliveryId, body: &str, now: Timestamp) -> Outcome {
        let attempt = async {
            let target = self.target(&webhook.url)?;
            let addresses = self.addresses(&target).await?;
            let request = Post {
                host: match &target.host {
                    Host::Name(name) => name.clone(),
                    Host::Ip(ip) => ip.to_string(),
                },
                addresses,
                port: target.port,
                authority: target.authority(),
                path: target.path.clone(),
                tls: target.secure.then(|| self.tls.clone()),
                headers: headers(webhook, id, body, now),
                body: body.as_bytes().to_vec(),
                limit: self.limit,
                octets: ANSWER,
            };
            post(&request).await
        };
        match tokio::time::timeout(self.limit, attempt).await {
            Ok(ended) => ended.map_or_else(Outcome::failed, Outcome::answered),
            Err(_) => {
                let what = format!("no answer within {} s", self.limit.as_secs_f32());
                Outcome::failed(Fault::new("fetch.timeout", Blame::Peer, Retry::Later).context(what))
            }
        }
    }
}

impl Outcome {
    fn answered(posted: Posted) -> Self {
        Self {
            answered: Answered::Status(posted.status, posted.retry_after.as_deref().and_then(retry_after)),
            answer: String::from_utf8_lossy(&posted.body).into_owned(),
            fault: None,
            location: posted.location,
        }
    }

    fn failed(fault: Fault) -> Self {
        Self { answered: Answered::Nothing, answer: String::new(), fault: Some(fault), location: None }
    }

    /// The HTTP status, when there was an answer.
    pub fn status(&self) -> Option<u16> {
        match self.answered {
            Answered::Status(status, _) => Some(status),
            Answered::Nothing => None,
        }
    }

    /// What is kept of it.
    pub fn note(&self, began: Timestamp, ended: Timestamp) -> AttemptNote {
        let redirected = self.location.as_ref().filter(|_| matches!(self.status(), Some(300..400)));
        let error = match (&self.fault, redirected) {
            (Some(fault), _) => Some(format!("{}: {fault}", fault.code)),
            (None, Some(to)) => Some(format!("webhook.redirect: it points to {to}, and redirects are not followed")),
            (None, None) => None,
        };
        AttemptNote {
            at: began,
            took_ms: u64::try_from(ended.since(began).as_millis()).unwrap_or(u64::MAX),
            status: self.status(),
            error,
            answer: self.answer.clone(),
        }
    }
}

fn headers(webhook: &Webhook, id: &DeliveryId, body: &str, now: Timestamp) -> Vec<(&'static str, String)> {
    let (id, seconds) = (format!("msg_{id}"), now.micros().div_euclid(1_000_000));
    vec![
        ("content-type", String::from("application/json")),
        ("webhook-signature", sign(webhook.secrets(now), &id, seconds, body)),
        ("webhook-timestamp", seconds.to_string()),
        ("webhook-id", id),
    ]
}
