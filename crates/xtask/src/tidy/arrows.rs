//! Arrows between crates go down only; a foreign crate comes in through its door.

use std::path::PathBuf;

use super::{
    Untidy,
    house::{House, Member},
};

pub(super) fn check(house: &House) -> Result<Vec<Untidy>, String> {
    let mut found = Vec::new();
    for member in &house.members {
        let is_development = house.plan.development.crates.contains(&member.name);
        let Some(place) = house.place(&member.name) else {
            if !is_development {
                found.push(untidy(house, member, "", "stands on no floor: add it to doors.toml and ARCHITECTURE.md"));
            }
            continue;
        };
        for name in &member.dependencies {
            if let Some(what) = fault_of(house, member, place, name) {
                found.push(untidy(house, member, name, &what));
            }
        }
        for name in &member.dev_dependencies {
            if let Some(what) = fault_of_test(house, member, name) {
                found.push(untidy(house, member, name, &what));
            }
        }
    }
    Ok(found)
}

fn fault_of(house: &House, member: &Member, (floor, place): (usize, usize), name: &str) -> Option<String> {
    if house.plan.development.crates.iter().any(|one| one == name) {
        return Some(format!("`{name}` is for development: only tests may depend on it"));
    }
    match house.place(name) {
        Some(below) if below.0 < floor => None,
        Some(above) if above.0 > floor => Some(format!("the arrow to `{name}` runs upward")),
        Some((_, other)) => inside(house, member, floor, place > other, name),
        None => fault_of_foreign(house, member, floor, name),
    }
}

fn inside(house: &House, member: &Member, floor: usize, is_earlier: bool, name: &str) -> Option<String> {
    let floor = house.plan.floor.get(floor)?;
    let leans = floor.leans.iter().any(|[from, to]| *from == member.name && to == name);
    match floor.inside.as_str() {
        _ if leans => None,
        "earlier" if is_earlier => None,
        "earlier" => Some(format!("`{name}` stands later on the floor `{}`: the arrow runs upward", floor.name)),
        _ => Some(format!("crates of the floor `{}` never see one another, but this depends on `{name}`", floor.name)),
    }
}

fn fault_of_foreign(house: &House, member: &Member, floor: usize, name: &str) -> Option<String> {
    if let Some(doors) = house.plan.doors.get(name) {
        let is_door = doors.contains(&member.name);
        return (!is_door).then(|| format!("the foreign crate `{name}` comes in only through {}", doors.join(", ")));
    }
    let is_pure = house.plan.floor.get(floor).is_some_and(|floor| floor.pure);
    let furniture = if is_pure { &house.plan.furniture.pure } else { &house.plan.furniture.any };
    if furniture.iter().any(|one| one == name) {
        return None;
    }
    Some(match is_pure {
        true => format!("`{name}` is not allowed on a pure floor"),
        false => format!("the foreign crate `{name}` has no door: add one to doors.toml"),
    })
}

/// Tests may use the crate's own dependencies, any member that the crate could see, testkit and the test furniture.
fn fault_of_test(house: &House, member: &Member, name: &str) -> Option<String> {
    let plan = &house.plan;
    let known = plan.furniture.tests.iter().chain(&plan.furniture.any).any(|one| one == name)
        || name == "testkit"
        || house.is_member(name)
        || plan.doors.get(name).is_some_and(|doors| doors.contains(&member.name));
    (!known).then(|| format!("`{name}` is used in tests but has no door here"))
}

fn untidy(house: &House, member: &Member, name: &str, what: &str) -> Untidy {
    let file: PathBuf = member.folder.join("Cargo.toml");
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let starts = |line: &str| !name.is_empty() && line.trim_start().starts_with(name);
    let line = text.lines().position(starts).map_or(0, |index| index + 1);
    Untidy { file: house.relative(&file), line, what: format!("{}: {what}", member.name) }
}
