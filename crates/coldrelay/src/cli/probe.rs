//! `coldrelay probe`: the same message from a suspect and a control domain, and what the difference proves.

mod show;

use std::{
    collections::HashMap,
    io::IsTerminal as _,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use check::{Checks, ImapBox};
use clap::{Args, Subcommand};
use ops::{Ops, ProbeRequest};
use rules::{
    Blame, Fault, Retry,
    probe::{Cause, Trial},
};
use syntax::Address;

use super::mailbox::read;
use crate::{exit, out::Out};

const SUBJECT: &str = "Delivery test";
const TEXT: &str = "This is a delivery test that you agreed to. Nothing needs to be done.\n";

#[derive(Subcommand)]
pub enum Probe {
    /// Show the arms and the order of the letters; nothing is sent
    Plan(Asked),
    /// Send the letters, wait for what becomes of them, and say what the difference proves
    #[command(after_help = RUN_HELP)]
    Run(Run),
}

const RUN_HELP: &str = "\
`coldrelay serve` must be running: the letters go through its queue, by the rules of submission, each from a real mailbox.
A domain has its dedicated IP, so one run compares domains together with their IPs. To tell them apart, give the two \
domains each other's IP (`coldrelay domain apply --egress-ip`), run again, and give the first report: --with first.json.

--imap takes a TOML file with one table a box, readable by you alone:
  [[box]]
  address = \"box@example.com\"
  host = \"imap.example.com\"
  login = \"box@example.com\"       # the address, when left out
  password = \"an app password\"
  port = 993                       # TLS from the start; 993 when left out";

#[derive(Args)]
pub struct Asked {
    /// A mailbox of the domain under suspicion
    #[arg(long, value_name = "ADDRESS")]
    suspect: Address,
    /// A mailbox of an aged, clean domain that it is compared with
    #[arg(long, value_name = "ADDRESS")]
    control: Address,
    /// A box whose owner agreed; may be given more than once
    #[arg(long, required = true, value_name = "ADDRESS")]
    to: Vec<Address>,
    /// Letters of each arm to each box
    #[arg(long, value_name = "NUMBER", default_value_t = 3)]
    repeats: u32,
    /// Decides the order; the report says which was used
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
}

#[derive(Args)]
pub struct Run {
    #[command(flatten)]
    asked: Asked,
    /// The owners of all boxes agreed to take part
    #[arg(long, required = true)]
    consent: bool,
    /// Subject of the letters
    #[arg(long, value_name = "TEXT", default_value = SUBJECT)]
    subject: String,
    /// File with the text of the letters; `-` is stdin
    #[arg(long, value_name = "FILE")]
    text_file: Option<PathBuf>,
    /// Longest wait for what becomes of the letters to one box, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 90)]
    wait: u64,
    /// Logins of boxes, to see in which folder the letters lie
    #[arg(long, value_name = "FILE")]
    imap: Option<PathBuf>,
    /// Report (--json) of an earlier run with the IPs swapped: its letters count as well
    #[arg(long, value_name = "FILE")]
    with: Option<PathBuf>,
}

impl Probe {
    pub async fn run(self, ops: &Ops, out: Out) -> Result<ExitCode, Fault> {
        match self {
            Self::Plan(asked) => {
                let plan = ops.plan_probe(&asked.request()).await?;
                out.answer(&plan, show::plan);
                Ok(ExitCode::SUCCESS)
            }
            Self::Run(run) => run.run(ops, out).await,
        }
    }
}

impl Asked {
    fn request(self) -> ProbeRequest {
        ProbeRequest {
            suspect: self.suspect,
            control: self.control,
            boxes: self.to,
            consent: false,
            repeats: self.repeats,
            seed: self.seed,
            subject: SUBJECT.to_owned(),
            text: TEXT.to_owned(),
            wait: Duration::ZERO,
            imap: HashMap::new(),
            folder_wait: Duration::from_secs(10),
            earlier: Vec::new(),
        }
    }
}

impl Run {
    async fn run(self, ops: &Ops, out: Out) -> Result<ExitCode, Fault> {
        let request = ProbeRequest {
            consent: self.consent,
            subject: self.subject,
            text: self.text_file.as_deref().map_or_else(|| Ok(TEXT.to_owned()), read)?,
            wait: Duration::from_secs(self.wait),
            imap: self.imap.as_deref().map_or_else(|| Ok(HashMap::new()), |path| logins(path, out))?,
            earlier: self.with.as_deref().map_or_else(|| Ok(Vec::new()), earlier)?,
            ..self.asked.request()
        };
        let checks = Checks::new(ops.resolver.clone())?;
        let is_terminal = std::io::stderr().is_terminal();
        let tell = |text: &str| {
            if is_terminal {
                out.talk(text)
            }
        };
        let report = ops.run_probe(&checks, &request, tell).await?;
        out.answer(&report, show::report);
        Ok(ExitCode::from(match report.verdict.cause {
            Cause::NothingFails => exit::OK,
            Cause::Alike | Cause::TooFew | Cause::Noise | Cause::Control => exit::LATER,
            Cause::Domain | Cause::Ip | Cause::DomainAndIp | Cause::DomainOrIp | Cause::ContentOrRecipient => exit::NO,
        }))
    }
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Logins {
    r#box: Vec<Login>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Login {
    address: Address,
    host: String,
    login: Option<String>,
    password: String,
    port: Option<u16>,
}

/// The logins of boxes. A file that others can read is told of, since it holds passwords.
fn logins(path: &Path, out: Out) -> Result<HashMap<Address, ImapBox>, Fault> {
    use std::os::unix::fs::PermissionsExt as _;
    let others = std::fs::metadata(path).map(|data| data.permissions().mode() & 0o077).unwrap_or(0);
    if others != 0 {
        out.talk(&format!("{} holds passwords and others can read it: chmod 600 it", path.display()));
    }
    let text = read(path)?;
    // The error's own text would quote the line, which may hold a password.
    let parsed: Logins = toml::from_str(&text).map_err(|error: toml::de::Error| {
        let line =
            error.span().and_then(|span| text.get(..span.start)).map_or(1, |before| before.lines().count().max(1));
        Fault::caller("probe.imap", format!("{}, near line {line}: {}", path.display(), error.message()))
    })?;
    let account = |one: Login| {
        let login = one.login.unwrap_or_else(|| one.address.to_string());
        let imap = ImapBox { host: one.host, port: one.port.unwrap_or(993), tls: true, login, password: one.password };
        (one.address, imap)
    };
    Ok(parsed.r#box.into_iter().map(account).collect())
}

/// The trials of an earlier report.
fn earlier(path: &Path) -> Result<Vec<Trial>, Fault> {
    #[derive(serde::Deserialize)]
    struct Report {
        trials: Vec<Trial>,
    }
    let report: Report = serde_json::from_str(&read(path)?).map_err(|error| {
        Fault::new("probe.report", Blame::Caller, Retry::AfterChange)
            .context(format!("{} is no report of `coldrelay probe run --json`", path.display()))
            .caused_by(error)
    })?;
    Ok(report.trials)
}
