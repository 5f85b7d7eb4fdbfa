//! What a service manager is told: ready, stopping, what is going on, and that the process lives. sd_notify(3), by the socket that
//! `NOTIFY_SOCKET` names; without one nothing is told.

use std::{
    os::{
        linux::net::SocketAddrExt as _,
        unix::net::{SocketAddr, UnixDatagram},
    },
    time::Duration,
};

use store::Store;

/// Time between two looks at how things are, when no watchdog asks for more.
const LOOK: Duration = Duration::from_secs(5);

/// The service manager, when there is one.
pub struct ServiceManager {
    to: Option<(UnixDatagram, SocketAddr)>,
    /// How often it wants to hear; twice as often is told.
    watchdog: Option<Duration>,
}

impl ServiceManager {
    /// As the environment says. Watching is for the process that `WATCHDOG_PID` names, if it names one.
    pub fn of_environment() -> Self {
        let variable = |name: &str| std::env::var(name).ok();
        let to = variable("NOTIFY_SOCKET").and_then(|name| {
            let address = address(&name)?;
            Some((UnixDatagram::unbound().ok()?, address))
        });
        let is_ours = variable("WATCHDOG_PID").is_none_or(|pid| pid == std::process::id().to_string());
        let period = variable("WATCHDOG_USEC").and_then(|text| text.parse().ok()).map(Duration::from_micros);
        Self { to, watchdog: period.filter(|period| is_ours && !period.is_zero()) }
    }

    /// Everything listens.
    pub fn ready(&self) {
        self.tell("READY=1\nSTATUS=Taking mail, delivering");
    }

    /// The end was asked for.
    pub fn stopping(&self) {
        self.tell("STOPPING=1\nSTATUS=Finishing sessions and attempts");
    }

    /// Tells how things are whenever that changes, and that the process lives as often as is asked for; never returns. What is told
    /// of is that tasks are run: a database that is away is no reason to end the process.
    pub async fn keep_told(&self, store: &Store) {
        let every = self.watchdog.map_or(LOOK, |period| LOOK.min(period / 2));
        let mut told = String::new();
        loop {
            tokio::time::sleep(every).await;
            if self.watchdog.is_some() {
                self.tell("WATCHDOG=1");
            }
            let status = match store.refuses() {
                None => String::from("Taking mail, delivering"),
                Some(fault) => format!("Putting mail off: {fault}").replace('\n', " "),
            };
            if status != told {
                self.tell(&format!("STATUS={status}"));
                told = status;
            }
        }
    }

    fn tell(&self, state: &str) {
        let Some((socket, address)) = &self.to else { return };
        if let Err(error) = socket.send_to_addr(state.as_bytes(), address) {
            tracing::warn!(%error, "the service manager cannot be told");
        }
    }
}

/// A path, or a name of the abstract namespace behind `@`.
fn address(name: &str) -> Option<SocketAddr> {
    match name.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name).ok(),
        None if name.starts_with('/') => SocketAddr::from_pathname(name).ok(),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use std::os::linux::net::SocketAddrExt as _;

    use super::address;

    #[test]
    fn a_socket_is_a_path_or_an_abstract_name() {
        assert!(address("/run/systemd/notify").is_some_and(|address| address.as_pathname().is_some()));
        assert!(address("@coldrelay").is_some_and(|address| address.as_abstract_name() == Some(b"coldrelay")));
        assert!(address("vsock:2:9999").is_none());
        assert!(address("").is_none());
    }
}
