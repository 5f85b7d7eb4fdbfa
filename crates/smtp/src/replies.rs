//! Every reply that our servers give, by name. The text of a refusal ends with `(see <entry id>)`,
//! the id of its entry in `reference`.

use crate::{Enhanced, Reply};

macro_rules! replies {
    ($($(#[$doc:meta])* $name:ident = $code:literal $class:literal . $subject:literal . $detail:literal $text:literal;)*) => {$(
        $(#[$doc])*
        pub fn $name() -> Reply {
            Reply::new($code, Enhanced::new($class, $subject, $detail), $text)
        }
    )*};
}

// `5 . 1 . 1` with spaces: `5.1` would be a number with a fraction.
replies! {
    /// 250 2.0.0
    ok = 250 2 . 0 . 0 "Ok";
    /// 250 2.1.0: MAIL.
    sender_ok = 250 2 . 1 . 0 "Sender ok";
    /// 250 2.1.5: RCPT.
    recipient_ok = 250 2 . 1 . 5 "Recipient ok";
    /// 235 2.7.0: AUTH succeeded.
    authenticated = 235 2 . 7 . 0 "Authentication succeeded";
    /// 220 2.0.0: STARTTLS may begin.
    ready_for_tls = 220 2 . 0 . 0 "Ready to start TLS";
    /// 221 2.0.0: QUIT.
    bye = 221 2 . 0 . 0 "Bye";
    /// 252 2.5.2: VRFY. RFC 5321 §3.5.3.
    cannot_verify = 252 2 . 5 . 2 "Cannot verify, but will take a message and try to deliver it";
    /// 421 4.3.2: we are stopping.
    shutting_down = 421 4 . 3 . 2 "Shutting down, please try again later";
    /// 421 4.7.0: over the limit of errors.
    too_many_errors = 421 4 . 7 . 0 "Too many errors, closing (see too-many-errors)";
    /// 421 4.7.0: over the limit of connections.
    too_many_connections = 421 4 . 7 . 0 "Too many connections, try again later (see too-many-connections)";
    /// 451 4.3.0: a fault of ours.
    local_error = 451 4 . 3 . 0 "Local error, nothing was accepted, please try again later (see local-error)";
    /// 451 4.4.3: a lookup of ours failed.
    lookup_failed = 451 4 . 4 . 3 "A lookup failed here, please try again later (see local-error)";
    /// 452 4.5.3: over the limit of recipients. RFC 5321 §4.5.3.1.10.
    too_many_recipients = 452 4 . 5 . 3 "Too many recipients, send to the rest in another transaction (see too-many-recipients)";
    /// 500 5.5.2: over the limit of a command line. RFC 5321 §4.5.3.1.4.
    line_too_long = 500 5 . 5 . 6 "The line is too long (see line-too-long)";
    /// 500 5.5.1
    command_unknown = 500 5 . 5 . 1 "This command is not known here (see command-unknown)";
    /// 502 5.5.1
    command_not_implemented = 502 5 . 5 . 1 "This command is not offered here (see command-unknown)";
    /// 500 5.5.2: CR without LF or LF without CR in a command.
    bare_line_end_in_command = 500 5 . 5 . 2 "A line must end with CR LF, never with one of them alone (see bare-line-end)";
    /// 501 5.5.4
    bad_syntax = 501 5 . 5 . 4 "The argument cannot be read (see bad-syntax)";
    /// 501 5.7.0: `*` in the middle of AUTH. RFC 4954 §4.
    authentication_cancelled = 501 5 . 7 . 0 "Authentication cancelled";
    /// 503 5.5.1
    bad_sequence = 503 5 . 5 . 1 "This command is out of order (see bad-sequence)";
    /// 504 5.5.4
    mechanism_unknown = 504 5 . 5 . 4 "Only PLAIN and LOGIN are offered (see command-unknown)";
    /// 535 5.7.8: the password is right and the mailbox suspended.
    mailbox_suspended_at_login = 535 5 . 7 . 8 "The mailbox is suspended: ask its operator (see authentication-failed)";
    /// 550 5.2.1: a mailbox that takes no mail for now.
    mailbox_suspended = 550 5 . 2 . 1 "The mailbox is suspended (see 550-5-2-1-mailbox-disabled)";
    /// 530 5.7.0. RFC 4954 §6.
    authentication_required = 530 5 . 7 . 0 "Log in first, with AUTH (see authentication-required)";
    /// 535 5.7.8. RFC 4954 §6.
    authentication_failed = 535 5 . 7 . 8 "The login or the password is wrong (see authentication-failed)";
    /// 538 5.7.11. RFC 4954 §6.
    tls_required = 538 5 . 7 . 11 "Encryption is required: say STARTTLS first (see tls-required)";
    /// 550 5.1.1: the RCPT names no mailbox here.
    no_such_mailbox = 550 5 . 1 . 1 "No mailbox here by that name (see 550-5-1-1)";
    /// 550 5.7.1: the RCPT names no domain of ours.
    relay_denied = 550 5 . 7 . 1 "No mail is taken here for that domain: relaying denied (see relay-denied)";
    /// 550 5.6.0: CR without LF or LF without CR in a message.
    bare_line_end = 550 5 . 6 . 0 "The message holds a bare CR or LF; every line must end with CR LF (see bare-line-end)";
    /// 452 4.2.2: the mailbox is full; its owner can make room. RFC 3463 §3.3.
    mailbox_full = 452 4 . 2 . 2 "The mailbox is full, try again later (see 452-4-2-2-mailbox-full)";
    /// 552 5.2.2: the message is larger than all that the mailbox may hold. RFC 5321 §4.2.3.
    mailbox_too_small = 552 5 . 2 . 2 "The message is larger than the mailbox may hold (see 552-5-2-2-mailbox-full)";
    /// 552 5.3.4. RFC 1870 §6.1.
    message_too_large = 552 5 . 3 . 4 "The message is larger than the SIZE offered (see message-too-large)";
    /// 554 5.5.1: DATA without recipients.
    no_valid_recipients = 554 5 . 5 . 1 "No valid recipients (see bad-sequence)";
    /// 554 5.4.6: a loop.
    too_many_hops = 554 5 . 4 . 6 "Too many Received fields: this message runs in a loop (see routing-loop)";
    /// 555 5.5.4: an unknown parameter of MAIL or RCPT.
    parameter_unknown = 555 5 . 5 . 4 "A parameter of the command is not known here (see bad-syntax)";
}

/// 501 5.1.3 or 5.1.7: an address that cannot be read, with the reason.
pub fn bad_address(is_sender: bool, malformed: syntax::Malformed) -> Reply {
    let detail = if is_sender { 7 } else { 3 };
    Reply::new(501, Enhanced::new(5, 1, detail), format!("The address cannot be read: {malformed} (see bad-syntax)"))
}

/// 550 5.7.1: the author's domain asks for rejection of what fails DMARC. RFC 9989.
pub fn dmarc_reject(domain: &str) -> Reply {
    let text = format!("Mail from {domain} that fails DMARC is rejected, as its policy asks (see dmarc-rejected)");
    Reply::new(550, Enhanced::new(5, 7, 1), text)
}
