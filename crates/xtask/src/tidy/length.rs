//! A file that is too long is two files.

use super::{
    Untidy,
    house::{House, read},
};

pub(super) fn check(house: &House) -> Result<Vec<Untidy>, String> {
    let limit = house.plan.length.rust;
    let mut found = Vec::new();
    for member in &house.members {
        for file in member.rust_files()? {
            let lines = read(&file)?.lines().count();
            if lines > limit {
                let what = format!("{lines} lines, more than {limit}: cut it where its subject changes");
                found.push(Untidy { file: house.relative(&file), line: 0, what });
            }
        }
    }
    Ok(found)
}
