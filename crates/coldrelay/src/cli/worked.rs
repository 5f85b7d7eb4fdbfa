//! Worked examples in `docs/`: a block `sh` with a command, and a block `text` with its answer, which is the program's own.

/// Holds the document to what `shown` says for each of its commands, or writes it anew with `COLDRELAY_REGENERATE`.
pub fn hold(document: &str, shown: impl Fn(&str) -> String) {
    let path = format!("{}/../../docs/{document}", env!("CARGO_MANIFEST_DIR"));
    let kept = std::fs::read_to_string(&path).unwrap();
    let fresh = fresh(&kept, shown);
    if std::env::var_os("COLDRELAY_REGENERATE").is_some() {
        std::fs::write(&path, &fresh).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(kept == fresh, "docs/{document} is stale: run COLDRELAY_REGENERATE=1 cargo test -p coldrelay");
    assert!(kept.matches("```text\n").count() >= 4, "docs/{document} has hardly an example");
}

/// The document with the answer behind each command as it is now; a block `sh` without an answer stays as it is.
fn fresh(document: &str, shown: impl Fn(&str) -> String) -> String {
    let mut blocks = document.split("```sh\n");
    let mut out = blocks.next().unwrap_or_default().to_owned();
    for block in blocks {
        let (command, rest) = block.split_once("\n```\n").unwrap();
        let answer = rest.strip_prefix("```text\n").and_then(|rest| rest.split_once("\n```\n"));
        let Some((_, after)) = answer else {
            out.push_str(&format!("```sh\n{block}"));
            continue;
        };
        let answer: String = shown(command).lines().map(|line| format!("{}\n", line.trim_end())).collect();
        out.push_str(&format!("```sh\n{command}\n```\n```text\n{answer}```\n{after}"));
    }
    out
}
