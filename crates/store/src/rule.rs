//! Rules for mail that arrives: what a mailbox passes on, what a catch-all does not take.

use rules::{
    Fault,
    id::{DomainId, MailboxId, RuleId},
};
use syntax::{Address, Timestamp};

use crate::{
    Store,
    row::{Row, free_text, sql},
};

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ArrivingRule {
    /// Id.
    pub id: RuleId,
    /// The domain that it belongs to.
    pub domain: DomainId,
    /// The mailbox, of what is passed on.
    pub mailbox: Option<MailboxId>,
    /// What it does.
    #[serde(flatten)]
    pub action: RuleAction,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum RuleAction {
    /// Mail of the mailbox is passed on.
    Forward {
        /// To whom.
        to: Address,
        /// It stays in the mailbox too.
        keep: bool,
    },
    /// The catch-all does not take local parts like this.
    Refuse {
        /// Lower-case; `*` stands for any letters.
        pattern: String,
    },
}

impl RuleAction {
    fn stored(&self) -> (&'static str, String, bool) {
        match self {
            Self::Forward { to, keep } => ("forward", to.to_string(), *keep),
            Self::Refuse { pattern } => ("refuse", pattern.clone(), false),
        }
    }
}

impl Store {
    /// Makes a rule. One that is there already is given back.
    ///
    /// # Errors
    /// `store.*`
    pub async fn add_rule(
        &self,
        domain: &DomainId,
        mailbox: Option<&MailboxId>,
        action: RuleAction,
    ) -> Result<ArrivingRule, Fault> {
        let known = self.rules(Some(domain)).await?;
        let same = known.into_iter().find(|rule| rule.mailbox.as_ref() == mailbox && rule.action == action);
        if let Some(rule) = same {
            return Ok(rule);
        }
        let (domain, mailbox) = (domain.clone(), mailbox.cloned());
        self.write("make a rule", |tx| {
            Box::pin(async move {
                let rule = ArrivingRule { id: RuleId(tx.id()), domain, mailbox, action, created_at: tx.now };
                let (action, argument, keeps) = rule.action.stored();
                let insert =
                    sql("INSERT INTO arriving_rule (id, domain, mailbox, action, argument, keeps, created_at) \
                                  VALUES ($1, $2, $3, $4, $5, $6, $7)")
                    .bind(rule.id.0.clone())
                    .bind(rule.domain.0.clone())
                    .bind(rule.mailbox.as_ref().map(|mailbox| mailbox.0.clone()))
                    .bind(action)
                    .bind(free_text(&argument))
                    .bind(i64::from(keeps))
                    .bind(rule.created_at.micros());
                tx.run(insert).await?;
                Ok(rule)
            })
        })
        .await
    }

    /// Takes a rule away. Whether it was there.
    ///
    /// # Errors
    /// `store.*`
    pub async fn remove_rule(&self, id: &RuleId) -> Result<bool, Fault> {
        let delete = sql("DELETE FROM arriving_rule WHERE id = $1").bind(id.0.clone());
        self.write("take a rule away", |tx| Box::pin(async move { tx.run(delete).await.map(|rows| rows > 0) })).await
    }

    /// Rules, oldest first; of one domain when given.
    ///
    /// # Errors
    /// `store.*`
    pub async fn rules(&self, domain: Option<&DomainId>) -> Result<Vec<ArrivingRule>, Fault> {
        let query = match domain {
            Some(domain) => sql("SELECT * FROM arriving_rule WHERE domain = $1 ORDER BY id").bind(domain.0.clone()),
            None => sql("SELECT * FROM arriving_rule ORDER BY id"),
        };
        self.rows("read rules", query).await?.iter().map(read).collect()
    }

    /// Rules of a mailbox, oldest first.
    ///
    /// # Errors
    /// `store.*`
    pub async fn rules_of(&self, mailbox: &MailboxId) -> Result<Vec<ArrivingRule>, Fault> {
        let query = sql("SELECT * FROM arriving_rule WHERE mailbox = $1 ORDER BY id").bind(mailbox.0.clone());
        self.rows("read the rules of a mailbox", query).await?.iter().map(read).collect()
    }
}

fn read(row: &Row) -> Result<ArrivingRule, Fault> {
    let action = match row.text("action")?.as_str() {
        "forward" => RuleAction::Forward { to: row.parsed("argument")?, keep: row.flag("keeps")? },
        _ => RuleAction::Refuse { pattern: row.text("argument")? },
    };
    Ok(ArrivingRule {
        id: RuleId(row.text("id")?),
        domain: DomainId(row.text("domain")?),
        mailbox: row.text_or_none("mailbox")?.map(MailboxId),
        action,
        created_at: row.moment("created_at")?,
    })
}
