//! Mails that are looked for. Each condition is a set of UIDs: what is cheap to know narrows what has to be read.

use rules::{Fault, id::MailboxId};
use syntax::Timestamp;

use crate::{
    FolderId, Store, Uids,
    describe::folded,
    entry::values_of,
    row::{Row, free_text, sql_made},
};

/// Mails whose words are looked through by one statement: none takes long, and others get their turn.
const MAILS_PER_SCAN: u32 = 5000;

/// What is looked for. RFC 9051 §6.4.4
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    /// Every one of these (all mails, when there are none).
    And(Vec<Search>),
    /// One of these.
    Or(Vec<Search>),
    /// Not this.
    Not(Box<Search>),
    /// These UIDs.
    Uids(Uids),
    /// A system flag: [`crate::Flags::SEEN`]…
    Flag(u8),
    /// A keyword, in any case.
    Keyword(String),
    /// Changed at this modseq or later.
    Modseq(i64),
    /// INTERNALDATE from the first moment to before the second.
    Internal(Option<Timestamp>, Option<Timestamp>),
    /// INTERNALDATE so many seconds ago or more, or less. RFC 5032
    Age {
        /// Or more.
        older: bool,
        /// How many.
        seconds: u32,
    },
    /// The day of the Date header, likewise.
    Sent(Option<Timestamp>, Option<Timestamp>),
    /// More octets than this.
    Larger(u64),
    /// Fewer octets than this.
    Smaller(u64),
    /// Words, in any case.
    Words(SearchIn, String),
    /// Words in a header field; the field alone when there are none.
    Header(String, String),
    /// EMAILID.
    Mail(String),
    /// THREADID.
    Thread(String),
}

/// Where words are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchIn {
    /// From.
    From,
    /// To.
    To,
    /// Cc.
    Cc,
    /// Bcc.
    Bcc,
    /// Subject.
    Subject,
    /// Body.
    Body,
    /// Header and body.
    Text,
}

impl Store {
    /// Which of these UIDs of a folder are meant.
    ///
    /// # Errors
    /// `store.*`
    pub async fn search(
        &self,
        mailbox: &MailboxId,
        folder: FolderId,
        among: &Uids,
        search: &Search,
    ) -> Result<Uids, Fault> {
        if search.reads_words() {
            self.describe_missing(Some(mailbox)).await?;
        }
        self.evaluate(folder, among.clone(), search).await
    }

    fn evaluate<'s>(
        &'s self,
        folder: FolderId,
        among: Uids,
        search: &'s Search,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<Uids, Fault>> + Send + 's>> {
        Box::pin(async move {
            if among.is_empty() {
                return Ok(among);
            }
            match search {
                Search::And(all) => self.evaluate_all(folder, among, all).await,
                Search::Or(any) => {
                    let mut found = Uids::default();
                    for one in any {
                        let rest = among.without(&found);
                        found = found.or(&self.evaluate(folder, rest, one).await?);
                    }
                    Ok(found)
                }
                Search::Not(inner) => {
                    let found = self.evaluate(folder, among.clone(), inner).await?;
                    Ok(among.without(&found))
                }
                Search::Uids(uids) => Ok(among.and(uids)),
                Search::Words(place, text) => self.scan(folder, among, &words(*place), &folded(text)).await,
                Search::Header(name, text) => self.scan_header(folder, among, name, text).await,
                _ => self.narrow(folder, among, &[search]).await,
            }
        })
    }

    /// Sets first, then everything that one look at the entries can tell, then what is made of others, then words.
    async fn evaluate_all(&self, folder: FolderId, mut among: Uids, all: &[Search]) -> Result<Uids, Fault> {
        let told: Vec<&Search> = all.iter().filter(|one| one.rank() == 1).collect();
        for uids in all.iter().filter(|one| one.rank() == 0) {
            among = self.evaluate(folder, among, uids).await?;
        }
        if !told.is_empty() && !among.is_empty() {
            among = self.narrow(folder, among, &told).await?;
        }
        for rank in 2..=3 {
            for one in all.iter().filter(|one| one.rank() == rank) {
                among = self.evaluate(folder, among, one).await?;
            }
        }
        Ok(among)
    }

    /// What the columns of an entry and its mail tell.
    async fn narrow(&self, folder: FolderId, among: Uids, all: &[&Search]) -> Result<Uids, Fault> {
        let mut texts = Vec::new();
        let now = self.clock().now();
        let conditions: Vec<String> = all.iter().map(|one| one.condition(now, &mut texts)).collect();
        let needs = |table: &str| conditions.iter().any(|condition| condition.contains(table));
        let mut joins = String::new();
        if needs("m.") {
            joins.push_str(" JOIN mail m ON m.id = e.mail");
        }
        if needs("k.") {
            joins.push_str(" LEFT JOIN mail_kept k ON k.mail = e.mail");
        }
        let mut found = Uids::default();
        for values in values_of(&among) {
            // As in `Store::uids`: ranges come out, not every UID.
            let query = format!(
                "SELECT MIN(uid) AS first_uid, MAX(uid) AS last_uid FROM \
                 (SELECT e.uid, e.uid - ROW_NUMBER() OVER (ORDER BY e.uid) AS place FROM ({values}) AS r \
                 JOIN entry e ON e.folder = {} AND e.uid BETWEEN r.column1 AND r.column2{joins} WHERE {}) AS placed \
                 GROUP BY place ORDER BY 1",
                folder.0,
                conditions.join(" AND ")
            );
            let query = sql_made(query).persistent(false);
            let query = texts.iter().fold(query, |query, text: &String| query.bind(text.clone()));
            let rows = self.rows("search", query).await?;
            let range = |row: &Row| Ok::<_, Fault>((row.count("first_uid")?, row.count("last_uid")?));
            found = found.or(&Uids::new(rows.iter().map(range).collect::<Result<Vec<_>, _>>()?));
        }
        Ok(found)
    }

