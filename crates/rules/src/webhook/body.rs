//! What is posted: `{"type": …, "timestamp": …, "data": {…}}`. Standard Webhooks 1.0, "Payload structure".

use serde_json::{Map, Value, json};
use syntax::{Address, Domain, Timestamp};

use super::name::TEST;
use crate::{
    event::Event,
    id::{MessageId, WebhookId, WorkspaceId},
};

/// Whom an event concerns, found in the store; stands in `data` besides what the event says itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Whose {
    /// Its workspace; `None` when it is a matter of the whole installation.
    pub workspace: Option<WorkspaceId>,
    /// The sending domain.
    pub domain: Option<Domain>,
    /// The message.
    pub message: Option<MessageId>,
    /// Who wrote.
    pub from: Option<Address>,
    /// The mailbox's address.
    pub address: Option<Address>,
    /// Subject of a mail that came.
    pub subject: Option<String>,
}

/// The body that tells an event under its public name.
pub fn body(name: &str, at: Timestamp, event: &Event, whose: &Whose) -> String {
    let mut data = fields(event);
    for (key, value) in fields(whose) {
        if !value.is_null() {
            data.entry(key).or_insert(value);
        }
    }
    data.remove("kind");
    match event {
        Event::DomainAdded { .. } => data.insert("state".into(), "created".into()),
        Event::DomainPublished { .. } => {
            data.remove("changes");
            data.insert("state".into(), "published".into())
        }
        _ => None,
    };
    written(name, at, data)
}

/// The body of a test.
pub fn test_body(webhook: &WebhookId, at: Timestamp) -> String {
    let mut data = Map::new();
    data.insert("webhook".into(), json!(webhook));
    written(TEST, at, data)
}

fn written(name: &str, at: Timestamp, data: Map<String, Value>) -> String {
    json!({ "type": name, "timestamp": at, "data": data }).to_string()
}

