//! Callback verification: would the sender's own MX take a bounce for this address?

use std::net::{IpAddr, SocketAddr};

use dns::Found;
use rules::Fault;
use smtp::Reply;
use syntax::Address;

use crate::{raw::Raw, roster::Resident, world::World};

/// What a callback found out.
pub(crate) enum Callback {
    /// The MX accepts the address.
    Exists,
    /// The MX refuses the address for good.
    Unknown(Reply),
    /// There is no host to be asked.
    NoHost(String),
    /// Nothing can be said now.
    CouldNotAsk,
}

/// Asks with `MAIL FROM:<>` and `RCPT TO:<sender>`, and leaves without sending anything.
pub(crate) async fn ask(world: &World, caller: &Resident, sender: &Address) -> Callback {
    let host = match host_of(world, sender).await {
        Ok(Ok(host)) => host,
        Ok(Err(why)) => return Callback::NoHost(why),
        Err(_) => return Callback::CouldNotAsk,
    };
    let target = SocketAddr::new(host, world.mx_port);
    match converse(target, caller, sender).await {
        Ok(reply) if reply.is_positive() => Callback::Exists,
        Ok(reply) if reply.is_permanent() => Callback::Unknown(reply),
        Ok(_) => Callback::CouldNotAsk,
        Err(_) => Callback::NoHost(format!("connect to {host}: no answer")),
    }
}

async fn host_of(world: &World, sender: &Address) -> Result<Result<IpAddr, String>, Fault> {
    let domain = sender.domain().as_str();
    let exchange = match world.resolver.mx(domain).await? {
        Found::Records(mut records) => {
            records.sort();
            records.into_iter().next().map_or_else(|| domain.to_owned(), |(_, exchange)| exchange)
        }
        // RFC 5321 §5.1: no MX, then the domain itself.
        Found::NoData => domain.to_owned(),
        Found::NoSuchName => return Ok(Err(format!("Domain {domain} not found"))),
    };
    match world.resolver.addresses(&exchange).await? {
        Found::Records(addresses) => {
            Ok(addresses.into_iter().next().ok_or_else(|| format!("no address for {exchange}")))
        }
        _ => Ok(Err(format!("Host or domain name not found: {exchange}"))),
    }
}

async fn converse(target: SocketAddr, caller: &Resident, sender: &Address) -> Result<Reply, Fault> {
    let (mut raw, greeting) = Raw::connect(target, caller.ip()).await?;
    if !greeting.is_positive() {
        return Ok(greeting);
    }
    raw.say(&format!("EHLO {}\r\n", caller.mx())).await?;
    raw.say("MAIL FROM:<>\r\n").await?;
    let reply = raw.say(&format!("RCPT TO:<{sender}>\r\n")).await?;
    raw.say("QUIT\r\n").await?;
    Ok(reply)
}
