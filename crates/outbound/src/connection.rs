//! One connection of a pair: hosts in order, dial, TLS, then one message after another.

use std::net::SocketAddr;

use net::{Dial, Drive, Log, Socket, dial, drive_logged};
use rules::{
    id::RecipientId,
    moment,
    transport::{Demand, Terms},
};
use smtp::{
    Stage,
    client::{RecipientOutcome, Session, Settings as SessionSettings, Tls},
};
use syntax::Domain;

use crate::{
    courier::Courier,
    demand::{self, Means, demand},
    pair::{Pair, Waiting},
    route,
    scheduler::Shared,
    settle::{self, Ending, Peer},
};

/// What trying one address came to.
enum Tried {
    /// Messages were handed over, or at least the first was answered.
    Served,
    /// Nothing was handed over: the next host may be tried.
    Failed(Ending),
}

/// Delivers `first` and whatever else waits for the pair. The recipients that are no longer in hand.
pub(crate) async fn run(shared: &Shared, pair: &Pair, (first, terms): Waiting) -> Vec<RecipientId> {
    let mut courier = Courier::new(shared, pair, terms.clone());
    if courier.take_up(first).await {
        let failed = try_hosts(shared, pair, &terms, &mut courier).await;
        if let Some(ending) = failed {
            // Mail for other domains may go to the same hosts under other terms.
            if !ending.is_policy() {
                pair.strike(shared.now(), &shared.settings.limits);
            }
            courier.settle_in_hand(ending).await;
        }
    }
    pair.finish();
    courier.carried()
}

/// Every host and address in order, until one serves. The last failure when none does; that a policy was not met tells more
/// than what became of other hosts.
async fn try_hosts(shared: &Shared, pair: &Pair, terms: &Terms, courier: &mut Courier<'_>) -> Option<Ending> {
    let mut last = None;
    for host in &pair.hosts {
        for (peer, demand) in peers(shared, pair, terms, host, &mut last).await {
            match try_address(shared, pair, terms, courier, (&peer, &demand)).await {
                Tried::Served => return None,
                Tried::Failed(ending) => keep(&mut last, ending),
            }
        }
    }
    last.or_else(|| Some(Ending::fault("dns.failure", Stage::Resolve)))
}

/// A policy that was not met outweighs everything, and a host within our own network everything else outweighs: only when
/// all are such, there is nowhere to send to.
fn keep(last: &mut Option<Ending>, ending: Ending) {
    let weight = |ending: &Ending| match ending.fault {
        Some(settle::PRIVATE) => 0,
        _ if ending.is_policy() => 2,
        _ => 1,
    };
    if last.as_ref().is_none_or(|last| weight(&ending) >= weight(last)) {
        *last = Some(ending);
    }
}

/// The addresses of a host, and what must hold there; none when it may not or cannot be used.
async fn peers(
    shared: &Shared,
    pair: &Pair,
    terms: &Terms,
    host: &Domain,
    last: &mut Option<Ending>,
) -> Vec<(Peer, Demand)> {
    let looked = async {
        let demand = demand(shared, terms, host, pair.egress_ip).await?;
        let addresses = route::addresses(shared, host, pair.egress_ip).await?;
        if addresses.is_empty() { Err("dns.failure") } else { Ok((demand, addresses)) }
    };
    match looked.await {
        Ok((demand, addresses)) => addresses
            .into_iter()
            .map(|ip| {
                (
                    Peer { host: host.clone(), address: Some(SocketAddr::new(ip, shared.settings.mx_port)) },
                    demand.clone(),
                )
            })
            .collect(),
        Err(code) => {
            let log = Log::default();
            log.note(&format!("{host} is passed over: {code}"));
            keep(last, Ending::fault(code, Stage::Resolve).at(&Peer::named(host)).with(&log));
            Vec::new()
        }
    }
}

async fn try_address(
    shared: &Shared,
    pair: &Pair,
    terms: &Terms,
    courier: &mut Courier<'_>,
    (peer, demand): (&Peer, &Demand),
) -> Tried {
    let log = Log::default();
    demand::note(&log, terms, &peer.host, demand);
    let tried = converse(shared, pair, courier, peer, (Means::of(shared, demand), log)).await;
    match tried {
        // RFC 7435: encryption that fails is no reason to keep mail back from a host that takes it in clear.
        Tried::Failed(ending) if ending.is_tls_failure() && !demand.is_strict() => {
            let log = Log::default();
            demand::note(&log, terms, &peer.host, demand);
            log.note("the TLS handshake failed before: trying again without");
            let means = Means { wanted: Tls::Never, ..Means::of(shared, demand) };
            converse(shared, pair, courier, peer, (means, log)).await
        }
        tried => tried,
    }
}

async fn converse(
    shared: &Shared,
    pair: &Pair,
    courier: &mut Courier<'_>,
    peer: &Peer,
    (means, log): (Means, Log),
) -> Tried {
    let Some(target) = peer.address else { return Tried::Failed(Ending::fault("dns.failure", Stage::Resolve)) };
    let wanted = Dial { target, source: Some(pair.egress_ip), limit: shared.settings.connect_limit };
    let stream = match dial(&wanted).await {
        Ok(stream) => stream,
        Err(fault) => {
            log.note(&fault.to_string());
            return Tried::Failed(Ending::fault(fault.code, Stage::Connect).at(peer).with(&log));
        }
    };
    log.note(&format!("connected to {target} from {}", pair.egress_ip));
    shared.store.moments().reach(moment::RELAY_CONNECTED);
    let settings = SessionSettings { hostname: courier.helo(), tls: means.wanted, login: None };
    let mut session = Session::new(settings);
    courier.begin_connection(peer.clone(), means.watch, log.clone());
    let limit = shared.settings.reply_limit;
    let drive = Drive {
        socket: Socket::Client(means.tls, peer.host.to_string()),
        implicit_tls: false,
        read_limit: limit,
        body_limit: limit,
        write_limit: limit,
        we_are_server: false,
    };
    let ended = drive_logged(&mut session, stream, courier, drive, log.clone()).await;
    if let Some(outcome) = session.take_outcome() {
        courier.settle_outcome(outcome, ended.why).await;
        return Tried::Served;
    }
    let failed = match (session.failure(), ended.why) {
        (_, Some("tls.handshake")) => Ending::fault("tls.handshake", Stage::StartTls),
        (_, Some("tls.certificate")) => Ending::fault(means.untrusted, Stage::StartTls),
        (Some(RecipientOutcome::Lost(Stage::StartTls)), None) => Ending::fault("tls.not-offered", Stage::StartTls),
        // Whatever the host says to STARTTLS, it is no word on the recipient.
        (Some(RecipientOutcome::Refused { stage: Stage::StartTls, reply }), _) if means.wanted == Tls::Required => {
            Ending { reply: Some(reply), ..Ending::fault("tls.not-offered", Stage::StartTls) }
        }
        (Some(outcome), why) => Ending::of(outcome, why),
        (None, _) => return Tried::Served,
    };
    Tried::Failed(failed.at(peer).with(&log))
}
