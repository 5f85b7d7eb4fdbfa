//! A client that submits one message after another over one connection: the same for us and for a peer.

use std::{net::SocketAddr, time::Duration};

use async_trait::async_trait;
use net::{ClientTls, Dial, Drive, House, Socket, dial, drive};
use smtp::{
    client::{Answer, Delivery, Question, RecipientOutcome, Session, Settings, Tls},
    server::Password,
};

use crate::house::{Outcome, PASSWORD, told};

/// Longest wait for anything.
const LIMIT: Duration = Duration::from_secs(60);

/// What a connection carries.
#[async_trait]
pub trait Letters: Send {
    /// The next message; `None`: no more.
    async fn next(&mut self) -> Option<Delivery>;
    /// What became of the one before: one outcome a recipient.
    async fn came_to(&mut self, outcomes: Vec<RecipientOutcome>);
}

/// Whether we log in, over TLS, or are trusted by our address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As a user's program: TLS from the start and AUTH.
    LoggedIn,
    /// In clear, trusted.
    Trusted,
}

struct Carrier<'a, L> {
    letters: &'a mut L,
}

#[async_trait]
impl<L: Letters> House<Question, Answer> for Carrier<'_, L> {
    async fn answer(&mut self, question: Question) -> Answer {
        let Question::Next(outcome) = question;
        if let Some(outcome) = outcome {
            self.letters.came_to(outcome.recipients).await;
        }
        self.letters.next().await.map_or(Answer::Quit, Answer::Deliver)
    }
}

/// Submits as that mailbox until there are no more letters, or the connection ends.
pub async fn submit<L: Letters>(at: SocketAddr, way: Way, mailbox: &str, letters: &mut L) -> Outcome<()> {
    let logged_in = way == Way::LoggedIn;
    let stream = dial(&Dial { target: at, source: None, limit: LIMIT }).await.map_err(told)?;
    let settings = Settings {
        hostname: "client.test".into(),
        tls: if logged_in { Tls::Implicit } else { Tls::Never },
        login: logged_in.then(|| (mailbox.to_owned(), Password(PASSWORD.to_owned()))),
    };
    let mut session = Session::new(settings);
    let socket = Socket::Client(ClientTls::opportunistic(), "box.acme.test".into());
    let (read_limit, body_limit, write_limit) = (LIMIT, LIMIT, LIMIT);
    let how = Drive { socket, implicit_tls: logged_in, read_limit, body_limit, write_limit, we_are_server: false };
    let ended = drive(&mut session, stream, &mut Carrier { letters }, how).await;
    if let Some(outcome) = session.take_outcome() {
        letters.came_to(outcome.recipients).await;
    }
    match (session.failure(), ended.why) {
        (None, None) => Ok(()),
        (failure, why) => Err(format!("{} {failure:?}", why.unwrap_or_default())),
    }
}
