//! The place fails: a full disk, a server that is gone, a damaged page, a WAL that is cut off. Nothing that was answered is
//! lost, nobody is answered what cannot be kept, and all goes on by itself once the place is well.

use std::{
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
    process::Command,
    time::Duration,
};

use rules::{Fault, id::MessageId};
use store::{QueueFilter, Store};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::house::{CONTENT, HandClock, House, Place, add_domain, add_mailbox, new_message};

/// Longest wait for the store to be well again.
const LIMIT: Duration = Duration::from_secs(60);

async fn all(store: &Store) -> Result<Vec<MessageId>, Fault> {
    let everything = QueueFilter { limit: 1_000_000, ..QueueFilter::default() };
    Ok(store.queue(&everything).await?.into_iter().map(|message| message.id).collect())
}

async fn once_well(store: &Store) {
    let well = async {
        while store.probe().await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LIMIT, well).await.expect("the store did not recover");
}

/// Names the folder with the small disk for the process that fills it.
const SMALL_DISK: &str = "COLDRELAY_TEST_SMALL_DISK";

#[test]
fn a_full_disk_puts_mail_off_and_everything_goes_on_once_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    // A disk of its own, in a mount namespace of its own: nobody else sees it, and it goes with the process.
    let script = "mount -t tmpfs -o size=4m tmpfs \"$1\" && shift && exec \"$@\"";
    let is_root = Command::new("id").arg("-u").output().unwrap().stdout.trim_ascii() == b"0";
    let own = if is_root { "-m" } else { "-Urm" };
    let output = Command::new("unshare")
        .args([own, "sh", "-c", script, "sh"])
        .arg(folder.path())
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "faults::fills_the_disk", "--nocapture"])
        .env(SMALL_DISK, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("all is well again"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The other process of the test above; does nothing by itself.
#[tokio::test]
async fn fills_the_disk() {
    let Ok(folder) = std::env::var(SMALL_DISK) else { return };
    let url = format!("sqlite://{folder}/store.db");
    let store = Store::open(&url, HandClock::at_noon()).await.unwrap();
    let domain = add_domain(&store, "default", "example.com", "127.0.1.1").await.id;
    let mailbox = add_mailbox(&store, "ann@example.com").await.id;
    let ballast = Path::new(&folder).join("ballast");
    std::fs::write(&ballast, vec![1; 2 << 20]).unwrap();
    let big = store::NewMessage { content: vec![b'x'; 50_000], ..new_message(&domain, &mailbox, &["bob@example.net"]) };
    let mut answered = Vec::new();
    let fault = loop {
        match store.accept(big.clone(), Vec::new()).await {
            Ok(id) => answered.push(id),
            Err(fault) => break fault,
        }
        assert!(answered.len() < 200, "4 MiB took more than that");
    };
    assert_eq!(fault.code, "store.full", "{fault}");
    assert!(fault.to_string().contains("make room"), "{fault}");
    assert_eq!(store.latched().map(|fault| fault.code), Some("store.full"));
    assert_eq!(store.health().await.unwrap_err().code, "store.full");
    // What is there can be read.
    let there = all(&store).await.unwrap();
    assert!(answered.iter().all(|id| there.contains(id)), "answered, but lost");

    std::fs::remove_file(&ballast).unwrap();
    once_well(&store).await;
    assert!(store.latched().is_none());
    answered.push(store.accept(big, Vec::new()).await.unwrap());
    store.health().await.unwrap();
    store.close().await;
    let store = Store::open(&url, HandClock::at_noon()).await.unwrap();
    let there = all(&store).await.unwrap();
    assert!(answered.iter().all(|id| there.contains(id)), "answered, but lost");
    println!("all is well again");
}

/// The way to a server, which can be cut.
struct Wire {
    port: u16,
    task: tokio::task::JoinHandle<()>,
}

impl Wire {
    async fn lay(port: u16, server: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let (port, server) = (listener.local_addr().unwrap().port(), server.to_owned());
        let task = tokio::spawn(async move {
            // Cut when the task is: so are all that it carries.
            let mut carried = JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let mut far = TcpStream::connect(&server).await.unwrap();
                carried.spawn(async move { copy_bidirectional(&mut near, &mut far).await });
            }
        });
        Self { port, task }
    }
    async fn cut(self) -> u16 {
        self.task.abort();
        drop(self.task.await);
        self.port
    }
}

#[tokio::test]
async fn a_server_that_goes_away_under_load_loses_nothing_and_is_found_again() {
    let place = Place::postgresql();
    let url = place.url();
    let (login, rest) = url.split_once("127.0.0.1:").unwrap();
    let (port, database) = rest.split_once('/').unwrap();
    let server = format!("127.0.0.1:{port}");
    let wire = Wire::lay(0, &server).await;
    let store = Store::open(&format!("{login}127.0.0.1:{}/{database}", wire.port), HandClock::at_noon()).await.unwrap();
    let domain = add_domain(&store, "default", "example.com", "127.0.1.1").await.id;
    let mailbox = add_mailbox(&store, "ann@example.com").await.id;

    let load = |store: Store, count: usize| {
        let mut senders = JoinSet::new();
        for _ in 0..8 {
            let (store, message) = (store.clone(), new_message(&domain, &mailbox, &["bob@example.net"]));
            senders.spawn(async move {
                let mut answers = Vec::new();
                for _ in 0..count {
                    answers.push(store.accept(message.clone(), Vec::new()).await);
                }
                answers
            });
        }
        senders
    };
    let under_way = load(store.clone(), 300);
    while all(&store).await.unwrap().len() < 50 {
        tokio::task::yield_now().await;
    }
    let port = wire.cut().await;
    let answers: Vec<_> = under_way.join_all().await.into_iter().flatten().collect();
    assert!(answers.iter().any(Result::is_err), "the cut came too late");
    let latched = store.latched().expect("the latch is open");
    assert!(matches!(latched.code, "store.unavailable" | "store.open"), "{latched}");
    assert!(store.health().await.is_err());

    let _wire = Wire::lay(port, &server).await;
    once_well(&store).await;
    assert!(store.latched().is_none());
    let later: Vec<_> = load(store.clone(), 5).join_all().await.into_iter().flatten().collect();
    assert!(later.iter().all(Result::is_ok), "{later:?}");
    let there = all(&store).await.unwrap();
    let lost: Vec<_> = answers.iter().chain(&later).flatten().filter(|id| !there.contains(id)).collect();
    assert!(lost.is_empty(), "answered, but lost: {lost:?}");
}

#[tokio::test]
async fn a_damaged_page_is_reported_as_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let url = format!("sqlite://{}", path.display());
    let store = Store::open(&url, HandClock::at_noon()).await.unwrap();
    let domain = add_domain(&store, "default", "example.com", "127.0.1.1").await.id;
    let mailbox = add_mailbox(&store, "ann@example.com").await.id;
    for _ in 0..100 {
        store.accept(new_message(&domain, &mailbox, &["bob@example.net"]), Vec::new()).await.unwrap();
    }
    store.close().await;
    // Everything but the first page, which names the database.
    let mut file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    let pages = file.metadata().unwrap().len() / 4096;
    file.seek(SeekFrom::Start(4096)).unwrap();
    file.write_all(&vec![0xA5; usize::try_from((pages - 1) * 4096).unwrap()]).unwrap();
    drop(file);
    let fault = match Store::open(&url, HandClock::at_noon()).await {
        Err(fault) => fault,
        Ok(store) => all(&store).await.unwrap_err(),
    };
    assert_eq!(fault.code, "store.damaged", "{fault}");
    assert!(fault.to_string().contains("restore the last backup"), "{fault}");
}

