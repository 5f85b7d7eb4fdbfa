//! A real Postfix as the MX of `receiver.test`: it knows one user, and says so.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command},
};

use tempfile::TempDir;

use crate::support::{House, is_root, tool, wait_for};

/// A Postfix with a queue and a configuration of its own.
struct Postfix {
    child: Child,
    folder: TempDir,
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let _ = postfix(self.folder.path(), "stop").output();
        let _ = self.child.wait();
    }
}

/// Postfix starts as root and drops its rights by itself.
fn postfix(folder: &Path, action: &str) -> Command {
    let mut command = if is_root() { tool("postfix", "postfix") } else { tool("sudo", "sudo") };
    if !is_root() {
        command.args(["-n", "postfix"]);
    }
    command.arg("-c").arg(folder.join("etc")).arg(action);
    command
}

fn start(house: &House) -> Postfix {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for name in ["etc", "queue", "data", "mail"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    fs::set_permissions(folder.path().join("mail"), fs::Permissions::from_mode(0o777)).unwrap();
    let owned = Command::new(if is_root() { "chown" } else { "sudo" })
        .args(if is_root() { vec![] } else { vec!["-n", "chown"] })
        .arg("postfix")
        .arg(folder.path().join("data"))
        .status()
        .unwrap();
    assert!(owned.success());
    let root = folder.path().display();
    // Postfix wants an address that an interface has; where it listens is said in master.cf.
    let main = format!(
        "compatibility_level = 3.6\nqueue_directory = {root}/queue\ndata_directory = {root}/data\n\
         command_directory = /usr/sbin\ndaemon_directory = /usr/lib/postfix/sbin\nmail_owner = postfix\nsetgid_group = postdrop\n\
         myhostname = mx.receiver.test\nmydestination =\nmynetworks = 127.0.9.9/32\ninet_interfaces = 127.0.0.1\ninet_protocols = ipv4\n\
         virtual_mailbox_domains = receiver.test\nvirtual_mailbox_base = {root}/mail\n\
         virtual_mailbox_maps = inline:{{ {{ dana@receiver.test = dana/ }} }}\n\
         virtual_uid_maps = static:65534\nvirtual_gid_maps = static:65534\nalias_maps =\nsmtpd_peername_lookup = no\n",
    );
    let master = format!(
        "{} inet n - n - - smtpd\n\
         pickup unix n - n 60 1 pickup\ncleanup unix n - n - 0 cleanup\nqmgr unix n - n 300 1 qmgr\nrewrite unix - - n - - trivial-rewrite\n\
         bounce unix - - n - 0 bounce\ndefer unix - - n - 0 bounce\ntrace unix - - n - 0 bounce\nverify unix - - n - 1 verify\n\
         proxymap unix - - n - - proxymap\nsmtp unix - - n - - smtp\nerror unix - - n - - error\nretry unix - - n - - error\n\
         virtual unix - n n - - virtual\nanvil unix - - n - 1 anvil\nscache unix - - n - 1 scache\n",
        house.sink
    );
    fs::write(folder.path().join("etc/main.cf"), main).unwrap();
    fs::write(folder.path().join("etc/master.cf"), master).unwrap();
    let child = postfix(folder.path(), "start-fg").spawn().unwrap();
    wait_for("Postfix", || std::net::TcpStream::connect(house.sink).ok());
    Postfix { child, folder }
}

fn send(house: &House, to: &str, subject: &str) {
    house.json(&["send", "--from", "ann@acme.test", "--to", to, "--subject", subject, "--text", "Hello"]);
}

#[test]
fn postfix_takes_mail_for_its_user_and_its_refusal_is_explained() {
    let house = House::start();
    let postfix = start(&house);
    send(&house, "dana@receiver.test", "for dana");
    send(&house, "ghost@receiver.test", "for nobody");
    house.wait_for_state("for dana", "delivered");
    house.wait_for_state("for nobody", "bounced");
    let mail = wait_for("the mail in dana's mailbox", || {
        let file = fs::read_dir(postfix.folder.path().join("mail/dana/new")).ok()?.flatten().next()?;
        fs::read_to_string(file.path()).ok()
    });
    assert!(mail.contains("Return-Path: <bounce+") && mail.contains("for dana"), "{mail}");
    let queue = house.json(&["queue", "list", "--state", "bounced"]);
    let why = house.json(&["queue", "why", queue[0]["id"].as_str().unwrap()]);
    let explanation = &why["recipients"][0]["explanation"];
    assert_eq!(explanation["entry"], "550-5-1-1", "{why:#}");
    assert_eq!(explanation["who"], "recipient");
    // The address is left alone from now on.
    let (code, _) =
        house.run(&["send", "--from", "ann@acme.test", "--to", "ghost@receiver.test", "--subject", "x", "--text", "x"]);
    assert_eq!(code, 1);
}
