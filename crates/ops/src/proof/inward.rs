//! The way back: an answer to the mailbox by the MX of its domain, and the names that a domain must answer for.

use auth::{Algorithm, PrivateKey, Signer, SigningKey};
use rules::{
    Fault,
    proof::{State, Step},
};
use smtp::{
    Enhanced, Stage,
    client::{Delivery, RecipientOutcome, callout::Heard},
};
use store::SendingDomain;
use syntax::{Address, Draft, FromField};

use super::{
    carry::{self, Brought, Told, Way},
    outward::MARK,
    round::{Parties, Round, address},
};

/// 550 5.1.1: there is no such mailbox. RFC 3463 §3.2.
const NO_SUCH_MAILBOX: Enhanced = Enhanced::new(5, 1, 1);

impl Round<'_> {
    /// The answer of the correspondent arrives in the mailbox.
    pub(super) async fn answer(&mut self, parties: &Parties, way: &Way) -> Result<(), Fault> {
        self.at = Step::Reply;
        let to = &parties.mailbox.address;
        let (state, seen) = match self.send(parties, way, to, &parties.ids.reply).await? {
            Err(end) => end,
            Ok(taken) => match self.arrived(&parties.ids.reply).await? {
                Some(Some(mailbox)) if mailbox == parties.mailbox.id => {
                    (State::Ok, format!("{taken}\narrived in the mailbox <{to}>"))
                }
                Some(_) => (State::Bad, format!("{taken}\nand arrived in another mailbox than <{to}>")),
                None => {
                    (State::Bad, format!("{taken}\nand did not arrive in the mailbox <{to}>: another host took it"))
                }
            },
        };
        self.saw(Step::Reply, state, seen);
        Ok(())
    }

    /// Names that must answer, and one that cannot exist.
    pub(super) async fn names(&mut self, parties: &Parties, way: &Way) -> Result<(), Fault> {
        self.at = Step::Roles;
        let own = &parties.own;
        let stray = address(&format!("nobody-{}", self.letters("stray name")), own)?;
        let (postmaster, abuse) = (address("postmaster", own)?, address("abuse", own)?);
        let told = self.ask(parties, way, vec![postmaster, abuse, stray.clone()]).await;
        let (state, seen) = roles(&told, &stray);
        self.saw(Step::Roles, state, seen);
        match own.catch_all.clone() {
            Some(catch_all) => self.catch_all(parties, way, &stray, &catch_all).await,
            None => {
                let (state, seen) = refused(&told, &stray);
                self.saw(Step::Stray, state, seen);
                Ok(())
            }
        }
    }

    async fn catch_all(
        &mut self,
        parties: &Parties,
        way: &Way,
        stray: &Address,
        catch_all: &Address,
    ) -> Result<(), Fault> {
        self.at = Step::CatchAll;
        let (state, seen) = match self.send(parties, way, stray, &parties.ids.stray).await? {
            Err(end) => end,
            Ok(taken) => {
                let meant = self.prover.ops.store.mailbox(catch_all).await?.map(|mailbox| mailbox.id);
                match self.arrived(&parties.ids.stray).await? {
                    Some(arrived) if arrived.is_some() && arrived == meant => {
                        (State::Ok, format!("{taken}\narrived in the catch-all <{catch_all}>"))
                    }
                    Some(_) => (State::Bad, format!("{taken}\nand arrived elsewhere than in <{catch_all}>")),
                    None => (State::Bad, format!("{taken}\nand did not arrive in the catch-all <{catch_all}>")),
                }
            }
        };
        self.saw(Step::CatchAll, state, seen);
        Ok(())
    }

    /// Sends a mail of the correspondent by the MX of the mailbox's domain: what was said when it was taken, else the state of
    /// the step and what was seen.
    async fn send(
        &self,
        parties: &Parties,
        way: &Way,
        to: &Address,
        message_id: &str,
    ) -> Result<Result<String, (State, String)>, Fault> {
        let hosts = match way {
            Way::Hosts(hosts) => hosts,
            Way::Nowhere(why) => return Ok(Err((State::Bad, format!("<{to}> cannot be answered: {why}")))),
            Way::Unknown(why) => return Ok(Err((State::Unknown, why.clone()))),
        };
        let theirs = &parties.theirs;
        let parcel = Delivery {
            reverse_path: Some(parties.correspondent.clone()),
            recipients: vec![to.clone()],
            content: self.signed(theirs, &self.reply(parties, to, message_id)).await?,
            envid: None,
        };
        let from = (theirs.egress_ip, self.prover.watch.mx_port);
        Ok(match carry::bring(hosts, from, &theirs.mail_host, parcel).await {
            Ok(Brought { host, end: RecipientOutcome::Accepted(reply) }) => Ok(format!("{host}: {reply}")),
            Ok(Brought { host, end: RecipientOutcome::Refused { stage, reply } }) => {
                let state = if reply.is_permanent() { State::Bad } else { State::Unknown };
                Err((state, format!("{host} refused <{to}> at {}: {reply}", stage.as_str())))
            }
            Ok(Brought { host, end: RecipientOutcome::Lost(stage) }) => Err((State::Unknown, lost(&host, stage))),
            Ok(Brought { host, end: RecipientOutcome::InDoubt }) => {
                Err((State::Unknown, format!("{host} said nothing to the message")))
            }
            // Who cannot be reached takes no answers either.
            Err(fault) => Err((unreached(&fault), fault.to_string())),
        })
    }

    fn reply(&self, parties: &Parties, to: &Address, message_id: &str) -> Vec<u8> {
        let outward = format!("<{}>", parties.ids.outward);
        Draft {
            from: FromField { display: None, address: parties.correspondent.clone() },
            to: vec![to.clone()],
            subject: format!("Re: Pairing proof of {}", parties.mailbox.address),
            text: String::from(
                "This answer proves that answers arrive.\nColdRelay wrote it and reads it; nobody needs to.",
            ),
            date: self.now(),
            message_id: message_id.to_owned(),
            more: vec![
                ("In-Reply-To".into(), outward.clone()),
                ("References".into(), outward),
                (MARK.to_owned(), self.proof.id.to_string()),
                ("Auto-Submitted".into(), "auto-generated".into()),
            ],
        }
        .write()
    }

    async fn signed(&self, domain: &SendingDomain, message: &[u8]) -> Result<Vec<u8>, Fault> {
        let keys = self.prover.ops.store.dkim_keys(&domain.id).await?.into_iter().filter(|key| key.active);
        let key = |key: store::DkimKey| {
            let algorithm = Algorithm::parse(&key.algorithm)?;
            let (domain, key_der) = (domain.name.clone(), PrivateKey(key.private_key));
            Some(SigningKey { domain, selector: key.selector, algorithm, key: key_der })
        };
        Signer::new(&keys.filter_map(key).collect::<Vec<_>>())?.sign(message)
    }

    /// What the MX says to each address; the whole answer is missing when nobody could be asked.
    async fn ask(&self, parties: &Parties, way: &Way, addresses: Vec<Address>) -> Asked {
        let hosts = match way {
            Way::Hosts(hosts) => hosts,
            Way::Nowhere(why) => return Err((State::Bad, format!("nobody can be asked: {why}"))),
            Way::Unknown(why) => return Err((State::Unknown, why.clone())),
        };
        let theirs = &parties.theirs;
        let from = (theirs.egress_ip, self.prover.watch.mx_port);
        let asked = carry::ask(hosts, from, &theirs.mail_host, &parties.correspondent, addresses).await;
        asked.map_err(|fault| (unreached(&fault), fault.to_string()))
    }
}