#[tokio::test]
async fn a_wal_is_carried_over_and_begun_anew_while_everybody_goes_on_to_write() {
    let house = House::at(Place::sqlite()).await;
    let Place::Sqlite(folder) = &house.place else { panic!("not SQLite") };
    let length = |name: &str| std::fs::metadata(folder.path().join(name)).unwrap().len();
    let (empty, content) = (length("store.db"), vec![b'x'; 1024 * 1024]);
    let longest = 64 * 1024 * 1024;
    let mut sent = 0;
    // Four at a time, so that there is always one that writes; until twice the longest WAL has gone through it.
    while sent < 2 * longest {
        let mut four = JoinSet::new();
        for _ in 0..4 {
            let mut new = house.message(&["bob@example.net"]);
            new.content.clone_from(&content);
            let store = house.store.clone();
            four.spawn(async move { store.accept(new, Vec::new()).await.unwrap() });
        }
        four.join_all().await;
        sent += 4 * content.len() as u64;
    }
    // Truncated to its longest when it is begun anew; what was written while that was noticed comes on top.
    assert!(length("store.db-wal") < sent / 8 * 7, "the WAL grows and grows");
    assert!(length("store.db") > empty + longest / 2, "nothing was carried over");
    house.store.close().await;
    assert!(length("store.db") > sent, "what was left was not carried over at the end");
}

