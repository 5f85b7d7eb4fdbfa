//! One connection: which house answers it, and what the core does that no question tells.

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use net::{Drive, Ended, House, Met, Socket};
use rules::event::Event;
use smtp::{
    Reply,
    server::{self, Answer, Question, Session},
};
use store::Store;
use tokio::{net::TcpStream, sync::mpsc};
use wire::Step;

use crate::{
    mx::Mx,
    replies,
    settings::{BODY_LIMIT, MAX_AUTH_FAILURES, MAX_ERRORS, READ_LIMIT, WRITE_LIMIT},
    start::Shared,
    submission::Submission,
};

/// What a listener is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Port 25.
    Mx,
    /// Port 587.
    Submission,
    /// Port 465.
    Submissions,
}

/// What the house knows and the watch tells.
#[derive(Debug, Default)]
pub(crate) struct Known {
    login: Mutex<Option<String>>,
}

impl Known {
    pub(crate) fn login(&self) -> Option<String> {
        self.login.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
    pub(crate) fn set_login(&self, login: String) {
        *self.login.lock().unwrap_or_else(PoisonError::into_inner) = Some(login);
    }
}

/// Serves one connection to its end.
pub(crate) async fn run(shared: Arc<Shared>, role: Role, stream: TcpStream, met: Met) {
    let peer = met.client.ip();
    let known = Arc::new(Known::default());
    let ended = match role {
        Role::Mx => {
            let at = met.at.or_else(|| stream.local_addr().ok());
            let host = shared.host_at(at.map(|address| address.ip())).await;
            let core = Watched::new(&shared, role, &host, peer, known.clone(), None);
            let house = Mx::new(shared.clone(), host, peer);
            serve(&shared, role, core, house, stream).await
        }
        Role::Submission | Role::Submissions => {
            let (refusals, refused) = mpsc::channel(MAX_ERRORS);
            let host = shared.settings.hostname.clone();
            let core = Watched::new(&shared, role, &host, peer, known.clone(), Some(refusals));
            let house = Submission::new(shared.clone(), known, peer);
            tokio::join!(serve(&shared, role, core, house, stream), record(shared.store.clone(), refused)).0
        }
    };
    tracing::debug!(%peer, ?role, why = ended.why, tls = ended.tls, "session ended");
}

async fn serve<H>(shared: &Shared, role: Role, mut core: Watched, mut house: H, stream: TcpStream) -> Ended
where
    H: House<Question, Answer>,
{
    let drive = Drive {
        socket: Socket::Server(Some(shared.tls.clone())),
        implicit_tls: role == Role::Submissions,
        read_limit: READ_LIMIT,
        body_limit: BODY_LIMIT,
        write_limit: WRITE_LIMIT,
        we_are_server: true,
    };
    net::drive(&mut core, stream, &mut house, drive).await
}

/// Writes down what the core refused by itself.
async fn record(store: Store, mut refused: mpsc::Receiver<Event>) {
    while let Some(event) = refused.recv().await {
        if let Err(fault) = store.record(vec![event]).await {
            tracing::warn!(%fault, "cannot write down a refusal");
        }
    }
}

/// The core, watched: it alone knows what it refuses without asking.
struct Watched {
    session: Session,
    known: Arc<Known>,
    refusals: Option<mpsc::Sender<Event>>,
    /// Refusals that the house gave, and has written down, which are about to be sent.
    of_the_house: usize,
}

impl Watched {
    fn new(
        shared: &Shared,
        role: Role,
        hostname: &str,
        peer: IpAddr,
        known: Arc<Known>,
        refusals: Option<mpsc::Sender<Event>>,
    ) -> Self {
        let settings = server::Settings {
            hostname: hostname.to_owned(),
            starttls: role != Role::Submissions,
            implicit_tls: role == Role::Submissions,
            auth: role != Role::Mx,
            max_message_octets: shared.settings.max_message_octets,
            max_recipients: shared.settings.max_recipients,
            max_errors: MAX_ERRORS,
            max_auth_failures: MAX_AUTH_FAILURES,
            enhanced_codes: true,
        };
        Self { session: Session::new(settings, peer), known, refusals, of_the_house: 0 }
    }

    /// Events for the refusals among the replies about to be sent.
    fn note(&mut self, sent: &[u8]) {
        let Some(refusals) = &self.refusals else { return };
        for reply in refusals_in(&String::from_utf8_lossy(sent)) {
            if self.of_the_house > 0 {
                self.of_the_house -= 1;
                continue;
            }
            let (entry, reply) = (replies::entry_of(&reply), reply.to_string());
            // A full channel means a client that collects refusals: the rest is in no way news.
            let _ = refusals.try_send(Event::SubmissionRefused { login: self.known.login(), entry, reply });
        }
    }
}

/// The negative replies in a piece of text that holds whole replies.
fn refusals_in(text: &str) -> Vec<Reply> {
    let mut found = Vec::new();
    let mut lines = String::new();
    for line in text.split_inclusive('\n') {
        lines.push_str(line);
        if line.as_bytes().get(3) != Some(&b'-') {
            found.extend(Reply::parse(&lines).filter(|reply| !reply.is_positive()));
            lines.clear();
        }
    }
    found
}

impl wire::Core for Watched {
    type Question = Question;
    type Answer = Answer;

    fn step(&mut self) -> Step<Question> {
        let step = self.session.step();
        if let Step::Send(octets) = &step {
            self.note(octets);
        }
        step
    }
    fn feed(&mut self, octets: &[u8]) {
        self.session.feed(octets);
    }
    fn answer(&mut self, answer: Answer) {
        if let Answer::Reply(reply) | Answer::ReplyAndClose(reply) = &answer
            && !reply.is_positive()
        {
            self.of_the_house += 1;
        }
        self.session.answer(answer);
    }
    fn secured(&mut self) {
        self.session.secured();
    }
    fn ended(&mut self) {
        self.session.ended();
    }
}
