//! What a reply says about SPF, DKIM and DMARC.

/// Passed or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It passed.
    Pass,
    /// It did not.
    Fail,
}

/// The verdicts that a reply tells: Microsoft's `Spf= Fail , Dkim= Pass , DMARC= Pass`, Gmail's
/// `DKIM = did not pass SPF [example.com] with ip: [192.0.2.1] = did not pass`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Verdicts {
    spf: Option<Verdict>,
    dkim: Option<Verdict>,
    dmarc: Option<Verdict>,
}

impl Verdicts {
    /// Reads them from a text as [`reference::plain`] writes it.
    pub(crate) fn read(text: &str) -> Self {
        Self { spf: verdict(text, "spf"), dkim: verdict(text, "dkim"), dmarc: verdict(text, "dmarc") }
    }

    /// The verdict that a check would come to.
    pub(crate) fn of(&self, check: &str) -> Option<Verdict> {
        match check {
            "spf" => self.spf,
            "dkim" => self.dkim,
            "dmarc" => self.dmarc,
            _ => None,
        }
    }
}

fn verdict(text: &str, name: &str) -> Option<Verdict> {
    let results = text.match_indices(name).filter_map(|(at, _)| {
        let rest = text.get(at + name.len()..)?;
        // Gmail puts the domain and the address between the name and the sign.
        let (front, value) = rest.split_once('=')?;
        let near = front.len() <= 90 && !["spf", "dkim", "dmarc"].iter().any(|other| front.contains(other));
        let value = value.trim_start();
        let says = |words: &[&str]| words.iter().any(|word| value.starts_with(word));
        match near {
            true if says(&["pass"]) => Some(Verdict::Pass),
            true if says(&["fail", "did not pass", "none", "softfail", "permerror", "temperror", "neutral"]) => {
                Some(Verdict::Fail)
            }
            _ => None,
        }
    });
    results.into_iter().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_read() {
        let microsoft = Verdicts::read("spf= fail , dkim= pass , dmarc= pass");
        assert_eq!((microsoft.spf, microsoft.dkim), (Some(Verdict::Fail), Some(Verdict::Pass)));
        assert_eq!(microsoft.of("dmarc"), Some(Verdict::Pass));
        let gmail = Verdicts::read("dkim = did not pass spf [example.com] with ip: [192.0.2.1] = did not pass");
        assert_eq!((gmail.spf, gmail.dkim, gmail.dmarc), (Some(Verdict::Fail), Some(Verdict::Fail), None));
        assert_eq!(Verdicts::read("either spf or dkim is needed"), Verdicts::default());
    }
}
