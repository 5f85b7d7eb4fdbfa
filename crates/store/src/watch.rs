//! Who is told when a folder changes: sessions of this process by the commit, those of others by a look at the modseq.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rules::Fault;
use tokio::sync::watch;

use crate::{
    FolderId, Store,
    row::{Row, sql_made},
};

/// How often folders that are watched are looked at for changes of other processes and nodes.
const LOOK: Duration = Duration::from_millis(500);
/// Folders looked at by one statement.
const FOLDERS_PER_SELECT: usize = 500;

/// The highest modseq that is known of a folder, told when it rises. RFC 7162 §3.1
pub type FolderWatch = watch::Receiver<i64>;

/// What is told of a folder that is no more.
pub const FOLDER_GONE: i64 = i64::MAX;

/// Folders that somebody watches.
#[derive(Default)]
pub(crate) struct Watchers {
    by_folder: Mutex<HashMap<FolderId, watch::Sender<i64>>>,
    looking: Mutex<bool>,
}

impl Watchers {
    /// Tells that a folder changed.
    pub(crate) fn tell(&self, folder: FolderId, modseq: i64) {
        let mut by_folder = self.by_folder.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = by_folder.get(&folder) else { return };
        if sender.receiver_count() == 0 {
            by_folder.remove(&folder);
            return;
        }
        sender.send_if_modified(|known| {
            let rises = modseq > *known;
            *known = (*known).max(modseq);
            rises
        });
    }

    fn subscribe(&self, folder: FolderId, modseq: i64) -> FolderWatch {
        let mut by_folder = self.by_folder.lock().unwrap_or_else(PoisonError::into_inner);
        by_folder.entry(folder).or_insert_with(|| watch::channel(modseq).0).subscribe()
    }

    /// Those that are watched; the others are forgotten.
    fn watched(&self) -> Vec<FolderId> {
        let mut by_folder = self.by_folder.lock().unwrap_or_else(PoisonError::into_inner);
        by_folder.retain(|_, sender| sender.receiver_count() > 0);
        by_folder.keys().copied().collect()
    }

    /// Whether the caller is now the one who looks.
    fn begin_to_look(&self) -> bool {
        !std::mem::replace(&mut *self.looking.lock().unwrap_or_else(PoisonError::into_inner), true)
    }

    /// Ends looking, unless somebody has begun to watch.
    fn stop_looking(&self) -> bool {
        let mut looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let idle = self.watched().is_empty();
        *looking = !idle;
        idle
    }
}

impl Store {
    /// Watches a folder whose modseq is known: told within half a second, whoever changed it.
    pub fn watch_folder(&self, folder: FolderId, modseq: i64) -> FolderWatch {
        let watch = self.watchers().subscribe(folder, modseq);
        if self.watchers().begin_to_look() {
            tokio::spawn(look(self.downgrade()));
        }
        watch
    }

    async fn look_at(&self, folders: &[FolderId]) -> Result<(), Fault> {
        let numbers: Vec<String> = folders.iter().map(|folder| folder.0.to_string()).collect();
        let query = format!("SELECT id, modseq FROM folder WHERE id IN ({})", numbers.join(", "));
        let rows = self.rows("look for changed folders", sql_made(query).persistent(false)).await?;
        let found = |row: &Row| Ok::<_, Fault>((FolderId(row.number("id")?), row.number("modseq")?));
        let found: HashMap<FolderId, i64> = rows.iter().map(found).collect::<Result<_, _>>()?;
        for folder in folders {
            self.watchers().tell(*folder, found.get(folder).copied().unwrap_or(FOLDER_GONE));
        }
        Ok(())
    }
}

/// Looks until nobody watches, or the store is gone.
async fn look(store: crate::open::WeakStore) {
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(store) = store.upgrade() else { return };
        let watched = store.watchers().watched();
        if watched.is_empty() && store.watchers().stop_looking() {
            return;
        }
        for folders in watched.chunks(FOLDERS_PER_SELECT) {
            if let Err(fault) = store.look_at(folders).await {
                tracing::warn!(%fault, "cannot look for changed folders");
                break;
            }
        }
    }
}
