//! The explainer and the exported reference, as people and browsers meet them.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::support::binary;

fn batch(input: &str) -> Vec<Value> {
    let mut explain = Command::new(binary())
        .args(["explain", "--batch", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    explain.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = explain.wait_with_output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_line_of_a_batch_gets_its_answer() {
    let answers = batch(
        "550 5.1.1 user unknown\n\n421 4.7.28 Gmail has detected an unusual rate of email originating from your IP Netblock 192.0.2.0\nzorp\n",
    );
    assert_eq!(answers.len(), 3);
    let gone = &answers[0];
    assert_eq!((gone["reply"].as_u64(), gone["enhanced"].as_str()), (Some(550), Some("5.1.1")));
    assert_eq!((gone["who"].as_str(), gone["suppress"].as_bool()), (Some("recipient"), Some(true)));
    assert_eq!((answers[1]["provider"].as_str(), answers[1]["identity"].as_str()), (Some("gmail"), Some("netblock")));
    assert_eq!((answers[2]["entry"].as_str(), answers[2]["input"].as_str()), (Some("unknown"), Some("zorp")));
    for field in ["input", "stage", "how_long", "action", "confidence", "causes"] {
        assert!(answers.iter().all(|answer| answer.get(field).is_some()), "{field}");
    }
    assert!(["id", "why", "check"].iter().all(|field| gone["causes"][0][field].is_string()));
}

#[test]
fn a_folder_of_messages_gets_an_answer_each() {
    let folder = tempfile::tempdir().unwrap();
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bounce/tests/vectors/dsn");
    for file in std::fs::read_dir(vectors).unwrap() {
        let path = file.unwrap().path();
        std::fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    let output = Command::new(binary()).args(["explain", "--batch", "--file"]).arg(folder.path()).output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(answers.len(), 5);
    let delayed = answers.iter().find(|answer| answer["input"] == "postfix-delayed.eml").unwrap();
    assert_eq!(delayed["source"], "delay");
    assert_eq!(delayed["recipients"][0]["suppress"], false);
}

/// The page as the browser has it after its scripts have run.
fn browsed(address: &str) -> String {
    let profile = tempfile::tempdir().unwrap();
    let output = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--virtual-time-budget=3000",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(address)
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_exported_reference_is_searched_in_a_browser_without_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let export = Command::new(binary()).args(["reference", "export", "--html"]).arg(folder.path()).output().unwrap();
    assert!(export.status.success(), "{}", String::from_utf8_lossy(&export.stderr));
    let page = |name: &str| format!("file://{}/{name}", folder.path().display());

    let found = browsed(&page("index.html?q=gmail%205.7.26"));
    let hits = found.split("id=\"hits\"").nth(1).unwrap().split("</ul>").next().unwrap();
    assert!(hits.contains("550-5-7-26-at-gmail.html"), "{hits}");
    assert!(!hits.contains("552-at-orange.html"), "{hits}");

    let entry = browsed(&page("553.html"));
    for part in ["What it means", "How to fix it", "Questions", "Sources", "application/ld+json"] {
        assert!(entry.contains(part), "{part}");
    }
    assert!(browsed(&page("at-gmail.html")).contains("421-4-7-28-at-gmail.html"));
}
