//! The house: answers the core from the store.

use std::{net::IpAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use net::{House, Stop};
use rules::Fault;
use store::{Folder, FolderChanges, FolderId, FolderWatch, Login, Mailbox, NewEntry, Uids, Wanted};
use syntax::{Message, Timestamp, parse_from};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep, sleep_until, timeout},
};

use crate::{
    refusal,
    session::{Answer, Opened, Question, Refusal, Row, Wait, Want},
    settings::{IDLE_LIMIT, LONGEST_WAIT, ROOM_LIMIT},
    start::Shared,
    words::{command::Secret, response::Code},
};

/// Octets of content that are read ahead of a client.
const AHEAD: u64 = 1024 * 1024;

/// One session.
pub(crate) struct Rooms {
    shared: Arc<Shared>,
    peer: IpAddr,
    stop: Stop,
    mailbox: Option<Mailbox>,
    /// Until when somebody must have logged in.
    limit: Instant,
    watch: Option<(FolderId, FolderWatch)>,
    /// A place among the big messages in memory; held until the next question.
    room: Option<OwnedSemaphorePermit>,
}

impl Rooms {
    pub(crate) fn new(shared: Arc<Shared>, peer: IpAddr, stop: Stop) -> Self {
        let limit = Instant::now() + shared.settings.login_limit;
        Self { shared, peer, stop, mailbox: None, limit, watch: None, room: None }
    }

    async fn reply(&mut self, question: Question) -> Result<Answer, Fault> {
        let store = self.shared.store.clone();
        match question {
            Question::LoginLimit => Ok(self.login_limit().await),
            Question::Login { user, password } => self.login(&user, &password).await,
            Question::Room(octets) => Ok(self.make_room(octets).await),
            Question::Folders => Ok(Answer::Folders(store.folders(&self.mailbox()?.id).await?)),
            Question::Counts(ids) => {
                let mut counts = Vec::with_capacity(ids.len());
                for id in ids {
                    counts.push(store.folder_counts(id).await?);
                }
                Ok(Answer::Counts(counts))
            }
            Question::Create(name) => store.create_folder(&self.mailbox()?.id, &name).await.map(|_| Answer::Done),
            Question::Delete(name) => store.delete_folder(&self.mailbox()?.id, &name).await.map(|()| Answer::Done),
            Question::Rename { from, to } => {
                store.rename_folder(&self.mailbox()?.id, &from, &to).await.map(|()| Answer::Done)
            }
            Question::Subscribe(name, subscribed) => {
                store.subscribe_folder(&self.mailbox()?.id, &name, subscribed).await.map(|()| Answer::Done)
            }
            Question::Open { name, since } => self.open(&name, since).await,
            Question::Changes { folder, since, thorough } => self.changes(folder, since, thorough).await,
            Question::Wait(wait) => self.wait(wait).await,
            Question::Rows { folder, uids, want, since } => self.rows(folder, &uids, want, since).await,
            Question::Flags { folder, uids, change, flags, unchanged_since } => {
                store.store_flags(folder, &uids, change, flags, unchanged_since).await.map(Answer::Flags)
            }
            Question::Expunge(folder, uids) => store.expunge(folder, uids.as_ref()).await.map(|_| Answer::Done),
            Question::Transfer { folder, uids, to, moving: false } => {
                store.copy(folder, &uids, &to).await.map(Answer::Copied)
            }
            Question::Transfer { folder, uids, to, moving: true } => {
                store.move_mails(folder, &uids, &to).await.map(Answer::Copied)
            }
            Question::Search(folder, among, search) => {
                store.search(&self.mailbox()?.id, folder, &among, &search).await.map(Answer::Found)
            }
            Question::Modseq(folder, uids) => store.highest_modseq(folder, &uids).await.map(Answer::Modseq),
            Question::Append { to, flags, date, content } => self.append(to, flags, date, content).await,
            Question::Quota => Ok(match store.quota(&self.mailbox()?.id).await? {
                Some(quota) => Answer::Quota(quota),
                None => Answer::Bye("The mailbox is no more"),
            }),
        }
    }

    fn mailbox(&self) -> Result<&Mailbox, Fault> {
        // The core does not ask before LOGIN; this keeps it so.
        self.mailbox.as_ref().ok_or_else(|| Fault::caller("folder.unknown", "nobody has logged in"))
    }

    async fn login_limit(&mut self) -> Answer {
        tokio::select! {
            () = sleep_until(self.limit) => Answer::Bye("You have not logged in for too long"),
            () = self.stop.stopped() => Answer::Bye("The server stops"),
        }
    }

