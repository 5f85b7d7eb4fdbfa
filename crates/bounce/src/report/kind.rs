//! What a message is: a bounce, a delay, an automatic reply, or none of these.

use syntax::content_type;

use super::{Kind, Report, Said};
use crate::{
    codes,
    line::address,
    mime::{Leaf, Mail},
};

/// Subjects of answering machines, lower-case, in the languages that are seen.
const AUTO_SUBJECTS: [&str; 34] = [
    "out of office",
    "out of the office",
    "out-of-office",
    "automatic reply",
    "auto reply",
    "auto-reply",
    "autoreply",
    "auto response",
    "auto:",
    "autoresponse",
    "automated reply",
    "vacation",
    "on holiday",
    "abwesenheit",
    "abwesend",
    "automatische antwort",
    "nicht im b",
    "réponse automatique",
    "reponse automatique",
    "absence du bureau",
    "message d'absence",
    "respuesta automática",
    "respuesta automatica",
    "fuera de la oficina",
    "resposta automática",
    "risposta automatica",
    "fuori ufficio",
    "automatisch antwoord",
    "afwezig",
    "autoodpowied",
    "автоответ",
    "自動返信",
    "自動応答",
    "自动回复",
];

/// Subjects of bounces and delays, lower-case.
const SUBJECTS: [&str; 60] = [
    "undeliver",
    "delivery status notification",
    "failure notice",
    "returned mail",
    "mail delivery fail",
    "delivery failure",
    "delivery has failed",
    "mail delivery system",
    "could not be delivered",
    "not delivered",
    "non-deliver",
    "nondeliver",
    "message status",
    "mail system error",
    "delivery notification",
    "returned to sender",
    "mail failure",
    "delivery report",
    "delivery problem",
    "delivery error",
    "message not deliver",
    "failed delivery",
    "delivery failed",
    "unzustellbar",
    "nicht zugestellt",
    "zustellung",
    "rückläufer",
    "échec de",
    "non remis",
    "non distribu",
    "non délivr",
    "no se ha entregado",
    "no se puede entregar",
    "no entregado",
    "não entregue",
    "nao entregue",
    "não foi possível entregar",
    "impossibile recapitare",
    "mancata consegna",
    "недостав",
    "не доставлен",
    "配信不能",
    "配信エラー",
    "送信エラー",
    "エラー通知",
    "系统退信",
    "退信",
    "無法傳遞",
    "未傳遞",
    "delivery delayed",
    "delayed",
    "warning: could not send",
    "message delivery",
    "mail could not",
    "mail error",
    "undelivered",
    "rejected",
    "user unknown",
    "bounce",
    "mailer-daemon",
];

/// Words that say that delivery is still being tried, lower-case.
const DELAYS: [&str; 26] = [
    "this is a warning message only",
    "you do not need to resend",
    "no action is required on your part",
    "has not yet been delivered",
    "has been delayed",
    "delivery is delayed",
    "is delayed",
    "will continue to try",
    "will keep trying",
    "will be retried",
    "still being retried",
    "message will be retried",
    "delivery attempts will continue",
    "could not send message for past",
    "has not been delivered yet",
    "delivery to the following recipient has been delayed",
    "delivery to the following recipients has been delayed",
    "(delay)",
    "temporary problem delivering",
    "wird weiterhin versucht",
    "verzögert",
    "retardée",
    "se ha retrasado",
    "delivery incomplete",
    "will retry for",
    "still trying",
];

/// Whether a subject (lower-case) is one of an answering machine.
pub(crate) fn is_automatic_subject(subject: &str) -> bool {
    AUTO_SUBJECTS.iter().any(|word| subject.contains(word))
}

/// Whether its structure says that it is a delivery status notification. RFC 3464 §2: `report-type` names what the report
/// is, and a report of that type has the part with the fields.
pub(super) fn is_notification(mail: &Mail) -> bool {
    let (_, parameters) = content_type(mail.header.value("content-type").unwrap_or_default());
    let reports = parameters.iter().find(|(name, _)| name == "report-type").map(|(_, value)| value.as_str());
    let of_another_type = reports.is_some_and(|kind| kind.eq_ignore_ascii_case("feedback-report"));
    !of_another_type && mail.leaves.iter().any(Leaf::is_status)
}