/// What was told, or why nobody could be asked.
type Asked = Result<Brought<Vec<Told>>, (State, String)>;

/// A host that is not there cannot take mail; that our own side could not dial says nothing about it.
fn unreached(fault: &Fault) -> State {
    if fault.code == "connect.source" { State::Unknown } else { State::Bad }
}

fn lost(host: &str, stage: Stage) -> String {
    format!("the connection to {host} ended at {}", stage.as_str())
}

/// Both roles take mail.
fn roles(asked: &Asked, stray: &Address) -> (State, String) {
    let asked = match asked {
        Ok(asked) => asked,
        Err((state, why)) => return (*state, why.clone()),
    };
    let told: Vec<&Told> = asked.end.iter().filter(|told| told.address != *stray).collect();
    let mut lines: Vec<String> = told.iter().map(|told| line(&asked.host, told)).collect();
    let state = match () {
        () if told.iter().any(|told| matches!(&told.heard, Heard::Said(_, reply) if reply.is_permanent())) => {
            State::Bad
        }
        () if told.len() == 2 && told.iter().all(|told| is_taken(told)) => State::Ok,
        () => State::Unknown,
    };
    if told.len() < 2 {
        lines.push(format!("{} said nothing more", asked.host));
    }
    (state, lines.join("\n"))
}

