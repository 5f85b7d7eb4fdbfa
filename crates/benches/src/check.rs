//! Our domain test against checkdmarc (PyPI): the same domains, the same name server on loopback, each answer 20 ms late.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use ::check::{Checks, DomainFacts};
use dns::Resolver;
use syntax::Domain;
use testkit::nameserver::Zones;

/// Each answer comes that much later: a resolver in the same country.
const DELAY: Duration = Duration::from_millis(20);
/// Domains that both look at, one after another.
const DOMAINS: usize = 20;
/// Domains that we look at in one go.
const MANY: usize = 1000;
/// Domains at the same time.
const AT_ONCE: usize = 32;
/// The peer, as its package says it.
const PEER: &str = "checkdmarc==6.0.4";

/// The figures.
#[derive(serde::Serialize)]
struct Figures {
    peer: &'static str,
    delay_ms: u128,
    ours_ms_a_domain: f64,
    theirs_ms_a_domain: f64,
    times_faster: f64,
    domains_in_one_go: usize,
    domains_a_second: f64,
}

/// Runs it; what it says, or why it could not.
pub fn run(json: bool) -> Result<String, String> {
    let python = peer()?;
    let runtime = tokio::runtime::Runtime::new().map_err(|error| error.to_string())?;
    let figures = runtime.block_on(measure(&python))?;
    if json {
        return serde_json::to_string(&figures).map_err(|error| error.to_string());
    }
    Ok([
        format!(
            "{:>10.1} ms  a domain, ours: SPF, DMARC, MX, SOA, MTA-STS, TLS-RPT, BIMI, DNSSEC, blocklists off",
            figures.ours_ms_a_domain
        ),
        format!("{:>10.1} ms  a domain, {}: the same checks", figures.theirs_ms_a_domain, figures.peer),
        format!("{:>10.1}     times faster, each answer {} ms late", figures.times_faster, figures.delay_ms),
        format!(
            "{:>10.1}     domains a second, {} in one go, {AT_ONCE} at a time",
            figures.domains_a_second, figures.domains_in_one_go
        ),
    ]
    .join("\n"))
}

async fn measure(python: &Path) -> Result<Figures, String> {
    let server = Zones::text(&zones(MANY)).delay(DELAY).serve().await;
    let resolver =
        Resolver::new(&[server.address], Duration::from_secs(2), false).map_err(|fault| fault.to_string())?;
    let checks = Checks::new(resolver).map_err(|fault| fault.to_string())?;
    let begun = Instant::now();
    for number in 0..DOMAINS {
        look(&checks, number).await?;
    }
    let ours = begun.elapsed().as_secs_f64() * 1000.0 / count(DOMAINS);
    let theirs = theirs(python, server.address).await?;
    let begun = Instant::now();
    let mut running = tokio::task::JoinSet::new();
    for number in 0..MANY {
        if running.len() >= AT_ONCE {
            let _ = running.join_next().await;
        }
        let checks = checks.clone();
        running.spawn(async move { look(&checks, number).await });
    }
    while running.join_next().await.is_some() {}
    let rate = count(MANY) / begun.elapsed().as_secs_f64();
    Ok(Figures {
        peer: PEER,
        delay_ms: DELAY.as_millis(),
        ours_ms_a_domain: ours,
        theirs_ms_a_domain: theirs,
        times_faster: theirs / ours,
        domains_in_one_go: MANY,
        domains_a_second: rate,
    })
}

async fn look(checks: &Checks, number: usize) -> Result<(), String> {
    let domain = Domain::parse(&name(number)).map_err(|malformed| malformed.to_string())?;
    let findings = checks.domain(&domain, &DomainFacts::default(), |_| {}).await;
    if findings.is_empty() { Err(format!("nothing was found about {domain}")) } else { Ok(()) }
}

/// Milliseconds a domain, measured inside the peer: its start does not count.
async fn theirs(python: &Path, server: std::net::SocketAddr) -> Result<f64, String> {
    let names: Vec<String> = (0..DOMAINS).map(name).collect();
    let output = tokio::process::Command::new(python)
        .args(["-c", SCRIPT, &server.ip().to_string(), &server.port().to_string(), &names.join(",")])
        .output()
        .await
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let seconds: f64 =
        text.trim().parse().map_err(|_| format!("{PEER}: {text}{}", String::from_utf8_lossy(&output.stderr)))?;
    Ok(seconds * 1000.0 / count(DOMAINS))
}

/// What both find: an SPF record with includes three deep, DMARC, two mail hosts, TLS-RPT, no MTA-STS policy to fetch.
fn zones(domains: usize) -> String {
    let mut text = String::from(
        "_spf.service.test TXT \"v=spf1 include:_a.service.test include:_b.service.test ~all\"\n\
         _a.service.test TXT \"v=spf1 ip4:192.0.2.0/24 include:_c.service.test ~all\"\n\
         _b.service.test TXT \"v=spf1 ip4:198.51.100.0/24 ~all\"\n\
         _c.service.test TXT \"v=spf1 ip4:203.0.113.0/24 ~all\"\n",
    );
    for number in 0..domains {
        let name = name(number);
        text.push_str(&format!(
            "{name} TXT \"v=spf1 mx include:_spf.service.test -all\"\n{name} MX 10 mx1.{name}.\n{name} MX 20 mx2.{name}.\n\
             mx1.{name} A 192.0.2.1\nmx2.{name} A 192.0.2.2\n{name} NS ns1.{name}.\n{name} NS ns2.{name}.\n\
             ns1.{name} A 192.0.2.3\nns2.{name} A 192.0.2.4\n\
             _dmarc.{name} TXT \"v=DMARC1; p=reject; rua=mailto:d@{name}\"\n\
             _smtp._tls.{name} TXT \"v=TLSRPTv1; rua=mailto:t@{name}\"\n"
        ));
    }
    text
}

fn name(number: usize) -> String {
    format!("d{number}.test")
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn count(number: usize) -> f64 {
    number as f64
}

/// The Python of a virtual environment that holds the peer; made on first use.
fn peer() -> Result<PathBuf, String> {
    let folder = std::env::temp_dir().join("coldrelay-bench-venv");
    let python = folder.join("bin/python");
    let run = |program: &Path, arguments: &[&str]| {
        let status = Command::new(program)
            .args(arguments)
            .status()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        if status.success() { Ok(()) } else { Err(format!("{} {arguments:?}: {status}", program.display())) }
    };
    if !python.exists() {
        run(Path::new("python3"), &["-m", "venv", &folder.to_string_lossy()])?;
    }
    run(&python, &["-m", "pip", "install", "--quiet", PEER])?;
    Ok(python)
}

const SCRIPT: &str = "
import sys, time, dns.nameserver, dns.resolver, checkdmarc
server = dns.nameserver.Do53Nameserver(sys.argv[1], int(sys.argv[2]))
names = sys.argv[3].split(',')
begun = time.monotonic()
for name in names:
    checkdmarc.check_domains([name], nameservers=[server], timeout=2)
print(time.monotonic() - begun)
";
