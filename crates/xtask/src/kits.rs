//! Packages of PyPI and npm that the tests need: each kit is pinned by a file of ours, and complete when a copy of that file lies
//! in its folder, which is put there last.

use std::path::{Path, PathBuf};

/// Packages of another registry than Debian's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kit {
    /// What it is called.
    pub name: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// The file that names the packages with their versions.
    pub pinned_by: &'static str,
    /// The copy of that file that shows that the kit is complete.
    pub shown_by: PathBuf,
    /// The shell command that installs it.
    pub command: String,
}

/// Everything that `cargo xtask test` needs besides Debian's packages.
pub fn kits() -> Vec<Kit> {
    vec![python(&tools()), browser()]
}

/// Those that are not there, or are of other versions.
pub fn missing() -> Vec<Kit> {
    let is_there = |kit: &Kit| match (std::fs::read(kit.pinned_by), std::fs::read(&kit.shown_by)) {
        (Ok(wanted), Ok(found)) => wanted == found,
        _ => false,
    };
    kits().into_iter().filter(|kit| !is_there(kit)).collect()
}

fn python(tools: &Path) -> Kit {
    let (folder, pinned_by) = (tools.join("python"), "crates/e2e/requirements.txt");
    let (shown_by, at) = (folder.join("requirements.txt"), folder.display());
    let command = format!(
        "python3 -m venv '{at}' && '{at}/bin/pip' install --quiet --disable-pip-version-check --requirement {pinned_by} \
         && cp {pinned_by} '{}'",
        shown_by.display()
    );
    Kit { name: "python", purpose: "schemathesis: the REST API against its document", pinned_by, shown_by, command }
}

fn browser() -> Kit {
    let pinned_by = "crates/e2e/browser/package-lock.json";
    let shown_by = PathBuf::from("crates/e2e/browser/node_modules/.pinned.json");
    let command = format!(
        "npm ci --prefix crates/e2e/browser --no-audit --no-fund --loglevel=error && cp {pinned_by} {}",
        shown_by.display()
    );
    Kit { name: "browser", purpose: "the dashboard in a real browser, with axe-core", pinned_by, shown_by, command }
}

/// Shared between clones of the same user.
fn tools() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| Path::new(&home).join(".cache"));
    cache.or_else(home).unwrap_or_else(std::env::temp_dir).join("coldrelay-tools")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kit_is_pinned_by_a_file_that_is_there_and_is_shown_last() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for kit in kits() {
            assert!(root.join(kit.pinned_by).is_file(), "{}", kit.pinned_by);
            let (_, last) = kit.command.rsplit_once("&& ").unwrap();
            assert!(last.starts_with(&format!("cp {}", kit.pinned_by)), "{}", kit.command);
            assert!(last.contains(&kit.shown_by.display().to_string()), "{}", kit.command);
        }
    }

    #[test]
    fn every_requirement_names_its_version() {
        let text = include_str!("../../e2e/requirements.txt");
        let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(!lines.is_empty() && lines.iter().all(|line| line.contains("==")), "{lines:?}");
    }
}
