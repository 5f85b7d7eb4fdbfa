//! `coldrelay generate dkim`

use std::{
    io::Write as _,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use auth::Algorithm;
use clap::{Args, ValueEnum};
use rules::{
    Blame, Clock as _, Fault, Retry,
    generate::{self, Generated, dkim::PublicKey},
};
use syntax::Domain;

use super::{Answer, Shape};
use crate::clock::SystemClock;

#[derive(Args)]
pub struct Dkim {
    /// The domain that signs, `d=`
    domain: String,
    /// The selector, `s=` [default: dated, r20261124 or e20261124]
    #[arg(long, value_name = "NAME")]
    selector: Option<String>,
    /// Algorithm of the new key
    #[arg(long, value_name = "NAME", default_value = "rsa", conflicts_with = "public_key")]
    algorithm: Kind,
    /// Where the new private key goes (PEM, only for you); a file that is there is never overwritten
    #[arg(long, value_name = "FILE", conflicts_with_all = ["public_key", "revoke"])]
    out: Option<PathBuf>,
    /// Print the new private key
    #[arg(long, conflicts_with_all = ["out", "public_key", "revoke", "zone"])]
    print_private: bool,
    /// Make no key: the record of this public key (PEM, base64 or a record)
    #[arg(long, value_name = "FILE", conflicts_with = "revoke")]
    public_key: Option<PathBuf>,
    /// Make no key: the record that revokes the selector
    #[arg(long, requires = "selector")]
    revoke: bool,
    #[command(flatten)]
    shape: Shape,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// 2048 bits
    Rsa,
    /// Few receivers verify it: sign with RSA besides
    Ed25519,
}

/// What programs read.
#[derive(serde::Serialize)]
struct Made {
    #[serde(flatten)]
    made: Generated,
    /// Only with --print-private.
    #[serde(skip_serializing_if = "Option::is_none")]
    private_key: Option<String>,
    /// Where the private key was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    private_key_file: Option<PathBuf>,
}

impl Dkim {
    pub fn answer(self) -> Result<Answer, Fault> {
        let domain = generate::domain(&self.domain)?;
        if self.revoke || self.public_key.is_some() {
            let made = self.of_known(domain)?;
            return Answer::new(&made, &made, "", self.shape);
        }
        if self.out.is_none() && !self.print_private {
            let what = "where does the private key go? Name a file with --out, or say --print-private";
            return Err(Fault::caller("generate.dkim-nowhere", what));
        }
        let algorithm = match self.algorithm {
            Kind::Rsa => Algorithm::Rsa,
            Kind::Ed25519 => Algorithm::Ed25519,
        };
        let key = ops::new_dkim_key(&domain, &self.selector(), algorithm)?;
        if let Some(path) = &self.out {
            write_new(path, &key.private_pem())?;
        }
        let private_key = self.print_private.then(|| key.private_pem());
        let more = match (&self.out, &private_key) {
            (Some(path), _) => format!("The private key is in {}: readable by you alone.\n\n", path.display()),
            (None, Some(pem)) => format!("The private key, which is kept nowhere else:\n\n{pem}\n"),
            (None, None) => String::new(),
        };
        let made = Made { made: key.made, private_key, private_key_file: self.out.clone() };
        Answer::new(&made, &made.made, &more, self.shape)
    }

    /// The record of a key that is there, or of none.
    fn of_known(&self, domain: Domain) -> Result<Generated, Fault> {
        let key = match &self.public_key {
            Some(path) => Some(PublicKey::parse(&read(path)?)?),
            None => None,
        };
        let selector = match (&self.selector, &key) {
            (None, Some(PublicKey::Ed25519(_))) => dated('e'),
            (None, _) => dated('r'),
            (Some(selector), _) => selector.clone(),
        };
        let selector = generate::dkim::selector(&selector)?;
        Ok(generate::dkim::Dkim { domain, selector, key, testing: false, strict: false }.generate())
    }

    fn selector(&self) -> String {
        self.selector.clone().unwrap_or_else(|| match self.algorithm {
            Kind::Rsa => dated('r'),
            Kind::Ed25519 => dated('e'),
        })
    }
}

/// As the keys of our own domains are named.
fn dated(letter: char) -> String {
    format!("{letter}{}", SystemClock.now().day())
}

fn read(path: &Path) -> Result<String, Fault> {
    let text =
        if path == Path::new("-") { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(path) };
    text.map_err(|error| {
        let what = format!("reading the public key {}", path.display());
        Fault::new("file.unreadable", Blame::Operator, Retry::AfterChange).context(what).caused_by(error)
    })
}

/// A new file that only its owner reads.
fn write_new(path: &Path, text: &str) -> Result<(), Fault> {
    let opened = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match opened.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all())) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            let what =
                format!("{} is there already, and a key is never overwritten: name another file", path.display());
            Err(Fault::caller("file.exists", what))
        }
        Err(error) => {
            let what = format!("writing the private key to {}", path.display());
            Err(Fault::new("file.unwritable", Blame::Operator, Retry::AfterChange).context(what).caused_by(error))
        }
    }
}
