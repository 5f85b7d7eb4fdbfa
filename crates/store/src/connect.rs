//! Where the rows are, and connections to there.

use std::{
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use rules::{Blame, Fault, Retry};
use sqlx::{AnyConnection, AnyPool, ConnectOptions as _, any::AnyConnectOptions, any::AnyPoolOptions};
use tokio::time::{Instant, sleep, timeout};

use crate::fault::{code_of, fault, is_busy};

/// Longest wait for a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// Connections that read at the same time.
const READERS: u32 = 4;

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite,
    Postgresql,
}

impl Backend {
    /// Its name, for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgresql => "postgresql",
        }
    }

    /// Begins a transaction that writes. One writer at a time, among all processes, on both databases: what is read
    /// in the transaction stays true until it commits, and events get their sequence in the order of commits, so
    /// that a reader who asks for "after n" misses none.
    pub(crate) fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            // The number is arbitrary ("coldrelay" in ASCII, cut to eight octets); waiting ends by lock_timeout.
            Self::Postgresql => "BEGIN; SELECT pg_advisory_xact_lock(7165050240886599777)",
        }
    }

    /// What a connection that writes is set to. FULL: the commit is on the disk when it returns.
    fn writer_settings(self) -> &'static str {
        match self {
            Self::Sqlite => {
                "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
                 PRAGMA foreign_keys = ON; PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -32768"
            }
            Self::Postgresql => {
                "SET statement_timeout = '20s'; SET lock_timeout = '10s'; \
                 SET idle_in_transaction_session_timeout = '60s'; \
                 SELECT set_config('synchronous_commit', 'on', false) \
                 WHERE current_setting('synchronous_commit') = 'off'"
            }
        }
    }

    fn looker_settings(self) -> &'static str {
        match self {
            Self::Sqlite => "PRAGMA busy_timeout = 10000; PRAGMA cache_size = -32768",
            Self::Postgresql => "SET statement_timeout = 0; SET default_transaction_read_only = on",
        }
    }

    /// Begins a transaction that sees one state of everything, however long it looks.
    pub(crate) fn begin_to_look(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN",
            Self::Postgresql => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        }
    }

    fn reader_settings(self) -> &'static str {
        match self {
            Self::Sqlite => "PRAGMA busy_timeout = 10000; PRAGMA query_only = ON; PRAGMA cache_size = -32768",
            Self::Postgresql => "SET statement_timeout = '20s'; SET default_transaction_read_only = on",
        }
    }
}

/// A database that can be connected to.
#[derive(Clone)]
pub(crate) struct Location {
    pub(crate) backend: Backend,
    options: AnyConnectOptions,
    /// The URL without its password.
    shown: String,
}

impl Location {
    /// Reads the URL; makes the SQLite file when it is absent.
    ///
    /// # Errors
    /// `store.open`
    pub(crate) fn new(url: &str) -> Result<Self, Fault> {
        sqlx::any::install_default_drivers();
        let shown = redacted(url);
        let (backend, url) = if let Some(path) = url.strip_prefix("sqlite://") {
            (Backend::Sqlite, sqlite_url(path)?)
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            (Backend::Postgresql, url.to_owned())
        } else {
            return Err(open_fault(format!("{shown} is neither sqlite:///path/file.db nor postgres://…")));
        };
        let options = url.parse::<AnyConnectOptions>().map_err(|error| cannot_open(&shown).caused_by(error))?;
        Ok(Self { backend, options: options.disable_statement_logging(), shown })
    }

    /// As [`Location::new`], for a database that is there already: nothing is made.
    ///
    /// # Errors
    /// `store.absent`, `store.open`
    pub(crate) fn existing(url: &str) -> Result<Self, Fault> {
        if let Some(path) = url.strip_prefix("sqlite://")
            && !Path::new(path).is_file()
        {
            let what = format!("there is no database at {path}: name the data folder with `--data-dir` or `data_dir`");
            return Err(Fault::new("store.absent", Blame::Operator, Retry::AfterChange).context(what));
        }
        Self::new(url)
    }

    /// A SQLite file that nobody writes to, such as one of a backup: opening it leaves it as it is.
    ///
    /// # Errors
    /// `store.open`
    pub(crate) fn copy(path: &Path) -> Result<Self, Fault> {
        sqlx::any::install_default_drivers();
        let shown = path.display().to_string();
        let path = std::path::absolute(path).map_err(|error| cannot_open(&shown).caused_by(error))?;
        let url = format!("sqlite://{}?mode=ro&immutable=true", percent_encoded(&path));
        let options = url.parse::<AnyConnectOptions>().map_err(|error| cannot_open(&shown).caused_by(error))?;
        Ok(Self { backend: Backend::Sqlite, options: options.disable_statement_logging(), shown })
    }

