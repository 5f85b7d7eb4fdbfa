//! An installation out into a folder and into another installation; mail from elsewhere.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use ops::{ExportOptions, MailSource, MailboxRequest, Ops, Ported, PortedTally};
use rules::{Digest, secret::Key};
use store::{FlagChange, Flags, MailKind, NewMail, Store, Uids};
use syntax::{Address, Domain};
use testkit::smtp_host::Habit;

use crate::World;

const ALL: ExportOptions = ExportOptions { mail: true, mbox: true, events: true };
/// Octets that careless copies change.
const MAILS: [&[u8]; 4] = [
    b"From: Dana <dana@client.example>\r\nSubject: one\r\n\r\nHi Ann\r\n",
    b"Subject: =?utf-8?q?zwei?=\r\n\r\nFrom here\r\n>From there\r\n\r\n.\r\n\xff\xfe 8-bit, and no end of line",
    b"Subject: three\r\n\r\n\r\n\r\n",
    b"Subject: one of the same length\r\n\r\nA\r\n",
];

fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

/// Nothing in it, with another key.
async fn empty(world: &World, url: &str) -> Ops {
    Ops { store: Store::open(url, world.clock.clone()).await.unwrap(), key: Key([9; 32]), ..world.ops.clone() }
}

/// With mail, suppressions, grants and odd names.
async fn full() -> (World, tempfile::TempDir) {
    let world = World::with(Habit::knows(&[])).await;
    let ops = &world.ops;
    let request = MailboxRequest {
        address: address("Zoe+x@ours.test"),
        display: Some(String::from("Zoë, \"of\" =Sales")),
        daily_cap: Some(7),
    };
    ops.add_mailboxes(&[request]).await.unwrap();
    ops.grant(&address("ann@ours.test"), &address("Zoe+x@ours.test")).await.unwrap();
    ops.store.suppress(&address("never@client.example"), "opt-out").await.unwrap();
    let mailbox = ops.store.mailbox(&address("ann@ours.test")).await.unwrap().unwrap();
    for content in MAILS {
        let mail = NewMail {
            mailbox: mailbox.id.clone(),
            kind: MailKind::Reply,
            reverse_path: Address::parse("dana@client.example").ok(),
            forward_path: address("anything@ours.test"),
            from: Address::parse("dana@client.example").ok(),
            subject: String::from("kept as it was"),
            about: None,
            verdicts: Some(String::from("{\"spf\":\"pass\"}")),
            content: content.to_vec(),
        };
        ops.store.deliver(vec![mail], Vec::new()).await.unwrap();
    }
    let store = &ops.store;
    let inbox = store.folder(&mailbox.id, "INBOX").await.unwrap().unwrap();
    store.create_folder(&mailbox.id, "Work/2026").await.unwrap();
    store.create_folder(&mailbox.id, "Nothing in it").await.unwrap();
    let flags = Flags { bits: Flags::SEEN | Flags::FLAGGED, keywords: vec![String::from("later")] };
    store.store_flags(inbox.id, &Uids::new([(1, 2)]), FlagChange::Set, flags, None).await.unwrap();
    store.copy(inbox.id, &Uids::new([(2, 2)]), "Work/2026").await.unwrap();
    store.move_mails(inbox.id, &Uids::new([(3, 3)]), "Trash").await.unwrap();
    (world, tempfile::tempdir().unwrap())
}

async fn export(ops: &Ops, folder: &Path) {
    ops.export_folder(folder, ALL, &mut |_, _| ()).await.unwrap();
}

async fn import(ops: &Ops, folder: &Path) -> Result<Ported, rules::Fault> {
    ops.import_folder(folder, false, &mut |_, _| ()).await
}

