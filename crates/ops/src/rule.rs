//! Rules for mail that arrives.

use rules::{Fault, id::RuleId};
use store::{ArrivingRule, RuleAction};
use syntax::{Address, Domain};

use crate::{Ops, domain::unknown};

/// Longest pattern, in octets: that of a local part (RFC 5321 §4.5.3.1.1).
const MAX_PATTERN: usize = 64;

impl Ops {
    /// Passes the mail of a mailbox on to another address; `keep` leaves it in the mailbox too.
    ///
    /// # Errors
    /// `mailbox.unknown`, `rule.loop`, `store.*`
    pub async fn forward(&self, mailbox: &Address, to: &Address, keep: bool) -> Result<ArrivingRule, Fault> {
        let mailbox = self.mailbox(mailbox).await?;
        if mailbox.address.key() == to.key() {
            let what = format!("{to} cannot pass its mail on to itself: name another address");
            return Err(Fault::caller("rule.loop", what));
        }
        let action = RuleAction::Forward { to: to.clone(), keep };
        self.store.add_rule(&mailbox.domain, Some(&mailbox.id), action).await
    }

    /// Keeps local parts like that from the catch-all of a domain.
    ///
    /// # Errors
    /// `domain.unknown`, `rule.pattern`, `store.*`
    pub async fn refuse(&self, domain: &Domain, pattern: &str) -> Result<ArrivingRule, Fault> {
        let domain = self.store.domain(domain).await?.ok_or_else(|| unknown(domain))?;
        let pattern = pattern.trim().to_lowercase();
        if pattern.is_empty() || pattern.len() > MAX_PATTERN || pattern.contains(['@', ' ']) {
            let what = format!("`{pattern}` is no pattern of a local part: write one like `info` or `sales*`");
            return Err(Fault::caller("rule.pattern", what));
        }
        self.store.add_rule(&domain.id, None, RuleAction::Refuse { pattern }).await
    }

    /// Takes a rule away.
    ///
    /// # Errors
    /// `rule.unknown`, `store.*`
    pub async fn remove_rule(&self, id: &str) -> Result<(), Fault> {
        match self.store.remove_rule(&RuleId(id.to_owned())).await? {
            true => Ok(()),
            false => Err(Fault::caller("rule.unknown", format!("no rule {id}: `coldrelay rule list` shows the ids"))),
        }
    }
}