    /// A connection for a long look at all that is there; it sets nothing, writes nothing and has no limit for a statement.
    ///
    /// # Errors
    /// `store.open`, `store.damaged`
    pub(crate) async fn looker(&self) -> Result<AnyConnection, Fault> {
        let look = async {
            let mut connection = self.options.connect().await?;
            sqlx::raw_sql(self.backend.looker_settings()).execute(&mut connection).await?;
            Ok(connection)
        };
        match timeout(CONNECT_LIMIT, look).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) if matches!(code_of(&error), "store.damaged" | "store.full" | "store.read-only") => {
                Err(fault(&format!("open {}", self.shown), error))
            }
            Ok(Err(error)) => Err(cannot_open(&self.shown).caused_by(error)),
            Err(_) => Err(open_fault(format!("{} did not answer within {} s", self.shown, CONNECT_LIMIT.as_secs()))),
        }
    }

    /// The URL without its password.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// The connection that writes.
    ///
    /// # Errors
    /// `store.open`
    pub(crate) async fn writer(&self) -> Result<AnyConnection, Fault> {
        let limit = Instant::now() + CONNECT_LIMIT;
        loop {
            match timeout(CONNECT_LIMIT, self.connect()).await {
                Ok(Ok(connection)) => return Ok(connection),
                // Turning WAL on needs the file alone, and SQLite does not wait for that: another process opens it.
                Ok(Err(error)) if is_busy(&error) && Instant::now() < limit => sleep(Duration::from_millis(20)).await,
                Ok(Err(error)) if matches!(code_of(&error), "store.damaged" | "store.full" | "store.read-only") => {
                    return Err(fault(&format!("open {}", self.shown), error));
                }
                Ok(Err(error)) => return Err(cannot_open(&self.shown).caused_by(error)),
                Err(_) => {
                    let seconds = CONNECT_LIMIT.as_secs();
                    return Err(open_fault(format!("{} did not answer within {seconds} s", self.shown)));
                }
            }
        }
    }

    async fn connect(&self) -> sqlx::Result<AnyConnection> {
        let mut connection = self.options.connect().await?;
        sqlx::raw_sql(self.backend.writer_settings()).execute(&mut connection).await?;
        Ok(connection)
    }

    /// The connections that read; made when they are needed.
    pub(crate) fn readers(&self) -> AnyPool {
        let settings = self.backend.reader_settings();
        AnyPoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(CONNECT_LIMIT)
            // A file does not hang up.
            .test_before_acquire(self.backend == Backend::Postgresql)
            .after_connect(move |connection, _| {
                Box::pin(async move { sqlx::raw_sql(settings).execute(connection).await.map(drop) })
            })
            .connect_lazy_with(self.options.clone())
    }
}

/// What follows `sqlite://` is the path as it is, not percent-encoded: a `?` or `%` in a folder's name is just that.
fn sqlite_url(path: &str) -> Result<String, Fault> {
    if path.is_empty() || path.contains(":memory:") || path.contains('?') {
        return Err(open_fault(format!(
            "sqlite://{path} is not a file: write sqlite:///path/file.db, without parameters"
        )));
    }
    let path = std::path::absolute(path).map_err(|error| open_fault(format!("{path} is no path")).caused_by(error))?;
    make_file(&path)?;
    Ok(format!("sqlite://{}?mode=rw", percent_encoded(&path)))
}

/// Only the owner may read it: it holds private keys and mail. SQLite gives the `-wal` and `-shm` files beside it the
/// same mode.
fn make_file(path: &PathBuf) -> Result<(), Fault> {
    let made = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(path);
    made.map(drop).map_err(|error| {
        let folder = path.parent().unwrap_or(path).display();
        open_fault(format!("cannot open {} (its folder {folder} must exist and be writable)", path.display()))
            .caused_by(error)
    })
}

fn percent_encoded(path: &Path) -> String {
    let octet = |octet: &u8| match octet {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => char::from(*octet).to_string(),
        other => format!("%{other:02X}"),
    };
    path.as_os_str().as_encoded_bytes().iter().map(octet).collect()
}

/// The URL without password and parameters (a parameter may be a password too).
fn redacted(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "the database URL".to_owned() };
    match rest.rsplit_once('@') {
        Some((login, place)) => {
            let user = login.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}:…@{}", before_parameters(place))
        }
        None => format!("{scheme}://{}", before_parameters(rest)),
    }
}

fn before_parameters(text: &str) -> &str {
    text.split(['?', '#']).next().unwrap_or_default()
}

fn cannot_open(shown: &str) -> Fault {
    open_fault(format!("cannot open {shown}"))
}

fn open_fault(what: impl Into<String>) -> Fault {
    Fault::new("store.open", Blame::Operator, Retry::AfterChange).context(what)
}

#[cfg(test)]
mod tests {
    use super::redacted;

    #[test]
    fn a_password_is_never_shown() {
        let check = |url: &str, expect: &str| assert_eq!(redacted(url), expect);
        check("postgres://ann:se:cr?t@db.example/mail", "postgres://ann:…@db.example/mail");
        check("postgres://db.example/mail?user=ann&password=secret", "postgres://db.example/mail");
        check("postgres://ann:a@b@db.example/mail?password=x", "postgres://ann:…@db.example/mail");
        check("sqlite:///var/lib/coldrelay/store.db", "sqlite:///var/lib/coldrelay/store.db");
        check("secret", "the database URL");
    }
}
