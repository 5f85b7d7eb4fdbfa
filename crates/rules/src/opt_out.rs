//! A reply that asks to be left alone. Conservative: the words must be all that somebody wrote, or a sentence that
//! means nothing else.

/// Most words of an answer that may hold a request besides other words.
const SHORT: usize = 40;
/// Most lines that are looked at.
const MAX_LINES: usize = 200;

/// Words that ask for it when they are all that was written.
const ALONE: [&str; 38] = [
    "unsubscribe",
    "unsubscribe please",
    "please unsubscribe",
    "unsubscribe me",
    "stop",
    "stop please",
    "please stop",
    "stop it",
    "remove",
    "remove me",
    "remove please",
    "please remove",
    "opt out",
    "optout",
    "opt me out",
    "take me off",
    "no more emails",
    "no more emails please",
    "abmelden",
    "bitte abmelden",
    "austragen",
    "bitte austragen",
    "stopp",
    "désabonner",
    "désabonnement",
    "désinscription",
    "me désinscrire",
    "se désabonner",
    "baja",
    "darme de baja",
    "dar de baja",
    "cancelar suscripción",
    "cancellami",
    "cancellazione",
    "uitschrijven",
    "afmelden",
    "cancelar inscrição",
    "remover",
];

/// Sentences that ask for it wherever they stand in a short answer.
const ANYWHERE: [&str; 48] = [
    "please unsubscribe",
    "unsubscribe me",
    "unsubscribe this",
    "unsubscribe from",
    "how do i unsubscribe",
    "how can i unsubscribe",
    "want to unsubscribe",
    "like to unsubscribe",
    "wish to unsubscribe",
    "remove me from",
    "remove my email",
    "remove my address",
    "remove us from",
    "please remove me",
    "please remove us",
    "take me off",
    "take us off",
    "opt me out",
    "want to opt out",
    "like to opt out",
    "stop emailing me",
    "stop emailing us",
    "stop contacting me",
    "stop contacting us",
    "stop sending me",
    "stop sending us",
    "stop writing to me",
    "stop spamming",
    "do not contact me",
    "do not contact us",
    "don't contact me",
    "don't contact us",
    "do not email me",
    "don't email me",
    "never contact me",
    "never email me",
    "leave me alone",
    "aus dem verteiler",
    "aus ihrem verteiler",
    "keine weiteren e-mails",
    "keine weiteren mails",
    "nicht mehr kontaktieren",
    "ne plus recevoir",
    "ne plus me contacter",
    "no quiero recibir",
    "no me contacte",
    "non contattatemi",
    "geen e-mails meer",
];

/// Words before a sentence that turn it around: "no need to remove me from".
const NEGATIONS: [&str; 14] = [
    "not", "don't", "dont", "never", "no", "without", "instead", "kein", "nicht", "ne", "pas", "unless", "didn't",
    "won't",
];

/// What asks for it, in an answer: its own words, or its subject. `None` when nothing does.
pub fn asked(subject: &str, text: &str) -> Option<String> {
    let own = own_words(text);
    if let Some(words) = in_words(&own) {
        return Some(format!("the answer says \"{words}\""));
    }
    let subject = plain(subject);
    let fresh = ["re ", "aw ", "fwd ", "fw "].iter().all(|start| !subject.starts_with(start));
    (fresh && is_alone(&subject)).then(|| format!("the subject says \"{subject}\""))
}

fn in_words(own: &str) -> Option<String> {
    let words = plain(own);
    if is_alone(without_courtesy(&words)) {
        return Some(words);
    }
    if words.split(' ').count() > SHORT {
        return None;
    }
    // A negation reaches as far as its clause: "not interested, take me off".
    let clauses: Vec<String> = own.split(['.', ',', ';', '!', '?', ':']).map(plain).collect();
    let stands = |sentence: &&&str| clauses.iter().any(|words| stands_in(words, sentence));
    ANYWHERE.iter().find(stands).map(|sentence| (*sentence).to_owned())
}

fn is_alone(words: &str) -> bool {
    ALONE.contains(&words)
}

/// Whether the sentence stands there as whole words, and nothing close before it turns it around.
fn stands_in(words: &str, sentence: &str) -> bool {
    let padded = format!(" {words} ");
    let Some((before, _)) = padded.split_once(&format!(" {sentence} ")) else { return false };
    !before.split(' ').rev().filter(|word| !word.is_empty()).take(3).any(|word| NEGATIONS.contains(&word))
}

/// Without a greeting before and thanks after.
fn without_courtesy(words: &str) -> &str {
    let mut words = words;
    for start in ["hi ", "hello ", "hey ", "hallo ", "bonjour ", "hola "] {
        words = words.strip_prefix(start).unwrap_or(words);
    }
    for end in [" thanks", " thank you", " thx", " danke", " merci", " gracias", " grazie", " regards", " now"] {
        words = words.strip_suffix(end).unwrap_or(words);
    }
    words
}

