//! Whether a text holds a postal address: a street or a box, and a postal code with a place, near one another. Heuristics for the
//! usual forms of about thirty countries; what is only half there is "perhaps".

/// Lines that belong together.
const WINDOW: usize = 4;
/// Words between a house number and the word for its street.
const REACH: usize = 5;

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Postal {
    /// A whole address, as it stands.
    Found(String),
    /// A part of one.
    Perhaps(String),
    /// Nothing like it.
    None,
}

/// States of the United States, Canada's provinces and Australia's states, which stand before their codes.
const US_STATES: &str = "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC \
                         SD TN TX UT VT VA WA WV WI WY DC PR";
const AU_STATES: &str = "NSW VIC QLD WA SA TAS ACT NT";
/// Words for streets that stand alone, lower-case, without a final dot.
const STREETS: &str = "street st avenue ave road rd boulevard blvd lane ln drive dr way court ct square sq parkway pkwy highway hwy terrace \
                       place pl broadway quay row crescent close house floor suite rue chemin allée quai cours impasse via viale piazza corso \
                       largo calle c/ avenida av paseo plaza rua travessa praça ulica ul ulitsa ул улица aleja al plac pl. strada str bulevardul \
                       utca út tér trg gata marg nagar sector chome";
/// Ends of words for streets.
const STREET_ENDS: &[&str] = &[
    "straße", "strasse", "str", "gasse", "weg", "allee", "platz", "ring", "damm", "ufer", "straat", "laan", "plein",
    "gracht", "gatan", "vägen", "gade", "vej", "veien", "gata", "katu", "tie",
];
/// Words for a box.
const BOXES: &[&str] = &[
    "p.o. box",
    "po box",
    "p. o. box",
    "post office box",
    "postfach",
    "boîte postale",
    "apartado",
    "casella postale",
    "postbus",
    "skrytka",
];

pub(super) fn find(text: &str) -> Postal {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let mut perhaps = Postal::None;
    for start in 0..lines.len() {
        let window = lines.get(start..(start + WINDOW).min(lines.len())).unwrap_or_default();
        // A paragraph of prose is no address; its lines are long.
        let window: Vec<&str> = window.iter().copied().filter(|line| line.chars().count() <= 200).collect();
        let Some(first) = window.first().filter(|line| is_place(line) || code(line).is_some()) else { continue };
        let place = window.iter().position(|line| is_place(line));
        let best = window.iter().filter_map(|line| code(line)).max();
        let coded = window.iter().position(|line| best.is_some() && code(line) == best);
        match (place, coded) {
            (Some(place), Some(coded)) => {
                return Postal::Found(shortened(&window.get(..=place.max(coded)).unwrap_or_default().join(", ")));
            }
            (Some(_), None) if perhaps == Postal::None => perhaps = Postal::Perhaps(shortened(first)),
            (None, Some(_)) if best == Some(Code::Strong) && perhaps == Postal::None => {
                perhaps = Postal::Perhaps(shortened(first));
            }
            _ => {}
        }
    }
    match nameless_street(&lines) {
        Some(found) => Postal::Found(found),
        None => perhaps,
    }
}

/// `Am Alten Markt 7` before `80331 München`: a street whose name holds no word for a street is told by what follows it.
fn nameless_street(lines: &[&str]) -> Option<String> {
    let split =
        |line: &&str| line.split([',', '|', '·', '•', ';']).map(|piece| piece.trim().to_owned()).collect::<Vec<_>>();
    let pieces: Vec<String> = lines.iter().flat_map(split).filter(|piece| !piece.is_empty()).collect();
    let pair = pieces.windows(2).find(|pair| match pair {
        [street, place] => is_nameless(street) && tokens(place).len() <= 5 && starts_with_code(place),
        _ => false,
    })?;
    Some(shortened(&pair.join(", ")))
}

