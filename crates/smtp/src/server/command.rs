//! Commands read from their lines. RFC 5321 §4.1.

use syntax::{Address, Domain};

use super::{MailParameters, Notify, RcptParameters};
use crate::{Reply, replies};

/// A command, syntactically right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    Helo { name: String, extended: bool },
    StartTls,
    Auth { mechanism: String, initial: Option<String> },
    Mail { reverse_path: Option<Address>, parameters: MailParameters },
    Rcpt { address: Address, parameters: RcptParameters },
    Data,
    Bdat { octets: usize, last: bool },
    Rset,
    Noop,
    Vrfy,
    Help,
    Quit,
}

/// Reads a line without its CRLF.
///
/// # Errors
/// The reply that says what is wrong.
pub(super) fn read(line: &[u8], hostname: &str) -> Result<Command, Reply> {
    let text = std::str::from_utf8(line).map_err(|_| replies::bad_syntax())?;
    if text.chars().any(|letter| letter.is_control() && letter != '\t') {
        return Err(replies::bad_syntax());
    }
    let text = text.trim_end();
    let (verb, argument) = text.split_once(' ').unwrap_or((text, ""));
    let argument = argument.trim_start();
    match verb.to_ascii_uppercase().as_str() {
        "HELO" => helo(argument, false),
        "EHLO" => helo(argument, true),
        "STARTTLS" => without_argument(argument, Command::StartTls),
        "AUTH" => auth(argument),
        "MAIL" => mail(argument),
        "RCPT" => rcpt(argument, hostname),
        "DATA" => without_argument(argument, Command::Data),
        "BDAT" => bdat(argument),
        "RSET" => without_argument(argument, Command::Rset),
        "NOOP" => Ok(Command::Noop),
        "VRFY" => Ok(Command::Vrfy),
        "HELP" => Ok(Command::Help),
        "QUIT" => without_argument(argument, Command::Quit),
        "EXPN" | "TURN" | "ETRN" | "SEND" | "SOML" | "SAML" => Err(replies::command_not_implemented()),
        _ => Err(replies::command_unknown()),
    }
}

fn without_argument(argument: &str, command: Command) -> Result<Command, Reply> {
    if argument.is_empty() { Ok(command) } else { Err(replies::bad_syntax()) }
}

/// Reality: many clients greet with names that are no domains (`EHLO MY_PC`); only spaces and emptiness are refused.
fn helo(argument: &str, extended: bool) -> Result<Command, Reply> {
    if argument.is_empty() || argument.contains(char::is_whitespace) {
        return Err(replies::bad_syntax());
    }
    Ok(Command::Helo { name: argument.to_owned(), extended })
}

fn auth(argument: &str) -> Result<Command, Reply> {
    let mut words = argument.split_ascii_whitespace();
    let mechanism = words.next().ok_or_else(replies::bad_syntax)?.to_ascii_uppercase();
    let initial = words.next().map(str::to_owned);
    if words.next().is_some() { Err(replies::bad_syntax()) } else { Ok(Command::Auth { mechanism, initial }) }
}

fn bdat(argument: &str) -> Result<Command, Reply> {
    let mut words = argument.split_ascii_whitespace();
    let octets = words.next().and_then(|word| word.parse().ok()).ok_or_else(replies::bad_syntax)?;
    match (words.next(), words.next()) {
        (None, None) => Ok(Command::Bdat { octets, last: false }),
        (Some(word), None) if word.eq_ignore_ascii_case("LAST") => Ok(Command::Bdat { octets, last: true }),
        _ => Err(replies::bad_syntax()),
    }
}

fn mail(argument: &str) -> Result<Command, Reply> {
    let (path, rest) = path_after(argument, "FROM:")?;
    let reverse_path = match path {
        "" => None,
        path => Some(Address::parse(path).map_err(|malformed| replies::bad_address(true, malformed))?),
    };
    let mut parameters = MailParameters::default();
    for word in rest.split_ascii_whitespace() {
        mail_parameter(word, &mut parameters)?;
    }
    Ok(Command::Mail { reverse_path, parameters })
}

fn mail_parameter(word: &str, parameters: &mut MailParameters) -> Result<(), Reply> {
    let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
    match (name.to_ascii_uppercase().as_str(), value) {
        ("SIZE", Some(value)) => parameters.size = Some(value.parse().map_err(|_| replies::bad_syntax())?),
        ("BODY", Some(value)) => match value.to_ascii_uppercase().as_str() {
            "7BIT" => parameters.eight_bit = false,
            "8BITMIME" => parameters.eight_bit = true,
            _ => return Err(replies::parameter_unknown()),
        },
        ("SMTPUTF8", None) => parameters.smtputf8 = true,
        ("RET", Some(value)) => match value.to_ascii_uppercase().as_str() {
            "HDRS" => parameters.return_headers_only = Some(true),
            "FULL" => parameters.return_headers_only = Some(false),
            _ => return Err(replies::bad_syntax()),
        },
        ("ENVID", Some(value)) => parameters.envid = Some(unxtext(value).ok_or_else(replies::bad_syntax)?),
        // RFC 4954 §5: taken and not used.
        ("AUTH", Some(_)) => {}
        _ => return Err(replies::parameter_unknown()),
    }
    Ok(())
}

