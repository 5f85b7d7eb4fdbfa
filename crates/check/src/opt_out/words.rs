//! Words by which a message sells, offers a way out, or feigns a conversation; several languages. Lower-case.

/// Words of a message that wants to sell something.
pub(super) const SELLING: &[&str] = &[
    "book a call",
    "book a demo",
    "schedule a call",
    "quick call",
    "15 minutes",
    "15-minute",
    "free trial",
    "our product",
    "our platform",
    "our software",
    "our services",
    "our solution",
    "we help",
    "we offer",
    "pricing",
    "discount",
    "special offer",
    "limited time",
    "buy now",
    "order now",
    "sign up",
    "case study",
    "grow your",
    "boost your",
    "increase your",
    "angebot",
    "kostenlos testen",
    "unsere lösung",
    "unsere leistungen",
    "rabatt",
    "termin vereinbaren",
    "kurzes gespräch",
    "offre",
    "essai gratuit",
    "notre solution",
    "nos services",
    "oferta",
    "prueba gratuita",
    "nuestra solución",
    "nuestros servicios",
    "offerta",
    "prova gratuita",
    "aanbieding",
];

/// Words of a way out.
pub(super) const OPT_OUT: &[&str] = &[
    "unsubscribe",
    "opt out",
    "opt-out",
    "stop receiving",
    "email preferences",
    "manage your preferences",
    "manage preferences",
    "remove me",
    "abmelden",
    "abbestellen",
    "austragen",
    "désabonner",
    "désinscrire",
    "désinscription",
    "darse de baja",
    "darte de baja",
    "cancelar la suscripción",
    "disiscriv",
    "annulla l'iscrizione",
    "cancella l'iscrizione",
    "uitschrijven",
    "afmelden",
    "avregistrera",
    "avsluta prenumeration",
    "afmeld",
    "meld deg av",
    "peruuta tilaus",
    "wypisz",
    "cancelar inscrição",
    "descadastrar",
    "odhlásit",
    "leiratkoz",
    "dezabona",
    "abonelikten",
    "отписаться",
    "відписатися",
    "配信停止",
    "退订",
    "退訂",
    "수신거부",
];

/// Words that say that a reply is enough.
pub(super) const REPLY_TO_STOP: &[&str] = &[
    "reply stop",
    "reply \"stop\"",
    "reply “stop”",
    "reply 'stop'",
    "reply with stop",
    "reply with \"stop\"",
    "reply with “stop”",
    "reply with 'stop'",
    "reply with no",
    "reply \"no\"",
    "reply unsubscribe",
    "reply with unsubscribe",
    "reply \"unsubscribe\"",
    "reply to unsubscribe",
    "reply to opt out",
    "rather not hear",
    "prefer not to hear",
    "don't want to hear from me",
    "do not want to hear from me",
    "not hear from me again",
    "won't write again",
    "will not write again",
    "won't contact you again",
    "will not contact you again",
    "won't email you again",
    "take you off",
    "remove you from",
    "no longer wish to hear",
    "mit stop",
    "mit \"stop\"",
    "mit „stop“",
    "nicht mehr anschreiben",
    "nicht mehr schreiben",
    "keine weiteren e-mails",
    "keine weiteren mails",
    "keine nachrichten mehr",
    "kurze antwort genügt",
    "ne plus recevoir",
    "répondez stop",
    "répondez « stop »",
    "ne vous écrirai plus",
    "no quiere recibir",
    "no quieres recibir",
    "responda stop",
    "responde stop",
    "responda baja",
    "non desidera ricevere",
    "rispondi stop",
    "niet meer mailen",
    "antwoord stop",
];