/// A copy of the database as a disk would have it that lost all writes to the WAL from that octet on, and tore the one there.
fn copy_cut_at(from: &Path, to: &Path, cut: u64, torn: bool) {
    std::fs::copy(from.join("store.db"), to.join("store.db")).unwrap();
    let mut wal = Vec::new();
    std::fs::File::open(from.join("store.db-wal")).unwrap().take(cut).read_to_end(&mut wal).unwrap();
    if torn {
        wal.extend_from_slice(&[0x5A; 3000]);
    }
    std::fs::write(to.join("store.db-wal"), wal).unwrap();
}

#[tokio::test]
async fn a_wal_cut_anywhere_holds_every_message_whose_commit_stood_before_the_cut() {
    let place = Place::sqlite();
    let house = House::at(place).await;
    let Place::Sqlite(folder) = &house.place else { panic!("not SQLite") };
    let wal = folder.path().join("store.db-wal");
    // Somebody who looks at how it was: no checkpoint goes past that, so the WAL is not begun anew.
    let mut looker = house.place.connect().await;
    sqlx::raw_sql("BEGIN; SELECT COUNT(*) FROM message").execute(&mut looker).await.unwrap();
    let mut committed: Vec<(u64, MessageId)> = Vec::new();
    for _ in 0..40 {
        let id = house.accept(&["bob@example.net"]).await;
        committed.push((std::fs::metadata(&wal).unwrap().len(), id));
    }
    let (first, last) = (committed[0].0, committed[39].0);
    assert!(first < last, "the WAL was written from its beginning again");
    let mut cut = first;
    let mut cuts = 0;
    while cut <= last {
        let copy = tempfile::tempdir().unwrap();
        copy_cut_at(folder.path(), copy.path(), cut, cuts % 2 == 0);
        let url = format!("sqlite://{}/store.db", copy.path().display());
        let store = Store::open(&url, HandClock::at_noon()).await.unwrap();
        let there = all(&store).await.unwrap();
        for (_, id) in committed.iter().filter(|(end, _)| *end <= cut) {
            assert!(there.contains(id), "committed before the cut at {cut}, but lost");
        }
        for id in &there {
            assert_eq!(store.content(id).await.unwrap().unwrap(), CONTENT, "half a message after the cut at {cut}");
        }
        store.close().await;
        cuts += 1;
        // A step that falls into headers, into pages and between them.
        cut += (last - first) / 37 + 13;
    }
    assert!(cuts > 30);
}

#[tokio::test]
async fn a_change_that_is_wrong_in_itself_does_not_close_the_latch() {
    let house = House::at(Place::sqlite()).await;
    let store = house.store.clone();
    let refused =
        store.accept(new_message(&rules::id::DomainId("nowhere".into()), &house.ann.id, &["x@y.test"]), Vec::new());
    assert_eq!(refused.await.unwrap_err().code, "store.constraint");
    assert!(store.latched().is_none());
}
