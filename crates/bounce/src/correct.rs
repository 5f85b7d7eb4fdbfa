//! Enhanced codes as they were meant.

use smtp::Enhanced;

/// The code as the registry would have it: of the reply's own class (RFC 2034 §4: a 550 cannot carry
/// 4.y.z), and without the slips that are known.
pub(crate) fn corrected(reply: Option<u16>, enhanced: Option<Enhanced>) -> Option<Enhanced> {
    let code = enhanced?;
    // Reality: Google's own table of 2026-02 prints `504 5.7.40`, `535 5.7.80` and `534 5.7.90` for
    // X.7.4, X.7.8 and X.7.9; its servers say the latter.
    let detail = match (reply, code.subject, code.detail) {
        (Some(504), 7, 40) => 4,
        (Some(535), 7, 80) => 8,
        (Some(534), 7, 90) => 9,
        _ => code.detail,
    };
    let class = match reply {
        Some(400..500) => 4,
        Some(500..600) => 5,
        _ => code.class,
    };
    Some(Enhanced { class, detail, ..code })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reply: u16, as_sent: &str, expect: &str) {
        let found = corrected(Some(reply), Enhanced::parse(as_sent)).map(|code| code.to_string());
        assert_eq!(found.as_deref(), Some(expect));
    }

    #[test]
    fn codes_are_put_right() {
        check(550, "5.1.1", "5.1.1");
        check(421, "5.7.32", "4.7.32");
        check(550, "4.4.7", "5.4.7");
        check(504, "5.7.40", "5.7.4");
        check(550, "5.7.40", "5.7.40");
        assert_eq!(corrected(Some(550), None), None);
    }
}
