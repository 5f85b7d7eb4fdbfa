//! Where messages lie in a mailbox that the user owns: inbox or junk, by IMAP, read-only.

mod session;

use std::{net::SocketAddr, time::Duration};

use async_trait::async_trait;
use net::{ClientTls, Dial, Drive, House, Socket, dial, drive};
use rules::{Blame, Fault, Retry, probe::Folder};
use session::{Broken, Place, Session};

use crate::Checks;

/// The whole look takes at most that many times the longest wait for one answer.
const WHOLE: u32 = 6;

/// A box whose owner gave the login.
#[derive(Clone)]
pub struct ImapBox {
    /// IMAP host.
    pub host: String,
    /// Its port: 993 with TLS from the start.
    pub port: u16,
    /// Whether TLS is used. Only tests on loopback go without.
    pub tls: bool,
    /// Login.
    pub login: String,
    /// Password; ASCII.
    pub password: String,
}

impl std::fmt::Debug for ImapBox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImapBox").field("host", &self.host).field("port", &self.port).finish_non_exhaustive()
    }
}

impl Checks {
    /// Where each of these messages lies, by Message-ID without brackets, in the order given.
    ///
    /// # Errors
    /// `imap.login`, `imap.refused`, `imap.lost`, `imap.password`, `connect.*`, `dns.*`
    pub async fn folders(&self, account: &ImapBox, ids: &[String], limit: Duration) -> Result<Vec<Folder>, Fault> {
        if !account.password.bytes().chain(account.login.bytes()).all(|octet| (b' '..=b'~').contains(&octet)) {
            let what = "the IMAP login or password holds letters that IMAP cannot quote: make an app password in ASCII";
            return Err(Fault::caller("imap.password", what));
        }
        let addresses = self.resolver.addresses(&account.host).await?.records();
        let ip = addresses.into_iter().next().ok_or_else(|| {
            Fault::new("imap.lost", Blame::Caller, Retry::AfterChange)
                .context(format!("the IMAP host {} has no address: is the name right?", account.host))
        })?;
        let stream = dial(&Dial { target: SocketAddr::new(ip, account.port), source: None, limit }).await?;
        let mut session = Session::new(&account.login, &account.password, ids);
        let tls = ClientTls::verified();
        let how = Drive {
            socket: Socket::Client(tls, account.host.clone()),
            implicit_tls: account.tls,
            read_limit: limit,
            body_limit: limit,
            write_limit: limit,
            we_are_server: false,
        };
        // What was said is not kept: it holds the password.
        let driven = tokio::time::timeout(limit * WHOLE, drive(&mut session, stream, &mut Nobody, how)).await;
        let why = driven.map_or(Some("connection.timeout"), |ended| ended.why);
        match session.broken {
            Some(broken) => Err(fault(account, broken, why)),
            None if why.is_some() && session.found.contains(&None) => Err(fault(account, Broken::Lost, why)),
            None => Ok(session.found.into_iter().map(folder).collect()),
        }
    }
}

fn folder(place: Option<Place>) -> Folder {
    match place {
        Some(Place::Inbox) => Folder::Inbox,
        Some(Place::Junk) => Folder::Junk,
        None => Folder::Nowhere,
    }
}

fn fault(account: &ImapBox, broken: Broken, why: Option<&'static str>) -> Fault {
    let host = &account.host;
    match broken {
        Broken::Login(words) => Fault::new("imap.login", Blame::Caller, Retry::AfterChange)
            .context(format!("{host} refused the login: {words}; large providers want an app password")),
        Broken::Refused(words) => {
            Fault::new("imap.refused", Blame::Peer, Retry::Later).context(format!("{host} refused a command: {words}"))
        }
        Broken::Lost => Fault::new("imap.lost", Blame::Peer, Retry::Later)
            .context(format!("the IMAP session with {host} broke off ({})", why.unwrap_or("it said goodbye"))),
    }
}

/// The session asks nothing.
struct Nobody;

#[async_trait]
impl House<(), ()> for Nobody {
    async fn answer(&mut self, (): ()) {}
}
