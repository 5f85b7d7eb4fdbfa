//! Faults of letters beyond ASCII. RFC 6531, RFC 5890 to 5893, UTS #39, UTS #46.

use super::{FaultKind, GMAIL_DOMAIN, GMAIL_UNICODE, kinds};
use crate::inspect::Severity;

kinds! {
    SMTPUTF8 = "address.needs-smtputf8", Warning, "RFC 6531 §3.3", "a local part that needs SMTPUTF8",
        "It is legal, and every server on the way must offer SMTPUTF8. There is no ASCII form of it: many receivers \
         cannot take the message at all.",
        [GMAIL_UNICODE];
    U_LABEL = "address.u-label", Note, "RFC 5890 §2.3.2.1", "a domain in its own letters",
        "DNS knows its xn-- form. Written so, the address needs no SMTPUTF8.", [];
    MAPPED = "address.domain-mapped", Warning, "RFC 5895 §2", "letters that stand for others in a domain",
        "Full-width or otherwise equivalent letters are mapped before the look-up by some programs and refused by others.",
        [];
    FULLWIDTH = "address.fullwidth", Error, "RFC 5321 §4.1.2", "full-width letters where ASCII is meant",
        "An Asian keyboard wrote it; only the ASCII @ and dot mean anything in an address.", [];
    BAD_U_LABEL = "address.bad-u-label", Error, "RFC 5891 §4", "a label that no domain may have",
        "Its letters are not permitted in international domain names, or stand in an order that is not.", [GMAIL_DOMAIN];
    BAD_A_LABEL = "address.bad-a-label", Error, "RFC 5890 §2.3.2.1", "xn-- with nothing valid behind it",
        "The label claims to be an international one in ASCII, and does not decode to one.", [GMAIL_DOMAIN];
    RESERVED_LABEL = "address.reserved-label", Warning, "RFC 5890 §2.3.1", "hyphens in the third and fourth place",
        "Such labels are reserved for extensions like xn--; no registry gives them out.", [];
    MIXED_SCRIPT = "address.mixed-script", Warning, "UTS #39 §5", "letters of several scripts in one word",
        "Latin mixed with Cyrillic or Greek is the classic lookalike; filters and browsers treat it as fraud.", [];
    LOOKALIKE = "address.lookalike", Warning, "UTS #39 §4", "looks like another name",
        "Every letter has an ASCII twin: people read another name than the one that is there.", [];
    NOT_COMPOSED = "address.not-composed", Warning, "RFC 6532 §3.1", "letters and marks that are not composed",
        "The same text can be written with other octets; servers compare octets. Use the composed form (NFC).", [];
    INVISIBLE = "address.invisible-letter", Error, "RFC 5892 §2, UTS #39 §3.1", "an invisible letter in the address",
        "Nobody sees it and two mailboxes look alike. It usually came in by copying from a web page or a document.",
        [GMAIL_UNICODE];
    UNSAFE = "address.unsafe-letter", Error, "RFC 5892 §2, UTS #39 §3.1", "a letter that no address should hold",
        "Blanks of other kinds, private letters and marks without a letter are refused by every careful server.",
        [GMAIL_UNICODE];
}
