//! The client's side.

use smtp::client::{Answer, Delivery, Outcome, Question, RecipientOutcome, Session, Settings, Tls};
use smtp::server::Password;
use syntax::Address;

use crate::{Play, play_all, unescape};

fn shown(outcome: &Outcome) -> String {
    outcome.recipients.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn one(outcome: &RecipientOutcome) -> String {
    match outcome {
        RecipientOutcome::Accepted(reply) => format!("accepted {reply}"),
        RecipientOutcome::Refused { stage, reply } => format!("refused at {} {reply}", stage.as_str()),
        RecipientOutcome::Lost(stage) => format!("lost at {}", stage.as_str()),
        RecipientOutcome::InDoubt => "in doubt".into(),
    }
}

fn show(question: &Question) -> String {
    let Question::Next(outcome) = question;
    outcome.as_ref().map_or_else(|| "next".into(), |outcome| format!("next: {}", shown(outcome)))
}

/// `quit`, or `deliver <from> to <to> <to>: content`.
fn answer(text: &str) -> Answer {
    let Some(rest) = text.strip_prefix("deliver <") else { return Answer::Quit };
    let (from, rest) = rest.split_once("> to ").unwrap();
    let (to, content) = rest.split_once(": ").unwrap();
    Answer::Deliver(Delivery {
        reverse_path: Address::parse(from).ok(),
        recipients: to.split(' ').map(|address| Address::parse(address).unwrap()).collect(),
        content: unescape(content).into_bytes(),
        envid: None,
    })
}

fn play(text: &str, number: &mut usize) {
    let mut settings = Settings { hostname: "box.test".into(), tls: Tls::Opportunistic, login: None };
    for (name, value) in text.lines().filter_map(|line| line.strip_prefix("# ")?.split_once(": ")) {
        match (name, value) {
            ("tls", "required") => settings.tls = Tls::Required,
            ("tls", "never") => settings.tls = Tls::Never,
            ("login", value) => {
                let (login, password) = value.split_once(' ').unwrap();
                settings.login = Some((login.into(), Password(password.into())));
            }
            other => panic!("no setting {other:?}"),
        }
    }
    let mut play = Play::new(Session::new(settings), show);
    for (index, line) in text.lines().enumerate() {
        *number = index + 1;
        match line.split_at_checked(2) {
            Some(("S:", said)) => {
                play.nothing_more();
                play.feed(&format!("{}\r\n", said.trim_start()));
            }
            Some(("S|", said)) => play.feed(&unescape(said.trim_start())),
            Some(("C:", said)) => play.expect(&format!("{}\r\n", said.trim_start())),
            Some(("C|", said)) => play.expect(&unescape(said.trim_start())),
            Some(("? ", asked)) => {
                let (asked, answered) = asked.split_once(" => ").unwrap();
                play.nothing_more();
                play.answer(asked, answer(answered));
            }
            Some(("! ", step)) => play.driver(step),
            Some(("= ", known)) => {
                let outcome = play.core.take_outcome().map(|outcome| format!("outcome: {}", shown(&outcome)));
                let found =
                    outcome.or_else(|| play.core.failure().map(|failure| format!("failure: {}", one(&failure))));
                assert_eq!(found.as_deref().unwrap_or("nothing"), known);
            }
            _ => {}
        }
    }
    play.nothing_more();
}

#[test]
fn every_transcript_plays() {
    play_all("client", play);
}
