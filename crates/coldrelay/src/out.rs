//! What people and programs read: data to stdout, talk to stderr, human tables or JSON.

use std::io::{BufWriter, IsTerminal as _, Write as _};

use comfy_table::{ContentArrangement, Table, presets};

/// How a command answers.
#[derive(Debug, Clone, Copy)]
pub struct Out {
    /// JSON instead of tables.
    pub json: bool,
    /// No talk on stderr.
    pub quiet: bool,
}

impl Out {
    /// The answer: `human` makes it for people.
    pub fn answer<T: serde::Serialize>(self, value: &T, human: impl FnOnce(&T) -> String) {
        if !self.json {
            return write(&human(value));
        }
        match serde_json::to_string_pretty(value) {
            Ok(text) => write(&text),
            Err(error) => talk(&format!("the answer cannot be written as JSON: {error}")),
        }
    }

    /// One line of JSON, for programs that read line by line.
    pub fn json_line<T: serde::Serialize>(self, value: &T) {
        if let Ok(text) = serde_json::to_string(value) {
            write(&text);
        }
    }

    /// Many lines of JSON: written through one buffer.
    pub fn batch(self) -> Batch {
        Batch { stdout: BufWriter::with_capacity(256 * 1024, std::io::stdout()) }
    }

    /// Text as it is, whether JSON is asked for or not.
    pub fn text(self, text: &str) {
        write(text);
    }

    /// How much is done, as a bar on a terminal; nothing elsewhere.
    pub fn progress(self, done: usize, all: usize) {
        const CELLS: usize = 30;
        let mut stderr = anstream::stderr().lock();
        if self.quiet || !std::io::stderr().is_terminal() {
            return;
        }
        let filled = CELLS * done.min(all) / all.max(1);
        let bar = format!("{}{}", "#".repeat(filled), "-".repeat(CELLS - filled));
        let end = if done >= all { "\n" } else { "" };
        let _ = write!(stderr, "\r[{bar}] {done} of {all}{end}");
        let _ = stderr.flush();
    }

    /// What is being done: for people who wait.
    pub fn talk(self, text: &str) {
        if !self.quiet {
            talk(text);
        }
    }
}

/// Lines of JSON for programs.
pub struct Batch {
    stdout: BufWriter<std::io::Stdout>,
}

impl Batch {
    /// One line.
    pub fn line<T: serde::Serialize>(&mut self, value: &T) {
        // A reader that has gone away is no error.
        if serde_json::to_writer(&mut self.stdout, value).is_ok() {
            let _ = self.stdout.write_all(b"\n");
        }
    }

    /// Writes what is left.
    pub fn end(mut self) {
        let _ = self.stdout.flush();
    }
}

/// A table of rows below headers; it fits the terminal, and is as wide as it must be elsewhere.
pub fn table(headers: &[&str], rows: Vec<Vec<String>>) -> String {
    if rows.is_empty() {
        return String::from("nothing");
    }
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY).set_header(headers.to_vec());
    if std::io::stdout().is_terminal() {
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    for row in rows {
        table.add_row(row);
    }
    table.to_string()
}

/// A reader that has gone away (`| head`) is no error.
fn write(text: &str) {
    let mut stdout = anstream::stdout().lock();
    let _ = writeln!(stdout, "{}", text.trim_end_matches('\n'));
    let _ = stdout.flush();
}

/// Talk.
pub fn talk(text: &str) {
    let _ = writeln!(anstream::stderr().lock(), "{text}");
}
