//! One order: proofs shown, the CA's looks awaited, the certificate fetched and held against its key.

use std::time::Duration;

use instant_acme::{
    AuthorizationStatus, ChallengeStatus, ChallengeType, Error, Identifier, NewOrder, Order, OrderStatus,
};
use rules::{Blame, Fault, Retry};
use tokio::time::{Instant, sleep};

use super::{AcmeAccount, Answers, Challenge, Issued, Proof, Refused, broken, told};
use crate::ServerTls;

/// Between the first two looks at an order; each is half as long again, up to [`LONGEST_LOOK`].
const FIRST_LOOK: Duration = Duration::from_millis(250);
const LONGEST_LOOK: Duration = Duration::from_secs(10);
/// Authorizations and names of one order. RFC 8555 has no limit; a peer that lists more than was asked for is broken.
const MOST: usize = 100;

impl AcmeAccount {
    /// Orders one certificate for all of these names; `answers` shows the proofs. Taking them away again is up to the caller.
    ///
    /// # Errors
    /// See [`Refused`].
    pub async fn order(&self, names: &[String], answers: &dyn Answers) -> Result<Issued, Refused> {
        let identifiers: Vec<Identifier> = names.iter().map(|name| Identifier::Dns(name.clone())).collect();
        let ordered = self.account.new_order(&NewOrder::new(&identifiers)).await;
        let mut order = ordered.map_err(|error| self.refused(error, "ordering a certificate"))?;
        if order.state().authorizations.len() > MOST {
            return Err(broken(&self.acme.directory).context("more authorizations than names").into());
        }
        answers.show(&self.proofs(&mut order).await?).await?;
        self.set_ready(&mut order).await?;
        self.until(&mut order, "the names to be validated", |status| {
            matches!(status, OrderStatus::Ready | OrderStatus::Valid)
        })
        .await?;
        let key =
            order.finalize().await.map_err(|error| self.refused(error, "sending the request for a certificate"))?;
        self.until(&mut order, "the certificate", |status| matches!(status, OrderStatus::Valid)).await?;
        let chain = order.certificate().await.map_err(|error| self.refused(error, "fetching the certificate"))?;
        let chain = chain.ok_or_else(|| broken(&self.acme.directory).context("a valid order without certificate"))?;
        issued(names, chain, key).map_err(Refused::from)
    }

    fn refused(&self, error: Error, doing: &str) -> Refused {
        self.acme.refused(error, &self.wire, doing)
    }

    fn kind(&self) -> ChallengeType {
        match self.acme.challenge {
            Challenge::Dns => ChallengeType::Dns01,
            Challenge::Http => ChallengeType::Http01,
        }
    }

    /// What is to be shown; names that the CA still holds for ours need nothing.
    async fn proofs(&self, order: &mut Order) -> Result<Vec<Proof>, Refused> {
        let mut proofs = Vec::new();
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization.map_err(|error| self.refused(error, "reading an authorization"))?;
            match authorization.status {
                AuthorizationStatus::Valid => continue,
                AuthorizationStatus::Pending => {}
                other => return Err(not_pending(&authorization.identifier().to_string(), &format!("{other:?}")).into()),
            }
            let offered = format!("{:?}", authorization.challenges.iter().map(|one| &one.r#type).collect::<Vec<_>>());
            let name = authorization.identifier().to_string();
            let Some(challenge) = authorization.challenge(self.kind()) else {
                return Err(not_offered(&name, self.acme.challenge, &offered).into());
            };
            let answer = challenge.key_authorization();
            proofs.push(Proof {
                name,
                token: challenge.token.clone(),
                answer: answer.as_str().to_owned(),
                record: answer.dns_value(),
            });
        }
        Ok(proofs)
    }

    async fn set_ready(&self, order: &mut Order) -> Result<(), Refused> {
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization.map_err(|error| self.refused(error, "reading an authorization"))?;
            if authorization.status != AuthorizationStatus::Pending {
                continue;
            }
            if let Some(mut challenge) = authorization.challenge(self.kind()) {
                challenge.set_ready().await.map_err(|error| self.refused(error, "asking for validation"))?;
            }
        }
        Ok(())
    }

    async fn until(
        &self,
        order: &mut Order,
        what: &str,
        is_done: impl Fn(&OrderStatus) -> bool,
    ) -> Result<(), Refused> {
        let (begun, mut pause) = (Instant::now(), FIRST_LOOK);
        loop {
            let state = order.refresh().await.map_err(|error| self.refused(error, "looking at the order"))?;
            if is_done(&state.status) {
                return Ok(());
            }
            if state.status == OrderStatus::Invalid {
                let told = state.error.as_ref().map(told);
                return Err(self.why(order).await.or(told).unwrap_or_else(|| invalid(what)).into());
            }
            if begun.elapsed() > self.acme.order_limit {
                return Err(Fault::new("acme.unreachable", Blame::Peer, Retry::Later)
                    .context(format!(
                        "waited longer than {:?} for {what} at {}",
                        self.acme.order_limit, self.acme.directory
                    ))
                    .into());
            }
            sleep(pause).await;
            pause = (pause * 3 / 2).min(LONGEST_LOOK);
        }
    }

    /// What the CA says of the first challenge that was not met.
    async fn why(&self, order: &mut Order) -> Option<Fault> {
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let Ok(mut authorization) = authorization else { continue };
            if authorization.refresh().await.is_err() {
                continue;
            }
            let name = authorization.identifier().to_string();
            let failed = authorization.challenges.iter().find(|one| one.status == ChallengeStatus::Invalid);
            if let Some(problem) = failed.and_then(|challenge| challenge.error.as_ref()) {
                let fault = Fault { code: "acme.challenge-failed", ..told(problem) };
                return Some(fault.context(format!(
                    "the CA could not see that {name} is ours: {}",
                    hint(self.acme.challenge, &name)
                )));
            }
        }
        None
    }
}

fn hint(challenge: Challenge, name: &str) -> String {
    match challenge {
        Challenge::Dns => format!("does the world see the TXT record at _acme-challenge.{name}?"),
        Challenge::Http => format!("does port 80 of {name} lead to `listen.http`?"),
    }
}

fn invalid(what: &str) -> Fault {
    Fault::new("acme.challenge-failed", Blame::Operator, Retry::AfterChange)
        .context(format!("the order became invalid while it waited for {what}, and the CA gave no reason"))
}

fn not_pending(name: &str, state: &str) -> Fault {
    Fault::new("acme.refused", Blame::Peer, Retry::Later).context(format!("the authorization of {name} is {state}"))
}

fn not_offered(name: &str, challenge: Challenge, offered: &str) -> Fault {
    Fault::new("acme.refused", Blame::Operator, Retry::AfterChange).context(format!(
        "the CA does not take {challenge:?} for {name} (it takes {offered}): set `acme.challenge` to one that it takes"
    ))
}

/// A certificate is taken when its key is ours and it is for every name that was asked for.
fn issued(names: &[String], chain: String, key: String) -> Result<Issued, Fault> {
    let looked = ServerTls::look(&chain, &key)?;
    if let Some(missing) = names.iter().find(|name| !looked.names.contains(name)) {
        return Err(Fault::new("acme.broken", Blame::Peer, Retry::Later)
            .context(format!("the certificate that was given is not for {missing}")));
    }
    Ok(Issued { chain, key, not_before: looked.not_before, not_after: looked.not_after })
}
