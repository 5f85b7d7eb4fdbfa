//! The REST API of a running lab, held against its own document by schemathesis (PyPI): examples, limits of every field,
//! random requests good and bad, and chains of them. No 5xx, and no answer that the document does not have.

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::support::binary;

/// Requests that are made up of each operation, beside its examples and its limits.
const EXAMPLES: &str = "8";
/// Cases that a whole run has at least; fewer would mean that it was let down on its way.
const LEAST: u64 = 2000;

/// A running lab.
struct Lab {
    child: Child,
    home: String,
    key: String,
}

impl Lab {
    fn start() -> Self {
        let mut command = Command::new(binary());
        let command = command.args(["lab", "--json", "--quiet", "--http", "127.0.0.1:0"]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        // The report ends where the invitation's line begins.
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut invitations = lines.filter_map(|line| serde_json::from_str::<Value>(&line).ok());
        let invitation = invitations.find(|line| line["api_key"].is_string()).expect("an invitation");
        let (home, _) = invitation["sign_in"].as_str().unwrap().split_once("/sign-in/").unwrap();
        let (home, key) = (home.to_owned(), invitation["api_key"].as_str().unwrap().to_owned());
        Self { child, home, key }
    }

    /// Runs schemathesis over some operations; its words, and how many cases there were.
    fn tried(&self, more: &[&str]) -> u64 {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("contract");
        let output = Command::new(schemathesis())
            .current_dir(folder)
            .args(["--no-color", "run", &format!("{}/api/v1/openapi.json", self.home), "--max-examples", EXAMPLES])
            .args(["--header", &format!("Authorization: Bearer {}", self.key)])
            .args(more)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
        let cases = said.lines().find_map(|line| line.trim().split_once(" generated")).map(|(number, _)| number);
        cases.and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("how many cases? {said}"))
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Where `cargo xtask packages more` says that it is installed.
fn schemathesis() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"))).unwrap();
    let path = cache.join("coldrelay-tools/python/bin/schemathesis");
    assert!(path.is_file(), "{} is missing: `cargo xtask packages more` says how to install it", path.display());
    path
}

#[test]
fn the_api_answers_as_its_document_says_whatever_it_is_asked() {
    let lab = Lab::start();
    // A stream has no end, and a case that revokes the key of the run would leave nothing but 401 to the others.
    let not_these = ["--exclude-path", "/events/stream", "--exclude-operation-id", "revoke_key"];
    let cases = lab.tried(&not_these);
    assert!(cases >= LEAST, "only {cases} cases");
    assert!(lab.tried(&["--include-operation-id", "revoke_key"]) > 0);
}