/// Everything that must be the same, as text.
async fn state(ops: &Ops) -> Vec<String> {
    let mut lines = Vec::new();
    for domain in ops.store.domains(None).await.unwrap() {
        let (ip, host, all) = (domain.egress_ip, &domain.mail_host, &domain.catch_all);
        lines.push(format!("{} {ip} {host} {all:?} {}", domain.name, domain.dmarc_policy));
        for key in ops.store.dkim_keys(&domain.id).await.unwrap() {
            let private = Digest::of(&key.private_key);
            lines.push(format!("{} {} {} {} {private}", key.selector, key.algorithm, key.active, key.txt));
        }
    }
    for mailbox in ops.store.mailboxes(None).await.unwrap() {
        let (suspended, grants) = (mailbox.suspended_at.is_some(), ops.store.grants(&mailbox.id).await.unwrap());
        lines.push(format!("{} {:?} {} {suspended} {grants:?}", mailbox.address, mailbox.display, mailbox.daily_cap));
        let folders = ops.store.folders(&mailbox.id).await.unwrap();
        lines.push(folders.into_iter().map(|folder| folder.name).collect::<Vec<_>>().join(", "));
        for mail in ops.store.mails_behind(&mailbox.id, "", 100).await.unwrap() {
            let content = ops.store.mail_content(&mail.id).await.unwrap().unwrap();
            lines.push(format!("{:?}", ops.store.places_of(&[mail.id]).await.unwrap().values().next()));
            let about = format!(
                "{:?} {:?} {} {:?} {:?}",
                mail.kind, mail.reverse_path, mail.forward_path, mail.from, mail.verdicts
            );
            lines.push(format!(
                "{about} {} {} {} {}",
                mail.subject,
                mail.received_at,
                mail.octets,
                Digest::of(&content)
            ));
        }
    }
    for one in ops.store.suppressions().await.unwrap() {
        lines.push(format!("{} {} {:?} {}", one.address, one.reason, one.why, one.created_at));
    }
    lines
}

async fn round_trip(url: &str) {
    let (world, folder) = full().await;
    let root = folder.path().join("out");
    export(&world.ops, &root).await;
    let other = empty(&world, url).await;
    let dry = other.import_folder(&root, true, &mut |_, _| ()).await.unwrap();
    assert!(dry.dry_run && other.store.domains(None).await.unwrap().is_empty(), "{dry:?}");
    let ported = import(&other, &root).await.unwrap();
    assert_eq!(ported, Ported { dry_run: false, ..dry.clone() }, "a dry run tells the truth");
    assert_eq!(ported.problems, [] as [&str; 0]);
    assert_eq!(
        (ported.mailboxes, ported.mails),
        (PortedTally { made: 4, there: 0 }, PortedTally { made: 4, there: 0 })
    );
    assert_eq!(state(&other).await, state(&world.ops).await);
    let hash = |ops: &Ops| {
        let store = ops.store.clone();
        async move { store.mailbox(&address("ann@ours.test")).await.unwrap().unwrap().password_hash }
    };
    assert_ne!(hash(&other).await, hash(&world.ops).await, "passwords are not carried over");
    let before = state(&other).await;
    let again = import(&other, &root).await.unwrap();
    assert_eq!((again.domains.made, again.mailboxes.made, again.mails.made, again.suppressions.made), (0, 0, 0, 0));
    assert_eq!((again.mails.there, state(&other).await), (4, before), "a second import changes nothing");
    // What was imported is exported the same.
    let second = folder.path().join("second");
    export(&other, &second).await;
    assert_eq!(read(&root, "mbox/00002.mbox"), read(&second, "mbox/00002.mbox"));
}

fn read(root: &Path, path: &str) -> Vec<u8> {
    fs::read(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() { found.extend(files(&entry.path())) } else { found.push(entry.path()) }
    }
    found
}

#[tokio::test]
async fn an_installation_goes_into_another_one_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    round_trip(&format!("sqlite://{}/other.db", folder.path().display())).await;
}

#[tokio::test]
async fn an_installation_goes_into_another_one_on_postgresql() {
    let database = testkit::postgres::Server::shared().database();
    round_trip(database.url()).await;
}

