//! What the commands work with: the store in the data folder, the resolver, the secret; and what `serve` starts.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use check::{Blocklists, Checks};
use dns::{Asker, Authority, Resolver, publish};
use net::{Challenge, ProxiedListener, Proxies, ServerTls, TlsListener};
use notify::Posting;
use ops::{
    BlocklistWatch, CertificateWatch, House, HouseSettings, Installation, LoadWatch, Ops, ProofWatch, Publishing,
    Running,
};
use rules::{Blame, Fault, Retry, cost::Tiers, load::Marks, pacing, ramp::Slope, reach::Reach, retry, secret::Key};
use store::Store;
use tokio::{net::TcpListener, task::JoinHandle};
use web::{Public, Site, StsMode};

use crate::{clock::SystemClock, config::Config, crash};

/// Longest wait for one DNS answer.
const DNS_LIMIT: Duration = Duration::from_secs(5);
/// Port of mail hosts on the Internet. RFC 5321 §2.3.5
const PUBLIC_MX_PORT: u16 = 25;
/// How often the store is looked at for what other processes changed.
const POLL: Duration = Duration::from_millis(500);

/// Opens what the deeds need. The data folder and the secret are made on first use.
pub async fn open(config: &Config) -> Result<Ops, Fault> {
    std::fs::create_dir_all(&config.data_dir).map_err(|error| {
        unwritable(&config.data_dir).caused_by(error).context("making the data folder (`data_dir`)")
    })?;
    let restoring = config.data_dir.join(ops::RESTORING);
    if restoring.exists() {
        return Err(Fault::new("data.restoring", Blame::Operator, Retry::AfterChange).context(format!(
            "{} is there: a restore is under way, or did not end; when none runs, empty the data folder and restore again",
            restoring.display()
        )));
    }
    let url = database_url(config);
    Ok(Ops {
        store: Store::open_watched(&url, Arc::new(SystemClock), crash::moments()?).await?,
        resolver: resolver(config)?,
        key: secret(&config.data_dir.join("secret.key"))?,
        publishing: publishing(config),
        daily_cap: config.submission_daily_cap,
        ramp: Slope { start: config.ramp_start, step: config.ramp_step },
        expiry: Duration::from_secs(config.relay_expiry_s),
        proof_required: config.proof_required,
    })
}

/// What is asked about the DNS. Answers are asked anew: the deeds change records and prove them a moment later.
///
/// # Errors
/// `dns.config`
pub fn resolver(config: &Config) -> Result<Resolver, Fault> {
    if config.dns_servers.is_empty() {
        Resolver::system()
    } else {
        Resolver::new(&config.dns_servers, DNS_LIMIT, false)
    }
}

/// URL of the database.
pub fn database_url(config: &Config) -> String {
    match config.database_url.as_str() {
        "sqlite" => format!("sqlite://{}", config.data_dir.join("coldrelay.db").display()),
        url => url.to_owned(),
    }
}

/// What a backup holds.
pub fn installation(config: &Config, file: Option<std::path::PathBuf>) -> Installation {
    let named = [
        ("tls.certificate", config.tls_certificate.as_ref()),
        ("tls.key", config.tls_key.as_ref()),
        ("relay.roots", config.relay_roots.as_ref()),
    ];
    let named = named.into_iter().filter_map(|(setting, path)| Some((setting, path?)));
    let zones = config.dns_zone_files.iter().map(|path| ("dns.zone_files", path));
    let elsewhere = named.chain(zones).filter(|(_, path)| !path.starts_with(&config.data_dir));
    Installation {
        database_url: database_url(config),
        data_dir: config.data_dir.clone(),
        config: file,
        elsewhere: elsewhere.map(|(setting, path)| (setting.to_owned(), path.clone())).collect(),
    }
}

