//! A receiver: a real SMTP server whose answers come from its character.

use std::{net::IpAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use net::{Drive, House, Limits, ServerTls, Socket, Stop};
use smtp::{
    Reply,
    server::{Answer, Question, Session, Settings},
};
use syntax::Address;
use tokio::net::{TcpListener, TcpStream};

use crate::{character::Character, roster::Resident};

/// Longest wait for a peer; a real server waits 5 minutes (RFC 5321 §4.5.3.2).
const READ_LIMIT: Duration = Duration::from_secs(20);

/// What a receiver knows of the client before it.
#[derive(Debug, Clone)]
pub(crate) struct Visit {
    /// Where it comes from.
    pub peer: IpAddr,
    /// What it calls itself.
    pub helo: String,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// Envelope sender; `None` is `<>`.
    pub reverse_path: Option<Address>,
}

/// Serves until stopped.
pub(crate) async fn serve(
    resident: Resident,
    listener: TcpListener,
    character: Arc<dyn Character>,
    tls: ServerTls,
    stop: Stop,
) {
    let limits =
        Limits { connections: 64, connections_per_ip: 64, busy: b"421 4.7.0 Too many connections\r\n".to_vec() };
    net::serve(listener, limits, stop, move |stream, peer| {
        visit(resident, stream, peer.ip(), character.clone(), tls.clone())
    })
    .await;
}

async fn visit(resident: Resident, stream: TcpStream, peer: IpAddr, character: Arc<dyn Character>, tls: ServerTls) {
    let visit = Visit { peer, helo: String::new(), tls: false, reverse_path: None };
    let settings = Settings {
        hostname: resident.mx(),
        starttls: character.speaks_tls(),
        implicit_tls: false,
        auth: false,
        max_message_octets: 10 * 1024 * 1024,
        max_recipients: 10,
        max_errors: 10,
        max_auth_failures: 1,
        enhanced_codes: character.speaks_enhanced_codes(),
    };
    let mut session = Session::new(settings, peer);
    let mut reception = Reception { visit, character, greeting: format!("{} ESMTP", resident.mx()) };
    let drive = Drive {
        socket: Socket::Server(Some(tls)),
        implicit_tls: false,
        read_limit: READ_LIMIT,
        body_limit: READ_LIMIT,
        write_limit: READ_LIMIT,
        we_are_server: true,
    };
    net::drive(&mut session, stream, &mut reception, drive).await;
}

/// Puts the core's questions to the character.
struct Reception {
    visit: Visit,
    character: Arc<dyn Character>,
    greeting: String,
}

#[async_trait]
impl House<Question, Answer> for Reception {
    async fn answer(&mut self, question: Question) -> Answer {
        match question {
            Question::Connect(_) => match self.character.connect(&self.visit).await {
                Answer::Reply(reply) if reply.code == 220 => Answer::Reply(Reply::bare(220, self.greeting.clone())),
                other => other,
            },
            Question::Helo { name, tls, .. } => {
                self.visit.helo = name;
                self.visit.tls = tls;
                self.character.helo(&self.visit).await
            }
            Question::Auth { .. } => Answer::Reply(smtp::replies::command_not_implemented()),
            Question::Mail { reverse_path, .. } => {
                self.visit.reverse_path = reverse_path;
                self.character.mail(&self.visit).await
            }
            Question::Rcpt { address, .. } => self.character.rcpt(&self.visit, &address).await,
            Question::Data => self.character.data(&self.visit).await,
            Question::Message { transaction, content } => {
                self.character.message(&self.visit, &transaction, &content).await
            }
        }
    }
}
