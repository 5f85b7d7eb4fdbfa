//! Which targets there are: what `fuzz/Cargo.toml` says.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// Longest input where the manifest says nothing, in octets.
const LONGEST: usize = 4096;

/// One target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name, and that of its program.
    pub name: String,
    /// Longest input that is tried, in octets.
    pub longest: usize,
    /// Words of its language.
    pub dictionary: Option<PathBuf>,
    /// The inputs that are checked in.
    pub corpus: PathBuf,
}

#[derive(serde::Deserialize)]
struct Manifest {
    #[serde(default)]
    bin: Vec<Bin>,
    package: Package,
}

#[derive(serde::Deserialize)]
struct Bin {
    name: String,
}

#[derive(serde::Deserialize)]
struct Package {
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Default, serde::Deserialize)]
struct Metadata {
    #[serde(default)]
    targets: BTreeMap<String, Limits>,
}

#[derive(Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    longest: Option<usize>,
    dictionary: Option<String>,
}

/// All targets of a fuzz workspace, in the order of its manifest.
///
/// # Errors
/// A manifest that cannot be read.
pub fn targets(folder: &Path) -> Result<Vec<Target>, String> {
    let path = folder.join("Cargo.toml");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let manifest: Manifest = toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut limits = manifest.package.metadata.targets;
    let targets: Vec<Target> = manifest
        .bin
        .into_iter()
        .map(|Bin { name }| {
            let Limits { longest, dictionary } = limits.remove(&name).unwrap_or_default();
            let dictionary = dictionary.map(|words| folder.join("dictionaries").join(format!("{words}.dict")));
            let corpus = folder.join("corpus").join(&name);
            Target { longest: longest.unwrap_or(LONGEST), dictionary, corpus, name }
        })
        .collect();
    match limits.into_keys().next() {
        Some(name) => Err(format!("{}: the metadata names `{name}`, which is no [[bin]]", path.display())),
        None => Ok(targets),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_of_ours_has_its_source_its_corpus_and_its_words() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
        let all = targets(&folder).unwrap();
        assert!(!all.is_empty());
        for target in &all {
            assert!(folder.join("fuzz_targets").join(format!("{}.rs", target.name)).is_file(), "{}", target.name);
            let inputs = std::fs::read_dir(&target.corpus).map(Iterator::count).unwrap_or(0);
            assert!(inputs > 0, "{} has no corpus", target.name);
            assert!(target.dictionary.as_ref().is_none_or(|words| words.is_file()), "{target:?}");
        }
        let sources = std::fs::read_dir(folder.join("fuzz_targets")).unwrap().count();
        assert_eq!(sources, all.len(), "each source is a [[bin]]");
    }

    #[test]
    fn limits_of_what_is_no_target_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let write = |text: &str| std::fs::write(folder.path().join("Cargo.toml"), text).unwrap();
        write("[package.metadata.targets]\nspf = { longest = 9 }\n[[bin]]\nname = \"spf\"\n");
        assert_eq!(targets(folder.path()).unwrap()[0].longest, 9);
        write("[package.metadata.targets]\nspf = { longest = 9 }\n[[bin]]\nname = \"dmarc\"\n");
        assert!(targets(folder.path()).unwrap_err().contains("`spf`"));
    }
}
