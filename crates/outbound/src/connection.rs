//! One connection of a pair: hosts in order, dial, TLS, then one message after another.

use std::net::{IpAddr, SocketAddr};

use net::{Dial, Drive, Log, Socket, dial, drive_logged};
use rules::{id::RecipientId, moment};
use smtp::{
    Stage,
    client::{RecipientOutcome, Session, Settings as SessionSettings, Tls},
};
use store::Due;
use syntax::Domain;

use crate::{
    courier::Courier,
    pair::Pair,
    route,
    scheduler::Shared,
    settle::{Ending, Peer},
};

/// What trying one address came to.
enum Tried {
    /// Messages were handed over, or at least the first was answered.
    Served,
    /// Nothing was handed over: the next host may be tried.
    Failed(Ending),
}

/// Delivers `first` and whatever else waits for the pair. The recipients that are no longer in hand.
pub(crate) async fn run(shared: &Shared, pair: &Pair, first: Due) -> Vec<RecipientId> {
    let mut courier = Courier::new(shared, pair);
    if courier.take_up(first).await {
        let failed = try_hosts(shared, pair, &mut courier).await;
        if let Some(ending) = failed {
            pair.strike(shared.now(), &shared.settings.limits);
            courier.settle_in_hand(ending).await;
        }
    }
    pair.finish();
    courier.carried()
}

/// Every host and address in order, until one serves. The last failure when none does.
async fn try_hosts(shared: &Shared, pair: &Pair, courier: &mut Courier<'_>) -> Option<Ending> {
    let mut last = Ending::fault("dns.failure", Stage::Resolve);
    for host in &pair.hosts {
        let addresses = match route::addresses(&shared.resolver, host, pair.egress_ip).await {
            Ok(addresses) if addresses.is_empty() => {
                last = Ending::fault("dns.failure", Stage::Resolve).at(&Peer::named(host));
                continue;
            }
            Ok(addresses) => addresses,
            Err(code) => {
                last = Ending::fault(code, Stage::Resolve).at(&Peer::named(host));
                continue;
            }
        };
        for address in addresses {
            match try_address(shared, pair, courier, host, address).await {
                Tried::Served => return None,
                Tried::Failed(ending) => last = ending,
            }
        }
    }
    Some(last)
}

async fn try_address(shared: &Shared, pair: &Pair, courier: &mut Courier<'_>, host: &Domain, address: IpAddr) -> Tried {
    let peer = Peer { host: host.clone(), address: Some(SocketAddr::new(address, shared.settings.mx_port)) };
    let tried = converse(shared, pair, courier, &peer, Tls::Opportunistic).await;
    match tried {
        // RFC 7435: encryption that fails is no reason to keep mail back from a host that takes it in clear.
        Tried::Failed(ending) if ending.is_tls_failure() => converse(shared, pair, courier, &peer, Tls::Never).await,
        tried => tried,
    }
}

async fn converse(shared: &Shared, pair: &Pair, courier: &mut Courier<'_>, peer: &Peer, tls: Tls) -> Tried {
    let Some(target) = peer.address else { return Tried::Failed(Ending::fault("dns.failure", Stage::Resolve)) };
    let log = Log::default();
    if tls == Tls::Never {
        log.note("the TLS handshake failed before: trying again without");
    }
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
    let settings = SessionSettings { hostname: courier.helo(), tls, login: None };
    let mut session = Session::new(settings);
    courier.begin_connection(peer.clone(), log.clone());
    let limit = shared.settings.reply_limit;
    let drive = Drive {
        socket: Socket::Client(shared.tls.clone(), peer.host.to_string()),
        implicit_tls: false,
        read_limit: limit,
        body_limit: limit,
        write_limit: limit,
        we_are_server: false,
    };
    let ended = drive_logged(&mut session, stream, courier, drive, log.clone()).await;
    if let Some(outcome) = session.take_outcome() {
        courier.settle_outcome(outcome).await;
        return Tried::Served;
    }
    match (session.failure(), ended.why) {
        (_, Some("tls.handshake")) => {
            Tried::Failed(Ending::fault("tls.handshake", Stage::StartTls).at(peer).with(&log))
        }
        (Some(RecipientOutcome::Lost(Stage::StartTls)), None) => {
            Tried::Failed(Ending::fault("tls.not-offered", Stage::StartTls).at(peer).with(&log))
        }
        (Some(outcome), why) => Tried::Failed(Ending::of(outcome, why).at(peer).with(&log)),
        (None, _) => Tried::Served,
    }
}
