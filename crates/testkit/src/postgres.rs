//! A PostgreSQL server for tests: the one that `COLDRELAY_TEST_POSTGRES` names, or a private cluster.
//!
//! The private cluster is Debian's (`/usr/lib/postgresql/*/bin`), listens on 127.0.0.1 only, keeps its data in a
//! temporary folder, and ends with the process that started it, however that process ends.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpListener,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

/// Names a maintenance database of a server that runs already: `postgres://user:password@host/postgres`.
pub const VARIABLE: &str = "COLDRELAY_TEST_POSTGRES";

/// A server.
#[derive(Debug)]
pub struct Server {
    url: String,
    cluster: Option<Cluster>,
}

/// A private cluster: its keeper stops and removes it when our end of the pipe closes.
#[derive(Debug)]
struct Cluster {
    keeper: Child,
}

/// A database of its own for one test.
#[derive(Debug)]
pub struct Database {
    url: String,
    /// Of a server that outlives us: what drops it.
    drop_with: Option<(String, String)>,
}

impl Server {
    /// The server of this process, started by whoever asks first.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| match Self::start() {
            Ok(server) => server,
            Err(what) => fail(&what),
        })
    }

    /// The named server, or a new private cluster.
    ///
    /// # Errors
    /// What is missing, and the package that brings it.
    pub fn start() -> Result<Self, String> {
        if let Ok(url) = std::env::var(VARIABLE) {
            return Ok(Self { url, cluster: None });
        }
        let programs = programs()?;
        // A port that was free a moment ago may be taken by the time the server binds it.
        (0..2).find_map(|_| start_cluster(&programs).ok()).map_or_else(|| start_cluster(&programs), Ok)
    }

    /// URL of the maintenance database.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A new, empty database. Fails the test when it cannot be made.
    pub fn database(&self) -> Database {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("coldrelay_test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let made = psql(&self.url, &format!("DROP DATABASE IF EXISTS {name}"))
            .and_then(|()| psql(&self.url, &format!("CREATE DATABASE {name}")));
        if let Err(what) = made {
            fail(&what);
        }
        let drop_with = self.cluster.is_none().then(|| (self.url.clone(), name.clone()));
        Database { url: of_database(&self.url, &name), drop_with }
    }
}

impl Database {
    /// Its URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs SQL in it, past the program under test. Fails the test when that fails.
    pub fn run(&self, sql: &str) {
        if let Err(what) = psql(&self.url, sql) {
            fail(&what);
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some((url, name)) = &self.drop_with {
            drop(psql(url, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")));
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        drop(self.keeper.wait());
    }
}

#[expect(clippy::panic, reason = "a test that lacks its database has failed")]
fn fail(what: &str) -> ! {
    panic!("{what}")
}

/// The folder of the newest PostgreSQL's programs.
fn programs() -> Result<PathBuf, String> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<(u32, PathBuf)> = versions
        .filter_map(|version| Some((version.file_name().to_str()?.parse().ok()?, version.path().join("bin"))))
        .filter(|(_, folder)| folder.join("initdb").exists())
        .collect();
    folders.sort();
    let missing = || {
        format!(
            "PostgreSQL is not installed: apt-get install postgresql, or name a server in {VARIABLE} (postgres://…)"
        )
    };
    folders.pop().map(|(_, folder)| folder).ok_or_else(missing)
}

/// What the keeper does. It ignores the interrupt that a terminal sends to the whole group, waits for the end of its
/// input, and cleans up.
const KEEPER: &str = r#"
trap '' INT TERM HUP
bin=$1 dir=$2 port=$3
cd "$dir"
"$bin/initdb" -D "$dir/data" -A trust -U coldrelay -E UTF8 --no-locale --no-sync >"$dir/log" 2>&1 &&
"$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -t 60 -o "-p $port -k $dir -c listen_addresses=127.0.0.1 \
    -c max_connections=300 -c fsync=off" start >>"$dir/log" 2>&1 &&
echo ready || { echo "failed"; tail -n 5 "$dir/log" | tr '\n' ' '; echo; }
cat >/dev/null
"$bin/pg_ctl" -D "$dir/data" -m immediate stop >/dev/null 2>&1
rm -rf "$dir"
"#;

fn start_cluster(programs: &Path) -> Result<Server, String> {
    let text = |error: std::io::Error| format!("cannot start PostgreSQL: {error}");
    let folder = tempfile::Builder::new().prefix("coldrelay-postgres-").tempdir().map_err(text)?;
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).map_err(text)?.port();
    let is_root = std::fs::metadata("/proc/self").map_err(text)?.uid() == 0;
    let mut command = if is_root {
        // initdb refuses root; the Debian package makes the user.
        run("chown", &["postgres:", &folder.path().to_string_lossy()])?;
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--", "sh"]);
        command
    } else {
        Command::new("sh")
    };
    let port_text = port.to_string();
    command.args(["-c", KEEPER, "keeper"]).arg(programs).arg(folder.path()).arg(&port_text);
    let mut keeper =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().map_err(text)?;
    let mut lines = BufReader::new(keeper.stdout.take().ok_or("the keeper has no output")?).lines();
    let answer = lines.next().transpose().map_err(text)?.unwrap_or_default();
    let cluster = Cluster { keeper };
    if answer != "ready" {
        let log = lines.next().transpose().map_err(text)?.unwrap_or_default();
        return Err(format!("cannot start PostgreSQL (package postgresql): {log}"));
    }
    // From here on the keeper removes it, also when nothing of ours runs any more.
    drop(folder.keep());
    Ok(Server { url: format!("postgres://coldrelay@127.0.0.1:{port}/postgres"), cluster: Some(cluster) })
}

fn psql(url: &str, sql: &str) -> Result<(), String> {
    let program = programs().map_or_else(|_| PathBuf::from("psql"), |folder| folder.join("psql"));
    let program = program.to_string_lossy();
    run(&program, &["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", sql])
}

fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let output = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .env("PGOPTIONS", "-c client_min_messages=warning")
        .output()
        .map_err(|error| format!("cannot run {program} (package postgresql): {error}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}

/// The same server, another database.
fn of_database(url: &str, name: &str) -> String {
    let (place, parameters) = match url.split_once('?') {
        Some((place, parameters)) => (place, format!("?{parameters}")),
        None => (url, String::new()),
    };
    let authority = place.find("://").map_or(0, |at| at + 3);
    let end = place.get(authority..).and_then(|rest| rest.find('/')).map_or(place.len(), |at| authority + at);
    format!("{}/{name}{parameters}", place.get(..end).unwrap_or(place))
}

#[cfg(test)]
mod tests {
    use super::of_database;

    #[test]
    fn a_database_of_a_server_keeps_login_port_and_parameters() {
        let check = |url: &str, expect: &str| assert_eq!(of_database(url, "a"), expect);
        check("postgres://u:p@h:5432/postgres", "postgres://u:p@h:5432/a");
        check("postgres://h?sslmode=disable", "postgres://h/a?sslmode=disable");
        check("postgresql://h/x?host=/run", "postgresql://h/a?host=/run");
    }
}
