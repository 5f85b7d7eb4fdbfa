//! The tools: their names, their forms, and what one may send them.

/// One tool.
#[derive(Debug)]
pub(crate) struct Tool {
    /// Last part of its path.
    pub slug: &'static str,
    /// Its name.
    pub title: &'static str,
    /// What it does, in a sentence or two.
    pub lead: &'static str,
    /// Word on the button.
    pub button: &'static str,
    /// Whether its input is pasted: sent by POST, not kept, and without a permanent link.
    pub pasted: bool,
    /// Its inputs.
    pub fields: &'static [Field],
}

/// One input of a tool.
#[derive(Debug)]
pub(crate) struct Field {
    pub name: &'static str,
    pub label: &'static str,
    pub kind: Kind,
    pub example: &'static str,
    pub hint: &'static str,
    pub required: bool,
}

/// How a field is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Line,
    Area,
    File,
    Tick,
    Choice(&'static [(&'static str, &'static str)]),
}

/// Most octets of a message that is sent to a tool, with what surrounds it in a form.
const MESSAGE_OCTETS: usize = 30 * 1024 * 1024;
/// Most octets of any other form.
const FORM_OCTETS: usize = 64 * 1024;

impl Tool {
    /// Most octets that it takes.
    pub(crate) fn limit(&self) -> usize {
        if self.has_file() { MESSAGE_OCTETS } else { FORM_OCTETS }
    }

    /// Whether a file can be sent to it.
    pub(crate) fn has_file(&self) -> bool {
        self.fields.iter().any(|field| field.kind == Kind::File)
    }

    /// The tool of that name.
    pub(crate) fn named(slug: &str) -> Option<&'static Tool> {
        TOOLS.iter().find(|tool| tool.slug == slug)
    }
}

const fn line(name: &'static str, label: &'static str, example: &'static str, hint: &'static str) -> Field {
    Field { name, label, kind: Kind::Line, example, hint, required: false }
}

const fn needed(name: &'static str, label: &'static str, example: &'static str, hint: &'static str) -> Field {
    Field { name, label, kind: Kind::Line, example, hint, required: true }
}

const fn area(name: &'static str, label: &'static str, example: &'static str, hint: &'static str) -> Field {
    Field { name, label, kind: Kind::Area, example, hint, required: false }
}

const fn tick(name: &'static str, label: &'static str) -> Field {
    Field { name, label, kind: Kind::Tick, example: "", hint: "", required: false }
}

const fn choice(
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    options: &'static [(&'static str, &'static str)],
) -> Field {
    Field { name, label, kind: Kind::Choice(options), example: "", hint, required: false }
}

const DOMAIN: Field = needed("domain", "Domain", "example.com", "");
const MESSAGE: Field = area(
    "message",
    "Message with its header",
    "Received: from mail.example.com …\nFrom: Ann Lee <ann@example.com>\nSubject: A question",
    "The source of the message: “Show original” in Gmail, “View message source” in Outlook. A header alone is enough for most rows.",
);
const FILE: Field = Field {
    name: "file",
    label: "Or a file (.eml)",
    kind: Kind::File,
    example: "",
    hint: "At most 30 MiB. Nothing that you send is kept.",
    required: false,
};
const ALIGN: &[(&str, &str)] = &[("relaxed", "relaxed: sub-domains may stand in"), ("strict", "strict: the same name")];

