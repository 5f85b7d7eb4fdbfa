//! What a service manager is told, what it is asked to run, and the package that brings both.

use std::{
    fs,
    os::unix::net::UnixDatagram,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use xtask::deb::Deb;

use crate::support::{binary, tool};

const LIMIT: Duration = Duration::from_secs(60);

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What is told, until it holds that.
fn heard(socket: &UnixDatagram, until: &str) -> Vec<String> {
    let (mut told, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let count = socket.recv(&mut buffer).unwrap_or_else(|error| panic!("{until} was not told: {error}, {told:?}"));
        told.push(String::from_utf8(buffer[..count].to_vec()).unwrap());
        if told.last().unwrap().contains(until) {
            return told;
        }
    }
}

#[test]
fn the_service_manager_hears_that_it_is_ready_that_it_lives_and_that_it_stops() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    let any = "[\"127.0.0.1:0\"]";
    let listen: String = ["mx", "submission", "submissions", "imap", "imaps", "dns", "http", "https"]
        .iter()
        .map(|name| format!("{name} = {any}\n"))
        .collect();
    // A disk never has that much room: new mail is put off, which is told too.
    let config = format!(
        "data_dir = \"{}/data\"\n[listen]\n{listen}[load]\ndisk_free_mib = 999999999\n",
        folder.path().display()
    );
    fs::write(folder.path().join("coldrelay.toml"), config).unwrap();
    let mut child = Command::new(binary())
        .arg("--config")
        .arg(folder.path().join("coldrelay.toml"))
        .arg("serve")
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "200000")
        .env_remove("WATCHDOG_PID")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    assert!(heard(&socket, "READY=1")[0].contains("STATUS="));
    heard(&socket, "WATCHDOG=1");
    let told = heard(&socket, "Putting mail off");
    assert!(told.last().unwrap().contains("load.disk_free_mib"), "{told:?}");
    heard(&socket, "WATCHDOG=1");
    tool("kill", "procps").arg(child.id().to_string()).status().unwrap();
    heard(&socket, "STOPPING=1");
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_unit_is_valid_and_shut_off_from_the_rest_of_the_machine() {
    let folder = tempfile::tempdir().unwrap();
    let unit = fs::read_to_string(root().join("packaging/coldrelay.service")).unwrap();
    // The program is not installed here.
    let unit = unit.replace("/usr/bin/coldrelay", &binary().display().to_string());
    let path = folder.path().join("coldrelay.service");
    fs::write(&path, &unit).unwrap();
    let verified = tool("systemd-analyze", "systemd")
        .args(["verify", "--man=no", "--recursive-errors=no"])
        .arg(&path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&verified.stderr);
    // Of the machine's own units nothing is said here.
    assert!(verified.status.success() && !said.contains("coldrelay"), "{said}");
    let security = tool("systemd-analyze", "systemd")
        .args(["security", "--offline=yes", "--no-pager", "--threshold=20"])
        .arg(&path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&security.stdout);
    assert!(
        security.status.success(),
        "more exposed than 2.0 of 10:\n{said}{}",
        String::from_utf8_lossy(&security.stderr)
    );
}

#[test]
fn the_package_brings_a_program_that_runs_and_a_configuration_that_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let package = Deb { root: root(), binary: binary(), out: folder.path().join("out"), quick: true }.build().unwrap();
    let dpkg = |arguments: &[&str]| {
        let output = tool("dpkg-deb", "dpkg").args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let path = package.to_str().unwrap();
    let info = dpkg(&["--info", path]);
    for line in ["Package: coldrelay", "Version: 0.1.0", "conffiles", "postinst", "prerm", "postrm", "libc6 (>= 2."] {
        assert!(info.contains(line), "{line}: {info}");
    }
    let contents = dpkg(&["--contents", path]);
    for (mode, file) in [
        ("-rwxr-xr-x root/root", "./usr/bin/coldrelay"),
        ("-rw-r--r-- root/root", "./usr/lib/systemd/system/coldrelay.service"),
        ("-rw-r----- root/root", "./etc/coldrelay/coldrelay.toml"),
        ("-rw-r--r-- root/root", "./usr/share/doc/coldrelay/operations.md"),
        ("-rw-r--r-- root/root", "./usr/share/bash-completion/completions/coldrelay"),
    ] {
        assert!(contents.lines().any(|line| line.starts_with(mode) && line.ends_with(file)), "{file}: {contents}");
    }
    assert!(!contents.contains("./var/lib"), "data are made by postinst, for its user alone");

    let unpacked = folder.path().join("unpacked");
    dpkg(&["-x", path, unpacked.to_str().unwrap()]);
    let program = unpacked.join("usr/bin/coldrelay");
    let run = |arguments: &[&str]| Command::new(&program).args(arguments).current_dir(folder.path()).output().unwrap();
    assert!(run(&["--version"]).stdout.starts_with(b"coldrelay 0.1.0"));
    let config = unpacked.join("etc/coldrelay/coldrelay.toml");
    let checked = run(&["config", "check", config.to_str().unwrap()]);
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    assert!(fs::read_to_string(&config).unwrap().contains("\ndata_dir = \"/var/lib/coldrelay\"\n"));
    let data = folder.path().join("data");
    let doctor = run(&["--data-dir", data.to_str().unwrap(), "doctor", "--json"]);
    let found: Vec<serde_json::Value> = serde_json::from_slice(&doctor.stdout).unwrap();
    assert!(found.iter().any(|one| one["id"] == "data.folder" && one["state"] == "warn"), "{found:?}");
    for script in ["postinst", "prerm", "postrm"] {
        let parsed = Command::new("sh").arg("-n").arg(root().join("packaging/debian").join(script)).status().unwrap();
        assert!(parsed.success(), "{script}");
    }
}
