//! What a complaint proves. Anybody can write a feedback report: only what nobody else can know, or have signed,
//! makes it one about a message of ours.

use syntax::Address;

/// What is known of the message that a complaint is about.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// The recipient that a return-path token in the report names, whose MAC is right.
    pub by_token: Option<Address>,
    /// The recipients of the message of ours whose Message-ID came back; empty when it is none of ours.
    pub recipients: Vec<Address>,
    /// A DKIM signature of ours on the returned message verifies.
    pub signed_by_us: bool,
    /// The addresses that the report names; claims.
    pub named: Vec<Address>,
}

/// What a complaint comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// The message was ours, and went to this address.
    Of(Address, &'static str),
    /// The message was ours; which of its recipients complained is not known.
    OfMessage(&'static str),
    /// Nothing shows that the message was ours.
    Unproven(&'static str),
}

/// Weighs the evidence.
pub fn weigh(evidence: &Evidence) -> Proof {
    if let Some(address) = &evidence.by_token {
        return Proof::Of(address.clone(), "the return path carries our token");
    }
    let is_named = |address: &&Address| evidence.named.iter().any(|named| named.key() == address.key());
    let named = evidence.recipients.iter().find(is_named);
    match (evidence.recipients.as_slice(), named, evidence.signed_by_us) {
        ([], _, true) => Proof::OfMessage("our DKIM signature verifies, but no such message is known here"),
        ([], _, false) => Proof::Unproven("neither token, Message-ID nor signature is ours"),
        (_, Some(address), true) => {
            Proof::Of(address.clone(), "our DKIM signature verifies, and the message went to that address")
        }
        (_, Some(address), false) => Proof::Of(address.clone(), "our Message-ID, and the message went to that address"),
        // Reality: most reporters take the address out.
        ([only], None, true) => {
            Proof::Of(only.clone(), "our DKIM signature verifies, and the message had one recipient")
        }
        (_, None, true) => Proof::OfMessage("our DKIM signature verifies, but which recipient it was is not said"),
        (_, None, false) => Proof::Unproven("our Message-ID, but neither signature nor recipient of it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(text: &str) -> Vec<Address> {
        text.split_whitespace().map(|one| Address::parse(one).unwrap()).collect()
    }

    fn check(token: &str, recipients: &str, signed_by_us: bool, named: &str, expect: &str) {
        let evidence = Evidence {
            by_token: addresses(token).pop(),
            recipients: addresses(recipients),
            signed_by_us,
            named: addresses(named),
        };
        let found = match weigh(&evidence) {
            Proof::Of(address, _) => address.to_string(),
            Proof::OfMessage(_) => "message".to_owned(),
            Proof::Unproven(_) => "unproven".to_owned(),
        };
        assert_eq!(found, expect, "{evidence:?}");
    }

    #[test]
    fn only_what_cannot_be_forged_is_proof() {
        check("", "", false, "bob@b.test", "unproven");
        check("bob@b.test", "", false, "eve@e.test", "bob@b.test");
        check("", "bob@b.test", false, "", "unproven");
        check("", "bob@b.test", false, "eve@e.test", "unproven");
        check("", "bob@b.test", false, "Bob@b.test", "bob@b.test");
        check("", "bob@b.test", true, "", "bob@b.test");
        check("", "bob@b.test carl@c.test", true, "", "message");
        check("", "bob@b.test carl@c.test", true, "carl@c.test", "carl@c.test");
        check("", "", true, "bob@b.test", "message");
    }
}