/// What somebody wrote above the message that he answers: without quoted lines, signature and the header of the quote.
pub fn own_words(text: &str) -> String {
    let mut own: Vec<&str> = Vec::new();
    for line in text.lines().take(MAX_LINES) {
        let trimmed = line.trim();
        if begins_quote(line, trimmed) {
            break;
        }
        if !trimmed.starts_with('>') {
            own.push(trimmed);
        }
    }
    own.join("\n").trim().to_owned()
}

/// Whether everything from this line on is not the writer's.
fn begins_quote(line: &str, trimmed: &str) -> bool {
    let lower = trimmed.to_lowercase();
    // RFC 3676 §4.3 for the signature; the rest is what mail programs write above a quote.
    line.trim_end_matches('\r') == "-- "
        || trimmed == "--"
        || lower.starts_with("-----original")
        || lower.starts_with("-----ursprüngliche")
        || (lower.starts_with("________") && lower.len() >= 20)
        || (lower.starts_with("on ") && (lower.ends_with("wrote:") || lower.ends_with('>') || lower.contains(" wrote")))
        || (lower.starts_with("am ") && lower.contains("schrieb"))
        || (lower.starts_with("le ") && lower.ends_with("écrit :"))
        || (lower.starts_with("el ") && lower.ends_with("escribió:"))
        || ["from:", "von:", "de :", "de:", "da:"].iter().any(|name| lower.starts_with(name) && lower.contains('@'))
        || lower.starts_with("sent from my ")
}

/// Lower-case words with single spaces; letters, digits, hyphens and apostrophes are kept.
fn plain(text: &str) -> String {
    let text = text.to_lowercase().replace('’', "'");
    let kept: String = text
        .chars()
        .map(|letter| if letter.is_alphanumeric() || "'-".contains(letter) { letter } else { ' ' })
        .collect();
    kept.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, asks: bool) {
        assert_eq!(asked("Re: A question", text).is_some(), asks, "{text:?}: {:?}", asked("Re: A question", text));
    }

    #[test]
    fn what_asks_to_be_left_alone_is_understood() {
        for text in [
            "Unsubscribe",
            "STOP",
            "stop.",
            "Please stop!",
            "Hi,\r\n\r\nunsubscribe please\r\n\r\nThanks",
            "Please remove me from your list.",
            "Not interested, take me off your list please.",
            "I'd like to unsubscribe",
            "How do I unsubscribe from this?",
            "Stop emailing me!!",
            "Don’t contact me again.",
            "Bitte abmelden",
            "Bitte nehmen Sie mich aus dem Verteiler.",
            "Je souhaite ne plus recevoir vos messages",
            "remove\r\n\r\n-- \r\nBob, CEO of Remove It Inc.",
            "unsubscribe\r\n\r\nOn Tue, 17 Nov 2026 at 10:00, Ann <ann@example.com> wrote:\r\n> Do you have a minute?",
        ] {
            check(text, true);
        }
    }

    #[test]
    fn what_only_uses_the_words_is_not() {
        for text in [
            "",
            "Interesting, tell me more.",
            "Let's stop by your office on Monday.",
            "Should we stop the trial?",
            "Please do not remove me from the thread.",
            "You don't need to take me off the list, I am interested.",
            "We stop at five. Can you call before?",
            "Our unsubscribe page is broken, can you help?",
            "Thanks!\r\n\r\n> If you wish to unsubscribe, reply STOP\r\n> unsubscribe me",
            "Sounds good.\r\n\r\nOn Tue, Ann <ann@example.com> wrote:\r\nplease unsubscribe",
            "Yes.\r\n\r\nFrom: Ann <ann@example.com>\r\nSubject: x\r\n\r\nPlease remove me from",
            "I never said please unsubscribe me",
        ] {
            check(text, false);
        }
        check(
            &format!("{} please remove me from this meeting", "We would like to meet you and talk. ".repeat(10)),
            false,
        );
    }

    #[test]
    fn a_subject_counts_when_it_is_all_of_it_and_nobody_elses() {
        assert!(asked("unsubscribe", "").is_some());
        assert!(asked("Unsubscribe", "sent by the mail program").is_some());
        assert_eq!(asked("Re: unsubscribe", "yes, let us talk"), None);
        assert_eq!(asked("Unsubscribe rates in 2026", ""), None);
    }

    proptest::proptest! {
        #[test]
        fn asking_never_panics(subject in "\\PC{0,80}", text in "(?s).{0,400}") {
            let _ = asked(&subject, &text);
        }
    }
}
