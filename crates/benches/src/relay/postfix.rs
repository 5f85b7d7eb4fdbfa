//! The peer: Postfix with its defaults, a queue and a configuration of its own.

use std::{
    fs,
    net::SocketAddr,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::house::{Outcome, told};

/// Longest wait for it to listen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running Postfix.
pub struct Postfix {
    child: Child,
    folder: tempfile::TempDir,
    /// Where it takes mail from loopback.
    pub listens: SocketAddr,
}

impl Postfix {
    /// Starts it: everything goes to `sink`.
    pub fn start(listens: SocketAddr, sink: SocketAddr) -> Outcome<Self> {
        let folder = tempfile::tempdir().map_err(told)?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).map_err(told)?;
        for name in ["etc", "queue", "data"] {
            fs::create_dir(folder.path().join(name)).map_err(told)?;
        }
        let owned = Command::new("chown").arg("postfix").arg(folder.path().join("data")).status().map_err(told)?;
        if !owned.success() {
            return Err("Postfix starts as root: run the bench as root".into());
        }
        let root = folder.path().display();
        // Folders, names and the way out; nothing that bears on speed is set.
        let main = format!(
            "compatibility_level = 3.6\nqueue_directory = {root}/queue\ndata_directory = {root}/data\n\
             command_directory = /usr/sbin\ndaemon_directory = /usr/lib/postfix/sbin\nmail_owner = postfix\nsetgid_group = postdrop\n\
             myhostname = box.acme.test\nmydestination =\nmynetworks = 127.0.0.0/8\ninet_interfaces = 127.0.0.1\n\
             inet_protocols = ipv4\nrelayhost = [{}]:{}\nalias_maps =\nsmtpd_peername_lookup = no\nmaillog_file = {root}/queue/log\n\
             maillog_file_prefixes = {root}\n",
            sink.ip(),
            sink.port()
        );
        let master = format!(
            "{listens} inet n - n - - smtpd\n\
             pickup unix n - n 60 1 pickup\ncleanup unix n - n - 0 cleanup\nqmgr unix n - n 300 1 qmgr\nrewrite unix - - n - - trivial-rewrite\n\
             bounce unix - - n - 0 bounce\ndefer unix - - n - 0 bounce\ntrace unix - - n - 0 bounce\nverify unix - - n - 1 verify\n\
             proxymap unix - - n - - proxymap\nsmtp unix - - n - - smtp\nerror unix - - n - - error\nretry unix - - n - - error\n\
             anvil unix - - n - 1 anvil\nscache unix - - n - 1 scache\npostlog unix-dgram n - n - 1 postlogd\n"
        );
        fs::write(folder.path().join("etc/main.cf"), main).map_err(told)?;
        fs::write(folder.path().join("etc/master.cf"), master).map_err(told)?;
        let child = postfix(folder.path(), "start-fg").spawn().map_err(told)?;
        let begun = Instant::now();
        while std::net::TcpStream::connect(listens).is_err() {
            if begun.elapsed() > PATIENCE {
                return Err("Postfix does not listen".into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(Self { child, folder, listens })
    }

    /// Its first process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let _ = postfix(self.folder.path(), "stop").output();
        let _ = self.child.wait();
    }
}

fn postfix(folder: &Path, action: &str) -> Command {
    let mut command = Command::new("/usr/sbin/postfix");
    command.arg("-c").arg(folder.join("etc")).arg(action).stdout(Stdio::null()).stderr(Stdio::null());
    command
}