    /// One answer for whatever is wrong, and a wait that doubles with each.
    async fn login(&mut self, user: &str, password: &Secret) -> Result<Answer, Fault> {
        let address = user.to_lowercase();
        // A proxy of ours that does not say who is there brings many people: its address is never slowed down.
        let ip = Some(self.peer).filter(|ip| !self.shared.settings.proxies.contains(*ip)).map(|ip| ip.to_string());
        let wait = self.shared.wait(&address, ip.as_deref());
        if wait > LONGEST_WAIT {
            return Ok(no(Code::Unavailable, "Too many wrong passwords, try again later"));
        }
        sleep(wait).await;
        let password = String::from_utf8_lossy(&password.0);
        match self.shared.store.login(&self.shared.key, user, &password).await? {
            Login::Right(mailbox) => {
                self.shared.right(&address);
                let address = mailbox.address.to_string();
                self.mailbox = Some(*mailbox);
                Ok(Answer::LoggedIn(address))
            }
            Login::Suspended => Ok(no(Code::Expired, "The mailbox is suspended: ask your operator")),
            Login::Wrong(_) => {
                self.shared.wrong(&address, ip.as_deref());
                tracing::info!(peer = %self.peer, "a wrong password at IMAP");
                Ok(no(Code::AuthenticationFailed, "Address or password is wrong"))
            }
        }
    }

    async fn make_room(&mut self, octets: usize) -> Answer {
        if octets > self.shared.settings.max_message_octets {
            return no(Code::TooBig, "The message is larger than is taken here");
        }
        self.room = self.shared.room().await;
        match self.room {
            Some(_) => Answer::Done,
            None => no(Code::Unavailable, "Too many messages at once, try again later"),
        }
    }

    async fn open(&mut self, name: &str, since: Option<(u32, i64)>) -> Result<Answer, Fault> {
        let store = &self.shared.store;
        let mailbox = &self.mailbox()?.id;
        store.describe_missing(Some(mailbox)).await?;
        // The folder first: what happens meanwhile is told as a change.
        let Some(folder) = store.folder(mailbox, name).await? else {
            return Err(Fault::caller("folder.unknown", name));
        };
        let uids = self.shared.uids(&folder).await?;
        let unseen = store.first_unseen(folder.id).await?;
        let since = since.filter(|(validity, _)| *validity == folder.uid_validity);
        let changes = match since {
            Some((_, modseq)) => self.since(&folder, modseq).await?,
            None => None,
        };
        self.watch = Some((folder.id, self.shared.store.watch_folder(folder.id, folder.modseq)));
        Ok(Answer::Opened(Box::new(Opened { folder, uids, unseen, changes })))
    }

    async fn since(&self, folder: &Folder, modseq: i64) -> Result<Option<FolderChanges>, Fault> {
        self.shared.store.folder_changes(folder.id, modseq).await
    }

    async fn changes(&mut self, folder: FolderId, since: i64, thorough: bool) -> Result<Answer, Fault> {
        if !thorough
            && let Some((watched, watch)) = &self.watch
            && *watched == folder
            && *watch.borrow() <= since
        {
            return Ok(Answer::Nothing);
        }
        let changes = self.shared.store.folder_changes(folder, since).await?;
        Ok(Answer::Changes(changes.map(Box::new)))
    }

    /// May be dropped at any moment: it takes nothing away.
    async fn wait(&mut self, wait: Option<Wait>) -> Result<Answer, Fault> {
        let mut stop = self.stop.clone();
        tokio::select! {
            () = sleep(IDLE_LIMIT) => Ok(Answer::Bye("Idle for too long")),
            () = stop.stopped() => Ok(Answer::Bye("The server stops")),
            changes = self.happens(wait) => changes,
        }
    }

    async fn happens(&mut self, wait: Option<Wait>) -> Result<Answer, Fault> {
        let Some(wait) = wait else { return std::future::pending().await };
        let watch = self.watch.as_mut().filter(|(folder, _)| *folder == wait.folder);
        let Some((_, watch)) = watch else { return std::future::pending().await };
        if watch.wait_for(|modseq| *modseq > wait.since).await.is_err() {
            return Ok(Answer::Bye("The server stops"));
        }
        self.changes(wait.folder, wait.since, true).await
    }