#[tokio::test]
async fn an_export_can_be_read_by_its_owner_alone_and_replaces_nothing() {
    let (world, folder) = full().await;
    let root = folder.path().join("out");
    export(&world.ops, &root).await;
    for file in files(&root) {
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
    assert_eq!(fs::metadata(&root).unwrap().permissions().mode() & 0o777, 0o700);
    let zone = String::from_utf8(read(&root, "zones/ours.test.zone")).unwrap();
    assert!(zone.contains("v=DKIM1") && zone.contains("_dmarc"), "{zone}");
    assert!(read(&root, "keys/ours.test/1.pem").starts_with(b"-----BEGIN PRIVATE KEY-----\n"));
    assert!(!read(&root, "events.jsonl").is_empty());
    let fault = world.ops.export_folder(&root, ALL, &mut |_, _| ()).await.unwrap_err();
    assert!(fault.code == "export.folder" && fault.to_string().contains("not empty"), "{fault}");
}

/// Writes a file anew and makes the manifest say so, as somebody who means it would.
fn forge(root: &Path, path: &str, octets: &[u8]) {
    fs::write(root.join(path), octets).unwrap();
    let mut manifest: serde_json::Value = serde_json::from_slice(&read(root, "manifest.json")).unwrap();
    for entry in manifest["files"].as_array_mut().unwrap() {
        if entry["path"] == path {
            (entry["octets"], entry["sha256"]) = (octets.len().into(), Digest::of(octets).into());
        }
    }
    fs::write(root.join("manifest.json"), manifest.to_string()).unwrap();
}

#[tokio::test]
async fn an_export_of_the_first_version_knows_no_folders_and_comes_into_inbox() {
    let (world, folder) = full().await;
    let root = folder.path().join("out");
    export(&world.ops, &root).await;
    let strip = |path: &str, names: &[&str]| {
        let text = String::from_utf8(read(&root, path)).unwrap();
        let line = |line: &str| {
            let mut record: serde_json::Value = serde_json::from_str(line).unwrap();
            names.iter().for_each(|name| drop(record.as_object_mut().unwrap().remove(*name).unwrap()));
            format!("{record}\n")
        };
        forge(&root, path, text.lines().map(line).collect::<String>().as_bytes());
    };
    strip("mailboxes.jsonl", &["folders"]);
    strip("mail/00002/mail.jsonl", &["places"]);
    let manifest = String::from_utf8(read(&root, "manifest.json")).unwrap();
    fs::write(root.join("manifest.json"), manifest.replacen("\"version\":2", "\"version\":1", 1)).unwrap();
    let other = empty(&world, &format!("sqlite://{}/other.db", folder.path().display())).await;
    import(&other, &root).await.unwrap();
    let ann = other.store.mailbox(&address("ann@ours.test")).await.unwrap().unwrap();
    let inbox = other.store.folder(&ann.id, "INBOX").await.unwrap().unwrap();
    assert_eq!(other.store.folder_counts(inbox.id).await.unwrap().mails, 4);
}

#[tokio::test]
async fn damaged_folders_are_refused_before_anything_is_written() {
    let (world, folder) = full().await;
    type Damage = fn(&Path);
    let damages: [(&str, &str, Damage); 11] = [
        ("import.manifest", "did not end", |root| fs::remove_file(root.join("manifest.json")).unwrap()),
        ("import.manifest", "line 1", |root| fs::write(root.join("manifest.json"), "{\"format\":").unwrap()),
        ("import.manifest", "version 3", |root| {
            let text = String::from_utf8(read(root, "manifest.json")).unwrap();
            fs::write(root.join("manifest.json"), text.replace("\"version\": 2", "\"version\": 3")).unwrap();
        }),
        ("import.damaged", "domains.jsonl: its SHA-256", |root| {
            let text = String::from_utf8(read(root, "domains.jsonl")).unwrap();
            fs::write(root.join("domains.jsonl"), text.replace("reject", "rejecT")).unwrap();
        }),
        ("import.damaged", "mailboxes.jsonl: ", |root| {
            let cut = read(root, "mailboxes.jsonl");
            fs::write(root.join("mailboxes.jsonl"), &cut[..cut.len() / 2]).unwrap();
        }),
        ("import.damaged", "keys/ours.test/1.pem: it cannot be read", |root| {
            fs::remove_file(root.join("keys/ours.test/1.pem")).unwrap()
        }),
        ("import.damaged", "suppressions.jsonl: it is no plain file", |root| {
            fs::rename(root.join("suppressions.jsonl"), root.join("elsewhere")).unwrap();
            std::os::unix::fs::symlink(root.join("elsewhere"), root.join("suppressions.jsonl")).unwrap();
        }),
        ("import.damaged", "leads out of the folder", |root| {
            let text = String::from_utf8(read(root, "manifest.json")).unwrap();
            fs::write(root.join("manifest.json"), text.replace("zones/ours.test.zone", "../../etc/passwd")).unwrap();
        }),
        ("import.damaged", "mailboxes.jsonl line 2: ", |root| {
            let text = String::from_utf8(read(root, "mailboxes.jsonl")).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            forge(root, "mailboxes.jsonl", format!("{}\n{{\"address\": 7}}\n{}\n", lines[0], lines[2]).as_bytes());
        }),
        ("import.damaged", "mail/00002/mail.jsonl line 1: ../x is not in the manifest", |root| {
            let text = String::from_utf8(read(root, "mail/00002/mail.jsonl")).unwrap();
            let name = text.split("\"file\":\"").nth(1).unwrap().split('"').next().unwrap();
            forge(root, "mail/00002/mail.jsonl", text.replace(name, "../x").as_bytes());
        }),
        ("import.damaged", "the manifest says 2, 4, 1", |root| forge(root, "suppressions.jsonl", b"")),
    ];
    for (number, (code, told, damage)) in damages.into_iter().enumerate() {
        let root = folder.path().join(format!("out-{number}"));
        export(&world.ops, &root).await;
        damage(&root);
        let other = empty(&world, &format!("sqlite://{}/other-{number}.db", folder.path().display())).await;
        let fault = import(&other, &root).await.unwrap_err();
        assert!(fault.code == code && fault.to_string().contains(told), "{told}: {} {fault}", fault.code);
        assert_eq!(state(&other).await, [] as [&str; 0], "{told}");
    }
}

#[tokio::test]
async fn what_exists_is_never_overwritten_and_what_cannot_be_made_is_told() {
    let (world, folder) = full().await;
    let root = folder.path().join("out");
    export(&world.ops, &root).await;
    let other = empty(&world, &format!("sqlite://{}/other.db", folder.path().display())).await;
    let request = |name: &str, ip: [u8; 4]| ops::DomainRequest {
        name: Domain::parse(name).unwrap(),
        workspace: "default".into(),
        egress_ip: Some(ip.into()),
        dmarc_policy: Some("none".into()),
        catch_all: None,
    };
    // ours.test is there with another IP; the IP of open.test is another domain's.
    other.apply_domain(&request("ours.test", [127, 0, 9, 1])).await.unwrap();
    other.apply_domain(&request("taken.test", [127, 0, 1, 2])).await.unwrap();
    let ann =
        MailboxRequest { address: address("ann@ours.test"), display: Some("Another Ann".into()), daily_cap: Some(3) };
    other.add_mailboxes(&[ann]).await.unwrap();
    let before = other.store.mailbox(&address("ann@ours.test")).await.unwrap().unwrap();
    let ported = import(&other, &root).await.unwrap();
    assert_eq!(
        (ported.domains, ported.mailboxes),
        (PortedTally { made: 0, there: 1 }, PortedTally { made: 2, there: 1 })
    );
    let problems = ported.problems.join("\n");
    assert!(problems.contains("the domain open.test") && problems.contains("taken.test"), "{problems}");
    assert!(problems.contains("the mailbox all@open.test"), "{problems}");
    let after = other.store.mailbox(&address("ann@ours.test")).await.unwrap().unwrap();
    assert_eq!((after.display, after.daily_cap, after.password_hash), (before.display, 3, before.password_hash));
    let ours = other.store.domain(&Domain::parse("ours.test").unwrap()).await.unwrap().unwrap();
    assert_eq!((ours.egress_ip.to_string(), ours.dmarc_policy), (String::from("127.0.9.1"), String::from("none")));
    assert_eq!(ported.mails.made, 4, "mail comes into a mailbox that was there");
}

#[tokio::test]
async fn mail_from_elsewhere_comes_in_once() {
    let (world, folder) = full().await;
    let (ops, root) = (&world.ops, folder.path().join("Maildir"));
    for part in ["cur", "new", "tmp", ".Sent/cur"] {
        fs::create_dir_all(root.join(part)).unwrap();
    }
    let put = |path: &str, text: &str| fs::write(root.join(path), text).unwrap();
    put(
        "cur/1600000000.a.host:2,S",
        "From: Dana <dana@client.example>\nSubject: =?utf-8?q?h=C3=A9?=\nAuto-Submitted: auto-replied\n\nHi\n",
    );
    put("new/1600000001.b.host", "Subject: two\n\nHo\n");
    put("new/1600000002.c.host", "Subject: two\n\nHo\n");
    put("new/1600000003.d.host", " \n");
    put("tmp/1600000004.e.host", "Subject: unfinished\n\n");
    std::os::unix::fs::symlink("/etc/hostname", root.join("new/1600000005.f.host")).unwrap();
    let to = address("Zoe+x@ours.test");
    let mut heard = 0;
    let taken =
        ops.import_mail(&to, &MailSource::Maildir(root.clone()), &mut |_, number| heard = number).await.unwrap();
    assert_eq!((taken.taken, taken.there, taken.failed, heard), (2, 1, 2, 5), "{taken:?}");
    assert!(taken.problems[0].contains("1600000003.d.host: it is empty"), "{taken:?}");
    assert!(taken.problems[1].contains("no plain file") && taken.notes[0].contains(".Sent"), "{taken:?}");
    let mailbox = ops.store.mailbox(&to).await.unwrap().unwrap();
    let mails = ops.store.mails_behind(&mailbox.id, "", 10).await.unwrap();
    assert_eq!((mails[0].kind, mails[0].subject.as_str()), (MailKind::Auto, "hé"));
    assert_eq!(mails[0].received_at.to_string(), "2020-09-13T12:26:40.000Z");
    assert_eq!(ops.store.mail_content(&mails[1].id).await.unwrap().unwrap(), b"Subject: two\r\n\r\nHo\r\n");

    let mbox = folder.path().join("more.mbox");
    fs::write(&mbox, "From a@b Sat Jan  1 00:00:00 2022\nSubject: two\n\nHo\n\nFrom a@b\nDate: Sat, 1 Jan 2022 10:00:00 +0000\nSubject: three\n\n>From x\n").unwrap();
    let again = ops.import_mail(&to, &MailSource::Mbox(mbox.clone()), &mut |_, _| ()).await.unwrap();
    assert_eq!((again.taken, again.there, again.failed), (1, 1, 0), "{again:?}");
    let mails = ops.store.mails_behind(&mailbox.id, "", 10).await.unwrap();
    assert_eq!(mails[2].received_at.to_string(), "2022-01-01T10:00:00.000Z");
    assert!(ops.store.mail_content(&mails[2].id).await.unwrap().unwrap().ends_with(b"\r\n\r\nFrom x\r\n"));
    let third = ops.import_mail(&to, &MailSource::Mbox(mbox.clone()), &mut |_, _| ()).await.unwrap();
    assert_eq!((third.taken, third.there), (0, 2), "a second run takes what is missing");
    fs::write(&mbox, "hello\n").unwrap();
    let none = ops.import_mail(&to, &MailSource::Mbox(mbox), &mut |_, _| ()).await.unwrap();
    assert!(none.failed == 1 && none.problems[0].contains("more.mbox line 1: "), "{none:?}");
    let fault = ops.import_mail(&to, &MailSource::Maildir(folder.path().to_owned()), &mut |_, _| ()).await.unwrap_err();
    assert!(fault.code == "import.maildir" && fault.to_string().contains("neither `cur` nor `new`"), "{fault}");
}