fn rcpt(argument: &str, hostname: &str) -> Result<Command, Reply> {
    let (path, rest) = path_after(argument, "TO:")?;
    let address = if path.eq_ignore_ascii_case("postmaster") {
        // RFC 5321 §4.5.1: the one address without a domain.
        let domain = Domain::parse(hostname).map_err(|malformed| replies::bad_address(false, malformed))?;
        Address::new("postmaster", domain)
    } else {
        Address::parse(path)
    };
    let address = address.map_err(|malformed| replies::bad_address(false, malformed))?;
    let mut parameters = RcptParameters::default();
    for word in rest.split_ascii_whitespace() {
        rcpt_parameter(word, &mut parameters)?;
    }
    Ok(Command::Rcpt { address, parameters })
}

fn rcpt_parameter(word: &str, parameters: &mut RcptParameters) -> Result<(), Reply> {
    let (name, value) = word.split_once('=').ok_or_else(replies::parameter_unknown)?;
    match name.to_ascii_uppercase().as_str() {
        "NOTIFY" => parameters.notify = Some(notify(value)?),
        "ORCPT" => parameters.original = Some(unxtext(value).ok_or_else(replies::bad_syntax)?),
        _ => return Err(replies::parameter_unknown()),
    }
    Ok(())
}

/// RFC 3461 §4.1: NEVER stands alone.
fn notify(value: &str) -> Result<Notify, Reply> {
    let mut notify = Notify::default();
    if value.eq_ignore_ascii_case("NEVER") {
        return Ok(notify);
    }
    for word in value.split(',') {
        match word.to_ascii_uppercase().as_str() {
            "SUCCESS" => notify.success = true,
            "FAILURE" => notify.failure = true,
            "DELAY" => notify.delay = true,
            _ => return Err(replies::bad_syntax()),
        }
    }
    Ok(notify)
}

/// The path between angle brackets and what follows it. A source route is read over (RFC 5321 §4.1.1.3).
fn path_after<'a>(argument: &'a str, keyword: &str) -> Result<(&'a str, &'a str), Reply> {
    let (found, rest) = argument.split_at_checked(keyword.len()).ok_or_else(replies::bad_syntax)?;
    // Reality: some clients put a space after the colon.
    let rest = rest.trim_start();
    if !found.eq_ignore_ascii_case(keyword) {
        return Err(replies::bad_syntax());
    }
    let inner = rest.strip_prefix('<').ok_or_else(replies::bad_syntax)?;
    let end = closing_bracket(inner).ok_or_else(replies::bad_syntax)?;
    let (path, after) = (inner.get(..end).unwrap_or_default(), inner.get(end + 1..).unwrap_or_default());
    if !after.is_empty() && !after.starts_with(' ') {
        return Err(replies::bad_syntax());
    }
    let path = match path.strip_prefix('@') {
        Some(route) => route.split_once(':').map_or(path, |(_, path)| path),
        None => path,
    };
    Ok((path, after))
}

fn closing_bracket(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    for (offset, letter) in text.char_indices() {
        match letter {
            '"' if !escaped => quoted = !quoted,
            '>' if !quoted => return Some(offset),
            _ => {}
        }
        escaped = letter == '\\' && !escaped;
    }
    None
}

/// RFC 3461 §4: `+` and two upper-case hexadecimal digits stand for an octet.
fn unxtext(text: &str) -> Option<String> {
    let mut octets = Vec::new();
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        if octet == b'+' {
            let pair = [rest.next()?, rest.next()?];
            octets.push(u8::from_str_radix(std::str::from_utf8(&pair).ok()?, 16).ok()?);
        } else {
            octets.push(octet);
        }
    }
    let text = String::from_utf8(octets).ok()?;
    (!text.chars().any(char::is_control)).then_some(text)
}

/// The other way round. RFC 3461 §4.
pub(crate) fn xtext(text: &str) -> String {
    let write = |octet: u8| match octet {
        b'!'..=b'~' if octet != b'+' && octet != b'=' => char::from(octet).to_string(),
        octet => format!("+{octet:02X}"),
    };
    text.bytes().map(write).collect()
}
