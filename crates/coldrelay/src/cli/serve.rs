//! `coldrelay serve`

use std::{io::IsTerminal as _, net::SocketAddr, process::ExitCode};

use rules::{Blame, Fault, Retry};
use tokio::signal::unix::{SignalKind, signal};

use crate::{config::Config, house, house::Served, out::Out, service::ServiceManager};

#[derive(serde::Serialize)]
struct Listening<'a> {
    mx: &'a [SocketAddr],
    submission: &'a [SocketAddr],
    submissions: &'a [SocketAddr],
    imap: &'a [SocketAddr],
    imaps: &'a [SocketAddr],
    dns: &'a [SocketAddr],
    http: &'a [SocketAddr],
    https: &'a [SocketAddr],
}

pub async fn run(config: &Config, out: Out) -> Result<ExitCode, Fault> {
    log(&config.log_filter, config.log_format == "json");
    let _claim = house::claim(config)?;
    let ops = house::open(config).await?;
    let set_up = if ops.store.has_no_account().await? { Some(ops.set_up_code()) } else { None };
    let (manager, store) = (ServiceManager::of_environment(), ops.store.clone());
    let served = Served::start(config, ops).await?;
    let listening = Listening {
        mx: &served.house.mx,
        submission: &served.house.submission,
        submissions: &served.house.submissions,
        imap: &served.house.imap,
        imaps: &served.house.imaps,
        dns: &served.dns,
        http: &served.http,
        https: &served.https,
    };
    if out.json {
        out.json_line(&listening);
    } else {
        out.text(&shown(&listening));
    }
    if let Some(code) = set_up {
        out.talk(&format!("Nobody can sign in yet: open /set-up in a browser; the set-up code is {code}"));
    }
    manager.ready();
    tokio::select! {
        stopped = stopped() => stopped?,
        () = manager.keep_told(&store) => {}
    }
    manager.stopping();
    drop(store);
    out.talk("Stopping: sessions and attempts under way are finished first (again to stop at once)");
    tokio::select! {
        () = served.stop() => Ok(ExitCode::SUCCESS),
        // Nothing that was answered with 250 is lost by this either.
        _ = stopped() => Ok(ExitCode::from(130)),
    }
}

fn shown(listening: &Listening<'_>) -> String {
    let line = |name: &str, addresses: &[SocketAddr]| {
        let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        format!("{name:<12} {}", if addresses.is_empty() { String::from("off") } else { addresses.join(", ") })
    };
    [
        line("MX", listening.mx),
        line("submission", listening.submission),
        line("submissions", listening.submissions),
        line("IMAP", listening.imap),
        line("IMAP, TLS", listening.imaps),
        line("DNS", listening.dns),
        line("HTTP", listening.http),
        line("HTTPS", listening.https),
    ]
    .join("\n")
}

/// Returns on SIGINT or SIGTERM.
pub async fn stopped() -> Result<(), Fault> {
    let fault = |error: std::io::Error| Fault::new("runtime", Blame::Operator, Retry::Later).caused_by(error);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(fault)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(fault)?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// Log lines go to stderr; `RUST_LOG` has the last word on which, and colour is for terminals only.
pub fn log(filter: &str, json: bool) {
    let wanted = std::env::var("RUST_LOG").unwrap_or_else(|_| filter.to_owned());
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let filter = tracing_subscriber::EnvFilter::new(wanted);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colour);
    let _ = if json { builder.json().try_init() } else { builder.try_init() };
}
