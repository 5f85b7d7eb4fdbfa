//! Whether a mailbox exists: what we know ourselves first, a callout last, and only when it is switched on.

use std::{net::IpAddr, time::Duration};

use check::{Callout, Checks, Destination, Finding, mailbox_findings, malformed_mailbox};
use rand::{TryRng as _, rngs::SysRng};
use rules::{
    Blame, Fault, Retry,
    mailbox_check::{Answer, By, Flags, Verdict, callout::never_asked, flags, of_history, suggestion},
    reach::Reach,
};
use store::{CalloutAnswer, NewCallout, Permit, SendingDomain};
use syntax::{Address, Domain};

use crate::Ops;

/// How callouts are made. They are off unless `daily` is more than 0.
#[derive(Debug, Clone)]
pub struct CalloutSettings {
    /// Most callouts in 24 hours; 0 is off.
    pub daily: u32,
    /// The IP that asks.
    pub ip: Option<IpAddr>,
    /// Reverse-path: `None` is `<>`, else a mailbox of this installation.
    pub mail_from: Option<Address>,
    /// Port of the MX.
    pub port: u16,
    /// Longest wait for one reply.
    pub limit: Duration,
    /// Which addresses may be dialled.
    pub reach: Reach,
}

/// What looks at mailboxes.
#[derive(Debug, Clone)]
pub struct MailboxCheck {
    /// The DNS, and whoever dials.
    pub checks: Checks,
    /// The store's deeds, when there is a store. Without one nothing is known of ourselves, and no callout is made: nobody
    /// could count it.
    pub ops: Option<Ops>,
    /// How callouts are made; `None` when none is wanted.
    pub callout: Option<CalloutSettings>,
}

/// What was found out about an address.
#[derive(Debug, Clone, serde::Serialize)]
pub struct MailboxChecked {
    /// As given.
    pub input: String,
    /// Whether it exists, why, who says so, and whether its domain takes everybody.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// A role, at a free-mail provider, disposable.
    #[serde(flatten)]
    pub flags: Flags,
    /// The address that was probably meant.
    pub suggestion: Option<Address>,
    /// The domain's mail hosts, the preferred first.
    pub mx: Vec<String>,
    /// The provider that they belong to.
    pub provider: Option<&'static str>,
    /// Everything found.
    pub findings: Vec<Finding>,
    /// What was said in the callout, when one was made now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transcript: Option<String>,
}

impl MailboxCheck {
    /// Looks at one address.
    ///
    /// # Errors
    /// `callout.mail-from` when the configured reverse-path is no mailbox here, `random`, `store.*`
    pub async fn check(&self, input: &str) -> Result<MailboxChecked, Fault> {
        let input = input.trim();
        match Address::parse(input) {
            Ok(address) => self.look(input, &address).await,
            Err(malformed) => Ok(MailboxChecked {
                input: input.to_owned(),
                verdict: Verdict::new(Answer::No, By::Syntax, format!("it is no address: {malformed}")),
                flags: Flags { role: false, free: false, disposable: false },
                suggestion: None,
                mx: Vec::new(),
                provider: None,
                findings: vec![malformed_mailbox(input, &malformed)],
                transcript: None,
            }),
        }
    }

    async fn look(&self, input: &str, address: &Address) -> Result<MailboxChecked, Fault> {
        let hosts = self.checks.mail_hosts_of(address.domain()).await;
        let (verdict, transcript) = self.verdict(address, &hosts).await?;
        let suppressed = match &self.ops {
            Some(ops) => ops.store.suppression(address).await?.map(|row| row.reason),
            None => None,
        };
        let meant = suggestion(address.domain()).and_then(|domain| Address::new(address.local(), domain).ok());
        Ok(MailboxChecked {
            input: input.to_owned(),
            findings: mailbox_findings(address, &verdict, hosts.hosts(), suppressed.as_deref()),
            verdict,
            flags: flags(address),
            suggestion: meant,
            provider: hosts.provider(),
            mx: hosts.hosts().to_vec(),
            transcript,
        })
    }

    /// The store, then the MX, then the history, then a callout: the first that knows.
    async fn verdict(&self, address: &Address, hosts: &Destination) -> Result<(Verdict, Option<String>), Fault> {
        if let Some(ops) = &self.ops
            && let Some(verdict) = ops.own_mailbox(address).await?
        {
            return Ok((verdict, None));
        }
        if let Destination::Nowhere(_) = hosts {
            return Ok((hosts.verdict(""), None));
        }
        if let Some(ops) = &self.ops
            && let Some(verdict) = of_history(&ops.store.delivery_history(address).await?, ops.store.clock().now())
        {
            return Ok((verdict, None));
        }
        if hosts.hosts().is_empty() {
            return Ok((hosts.verdict(""), None));
        }
        self.by_callout(address, hosts).await
    }

    async fn by_callout(&self, address: &Address, hosts: &Destination) -> Result<(Verdict, Option<String>), Fault> {
        let not_asked = |why: String| {
            let verdict = hosts.verdict(&format!("whether the mailbox exists was not asked: {why}"));
            Ok((verdict, None))
        };
        let (ops, settings, ip) = match self.means(hosts) {
            Ok(means) => means,
            Err(why) => return not_asked(why),
        };
        if let Some(before) = ops.store.recent_callout(address).await? {
            let reason = format!("{} (asked at {})", before.reason, before.at);
            return Ok((Verdict::new(before.exists, By::Callout, reason).with_catch_all(before.catch_all), None));
        }
        let helo = match self.greeting(ip).await {
            Ok(helo) => helo,
            Err(why) => return not_asked(why),
        };
        ops.check_mail_from(settings.mail_from.as_ref()).await?;
        let callout = callout(settings, address, hosts, ip, helo)?;
        match ops.leave_for(&callout, settings.daily).await? {
            Permit::Granted(id) => {
                let made = self.checks.callout(&callout).await;
                let Verdict { exists, catch_all, reason, .. } = made.verdict.clone();
                let answer = CalloutAnswer { at: ops.store.clock().now(), exists, catch_all, reason };
                ops.store.end_callout(&id, &answer, made.policy).await?;
                Ok((made.verdict, Some(made.transcript)))
            }
            Permit::CapReached(made) => not_asked(format!("{made} callouts were made in 24 hours, which is the cap")),
            Permit::LeftAlone(why) => not_asked(format!("its host is left alone for a day, because {why}")),
        }
    }

