//! Faults of an address. RFC 5321 §4.1.2, §4.5.3.1; RFC 5322 §3.4.1.

use super::{
    FaultKind, GMAIL_DOMAIN, GMAIL_ENCODED, GMAIL_NO_ADDRESS, GMAIL_SENDER, MICROSOFT_FROM, YAHOO_DOMAIN, YAHOO_ODD,
    kinds,
};
use crate::inspect::Severity;

kinds! {
    NO_AT = "address.no-at", Error, "RFC 5321 §4.1.2", "there is no @ between local part and domain",
        "Without an @ nobody can tell the mailbox from the domain; mail from it cannot be answered or judged.",
        [GMAIL_NO_ADDRESS, MICROSOFT_FROM];
    TWO_ATS = "address.two-ats", Error, "RFC 5321 §4.1.2", "more than one @",
        "Only one @ may stand outside quotes. Programs disagree which one counts, so filters refuse it.", [GMAIL_SENDER];
    SPELLED_AT = "address.spelled-at", Error, "RFC 5321 §4.1.2", "an @ that is spelled out",
        "It was written so that robots cannot read it. They cannot, and neither can a mail server.", [];
    SEVERAL = "address.several", Error, "RFC 5321 §4.1.2", "more than one address where one is asked for",
        "A bare address is one mailbox; a list belongs into a header field.", [];
    NOT_BARE = "address.not-bare", Error, "RFC 5321 §4.1.2", "a name before the address",
        "This is a mailbox as a header shows it; the bare address is what stands in the angle brackets.", [];
    BRACKETS = "address.brackets", Error, "RFC 5321 §4.1.2", "angle brackets around the address",
        "The brackets belong to the header or the SMTP command, not to the address.", [];
    MAILTO = "address.mailto", Error, "RFC 6068 §2", "a link (`mailto:`) instead of an address",
        "`mailto:` belongs into links; in an address the colon is not even a permitted letter.", [GMAIL_NO_ADDRESS];
    ROUTE = "address.route", Error/Warning, "RFC 5322 §4.4", "an obsolete source route",
        "Routes (`@relay,@relay:ann@example.com`) are discouraged since 1989 (RFC 1123); today they smell of relaying.", [];
    COMMENT = "address.comment", Error/Warning, "RFC 5322 §3.2.2", "a comment inside the address",
        "Comments stand in header fields only, never in an address as SMTP sends it, and many programs stumble over them.",
        [];
    SPACE = "address.space", Error/Warning, "RFC 5322 §3.4.1", "blanks around or in the address",
        "A header field tolerates blanks at the ends and around the @; an address as SMTP sends it has none.", [];
    OBSOLETE_SPACE = "address.obsolete-space", Error/Warning, "RFC 5322 §4.4", "blanks around a dot (obsolete)",
        "That was allowed until 2001; nobody may write it now, though receivers should still read it.", [];
    LINE_BREAK = "address.line-break", Error/Warning, "RFC 5322 §2.2.3", "a line break in the address",
        "A line break may fold a header field; in an address it is an error, and a way to smuggle in commands.", [];
    LOCAL_EMPTY = "address.local-empty", Error, "RFC 5321 §4.1.2", "nothing before the @",
        "The local part names the mailbox and has at least one letter.", [GMAIL_SENDER];
    LOCAL_LEADING_DOT = "address.local-leading-dot", Error, "RFC 5322 §3.2.3", "a dot at the start of the local part",
        "Dots stand between letters only, unless the whole local part is quoted.", [GMAIL_SENDER];
    LOCAL_TRAILING_DOT = "address.local-trailing-dot", Error, "RFC 5322 §3.2.3", "a dot right before the @",
        "Dots stand between letters only, unless the whole local part is quoted.", [GMAIL_SENDER];
    LOCAL_DOUBLE_DOT = "address.local-double-dot", Error, "RFC 5322 §3.2.3", "two dots in a row",
        "Dots stand between letters only. Some Japanese carriers gave such addresses away; few others take them.",
        [GMAIL_SENDER];
    LOCAL_LETTER = "address.local-letter", Error, "RFC 5322 §3.2.3", "a letter that the local part may hold in quotes only",
        "Outside quotes the local part holds letters, digits, dots and !#$%&'*+-/=?^_`{|}~.", [GMAIL_SENDER];
    LOCAL_SPACE = "address.local-space", Error, "RFC 5322 §3.2.3", "a blank inside the local part",
        "A blank ends an address. Either the brackets around the address are missing or the blank is a slip.",
        [GMAIL_SENDER];
    LOCAL_TOO_LONG = "address.local-too-long", Error, "RFC 5321 §4.5.3.1.1", "a local part longer than 64 octets",
        "Servers refuse longer ones, counted in octets and with the quotes.", [];
    BACKSLASH = "address.backslash", Error, "RFC 5322 §3.2.1", "a backslash outside quotes",
        "Since 2001 a backslash protects a letter inside quotes only; RFC 3696 had it wrong and was corrected (erratum 246).",
        [];
    MIXED_QUOTES = "address.mixed-quotes", Error, "RFC 5321 §4.1.2", "quotes around a piece of the local part",
        "The local part is quoted as a whole or not at all.", [];
    OBSOLETE_LOCAL = "address.obsolete-local", Error/Warning, "RFC 5322 §4.4", "quoted pieces between dots (obsolete)",
        "That was allowed until 2001. SMTP knows a local part quoted as a whole or not at all.", [];
    QUOTED_LETTER = "address.quoted-letter", Error, "RFC 5321 §4.1.2", "a letter that may not stand even in quotes",
        "In quotes SMTP takes printable ASCII and the blank, and with SMTPUTF8 other letters without a backslash.", [];
    QUOTED_LOCAL = "address.quoted-local", Warning, "RFC 5321 §4.1.2", "a quoted local part",
        "It is legal, and a server that makes such mailboxes should not exist: web forms and filters refuse it.",
        [YAHOO_ODD];
    NEEDLESS_QUOTES = "address.needless-quotes", Warning, "RFC 5321 §4.1.2", "quotes that are not needed",
        "With and without quotes it is the same mailbox; many programs do not know that. Leave the quotes out.", [];
    EMPTY_QUOTES = "address.empty-quotes", Warning, "RFC 5321 §4.1.2", "an empty local part in quotes",
        "The grammar allows it, no provider does.", [];
    ODD_LETTER = "address.odd-letter", Warning, "RFC 5321 §4.1.2", "a letter that is legal and widely refused",
        "Servers once used such letters for routes and pipes, so filters and web forms refuse them.", [YAHOO_ODD];
    LEADING_HYPHEN = "address.leading-hyphen", Warning, "Postfix: allow_min_user", "a hyphen at the start",
        "It is legal, and Postfix refuses it unless told otherwise, because commands would read it as an option.", [];
    ENCODED_LOCAL = "address.encoded-word", Warning, "RFC 2047 §5", "an encoded word inside the address",
        "Encoded words are not read in addresses: the mailbox would be called literally so. Only the name is encoded.",
        [GMAIL_ENCODED];
    NO_REPLY = "address.no-reply", Note, "Microsoft, 2025-05: From must be able to receive", "a no-reply mailbox",
        "From has to be an address that can receive; one-to-one mail that nobody can answer is reported sooner.", [];
    TOO_LONG_ADDRESS = "address.too-long", Error, "RFC 5321 §4.5.3.1.3", "an address longer than 254 octets",
        "A path has 256 octets with its angle brackets (RFC 3696, erratum 1690).", [];
    DOMAIN_EMPTY = "address.domain-empty", Error, "RFC 5321 §4.1.2", "nothing behind the @",
        "The domain says where the mailbox is, and DMARC judges it.", [GMAIL_NO_ADDRESS, GMAIL_DOMAIN];
    DOMAIN_EMPTY_LABEL = "address.domain-empty-label", Error, "RFC 5321 §2.3.5", "an empty label in the domain",
        "Dots stand between labels: no two in a row, none at the start.", [GMAIL_DOMAIN];
    DOMAIN_TRAILING_DOT = "address.domain-trailing-dot", Error, "RFC 5321 §2.3.5", "a dot at the end of the domain",
        "In DNS the last dot stands for the root; in mail it is not written.", [GMAIL_DOMAIN];
    DOMAIN_TOO_LONG = "address.domain-too-long", Error, "RFC 1035 §2.3.4", "a domain longer than 253 octets",
        "DNS cannot hold such a name.", [];
    LABEL_TOO_LONG = "address.label-too-long", Error, "RFC 1035 §2.3.4", "a label longer than 63 octets",
        "DNS cannot hold such a label; other letters than ASCII count as their xn-- form.", [];
    HYPHEN = "address.domain-hyphen", Error, "RFC 5321 §4.1.2", "a hyphen at the rim of a label",
        "A label begins and ends with a letter or digit.", [GMAIL_DOMAIN];
    DOMAIN_LETTER = "address.domain-letter", Error, "RFC 5321 §4.1.2", "a letter that no domain may hold",
        "A domain in mail is made of letters, digits, hyphens and dots.", [GMAIL_DOMAIN];
    UNDERSCORE = "address.underscore", Error, "RFC 5321 §4.1.2", "an underscore in the domain",
        "DNS holds such names for records like _dmarc; a mail domain or host may not have one.", [GMAIL_DOMAIN];
    DOMAIN_SPACE = "address.domain-space", Error, "RFC 5321 §4.1.2", "a blank inside the domain",
        "A blank ends the address.", [GMAIL_DOMAIN];
    DOMAIN_COMMA = "address.domain-comma", Error, "RFC 5321 §4.1.2", "a comma in the domain",
        "It is a slip for a dot; in a header a comma begins the next address.", [GMAIL_DOMAIN];
    NO_DOT = "address.no-dot", Warning, "RFC 5321 §2.3.5", "a domain without a dot",
        "The grammar allows a single label. Dotless domains hardly ever work (RFC 7085), and a host name alone means \
         nothing outside its network.",
        [YAHOO_DOMAIN];
    NUMERIC_TLD = "address.numeric-tld", Warning, "RFC 3696 §2", "a top-level domain of digits",
        "No such top-level domain exists or ever will, so that names are told from IP addresses.", [YAHOO_DOMAIN];
    BARE_IP = "address.ip-without-brackets", Warning, "RFC 5321 §4.1.3", "an IP address without brackets",
        "Read as a domain it has a top-level domain of digits, which does not exist. A literal stands in brackets.",
        [YAHOO_DOMAIN];
    RESERVED_TLD = "address.reserved-tld", Warning, "RFC 6761 §6", "a name that is never in public DNS",
        "Such names work inside one network at most; mail from them cannot be answered.", [YAHOO_DOMAIN];
    EXAMPLE_DOMAIN = "address.example-domain", Note, "RFC 2606 §2, §3", "a domain for examples and tests",
        "It is reserved for documents and tests and receives no mail.", [];
    LITERAL = "address.literal", Warning, "RFC 5321 §4.1.3", "an address literal instead of a domain",
        "It is legal for reaching a postmaster by IP; there is no DMARC for it, and nearly everybody refuses it in From.",
        [GMAIL_DOMAIN];
    LITERAL_IPV4 = "address.literal-ipv4", Error, "RFC 5321 §4.1.3", "no IPv4 address in the brackets",
        "Brackets hold four numbers up to 255, or IPv6: with an address.", [GMAIL_DOMAIN];
    LITERAL_IPV6 = "address.literal-ipv6", Error, "RFC 5321 §4.1.3", "no IPv6 address behind IPv6:",
        "Eight groups of hexadecimal digits, or fewer with one :: that stands for two or more.", [GMAIL_DOMAIN];
    LITERAL_TAG = "address.literal-tag", Error, "RFC 5321 §4.1.3", "a literal with an unknown tag",
        "IPv6 is the only tag that is registered (IANA address-literal-tags).", [GMAIL_DOMAIN];
}
