//! The books: what was answered, what the store says, what the receivers took. They must agree.

use std::collections::HashMap;

use rules::id::RecipientId;
use store::{MailKind, QueueFilter, QueuedMessage, QueuedRecipient, State, Store};
use syntax::Address;

use crate::{
    crash::receiver::Habit,
    house::{Outcome, told},
};

/// A message that a client tried to submit.
#[derive(Debug, Clone)]
pub struct Answered {
    /// Its subject, and its last line.
    pub mark: String,
    /// Whom it is for.
    pub recipients: Vec<Address>,
    /// It was answered with 250.
    pub yes: bool,
}

/// What was counted. Recipients, where nothing else is said.
#[derive(Debug, Clone, Default, serde::Serialize)]
pub struct Books {
    /// Messages that were answered with 250.
    pub messages_answered: usize,
    /// Messages that were cut off before an answer.
    pub messages_unanswered: usize,
    /// Of those, messages that are there all the same: nobody was promised anything.
    pub messages_unanswered_but_kept: usize,
    /// Recipients of answered messages.
    pub answered: usize,
    /// Delivered.
    pub delivered: usize,
    /// Bounced.
    pub bounced: usize,
    /// Waiting.
    pub queued: usize,
    /// Waiting, in doubt.
    pub in_doubt: usize,
    /// Marked as possible duplicates at any time.
    pub possible_duplicates: usize,
    /// Taken more than once by a receiver, and marked as possible duplicates.
    pub duplicates: usize,
    /// What must not be.
    pub wrong: Vec<String>,
}

impl Books {
    /// Adds another run's.
    pub fn add(&mut self, other: Self) {
        self.messages_answered += other.messages_answered;
        self.messages_unanswered += other.messages_unanswered;
        self.messages_unanswered_but_kept += other.messages_unanswered_but_kept;
        self.answered += other.answered;
        self.delivered += other.delivered;
        self.bounced += other.bounced;
        self.queued += other.queued;
        self.in_doubt += other.in_doubt;
        self.possible_duplicates += other.possible_duplicates;
        self.duplicates += other.duplicates;
        self.wrong.extend(other.wrong);
    }
}

/// Compares.
///
/// # Errors
/// When the store cannot be read.
pub async fn compare(store: &Store, answered: &[Answered], taken: &HashMap<String, usize>) -> Outcome<Books> {
    let all = QueueFilter { limit: 1_000_000, ..QueueFilter::default() };
    let kept = store.queue(&all).await.map_err(told)?;
    let by_mark: HashMap<&str, &QueuedMessage> =
        kept.iter().map(|message| (message.subject.as_str(), message)).collect();
    let mut books = Books::default();
    if by_mark.len() != kept.len() {
        books.wrong.push("a message is kept twice".into());
    }
    let notices = notices(store).await?;
    for letter in answered {
        match (letter.yes, by_mark.get(letter.mark.as_str())) {
            (true, Some(message)) => {
                books.messages_answered += 1;
                books.whole(store, letter, message).await?;
            }
            (true, None) => books.wrong.push(format!("LOST: {} was answered with 250 and is not there", letter.mark)),
            (false, found) => {
                books.messages_unanswered += 1;
                books.messages_unanswered_but_kept += usize::from(found.is_some());
            }
        }
    }
    for recipient in kept.iter().flat_map(|message| &message.recipients) {
        let copies = taken.get(&recipient.address.to_string()).copied().unwrap_or(0);
        books.one(recipient, copies, notices.get(&recipient.id).copied().unwrap_or(0));
        books.finished(store, recipient).await?;
    }
    let known: std::collections::HashSet<String> =
        kept.iter().flat_map(|message| &message.recipients).map(|one| one.address.to_string()).collect();
    for address in taken.keys().filter(|address| !known.contains(*address)) {
        books.wrong.push(format!("{address} was sent a message that the store does not know"));
    }
    Ok(books)
}

impl Books {
    /// An answered message is there whole.
    async fn whole(&mut self, store: &Store, letter: &Answered, message: &QueuedMessage) -> Outcome<()> {
        for address in &letter.recipients {
            self.answered += 1;
            match message.recipients.iter().find(|one| one.address == *address) {
                None => self.wrong.push(format!("LOST: {address} of {} is not there", letter.mark)),
                Some(one) => match one.state {
                    State::Delivered => self.delivered += 1,
                    State::Bounced => self.bounced += 1,
                    State::InDoubt => self.in_doubt += 1,
                    State::Queued | State::Deferred => self.queued += 1,
                    State::Sending | State::Dropped => {
                        self.wrong.push(format!("LOST: {address} is {}", one.state.as_str()));
                    }
                },
            }
        }
        let content = store.content(&message.id).await.map_err(told)?.unwrap_or_default();
        if !content.ends_with(format!("{}\r\n", letter.mark).as_bytes()) {
            self.wrong.push(format!("LOST: the content of {} is not whole", letter.mark));
        }
        Ok(())
    }

    /// What the store says of a recipient is what its receiver did.
    fn one(&mut self, recipient: &QueuedRecipient, copies: usize, notices: usize) {
        let (address, state) = (&recipient.address, recipient.state);
        self.possible_duplicates += usize::from(recipient.possible_duplicate);
        let expected = match Habit::of(address) {
            Habit::Accepts | Habit::Defers | Habit::Doubts => State::Delivered,
            Habit::Refuses => State::Bounced,
            Habit::Dead => State::Deferred,
        };
        let waits = matches!(state, State::InDoubt) || (state == State::Queued && recipient.attempts == 0);
        if state != expected && !(expected == State::Deferred && waits) {
            self.wrong.push(format!("{address} is {}, not {}", state.as_str(), expected.as_str()));
        }
        if state == State::Delivered && copies == 0 {
            self.wrong.push(format!("LOST: {address} is delivered, and its receiver took nothing"));
        }
        if copies > 1 && recipient.possible_duplicate {
            self.duplicates += 1;
        }
        if copies > 1 && !recipient.possible_duplicate {
            self.wrong.push(format!("{address} got {copies} copies, and nobody was told"));
        }
        if notices != usize::from(state == State::Bounced) {
            self.wrong.push(format!("{address} is {}, with {notices} notices", state.as_str()));
        }
    }

    /// Every attempt has an end or is in doubt, and they are numbered without a gap.
    async fn finished(&mut self, store: &Store, recipient: &QueuedRecipient) -> Outcome<()> {
        let attempts = store.attempts(&recipient.id).await.map_err(told)?;
        let numbered = attempts.iter().zip(1..).all(|(attempt, number)| attempt.number == number);
        if !numbered || attempts.len() != usize::try_from(recipient.attempts).unwrap_or(0) {
            self.wrong.push(format!("the attempts for {} have gaps", recipient.address));
        }
        if attempts.iter().any(|attempt| attempt.verdict.is_none()) {
            self.wrong.push(format!("an attempt for {} has no end", recipient.address));
        }
        Ok(())
    }
}

/// Notices of failure, by the recipient they are about.
async fn notices(store: &Store) -> Outcome<HashMap<RecipientId, usize>> {
    let mut notices = HashMap::new();
    for mail in store.mails(None, 1_000_000).await.map_err(told)? {
        if let (MailKind::Bounce, Some(about)) = (mail.kind, mail.about) {
            *notices.entry(about).or_default() += 1;
        }
    }
    Ok(notices)
}
