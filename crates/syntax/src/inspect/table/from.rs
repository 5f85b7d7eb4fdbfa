//! Faults of a From field: its frame, its mailboxes, its names. RFC 5322 §3.4, §3.6.2; RFC 2047; RFC 6854.

use super::{
    FaultKind, GMAIL_ENCODED, GMAIL_IMPERSONATES, GMAIL_MALFORMED, GMAIL_NO_ADDRESS, GMAIL_SEVERAL, GMAIL_TWO_FIELDS,
    GMAIL_UNICODE, MICROSOFT_FROM, YAHOO_HEADERS, kinds,
};
use crate::inspect::Severity;

kinds! {
    MBOX_LINE = "from.mbox-line", Error, "RFC 4155", "the first line of an mbox, not a header field",
        "`From ` without a colon separates messages in a file and tells the envelope sender; in a header it is malformed.",
        [GMAIL_MALFORMED];
    WRONG_FIELD = "from.wrong-field", Error, "RFC 5322 §3.6.2", "another field than From",
        "Only From names the author.", [];
    LEADING_BLANK = "from.leading-blank", Warning, "RFC 5322 §2.2.3", "something before the field name",
        "A line that begins with a blank goes on with the field before it; a byte order mark makes another name of it.", [];
    SPACE_BEFORE_COLON = "from.space-before-colon", Warning, "RFC 5322 §4.5", "a blank before the colon (obsolete)",
        "That was allowed until 2001; some receivers then find no From field, and DKIM signers stumble.",
        [GMAIL_MALFORMED];
    TWO_FIELDS = "from.two-fields", Error, "RFC 5322 §3.6", "a second From field",
        "From stands exactly once. With two, filter and reader may see different authors.",
        [GMAIL_TWO_FIELDS, MICROSOFT_FROM, YAHOO_HEADERS];
    INJECTION = "from.header-injection", Error, "RFC 5322 §2.2", "a line end that begins another header line",
        "A value that carries a line end adds fields of its own: a form that takes it sends other people's mail.",
        [GMAIL_MALFORMED, YAHOO_HEADERS];
    LINE_TOO_LONG = "from.line-too-long", Error, "RFC 5322 §2.1.1", "a line longer than 998 octets",
        "Servers cut or refuse longer lines. Fold the field.", [GMAIL_MALFORMED];
    LINE_LONG = "from.line-long", Note, "RFC 5322 §2.1.1", "a line longer than 78 octets",
        "Lines should be folded at 78 octets; longer ones up to 998 are legal.", [];
    BLANK_FOLD = "from.blank-fold", Warning, "RFC 5322 §4.2", "a folded line of blanks only (obsolete)",
        "Programs that trim lines take it for the end of the header.", [];
    NO_ADDRESS = "from.no-address", Error, "RFC 5322 §3.6.2", "there is no address",
        "A name alone is no author: DMARC finds no domain and the message is refused.",
        [GMAIL_NO_ADDRESS, MICROSOFT_FROM];
    NULL_ADDRESS = "from.null-address", Error, "RFC 5322 §3.4.1", "empty angle brackets",
        "`<>` is the envelope sender of notifications; From always holds an address.", [GMAIL_NO_ADDRESS, MICROSOFT_FROM];
    UNQUOTED_COMMA = "from.unquoted-comma", Error, "RFC 5322 §3.4", "a comma outside quotes ends the mailbox",
        "What stands before it is read as a mailbox of its own, without an address. A name with a comma has to be quoted.",
        [GMAIL_SEVERAL, GMAIL_NO_ADDRESS, MICROSOFT_FROM];
    UNQUOTED_AT = "from.unquoted-at", Error, "RFC 5322 §3.2.5", "an @ in the name, outside quotes",
        "A display name may hold an @ in quotes only; without them the field has no readable address.",
        [GMAIL_NO_ADDRESS, MICROSOFT_FROM];
    UNQUOTED_COLON = "from.unquoted-colon", Error, "RFC 5322 §3.4", "a colon in the name, outside quotes",
        "A colon begins a group of addresses, which a semicolon ends. A name with a colon has to be quoted.",
        [GMAIL_NO_ADDRESS];
    UNQUOTED_SEMICOLON = "from.unquoted-semicolon", Error, "RFC 5322 §3.4", "a semicolon outside quotes",
        "A semicolon ends a group and stands nowhere else.", [GMAIL_NO_ADDRESS];
    SEMICOLON_LIST = "from.semicolon-list", Error, "RFC 5322 §3.4", "addresses separated by a semicolon",
        "Outlook shows lists so; in a header addresses are separated by commas, and From holds one.", [GMAIL_SEVERAL];
    UNQUOTED_SPECIAL = "from.unquoted-special", Error, "RFC 5322 §3.2.3", "a letter that a name may hold in quotes only",
        "Outside quotes the letters ( ) < > [ ] : ; @ \\ , and the dot have a meaning of their own.", [GMAIL_MALFORMED];
    UNQUOTED_DOT = "from.unquoted-dot", Warning, "RFC 5322 §4.1", "a dot in the name, outside quotes (obsolete)",
        "Everybody reads it and nobody may write it. Quote the name.", [];
    MISSING_BRACKETS = "from.missing-brackets", Error, "RFC 5322 §3.4", "a name before an address without angle brackets",
        "Behind a name the address stands in < and >; without them neither can be told.",
        [GMAIL_NO_ADDRESS, MICROSOFT_FROM];
    UNCLOSED_BRACKET = "from.unclosed-bracket", Error, "RFC 5322 §3.4", "this angle bracket is not closed",
        "The address needs its closing bracket.", [GMAIL_NO_ADDRESS, MICROSOFT_FROM];
    STRAY_BRACKET = "from.stray-bracket", Error, "RFC 5322 §3.4", "a closing angle bracket that closes nothing",
        "The opening bracket before the address is missing.", [GMAIL_NO_ADDRESS, MICROSOFT_FROM];
    DOUBLE_BRACKETS = "from.double-brackets", Error, "RFC 5322 §3.4", "two angle brackets around the address",
        "A script added brackets to an address that had them.", [GMAIL_NO_ADDRESS];
    TRAILING_TEXT = "from.trailing-text", Error, "RFC 5322 §3.4", "text behind the address",
        "Behind the address comes nothing but a comment or a comma with another address. A name stands before it.",
        [GMAIL_MALFORMED];
    MISSING_COMMA = "from.missing-comma", Error, "RFC 5322 §3.4", "a second address without a comma before it",
        "Mailboxes are separated by commas, and From holds one.", [GMAIL_SEVERAL];
    EMPTY_ELEMENT = "from.empty-element", Warning, "RFC 5322 §4.4", "an empty place in the list (obsolete)",
        "A comma that separates nothing. Scripts that count commas see one more author.", [GMAIL_SEVERAL];
    SEVERAL_MAILBOXES = "from.several-mailboxes", Warning, "RFC 5322 §3.6.2", "several authors",
        "With several mailboxes a Sender field with one is a must, and DMARC cannot judge them. Write as one person.",
        [GMAIL_SEVERAL, MICROSOFT_FROM];
    GROUP = "from.group", Warning, "RFC 6854 §2", "group syntax",
        "It is legal in From since 2013, for mail that cannot be answered; receivers find no address in it.",
        [GMAIL_NO_ADDRESS, MICROSOFT_FROM];
    COMMENT_SWALLOWS = "from.comment-swallows-name", Warning, "RFC 5322 §3.2.2", "parentheses make a comment of the name",
        "What stands in parentheses outside quotes is a comment, and most programs do not show it.", [];
    NAME_IN_COMMENT = "from.name-in-comment", Warning, "RFC 5322 §3.4", "the name stands in a comment",
        "That is how names were written long ago; receivers show the bare address.", [];
    OTHER_ADDRESS = "from.other-address", Warning, "RFC 5322 §3.4", "another address in the name",
        "People read the name and take it for the sender. Filters know the trick and treat it as fraud.", [];
    SAME_ADDRESS = "from.same-address", Note, "RFC 5322 §3.4", "the name repeats the address",
        "A person's name is read more kindly.", [];
    EMPTY_NAME = "from.empty-name", Note, "RFC 5322 §3.4", "an empty name",
        "Quotes with nothing in them: the template variable for the name was empty.", [];
    ENCODED_IN_QUOTES = "from.encoded-word-in-quotes", Warning, "RFC 2047 §5 (3)", "an encoded word inside quotes",
        "It is not decoded there: people see =?utf-8?...?= for a name.", [];
    ENCODED_BROKEN = "from.encoded-word-broken", Warning, "RFC 2047 §2", "an encoded word that cannot be decoded",
        "People see its raw text for a name. An encoded word has no blanks, a known encoding (B or Q) and whole letters.",
        [];
    ENCODED_CHARSET = "from.encoded-word-charset", Warning, "RFC 2047 §2", "an encoded word in an unknown charset",
        "Nobody can decode it. Use utf-8.", [];
    ENCODED_LONG = "from.encoded-word-too-long", Warning, "RFC 2047 §2", "an encoded word longer than 75 octets",
        "Some programs do not decode it. Write several, with a blank between them.", [];
    ENCODED_LETTER = "from.encoded-word-letter", Error, "RFC 2047 §5 (3)", "a letter that an encoded word may not hold in a name",
        "A comma or dot inside is read as a separator by programs that tokenise first; encode it as =2C, =2E.",
        [GMAIL_MALFORMED];
    ENCODED_CONTROL = "from.encoded-control", Error, "RFC 2047 §5", "an encoded control character or line end",
        "Decoded and written again it adds header lines. No honest name holds one.", [];
    ENCODED_ADDRESS = "from.encoded-address", Error, "RFC 2047 §5", "the address stands inside an encoded word",
        "Only the name may be encoded. Programs look for the address before they decode, and find none.",
        [GMAIL_NO_ADDRESS, GMAIL_ENCODED, MICROSOFT_FROM];
    TEMPLATE = "from.template-variable", Warning, "RFC 5322 §3.4", "a template variable that was not filled in",
        "People see it as it stands, and filters know such marks from bulk mail gone wrong.", [];
    ENCODED_ADJACENT = "from.encoded-word-adjacent", Warning, "RFC 2047 §5 (3)", "an encoded word that touches its neighbour",
        "Encoded words are set apart by blanks; otherwise they are not decoded.", [];
    RAW_UTF8 = "from.raw-utf8", Warning, "RFC 6532 §3.2", "letters beyond ASCII that are not encoded",
        "Only servers that offer SMTPUTF8 may be given them; others refuse or mangle the message. Encode the name.",
        [GMAIL_UNICODE];
    INVISIBLE_NAME = "from.invisible-letter", Warning, "UTS #39 §3.1", "an invisible letter in the name",
        "It hides from people and filters; filters count it as an attempt to deceive.", [];
    BIDI_NAME = "from.bidi-control", Warning, "UTS #39 §3.1", "a letter in the name that turns the direction of text",
        "People read the letters in another order than they stand. Filters treat it as fraud.", [];
    MIXED_NAME = "from.mixed-script", Warning, "UTS #39 §5", "letters of several scripts in one word of the name",
        "It imitates another name with lookalike letters.", [];
    CURLY_QUOTES = "from.curly-quotes", Warning, "RFC 5322 §3.2.4", "typographic quotes",
        "Only the ASCII quote quotes; these are letters of the name, and a comma between them still separates.", [];
    SINGLE_QUOTES = "from.single-quotes", Note, "RFC 5322 §3.2.4", "apostrophes around the name",
        "They do not quote anything and are shown with the name.", [];
    HTML_ENTITIES = "from.html-entities", Error, "RFC 5322 §3.4", "HTML instead of angle brackets",
        "The text was escaped for a web page; a header holds < and > themselves.", [GMAIL_NO_ADDRESS];
    OUTLOOK = "from.outlook-style", Error, "RFC 5322 §3.4", "an address as Outlook shows it",
        "Programs show addresses in square brackets, in parentheses or with mailto:; a header has them in < and >.",
        [GMAIL_NO_ADDRESS, MICROSOFT_FROM];
    EXCHANGE_DN = "from.exchange-name", Error, "RFC 5322 §3.4.1", "an Exchange directory name instead of an address",
        "Inside one organisation Exchange knows mailboxes by such names; outside they are no address.",
        [GMAIL_NO_ADDRESS, MICROSOFT_FROM];
    PROVIDER_DOMAIN = "from.provider-domain", Note, "Gmail, 2026-03: sender guidelines", "the domain of a mailbox provider",
        "Only the provider's own servers may send for it; from elsewhere DMARC fails.", [GMAIL_IMPERSONATES];
}
