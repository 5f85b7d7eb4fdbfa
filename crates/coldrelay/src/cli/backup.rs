//! `coldrelay backup`, `coldrelay restore`, `coldrelay verify`

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use ops::{BackupManifest, Restored};
use rules::{Clock as _, Fault};
use store::VerifiedDatabase;

use crate::{
    cli::{Global, yes},
    clock::SystemClock,
    house,
    out::{Out, table},
};

#[derive(Args)]
pub struct Backup {
    /// A folder that is new or empty; only its owner can read it. It will hold the database, keys and the configuration
    folder: PathBuf,
}

impl Backup {
    pub async fn run(self, global: &Global, out: Out) -> Result<ExitCode, Fault> {
        let installation = house::installation(&global.config()?, global.config_path());
        let now = SystemClock.now();
        let manifest = ops::back_up(&installation, &self.folder, now, &mut |what| out.talk(what)).await?;
        out.answer(&manifest, written);
        for file in &manifest.not_included {
            out.talk(&format!("not in it: {} (`{}`); keep it with the backup", file.path.display(), file.setting));
        }
        out.talk(&format!(
            "{} holds private keys, passwords' hashes and mail: keep it encrypted. `coldrelay restore {}` puts it back into an empty data folder.",
            self.folder.display(),
            self.folder.display()
        ));
        Ok(ExitCode::SUCCESS)
    }
}

fn written(manifest: &BackupManifest) -> String {
    let octets: u64 = manifest.files.iter().map(|file| file.octets).sum();
    let row = |what: &str, value: String| vec![what.to_owned(), value];
    table(
        &["backup", ""],
        vec![
            row("taken at", manifest.written_at.to_string()),
            row("database", format!("{}, schema {}", manifest.database.backend, manifest.database.schema)),
            row("rows", manifest.database.rows().to_string()),
            row("files", (manifest.files.len() + 1).to_string()),
            row("octets", octets.to_string()),
        ],
    )
}

#[derive(Args)]
pub struct Restore {
    /// The folder that `coldrelay backup` wrote
    folder: PathBuf,
    /// Check the backup and write nothing
    #[arg(long)]
    check: bool,
}

impl Restore {
    pub async fn run(self, global: &Global, out: Out) -> Result<ExitCode, Fault> {
        let mut tell = |what: &str| out.talk(what);
        if self.check {
            let manifest = ops::check_backup(&self.folder, &mut tell).await?;
            out.answer(&manifest, written);
            out.talk("Every file is as the manifest says, and every row as it must be. Nothing was written.");
            return Ok(ExitCode::SUCCESS);
        }
        let config = global.config()?;
        let url = house::database_url(&config);
        let restored = ops::restore(&self.folder, &config.data_dir, &url, &mut tell).await?;
        out.answer(&restored, put_back);
        next(&restored, out);
        Ok(ExitCode::SUCCESS)
    }
}

fn put_back(restored: &Restored) -> String {
    let row = |what: &str, value: String| vec![what.to_owned(), value];
    table(
        &["restored", ""],
        vec![
            row("taken at", restored.written_at.to_string()),
            row("schema", restored.database.schema.to_string()),
            row("rows", restored.database.rows().to_string()),
            row("files", restored.files.to_string()),
            row("recipients that wait", restored.waiting.to_string()),
        ],
    )
}

fn next(restored: &Restored, out: Out) {
    out.talk("Next:");
    if let Some(config) = &restored.config {
        out.talk(&format!(
            "- the configuration of that time is {}: put it where yours lies, if it is to hold",
            config.display()
        ));
    }
    for file in &restored.not_included {
        out.talk(&format!("- {} (`{}`) is not in the backup: put it back yourself", file.path.display(), file.setting));
    }
    if restored.waiting > 0 {
        out.talk(&format!(
            "- {} recipients waited at {}: those that were delivered since get their message once more. Look at \
             `coldrelay queue list` and drop them before `serve` starts, if that must not be",
            restored.waiting, restored.written_at
        ));
    }
    out.talk("- `coldrelay verify`, `coldrelay doctor`, then `coldrelay serve`: it brings an older schema up to date");
    out.talk("- never let the old installation and this one run at the same time: both would send");
}

#[derive(Args)]
pub struct Verify {
    /// Verify the database of a backup instead of the installation's
    #[arg(long, value_name = "FOLDER")]
    backup: Option<PathBuf>,
}

impl Verify {
    pub async fn run(self, global: &Global, out: Out) -> Result<ExitCode, Fault> {
        let mut shown = "";
        let mut tell = |what: &'static str, done: u64, all: u64| {
            if shown != what {
                shown = what;
                out.talk(&format!("looking at {what}"));
            }
            let number = |number| usize::try_from(number).unwrap_or(usize::MAX);
            if all > 1 {
                out.progress(number(done), number(all));
            }
        };
        let verified = match &self.backup {
            Some(folder) => {
                ops::check_backup(folder, &mut |_| {}).await?;
                store::verify_copy(&folder.join("database.db"), &mut tell).await?
            }
            None => store::verify_database(&house::database_url(&global.config()?), &mut tell).await?,
        };
        out.answer(&verified, looked);
        if !verified.is_sound() {
            out.talk(
                "Stop `serve`, keep a copy of the data folder as it is, and restore the last backup that `coldrelay restore --check` finds sound.",
            );
        }
        Ok(yes(verified.is_sound()))
    }
}

fn looked(verified: &VerifiedDatabase) -> String {
    let rows = verified.looks.iter().map(|look| {
        let verdict = if look.wrong == 0 { String::from("ok") } else { format!("WRONG: {}", look.wrong) };
        vec![look.id.to_owned(), verdict, look.what.to_owned()]
    });
    let mut text = table(&["look", "verdict", "what must be true"], rows.collect());
    for look in verified.looks.iter().filter(|look| look.wrong > 0) {
        text.push_str(&format!("\n\n{}: {}", look.id, look.what));
        for line in &look.where_wrong {
            text.push_str(&format!("\n  {line}"));
        }
    }
    text.push_str(&format!(
        "\n\n{}, schema {}; {} contents held against their digest, {} older ones by their size",
        verified.backend, verified.schema, verified.digests, verified.without_digest
    ));
    text
}
