//! What speaks against a message that arrived. It is flagged and delivered; people decide.

/// A sign, from whatever looked.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Sign {
    /// Stable id: `dmarc-fail`, `listed`, `rspamd`, `dangerous-attachment`…
    pub id: String,
    /// What was seen: the zone, the file's name, the score.
    pub what: String,
    /// Points; [`SUSPECTED`] in all make a message suspected.
    pub points: u32,
}

/// What the signs come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Nothing much.
    #[default]
    None,
    /// Perhaps spam.
    Spam,
    /// Perhaps malware.
    Malware,
}

/// The flag of a message.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Suspicion {
    /// What the signs come to.
    pub level: Level,
    /// The signs.
    pub signs: Vec<Sign>,
}

/// Points from which on a message is suspected.
pub const SUSPECTED: u32 = 5;
/// The header field that tells it to mail programs.
pub const FIELD: &str = "X-ColdRelay-Suspicion";
/// What every header field of ours begins with, lower-case; one that comes from outside is taken off.
pub const FIELD_PREFIX: &str = "x-coldrelay-";
/// Ends of names of files that run when they are opened. Practice: Gmail and Outlook block these, 2026.
const DANGEROUS: [&str; 24] = [
    ".exe", ".scr", ".pif", ".com", ".bat", ".cmd", ".vbs", ".vbe", ".js", ".jse", ".wsf", ".wsh", ".hta", ".jar",
    ".msi", ".ps1", ".lnk", ".cpl", ".iso", ".img", ".vhd", ".reg", ".chm", ".one",
];

impl Level {
    /// As it is stored and written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Spam => "spam",
            Self::Malware => "malware",
        }
    }
}

impl Suspicion {
    /// Adds the signs up. Whatever says malware makes it that.
    pub fn of(signs: Vec<Sign>) -> Self {
        let points = signs.iter().fold(0_u32, |sum, sign| sum.saturating_add(sign.points));
        let malware = signs.iter().any(|sign| sign.id == "dangerous-attachment" || sign.id == "virus");
        let level = match (malware, points >= SUSPECTED) {
            (true, _) => Level::Malware,
            (false, true) => Level::Spam,
            (false, false) => Level::None,
        };
        Self { level, signs }
    }

    /// The field with its line end; empty when there is no sign.
    pub fn header(&self) -> String {
        if self.signs.is_empty() {
            return String::new();
        }
        let signs: Vec<String> =
            self.signs.iter().map(|sign| format!("{}={}", sign.id, harmless(&sign.what))).collect();
        format!("{FIELD}: {};\r\n\t{}\r\n", self.level.as_str(), signs.join(";\r\n\t"))
    }
}

/// What the verdicts say; names as in RFC 8601 §2.7.
pub fn of_verdicts(spf: &str, dkim_failed: bool, dmarc: &str) -> Vec<Sign> {
    let sign = |id: &str, what: &str, points| Sign { id: id.to_owned(), what: what.to_owned(), points };
    let mut signs = Vec::new();
    if dmarc == "fail" {
        signs.push(sign("dmarc-fail", "the author's domain disowns it", 4));
    }
    match spf {
        "fail" => signs.push(sign("spf-fail", "the host may not send for its domain", 3)),
        "softfail" => signs.push(sign("spf-softfail", "the host should not send for its domain", 1)),
        _ => {}
    }
    // A signature breaks on many an honest way.
    if dkim_failed && dmarc != "pass" {
        signs.push(sign("dkim-fail", "a signature is broken", 1));
    }
    signs
}

/// What a file name says.
pub fn of_file_name(name: &str) -> Option<Sign> {
    let lower = name.trim().trim_end_matches('.').to_lowercase();
    let dangerous = DANGEROUS.iter().any(|end| lower.ends_with(end));
    dangerous.then(|| Sign { id: "dangerous-attachment".to_owned(), what: name.to_owned(), points: SUSPECTED })
}

/// Text that cannot end the field.
fn harmless(text: &str) -> String {
    let keep = |letter: char| if letter.is_ascii_graphic() && letter != ';' { letter } else { ' ' };
    text.chars().take(120).map(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_add_up_and_malware_stands_alone() {
        assert_eq!(Suspicion::of(of_verdicts("pass", false, "pass")).level, Level::None);
        assert_eq!(Suspicion::of(of_verdicts("softfail", true, "none")).level, Level::None);
        assert_eq!(Suspicion::of(of_verdicts("fail", false, "fail")).level, Level::Spam);
        let file = of_file_name("Invoice.PDF.exe").unwrap();
        assert_eq!(Suspicion::of(vec![file]).level, Level::Malware);
        assert_eq!(of_file_name("invoice.pdf"), None);
    }

    #[test]
    fn the_field_cannot_be_broken_by_what_was_seen() {
        let file = of_file_name("a\r\nX-Evil: 1;.exe").unwrap();
        let header = Suspicion::of(vec![file]).header();
        assert_eq!(header, "X-ColdRelay-Suspicion: malware;\r\n\tdangerous-attachment=a  X-Evil: 1 .exe\r\n");
        assert_eq!(Suspicion::default().header(), "");
    }
}
