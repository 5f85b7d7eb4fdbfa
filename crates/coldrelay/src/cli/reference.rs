//! `coldrelay reference`

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Subcommand;
use reference::{Entry, all, search};
use rules::{Blame, Fault, Retry};

use super::yes;
use crate::out::{Out, table};

/// The reference of SMTP errors: list, search, export as a web site
#[derive(Subcommand)]
pub enum Reference {
    /// List the entries
    List {
        /// Only those of a provider: `gmail`, `outlook`, `yahoo`…
        #[arg(long)]
        provider: Option<String>,
        /// Only those of a reply code or of a class: `550`, `4`
        #[arg(long)]
        code: Option<String>,
        /// Only those of a category: `authentication`, `quota`…
        #[arg(long)]
        category: Option<String>,
    },
    /// Find entries by codes, provider or words
    Search {
        /// What to look for
        #[arg(required = true)]
        words: Vec<String>,
    },
    /// Write the reference as a web site that needs no server
    Export {
        /// The folder to write into; it is made when it does not exist
        #[arg(long, value_name = "DIR")]
        html: PathBuf,
        /// The address under which it will be published, for the sitemap
        #[arg(long, value_name = "URL", default_value = "https://example.com/smtp-errors")]
        url: String,
    },
}

/// An entry in a list.
#[derive(serde::Serialize)]
struct Listed {
    id: &'static str,
    codes: String,
    provider: Option<&'static str>,
    category: &'static str,
    who: &'static str,
    action: &'static str,
    title: &'static str,
}

/// What was written.
#[derive(serde::Serialize)]
struct Exported {
    folder: PathBuf,
    files: usize,
    entries: usize,
}

impl Reference {
    pub fn run(self, out: Out) -> Result<ExitCode, Fault> {
        match self {
            Self::List { provider, code, category } => {
                let wanted = |entry: &&Entry| {
                    provider.as_deref().is_none_or(|wanted| entry.provider.as_deref() == Some(wanted))
                        && code
                            .as_deref()
                            .is_none_or(|wanted| entry.reply.iter().any(|code| code.to_string().starts_with(wanted)))
                        && category.as_deref().is_none_or(|wanted| entry.category.as_str() == wanted)
                };
                Ok(list(all().iter().filter(wanted), out))
            }
            Self::Search { words } => Ok(list(search(&words.join(" ")).into_iter(), out)),
            Self::Export { html, url } => {
                let files = web::reference::site(url.trim_end_matches('/')).map_err(|error| {
                    Fault::new("reference.unwritable", Blame::Us, Retry::AfterChange)
                        .context(format!("rendering the site: {error}"))
                })?;
                for file in &files {
                    write(&html, &file.name, &file.text)?;
                }
                let exported = Exported { folder: html, files: files.len(), entries: all().len() };
                out.answer(&exported, |done| {
                    format!(
                        "{} pages of {} entries in {}; open index.html there.",
                        done.files,
                        done.entries,
                        done.folder.display()
                    )
                });
                Ok(ExitCode::SUCCESS)
            }
        }
    }
}

fn list(entries: impl Iterator<Item = &'static Entry>, out: Out) -> ExitCode {
    let listed: Vec<Listed> = entries.map(listed).collect();
    let found = !listed.is_empty();
    out.answer(&listed, |listed| {
        let rows = listed.iter().map(|one| {
            vec![
                one.codes.clone(),
                one.provider.unwrap_or_default().to_owned(),
                one.title.to_owned(),
                one.category.to_owned(),
                one.action.to_owned(),
                one.id.to_owned(),
            ]
        });
        table(&["codes", "provider", "title", "category", "action", "entry"], rows.collect())
    });
    yes(found)
}

fn listed(entry: &'static Entry) -> Listed {
    Listed {
        id: &entry.id,
        codes: entry.codes(),
        provider: entry.provider.as_deref(),
        category: entry.category.as_str(),
        who: entry.class.who.as_str(),
        action: entry.class.action.as_str(),
        title: &entry.title,
    }
}

fn write(folder: &Path, name: &str, text: &str) -> Result<(), Fault> {
    let path = folder.join(name);
    let done = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&path, text));
    done.map_err(|error| {
        Fault::new("file.unwritable", Blame::Operator, Retry::AfterChange)
            .context(format!("writing {}", path.display()))
            .caused_by(error)
    })
}