/// One to five capitalised words with particles between them, then a house number.
fn is_nameless(piece: &str) -> bool {
    const PARTICLES: &[&str] = &[
        "am", "an", "der", "den", "dem", "im", "in", "zum", "zur", "de", "la", "le", "du", "des", "del", "van", "het",
    ];
    let words = tokens(piece);
    let Some((number, name)) = words.split_last() else { return false };
    let capital = |word: &&str| word.chars().next().is_some_and(char::is_uppercase);
    let plain = |word: &&str| capital(word) || PARTICLES.contains(word);
    is_house_number(number) && (1..=5).contains(&name.len()) && name.iter().all(plain) && name.iter().any(capital)
}

fn starts_with_code(place: &str) -> bool {
    let words = tokens(place);
    let at = |index: usize| words.get(index).copied().unwrap_or_default();
    // A year looks like a code of four digits.
    let is_year = at(0).len() == 4 && (at(0).starts_with("19") || at(0).starts_with("20"));
    !is_year && code_at(at(0), at(1), at(2)).is_some()
}

fn shortened(text: &str) -> String {
    text.chars().take(160).collect()
}

/// Words without the marks around them.
fn tokens(line: &str) -> Vec<&str> {
    let split = line.split(|letter: char| letter.is_whitespace() || matches!(letter, ',' | '|' | '·' | '•' | ';'));
    split.map(|word| word.trim_matches(['.', '(', ')', '"', ':'])).filter(|word| !word.is_empty()).collect()
}

/// A street with a number near it, or a box.
fn is_place(line: &str) -> bool {
    let lower = line.to_lowercase();
    let with_number = |rest: &str| rest.chars().take(8).any(|letter| letter.is_ascii_digit());
    if BOXES.iter().any(|word| lower.split_once(word).is_some_and(|(_, rest)| with_number(rest))) {
        return true;
    }
    let words = tokens(&lower);
    words.iter().enumerate().any(|(at, word)| {
        let alone = STREETS.split_whitespace().any(|street| street == *word);
        let ends = STREET_ENDS.iter().any(|end| word.len() > end.len() + 2 && word.ends_with(end));
        let near = words.get(at.saturating_sub(REACH)..(at + REACH + 1).min(words.len())).unwrap_or_default();
        (alone || ends) && near.iter().any(|word| is_house_number(word))
    })
}

/// `12`, `12a`, `12-14`, `12/3`.
fn is_house_number(word: &str) -> bool {
    let digits = word.chars().take_while(char::is_ascii_digit).count();
    (1..=5).contains(&digits)
        && word.len() <= 9
        && word.chars().skip(digits).filter(|letter| letter.is_alphabetic()).count() <= 1
}

/// How sure a postal code is by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Code {
    /// Digits before a name: many things look so.
    Weak,
    /// A form that hardly anything else has.
    Strong,
}

fn code(line: &str) -> Option<Code> {
    let words = tokens(line);
    let at = |index: usize| words.get(index).copied().unwrap_or_default();
    (0..words.len()).filter_map(|index| code_at(at(index), at(index + 1), at(index + 2))).max()
}

