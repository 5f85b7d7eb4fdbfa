//! Answers: to which message of ours, and whether they ask to be left alone.

use auth::{Verdict, Verdicts};
use rules::{Fault, opt_out};
use store::QueuedMessage;
use syntax::{Address, Message, message_ids};

use crate::{addressee::Addressee, start::Shared};

/// Message-IDs of In-Reply-To and References that are looked up. Long threads end with the newest.
const MAX_REFERENCES: usize = 50;
/// Where an opt-out may be mailed to, whatever its words.
pub(crate) const OPT_OUT_ROLE: &str = "unsubscribe";

/// The message of ours that it names: In-Reply-To first, then References from the newest back. RFC 5322 §3.6.4
pub(crate) async fn answered(
    shared: &Shared,
    message: &Message<'_>,
    addressee: &Addressee,
) -> Result<Option<QueuedMessage>, Fault> {
    let Some(mailbox) = addressee.mailbox() else { return Ok(None) };
    let of = |name: &'static str| message.all(name).flat_map(|field| message_ids(&field.value())).collect::<Vec<_>>();
    let mut ids = of("In-Reply-To");
    ids.extend(of("References").into_iter().rev());
    ids.truncate(MAX_REFERENCES);
    if ids.is_empty() { Ok(None) } else { shared.store.answered(mailbox, &ids).await }
}

/// Who asks to be left alone, and in which words. A stranger's word must be vouched for by his domain; who answers a
/// message of ours knew its Message-ID.
pub(crate) fn opts_out(
    message: &Message<'_>,
    verdicts: &Verdicts,
    from: Option<&Address>,
    addressee: &Addressee,
    answered: Option<&QueuedMessage>,
) -> Vec<(Address, String)> {
    let subject = message.all("Subject").next().map(syntax::Field::decoded).unwrap_or_default();
    let to_role = addressee.forward_path.local().eq_ignore_ascii_case(OPT_OUT_ROLE);
    let by_address = || to_role.then(|| format!("it was mailed to {}", addressee.forward_path));
    let Some(why) = opt_out::asked(&subject, &text(message)).or_else(by_address) else { return Vec::new() };
    if verdicts.dmarc == Verdict::Fail || (answered.is_none() && !verdicts.author_is_proved()) {
        return Vec::new();
    }
    let recipients: Vec<&Address> =
        answered.into_iter().flat_map(|message| &message.recipients).map(|recipient| &recipient.address).collect();
    let mut leave_alone: Vec<Address> = Vec::new();
    // Whoever answers from another address is meant under the one that we wrote to.
    if let [only] = recipients.as_slice() {
        leave_alone.push((*only).clone());
    }
    let was_written_to = |from: &Address| recipients.iter().any(|recipient| recipient.key() == from.key());
    if let Some(from) = from
        && (was_written_to(from) || verdicts.author_is_proved())
        && leave_alone.iter().all(|known| known.key() != from.key())
    {
        leave_alone.push(from.clone());
    }
    leave_alone.into_iter().map(|address| (address, why.clone())).collect()
}

/// The text that people read: plain, else HTML without its tags.
fn text(message: &Message<'_>) -> String {
    let parts = message.parts();
    let of = |kind: &str| parts.iter().find(|part| part.content_type == kind).map(syntax::Part::text);
    of("text/plain")
        .filter(|text| !text.trim().is_empty())
        .unwrap_or_else(|| of("text/html").map(|html| bounce::without_tags(&html)).unwrap_or_default())
}
