//! What the message of a proof looks like where it arrived.

use syntax::{Address, Domain, Timestamp};

use super::{Seen, State, Step};

/// What a verifier says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The domain that it is about.
    pub domain: String,
    /// Its word (RFC 8601 §2.7): `pass`, `fail`, `temperror`…
    pub verdict: String,
    /// More, for people.
    pub detail: String,
}

impl Claim {
    fn state(&self) -> State {
        match self.verdict.as_str() {
            "pass" => State::Ok,
            "temperror" => State::Unknown,
            _ => State::Bad,
        }
    }
}

/// The message where it arrived.
#[derive(Debug, Clone)]
pub struct Arrived {
    /// The address in its From field, when it can be read.
    pub from: Option<Address>,
    /// Its From field as it stands there.
    pub from_field: String,
    /// Its reverse-path.
    pub reverse_path: Option<Address>,
    /// Whether the reverse-path is a return path of ours that names this message.
    pub return_path_is_ours: bool,
    /// SPF, of the reverse-path's domain.
    pub spf: Claim,
    /// Each DKIM signature.
    pub dkim: Vec<Claim>,
}

/// The steps that look at the headers of what `mailbox` sent.
pub fn headers(mailbox: &Address, arrived: &Arrived, at: Timestamp) -> Vec<Seen> {
    let is_ours = arrived.from.as_ref().is_some_and(|from| from.key() == mailbox.key());
    let from = Seen::new(Step::From, state(is_ours), format!("From: {}", arrived.from_field), at);
    let path = arrived.reverse_path.as_ref().map_or_else(|| String::from("<>"), |path| format!("<{path}>"));
    let return_path =
        Seen::new(Step::ReturnPath, state(arrived.return_path_is_ours), format!("Return-Path: {path}"), at);
    vec![from, dkim(mailbox.domain(), &arrived.dkim, at), spf(mailbox.domain(), &arrived.spf, at), return_path]
}

/// One aligned signature that passes is enough. RFC 9989 asks for no more.
fn dkim(domain: &Domain, claims: &[Claim], at: Timestamp) -> Seen {
    let aligned = claims.iter().filter(|claim| is_aligned(&claim.domain, domain));
    let states: Vec<State> = aligned.map(Claim::state).collect();
    let state = match () {
        () if states.contains(&State::Ok) => State::Ok,
        () if states.contains(&State::Unknown) => State::Unknown,
        () => State::Bad,
    };
    let lines: Vec<String> = claims.iter().map(|claim| shown("dkim", claim)).collect();
    let seen =
        if lines.is_empty() { String::from("dkim=none: the message bears no signature") } else { lines.join("\n") };
    Seen::new(Step::Dkim, state, seen, at)
}

fn spf(domain: &Domain, claim: &Claim, at: Timestamp) -> Seen {
    let state = if is_aligned(&claim.domain, domain) { claim.state() } else { State::Bad };
    Seen::new(Step::Spf, state, shown("spf", claim), at)
}

fn shown(what: &str, claim: &Claim) -> String {
    let Claim { domain, verdict, detail } = claim;
    let detail = if detail.is_empty() { String::new() } else { format!(" ({detail})") };
    format!("{what}={verdict} for {domain}{detail}")
}

/// The domain itself, or one above it: our own keys sign for the sending domain.
fn is_aligned(claimed: &str, from: &Domain) -> bool {
    let (claimed, from) = (claimed.trim_end_matches('.').to_ascii_lowercase(), from.as_str());
    from == claimed || (claimed.contains('.') && from.ends_with(&format!(".{claimed}")))
}

fn state(is_right: bool) -> State {
    if is_right { State::Ok } else { State::Bad }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_micros(0);

    fn claim(domain: &str, verdict: &str) -> Claim {
        Claim { domain: domain.into(), verdict: verdict.into(), detail: String::new() }
    }

    fn arrived() -> Arrived {
        let address = |text| Address::parse(text).ok();
        Arrived {
            from: address("Ann@example.com"),
            from_field: "Ann <Ann@example.com>".into(),
            reverse_path: address("bounce+x@example.com"),
            return_path_is_ours: true,
            spf: claim("example.com", "pass"),
            dkim: vec![claim("example.com", "pass"), claim("example.com", "fail")],
        }
    }

    fn check(change: impl FnOnce(&mut Arrived), expect: &[(Step, State)]) {
        let mut arrived = arrived();
        change(&mut arrived);
        let seen = headers(&Address::parse("ann@example.com").unwrap(), &arrived, AT);
        let odd: Vec<(Step, State)> =
            seen.iter().filter(|seen| seen.state != State::Ok).map(|seen| (seen.step, seen.state)).collect();
        assert_eq!(odd, expect, "{seen:#?}");
    }

    #[test]
    fn a_message_that_is_in_order_has_no_odd_step() {
        check(|_| {}, &[]);
    }

    #[test]
    fn each_header_that_is_wrong_is_told_by_its_own_step() {
        check(|seen| seen.from = Address::parse("ben@example.com").ok(), &[(Step::From, State::Bad)]);
        check(|seen| seen.from = None, &[(Step::From, State::Bad)]);
        check(|seen| seen.dkim.clear(), &[(Step::Dkim, State::Bad)]);
        check(|seen| seen.dkim = vec![claim("example.org", "pass")], &[(Step::Dkim, State::Bad)]);
        check(|seen| seen.dkim = vec![claim("com", "pass")], &[(Step::Dkim, State::Bad)]);
        check(|seen| seen.dkim = vec![claim("example.com", "temperror")], &[(Step::Dkim, State::Unknown)]);
        check(|seen| seen.spf = claim("example.com", "softfail"), &[(Step::Spf, State::Bad)]);
        check(|seen| seen.spf = claim("example.com", "temperror"), &[(Step::Spf, State::Unknown)]);
        check(|seen| seen.spf = claim("elsewhere.test", "pass"), &[(Step::Spf, State::Bad)]);
        check(|seen| seen.return_path_is_ours = false, &[(Step::ReturnPath, State::Bad)]);
    }
}
