//! Debian packages that the tests need beside cargo: real peers, real tools, a real PostgreSQL.

use std::path::Path;

/// A program, and the package that brings it.
#[derive(Debug, Clone, Copy)]
pub struct Tool {
    /// Debian package.
    pub package: &'static str,
    /// One of these files shows that it is there; a name without `/` is looked for in PATH.
    pub shown_by: &'static [&'static str],
    /// What it is for.
    pub purpose: &'static str,
}

/// Everything that `cargo xtask test` needs.
pub const TOOLS: &[Tool] = &[
    Tool {
        package: "postfix",
        shown_by: &["/usr/sbin/smtp-sink", "/usr/sbin/postfix"],
        purpose: "a peer, smtp-source and smtp-sink",
    },
    Tool { package: "swaks", shown_by: &["swaks"], purpose: "submission from another client" },
    Tool { package: "libnet-ssleay-perl", shown_by: &["/usr/share/doc/libnet-ssleay-perl"], purpose: "TLS for swaks" },
    Tool { package: "bind9-dnsutils", shown_by: &["dig"], purpose: "reading the planned records" },
    Tool { package: "bind9", shown_by: &["/usr/sbin/named"], purpose: "RFC 2136 updates against a real server" },
    Tool {
        package: "dovecot-imapd",
        shown_by: &["/usr/sbin/dovecot"],
        purpose: "an IMAP server that mail is fetched from",
    },
    Tool { package: "openssl", shown_by: &["openssl"], purpose: "certificates for those" },
    Tool { package: "pebble", shown_by: &["/usr/bin/pebble"], purpose: "a CA that speaks ACME" },
    Tool { package: "bind9-utils", shown_by: &["named-checkzone"], purpose: "checking printed zone files" },
    Tool { package: "python3", shown_by: &["python3"], purpose: "submission by smtplib" },
    Tool {
        package: "python3-venv",
        shown_by: &["/usr/share/doc/python3-venv"],
        purpose: "an environment for what comes from PyPI",
    },
    Tool { package: "g++", shown_by: &["c++"], purpose: "building libFuzzer, which comes as C++ in its crate" },
    Tool {
        package: "haproxy",
        shown_by: &["/usr/sbin/haproxy"],
        purpose: "a real proxy that speaks the PROXY protocol",
    },
    Tool { package: "systemd", shown_by: &["systemd-analyze"], purpose: "checking the unit" },
    Tool { package: "nodejs", shown_by: &["node"], purpose: "driving that browser" },
    Tool { package: "npm", shown_by: &["npm"], purpose: "installing what drives it" },
    Tool {
        package: "python3-dkim",
        shown_by: &["/usr/lib/python3/dist-packages/dkim"],
        purpose: "an independent DKIM verifier",
    },
    Tool {
        package: "python3-nacl",
        shown_by: &["/usr/lib/python3/dist-packages/nacl"],
        purpose: "Ed25519 for that verifier",
    },
    Tool {
        package: "python3-dnspython",
        shown_by: &["/usr/lib/python3/dist-packages/dns"],
        purpose: "DNS for that verifier",
    },
    Tool {
        package: "python3-spf",
        shown_by: &["/usr/lib/python3/dist-packages/spf.py"],
        purpose: "an independent SPF implementation",
    },
    Tool {
        package: "python3-authheaders",
        shown_by: &["/usr/lib/python3/dist-packages/authheaders"],
        purpose: "an independent DMARC verifier",
    },
    Tool { package: "openssl", shown_by: &["openssl"], purpose: "keys for those verifiers" },
    Tool { package: "chromium", shown_by: &["chromium"], purpose: "a browser for the exported reference" },
    Tool { package: "isync", shown_by: &["mbsync"], purpose: "synchronising a mailbox over IMAP" },
    Tool { package: "neomutt", shown_by: &["neomutt"], purpose: "reading a mailbox over IMAP" },
    Tool { package: "curl", shown_by: &["curl"], purpose: "reading a mailbox over IMAP" },
    Tool { package: "postgresql", shown_by: &["/usr/lib/postgresql"], purpose: "the store suite on PostgreSQL" },
];

/// Tools that are not installed.
pub fn missing() -> Vec<&'static Tool> {
    TOOLS.iter().filter(|tool| !tool.shown_by.iter().any(|file| is_there(file))).collect()
}

/// The command that installs them.
pub fn command(missing: &[&Tool]) -> String {
    let names: Vec<&str> = missing.iter().map(|tool| tool.package).collect();
    format!("apt-get install --no-install-recommends {}", names.join(" "))
}

fn is_there(file: &str) -> bool {
    if file.contains('/') {
        return Path::new(file).exists();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).chain([Path::new("/usr/sbin").to_owned()]).any(|folder| folder.join(file).is_file())
}