/// Words of one sentence that together say the same: one of each group must occur.
pub(super) const STOPS: &[&[&[&str]]] = &[
    &[
        &["won't", "will not", "i'll stop", "i will stop", "no longer", "never again", "no more", "stop", "last time"],
        &[
            "reach out",
            "reaching out",
            "contact",
            "email",
            "e-mail",
            "write",
            "writing",
            "message",
            "follow up",
            "bother",
            "hear from me",
        ],
        &["let me know", "let us know", "reply", "tell me", "answer", "respond", "say so", "just say", "drop me"],
    ],
    &[
        &[
            "keine weiteren",
            "nicht mehr",
            "nicht weiter",
            "nicht wieder",
            "nie wieder",
            "keine mails mehr",
            "keine e-mails mehr",
        ],
        &["mail", "nachricht", "schreib", "anschreib", "kontaktier", "melde", "hören"],
        &["antwort", "kurze nachricht", "bescheid", "sagen sie", "schreiben sie mir", "genügt"],
    ],
    &[
        &["plus recevoir", "plus être contact", "plus vous contacter", "plus vous écrire", "plus de message"],
        &["répond", "dites-le", "faites-le-moi savoir", "un mot"],
    ],
    &[
        &["no recibir", "no volver", "no más", "no quiere", "no desea"],
        &["correo", "mensaje", "contact", "escrib"],
        &["respond", "respuesta", "hágamelo saber", "avíseme", "dígame"],
    ],
    &[
        &["non ricevere", "non la contatter", "non scriver", "non desidera", "più"],
        &["email", "mail", "messagg", "contatt", "scriv"],
        &["rispond", "risposta", "mi faccia sapere"],
    ],
    &[
        &["geen", "niet meer"],
        &["mail", "bericht", "contact", "horen"],
        &["antwoord", "laat het me weten", "laat het weten", "reageer"],
    ],
];

/// The sentence that says that a reply is enough, by its words together.
pub(super) fn stopping_sentence(lower: &str) -> Option<&str> {
    let sentences = lower.split_inclusive(['.', '!', '?']).map(str::trim);
    sentences
        .filter(|sentence| sentence.len() <= 400)
        .find(|sentence| STOPS.iter().any(|groups| groups.iter().all(|group| !found(sentence, group).is_empty())))
}

/// Prefixes of an answer or of something passed on, by program and language.
pub(super) const REPLY_PREFIX: &[&str] = &[
    "re:",
    "re :",
    "re[",
    "fw:",
    "fwd:",
    "aw:",
    "antw:",
    "antwort:",
    "wg:",
    "sv:",
    "vs:",
    "vb:",
    "rv:",
    "tr:",
    "odp:",
    "pd:",
    "ynt:",
    "rif:",
    "enc:",
    "回复:",
    "回复：",
    "转发:",
    "转发：",
    "答复:",
    "答复：",
];

/// Where the recipient is, and what is asked there. Checked 2026-11-24 against the names of the laws, in our own words.
pub(super) const LAW: &[(&str, &str)] = &[
    (
        "United States",
        "CAN-SPAM holds for one-to-one mail that sells, too: honest sender and subject, a postal address, a way out that works for 30 days and is obeyed within 10 business days; no consent is needed before",
    ),
    (
        "European Union",
        "ePrivacy directive, article 13: advertising to natural persons needs consent before; for companies the member states differ. The person's address is personal data: GDPR articles 6(1)(f), 14 (say where you have it from) and 21 (stop when they object)",
    ),
    ("Germany", "UWG §7: advertising by mail without express consent before is a nuisance, to companies too"),
    (
        "United Kingdom",
        "PECR regulation 22: companies may be written to, sole traders and most partnerships only with consent; a way out and the sender's name in each message",
    ),
    (
        "Canada",
        "CASL: express or implied consent before (a published business address counts where it fits the person's role), the sender's postal address, a way out that is obeyed within 10 business days",
    ),
    (
        "Australia",
        "Spam Act 2003: consent (inferred from a published business address where it fits the role), the sender's name, a way out obeyed within 5 working days",
    ),
];

/// The words that occur in the text.
pub(super) fn found<'w>(lower: &str, words: &[&'w str]) -> Vec<&'w str> {
    words.iter().copied().filter(|word| occurs(lower, word)).collect()
}

/// Whether it occurs, and does not begin within another word (`offre` in `coffret`).
fn occurs(lower: &str, word: &str) -> bool {
    lower.match_indices(word).any(|(at, _)| {
        !lower.get(..at).and_then(|before| before.chars().last()).is_some_and(char::is_alphanumeric) || !word.is_ascii()
    })
}

/// Whether a link leads out: by its words or by its address.
pub(super) fn is_opt_out_link(href: &str, text: &str) -> bool {
    let (href, text) = (href.to_lowercase(), text.to_lowercase());
    let by_address = ["unsub", "optout", "opt-out", "opt_out", "abmeld", "desabonn", "/preferences"];
    let leads = href.starts_with("http") || href.starts_with("mailto:");
    leads && (by_address.iter().any(|part| href.contains(part)) || !found(&text, OPT_OUT).is_empty())
}
