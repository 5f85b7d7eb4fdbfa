//! The configuration: one TOML file, every setting with a default. Name, type, default and meaning of a setting stand in
//! one place, below; the sample, `config describe` and the reader are made from it.

pub mod read;
mod sample;

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use syntax::Address;

pub use read::load;
use rules::{cost::Tier, money::Cents, proof::Required, transport::Dane};
pub use sample::{listed, sample};

/// What is known about a setting, for the sample and for `config describe`.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub struct Setting {
    /// `section.key`, or `key`.
    pub path: &'static str,
    /// What it takes.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Default, as TOML.
    pub default: &'static str,
    /// Meaning.
    pub doc: &'static str,
}

macro_rules! settings {
    ($($(#[doc = $doc:literal])+ $field:ident: $type:ty = $path:literal, $default:literal;)+) => {
        /// Every setting, read.
        #[derive(Debug, Clone)]
        pub struct Config {
            $($(#[doc = $doc])+ pub $field: $type,)+
        }

        /// Every setting, described.
        pub const SETTINGS: &[Setting] = &[$(Setting {
            path: $path,
            kind: <$type as read::FromToml>::KIND,
            default: $default,
            doc: concat!($($doc, "\n"),+),
        }),+];

        impl Config {
            fn read(reader: &mut read::Reader<'_>) -> Option<Self> {
                $(let $field = reader.take::<$type>($path, $default);)+
                Some(Self { $($field: $field?,)+ })
            }
        }
    };
}

settings! {
    /// Folder of the database, the secret key and the certificate. Made when absent.
    data_dir: PathBuf = "data_dir", "\"coldrelay-data\"";
    /// Host name of the installation: greets on submission, signs bounces.
    hostname: String = "hostname", "\"localhost\"";

    /// `sqlite` (a file in the data folder), or `postgres://user:password@host/database`.
    database_url: String = "database.url", "\"sqlite\"";

    /// Where the MX listens (port 25 in public).
    listen_mx: Vec<SocketAddr> = "listen.mx", "[\"127.0.0.1:2525\"]";
    /// On every egress IP the MX listens on this port too; 0 turns it off.
    listen_mx_port_on_egress_ips: u16 = "listen.mx_port_on_egress_ips", "0";
    /// Where submission with STARTTLS listens (port 587 in public).
    listen_submission: Vec<SocketAddr> = "listen.submission", "[\"127.0.0.1:2587\"]";
    /// Where submission over TLS listens (port 465 in public).
    listen_submissions: Vec<SocketAddr> = "listen.submissions", "[\"127.0.0.1:2465\"]";
    /// Where IMAP with STARTTLS listens (port 143 in public); empty turns it off.
    listen_imap: Vec<SocketAddr> = "listen.imap", "[\"127.0.0.1:2143\"]";
    /// Where IMAP over TLS listens (port 993 in public); empty turns it off.
    listen_imaps: Vec<SocketAddr> = "listen.imaps", "[\"127.0.0.1:2993\"]";
    /// Addresses of proxies in front of SMTP, IMAP and the web: many people come from one of them, so that it is neither counted
    /// for the connections of one IP nor slowed down for wrong passwords.
    listen_proxies: Vec<IpAddr> = "listen.proxies", "[]";
    /// Whether these proxies speak the PROXY protocol (version 1 or 2): each of their connections must begin with its header, and
    /// who that says is there is who is counted, throttled, logged and checked. From anybody else a header is refused.
    listen_proxy_protocol: bool = "listen.proxy_protocol", "false";
    /// Where the embedded DNS listens (port 53 in public); empty turns it off.
    listen_dns: Vec<SocketAddr> = "listen.dns", "[\"127.0.0.1:5300\"]";
    /// Where health and metrics are served; empty turns it off.
    listen_http: Vec<SocketAddr> = "listen.http", "[\"127.0.0.1:8025\"]";
    /// Where the MTA-STS policies are served (port 443 in public); empty turns it off.
    listen_https: Vec<SocketAddr> = "listen.https", "[\"127.0.0.1:8443\"]";

    /// DNS servers to ask; empty: those of the system.
    dns_servers: Vec<SocketAddr> = "dns.servers", "[]";
    /// Zone files that the embedded DNS serves besides; a file's name is its origin, `root.zone` the root.
    dns_zone_files: Vec<PathBuf> = "dns.zone_files", "[]";
    /// How domains are published: `embedded`, `rfc2136`, `provider` or `print`.
    dns_publisher: String = "dns.publisher", "\"embedded\"";
    /// Server that takes dynamic updates (publisher `rfc2136`).
    dns_rfc2136_server: Option<SocketAddr> = "dns.rfc2136.server", "\"\"";
    /// Name of the TSIG key.
    dns_rfc2136_key: String = "dns.rfc2136.key", "\"\"";
    /// Secret of the TSIG key, base64.
    dns_rfc2136_secret: String = "dns.rfc2136.secret", "\"\"";
    /// Algorithm of the TSIG key: `hmac-sha256`, `hmac-sha384` or `hmac-sha512`.
    dns_rfc2136_algorithm: String = "dns.rfc2136.algorithm", "\"hmac-sha256\"";
    /// Provider (publisher `provider`): bunny, cloudflare, desec, digitalocean, gandi, hetzner, linode, netlify, vultr.
    dns_provider_name: String = "dns.provider.name", "\"\"";
    /// API token of the provider.
    dns_provider_token: String = "dns.provider.token", "\"\"";

    /// Port of the peers' MX. Something else than 25 is for tests, and for relays within a network of your own: with 25, mail goes
    /// to public addresses alone.
    relay_mx_port: u16 = "relay.mx_port", "25";
    /// Seconds between attempts: the n-th failure is followed by the n-th, the last repeats.
    relay_retry_s: Vec<u64> = "relay.retry_s", "[300, 600, 1200, 2400, 3600, 7200, 10800]";
    /// Seconds after which a message bounces.
    relay_expiry_s: u64 = "relay.expiry_s", "432000";
    /// Connections at the same time from one egress IP to one site.
    relay_connections_per_site: usize = "relay.connections_per_site", "2";
    /// Messages over one connection.
    relay_messages_per_connection: usize = "relay.messages_per_connection", "20";
    /// Least milliseconds between two deliveries from one egress IP to one site.
    relay_interval_ms: u64 = "relay.interval_ms", "500";
    /// Connections at the same time in all.
    relay_max_connections: usize = "relay.max_connections", "200";
    /// Hold to the MTA-STS policies of recipients' domains: what cannot be sent as they ask waits.
    relay_mta_sts: bool = "relay.mta_sts", "true";
    /// Hold to the TLSA records (DANE) of mail hosts: `local` (when every one of `dns.servers` is on this machine: its word that an
    /// answer was validated is believed), `always` (whichever they are) or `never`.
    relay_dane: Dane = "relay.dane", "\"local\"";
    /// A file of certificates (PEM) that are trusted beside the public roots, for mail hosts and policies.
    relay_roots: Option<PathBuf> = "relay.roots", "\"\"";

    /// Messages that a mailbox may submit in 24 hours, unless it says otherwise.
    submission_daily_cap: u32 = "submission.daily_cap", "50";
    /// Largest message, in octets.
    submission_max_message_octets: usize = "submission.max_message_octets", "26214400";
    /// Recipients of one message.
    submission_max_recipients: usize = "submission.max_recipients", "50";
    /// What a new mailbox may submit in the first 24 hours; 0: its whole cap at once, for mailboxes that have sent before.
    ramp_start: u32 = "ramp.start", "10";
    /// What a day with good results adds until the cap is reached. Bounces hold it or take half of it away, so does a complaint.
    ramp_step: u32 = "ramp.step", "5";

    /// Zones of the catalogue of blocklists that are asked about each host that brings mail; what they say flags it.
    arriving_blocklists: Vec<String> = "arriving.blocklists", "[]";
    /// Where rspamd takes messages over HTTP, as in `127.0.0.1:11333`; what it says flags them. Empty: nobody is asked.
    arriving_rspamd: Option<SocketAddr> = "arriving.rspamd", "\"\"";
    /// Milliseconds after which a message goes on without rspamd's word.
    arriving_rspamd_limit_ms: u64 = "arriving.rspamd_limit_ms", "5000";
    /// Which pairing proofs a mailbox must have to send: `failed` (one whose last proof failed cannot send), `always` (nor can one
    /// that was never proved), `never`.
    proof_required: Required = "proof.required", "\"failed\"";
    /// Seconds between two pairing proofs of a mailbox, and a new one is proved at once; 0 makes only those that are asked for.
    proof_interval_s: u64 = "proof.interval_s", "86400";
    /// Pairing proofs at the same time.
    proof_at_once: u32 = "proof.at_once", "4";
    /// Longest wait for one leg of a proof, in seconds.
    proof_limit_s: u64 = "proof.limit_s", "60";

    /// Most SMTP callouts (`check mailbox --callout`) in 24 hours; 0 turns them off.
    callout_daily: u32 = "callout.daily", "0";
    /// The IP that callouts are made from. Choose one that sends no mail: some lists take callouts amiss.
    callout_ip: Option<IpAddr> = "callout.ip", "\"\"";
    /// Reverse-path of callouts: one of your mailboxes; empty is `<>`.
    callout_mail_from: Option<Address> = "callout.mail_from", "\"\"";
    /// Seconds between two looks at blocklists for each of our IPs and domains; 0 turns it off.
    blocklist_interval_s: u64 = "blocklist.interval_s", "3600";
    /// DNS servers to ask about blocklists; empty: as everything else. Most lists refuse resolvers that many share.
    blocklist_servers: Vec<SocketAddr> = "blocklist.servers", "[]";
    /// Keys of lists that need one, as in { spamhaus-dqs = "…", abusix = "…" }.
    blocklist_keys: check::Keys = "blocklist.keys", "{}";
    /// Zones that are asked, and no others; empty: all that are alive.
    blocklist_only: Vec<String> = "blocklist.only", "[]";
    /// Zones that are never asked.
    blocklist_skip: Vec<String> = "blocklist.skip", "[]";

    /// Whether webhooks may be posted to `http://` URLs, which others can read on their way.
    webhooks_http: bool = "webhooks.http", "false";
    /// Whether webhooks may be posted to internal addresses. Only when everybody who can add one may reach these anyway.
    webhooks_internal: bool = "webhooks.internal", "false";

    /// Certificate chain, PEM; without one a self-signed certificate is kept in the data folder.
    tls_certificate: Option<PathBuf> = "tls.certificate", "\"\"";
    /// Its key, PEM.
    tls_key: Option<PathBuf> = "tls.key", "\"\"";

    /// URL of the directory of a CA that gives certificates by ACME, as in `https://acme-v02.api.letsencrypt.org/directory` (Let's
    /// Encrypt). `serve` orders one for the mail host of each domain and renews it; empty turns it off.
    acme_directory: String = "acme.directory", "\"\"";
    /// Whether you agree to the terms of service of that CA; nothing is ordered without.
    acme_terms_agreed: bool = "acme.terms_agreed", "false";
    /// Where the CA may write to; empty: nowhere.
    acme_contact: Option<Address> = "acme.contact", "\"\"";
    /// How the CA is shown that names are yours: `dns-01` (a TXT record, by `dns.publisher`), or `http-01` (port 80 of each name
    /// must lead to `listen.http`).
    acme_challenge: String = "acme.challenge", "\"dns-01\"";
    /// A file of certificates (PEM) that are trusted beside the public roots, for a CA of your own.
    acme_roots: Option<PathBuf> = "acme.roots", "\"\"";

    /// Whether the public pages are served: `/tools` and `/smtp-errors`. They reach public addresses alone.
    web_public: bool = "web.public", "true";
    /// Requests to the REST API that one key, or one address without a key, may make in a minute.
    web_api_requests_per_minute: u32 = "web.api_requests_per_minute", "600";

    /// What the MTA-STS policies ask of senders: `testing`, or `enforce` once the certificate is one that they can verify.
    mta_sts_mode: String = "mta_sts.mode", "\"testing\"";

    /// Price of a hosted mailbox, `mailboxes:price`: from so many on, each costs so much a month. $1.00 and $0.55 are published;
    /// the numbers from which the price falls are ours.
    cost_tiers: Vec<Tier> = "cost.tiers", "[\"1:1.00\", \"100:0.85\", \"500:0.70\", \"1000:0.55\"]";
    /// The least that a month of hosted mailboxes costs.
    cost_minimum: Cents = "cost.minimum", "\"50.00\"";

    /// Memory of the process from which on new mail is put off (452 4.3.1), in MiB; 0: four fifths of what the machine or its cgroup
    /// has. Delivery goes on.
    load_memory_mib: u64 = "load.memory_mib", "0";
    /// Room on the disk of the data folder below which new mail is put off (452 4.3.1), in MiB; 0 turns it off.
    load_disk_free_mib: u64 = "load.disk_free_mib", "256";
    /// Milliseconds that a commit may take on average before new mail is put off (421 4.3.2); 0 turns it off.
    load_commit_ms: u64 = "load.commit_ms", "3000";

    /// `text` or `json`, on stderr.
    log_format: String = "log.format", "\"text\"";
    /// What is logged, in the syntax of `RUST_LOG`.
    log_filter: String = "log.filter", "\"info,hickory_server=error,hickory_net=error,hickory_resolver=error\"";
}
