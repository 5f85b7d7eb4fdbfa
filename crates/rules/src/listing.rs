//! What a blocklist says of an IP or domain, over time: when it has changed, and when that is told.

/// What a list says of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Listing {
    /// It holds it. On a white list that is good.
    Listed,
    /// It does not, and its test points prove that it would say so.
    Clear,
    /// It says that it tells us nothing.
    Refused,
    /// It is out of operation, or lists everything: never believed.
    Dead,
    /// Could not be asked, or cannot be believed now.
    Unknown,
}

impl Listing {
    /// Its name: `listed`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            Self::Clear => "clear",
            Self::Refused => "refused",
            Self::Dead => "dead",
            Self::Unknown => "unknown",
        }
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Listed, Self::Clear, Self::Refused, Self::Dead, Self::Unknown]
            .into_iter()
            .find(|one| one.as_str() == name)
    }

    /// Whether it says something about the subject or the list, rather than that nothing could be learned now.
    fn is_settled(self) -> bool {
        matches!(self, Self::Listed | Self::Clear | Self::Dead)
    }
}

/// What one look says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look<'a> {
    /// What the list says.
    pub state: Listing,
    /// The codes of its answer, in order.
    pub codes: &'a [String],
}

/// What follows from a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It says the same: seen again.
    Same,
    /// Nothing could be learned: what was known stands, and was not seen again.
    Stands,
    /// A new state begins.
    Begins {
        /// Whether that is an event.
        told: bool,
    },
}

/// What follows from this look after what was known. A list that does not answer takes nothing back; the first look at a
/// subject is told only when it is listed, and so is the first word of a list that had said nothing before.
pub fn next(before: Option<Look<'_>>, now: Look<'_>) -> Next {
    let is_listed = now.state == Listing::Listed;
    let Some(before) = before else { return Next::Begins { told: is_listed } };
    match (before.state.is_settled(), now.state.is_settled()) {
        _ if before == now => Next::Same,
        _ if before.state == now.state && !is_listed => Next::Same,
        (true, false) => Next::Stands,
        (false, _) => Next::Begins { told: is_listed },
        // A list that died is told where it takes a listing away; that it said nothing before is no news.
        (true, true) => Next::Begins { told: is_listed || before.state == Listing::Listed },
    }
}

#[cfg(test)]
mod tests {
    use super::{Listing::*, *};

    fn check(before: Option<(Listing, &str)>, now: (Listing, &str), expect: Next) {
        let codes = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let (old, new) = (codes(before.map_or("", |before| before.1)), codes(now.1));
        let before = before.map(|before| Look { state: before.0, codes: &old });
        assert_eq!(next(before, Look { state: now.0, codes: &new }), expect, "{before:?} → {now:?}");
    }

    #[test]
    fn a_change_is_told_once_and_a_first_look_only_when_listed() {
        check(None, (Listed, "127.0.0.2"), Next::Begins { told: true });
        check(None, (Clear, ""), Next::Begins { told: false });
        check(None, (Refused, ""), Next::Begins { told: false });
        check(Some((Clear, "")), (Clear, ""), Next::Same);
        check(Some((Clear, "")), (Listed, "127.0.0.2"), Next::Begins { told: true });
        check(Some((Listed, "127.0.0.2")), (Listed, "127.0.0.2"), Next::Same);
        check(Some((Listed, "127.0.0.2")), (Listed, "127.0.0.3"), Next::Begins { told: true });
        check(Some((Listed, "127.0.0.2")), (Clear, ""), Next::Begins { told: true });
    }

    #[test]
    fn a_list_that_does_not_answer_takes_nothing_back() {
        for silent in [Unknown, Refused] {
            check(Some((Listed, "127.0.0.2")), (silent, ""), Next::Stands);
            check(Some((Clear, "")), (silent, ""), Next::Stands);
            check(Some((silent, "")), (Clear, ""), Next::Begins { told: false });
            check(Some((silent, "")), (Listed, "127.0.0.2"), Next::Begins { told: true });
        }
        check(Some((Unknown, "")), (Refused, "127.255.255.254"), Next::Begins { told: false });
        check(Some((Refused, "127.255.255.254")), (Refused, "127.255.255.255"), Next::Same);
    }

    #[test]
    fn a_list_that_dies_is_told_where_it_takes_a_listing_away() {
        check(Some((Listed, "127.0.0.2")), (Dead, "127.0.0.2"), Next::Begins { told: true });
        check(Some((Clear, "")), (Dead, ""), Next::Begins { told: false });
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for state in [Listed, Clear, Refused, Dead, Unknown] {
            assert_eq!(Listing::parse(state.as_str()), Some(state));
        }
        assert_eq!(Listing::parse("Listed"), None);
    }
}
