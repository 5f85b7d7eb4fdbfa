//! The workspace as it stands, and the rules it should keep.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;

/// `doors.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// From the ground up.
    pub floor: Vec<Floor>,
    /// Crates for development only.
    pub development: Crates,
    /// Crates that any may use.
    pub furniture: Furniture,
    /// Foreign crate → its doors.
    pub doors: BTreeMap<String, Vec<String>>,
    /// What pure code may not name.
    pub purity: Purity,
    /// How long a file may be.
    pub length: Length,
}

/// One floor.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Floor {
    /// Name.
    pub name: String,
    /// No tokio, socket, file, clock, randomness.
    pub pure: bool,
    /// `earlier` or `never`.
    pub inside: String,
    /// Pairs that are allowed although `inside` says never.
    #[serde(default)]
    pub leans: Vec<[String; 2]>,
    /// Crates in order.
    pub crates: Vec<String>,
}

/// A list of crates.
#[derive(Debug, Deserialize)]
pub struct Crates {
    /// Names.
    pub crates: Vec<String>,
}

/// Crates without a door.
#[derive(Debug, Deserialize)]
pub struct Furniture {
    /// On the pure floors.
    pub pure: Vec<String>,
    /// Everywhere else.
    pub any: Vec<String>,
    /// In tests.
    pub tests: Vec<String>,
}

/// Forbidden paths.
#[derive(Debug, Deserialize)]
pub struct Purity {
    /// `a::b` paths.
    pub paths: Vec<String>,
}

/// Longest files.
#[derive(Debug, Deserialize)]
pub struct Length {
    /// Lines of a Rust file.
    pub rust: usize,
}

/// A crate of the workspace.
#[derive(Debug)]
pub struct Member {
    /// Folder name, which is the library's name.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Dependencies of the library or binary (aliases), build dependencies among them.
    pub dependencies: Vec<String>,
    /// Dependencies of its tests.
    pub dev_dependencies: Vec<String>,
}

/// Everything that the checks look at.
#[derive(Debug)]
pub struct House {
    /// Workspace folder.
    pub root: PathBuf,
    /// Rules.
    pub plan: Plan,
    /// Crates, by name.
    pub members: Vec<Member>,
}

impl House {
    /// Reads manifests and rules.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn read(root: &Path) -> Result<Self, String> {
        let text = read(&root.join("crates/xtask/doors.toml"))?;
        let plan = toml::from_str(&text).map_err(|error| format!("doors.toml: {error}"))?;
        let folders = fs::read_dir(root.join("crates")).map_err(|error| format!("crates/: {error}"))?;
        let mut members = Vec::new();
        for folder in folders.flatten().map(|entry| entry.path()).filter(|path| path.join("Cargo.toml").is_file()) {
            members.push(Member::read(&folder)?);
        }
        members.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(Self { root: root.to_owned(), plan, members })
    }

    /// Floor (from 0) and place on it.
    pub fn place(&self, name: &str) -> Option<(usize, usize)> {
        self.plan.floor.iter().enumerate().find_map(|(floor, row)| {
            let place = row.crates.iter().position(|one| one == name)?;
            Some((floor, place))
        })
    }

    /// Whether a name is a crate of this workspace.
    pub fn is_member(&self, name: &str) -> bool {
        self.members.iter().any(|member| member.name == name)
    }

    /// Path relative to the workspace.
    pub fn relative(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.root).unwrap_or(path).to_owned()
    }
}

impl Member {
    fn read(folder: &Path) -> Result<Self, String> {
        let file = folder.join("Cargo.toml");
        let manifest: toml::Table =
            toml::from_str(&read(&file)?).map_err(|error| format!("{}: {error}", file.display()))?;
        let names = |key: &str| -> Vec<String> {
            let table = manifest.get(key).and_then(toml::Value::as_table);
            table.map(|table| table.keys().cloned().collect()).unwrap_or_default()
        };
        let mut dependencies = names("dependencies");
        dependencies.extend(names("build-dependencies"));
        Ok(Self {
            name: folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            folder: folder.to_owned(),
            dependencies,
            dev_dependencies: names("dev-dependencies"),
        })
    }

    /// Every Rust file of the crate, sorted.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn rust_files(&self) -> Result<Vec<PathBuf>, String> {
        let mut files = Vec::new();
        walk(&self.folder, &mut files)?;
        files.sort();
        Ok(files)
    }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name != "target") {
                walk(&path, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// Text of a file.
pub(super) fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}
