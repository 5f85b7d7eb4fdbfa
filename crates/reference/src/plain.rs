//! The form in which texts are compared.

/// Lower-case, blanks single, quotation marks straight, and without mail addresses: the recipient
/// `spam@blocked.example` must not be taken for a reason. An address becomes `@`.
pub fn plain(text: &str) -> String {
    let mut out = String::new();
    plain_into(text, &mut out);
    out
}

/// [`plain`] into a buffer that is used again.
pub(crate) fn plain_into(text: &str, out: &mut String) {
    out.clear();
    out.reserve(text.len());
    for word in text.split_ascii_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        if word.as_bytes().contains(&b'@') {
            out.push('@');
        } else if word.is_ascii() {
            let start = out.len();
            out.push_str(word);
            if let Some(tail) = out.get_mut(start..) {
                tail.make_ascii_lowercase();
            }
        } else {
            word.chars().for_each(|letter| lower(letter, out));
        }
    }
}

fn lower(letter: char, out: &mut String) {
    match letter {
        '\u{2018}' | '\u{2019}' => out.push('\''),
        '\u{201c}' | '\u{201d}' => out.push('"'),
        '\u{a0}' | '\u{3000}' => out.push(' '),
        _ => out.extend(letter.to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_the_text_is_no_reason() {
        assert_eq!(plain("550  <Spam@x.test>: User\tUnknown in table"), "550 @ user unknown in table");
    }

    #[test]
    fn letters_outside_ascii_are_lowered_too() {
        assert_eq!(plain("ÜBERLASTET: The user\u{2019}s mailbox"), "überlastet: the user's mailbox");
    }
}
