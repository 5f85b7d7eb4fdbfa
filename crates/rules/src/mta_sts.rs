//! MTA-STS: the record, the policy, and when a policy that is kept still holds. RFC 8461.

use std::time::Duration;

use syntax::Timestamp;

/// Longest `max_age`, in seconds. RFC 8461 §3.2
pub const MAX_AGE: u64 = 31_557_600;
/// Most names of mail hosts that a policy may have; the rest is not read.
const MAX_NAMES: usize = 256;
/// A policy is fetched again after this time, though its id is the same, so that it does not run out. RFC 8461 §3.3 asks for
/// an infrequent interval, such as once a day.
const REFRESH: Duration = Duration::from_secs(24 * 3600);
/// A policy that could not be fetched is not asked for again before. RFC 8461 §3.3
pub const PAUSE: Duration = Duration::from_secs(300);

/// What a policy asks of senders. RFC 8461 §5
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Deliver to no other host, and in no other way.
    Enforce,
    /// Deliver, and report what fails.
    Testing,
    /// There is no policy any more.
    None,
}

impl Mode {
    /// As a policy writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Testing => "testing",
            Self::None => "none",
        }
    }

    /// Reads what a policy writes.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Enforce, Self::Testing, Self::None].into_iter().find(|mode| mode.as_str() == text)
    }
}

/// A policy taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// What it asks.
    pub mode: Mode,
    /// Names that mail hosts may have, lower-case; `*.example.com` stands for one label.
    pub mx: Vec<String>,
    /// How long it may be kept.
    pub max_age: Duration,
}

impl Policy {
    /// Reads a policy. RFC 8461 §3.2
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn read(text: &str) -> Result<Self, String> {
        let (mut version, mut mode, mut max_age, mut mx) = (None, None, None, Vec::new());
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (key, value) = line.split_once(':').ok_or_else(|| format!("the line `{line}` is no `key: value`"))?;
            let value = value.trim();
            // Of a key that is repeated, the first counts.
            match key.trim() {
                "version" => _ = version.get_or_insert(value),
                "mode" => _ = mode.get_or_insert(value),
                "max_age" => _ = max_age.get_or_insert(value),
                "mx" if mx.len() < MAX_NAMES => mx.push(value.to_ascii_lowercase()),
                _ => {}
            }
        }
        if version != Some("STSv1") {
            return Err(String::from("it does not say `version: STSv1`"));
        }
        let mode = mode.unwrap_or_default();
        let mode = Mode::parse(mode).ok_or_else(|| format!("`mode: {mode}` is none of enforce, testing, none"))?;
        let age = max_age.unwrap_or("0");
        let age: u64 = age.parse().map_err(|_| format!("`max_age: {age}` is no number of seconds"))?;
        if age == 0 || age > MAX_AGE {
            return Err(format!("`max_age` must be from 1 to {MAX_AGE} seconds"));
        }
        if mx.is_empty() && mode != Mode::None {
            return Err(String::from("it names no `mx`"));
        }
        Ok(Self { mode, mx, max_age: Duration::from_secs(age) })
    }

    /// Reads what a policy host answered over HTTPS. RFC 8461 §3.3
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub fn read_answer(
        status: u16,
        content_type: Option<&str>,
        location: Option<&str>,
        body: &[u8],
    ) -> Result<Self, String> {
        if let Some(to) = location {
            return Err(format!("it redirects to {to}, and senders do not follow"));
        }
        if status != 200 {
            return Err(format!("the server answers {status}"));
        }
        if !content_type.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("text/plain")) {
            return Err(format!("its type is {}, not text/plain", content_type.unwrap_or("not said")));
        }
        Self::read(&String::from_utf8_lossy(body))
    }

    /// Whether a mail host is one of those that it names. A wildcard stands for exactly one label, the first. RFC 8461 §4.1
    pub fn covers(&self, host: &str) -> bool {
        self.mx.iter().any(|pattern| match pattern.strip_prefix("*.") {
            Some(end) => host.split_once('.').is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(end)),
            None => pattern.eq_ignore_ascii_case(host),
        })
    }
}

/// What the texts at `_mta-sts.<domain>` come to. RFC 8461 §3.1
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record<'t> {
    /// There is none.
    Absent,
    /// There is a policy; it is another one when this is another.
    Id(&'t str),
    /// So many: senders take it that there is none.
    Several(usize),
    /// It has no id of 1 to 32 letters and digits.
    Malformed,
}

impl<'t> Record<'t> {
    /// Reads all texts of the name.
    pub fn read(texts: &'t [String]) -> Self {
        let mut records = texts.iter().filter(|text| text.starts_with("v=STSv1"));
        let Some(record) = records.next() else { return Self::Absent };
        match records.count() {
            0 => {}
            more => return Self::Several(more + 1),
        }
        let id = record.split(';').find_map(|part| part.trim().strip_prefix("id=")).unwrap_or_default();
        let is_id = (1..=32).contains(&id.len()) && id.bytes().all(|octet| octet.is_ascii_alphanumeric());
        if is_id { Self::Id(id) } else { Self::Malformed }
    }
}

