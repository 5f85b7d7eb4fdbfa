//! A backup while mail comes in, and back into another folder; what was changed in it is found; a place without room.

use std::{
    fs,
    io::Write as _,
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
};

use serde_json::Value;

use crate::support::{House, binary};

/// Runs our binary on a data folder of its own, without a configuration file.
fn elsewhere(data: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(binary())
        .current_dir(data.parent().unwrap())
        .arg("--data-dir")
        .arg(data)
        .args(arguments)
        .output()
        .unwrap();
    let text = |octets| String::from_utf8(octets).unwrap();
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

fn rows(manifest: &Value) -> u64 {
    manifest["database"]["tables"].as_object().unwrap().values().map(|rows| rows.as_u64().unwrap()).sum()
}

#[test]
fn a_backup_under_load_goes_back_sound_and_whole() {
    let house = House::start();
    let done = AtomicBool::new(false);
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup");
    std::thread::scope(|scope| {
        let load = scope.spawn(|| {
            let mut sent = 0;
            while !done.load(Ordering::SeqCst) {
                house.json(&[
                    "send",
                    "--from",
                    "ann@acme.test",
                    "--to",
                    "x@receiver.test",
                    "--subject",
                    "Load",
                    "--text",
                    "Hi",
                ]);
                sent += 1;
            }
            sent
        });
        let manifest = house.json(&["backup", backup.to_str().unwrap()]);
        done.store(true, Ordering::SeqCst);
        load.join().unwrap();
        let names: Vec<&str> =
            manifest["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
        for name in ["database.db", "data/secret.key", "data/tls/key.pem", "coldrelay.toml"] {
            assert!(names.contains(&name), "{name}: {names:?}");
        }
        let zones = manifest["not_included"].as_array().unwrap();
        assert!(zones.iter().any(|one| one["setting"] == "dns.zone_files"), "{zones:?}");
    });
    assert_eq!(fs::metadata(&backup).unwrap().permissions().mode() & 0o777, 0o700);

    let data = folder.path().join("restored");
    let target = backup.to_str().unwrap();
    let (code, said, error) = elsewhere(&data, &["restore", target, "--json"]);
    assert_eq!(code, 0, "{said}{error}");
    assert!(error.contains("coldrelay verify") && error.contains("both would send"), "{error}");
    let restored: Value = serde_json::from_str(&said).unwrap();
    let (code, verified, error) = elsewhere(&data, &["verify", "--json"]);
    assert_eq!(code, 0, "{verified}{error}");
    let manifest: Value = serde_json::from_slice(&fs::read(backup.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(rows(&manifest), rows(&restored));
    assert_eq!(
        fs::read(data.join("secret.key")).unwrap(),
        fs::read(house.folder.path().join("data/secret.key")).unwrap()
    );
    let (code, listed, _) = elsewhere(&data, &["mailbox", "list", "--json"]);
    assert!(code == 0 && listed.contains("ann@acme.test"), "{listed}");
    let (code, _, error) = elsewhere(&data, &["restore", target]);
    assert!(code == 2 && error.contains("is not empty"), "{error}");
}

#[test]
fn a_changed_octet_is_found_before_anything_is_written() {
    let house = House::start();
    let folder = tempfile::tempdir().unwrap();
    let backup = folder.path().join("backup");
    house.json(&["backup", backup.to_str().unwrap()]);
    let file = backup.join("database.db");
    let mut octets = fs::read(&file).unwrap();
    let middle = octets.len() / 2;
    octets[middle] ^= 1;
    fs::write(&file, octets).unwrap();
    let data = folder.path().join("restored");
    let (code, _, error) = elsewhere(&data, &["restore", backup.to_str().unwrap()]);
    assert!(code == 2 && error.contains("database.db") && error.contains("SHA-256"), "{error}");
    assert!(!data.exists(), "something was left");
    fs::remove_file(backup.join("manifest.json")).unwrap();
    let (code, _, error) = elsewhere(&data, &["restore", backup.to_str().unwrap()]);
    assert!(code == 2 && error.contains("did not end"), "{error}");
}

#[test]
fn a_place_without_room_is_told_and_left_as_it_was() {
    let house = House::start();
    let folder = tempfile::tempdir().unwrap();
    let small = folder.path().join("small");
    fs::create_dir(&small).unwrap();
    // A disk of its own, in a mount namespace of its own.
    let script = "mount -t tmpfs -o size=64k tmpfs \"$1\" || exit 99; \"$2\" --config \"$3\" backup \"$1/backup\"; \
                  echo \"code $?\"; ls -A \"$1\"";
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout.trim_ascii() == b"0";
    let output = Command::new("unshare")
        .args([if is_root { "-m" } else { "-Urm" }, "sh", "-c", script, "sh"])
        .arg(&small)
        .arg(binary())
        .arg(house.folder.path().join("coldrelay.toml"))
        .output()
        .unwrap();
    let (said, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(said.trim(), "code 5", "{said}{error}");
    assert!(error.contains("full"), "{error}");

    let unwritable = Path::new("/proc/backup");
    let (code, _) = house.run(&["backup", unwritable.to_str().unwrap()]);
    assert_eq!(code, 3);
    assert!(house.log().contains("may this user write there"), "{}", house.log());
}

#[test]
fn the_doctor_names_what_is_wrong_and_how_to_put_it_right() {
    let house = House::start();
    let (code, said) = house.run(&["doctor", "--json"]);
    let found: Vec<Value> = serde_json::from_str(&said).unwrap();
    let of = |id: &str| found.iter().find(|one| one["id"] == id).unwrap_or_else(|| panic!("{id}: {said}"));
    for id in ["data.folder", "database.reach", "database.schema", "database.sound", "clock.order"] {
        assert_eq!(of(id)["state"], "ok", "{id}: {said}");
    }
    assert_eq!(of("tls.certificate")["state"], "warn");
    // The configuration was written for everybody to read; what is always secret was not.
    assert!(of("data.private")["state"] == "warn" && of("data.private")["fix"].as_str().unwrap().contains("chmod"));
    // The DNS of this house has a root of its own.
    assert_eq!(of("dns.resolver")["state"], "ok");
    let mx = of("mx.private-address");
    assert!(mx["state"] == "bad" && mx["fix"].is_string() && mx["entry"] == "mx-record-wrong", "{mx}");
    assert_eq!(code, 1);
    assert!(!said.contains(&house.password), "a secret is shown");

    let key = house.folder.path().join("data/secret.key");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let (_, said) = house.run(&["doctor"]);
    assert!(said.contains("secret.key") && said.contains("chmod 640"), "{said}");
    let _ = TcpStream::connect(house.at("mx")).and_then(|mut stream| stream.write_all(b"QUIT\r\n"));
}
