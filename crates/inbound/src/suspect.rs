//! What speaks against a message that arrived: the verdicts, blocklists, names of files, and rspamd when there is one.
//! Whatever cannot be asked says nothing: mail is never held up or lost for it.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use auth::{Verdict, Verdicts};
use dns::{Asker, Found};
use net::{Post, post};
use reference::{Blocklist, Listed, Means};
use rules::suspicion::{Sign, Suspicion, of_file_name, of_verdicts};
use syntax::{Address, Message};

/// Most attachments that are looked at.
const MAX_PARTS: usize = 50;
/// Most octets of rspamd's answer.
const MAX_ANSWER: usize = 256 * 1024;

/// Blocklists that are asked about who brings mail.
#[derive(Debug, Clone)]
pub struct Listings {
    /// Through whom they are asked; its limit holds for all of them together.
    pub asker: Asker,
    /// Zones of the catalogue.
    pub zones: Vec<String>,
}

/// Where rspamd listens.
#[derive(Debug, Clone)]
pub struct Rspamd {
    /// Its HTTP worker (`normal`, port 11333).
    pub target: SocketAddr,
    /// Longest wait; then the message goes on without its word.
    pub limit: Duration,
}

/// A message, and how it came.
pub(crate) struct Suspect<'a> {
    pub(crate) peer: IpAddr,
    pub(crate) helo: &'a str,
    pub(crate) reverse_path: Option<&'a Address>,
    pub(crate) recipients: Vec<String>,
    pub(crate) id: &'a str,
    pub(crate) message: &'a Message<'a>,
    pub(crate) content: &'a [u8],
    pub(crate) verdicts: &'a Verdicts,
}

impl Suspect<'_> {
    /// Everything that is seen.
    pub(crate) async fn look(&self, listings: Option<&Listings>, rspamd: Option<&Rspamd>) -> Suspicion {
        let dkim_failed = self.verdicts.dkim.iter().any(|dkim| dkim.verdict == Verdict::Fail);
        let mut signs = of_verdicts(self.verdicts.spf.as_str(), dkim_failed, self.verdicts.dmarc.as_str());
        signs.extend(self.file_names().iter().filter_map(|name| of_file_name(name)));
        let (listed, scanned) = tokio::join!(self.listed(listings), self.scanned(rspamd));
        signs.extend(listed);
        signs.extend(scanned);
        Suspicion::of(signs)
    }

    fn file_names(&self) -> Vec<String> {
        let name = |part: &syntax::Part<'_>| {
            let (_, parameters) = syntax::content_type(&part.value("Content-Disposition").unwrap_or_default());
            let of_disposition = parameters.into_iter().find(|(name, _)| name == "filename").map(|(_, value)| value);
            let of_type = || part.parameters.iter().find(|(name, _)| name == "name").map(|(_, value)| value.clone());
            of_disposition.or_else(of_type).map(|name| syntax::decode_words(&name))
        };
        self.message.parts().iter().take(MAX_PARTS).filter_map(name).collect()
    }

    async fn listed(&self, listings: Option<&Listings>) -> Vec<Sign> {
        let Some(Listings { asker, zones }) = listings else { return Vec::new() };
        let mut asking = tokio::task::JoinSet::new();
        for zone in zones {
            let (asker, zone, peer) = (asker.clone(), zone.clone(), self.peer);
            asking.spawn(async move { listed_in(&asker, &zone, peer).await });
        }
        let all = async {
            let mut signs = Vec::new();
            while let Some(found) = asking.join_next().await {
                signs.extend(found.ok().flatten());
            }
            signs
        };
        tokio::time::timeout(asker.limit(), all).await.unwrap_or_default()
    }

    async fn scanned(&self, rspamd: Option<&Rspamd>) -> Vec<Sign> {
        let Some(Rspamd { target, limit }) = rspamd else { return Vec::new() };
        let mut fields = vec![
            ("IP", self.peer.to_string()),
            ("Helo", self.helo.to_owned()),
            ("From", self.reverse_path.map_or_else(String::new, ToString::to_string)),
            ("Queue-Id", self.id.to_owned()),
        ];
        fields.extend(self.recipients.iter().map(|recipient| ("Rcpt", recipient.clone())));
        let asked = Post {
            host: target.ip().to_string(),
            addresses: vec![target.ip()],
            port: target.port(),
            authority: target.to_string(),
            path: "/checkv2".to_owned(),
            tls: None,
            headers: fields.into_iter().map(|(name, value)| (name, header_value(&value))).collect(),
            body: self.content.to_vec(),
            limit: *limit,
            octets: MAX_ANSWER,
        };
        match post(&asked).await {
            Ok(answer) if answer.status == 200 => signs_of_rspamd(&answer.body),
            Ok(answer) => {
                tracing::warn!(status = answer.status, "rspamd refused to look at a message");
                Vec::new()
            }
            Err(fault) => {
                tracing::warn!(%fault, "rspamd could not be asked: the message goes on without its word");
                Vec::new()
            }
        }
    }
}

