//! `cargo xtask fuzz`: every target of `fuzz/` built with the compiler of the house, run for a while, its findings told.
//!
//! libFuzzer comes as a crate, and the coverage that it needs from flags that the stable compiler takes; no sanitizer is
//! used, since the house forbids `unsafe`. Reading order: `targets` (what there is), `build`, `run`, `minimise`.

mod build;
mod minimise;
mod options;
mod run;
mod targets;

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

pub use options::Options;
pub use targets::{Target, targets};

use run::Ended;

/// Where the fuzz workspace lies, from the root of the house.
pub const FOLDER: &str = "fuzz";

/// Where things lie while targets are built and run.
#[derive(Debug, Clone)]
struct Place {
    /// `<target>/fuzz`: all that is made.
    made: PathBuf,
    /// The programs.
    programs: PathBuf,
}

impl Place {
    fn program(&self, target: &Target) -> PathBuf {
        self.programs.join(&target.name)
    }

    /// Inputs that this machine found and that are not checked in.
    fn found(&self, target: &Target) -> PathBuf {
        self.made.join("found").join(&target.name)
    }
}

/// Builds, then runs or minimises; `tell` gets each line as soon as it is known. Whether nothing was found.
///
/// # Errors
/// What keeps the targets from being built or run, for people.
pub fn fuzz(root: &Path, made: &Path, options: &Options, tell: &(dyn Fn(&str) + Sync)) -> Result<bool, String> {
    let all = targets(&root.join(FOLDER))?;
    let chosen: Vec<Target> = match &options.target {
        None => all,
        Some(name) => {
            let names: Vec<String> = all.iter().map(|target| target.name.clone()).collect();
            let found = all.into_iter().find(|target| target.name == *name);
            vec![found.ok_or_else(|| format!("there is no target `{name}`; there are {}", names.join(", ")))?]
        }
    };
    let place = build::build(root, made, &chosen)?;
    if options.minimise {
        for target in &chosen {
            tell(&minimise::minimise(&place, target)?);
        }
        return Ok(true);
    }
    if options.told {
        for ended in at_once(options.jobs, chosen.clone(), &|target| run::replay(&place, &target)) {
            let ended = ended?;
            if ended.finding.is_some() {
                tell(&ended.to_string());
                return Ok(false);
            }
        }
    }
    let ended = at_once(options.jobs, chosen, &|target| {
        let ended = run::run(&place, &target, options.seconds);
        tell(&ended.as_ref().map_or_else(Clone::clone, Ended::to_string));
        ended
    });
    let whole: Vec<Ended> = ended.into_iter().collect::<Result<_, String>>()?;
    let findings = whole.iter().filter(|ended| ended.finding.is_some()).count();
    if options.told && findings > 0 {
        tell(&format!("{findings} targets found something that is to be mended; the corpora that are checked in pass"));
    }
    Ok(options.told || findings == 0)
}

/// Does it to each, so many at a time.
fn at_once<T: Send, R: Send>(jobs: usize, all: Vec<T>, act: &(dyn Fn(T) -> R + Sync)) -> Vec<R> {
    let waiting = Mutex::new(VecDeque::from(all));
    let done = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some(next) = next else { break };
                    let result = act(next);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push(result);
                }
            });
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_done_once_however_many_at_a_time() {
        for jobs in [0, 1, 3, 20] {
            let mut done = at_once(jobs, (0..10).collect(), &|number: u32| number * 2);
            done.sort_unstable();
            assert_eq!(done, (0..10).map(|number| number * 2).collect::<Vec<_>>());
        }
    }
}
