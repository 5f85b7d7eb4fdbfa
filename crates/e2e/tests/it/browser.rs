//! The dashboard in a real browser: `browser/walk.mjs` over the lab, `browser/set-up.mjs` over a new installation.
//!
//! Screenshots are left in the folder that `COLDRELAY_SCREENSHOTS` names, else in `screenshots` beside the built binary.

use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

use crate::support::{House, binary, tool};

/// Longest wait for the lab's story.
const STORY: Duration = Duration::from_secs(180);

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The lab, and the link that signs in.
fn lab() -> (Running, String) {
    let arguments = ["lab", "--json", "--quiet", "--http", "127.0.0.1:0"];
    let mut child =
        Command::new(binary()).args(arguments).stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let running = Running(child);
    let (found, told) = mpsc::channel();
    // Reads on to the end: a full pipe would stop the lab.
    std::thread::spawn(move || {
        for line in lines.map_while(Result::ok) {
            let invitation: Option<serde_json::Value> = serde_json::from_str(&line).ok();
            if let Some(link) = invitation.and_then(|value| value["sign_in"].as_str().map(str::to_owned)) {
                let _ = found.send(link);
            }
        }
    });
    let link = told.recv_timeout(STORY).expect("the lab invites to its dashboard");
    (running, link)
}

fn screenshots() -> PathBuf {
    match std::env::var_os("COLDRELAY_SCREENSHOTS") {
        Some(folder) => folder.into(),
        None => binary().with_file_name("screenshots"),
    }
}

/// Seconds that a walk may take.
const WALK_S: &str = "300";
/// What coreutils' timeout exits with when that was not enough.
const TOO_LONG: i32 = 124;

/// Whether the walk came to its end; a browser that stands still is ended.
fn walk(script: &str, arguments: &[&str]) -> bool {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("browser");
    assert!(
        folder.join("node_modules/playwright-core").is_dir() && folder.join("node_modules/axe-core").is_dir(),
        "the browser's tools are missing: npm ci --prefix {}",
        folder.display()
    );
    let chromium = tool("chromium", "chromium");
    let mut node = Command::new("timeout");
    node.args(["--kill-after=5", WALK_S, "node"]);
    node.env("CHROMIUM", chromium.get_program()).current_dir(&folder);
    let output = node.arg(script).args(arguments).arg(screenshots()).output().expect("node 20 or newer runs");
    let told = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).join("\n");
    let stood_still = output.status.code() == Some(TOO_LONG);
    assert!(stood_still || output.status.success(), "{told}");
    !stood_still
}

#[test]
fn a_person_walks_through_the_whole_dashboard_of_the_lab() {
    // Chromium stands still now and then: a second lab, whose link is new, decides.
    let walked = (0..2).any(|_| {
        let (_lab, link) = lab();
        walk("walk.mjs", &[&link])
    });
    assert!(walked, "the walk stood still twice");
}

#[test]
fn a_new_installation_is_set_up_and_signed_in_to() {
    let house = House::start();
    assert!(walk("set-up.mjs", &[&format!("http://{}", house.at("http")), &house.set_up_code()]), "it stood still");
}