    async fn rows(&mut self, folder: FolderId, uids: &Uids, want: Want, since: i64) -> Result<Answer, Fault> {
        let store = &self.shared.store;
        let wanted = Wanted { kept: want.kept, header: want.header };
        let mut entries = store.entries(folder, uids, wanted, since).await?;
        if (want.kept || want.header) && entries.iter().any(|entry| entry.kept.is_none()) {
            // Another program stored them.
            store.describe_missing(Some(&self.mailbox()?.id)).await?;
            entries = store.entries(folder, uids, wanted, since).await?;
        }
        let last = uids.last().unwrap_or(u32::MAX);
        if !want.content {
            let row = |entry| Row { entry, content: None };
            return Ok(Answer::Rows(entries.into_iter().map(row).collect(), last));
        }
        let all = entries.len();
        let mut octets = 0;
        entries.retain(|entry| {
            let fits = octets == 0 || octets + entry.octets <= AHEAD;
            octets = if fits { octets + entry.octets } else { AHEAD + 1 };
            fits
        });
        let through = if entries.len() < all { entries.last().map_or(last, |entry| entry.uid) } else { last };
        if octets > AHEAD {
            self.room = self.shared.room().await;
        }
        let mails: Vec<_> = entries.iter().map(|entry| entry.mail.clone()).collect();
        let mut contents = self.shared.store.mail_contents(&mails).await?;
        // A mail may lie twice in a folder.
        let rows = entries.into_iter().map(|entry| {
            let again = mails.iter().filter(|mail| **mail == entry.mail).count() > 1;
            let content = if again { contents.get(&entry.mail).cloned() } else { contents.remove(&entry.mail) };
            Row { entry, content }
        });
        Ok(Answer::Rows(rows.collect(), through))
    }

    async fn append(
        &mut self,
        to: String,
        flags: store::Flags,
        date: Option<Timestamp>,
        content: Vec<u8>,
    ) -> Result<Answer, Fault> {
        let mailbox = self.mailbox()?;
        let (from, subject) = named(&content);
        let new = NewEntry {
            mailbox: mailbox.id.clone(),
            address: mailbox.address.clone(),
            folder: to,
            flags,
            internal_at: date,
            from,
            subject,
            content,
        };
        let (uid_validity, uid) = self.shared.store.append(new).await?;
        Ok(Answer::Appended { uid_validity, uid })
    }
}

/// Who it is from, and what about, for lists.
fn named(content: &[u8]) -> (Option<syntax::Address>, String) {
    let Ok(message) = Message::parse(content) else { return (None, String::new()) };
    let from = message.value("From").and_then(|value| parse_from(&value).ok()).map(|from| from.address);
    (from, message.all("Subject").next().map(syntax::Field::decoded).unwrap_or_default())
}

fn no(code: Code, text: &str) -> Answer {
    Answer::No(Refusal { code: Some(code), text: text.to_owned() })
}

#[async_trait]
impl House<Question, Answer> for Rooms {
    async fn answer(&mut self, question: Question) -> Answer {
        let target = matches!(question, Question::Transfer { .. } | Question::Append { .. });
        // A place among the big messages is kept until the message was stored, or sent.
        let room = self.room.take();
        let answer = match self.reply(question).await {
            Ok(answer) => answer,
            Err(fault) => Answer::No(refusal::of(&fault, target)),
        };
        drop(room);
        answer
    }
}

impl Shared {
    /// How long whoever tries a password has to wait.
    fn wait(&self, address: &str, ip: Option<&str>) -> Duration {
        let now = self.store.clock().now();
        let mut tried = self.tried();
        let of_ip = ip.map_or(Duration::ZERO, |ip| tried.ips.wait(ip, now));
        tried.addresses.wait(address, now).max(of_ip)
    }
    fn wrong(&self, address: &str, ip: Option<&str>) {
        let now = self.store.clock().now();
        let mut tried = self.tried();
        tried.addresses.wrong(address, now);
        if let Some(ip) = ip {
            tried.ips.wrong(ip, now);
        }
    }
    /// The IP stays as it was: who owns one mailbox may guess at others.
    fn right(&self, address: &str) {
        self.tried().addresses.right(address);
    }
    async fn room(&self) -> Option<OwnedSemaphorePermit> {
        timeout(ROOM_LIMIT, self.slots.clone().acquire_owned()).await.ok()?.ok()
    }
    /// The UIDs of a folder; of one that did not change since the last time without asking the database.
    async fn uids(&self, folder: &Folder) -> Result<Uids, Fault> {
        if let Some(known) = self.known_uids(folder) {
            return Ok(known);
        }
        let uids = self.store.uids(folder.id).await?;
        self.keep_uids(folder, &uids);
        Ok(uids)
    }
}