/// Whether an answering machine wrote it.
pub(super) fn is_auto_reply(mail: &Mail) -> bool {
    let header = &mail.header;
    if mail.leaves.iter().any(Leaf::is_status) || header.value("x-failed-recipients").is_some() {
        return false;
    }
    let subject = header.lower("subject");
    let from_daemon = is_daemon(&header.lower("from"));
    let says = |name: &str, words: &[&str]| {
        let value = header.lower(name);
        words.iter().any(|word| value.contains(word))
    };
    let by_field = says("auto-submitted", &["auto-replied", "vacation"])
        || says("x-autoreply", &["yes", "y", "true"])
        || says("precedence", &["auto_reply", "auto-reply"])
        || header.value("x-autorespond").is_some()
        || header.value("x-auto-response-suppress").is_some()
            && AUTO_SUBJECTS.iter().any(|word| subject.contains(word));
    let by_subject = AUTO_SUBJECTS.iter().any(|word| subject.contains(word));
    let bounce = SUBJECTS.iter().any(|word| subject.contains(word));
    (by_field || by_subject) && !from_daemon && !bounce
}

/// An automatic reply: it is about the one who wrote it.
pub(super) fn auto_reply(mail: &Mail) -> Report {
    let from = mail.header.value("from").unwrap_or_default();
    let from = from.rsplit('<').next().unwrap_or_default();
    let said = address(from).map(|recipient| Said { recipient, text: "automatic reply".to_owned(), ..Said::default() });
    Report {
        kind: Kind::AutoReply,
        format: "rfc3834",
        recipients: said.into_iter().collect(),
        message_id: None,
        feedback: None,
    }
}

/// Whether it can be a bounce at all.
pub(super) fn is_bounce(mail: &Mail, words: &str) -> bool {
    let header = &mail.header;
    if header.is_empty() {
        return codes::find(words).reply.is_some();
    }
    let report = header.lower("content-type").contains("multipart/report");
    let null = header.value("return-path").is_some_and(|path| path.starts_with("<>"));
    let subject = header.lower("subject");
    report
        || null
        || header.value("x-failed-recipients").is_some()
        || is_daemon(&header.lower("from"))
        || SUBJECTS.iter().any(|word| subject.contains(word))
}

fn is_daemon(from: &str) -> bool {
    [
        "mailer-daemon",
        "mailer_daemon",
        "postmaster",
        "mail delivery",
        "mailerdaemon",
        "mail-daemon",
        "bounce",
        "microsoftexchange",
        "mail administrator",
        "mail.administrator",
        "system administrator",
        "systemadministrator",
        "mdaemon",
    ]
    .iter()
    .any(|word| from.contains(word))
}

/// What it is, with what was found in it.
pub(super) fn of(mail: &Mail, words: &str, recipients: &[Said]) -> Kind {
    let any = |test: fn(&Said) -> bool| recipients.iter().any(test);
    let failed = any(|said| !said.delayed && !said.delivered);
    if recipients.is_empty() {
        return Kind::Other;
    }
    if any(|said| said.delayed) && !failed {
        return Kind::Delay;
    }
    if !failed {
        return Kind::Success;
    }
    // Fields that say `failed` have the last word; without fields, the words do.
    let by_fields = mail
        .leaves
        .iter()
        .any(|leaf| leaf.kind.ends_with("delivery-status") && leaf.text.to_ascii_lowercase().contains("action:"));
    if by_fields {
        return Kind::Bounce;
    }
    let head = format!("{} {}", mail.header.lower("subject"), words.to_lowercase());
    if DELAYS.iter().any(|word| head.contains(word)) { Kind::Delay } else { Kind::Bounce }
}