/// A name that cannot exist is refused as such.
fn refused(asked: &Asked, stray: &Address) -> (State, String) {
    let asked = match asked {
        Ok(asked) => asked,
        Err((state, why)) => return (*state, why.clone()),
    };
    let Some(told) = asked.end.iter().find(|told| told.address == *stray) else {
        return (State::Unknown, format!("{} said nothing about <{stray}>", asked.host));
    };
    let state = match &told.heard {
        Heard::Said(_, reply) if reply.code == 550 && reply.enhanced == Some(NO_SUCH_MAILBOX) => State::Ok,
        Heard::Said(Stage::Rcpt, reply) if reply.is_positive() || reply.is_permanent() => State::Bad,
        _ => State::Unknown,
    };
    (state, line(&asked.host, told))
}

fn is_taken(told: &Told) -> bool {
    matches!(&told.heard, Heard::Said(Stage::Rcpt, reply) if reply.is_positive())
}

fn line(host: &str, told: &Told) -> String {
    match &told.heard {
        Heard::Said(_, reply) => format!("{host} to RCPT <{}>: {reply}", told.address),
        Heard::Lost(stage) => format!("{} before an answer to RCPT <{}>", lost(host, *stage), told.address),
    }
}

#[cfg(test)]
mod tests {
    use smtp::Reply;

    use super::*;

    fn told(address: &str, reply: &str) -> Told {
        let heard = match reply {
            "" => Heard::Lost(Stage::Rcpt),
            reply => Heard::Said(Stage::Rcpt, Reply::parse(reply).unwrap()),
        };
        Told { address: Address::parse(address).unwrap(), heard }
    }

    fn check(replies: [&str; 3], expect: (State, State)) {
        let names = ["postmaster@a.test", "abuse@a.test", "nobody-x@a.test"];
        let end = names.iter().zip(replies).filter(|(_, reply)| *reply != "-").map(|(name, reply)| told(name, reply));
        let asked = Ok(Brought { host: "box.a.test".into(), end: end.collect() });
        let stray = Address::parse("nobody-x@a.test").unwrap();
        assert_eq!((roles(&asked, &stray).0, refused(&asked, &stray).0), expect, "{replies:?}");
    }

    #[test]
    fn what_an_mx_says_to_names_is_judged() {
        let (ok, no) = ("250 2.1.5 ok", "550 5.1.1 no such mailbox");
        check([ok, ok, no], (State::Ok, State::Ok));
        check([ok, no, no], (State::Bad, State::Ok));
        check([ok, ok, ok], (State::Ok, State::Bad));
        check([ok, ok, "550 5.7.1 go away"], (State::Ok, State::Bad));
        check([ok, ok, "451 4.3.0 later"], (State::Ok, State::Unknown));
        check([ok, "421 4.3.0 later", "-"], (State::Unknown, State::Unknown));
        check([ok, "", "-"], (State::Unknown, State::Unknown));
    }
}
