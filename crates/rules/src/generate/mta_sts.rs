//! MTA-STS: the record, and the policy that stands on the web. RFC 8461.

use syntax::Domain;

use super::{Generated, ServedFile, TxtRecord, tell_idn};
use crate::Fault;
pub use crate::mta_sts::{MAX_AGE, Mode};

/// Shortest that protects anything: a day. RFC 8461 §3.2 speaks of weeks or greater.
const SHORT_AGE: u64 = 86_400;

/// Reads a mode as people write it.
///
/// # Errors
/// `generate.mta-sts-mode`
pub fn mode(text: &str) -> Result<Mode, Fault> {
    Mode::parse(&text.trim().to_ascii_lowercase()).ok_or_else(|| {
        Fault::caller("generate.mta-sts-mode", format!("`{text}` is no mode: use testing, enforce or none"))
    })
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MtaSts {
    /// The domain that receives mail.
    pub domain: Domain,
    /// Its mode.
    pub mode: Mode,
    /// Its MX hosts, as read by [`mx_pattern`].
    pub mx: Vec<String>,
    /// Seconds for which senders keep the policy.
    pub max_age: u64,
    /// Changes whenever the policy does: 1 to 32 letters and digits.
    pub id: String,
}

/// Reads the name of an MX host; a `*` may stand for its whole first label. RFC 8461 §4.1.
///
/// # Errors
/// `generate.mta-sts-mx`
pub fn mx_pattern(text: &str) -> Result<String, Fault> {
    let (star, name) = text.trim().strip_prefix("*.").map_or(("", text), |rest| ("*.", rest));
    let fault = |why: String| Fault::caller("generate.mta-sts-mx", format!("`{text}` is no MX host: {why}"));
    if name.contains('*') {
        return Err(fault(String::from("a * may only be the whole first label, as in *.example.com")));
    }
    super::domain(name).map(|domain| format!("{star}{domain}")).map_err(|inner| fault(inner.to_string()))
}

impl MtaSts {
    /// The record and the policy.
    ///
    /// # Errors
    /// `generate.mta-sts-mx` without an MX, `generate.mta-sts-age`, `generate.mta-sts-id`
    pub fn generate(&self) -> Result<Generated, Fault> {
        self.check()?;
        let host = self.domain.child("mta-sts");
        let record = TxtRecord::new(
            self.domain.child("_mta-sts").to_string(),
            format!("v=STSv1; id={};", self.id),
            "says that there is a policy, and which",
        );
        let mut made = Generated::of(record);
        made.files.push(ServedFile { url: format!("https://{host}/.well-known/mta-sts.txt"), text: self.policy() });
        made.part("v=STSv1", "this is an MTA-STS record");
        made.part(
            format!("id={}", self.id),
            "senders fetch the policy again when it changes: change it with every change",
        );
        made.part(
            format!("mode: {}", self.mode.as_str()),
            match self.mode {
                Mode::Enforce => "senders deliver over verified TLS or not at all",
                Mode::Testing => "senders report what would fail, and deliver",
                Mode::None => "senders forget the policy",
            },
        );
        self.mx.iter().for_each(|mx| made.part(format!("mx: {mx}"), "a host that may take the mail"));
        made.part(format!("max_age: {}", self.max_age), format!("kept for {}", days(self.max_age)));
        made.note(format!(
            "{host} needs an address and a web server with a certificate for that name; it may not redirect"
        ));
        made.note("serve the policy as text/plain, before the record is published");
        made.note("every MX of the domain must match a line mx, and have a certificate for its own name");
        made.note("it protects mail that the domain receives; it changes nothing for mail that it sends");
        self.beware(&mut made);
        tell_idn(&mut made, &self.domain);
        Ok(made)
    }

    /// The policy's text. RFC 8461 §3.2.
    pub fn policy(&self) -> String {
        let mx: String = self.mx.iter().map(|mx| format!("mx: {mx}\r\n")).collect();
        format!("version: STSv1\r\nmode: {}\r\n{mx}max_age: {}\r\n", self.mode.as_str(), self.max_age)
    }

    fn check(&self) -> Result<(), Fault> {
        if self.mx.is_empty() && self.mode != Mode::None {
            let what = format!("which hosts take the mail of {}? Name each MX", self.domain);
            return Err(Fault::caller("generate.mta-sts-mx", what));
        }
        if self.max_age == 0 || self.max_age > MAX_AGE {
            let what = format!("max_age {}: seconds from 1 to {MAX_AGE} (a year) are allowed", self.max_age);
            return Err(Fault::caller("generate.mta-sts-age", what));
        }
        if self.id.is_empty() || self.id.len() > 32 || !self.id.bytes().all(|octet| octet.is_ascii_alphanumeric()) {
            let what = format!("id `{}`: 1 to 32 letters and digits are allowed, as in 20261124T120000", self.id);
            return Err(Fault::caller("generate.mta-sts-id", what));
        }
        Ok(())
    }

    fn beware(&self, made: &mut Generated) {
        if self.max_age < SHORT_AGE {
            made.warn("kept for less than a day, the policy protects hardly anything: weeks are usual");
        }
        if self.mode == Mode::Enforce {
            made.warn("a wrong certificate or a host that is missing here loses mail: begin with testing, and read the TLS reports");
        }
        if self.mode == Mode::None {
            made.note("keep serving it until the longest max_age that was ever published is over; then take both away");
        }
        for mx in self.mx.iter().filter(|mx| mx.starts_with("*.") && mx.matches('.').count() < 2) {
            made.warn(format!("mx: {mx} allows every host below a top-level domain"));
        }
    }
}

fn days(seconds: u64) -> String {
    match seconds {
        0..3600 => format!("{seconds} seconds"),
        3600..172_800 => format!("{} hours", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> MtaSts {
        MtaSts {
            domain: "example.com".parse().unwrap(),
            mode: Mode::Testing,
            mx: vec![mx_pattern("box.example.com").unwrap(), mx_pattern("*.Backup.example.net.").unwrap()],
            max_age: 604_800,
            id: "20261124".into(),
        }
    }

    #[test]
    fn the_record_names_the_policy_and_the_policy_names_the_hosts() {
        let made = sample().generate().unwrap();
        assert_eq!(made.zone(), "_mta-sts.example.com. 3600 IN TXT \"v=STSv1; id=20261124;\"\n");
        assert_eq!(made.files[0].url, "https://mta-sts.example.com/.well-known/mta-sts.txt");
        let expect =
            "version: STSv1\r\nmode: testing\r\nmx: box.example.com\r\nmx: *.backup.example.net\r\nmax_age: 604800\r\n";
        assert_eq!(made.files[0].text, expect);
    }

    /// Reads a policy by the grammar of RFC 8461 §3.2: fields in any order, each on its line.
    fn read(text: &str) -> Option<(Mode, Vec<String>, u64)> {
        let (mut version, mut mode, mut mx, mut age) = (None, None, Vec::new(), None);
        for line in text.strip_suffix("\r\n")?.split("\r\n") {
            let (name, value) = line.split_once(':')?;
            let value = value.trim_matches([' ', '\t']).to_owned();
            match name {
                "version" if version.is_none() => version = Some(value),
                "mode" if mode.is_none() => mode = Some(super::mode(&value).ok()?),
                "mx" => mx.push(value),
                "max_age" if age.is_none() && value.len() <= 10 => age = Some(value.parse().ok()?),
                _ => return None,
            }
        }
        (version? == "STSv1").then_some((mode?, mx, age?))
    }

    #[test]
    fn what_is_written_is_read_by_the_grammar_of_the_standard() {
        for (mode, max_age) in [(Mode::Testing, 1), (Mode::Enforce, MAX_AGE), (Mode::None, 86_400)] {
            let policy = MtaSts { mode, max_age, ..sample() };
            assert_eq!(read(&policy.generate().unwrap().files[0].text), Some((mode, policy.mx.clone(), max_age)));
        }
    }

    #[test]
    fn what_the_standard_does_not_allow_is_refused() {
        for (wrong, code) in [
            (MtaSts { max_age: 0, ..sample() }, "generate.mta-sts-age"),
            (MtaSts { max_age: MAX_AGE + 1, ..sample() }, "generate.mta-sts-age"),
            (MtaSts { id: "2026-11".into(), ..sample() }, "generate.mta-sts-id"),
            (MtaSts { id: "x".repeat(33), ..sample() }, "generate.mta-sts-id"),
            (MtaSts { mx: Vec::new(), ..sample() }, "generate.mta-sts-mx"),
        ] {
            assert_eq!(wrong.generate().unwrap_err().code, code);
        }
        assert!(MtaSts { mx: Vec::new(), mode: Mode::None, ..sample() }.generate().is_ok());
        for text in ["*", "a.*.test", "*a.test", "192.0.2.1", "", "10 mx.test"] {
            assert_eq!(mx_pattern(text).unwrap_err().code, "generate.mta-sts-mx", "{text}");
        }
        assert!(super::mode("enforced").unwrap_err().to_string().contains("testing, enforce or none"));
    }
}
