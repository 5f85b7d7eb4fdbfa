//! `type/subtype; name=value`: Content-Type and Content-Disposition. RFC 2045 §5.1, RFC 2183 §2.

/// Most parameters of one field.
const MAX_PARAMETERS: usize = 50;
/// Longest value of one parameter, in octets.
const MAX_VALUE: usize = 4096;

pub(super) type Parameters = Vec<(String, String)>;

/// The word before the first semicolon, lower-case, and the parameters, names lower-case. Comments are left out; what is
/// no parameter is read over. Names of RFC 2231 (`filename*0*`) stay as they are: clients put them together.
pub(super) fn read(value: &str) -> (String, Parameters) {
    let mut pieces = pieces(value).into_iter();
    let first = pieces.next().unwrap_or_default();
    let word = first.text.split_ascii_whitespace().collect::<String>().to_ascii_lowercase();
    let named = pieces.filter_map(|piece| {
        let at = piece.equals?;
        let (name, value) = (piece.text.get(..at)?.trim(), piece.text.get(at + 1..)?);
        let is_name = !name.is_empty() && name.len() <= 100 && name.bytes().all(|octet| octet.is_ascii_graphic());
        let value = if piece.quoted { value } else { value.trim() };
        is_name.then(|| (name.to_ascii_lowercase(), cut(value, MAX_VALUE).to_owned()))
    });
    (word, named.take(MAX_PARAMETERS).collect())
}

/// At most so many octets, whole letters.
pub(super) fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// What stands between two semicolons, quotes undone.
#[derive(Default)]
struct Piece {
    text: String,
    /// Where the first `=` outside quotes is.
    equals: Option<usize>,
    quoted: bool,
}

fn pieces(value: &str) -> Vec<Piece> {
    let mut pieces = vec![];
    let mut piece = Piece::default();
    let mut letters = value.chars();
    while let Some(letter) = letters.next() {
        match letter {
            ';' => pieces.push(std::mem::take(&mut piece)),
            '(' => skip_comment(&mut letters),
            '"' => quoted(&mut letters, &mut piece),
            '=' if piece.equals.is_none() => {
                piece.equals = Some(piece.text.len());
                piece.text.push('=');
            }
            letter if piece.quoted && letter.is_whitespace() => {}
            letter => piece.text.push(letter),
        }
        if pieces.len() > MAX_PARAMETERS {
            break;
        }
    }
    pieces.push(piece);
    pieces
}

fn skip_comment(letters: &mut std::str::Chars<'_>) {
    let mut depth = 1;
    while depth > 0
        && let Some(letter) = letters.next()
    {
        match letter {
            '(' => depth += 1,
            ')' => depth -= 1,
            '\\' => drop(letters.next()),
            _ => {}
        }
    }
}

fn quoted(letters: &mut std::str::Chars<'_>, piece: &mut Piece) {
    // Blanks between `=` and the quote do not belong to the value.
    piece.text.truncate(piece.text.trim_end().len());
    piece.quoted = true;
    while let Some(letter) = letters.next().filter(|letter| *letter != '"') {
        // Reality: `filename="C:\temp\a.txt"`; only quotes and backslashes are escaped.
        let mut ahead = letters.clone();
        match (letter, ahead.next()) {
            ('\\', Some(escaped @ ('"' | '\\'))) => {
                piece.text.push(escaped);
                *letters = ahead;
            }
            _ => piece.text.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, word: &str, parameters: &[(&str, &str)]) {
        let (found, named) = read(value);
        let named: Vec<_> = named.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!((found.as_str(), named.as_slice()), (word, parameters), "{value:?}");
    }

    #[test]
    fn values_are_read() {
        // RFC 2045 §5.1.
        check("text/plain; charset=us-ascii (Plain text)", "text/plain", &[("charset", "us-ascii")]);
        check("Text/Plain ;Charset = \"us-ascii\"", "text/plain", &[("charset", "us-ascii")]);
        check("multipart/mixed; boundary=\"a;b\\\"c\" ;x", "multipart/mixed", &[("boundary", "a;b\"c")]);
        check("attachment; filename=\"C:\\temp\\a.txt\"", "attachment", &[("filename", "C:\\temp\\a.txt")]);
        check(
            "attachment; filename*0*=utf-8''a%20; filename*1=b",
            "attachment",
            &[("filename*0*", "utf-8''a%20"), ("filename*1", "b")],
        );
        check("a; filename=two words.pdf", "a", &[("filename", "two words.pdf")]);
        check("", "", &[]);
        check(";;=x;\"", "", &[]);
        check("text / html", "text/html", &[]);
        check("a; b=\"unclosed", "a", &[("b", "unclosed")]);
        check("a; b=x(unclosed (nested\\", "a", &[("b", "x")]);
        check("a; b=\"=\"", "a", &[("b", "=")]);
    }

    #[test]
    fn parameters_are_bounded() {
        let many = "; a=b".repeat(1000);
        assert_eq!(read(&format!("x{many}")).1.len(), MAX_PARAMETERS);
        let long = format!("x; a=\"{}\"", "ü".repeat(MAX_VALUE));
        assert!(read(&long).1[0].1.len() <= MAX_VALUE);
    }
}