/// What an HTTP header can hold: whoever says a strange HELO must not get past the filter by it.
fn header_value(text: &str) -> String {
    let keep = |letter: char| if letter.is_ascii_graphic() || letter == ' ' { letter } else { '?' };
    text.chars().take(512).map(keep).collect()
}

/// rspamd's answer. <https://docs.rspamd.com/developers/protocol> (2026): `action`, `score`, `required_score`, `symbols`.
fn signs_of_rspamd(body: &[u8]) -> Vec<Sign> {
    let Ok(answer) = serde_json::from_slice::<serde_json::Value>(body) else { return Vec::new() };
    let action = answer.get("action").and_then(serde_json::Value::as_str).unwrap_or_default();
    let number = |name: &str| answer.get(name).and_then(serde_json::Value::as_f64).unwrap_or(0.0);
    let points = match action {
        "reject" => 10,
        "add header" | "rewrite subject" | "quarantine" => 5,
        "greylist" | "soft reject" => 2,
        _ => return Vec::new(),
    };
    let what = format!("{action} at {:.1} of {:.1}", number("score"), number("required_score"));
    let mut signs = vec![Sign { id: "rspamd".to_owned(), what, points }];
    let symbols = answer.get("symbols").and_then(serde_json::Value::as_object);
    let virus = symbols.into_iter().flatten().find(|(name, _)| name.contains("VIRUS"));
    signs.extend(virus.map(|(name, _)| Sign { id: "virus".to_owned(), what: name.clone(), points: 10 }));
    signs
}

/// Whether a zone of the catalogue lists an IP with a code that means something bad. RFC 5782 §2.1
async fn listed_in(asker: &Asker, zone: &str, peer: IpAddr) -> Option<Sign> {
    let list = reference::blocklist(zone)?;
    let kind = if peer.is_ipv4() { Listed::Ipv4 } else { Listed::Ipv6 };
    let name = dns::reverse_name(peer);
    let labels = name.strip_suffix(".in-addr.arpa").or_else(|| name.strip_suffix(".ip6.arpa"))?;
    let asked = list.asked(None).filter(|_| list.takes(kind))?;
    match asker.a(&format!("{labels}.{asked}")).await {
        Ok(Found::Records(answers)) => {
            let is_bad = |answer: &&std::net::Ipv4Addr| is_bad(list, **answer);
            let answer = answers.iter().find(is_bad)?;
            Some(Sign { id: "listed".to_owned(), what: format!("{zone} {answer}"), points: 5 })
        }
        _ => None,
    }
}

fn is_bad(list: &Blocklist, answer: std::net::Ipv4Addr) -> bool {
    // RFC 5782 §2.1: answers lie in 127.0.0.0/8; lists refuse in 127.255.255.0/24.
    let [first, second, ..] = answer.octets();
    let meanings = list.meanings(answer);
    first == 127 && second != 255 && meanings.iter().any(|code| matches!(code.means(list.weight), Means::Bad))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_of_rspamd_is_weighed() {
        let signs = |text: &str| signs_of_rspamd(text.as_bytes());
        let found = signs(r#"{"action":"add header","score":7.34,"required_score":15,"symbols":{"CLAM_VIRUS":{}}}"#);
        assert_eq!(found[0].what, "add header at 7.3 of 15.0");
        assert_eq!(found[1].id, "virus");
        assert!(signs(r#"{"action":"no action","score":0.1}"#).is_empty());
        assert!(signs("<html>").is_empty());
    }
}
