//! Submission to delivery, beside Postfix with its defaults in the same run: 4 KiB messages, 50 sessions, 10,000 messages.
//!
//! Both get the same client with the same number of sessions; to us it logs in over TLS, as users do, Postfix trusts its
//! address. Our pacing is off, since Postfix has none; both open up to 20 connections to the receiver, Postfix's default.

mod backlog;
mod load;
mod postfix;
mod usage;

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use self::{
    load::{Load, Sink, submit_all},
    postfix::Postfix,
};
use crate::{
    client::Way,
    house::{Outcome, Wish, dns, told},
};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Bench {
    /// How often everything is measured.
    pub rounds: usize,
    /// Messages and sessions.
    pub messages: usize,
    /// Sizes of the queues whose memory is measured.
    pub queued: Vec<usize>,
    /// Whether Postfix is measured too; without it there are no ratios, and a profiler sees us alone.
    pub peer: bool,
}

/// One system, one way.
#[derive(Debug, Clone, serde::Serialize)]
struct Figure {
    system: &'static str,
    /// Messages a second, answered with 250, while the receiver is away.
    accepted_per_s: f64,
    /// Messages a second from the first connection until the sink had them all.
    relayed_per_s: f64,
    /// Milliseconds of CPU a message, from end to end.
    cpu_ms: f64,
    /// The same of the load generator.
    load_cpu_ms: f64,
    /// The most memory, MiB; of Postfix not measured, it is many processes.
    memory_mib: Option<u64>,
}

#[derive(Debug, Default, serde::Serialize)]
struct Report {
    rounds: Vec<Vec<Figure>>,
    full: Vec<backlog::Full>,
}

/// Where everybody is.
struct Places {
    egress_ip: IpAddr,
    sink: SocketAddr,
    postfix: SocketAddr,
}

/// Runs it; what it says, or why it could not.
pub fn run(bench: &Bench, json: bool) -> Outcome<String> {
    let runtime = tokio::runtime::Runtime::new().map_err(told)?;
    let report = runtime.block_on(measure(bench))?;
    if json { serde_json::to_string(&report).map_err(told) } else { Ok(shown(&report)) }
}

async fn measure(bench: &Bench) -> Outcome<Report> {
    let places = Places {
        egress_ip: IpAddr::from([127, 0, 40, 1]),
        sink: free([127, 0, 40, 2].into())?,
        postfix: free([127, 0, 0, 1].into())?,
    };
    let load = Load { messages: bench.messages, sessions: 50 };
    let mut report = Report::default();
    for _ in 0..bench.rounds {
        let mut figures = Vec::new();
        if bench.peer {
            figures.push(theirs(&places, load).await?);
        }
        figures.push(ours("ours, unsigned", &places, load, false).await?);
        figures.push(ours("ours, RSA-2048 and Ed25519", &places, load, true).await?);
        report.rounds.push(figures);
    }
    for queued in &bench.queued {
        let folder = tempfile::tempdir().map_err(told)?;
        report.full.push(backlog::measure(folder.path(), *queued, places.sink).await?);
    }
    Ok(report)
}

/// A port that is free.
fn free(ip: IpAddr) -> Outcome<SocketAddr> {
    std::net::TcpListener::bind((ip, 0)).and_then(|listener| listener.local_addr()).map_err(told)
}

async fn theirs(places: &Places, load: Load) -> Outcome<Figure> {
    let postfix = Postfix::start(places.postfix, places.sink)?;
    let accepted = submit_all(postfix.listens, Way::Trusted, load).await?;
    drop(postfix);
    let postfix = Postfix::start(places.postfix, places.sink)?;
    let figure = end_to_end("Postfix", postfix.listens, Way::Trusted, postfix.id(), places, load).await?;
    Ok(Figure { accepted_per_s: per_second(load, accepted), memory_mib: None, ..figure })
}

async fn ours(system: &'static str, places: &Places, load: Load, signs: bool) -> Outcome<Figure> {
    let authority = dns(&[("sink.test".to_owned(), places.sink.ip())]).await?;
    let asked = authority.addresses().first().copied().ok_or("no DNS")?;
    let mut accepted = Duration::ZERO;
    for is_accepting in [true, false] {
        let folder = tempfile::tempdir().map_err(told)?;
        let wish = Wish {
            folder: folder.path().to_owned(),
            database: "sqlite".into(),
            dns: asked,
            mx_port: places.sink.port(),
            relay: "interval_ms = 0\nconnections_per_site = 20\nmessages_per_connection = 100\n".into(),
        };
        wish.provision(places.egress_ip, signs).await?;
        let mut served = wish.serve(None)?;
        let at = served.submissions.ok_or("serve does not listen")?;
        if is_accepting {
            accepted = submit_all(at, Way::LoggedIn, load).await?;
            served.kill();
        } else {
            let figure = end_to_end(system, at, Way::LoggedIn, served.id(), places, load).await?;
            served.terminate()?;
            return Ok(Figure { accepted_per_s: per_second(load, accepted), ..figure });
        }
    }
    Err("nothing was measured".into())
}

async fn end_to_end(
    system: &'static str,
    at: SocketAddr,
    way: Way,
    process: u32,
    places: &Places,
    load: Load,
) -> Outcome<Figure> {
    let mut sink = Sink::start(places.sink, load.messages)?;
    let (before, own) = (usage::cpu(process), usage::own_cpu());
    sink.restart_clock();
    submit_all(at, way, load).await?;
    let relayed = sink.full().await?;
    let each = |cpu: Duration| cpu.as_secs_f64() * 1000.0 / load.messages as f64;
    Ok(Figure {
        system,
        accepted_per_s: 0.0,
        relayed_per_s: per_second(load, relayed),
        cpu_ms: each(usage::cpu(process).saturating_sub(before)),
        load_cpu_ms: each(usage::own_cpu().saturating_sub(own)),
        memory_mib: Some(usage::memory_mib(process, "VmHWM")),
    })
}

fn per_second(load: Load, took: Duration) -> f64 {
    load.messages as f64 / took.as_secs_f64()
}

fn shown(report: &Report) -> String {
    let mut lines = Vec::new();
    for (number, round) in report.rounds.iter().enumerate() {
        lines.push(format!(
            "round {:<22} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>7}",
            number + 1,
            "accept/s",
            "ratio",
            "relay/s",
            "ratio",
            "CPU ms",
            "load ms",
            "MiB"
        ));
        let Some(peer) = round.first() else { continue };
        for one in round {
            lines.push(format!(
                "  {:<26} {:>9.0} {:>8.1}x {:>9.0} {:>8.1}x {:>9.2} {:>9.2} {:>7}",
                one.system,
                one.accepted_per_s,
                one.accepted_per_s / peer.accepted_per_s,
                one.relayed_per_s,
                one.relayed_per_s / peer.relayed_per_s,
                one.cpu_ms,
                one.load_cpu_ms,
                one.memory_mib.map_or_else(|| "-".into(), |mib| mib.to_string()),
            ));
        }
    }
    for full in &report.full {
        lines.push(format!(
            "{:>8} queued (put straight into the store, {:.0}/s), due to {} dead domains: {} MiB at most, start {} ms, {:.0} % of a core; \
             {} fresh messages to one site, paced half a second apart, past them in {} ms",
            full.queued,
            full.put_in_per_s,
            10_000,
            full.memory_mib,
            full.start_ms,
            full.cpu_percent,
            backlog::FRESH,
            full.fresh_ms
        ));
    }
    lines.join("\n")
}
