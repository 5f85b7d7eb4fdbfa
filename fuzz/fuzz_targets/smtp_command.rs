//! Whatever one command line is, at each point of a session: it is answered once or asked about once, and an envelope that
//! was read is written and read again as the same.
#![no_main]

use coldrelay_fuzz::smtp_lines::assert_replies;
use smtp::{
    Enhanced, Reply,
    server::{Answer, MailParameters, Notify, Question, RcptParameters, Session, Settings},
};
use syntax::Address;
use wire::{Core as _, Step};

libfuzzer_sys::fuzz_target!(|line: &[u8]| {
    let line: Vec<u8> = line.iter().copied().filter(|octet| !matches!(octet, b'\r' | b'\n')).collect();
    let before: [&[&str]; 4] = [
        &[],
        &["EHLO a.test"],
        &["EHLO a.test", "MAIL FROM:<>"],
        &["EHLO a.test", "MAIL FROM:<>", "RCPT TO:<d@b.test>"],
    ];
    for commands in before {
        let (asked, said) = asked(commands, &line);
        assert!(asked.is_some() || !said.is_empty() || is_counted(&line), "no answer to {}", line.escape_ascii());
        let Some(again) = asked.as_ref().and_then(written) else { continue };
        assert_eq!(self::asked(commands, again.as_bytes()).0, asked, "{again}");
    }
});

/// BDAT is answered when its octets have come.
fn is_counted(line: &[u8]) -> bool {
    line.get(..4).is_some_and(|verb| verb.eq_ignore_ascii_case(b"BDAT"))
}

/// What a session that has heard these commands asks because of the line, and what it says.
fn asked(commands: &[&str], line: &[u8]) -> (Option<Question>, Vec<u8>) {
    let settings = Settings {
        hostname: String::from("mx.test"),
        starttls: true,
        implicit_tls: false,
        auth: false,
        max_message_octets: 1000,
        max_recipients: 5,
        max_errors: 5,
        max_auth_failures: 2,
        enhanced_codes: true,
    };
    let mut session = Session::new(settings, [192, 0, 2, 1].into());
    let (_, _) = go_on(&mut session);
    for command in commands {
        session.feed(format!("{command}\r\n").as_bytes());
        let (asked, _) = go_on(&mut session);
        assert!(asked.is_some(), "{command}");
    }
    session.feed(line);
    session.feed(b"\r\n");
    let (asked, said) = go_on(&mut session);
    assert_replies(&said);
    (asked, said)
}

/// Every question is granted; the first is told.
fn go_on(session: &mut Session) -> (Option<Question>, Vec<u8>) {
    let (mut asked, mut said) = (None, Vec::new());
    loop {
        match session.step() {
            Step::Send(octets) => said.extend(octets),
            Step::Ask(question) => {
                // An empty last chunk is a whole message.
                let follows = matches!((&asked, &question), (Some(Question::Data), Question::Message { .. }));
                assert!(asked.is_none() || follows, "one line, two questions");
                asked.get_or_insert(question);
                session.answer(Answer::Reply(Reply::new(250, Enhanced::new(2, 0, 0), "Yes")));
            }
            _ => return (asked, said),
        }
    }
}

fn written(question: &Question) -> Option<String> {
    match question {
        Question::Helo { name, extended, .. } => Some(format!("{} {name}", if *extended { "EHLO" } else { "HELO" })),
        Question::Mail { reverse_path, parameters } => {
            let path = reverse_path.as_ref().map(Address::to_string).unwrap_or_default();
            Some(format!("MAIL FROM:<{path}>{}", of_mail(parameters)))
        }
        Question::Rcpt { address, parameters } => Some(format!("RCPT TO:<{address}>{}", of_rcpt(parameters))),
        _ => None,
    }
}

fn of_mail(parameters: &MailParameters) -> String {
    let mut out = String::new();
    if let Some(size) = parameters.size {
        out.push_str(&format!(" SIZE={size}"));
    }
    out.push_str(if parameters.eight_bit { " BODY=8BITMIME" } else { "" });
    out.push_str(if parameters.smtputf8 { " SMTPUTF8" } else { "" });
    match parameters.return_headers_only {
        Some(true) => out.push_str(" RET=HDRS"),
        Some(false) => out.push_str(" RET=FULL"),
        None => {}
    }
    if let Some(envid) = &parameters.envid {
        out.push_str(&format!(" ENVID={}", xtext(envid)));
    }
    out
}

fn of_rcpt(parameters: &RcptParameters) -> String {
    let mut out = String::new();
    if let Some(Notify { success, failure, delay }) = parameters.notify {
        let words = [(success, "SUCCESS"), (failure, "FAILURE"), (delay, "DELAY")];
        let words: Vec<&str> = words.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
        out.push_str(&format!(" NOTIFY={}", if words.is_empty() { String::from("NEVER") } else { words.join(",") }));
    }
    if let Some(original) = &parameters.original {
        out.push_str(&format!(" ORCPT={}", xtext(original)));
    }
    out
}

/// RFC 3461 §4
fn xtext(text: &str) -> String {
    let write = |octet: u8| match octet {
        b'!'..=b'~' if !matches!(octet, b'+' | b'=') => char::from(octet).to_string(),
        octet => format!("+{octet:02X}"),
    };
    text.bytes().map(write).collect()
}
