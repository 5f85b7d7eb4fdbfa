//! `coldrelay doctor`

use std::process::ExitCode;

use check::{Checks, State};
use ops::{Diagnosis, Doctor, worst};
use rules::{Clock as _, Fault};

use crate::{
    cli::{Global, yes},
    clock::SystemClock,
    config::Config,
    house,
    out::{Out, table},
};

pub async fn run(global: &Global, out: Out) -> Result<ExitCode, Fault> {
    // A configuration that cannot be read is told with every mistake in its place.
    let config = global.config()?;
    let file = global.config_path();
    out.talk(&match &file {
        Some(file) => format!("{} is in order", file.display()),
        None => String::from("there is no configuration file: every setting has its default"),
    });
    let doctor = doctor(&config, file)?;
    let found =
        doctor.examine(SystemClock.now(), &mut |one| out.talk(&format!("{}: {}", one.id, word(one.state)))).await;
    out.answer(&found, |found| shown(found));
    Ok(yes(worst(&found) != State::Bad))
}

fn doctor(config: &Config, file: Option<std::path::PathBuf>) -> Result<Doctor, Fault> {
    let tcp = [
        ("listen.mx", &config.listen_mx),
        ("listen.submission", &config.listen_submission),
        ("listen.submissions", &config.listen_submissions),
        ("listen.imap", &config.listen_imap),
        ("listen.imaps", &config.listen_imaps),
        ("listen.dns", &config.listen_dns),
        ("listen.http", &config.listen_http),
        ("listen.https", &config.listen_https),
    ];
    let listen: Vec<_> =
        tcp.iter().flat_map(|(setting, addresses)| addresses.iter().map(move |address| (*setting, *address))).collect();
    let each = u64::try_from(inbound::Settings::default().max_connections).unwrap_or(u64::MAX);
    let servers = u64::try_from(listen.len()).unwrap_or(u64::MAX).min(4);
    let own = config.data_dir.join("tls").join("certificate.pem");
    let checks = Checks { hostname: config.hostname.clone(), ..Checks::new(house::resolver(config)?)? };
    Ok(Doctor {
        installation: house::installation(config, file),
        checks,
        listen_dns: config.listen_dns.clone(),
        listen_http: config.listen_http.clone(),
        has_certificate: config.tls_certificate.is_some(),
        certificate: config.tls_certificate.clone().unwrap_or(own),
        connections: each * servers + u64::try_from(config.relay_max_connections).unwrap_or(u64::MAX),
        listen,
    })
}

fn word(state: State) -> &'static str {
    match state {
        State::Ok => "ok",
        State::Unknown => "not known",
        State::Warn => "should be better",
        State::Bad => "WRONG",
    }
}

fn shown(found: &[Diagnosis]) -> String {
    let row = |one: &Diagnosis| vec![one.id.clone(), word(one.state).to_owned(), one.seen.clone()];
    let mut text = table(&["look", "verdict", "seen"], found.iter().map(row).collect());
    for one in found.iter().filter(|one| one.fix.is_some()) {
        text.push_str(&format!("\n\n{} ({}): {}", one.id, word(one.state), one.seen));
        text.push_str(&format!("\n  do: {}", one.fix.as_deref().unwrap_or_default()));
        if let Some(entry) = &one.entry {
            text.push_str(&format!("\n  more: coldrelay explain {entry}"));
        }
    }
    text
}
