//! One-time addresses of this installation: mail a message to one, and read what receivers would say of it.

use std::time::Duration;

use check::MessageFacts;
use rules::{Fault, id::MailTestId, secret::unguessable};
use store::MailTest;
use syntax::{Address, Domain};

use crate::{Ops, domain};

/// How long an address waits for its message.
const OPEN: Duration = Duration::from_secs(60 * 60);
/// Letters of the address behind `test-`.
const LETTERS: usize = 16;

impl Ops {
    /// Makes a one-time address at that domain of ours, or at the first one.
    ///
    /// # Errors
    /// `domain.unknown`, `store.*`
    pub async fn new_mail_test(&self, at: Option<&Domain>) -> Result<MailTest, Fault> {
        let name = match at {
            Some(name) => self.store.domain(name).await?.ok_or_else(|| domain::unknown(name))?.name,
            None => self.store.domains(None).await?.into_iter().next().map(|domain| domain.name).ok_or_else(none)?,
        };
        let now = self.store.clock().now();
        let letters: String =
            unguessable(&self.key, &format!("mail test {} {name}", now.micros())).chars().take(LETTERS).collect();
        let address = Address::new(&format!("{}{letters}", inbound::TEST_PREFIX), name)
            .map_err(|malformed| Fault::caller("domain.name", malformed.to_string()))?;
        self.store.new_mail_test(&address, now + OPEN).await
    }

    /// A test and the message that came, once it is there.
    ///
    /// # Errors
    /// `mail-test.unknown`, `store.*`
    pub async fn mail_test(&self, id: &MailTestId) -> Result<(MailTest, Option<Vec<u8>>), Fault> {
        let test = self.store.mail_test(id).await?.ok_or_else(|| {
            Fault::caller("mail-test.unknown", format!("there is no mail test {id}: tests are kept for a week"))
        })?;
        let content = self.store.mail_test_content(id).await?;
        Ok((test, content))
    }
}

/// How the message of a test came, for the check of a message.
pub fn facts_of_test(test: &MailTest, bulk: bool) -> MessageFacts {
    let arrived = test.arrived.as_ref();
    MessageFacts {
        ip: arrived.map(|arrived| arrived.peer),
        helo: arrived.map(|arrived| arrived.helo.clone()),
        mail_from: arrived.map(|arrived| arrived.reverse_path.clone()),
        at: arrived.map(|arrived| arrived.at),
        blocklists: true,
        bulk,
    }
}

fn none() -> Fault {
    Fault::caller(
        "domain.unknown",
        "there is no domain here that could take the test message: `coldrelay domain apply NAME --egress-ip IP` makes one",
    )
}