fn fields(value: &impl serde::Serialize) -> Map<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => fields,
        Ok(_) | Err(_) => Map::new(),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::webhook::{name, names};

    /// Every kind of event, those with several names once for each.
    pub(in crate::webhook) fn samples() -> Vec<Event> {
        let class = r#""class":{"who":"recipient","how_long":"for_good","action":"suppress","scope":"recipient"}"#;
        let about = r#""recipient":"r1","attempt":"a1","to":"bob@example.org""#;
        let listing = r#""kind":"listing-changed","subject":"192.0.2.5","zone":"z.test","codes":[],"bad":true"#;
        [
            r#"{"kind":"domain-added","domain":"example.com"}"#.to_owned(),
            r#"{"kind":"domain-published","domain":"example.com","changes":3}"#.to_owned(),
            r#"{"kind":"mailbox-added","mailbox":"m1","address":"ann@example.com"}"#.to_owned(),
            r#"{"kind":"mailbox-proof-passed","mailbox":"m1","address":"ann@example.com"}"#.to_owned(),
            r#"{"kind":"mailbox-proof-failed","mailbox":"m1","address":"ann@example.com","finding":"proof.mx","entry":"e","evidence":"v"}"#
                .to_owned(),
            r#"{"kind":"message-accepted","message":"q1","from":"ann@example.com","recipients":1,"octets":9}"#
                .to_owned(),
            r#"{"kind":"submission-refused","login":null,"entry":"550","reply":"550 no"}"#.to_owned(),
            r#"{"kind":"attempt-begun","recipient":"r1","attempt":"a1","number":1}"#.to_owned(),
            format!(r#"{{"kind":"delivered",{about}}}"#),
            format!(r#"{{"kind":"deferred",{about},"entry":"450",{class}}}"#),
            format!(
                r#"{{"kind":"bounced","recipient":"r1","to":"bob@example.org","entry":"550","late":false,{class}}}"#
            ),
            format!(r#"{{"kind":"in-doubt",{about}}}"#),
            r#"{"kind":"dropped","recipient":"r1","to":"bob@example.org"}"#.to_owned(),
            r#"{"kind":"reply-received","mail":"i1","mailbox":"m1","message":"q1","from":"bob@example.org"}"#.to_owned(),
            r#"{"kind":"recipient-opted-out","address":"bob@example.org","mail":"i1","why":"stop"}"#.to_owned(),
            r#"{"kind":"report-received","report":"p1","report_kind":"tls","state":"counted","domain":"example.com","organization":"o"}"#
                .to_owned(),
            r#"{"kind":"complaint-received","report":"p1","address":"bob@example.org","recipient":"r1","proven":true,"why":"token"}"#
                .to_owned(),
            r#"{"kind":"mail-received","mail":"i1","mailbox":"m1","mail_kind":"bounce"}"#.to_owned(),
            r#"{"kind":"inbound-refused","reply":"550 no"}"#.to_owned(),
            r#"{"kind":"suppressed","address":"bob@example.org","reason":"opt-out"}"#.to_owned(),
            r#"{"kind":"suppressed","address":"bob@example.org","reason":"550-5-1-1"}"#.to_owned(),
            r#"{"kind":"load-changed","pressure":"disk","shedding":true,"seen":"100 MiB","mark":"256 MiB"}"#.to_owned(),
            r#"{"kind":"certificate-issued","name":"box.example.com","names":["box.example.com"],"not_after":"2027-02-21T12:00:00Z"}"#
                .to_owned(),
            r#"{"kind":"certificate-failed","name":"box.example.com","code":"acme.refused","problem":"no","next":"2026-11-23T13:00:00Z"}"#
                .to_owned(),
            format!(r#"{{{listing},"before":"clear","now":"listed"}}"#),
            format!(r#"{{{listing},"before":"listed","now":"clear"}}"#),
            format!(r#"{{{listing},"before":"clear","now":"refused"}}"#),
        ]
        .iter()
        .map(|text| serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}")))
        .collect()
    }

    /// What the store finds about an event, all of it that there can be.
    fn whose(event: &Event) -> Whose {
        let ours = Whose {
            workspace: Some(WorkspaceId("w1".into())),
            domain: Some(Domain::parse("example.com").unwrap()),
            ..Whose::default()
        };
        let ann = Some(Address::parse("ann@example.com").unwrap());
        match event {
            Event::Suppressed { .. } | Event::LoadChanged { .. } => Whose::default(),
            Event::MailReceived { .. } | Event::ReplyReceived { .. } => {
                Whose { address: ann.clone(), from: ann, subject: Some("Re: Hello".into()), ..ours }
            }
            Event::DomainAdded { .. }
            | Event::DomainPublished { .. }
            | Event::ListingChanged { .. }
            | Event::CertificateIssued { .. }
            | Event::CertificateFailed { .. }
            | Event::ReportReceived { .. } => ours,
            Event::MailboxProofPassed { .. } | Event::MailboxProofFailed { .. } => Whose { address: ann, ..ours },
            _ => Whose { from: ann, message: Some(MessageId("q1".into())), ..ours },
        }
    }

    #[test]
    fn a_body_holds_exactly_what_is_promised_for_its_name() {
        let at = Timestamp::from_micros(1_795_435_200_000_000);
        for event in samples() {
            let Some(called) = name(&event) else { continue };
            let promised = names().iter().find(|one| one.name == called).unwrap();
            let body: Value = serde_json::from_str(&body(called, at, &event, &whose(&event))).unwrap();
            assert_eq!(body["type"], called);
            assert_eq!(body["timestamp"], "2026-11-23T12:00:00Z");
            let mut data: Vec<&str> = body["data"].as_object().unwrap().keys().map(String::as_str).collect();
            data.sort_unstable();
            assert_eq!(data, promised.data, "{called}");
        }
    }

    #[test]
    fn what_the_event_says_itself_stands() {
        let event: Event = samples().into_iter().find(|event| event.kind() == "message-accepted").unwrap();
        let other = Whose { from: Some(Address::parse("eve@example.com").unwrap()), ..Whose::default() };
        let body = body("message.accepted", Timestamp::from_micros(0), &event, &other);
        assert!(body.contains("ann@example.com") && !body.contains("eve@"), "{body}");
    }
}