/// Claims the data folder for one `serve`: two would send the same mail. The claim ends with the process, however that ends.
///
/// # Errors
/// `data.in-use`, `data.unwritable`
pub fn claim(config: &Config) -> Result<std::fs::File, Fault> {
    let path = config.data_dir.join("serve.lock");
    let made = std::fs::create_dir_all(&config.data_dir)
        .and_then(|()| std::fs::OpenOptions::new().create(true).append(true).open(&path));
    let file = made.map_err(|error| unwritable(&path).caused_by(error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(Fault::new("data.in-use", Blame::Operator, Retry::AfterChange)
            .context(format!(
                "another `coldrelay serve` runs on {}: stop it first, or give this one a `data_dir` and a database of its own",
                config.data_dir.display()
            ))),
        Err(std::fs::TryLockError::Error(error)) => Err(unwritable(&path).caused_by(error)),
    }
}

/// Everything that `serve` runs.
pub struct Served {
    /// The house.
    pub house: Running,
    /// Where the embedded DNS listens.
    pub dns: Vec<SocketAddr>,
    /// Where HTTP listens.
    pub http: Vec<SocketAddr>,
    /// Where HTTPS listens.
    pub https: Vec<SocketAddr>,
    stopper: net::Stopper,
    web: Vec<JoinHandle<()>>,
}

impl Served {
    /// Starts it.
    ///
    /// # Errors
    /// `listen.bind`, `dns.bind`, `tls.certificate`, `store.*`
    pub async fn start(config: &Config, ops: Ops) -> Result<Self, Fault> {
        let authority = authority(config).await?;
        let dns = authority.as_ref().map(Authority::addresses).unwrap_or_default();
        let store = ops.store.clone();
        // One for every listener: what is shown can change while they run.
        let tls = certificate(config)?;
        let house = House::start(ops.clone(), settings(config, &ops, authority, tls.clone())?).await?;
        let (stopper, stop) = net::Stopper::new();
        let checks = public_checks(config, &ops)?;
        let (public, posting) = (public_pages(config, ops.clone())?, posting(config, &ops));
        let (metrics, sts_mode) = (house.metrics.clone(), sts_mode(config)?);
        let api_quota = config.web_api_requests_per_minute;
        let site = Site { store, ops, metrics, sts_mode, checks, posting, public, api_quota };
        let (mut http, mut https, mut web) = (Vec::new(), Vec::new(), Vec::new());
        for address in &config.listen_http {
            let listener = inbound::bind(*address).await?;
            http.push(local(&listener)?);
            let (site, stop) = (site.clone(), stop.clone());
            web.push(if proxies(config).speak() {
                let listener = ProxiedListener::new(listener, proxies(config)).map_err(unheard)?;
                tokio::spawn(web::serve_behind(listener, site, stop))
            } else {
                tokio::spawn(web::serve(listener, site, stop))
            });
        }
        for address in &config.listen_https {
            let listener = inbound::bind(*address).await?;
            https.push(local(&listener)?);
            let listener = TlsListener::behind(listener, &tls, proxies(config)).map_err(unheard)?;
            web.push(tokio::spawn(web::serve_tls(listener, site.clone(), stop.clone())));
        }
        Ok(Self { house, dns, http, https, stopper, web })
    }

    /// Stops it in order.
    pub async fn stop(self) {
        self.house.stop().await;
        self.stopper.stop();
        for task in self.web {
            let _ = tokio::time::timeout(Duration::from_secs(5), task).await;
        }
    }
}

fn proxies(config: &Config) -> Proxies {
    Proxies::new(config.listen_proxies.clone(), config.listen_proxy_protocol)
}

fn local(listener: &TcpListener) -> Result<SocketAddr, Fault> {
    listener.local_addr().map_err(unheard)
}

fn unheard(error: std::io::Error) -> Fault {
    Fault::new("listen.bind", Blame::Us, Retry::Later).caused_by(error)
}

/// What strangers may look at the world with: public addresses alone.
fn public_checks(config: &Config, ops: &Ops) -> Result<Checks, Fault> {
    let blocklists = blocklists(config, Asker::new(&blocklist_servers(config, &ops.resolver), DNS_LIMIT));
    let checks = Checks::new(ops.resolver.clone())?.with_blocklists(blocklists);
    Ok(Checks { reach: Reach::Public, hostname: config.hostname.clone(), ..checks })
}

/// The public pages, unless they are switched off.
fn public_pages(config: &Config, ops: Ops) -> Result<Option<Public>, Fault> {
    let tiers = Tiers::new(config.cost_tiers.clone(), config.cost_minimum)?;
    Ok(config.web_public.then(|| Public::new(ops, tiers)))
}

fn sts_mode(config: &Config) -> Result<StsMode, Fault> {
    match config.mta_sts_mode.as_str() {
        "testing" => Ok(StsMode::Testing),
        "enforce" => Ok(StsMode::Enforce),
        other => Err(Fault::new("config.invalid", Blame::Operator, Retry::AfterChange)
            .context(format!("`mta_sts.mode` is `{other}`: use testing or enforce"))),
    }
}

async fn authority(config: &Config) -> Result<Option<Authority>, Fault> {
    if config.listen_dns.is_empty() {
        return Ok(None);
    }
    let authority = Authority::bind(&config.listen_dns).await?;
    for file in &config.dns_zone_files {
        let text = std::fs::read_to_string(file).map_err(|error| {
            Fault::new("config.unreadable", Blame::Operator, Retry::AfterChange)
                .context(format!("reading the zone file {} (`dns.zone_files`)", file.display()))
                .caused_by(error)
        })?;
        let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let origin = if stem == "root" { "." } else { stem.as_str() };
        authority.set_zone(&dns::read_zone(origin, &text)?).await?;
    }
    Ok(Some(authority))
}

fn settings(config: &Config, ops: &Ops, authority: Option<Authority>, tls: ServerTls) -> Result<HouseSettings, Fault> {
    Ok(HouseSettings {
        inbound: inbound::Settings {
            hostname: config.hostname.clone(),
            max_message_octets: config.submission_max_message_octets,
            max_recipients: config.submission_max_recipients,
            expiry: Duration::from_secs(config.relay_expiry_s),
            listings: listings(config, &ops.resolver),
            rspamd: config.arriving_rspamd.map(|target| inbound::Rspamd {
                target,
                limit: Duration::from_millis(config.arriving_rspamd_limit_ms),
            }),
            proof_required: config.proof_required,
            proxies: proxies(config),
            ..inbound::Settings::default()
        },
        outbound: outbound::Settings {
            mx_port: config.relay_mx_port,
            schedule: retry::Schedule {
                delays: config.relay_retry_s.iter().map(|seconds| Duration::from_secs(*seconds)).collect(),
                expiry: Duration::from_secs(config.relay_expiry_s),
            },
            limits: pacing::Limits {
                connections: config.relay_connections_per_site,
                messages_per_connection: config.relay_messages_per_connection,
                interval: Duration::from_millis(config.relay_interval_ms),
                ..pacing::Limits::default()
            },
            max_connections: config.relay_max_connections,
            poll: POLL,
            hostname: config.hostname.clone(),
            reach: if config.relay_mx_port == PUBLIC_MX_PORT { Reach::Public } else { Reach::Anywhere },
            mta_sts: config.relay_mta_sts,
            dane: config.relay_dane,
            roots: config.relay_roots.as_deref().map(net::certificates).transpose()?.unwrap_or_default(),
            ..outbound::Settings::default()
        },
        imap: imap::Settings {
            hostname: config.hostname.clone(),
            max_message_octets: config.submission_max_message_octets,
            proxies: proxies(config),
            ..imap::Settings::default()
        },
        mx: config.listen_mx.clone(),
        mx_port_on_egress_ips: Some(config.listen_mx_port_on_egress_ips).filter(|port| *port != 0),
        submission: config.listen_submission.clone(),
        submissions: config.listen_submissions.clone(),
        listen_imap: config.listen_imap.clone(),
        listen_imaps: config.listen_imaps.clone(),
        authority,
        tls,
        certificates: certificates(config),
        blocklists: blocklist_watch(config, ops),
        webhooks: Some(posting(config, ops)),
        proofs: Some(ProofWatch {
            interval: Duration::from_secs(config.proof_interval_s),
            at_once: config.proof_at_once,
            limit: Duration::from_secs(config.proof_limit_s),
            mx_port: config.relay_mx_port,
        }),
        load: load_watch(config),
        poll: POLL,
    })
}

/// When new mail is put off.
fn load_watch(config: &Config) -> LoadWatch {
    const MIB: u64 = 1024 * 1024;
    let set = |number: u64| (number > 0).then_some(number);
    let marks = Marks {
        memory: set(config.load_memory_mib).map(|mib| mib.saturating_mul(MIB)).or_else(ops::memory_mark),
        disk: set(config.load_disk_free_mib).map(|mib| mib.saturating_mul(MIB)),
        commit: set(config.load_commit_ms).map(Duration::from_millis),
    };
    LoadWatch { marks, disk: Some(config.data_dir.clone()) }
}

/// What is asked about who brings mail; nothing when no zone is named.
fn listings(config: &Config, resolver: &Resolver) -> Option<inbound::Listings> {
    let zones = config.arriving_blocklists.clone();
    (!zones.is_empty())
        .then(|| inbound::Listings { asker: Asker::new(&blocklist_servers(config, resolver), DNS_LIMIT), zones })
}

/// What looks at our own IPs and domains on the blocklists; nothing when it is turned off.
fn blocklist_watch(config: &Config, ops: &Ops) -> Option<BlocklistWatch> {
    let interval = Duration::from_secs(config.blocklist_interval_s);
    let blocklists = blocklists(config, Asker::new(&blocklist_servers(config, &ops.resolver), DNS_LIMIT));
    (!interval.is_zero() && blocklists.has_zones()).then_some(BlocklistWatch {
        blocklists,
        interval,
        reach: Reach::Public,
    })
}

/// How webhooks are posted.
pub fn posting(config: &Config, ops: &Ops) -> Posting {
    Posting {
        reach: if config.webhooks_internal { Reach::Anywhere } else { Reach::Public },
        http: config.webhooks_http,
        ..Posting::new(ops.resolver.clone())
    }
}

/// The servers that are asked about blocklists: their own, else those of everything else.
pub fn blocklist_servers(config: &Config, resolver: &Resolver) -> Vec<SocketAddr> {
    if config.blocklist_servers.is_empty() { resolver.servers() } else { config.blocklist_servers.clone() }
}

/// Blocklists as the configuration has them, asked through that.
pub fn blocklists(config: &Config, asker: Asker) -> Blocklists {
    let zones = (config.blocklist_only.clone(), config.blocklist_skip.clone());
    Blocklists::new(asker).keys(config.blocklist_keys.clone()).zones(zones.0, zones.1)
}

/// What is ordered from a CA; nothing when none is named.
fn certificates(config: &Config) -> Option<CertificateWatch> {
    (!config.acme_directory.is_empty()).then(|| CertificateWatch {
        directory: config.acme_directory.clone(),
        contact: config.acme_contact.clone(),
        terms_agreed: config.acme_terms_agreed,
        challenge: if config.acme_challenge == "http-01" { Challenge::Http } else { Challenge::Dns },
        roots: config.acme_roots.clone(),
        hostname: config.hostname.clone(),
    })
}

fn certificate(config: &Config) -> Result<ServerTls, Fault> {
    match (&config.tls_certificate, &config.tls_key) {
        (Some(certificate), Some(key)) => ServerTls::from_pem(certificate, key),
        _ => ServerTls::kept_in(&config.data_dir.join("tls"), std::slice::from_ref(&config.hostname)),
    }
}

fn publishing(config: &Config) -> Publishing {
    match (config.dns_publisher.as_str(), config.dns_rfc2136_server) {
        ("rfc2136", Some(server)) => Publishing::Rfc2136(publish::Rfc2136 {
            server,
            key_name: config.dns_rfc2136_key.clone(),
            secret: config.dns_rfc2136_secret.clone(),
            algorithm: config.dns_rfc2136_algorithm.clone(),
        }),
        ("provider", _) => Publishing::Provider(publish::Provider {
            name: config.dns_provider_name.clone(),
            token: config.dns_provider_token.clone(),
        }),
        ("print", _) => Publishing::Print,
        _ => Publishing::Embedded,
    }
}

/// The installation's secret: 32 octets that only the owner can read.
fn secret(path: &Path) -> Result<Key, Fault> {
    match std::fs::read(path) {
        Ok(octets) => octets.try_into().map(Key).map_err(|_| {
            unwritable(path).context(format!("{} does not hold 32 octets: restore it from your backup", path.display()))
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => make_secret(path),
        Err(error) => Err(unwritable(path).caused_by(error)),
    }
}

fn make_secret(path: &Path) -> Result<Key, Fault> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    let secret = auth::generate_secret()?;
    // `create_new`: of two processes that start at the same time, one makes it and the other reads it.
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match file {
        Ok(mut file) => {
            let written = file.write_all(&secret).and_then(|()| file.sync_all());
            written.map_err(|error| unwritable(path).caused_by(error))?;
            Ok(Key(secret))
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => self::secret(path),
        Err(error) => Err(unwritable(path).caused_by(error)),
    }
}

fn unwritable(path: &Path) -> Fault {
    Fault::new("data.unwritable", Blame::Operator, Retry::AfterChange)
        .context(format!("{}: is it there, and may this user read and write it?", path.display()))
}
