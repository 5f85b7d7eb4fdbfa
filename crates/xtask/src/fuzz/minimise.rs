//! What was found, put into the corpus that is checked in: the fewest and smallest inputs that reach the same code.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{Place, Target, run};

/// Most files of a corpus.
const FILES: usize = 150;
/// Most octets of a corpus.
const OCTETS: u64 = 256 * 1024;

/// Minimises the corpus of a target; what to tell about it. Inputs with names given by people stay as they are.
pub(super) fn minimise(place: &Place, target: &Target) -> Result<String, String> {
    let whole = place.made.join("merged").join(&target.name);
    let cannot = |what: &Path, error: std::io::Error| format!("{}: {error}", what.display());
    let _ = fs::remove_dir_all(&whole);
    for folder in [&whole, &place.found(target)] {
        fs::create_dir_all(folder).map_err(|error| cannot(folder, error))?;
    }
    let old = files(&target.corpus)?;
    for input in old.iter().filter(|input| !is_digest(&input.path)) {
        fs::copy(&input.path, whole.join(&input.name)).map_err(|error| cannot(&input.path, error))?;
    }
    merge(place, target, &whole)?;
    let kept = within(files(&whole)?);
    for input in old.iter().filter(|input| is_digest(&input.path)) {
        fs::remove_file(&input.path).map_err(|error| cannot(&input.path, error))?;
    }
    for input in kept.iter().filter(|input| is_digest(&input.path)) {
        let to = target.corpus.join(&input.name);
        fs::copy(&input.path, &to).map_err(|error| cannot(&to, error))?;
    }
    let octets: u64 = kept.iter().map(|input| input.octets).sum();
    Ok(format!(
        "{:<18} {:>4} inputs before, {:>4} now, {} KiB",
        target.name,
        old.len(),
        kept.len(),
        octets.div_ceil(1024)
    ))
}

/// libFuzzer adds what reaches more than the named inputs do: the cover with the fewest.
fn merge(place: &Place, target: &Target, whole: &Path) -> Result<(), String> {
    let program = place.program(target);
    let mut command = Command::new(&program);
    command.args(run::limits(target)).arg("-set_cover_merge=1");
    command.args([whole, &target.corpus, &place.found(target)]);
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{}: merging ended with {status}", target.name)),
        Err(error) => Err(format!("{}: {error}", program.display())),
    }
}

struct Input {
    path: PathBuf,
    name: String,
    octets: u64,
}

/// The files of a folder, by name.
fn files(folder: &Path) -> Result<Vec<Input>, String> {
    let cannot = |error: std::io::Error| format!("{}: {error}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot)? {
        let entry = entry.map_err(cannot)?;
        let octets = entry.metadata().map_err(cannot)?.len();
        files.push(Input { path: entry.path(), name: entry.file_name().to_string_lossy().into_owned(), octets });
    }
    files.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(files)
}

/// Named inputs first, then the smallest, as far as the limits go.
fn within(mut inputs: Vec<Input>) -> Vec<Input> {
    inputs.sort_by_key(|input| (is_digest(&input.path), input.octets));
    let mut octets = 0;
    inputs.truncate(FILES);
    inputs.retain(|input| {
        octets += input.octets;
        octets <= OCTETS || !is_digest(&input.path)
    });
    inputs
}

/// Whether the name is one that libFuzzer gave: a SHA-1.
fn is_digest(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.len() == 40 && name.bytes().all(|octet| octet.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(name: &str, octets: u64) -> Input {
        Input { path: PathBuf::from(name), name: name.to_owned(), octets }
    }

    #[test]
    fn named_inputs_stay_and_the_smallest_of_the_others_fit() {
        let digest = |number: u64| format!("{number:040x}");
        let mut inputs = vec![input("a-bounce", OCTETS), input(&digest(1), 10)];
        assert_eq!(within(inputs).len(), 1);
        inputs = (0..1000).map(|number| input(&digest(number), 1000 - number)).collect();
        let kept = within(inputs);
        assert_eq!(kept.len(), FILES);
        assert!(kept.iter().all(|input| input.octets <= 150));
    }
}
