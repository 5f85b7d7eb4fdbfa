//! Tidy is shown a small house, in order, and then each fault planted in it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may panic")]

use std::{fs, path::Path};

use tempfile::TempDir;
use xtask::tidy;

const PLAN: &str = include_str!("../../doors.toml");

/// A house of a few crates that keeps every rule.
fn house() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "crates/xtask/doors.toml", PLAN);
    manifest(folder.path(), "xtask", "");
    for (name, dependencies) in [
        ("wire", ""),
        ("syntax", "idna.workspace = true"),
        ("smtp", "wire.workspace = true\nsyntax.workspace = true"),
        ("rules", "smtp.workspace = true\nhmac.workspace = true"),
        ("dns", "rules.workspace = true\nhickory-proto.workspace = true\ntokio.workspace = true"),
        ("auth", "dns.workspace = true\nmail-auth.workspace = true"),
        ("store", "rules.workspace = true\nsqlx.workspace = true"),
        ("inbound", "store.workspace = true"),
        ("outbound", "store.workspace = true"),
        ("ops", "inbound.workspace = true\noutbound.workspace = true"),
        ("web", "ops.workspace = true\naxum.workspace = true"),
    ] {
        manifest(folder.path(), name, dependencies);
    }
    folder
}

fn write(root: &Path, file: &str, text: &str) {
    let path = root.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn manifest(root: &Path, name: &str, dependencies: &str) {
    let text = format!("[package]\nname = \"coldrelay-{name}\"\n\n[dependencies]\n{dependencies}\n");
    write(root, &format!("crates/{name}/Cargo.toml"), &text);
    write(root, &format!("crates/{name}/src/lib.rs"), "//! A crate.\n");
}

/// What tidy finds, one line each.
fn found(house: &TempDir) -> Vec<String> {
    tidy::check(house.path()).unwrap().iter().map(ToString::to_string).collect()
}

/// Exactly one finding, in that file, that says that.
fn check(house: &TempDir, file: &str, says: &str) {
    let found = found(house);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with(file), "{found:#?}");
    assert!(found[0].contains(says), "{found:#?}");
}

#[test]
fn a_house_in_order_passes() {
    assert_eq!(found(&house()), Vec::<String>::new());
}

#[test]
fn this_house_is_in_order() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let found: Vec<String> = tidy::check(&root).unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn an_arrow_to_a_higher_floor_is_refused() {
    let house = house();
    manifest(house.path(), "rules", "store.workspace = true");
    check(&house, "crates/rules/Cargo.toml:5", "the arrow to `store` runs upward");
}

#[test]
fn an_arrow_to_a_later_crate_of_the_words_is_refused() {
    let house = house();
    manifest(house.path(), "syntax", "smtp.workspace = true");
    check(&house, "crates/syntax/Cargo.toml", "runs upward");
}

#[test]
fn works_never_see_one_another() {
    let house = house();
    manifest(house.path(), "outbound", "store.workspace = true\ninbound.workspace = true");
    check(&house, "crates/outbound/Cargo.toml:6", "never see one another");
}

#[test]
fn among_the_pipes_only_auth_leans_on_dns() {
    let house = house();
    manifest(house.path(), "store", "dns.workspace = true");
    check(&house, "crates/store/Cargo.toml", "never see one another");
}

#[test]
fn a_foreign_crate_outside_its_door_is_refused() {
    let house = house();
    manifest(house.path(), "ops", "sqlx.workspace = true");
    check(&house, "crates/ops/Cargo.toml", "comes in only through store");
}

#[test]
fn a_foreign_crate_without_a_door_is_refused() {
    let house = house();
    manifest(house.path(), "dns", "left-pad = \"1\"");
    check(&house, "crates/dns/Cargo.toml", "has no door");
}

#[test]
fn tokio_in_the_manifest_of_a_pure_crate_is_refused() {
    let house = house();
    manifest(house.path(), "smtp", "tokio.workspace = true");
    check(&house, "crates/smtp/Cargo.toml", "not allowed on a pure floor");
}

#[test]
fn a_development_crate_below_the_product_is_refused() {
    let house = house();
    manifest(house.path(), "testkit", "");
    manifest(house.path(), "web", "testkit.workspace = true");
    check(&house, "crates/web/Cargo.toml", "for development");
}

#[test]
fn a_crate_that_stands_on_no_floor_is_refused() {
    let house = house();
    manifest(house.path(), "shed", "");
    check(&house, "crates/shed/Cargo.toml", "stands on no floor");
}

#[test]
fn each_impurity_on_a_pure_floor_is_refused() {
    for (source, says) in [
        ("use std::fs;\n", "std::fs"),
        ("use std::{net::{IpAddr, TcpStream}, fmt};\n", "std::net::TcpStream"),
        ("use std::time::SystemTime as Moment;\n", "std::time::SystemTime"),
        ("fn f() { let _ = std::time::Instant::now(); }\n", "std::time::Instant"),
        ("fn f() { let _ = std::env::var(\"HOME\"); }\n", "std::env"),
        ("fn f() { println!(\"{}\", std::process::id()); }\n", "std::process"),
        ("fn f() -> u8 { rand::random() }\n", "rand::random"),
        ("use tokio::sync::mpsc;\n", "tokio::sync"),
    ] {
        let house = house();
        write(house.path(), "crates/smtp/src/lib.rs", &format!("//! A crate.\n{source}"));
        check(&house, "crates/smtp/src/lib.rs:2", says);
    }
}

#[test]
fn words_about_impure_things_are_no_impurity() {
    let house = house();
    let source = "//! Unlike std::fs, tokio::net or rand::random, this is pure.\nuse std::time::Duration;\nuse std::net::IpAddr;\n\
                  const TEXT: &str = \"std::fs\";\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n";
    write(house.path(), "crates/smtp/src/lib.rs", source);
    assert_eq!(found(&house), Vec::<String>::new());
}

#[test]
fn an_over_long_file_is_refused() {
    let house = house();
    write(house.path(), "crates/store/src/long.rs", &"// line\n".repeat(601));
    check(&house, "crates/store/src/long.rs", "601 lines, more than 600");
}
