//! Why a report cannot be read.

/// Why a report cannot be read. [`Problem::id`] is stable, [`std::fmt::Display`] is for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// It unpacks to more octets than are taken.
    TooLarge {
        /// The bound, in octets.
        limit: usize,
    },
    /// It unpacks to so many times its size that it was made to burst.
    Bomb {
        /// The bound: unpacked octets for each packed one.
        ratio: usize,
    },
    /// An archive in an archive in an archive.
    PackedTooOften,
    /// The packing is broken, or of a method that no reporter uses.
    Packing(&'static str),
    /// XML that declares entities or a document type of its own.
    Entities,
    /// XML nested deeper than any report.
    TooDeep,
    /// More records than are read.
    TooManyRecords {
        /// The bound.
        limit: usize,
    },
    /// It breaks the grammar of its format.
    Syntax(String),
    /// A well-formed document that is no report, or says nothing that can be counted.
    NoReport(&'static str),
}

impl Problem {
    /// Stable public id: `report.bomb`.
    pub fn id(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "report.too-large",
            Self::Bomb { .. } => "report.bomb",
            Self::PackedTooOften => "report.packed-too-often",
            Self::Packing(_) => "report.packing",
            Self::Entities => "report.entities",
            Self::TooDeep => "report.too-deep",
            Self::TooManyRecords { .. } => "report.too-many-records",
            Self::Syntax(_) => "report.syntax",
            Self::NoReport(_) => "report.no-report",
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLarge { limit } => write!(f, "it unpacks to more than {limit} octets"),
            Self::Bomb { ratio } => write!(f, "it unpacks to more than {ratio} times its size: a decompression bomb"),
            Self::PackedTooOften => f.write_str("an archive holds an archive that holds an archive"),
            Self::Packing(what) => write!(f, "the packing cannot be undone: {what}"),
            Self::Entities => f.write_str("the XML declares entities, which no report needs"),
            Self::TooDeep => f.write_str("the XML is nested deeper than any report"),
            Self::TooManyRecords { limit } => write!(f, "it holds more than {limit} records"),
            Self::Syntax(what) => write!(f, "it cannot be read: {what}"),
            Self::NoReport(what) => write!(f, "it is no report: {what}"),
        }
    }
}
