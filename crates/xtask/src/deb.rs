//! `cargo xtask deb`: a Debian package from a binary that is there, by `dpkg-deb` over a staged tree.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

/// What is packed.
#[derive(Debug, Clone)]
pub struct Deb {
    /// The root of the repository.
    pub root: PathBuf,
    /// The program.
    pub binary: PathBuf,
    /// Where the tree is staged, and the package is written.
    pub out: PathBuf,
    /// Pack it quickly and large, for a test.
    pub quick: bool,
}

/// Documents that go with it.
const DOCS: [&str; 4] = ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"];

impl Deb {
    /// Builds it; the path of the package.
    ///
    /// # Errors
    /// What could not be read, written or run.
    pub fn build(&self) -> Result<PathBuf, String> {
        let architecture = said(Command::new("dpkg").arg("--print-architecture"))?;
        let version = self.version()?;
        let tree = self.out.join("tree");
        if tree.exists() {
            fs::remove_dir_all(&tree).map_err(|error| format!("{}: {error}", tree.display()))?;
        }
        self.stage(&tree)?;
        let control = self.control(&tree, &version, &architecture)?;
        write(&tree.join("DEBIAN/control"), control.as_bytes(), 0o644)?;
        write(&tree.join("DEBIAN/conffiles"), b"/etc/coldrelay/coldrelay.toml\n", 0o644)?;
        let package = self.out.join(format!("coldrelay_{version}_{architecture}.deb"));
        let packing: &[&str] = if self.quick { &["-Zgzip", "-z1"] } else { &["-Zxz"] };
        let mut build = Command::new("dpkg-deb");
        said(build.args(packing).args(["--root-owner-group", "--build"]).arg(&tree).arg(&package))?;
        Ok(package)
    }

    /// `coldrelay 0.1.0`
    fn version(&self) -> Result<String, String> {
        let said = said(Command::new(&self.binary).arg("--version"))?;
        let version = said.split_whitespace().nth(1).map(str::to_owned);
        version.ok_or_else(|| format!("{} says no version: {said}", self.binary.display()))
    }

    fn stage(&self, tree: &Path) -> Result<(), String> {
        let packaging = self.root.join("packaging");
        let program = tree.join("usr/bin/coldrelay");
        write(&program, b"", 0o755)?;
        // Of binutils, which the compiler needs too. What is for a debugger is left behind.
        said(Command::new("strip").args(["--strip-debug", "-o"]).arg(&program).arg(&self.binary))?;
        copy(&packaging.join("coldrelay.service"), &tree.join("usr/lib/systemd/system/coldrelay.service"), 0o644)?;
        write(&tree.join("etc/coldrelay/coldrelay.toml"), self.configuration()?.as_bytes(), 0o640)?;
        for script in ["postinst", "prerm", "postrm"] {
            copy(&packaging.join("debian").join(script), &tree.join("DEBIAN").join(script), 0o755)?;
        }
        let doc = tree.join("usr/share/doc/coldrelay");
        for name in DOCS {
            copy(&self.root.join(name), &doc.join(name), 0o644)?;
        }
        let docs = self.root.join("docs");
        for file in fs::read_dir(&docs).map_err(|error| format!("{}: {error}", docs.display()))?.flatten() {
            copy(&file.path(), &doc.join(file.file_name()), 0o644)?;
        }
        write(&doc.join("copyright"), COPYRIGHT.as_bytes(), 0o644)?;
        for (shell, place) in [
            ("bash", "usr/share/bash-completion/completions/coldrelay"),
            ("zsh", "usr/share/zsh/vendor-completions/_coldrelay"),
            ("fish", "usr/share/fish/vendor_completions.d/coldrelay.fish"),
        ] {
            let script = said(Command::new(&self.binary).args(["completions", shell]))?;
            write(&tree.join(place), format!("{script}\n").as_bytes(), 0o644)?;
        }
        Ok(())
    }

    /// The sample of this very program, with the data where the unit has them.
    fn configuration(&self) -> Result<String, String> {
        const OWN: &str = "#data_dir = \"coldrelay-data\"";
        let sample = said(Command::new(&self.binary).args(["config", "describe"]))?;
        if !sample.contains(OWN) {
            return Err(String::from("the sample does not have the data folder as it is expected"));
        }
        Ok(format!("{}\n", sample.replace(OWN, "data_dir = \"/var/lib/coldrelay\"")))
    }

