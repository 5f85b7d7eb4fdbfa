//! Ports: whether they can be had, and whether the program that has them is well.

use std::{
    io::ErrorKind,
    net::{SocketAddr, TcpListener, UdpSocket},
    time::Duration,
};

use net::{Post, get};

use super::{Diagnosis, Doctor};

/// Longest wait for our own health.
const HEALTH_LIMIT: Duration = Duration::from_secs(10);
/// Most that is read of it, in octets.
const MOST_HEALTH: usize = 16 * 1024;
/// The capability that binds ports below 1024. capabilities(7)
const CAP_NET_BIND_SERVICE: u32 = 10;

pub(super) async fn look(doctor: &Doctor, is_serving: bool) -> Vec<Diagnosis> {
    let mut found = Vec::new();
    let tcp = doctor.listen.iter().map(|(setting, address)| (*setting, *address, true));
    let udp = doctor.listen_dns.iter().map(|address| ("listen.dns", *address, false));
    for (setting, address, is_tcp) in tcp.chain(udp) {
        let bound = if is_tcp { TcpListener::bind(address).map(drop) } else { UdpSocket::bind(address).map(drop) };
        found.extend(judged(setting, address, bound.map_err(|error| error.kind()), is_serving));
    }
    if found.is_empty() {
        let what = if is_serving { "`serve` runs, and has every port" } else { "every port can be had" };
        found.push(Diagnosis::ok("listen.ports", what));
    }
    found.push(low_ports(doctor));
    found
}

/// What a trial says; nothing when it is as it should be.
fn judged(setting: &str, address: SocketAddr, bound: Result<(), ErrorKind>, is_serving: bool) -> Option<Diagnosis> {
    let bad = |seen: String, fix: &str| Some(Diagnosis::bad("listen.ports", seen, fix));
    match bound {
        // A free port is any free one.
        _ if address.port() == 0 => None,
        Ok(()) if !is_serving => None,
        Ok(()) => {
            let seen = format!("`serve` runs and does not listen on {address} ({setting})");
            Some(Diagnosis::warn("listen.ports", seen, "was the configuration changed since? restart `serve`"))
        }
        Err(ErrorKind::AddrInUse) if is_serving => None,
        Err(ErrorKind::AddrInUse) => bad(
            format!("another program has {address} ({setting})"),
            "find it (`ss -ltnup`) and stop it, or listen elsewhere",
        ),
        Err(ErrorKind::PermissionDenied) => bad(
            format!("this user may not listen on {address} ({setting})"),
            "ports below 1024 need CAP_NET_BIND_SERVICE: use the systemd unit of packaging/, or setcap",
        ),
        Err(ErrorKind::AddrNotAvailable) => bad(
            format!("{address} ({setting}) is no address of this machine"),
            "give the address to an interface (`ip addr`), or change the setting",
        ),
        Err(other) => bad(format!("{address} ({setting}) cannot be listened on: {other}"), "look at the system's log"),
    }
}

fn low_ports(doctor: &Doctor) -> Diagnosis {
    let lowest = doctor.listen.iter().map(|(_, address)| address.port()).filter(|port| *port > 0).min();
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let free_from = std::fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").unwrap_or_default();
    let free_from = free_from.trim().parse::<u16>().unwrap_or(1024);
    match (lowest, may_bind_low(&status)) {
        (Some(lowest), _) if lowest >= free_from => {
            Diagnosis::ok("listen.low-ports", format!("no port below {free_from} is asked for"))
        }
        (None, _) => Diagnosis::ok("listen.low-ports", "no fixed port is asked for"),
        (_, Some(true)) => Diagnosis::ok("listen.low-ports", "ports below 1024 may be listened on"),
        (_, Some(false)) => Diagnosis::warn(
            "listen.low-ports",
            "this user has no CAP_NET_BIND_SERVICE",
            "run `coldrelay doctor` as the unit runs `serve`, or see packaging/coldrelay.service",
        ),
        (_, None) => Diagnosis::unknown("listen.low-ports", "the capabilities of this process are not told here"),
    }
}

/// `CapEff: 0000000000000400`
fn may_bind_low(status: &str) -> Option<bool> {
    let mask = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    let mask = u64::from_str_radix(mask.trim(), 16).ok()?;
    Some(mask >> CAP_NET_BIND_SERVICE & 1 == 1)
}

/// What the running `serve` says of itself: the latch and the shedding of load are known to it alone.
pub(super) async fn readiness(doctor: &Doctor) -> Vec<Diagnosis> {
    let Some(address) = doctor.listen_http.iter().find(|address| address.port() != 0) else {
        return vec![Diagnosis::unknown(
            "serve.ready",
            "`listen.http` has no fixed port: `serve` cannot be asked how it is",
        )];
    };
    let ip = match address.ip() {
        ip if ip.is_unspecified() && ip.is_ipv4() => std::net::Ipv4Addr::LOCALHOST.into(),
        ip if ip.is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let request = Post {
        host: ip.to_string(),
        addresses: vec![ip],
        port: address.port(),
        authority: address.to_string(),
        path: String::from("/readyz"),
        tls: None,
        headers: Vec::new(),
        body: Vec::new(),
        limit: HEALTH_LIMIT,
        octets: MOST_HEALTH,
    };
    vec![match get(&request).await {
        Ok(answer) if answer.status == 200 => Diagnosis::ok("serve.ready", "`serve` says that it is ready"),
        Ok(answer) => {
            let said = String::from_utf8_lossy(&answer.body).into_owned();
            Diagnosis::bad(
                "serve.ready",
                format!("`serve` is not ready: it answers {} {}", answer.status, said.trim()),
                "it takes no mail until that is over; its log says more, and it goes on by itself",
            )
        }
        Err(fault) => {
            super::of_fault("serve.ready", &fault, "`serve` runs and does not answer on `listen.http`: look at its log")
        }
    }]
}

#[cfg(test)]
mod tests {
    use check::State;

    use super::*;

    #[test]
    fn a_port_is_judged_by_who_has_it() {
        let check = |bound, is_serving, expect: Option<State>| {
            let found = judged("listen.mx", "192.0.2.1:25".parse().unwrap(), bound, is_serving);
            assert_eq!(found.map(|found| found.state), expect, "{bound:?} {is_serving}");
        };
        check(Ok(()), false, None);
        check(Ok(()), true, Some(State::Warn));
        check(Err(ErrorKind::AddrInUse), true, None);
        check(Err(ErrorKind::AddrInUse), false, Some(State::Bad));
        check(Err(ErrorKind::PermissionDenied), false, Some(State::Bad));
        check(Err(ErrorKind::AddrNotAvailable), true, Some(State::Bad));
    }

    #[test]
    fn the_capability_is_read_as_the_kernel_writes_it() {
        assert_eq!(may_bind_low("Name:\tx\nCapEff:\t0000000000000400\n"), Some(true));
        assert_eq!(may_bind_low("CapEff:\t0000000000000000\n"), Some(false));
        assert_eq!(may_bind_low(""), None);
    }
}