/// A policy that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The id that the record had.
    pub id: String,
    /// The policy.
    pub policy: Policy,
    /// When.
    pub fetched_at: Timestamp,
}

impl Kept {
    /// Whether it still holds, whatever the DNS and the policy host say now. RFC 8461 §5.1
    pub fn holds(&self, now: Timestamp) -> bool {
        now < self.fetched_at + self.policy.max_age
    }

    fn is_fresh(&self, now: Timestamp) -> bool {
        now < self.fetched_at + REFRESH.min(self.policy.max_age / 2)
    }
}

/// The id of the policy that is to be fetched; `None` while the one that is kept will do, or there is none to be had.
pub fn to_be_fetched<'t>(kept: Option<&Kept>, record: &Record<'t>, now: Timestamp) -> Option<&'t str> {
    let Record::Id(id) = *record else { return None };
    let will_do = kept.is_some_and(|kept| kept.id == id && kept.is_fresh(now));
    (!will_do).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

    #[test]
    fn policies_are_read_as_the_standard_writes_them() {
        let text =
            "version: STSv1\r\nmode: enforce\r\nmx: mail.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n";
        let policy = Policy::read(text).unwrap();
        assert_eq!((policy.mode, policy.max_age.as_secs(), policy.mx.len()), (Mode::Enforce, 604_800, 2));
        assert!(policy.covers("a.example.net") && !policy.covers("a.b.example.net"));
        assert!(!policy.covers("example.net") && policy.covers("mail.example.com"));
    }

    #[test]
    fn of_a_repeated_key_the_first_counts() {
        let text = "version: STSv1\nmode: enforce\nmode: none\nmx: a.test\nmax_age: 60\nmax_age: 600\n";
        let policy = Policy::read(text).unwrap();
        assert_eq!((policy.mode, policy.max_age.as_secs()), (Mode::Enforce, 60));
    }

    #[test]
    fn what_senders_do_not_take_is_refused() {
        for text in [
            "",
            "mode: enforce\nmx: a\nmax_age: 1",
            "version: STSv1\nmode: on\nmx: a\nmax_age: 1",
            "version: STSv1\nmode: enforce\nmax_age: 1",
            "version: STSv1\nmode: testing\nmx: a",
            "version: STSv1\nmode: testing\nmx: a\nmax_age: 99999999",
            "<html>",
        ] {
            assert!(Policy::read(text).is_err(), "{text}");
        }
        let good = b"version: STSv1\nmode: none\nmax_age: 1";
        assert!(Policy::read_answer(200, Some("text/plain; charset=utf-8"), None, good).is_ok());
        assert!(Policy::read_answer(200, Some("text/html"), None, good).is_err());
        assert!(Policy::read_answer(404, Some("text/plain"), None, good).is_err());
        assert!(Policy::read_answer(200, Some("text/plain"), Some("https://elsewhere.test/"), good).is_err());
    }

    #[test]
    fn the_record_gives_an_id_or_nothing() {
        let check = |texts: &[&str], expect| {
            let texts: Vec<String> = texts.iter().map(|text| String::from(*text)).collect();
            assert_eq!(format!("{:?}", Record::read(&texts)), expect, "{texts:?}");
        };
        check(&["v=STSv1; id=20260101;", "other"], "Id(\"20260101\")");
        check(&["v=spf1 -all"], "Absent");
        check(&["v=STSv1; id=1", "v=STSv1; id=2"], "Several(2)");
        check(&["v=STSv1; id=not-an-id"], "Malformed");
    }

    #[test]
    fn a_policy_is_fetched_when_its_id_changes_and_before_it_runs_out_and_else_kept() {
        let policy = Policy::read("version: STSv1\nmode: enforce\nmx: a.test\nmax_age: 1000").unwrap();
        let kept = Kept { id: String::from("1"), policy, fetched_at: NOW };
        let after = |seconds| NOW + Duration::from_secs(seconds);
        assert_eq!(to_be_fetched(None, &Record::Id("1"), NOW), Some("1"));
        assert_eq!(to_be_fetched(Some(&kept), &Record::Id("1"), after(499)), None);
        assert_eq!(to_be_fetched(Some(&kept), &Record::Id("2"), NOW), Some("2"));
        assert_eq!(to_be_fetched(Some(&kept), &Record::Id("1"), after(500)), Some("1"));
        assert_eq!(to_be_fetched(Some(&kept), &Record::Absent, after(500)), None);
        assert_eq!(to_be_fetched(None, &Record::Several(2), NOW), None);
        assert!(kept.holds(after(999)) && !kept.holds(after(1000)));
    }
}
