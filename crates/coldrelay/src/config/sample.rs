//! The sample file, made from the settings.

use super::{SETTINGS, Setting};

/// A commented file in which every setting stands with its default.
pub fn sample() -> String {
    let mut out =
        String::from("# ColdRelay: every setting with its default. Remove the # in front of what you change.\n");
    let mut section = "";
    for Setting { path, default, doc, .. } in SETTINGS {
        let (own, key) = path.rsplit_once('.').unwrap_or(("", path));
        if own != section {
            section = own;
            out.push_str(&format!("\n[{section}]\n"));
        }
        for line in doc.lines() {
            out.push_str(&format!("#{line}\n"));
        }
        out.push_str(&format!("#{key} = {default}\n"));
    }
    out
}

/// Rows for a table.
pub fn listed() -> Vec<Vec<String>> {
    let row = |setting: &Setting| {
        vec![setting.path.into(), setting.kind.into(), setting.default.into(), setting.doc.trim().replace("\n ", " ")]
    };
    SETTINGS.iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::read::parse, *};

    #[test]
    fn the_sample_is_valid_as_it_is_and_with_every_setting_switched_on() {
        assert!(parse(&sample()).is_ok());
        let switched_on: String = sample()
            .lines()
            .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line))
            .map(|line| format!("{line}\n"))
            .collect();
        assert!(parse(&switched_on).is_ok(), "{:?}", parse(&switched_on).err());
    }

    #[test]
    fn the_sample_in_the_docs_is_fresh() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/config.sample.toml");
        if std::env::var_os("COLDRELAY_REGENERATE").is_some() {
            std::fs::write(path, sample()).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            kept == sample(),
            "docs/config.sample.toml is stale: run COLDRELAY_REGENERATE=1 cargo test -p coldrelay"
        );
    }
}
