//! Faults of any text: octets, line ends, what is not closed.

use super::{FaultKind, GMAIL_MALFORMED, GMAIL_NO_ADDRESS, GMAIL_UNICODE, MICROSOFT_FROM, YAHOO_HEADERS, kinds};
use crate::inspect::Severity;

kinds! {
    EMPTY = "text.empty", Error, "RFC 5322 §3.6.2", "nothing is there",
        "A message has exactly one From field with at least one address; an empty template variable is the usual reason.",
        [GMAIL_NO_ADDRESS, MICROSOFT_FROM];
    TOO_LONG = "text.too-long", Error, "RFC 5322 §2.1.1", "longer than anything that is looked at",
        "No receiver takes a header field of that size; most stop at a few thousand octets.", [];
    NOT_UTF8 = "text.not-utf8", Error, "RFC 6532 §3.1", "octets that are no UTF-8",
        "Raw octets of another charset (Latin-1, Windows-1252) show as garbage or get the message refused. Write the name \
         as an encoded word.",
        [GMAIL_UNICODE, YAHOO_HEADERS];
    CONTROL = "text.control", Error, "RFC 5322 §3.2.1", "a control character",
        "Control characters were tolerated long ago, nobody may write them now, and filters take them for an attack.",
        [GMAIL_MALFORMED];
    BARE_CR = "text.bare-cr", Error, "RFC 5322 §2.2", "a carriage return without a line feed",
        "Some programs take it for a line end and some do not; whoever sends it can be made to say two things at once.",
        [GMAIL_MALFORMED];
    BARE_LF = "text.bare-lf", Warning, "RFC 5322 §2.2", "a line feed without a carriage return",
        "Files have it so; on the wire every line ends in CRLF, and a bare LF gets the message refused.", [];
    UNCLOSED_QUOTE = "text.unclosed-quote", Error, "RFC 5322 §3.2.4", "this quote is not closed",
        "Everything behind it, the address too, belongs to the quoted text, so that no address is left.",
        [GMAIL_NO_ADDRESS, MICROSOFT_FROM];
    UNCLOSED_COMMENT = "text.unclosed-comment", Error, "RFC 5322 §3.2.2", "this parenthesis is not closed",
        "A parenthesis begins a comment; without its end the comment swallows the rest, the address too.",
        [GMAIL_NO_ADDRESS, MICROSOFT_FROM];
    UNCLOSED_LITERAL = "text.unclosed-literal", Error, "RFC 5322 §3.4.1", "this bracket is not closed",
        "A square bracket begins an address literal; in a name it has to stand in quotes.", [];
    STRAY_PARENTHESIS = "text.stray-parenthesis", Error, "RFC 5322 §3.2.2", "a closing parenthesis that closes nothing",
        "Parentheses make comments and come in pairs; one that belongs to a name has to stand in quotes.",
        [GMAIL_MALFORMED];
}