    /// Words in columns of `mail_text`.
    async fn scan(&self, folder: FolderId, among: Uids, condition: &str, text: &str) -> Result<Uids, Fault> {
        let rows = self.scanned(folder, among, "", condition, &[pattern(text)]).await?;
        rows.iter().map(|row| row.count("uid")).collect()
    }

    /// Words in one field: what may hold them is read, and looked at line by line.
    async fn scan_header(&self, folder: FolderId, among: Uids, name: &str, text: &str) -> Result<Uids, Fault> {
        let (name, text) = (format!("{}:", folded(name.trim())), folded(text));
        let condition = "t.header LIKE $1 ESCAPE '!' AND t.header LIKE $2 ESCAPE '!'";
        let rows = self.scanned(folder, among, ", t.header", condition, &[pattern(&name), pattern(&text)]).await?;
        let mut found = Uids::default();
        for row in rows {
            let header = row.text("header")?;
            let mut values = header.lines().filter_map(|line| line.strip_prefix(name.as_str()));
            if values.any(|value| value.contains(text.as_str())) {
                found.push(row.count("uid")?);
            }
        }
        Ok(found)
    }

    async fn scanned(
        &self,
        folder: FolderId,
        mut among: Uids,
        columns: &str,
        condition: &str,
        patterns: &[String],
    ) -> Result<Vec<Row>, Fault> {
        let mut found = Vec::new();
        while !among.is_empty() {
            let (some, rest) = among.split(MAILS_PER_SCAN);
            among = rest;
            for values in values_of(&some) {
                let query = format!(
                    "SELECT e.uid{columns} FROM ({values}) AS r JOIN entry e ON e.folder = {} \
                     AND e.uid BETWEEN r.column1 AND r.column2 JOIN mail_text t ON t.mail = e.mail \
                     WHERE {condition} ORDER BY e.uid",
                    folder.0
                );
                let query = sql_made(query).persistent(false);
                let query = patterns.iter().fold(query, |query, pattern| query.bind(pattern.clone()));
                found.extend(self.rows("search words", query).await?);
            }
        }
        Ok(found)
    }
}

impl Search {
    /// Whether descriptions are read.
    fn reads_words(&self) -> bool {
        match self {
            Self::And(some) | Self::Or(some) => some.iter().any(Self::reads_words),
            Self::Not(inner) => inner.reads_words(),
            Self::Words(..) | Self::Header(..) | Self::Sent(..) | Self::Thread(_) => true,
            _ => false,
        }
    }

    /// What it costs: 0 nothing, 1 a look at the entries, 2 what it is made of, 3 reading words.
    fn rank(&self) -> u8 {
        match self {
            Self::Uids(_) => 0,
            Self::And(some) | Self::Or(some) => some.iter().map(Self::rank).max().unwrap_or(0).max(2),
            Self::Not(inner) => inner.rank().max(2),
            Self::Words(..) | Self::Header(..) => 3,
            _ => 1,
        }
    }

    /// As SQL over `e`, `m` and `k`; texts are bound, numbers written.
    fn condition(&self, now: Timestamp, texts: &mut Vec<String>) -> String {
        let mut bound = |text: String| {
            texts.push(text);
            format!("${}", texts.len())
        };
        match self {
            Self::Flag(bit) => format!("(e.flags & {bit}) <> 0"),
            Self::Keyword(word) => {
                let mark = bound(pattern(&format!(" {} ", word.to_ascii_lowercase())));
                format!("LOWER(e.keywords) LIKE {mark} ESCAPE '!'")
            }
            Self::Modseq(modseq) => format!("e.modseq >= {modseq}"),
            Self::Internal(from, before) => between("e.internal_at", *from, *before),
            Self::Age { older, seconds } => {
                let than = now.micros().saturating_sub(i64::from(*seconds).saturating_mul(1_000_000));
                format!("e.internal_at {} {than}", if *older { "<=" } else { ">=" })
            }
            Self::Sent(from, before) => between("k.sent_at", *from, *before),
            Self::Larger(octets) => format!("e.octets > {octets}"),
            Self::Smaller(octets) => format!("e.octets < {octets}"),
            Self::Mail(id) => format!("e.mail = {}", bound(free_text(id))),
            Self::Thread(id) => format!("m.thread = {}", bound(free_text(id))),
            // Of these `evaluate` makes sets.
            Self::And(_) | Self::Or(_) | Self::Not(_) | Self::Uids(_) | Self::Words(..) | Self::Header(..) => {
                "1 = 1".to_owned()
            }
        }
    }
}

fn between(column: &str, from: Option<Timestamp>, before: Option<Timestamp>) -> String {
    let from = from.map(|from| format!("{column} >= {}", from.micros()));
    let before = before.map(|before| format!("{column} < {}", before.micros()));
    match (from, before) {
        (Some(from), Some(before)) => format!("({from} AND {before})"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => "1 = 1".to_owned(),
    }
}

fn words(place: SearchIn) -> String {
    let column = |name: &str| format!("t.{name} LIKE $1 ESCAPE '!'");
    match place {
        SearchIn::From => column("sender"),
        SearchIn::To => column("recipient"),
        SearchIn::Cc => column("cc"),
        SearchIn::Bcc => column("bcc"),
        SearchIn::Subject => column("subject"),
        SearchIn::Body => column("body"),
        SearchIn::Text => format!("({} OR {})", column("header"), column("body")),
    }
}

/// Holds this text.
fn pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for letter in text.chars() {
        if "!%_".contains(letter) {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}
