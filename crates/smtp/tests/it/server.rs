//! The server's side.

use proptest::prelude::*;
use smtp::{
    Reply,
    server::{Answer, Question, Session, Settings},
};
use wire::{Core as _, Step};

use crate::{Play, escape, play_all, unescape};

fn settings() -> Settings {
    Settings {
        hostname: "mx.test".into(),
        starttls: true,
        implicit_tls: false,
        auth: false,
        max_message_octets: 1000,
        max_recipients: 3,
        max_errors: 5,
        max_auth_failures: 2,
        enhanced_codes: true,
    }
}

fn set(settings: &mut Settings, name: &str, value: &str) {
    match name {
        "auth" => settings.auth = value == "on",
        "implicit-tls" => settings.implicit_tls = value == "on",
        "enhanced-codes" => settings.enhanced_codes = value == "on",
        "starttls" => settings.starttls = value == "on",
        other => panic!("no setting {other}"),
    }
}

fn show(question: &Question) -> String {
    let path = |path: &Option<syntax::Address>| path.as_ref().map(ToString::to_string).unwrap_or_default();
    match question {
        Question::Connect(_) => "connect".into(),
        Question::Helo { name, extended, tls } => {
            format!("{} {name}{}", if *extended { "ehlo" } else { "helo" }, if *tls { " over tls" } else { "" })
        }
        Question::Auth { login, password } => format!("auth {login} {}", password.0),
        Question::Mail { reverse_path, parameters } => {
            let mut text = format!("mail <{}>", path(reverse_path));
            parameters.size.iter().for_each(|size| text.push_str(&format!(" size {size}")));
            [(parameters.eight_bit, " 8bit"), (parameters.smtputf8, " utf8")]
                .iter()
                .filter(|one| one.0)
                .for_each(|one| text.push_str(one.1));
            parameters.envid.iter().for_each(|envid| text.push_str(&format!(" envid {envid}")));
            text
        }
        Question::Rcpt { address, parameters } => {
            let mut text = format!("rcpt <{address}>");
            if let Some(notify) = parameters.notify {
                text.push_str(&format!(
                    " notify {}{}{}",
                    u8::from(notify.success),
                    u8::from(notify.failure),
                    u8::from(notify.delay)
                ));
            }
            parameters.original.iter().for_each(|original| text.push_str(&format!(" original {original}")));
            text
        }
        Question::Data => "data".into(),
        Question::Message { transaction, content } => {
            let to: Vec<String> = transaction.recipients.iter().map(|one| one.address.to_string()).collect();
            let content = escape(&String::from_utf8_lossy(content));
            format!("message <{}> to {}: {content}", path(&transaction.reverse_path), to.join(" "))
        }
    }
}

fn answer(text: &str) -> Answer {
    if text == "drop" {
        return Answer::Drop;
    }
    match text.strip_prefix("close ") {
        Some(reply) => Answer::ReplyAndClose(Reply::parse(reply).unwrap()),
        None => Answer::Reply(Reply::parse(text).unwrap()),
    }
}

fn play(text: &str, number: &mut usize) {
    let mut settings = settings();
    let directives = text.lines().filter_map(|line| line.strip_prefix("# ")?.split_once(": "));
    directives.for_each(|(name, value)| set(&mut settings, name, value));
    let mut play = Play::new(Session::new(settings, [192, 0, 2, 1].into()), show);
    for (index, line) in text.lines().enumerate() {
        *number = index + 1;
        match line.split_at_checked(2) {
            Some(("C:", said)) => {
                play.nothing_more();
                play.feed(&format!("{}\r\n", said.trim_start()));
            }
            Some(("C|", said)) => play.feed(&unescape(said.trim_start())),
            Some(("S:", said)) => play.expect(&format!("{}\r\n", said.trim_start())),
            Some(("? ", asked)) => {
                let (asked, answered) = asked.split_once(" => ").unwrap();
                play.answer(asked, answer(answered));
            }
            Some(("! ", step)) => play.driver(step),
            _ => {}
        }
    }
    play.nothing_more();
}

#[test]
fn every_transcript_plays() {
    play_all("server", play);
}

proptest! {
    /// Whatever is fed in whatever pieces: no panic, and the core always comes to rest.
    #[test]
    fn any_octets_are_survived(octets in prop::collection::vec(prop::num::u8::ANY, 0..600), pieces in prop::collection::vec("(EHLO x|MAIL FROM:<a@b.test>|RCPT TO:<c@d.test>|DATA|BDAT 7|BDAT 3 LAST|RSET|\\.|AUTH PLAIN|x{1,40})\r\n", 0..12)) {
        let mut session = Session::new(settings(), [192, 0, 2, 1].into());
        let mut input: Vec<Vec<u8>> = pieces.into_iter().map(String::into_bytes).collect();
        input.push(octets);
        for piece in input {
            for _ in 0..200 {
                match session.step() {
                    Step::Ask(_) => session.answer(Answer::Reply(Reply::bare(250, "ok"))),
                    Step::Send(_) => {}
                    _ => break,
                }
            }
            session.feed(&piece);
        }
    }
}
