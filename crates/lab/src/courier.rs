//! Brings one message to one server, as any mail program does.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use async_trait::async_trait;
use net::{ClientTls, Dial, Drive, House, Socket, dial};
use rules::Fault;
use smtp::{
    client::{Answer, Delivery, Outcome, Question, RecipientOutcome, Session, Settings, Tls},
    server::Password,
};

const LIMIT: Duration = Duration::from_secs(20);

/// Where a message is brought, and how.
#[derive(Debug, Clone)]
pub(crate) struct Errand {
    pub target: SocketAddr,
    pub source: Option<IpAddr>,
    pub helo: String,
    pub tls: Tls,
    pub login: Option<(String, String)>,
}

/// Brings it; the outcome is for its first recipient.
pub(crate) async fn bring(errand: &Errand, delivery: Delivery) -> Result<RecipientOutcome, Fault> {
    let stream = dial(&Dial { target: errand.target, source: errand.source, limit: LIMIT }).await?;
    let login = errand.login.clone().map(|(name, password)| (name, Password(password)));
    let mut session = Session::new(Settings { hostname: errand.helo.clone(), tls: errand.tls, login });
    let mut bag = Bag { delivery: Some(delivery), outcome: None };
    let drive = Drive {
        socket: Socket::Client(ClientTls::opportunistic(), errand.target.ip().to_string()),
        implicit_tls: errand.tls == Tls::Implicit,
        read_limit: LIMIT,
        body_limit: LIMIT,
        write_limit: LIMIT,
        we_are_server: false,
    };
    net::drive(&mut session, stream, &mut bag, drive).await;
    let outcome = bag.outcome.or_else(|| session.take_outcome());
    let first = outcome.and_then(|outcome| outcome.recipients.into_iter().next());
    Ok(first.or_else(|| session.failure()).unwrap_or(RecipientOutcome::Lost(smtp::Stage::Greeting)))
}

/// Holds one message.
struct Bag {
    delivery: Option<Delivery>,
    outcome: Option<Outcome>,
}

#[async_trait]
impl House<Question, Answer> for Bag {
    async fn answer(&mut self, question: Question) -> Answer {
        let Question::Next(outcome) = question;
        if outcome.is_some() {
            self.outcome = outcome;
        }
        self.delivery.take().map_or(Answer::Quit, Answer::Deliver)
    }
}
