//! What stands behind `cargo xtask fuzz`.

use std::num::NonZero;

/// Seconds for each target when none are given.
const SECONDS: u64 = 60;

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// For each target.
    pub seconds: u64,
    /// One target alone.
    pub target: Option<String>,
    /// Targets at the same time.
    pub jobs: usize,
    /// Put what was found into the corpora that are checked in, instead of looking for more.
    pub minimise: bool,
    /// Fail only on what is checked in; what is found besides is told, and says nothing about the change at hand.
    pub told: bool,
}

impl Options {
    /// Reads `[--seconds N] [--target NAME] [--jobs J] [--minimise] [--told]`.
    ///
    /// # Errors
    /// The word that is none of these, or has no value.
    pub fn parse(words: &[&str]) -> Result<Self, String> {
        let jobs = std::thread::available_parallelism().map_or(1, NonZero::get);
        let mut options = Self { seconds: SECONDS, target: None, jobs, minimise: false, told: false };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().copied().ok_or_else(|| format!("{word} needs a value"));
            match *word {
                "--seconds" => options.seconds = number(word, value()?)?,
                "--jobs" => options.jobs = number(word, value()?)?,
                "--target" => options.target = Some(value()?.to_owned()),
                "--minimise" => options.minimise = true,
                "--told" => options.told = true,
                other => return Err(format!("`{other}` is none of --seconds, --target, --jobs, --minimise, --told")),
            }
        }
        Ok(options)
    }
}

/// From 1 on: libFuzzer takes 0 seconds for endless.
fn number<T: std::str::FromStr + PartialOrd + From<u8>>(word: &str, text: &str) -> Result<T, String> {
    let number = text.parse().ok().filter(|number: &T| *number >= T::from(1));
    number.ok_or_else(|| format!("{word} {text}: a whole number from 1 on is expected"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read() {
        let options = Options::parse(&["--seconds", "5", "--target", "spf", "--jobs", "2", "--minimise"]).unwrap();
        assert_eq!((options.seconds, options.target.as_deref(), options.jobs), (5, Some("spf"), 2));
        assert!(options.minimise && !options.told);
        assert!(Options::parse(&["--told"]).unwrap().told);
        assert_eq!(Options::parse(&[]).unwrap().seconds, SECONDS);
    }

    #[test]
    fn what_is_no_option_is_named() {
        for (words, says) in [
            (&["--seconds"][..], "--seconds needs a value"),
            (&["--seconds", "0"], "from 1 on"),
            (&["--jobs", "many"], "from 1 on"),
            (&["spf"], "`spf` is none of"),
        ] {
            assert!(Options::parse(words).unwrap_err().contains(says), "{words:?}");
        }
    }
}