    /// What a callout needs, or why none may be made. Who forbids callouts comes first, however the settings stand.
    fn means(&self, hosts: &Destination) -> Result<(&Ops, &CalloutSettings, IpAddr), String> {
        if let Some(stance) = never_asked(hosts.hosts().iter().map(String::as_str)) {
            return Err(stance.why.clone());
        }
        let settings = self.callout.as_ref().ok_or("no callout was wanted (--callout)")?;
        let ops = self.ops.as_ref().ok_or("without a store nobody counts callouts")?;
        if settings.daily == 0 {
            return Err(String::from("callouts are off (`callout.daily` is 0)"));
        }
        let ip = settings.ip.ok_or("no IP is chosen for callouts: set `callout.ip`, or name one with --ip")?;
        Ok((ops, settings, ip))
    }

    /// The name that the IP greets with, or why it has none.
    async fn greeting(&self, ip: IpAddr) -> Result<String, String> {
        match self.checks.confirmed_name(ip).await {
            Ok(Some(name)) => Ok(name),
            Ok(None) => Err(format!("{ip} has no PTR name that leads back to it, so it cannot greet truly")),
            Err(fault) => Err(format!("the PTR name of {ip} could not be looked up: {fault}")),
        }
    }
}

fn callout(
    settings: &CalloutSettings,
    address: &Address,
    hosts: &Destination,
    source: IpAddr,
    helo: String,
) -> Result<Callout, Fault> {
    Ok(Callout {
        address: address.clone(),
        hosts: hosts.hosts().to_vec(),
        source,
        helo,
        mail_from: settings.mail_from.clone(),
        port: settings.port,
        reach: settings.reach,
        limit: settings.limit,
        seed: seed()?,
    })
}

impl Ops {
    /// What the store says of an address of this installation; `None` for any other domain.
    async fn own_mailbox(&self, address: &Address) -> Result<Option<Verdict>, Fault> {
        let Some(domain) = self.serving(address.domain()).await? else { return Ok(None) };
        let catch_all = match &domain.catch_all {
            Some(to) => self.store.mailbox(to).await?.filter(|mailbox| mailbox.suspended_at.is_none()),
            None => None,
        };
        let is_mail_host = domain.name != *address.domain();
        let everybody = if catch_all.is_some() && !is_mail_host { Answer::Yes } else { Answer::No };
        let found = if is_mail_host { None } else { self.store.mailbox(address).await? };
        let is_role = inbound::ROLES.contains(&address.local().to_ascii_lowercase().as_str());
        let (exists, reason) = match (found, catch_all) {
            (Some(mailbox), _) => match mailbox.suspended_at {
                Some(at) => (Answer::No, format!("the mailbox is suspended since {}, and takes no mail", at.day())),
                None => (Answer::Yes, format!("it is a mailbox here since {}", mailbox.created_at.day())),
            },
            (None, _) if is_role => (Answer::Yes, String::from("every domain here answers to that role")),
            (None, Some(to)) if !is_mail_host => {
                (Answer::No, format!("there is no such mailbox here; the catch-all gives its mail to {}", to.address))
            }
            (None, _) => (Answer::No, format!("the domain {} is ours and has no such mailbox", domain.name)),
        };
        Ok(Some(Verdict::new(exists, By::Store, reason).with_catch_all(everybody)))
    }

    /// The sending domain of that name, or the one whose mail host it is.
    async fn serving(&self, name: &Domain) -> Result<Option<SendingDomain>, Fault> {
        if let Some(domain) = self.store.domain(name).await? {
            return Ok(Some(domain));
        }
        let Some(parent) = name.parent() else { return Ok(None) };
        Ok(self.store.domain(&parent).await?.filter(|domain| domain.mail_host == *name))
    }

    /// Whoever asks says who is asking: `<>`, or a mailbox that exists.
    async fn check_mail_from(&self, mail_from: Option<&Address>) -> Result<(), Fault> {
        let Some(address) = mail_from else { return Ok(()) };
        match self.store.mailbox(address).await? {
            Some(_) => Ok(()),
            None => Err(Fault::new("callout.mail-from", Blame::Operator, Retry::AfterChange).context(format!(
                "`callout.mail_from` is {address}, which is no mailbox here: make it, or leave the setting empty for <>"
            ))),
        }
    }

    async fn leave_for(&self, callout: &Callout, daily: u32) -> Result<Permit, Fault> {
        let new = NewCallout {
            address: callout.address.clone(),
            source_ip: callout.source,
            mx_host: callout.hosts.first().cloned().unwrap_or_default(),
            daily,
        };
        self.store.begin_callout(new).await
    }
}

/// A number that nobody can foretell.
pub(crate) fn seed() -> Result<u64, Fault> {
    let mut octets = [0; 8];
    SysRng
        .try_fill_bytes(&mut octets)
        .map_err(|error| Fault::new("random", Blame::Operator, Retry::Later).caused_by(error))?;
    Ok(u64::from_le_bytes(octets))
}