/// All of them, in the order of the index.
pub(crate) const TOOLS: &[Tool] = &[
    Tool {
        slug: "email-deliverability-test",
        title: "Email deliverability test",
        lead: "SPF, DKIM, DMARC, PTR, MX, blocklists, TLS and more for one domain, with a grade whose arithmetic is shown and the replies that Gmail, Outlook.com and Yahoo would give.",
        button: "Test the domain",
        pasted: false,
        fields: &[
            DOMAIN,
            line("ip", "Sending IP", "198.51.100.7", "With it SPF is evaluated, and PTR and blocklists are looked up."),
            line("selector", "DKIM selector", "s1", "The s= of a DKIM-Signature of yours."),
            line("helo", "EHLO name", "mail.example.com", "The name that the server greets with."),
            tick("bulk", "Judge as a bulk sender (5,000 messages a day to one provider)"),
        ],
    },
    Tool {
        slug: "blacklist-checker",
        title: "Blacklist checker",
        lead: "Asks every living blocklist about an IP or a domain, tests first whether each can be believed, and says which ones matter.",
        button: "Ask the lists",
        pasted: false,
        fields: &[needed("subject", "IP, domain or address", "198.51.100.7", "")],
    },
    Tool {
        slug: "mx-lookup",
        title: "MX lookup",
        lead: "The mail hosts of a domain in order, their addresses, whose they are, and what is wrong with them.",
        button: "Look it up",
        pasted: false,
        fields: &[DOMAIN],
    },
    Tool {
        slug: "from-validator",
        title: "From validator",
        lead: "Every fault of a From field with a caret under it, why it matters to receivers, and the field put right.",
        button: "Validate",
        pasted: true,
        fields: &[
            Field {
                name: "from",
                label: "From field or address",
                kind: Kind::Area,
                example: "From: Lee, Ann <ann@example.com>",
                hint: "With or without “From:” before it.",
                required: true,
            },
            choice("as", "What it is", "", &[("field", "a From field"), ("address", "a bare address")]),
        ],
    },
    Tool {
        slug: "bounce-decoder",
        title: "Bounce decoder",
        lead: "Paste a reply, a log line or a whole bounce: what it means, whose matter it is, why, and the steps out. With a domain the causes are checked live.",
        button: "Decode",
        pasted: true,
        fields: &[
            Field {
                name: "text",
                label: "Reply, log line or bounce",
                kind: Kind::Area,
                example: "550-5.7.26 Your email has been blocked because the sender is unauthenticated.",
                hint: "",
                required: false,
            },
            FILE,
            line(
                "domain",
                "Your domain",
                "example.com",
                "With it the causes are confirmed or ruled out by live checks.",
            ),
            line("ip", "Your sending IP", "198.51.100.7", ""),
            line("selector", "DKIM selector", "s1", ""),
        ],
    },
    Tool {
        slug: "email-header-analyzer",
        title: "Email header analyzer",
        lead: "How a message came, how it is signed and aligned, how it is written, and what receivers would say of it.",
        button: "Analyze",
        pasted: true,
        fields: &[MESSAGE, FILE, tick("bulk", "Judge as a bulk sender")],
    },
    Tool {
        slug: "spf-generator",
        title: "SPF generator",
        lead: "A record from who sends for the domain, with its look-ups counted live against the limit of ten.",
        button: "Generate",
        pasted: false,
        fields: &[
            DOMAIN,
            area(
                "senders",
                "Who sends",
                "google\n198.51.100.7",
                "A service, an include: domain, an IP or network, a, mx; one a line. Empty: nobody sends.",
            ),
            choice(
                "end",
                "Mail from elsewhere",
                "",
                &[("fail", "fails (-all)"), ("soft", "fails softly (~all)"), ("neutral", "nothing is said (?all)")],
            ),
        ],
    },
    Tool {
        slug: "dkim-generator",
        title: "DKIM generator",
        lead: "A new key pair and the record to publish. The private half is shown once and kept nowhere.",
        button: "Make a key",
        pasted: true,
        fields: &[
            DOMAIN,
            needed("selector", "Selector", "s1", "Any name; use a new one for each key."),
            choice(
                "algorithm",
                "Algorithm",
                "",
                &[("rsa", "RSA, 2048 bits"), ("ed25519", "Ed25519: sign with RSA besides")],
            ),
        ],
    },
    Tool {
        slug: "dmarc-generator",
        title: "DMARC generator",
        lead: "A record with every part explained, and what else must be there before it protects anything.",
        button: "Generate",
        pasted: false,
        fields: &[
            DOMAIN,
            choice(
                "p",
                "Mail that fails",
                "",
                &[
                    ("none", "is only reported (none)"),
                    ("quarantine", "goes to spam (quarantine)"),
                    ("reject", "is refused (reject)"),
                ],
            ),
            choice(
                "sp",
                "Mail of sub-domains that fails",
                "",
                &[("", "as above"), ("none", "none"), ("quarantine", "quarantine"), ("reject", "reject")],
            ),
            line("rua", "Where aggregate reports go", "dmarc@example.com", ""),
            choice("adkim", "Alignment of DKIM", "", ALIGN),
            choice("aspf", "Alignment of SPF", "", ALIGN),
        ],
    },
    Tool {
        slug: "can-spam-checker",
        title: "CAN-SPAM checker",
        lead: "What a message owes its recipient: who wrote, where they are, how to be left alone. Information, not legal advice.",
        button: "Check",
        pasted: true,
        fields: &[
            MESSAGE,
            FILE,
            choice(
                "kind",
                "What kind of message it is",
                "",
                &[
                    ("", "let the words decide"),
                    ("bulk", "sent to many"),
                    ("commercial", "one-to-one, to sell something"),
                    ("conversation", "part of a conversation"),
                ],
            ),
        ],
    },
    Tool {
        slug: "mailbox-checker",
        title: "Mailbox checker",
        lead: "What can be told of an address without asking its host: spelling, domain, mail hosts, role, free mail, disposable. No callout is made from here.",
        button: "Check",
        pasted: true,
        fields: &[needed("address", "Address", "ann@example.com", "")],
    },
    Tool {
        slug: "cost-calculator",
        title: "Cost calculator",
        lead: "What mailboxes cost hosted, on your own server with your own hours, and at the large providers. Every assumption is an input.",
        button: "Calculate",
        pasted: false,
        fields: &[
            needed("mailboxes", "Mailboxes", "50", ""),
            line("domains", "Domains", "10", "Empty: five mailboxes a domain."),
            line("ips", "IPs", "10", "Empty: one a domain."),
            line("server_month", "One server a month", "20.00", ""),
            line("admin_hours", "Hours of work a month", "4", ""),
            line("hour", "One hour of work", "60.00", ""),
        ],
    },
    Tool {
        slug: "live-checks",
        title: "Live checks of a refusal",
        lead: "Runs the checks that the causes of a reference entry name, and puts the causes into the order of what they find.",
        button: "Run the checks",
        pasted: false,
        fields: &[
            needed(
                "entry",
                "Entry of the reference",
                "550-5-7-26-at-gmail",
                "Its id, as in /smtp-errors/550-5-7-26-at-gmail.",
            ),
            DOMAIN,
            line("ip", "Sending IP", "198.51.100.7", ""),
            line("selector", "DKIM selector", "s1", ""),
            line("helo", "EHLO name", "mail.example.com", ""),
            line("recipient", "Recipient", "ben@example.org", "Only its domain is looked at."),
        ],
    },
];