    fn control(&self, tree: &Path, version: &str, architecture: &str) -> Result<String, String> {
        let program = tree.join("usr/bin/coldrelay");
        let symbols = said(Command::new("objdump").arg("-T").arg(&program))?;
        let glibc = newest_glibc(&symbols).ok_or("the binary names no version of glibc: is it a Linux program?")?;
        let size = installed_size(tree)?;
        Ok(format!(
            "Package: coldrelay\nVersion: {version}\nArchitecture: {architecture}\nSection: mail\nPriority: optional\n\
             Maintainer: The ColdRelay developers <maintainers@coldrelay.invalid>\nInstalled-Size: {size}\n\
             Depends: libc6 (>= {glibc}), libgcc-s1, passwd\nSuggests: postgresql, unbound\n\
             Description: mail system for one-to-one business mail from domains of your own\n \
             Provisions sending domains, takes submissions, relays them through each domain's own IP,\n \
             receives replies and bounces, serves the mailboxes over IMAP, and explains every refusal.\n"
        ))
    }
}

const COPYRIGHT: &str = "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\
Upstream-Name: ColdRelay\n\nFiles: *\nCopyright: the ColdRelay developers\nLicense: MIT or Apache-2.0\n \
See LICENSE-MIT and LICENSE-APACHE in this folder.\n";

/// The greatest `GLIBC_2.n` that the symbols ask for: the package needs at least that.
fn newest_glibc(symbols: &str) -> Option<String> {
    let minors = symbols.match_indices("GLIBC_2.").filter_map(|(at, name)| {
        let rest = symbols.get(at + name.len()..)?;
        rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse::<u32>().ok()
    });
    minors.max().map(|minor| format!("2.{minor}"))
}

/// In KiB, as Debian counts.
fn installed_size(folder: &Path) -> Result<u64, String> {
    let mut size = 0;
    for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?.flatten() {
        let about = entry.metadata().map_err(|error| format!("{}: {error}", entry.path().display()))?;
        size += if about.is_dir() { installed_size(&entry.path())? + 1 } else { about.len().div_ceil(1024) };
    }
    Ok(size)
}

fn copy(from: &Path, to: &Path, mode: u32) -> Result<(), String> {
    let octets = fs::read(from).map_err(|error| format!("{}: {error}", from.display()))?;
    write(to, &octets, mode)
}

fn write(path: &Path, octets: &[u8], mode: u32) -> Result<(), String> {
    let write = || {
        if let Some(above) = path.parent() {
            fs::create_dir_all(above)?;
            fs::set_permissions(above, fs::Permissions::from_mode(0o755))?;
        }
        fs::write(path, octets)?;
        fs::set_permissions(path, fs::Permissions::from_mode(mode))
    };
    let written: std::io::Result<()> = write();
    written.map_err(|error| format!("{}: {error}", path.display()))
}

/// What a command says, when it ends well.
fn said(command: &mut Command) -> Result<String, String> {
    let shown = format!("{command:?}");
    let output = command.output().map_err(|error| format!("{shown}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{shown}: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_that_is_asked_for_is_the_one_that_is_needed() {
        assert_eq!(newest_glibc("(GLIBC_2.2.5) read\n(GLIBC_2.34) x (GLIBC_2.9)").as_deref(), Some("2.34"));
        assert_eq!(newest_glibc("nothing"), None);
    }

    /// No engine runs where this is tested: what can be said of the text is.
    #[test]
    fn the_container_file_runs_without_root_and_names_what_is_there() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let text = fs::read_to_string(root.join("packaging/Containerfile")).unwrap();
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.starts_with('#')).collect();
        let place = |start: &str| {
            lines.iter().rposition(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no {start}"))
        };
        assert!(
            place("FROM ") < place("RUN ") && place("RUN ") < place("USER ") && place("USER ") < place("ENTRYPOINT ")
        );
        let user = lines[place("USER ")];
        assert!(user.split([' ', ':']).skip(1).all(|id| id.parse::<u32>().is_ok_and(|id| id > 0)), "{user}");
        for line in lines.iter().filter(|line| line.starts_with("FROM ")) {
            let image = line.split_whitespace().nth(1).unwrap();
            assert!(image.rsplit_once(':').is_some_and(|(_, tag)| tag != "latest"), "{line} names no version");
        }
        assert!(!lines.iter().any(|line| line.starts_with("ADD ")), "ADD fetches and unpacks by itself");
        for line in lines.iter().filter(|line| line.starts_with("COPY ") && !line.contains("--from=")) {
            let from = line.split_whitespace().nth(1).unwrap();
            assert!(root.join(from).exists(), "{line}: {from} is not there");
        }
        let profile = fs::read_to_string(root.join("Cargo.toml")).unwrap();
        assert!(profile.contains("[profile.dist]"), "the profile that it builds with");
        let rust = profile.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap().trim_matches('"');
        assert!(text.contains(&format!("rust:{rust}")), "the version of Rust is not {rust}");
    }
}