/// The code that begins at `word`; `next` and `third` follow.
fn code_at(word: &str, next: &str, third: &str) -> Option<Code> {
    let state = |states: &str| states.split_whitespace().any(|state| state == word);
    let name = |word: &str| word.chars().next().is_some_and(|letter| letter.is_uppercase() || !letter.is_ascii());
    // `D-10115`, `CH-8001`, `F-75002`: the country before the code.
    let bare = word
        .split_once('-')
        .filter(|(country, _)| (1..=3).contains(&country.len()) && shape(country).chars().all(|one| one == 'A'));
    let word_shape = shape(bare.map_or(word, |(_, rest)| rest));
    let (both, next_shape) = (format!("{word_shape} {}", shape(next)), shape(next));
    match (word_shape.as_str(), both.as_str()) {
        _ if state(US_STATES) && matches!(next_shape.as_str(), "9" | "99999" | "99999-9999") && next.len() >= 5 => {
            Some(Code::Strong)
        }
        _ if state(AU_STATES) && next_shape == "9999" => Some(Code::Strong),
        // Canada, written with a blank or without.
        ("A9A9A9", _) | (_, "A9A 9A9") => Some(Code::Strong),
        // United Kingdom.
        (_, "A9 9AA" | "A99 9AA" | "AA9 9AA" | "AA99 9AA" | "A9A 9AA" | "AA9A 9AA") => Some(Code::Strong),
        // The Netherlands.
        (_, "9999 AA") if name(third) => Some(Code::Strong),
        // Japan, Brazil, Portugal, Poland, Sweden and the Czech Republic, India.
        _ if word.starts_with('〒') => Some(Code::Strong),
        ("99999-999" | "9999-999" | "99-999", _) if name(next) => Some(Code::Strong),
        ("999-9999", _) => Some(Code::Weak),
        (_, "999 99") if name(third) => Some(Code::Weak),
        ("999999", _) => Some(Code::Weak),
        // Most of the European continent: four or five digits, then the place.
        ("99999" | "9999", _) if name(next) => Some(Code::Weak),
        _ => None,
    }
}

/// Digits as 9, capital letters as A, others as they are.
fn shape(word: &str) -> String {
    let one = |letter: char| match letter {
        letter if letter.is_ascii_digit() => '9',
        letter if letter.is_ascii_uppercase() => 'A',
        letter => letter,
    };
    word.chars().take(12).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_many_countries_are_found() {
        for text in [
            "Acme Inc., 548 Market St, Suite 123, San Francisco, CA 94104",
            "Acme Inc.\n1600 Amphitheatre Parkway\nMountain View, CA 94043-1351\nUSA",
            "Acme · PO Box 1234 · Austin, TX 78701",
            "Acme Ltd, 221B Baker Street, London NW1 6XE",
            "Acme\n12 King Street West\nToronto ON M5H 1A1",
            "Muster GmbH | Hauptstraße 5 | 10115 Berlin",
            "Muster GmbH, Lindenstr. 12a, D-10969 Berlin",
            "Muster AG\nBahnhofstrasse 1\nCH-8001 Zürich",
            "Exemple SARL, 12 rue de la Paix, 75002 Paris",
            "Ejemplo SL\nCalle Mayor 5\n28013 Madrid",
            "Esempio Srl - Via Roma 10, 20121 Milano",
            "Voorbeeld BV, Keizersgracht 123, 1015 CJ Amsterdam",
            "Exempel AB\nDrottninggatan 10\n111 51 Stockholm",
            "Przykład, ul. Marszałkowska 1, 00-624 Warszawa",
            "Acme Pty Ltd, 1 George Street, Sydney NSW 2000",
            "Exemplo Ltda, Avenida Paulista 1000, 01310-100 São Paulo",
            "Postfach 12 34\n80331 München",
            "Firma GmbH\nAm Alten Markt 7\n80331 München\nHRB 123456",
            "Firma GmbH, Unter den Linden 77, 10117 Berlin",
        ] {
            assert!(matches!(find(text), Postal::Found(_)), "{text}: {:?}", find(text));
        }
    }

    #[test]
    fn half_an_address_is_perhaps_one() {
        for text in ["We are at 12 Main Street, come by", "Toronto M5H 1A1", "London NW1 6XE"] {
            assert!(matches!(find(text), Postal::Perhaps(_)), "{text}: {:?}", find(text));
        }
    }

    #[test]
    fn prose_and_numbers_are_no_address() {
        for text in [
            "Hi Dana,\nI saw that you hired 25 people in 2026. Can we talk on Tuesday at 10?\nBest, Ann",
            "Over 10000 Customers in 2025 Alone",
            "Call +1 415 555 0100 or +49 30 123456",
            "Order 123456 was shipped",
            "Room 12\n2026 Conference",
            "",
        ] {
            assert_eq!(find(text), Postal::None, "{text}");
        }
    }
}
