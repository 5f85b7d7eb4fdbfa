//! Whatever a configuration file holds: every mistake is shown in its place, and what is read does not change when a
//! comment is added.
#![no_main]

use std::path::Path;

/// The binary's own module: it has no library.
#[path = "../../crates/coldrelay/src"]
mod coldrelay {
    #[allow(dead_code, unused_imports, unreachable_pub)]
    pub mod config;
}

// The keys of blocklists are all that it takes of `check`.
extern crate self as check;

/// As `check` has it.
#[derive(Clone, Default, Debug)]
pub struct Keys(pub std::collections::BTreeMap<String, String>);

use coldrelay::config::read::{parse, problems_shown};

// The reference is read before the clock of the first input runs.
libfuzzer_sys::fuzz_target!(init: drop(parse("[blocklist]\nskip = [\"zen.spamhaus.org\"]\n")), |text: &str| {
    match parse(text) {
        Ok(config) => {
            let again = parse(&format!("# a comment\n{text}\n# another"));
            assert_eq!(format!("{:?}", again.ok()), format!("{:?}", Some(config)));
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            for problem in &problems {
                assert!(text.get(problem.span.clone()).is_some(), "{problem:?}");
                assert!(!problem.what.is_empty());
            }
            let shown = problems_shown(Path::new("coldrelay.toml"), text, &problems);
            assert!(shown.contains(&format!("{} mistake(s)", problems.len())));
        }
    }
});
