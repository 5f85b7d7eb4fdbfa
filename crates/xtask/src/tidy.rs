//! `cargo xtask tidy`: keeps the floors.
//!
//! Refuses an arrow that runs upward, impurity on the pure floors, a foreign crate outside its
//! door, and an over-long file. What is allowed is data: `crates/xtask/doors.toml`.

mod arrows;
mod house;
mod length;
mod purity;

use std::{
    fmt,
    path::{Path, PathBuf},
};

pub use house::House;

/// Something that is out of order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untidy {
    /// File, relative to the workspace.
    pub file: PathBuf,
    /// Line from 1; 0 for the whole file.
    pub line: usize,
    /// What is wrong and what to do.
    pub what: String,
}

impl fmt::Display for Untidy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.file.display(), self.what),
            line => write!(f, "{}:{line}: {}", self.file.display(), self.what),
        }
    }
}

/// Looks at the whole workspace below `root`.
///
/// # Errors
/// When a file that must be there cannot be read or understood.
pub fn check(root: &Path) -> Result<Vec<Untidy>, String> {
    let house = House::read(root)?;
    let mut found = arrows::check(&house)?;
    found.extend(purity::check(&house)?);
    found.extend(length::check(&house)?);
    found.sort_by(|left, right| (&left.file, left.line).cmp(&(&right.file, right.line)));
    Ok(found)
}
