//! A mistyped domain: near to a well-known one, and not it.

use reference::mail_domains;
use syntax::Domain;

/// The well-known mail domain that was probably meant. `None` when the domain is well-known itself, or near to none.
pub fn suggestion(domain: &Domain) -> Option<Domain> {
    let text = domain.as_str();
    let known = &mail_domains().free;
    if known.iter().any(|name| name == text) {
        return None;
    }
    // `min_by_key` takes the first of equals, and the list has the most used first.
    let nearest = known.iter().map(|name| (cost(text, name), name)).min_by_key(|(cost, _)| *cost)?;
    let (cost, name) = nearest;
    (cost <= allowed(text, name)).then(|| Domain::parse(name).ok())?
}

/// Two names that are short or differ early are probably two names: `me.com` is no mistyped `hey.com`.
fn allowed(text: &str, name: &str) -> usize {
    match label(text).chars().count().min(label(name).chars().count()) {
        0..=3 => 0,
        4 | 5 => 1,
        _ => 2,
    }
}

/// The distance; another letter at the start, where people rarely slip, counts double.
fn cost(text: &str, name: &str) -> usize {
    let same_start = text.chars().next() == name.chars().next();
    // A word that is only mistyped in its ending (`gmail.con`) has its whole label right: that weighs less than the label.
    if label(text) == label(name) && label(name).chars().count() < 4 {
        return usize::MAX;
    }
    distance(text, name) + usize::from(!same_start)
}

fn label(domain: &str) -> &str {
    domain.split('.').next().unwrap_or(domain)
}

/// Letters to be added, dropped, changed, or neighbours to be swapped (optimal string alignment, the restricted form of
/// Damerau and Levenshtein).
pub fn distance(left: &str, right: &str) -> usize {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for (row, letter) in left.iter().enumerate() {
        let mut here = vec![row + 1];
        for (column, other) in right.iter().enumerate() {
            let at = |line: &[usize], column: usize| line.get(column).copied().unwrap_or(usize::MAX);
            let change = at(&above, column).saturating_add(usize::from(letter != other));
            let add = at(&here, column).saturating_add(1);
            let drop = at(&above, column + 1).saturating_add(1);
            let swapped =
                row > 0 && column > 0 && left.get(row - 1) == Some(other) && right.get(column - 1) == Some(letter);
            let swap = if swapped { at(&before, column - 1).saturating_add(1) } else { usize::MAX };
            here.push(change.min(add).min(drop).min(swap));
        }
        before = std::mem::replace(&mut above, here);
    }
    above.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swap_is_one_mistake() {
        for (left, right, expect) in [
            ("", "", 0),
            ("a", "", 1),
            ("", "ab", 2),
            ("gmail", "gmial", 1),
            ("gmail", "gmal", 1),
            ("gmail", "gmaill", 1),
            ("gmail", "hmail", 1),
            ("ca", "abc", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!((distance(left, right), distance(right, left)), (expect, expect), "{left} {right}");
        }
    }

    fn check(domain: &str, expect: Option<&str>) {
        let found = suggestion(&Domain::parse(domain).unwrap());
        assert_eq!(found.as_ref().map(Domain::as_str), expect, "{domain}");
    }

    #[test]
    fn a_slip_leads_to_the_domain_that_was_meant() {
        check("gmial.com", Some("gmail.com"));
        check("gmail.co", Some("gmail.com"));
        check("gmail.con", Some("gmail.com"));
        check("gnail.com", Some("gmail.com"));
        check("gmai.com", Some("gmail.com"));
        check("hotmial.com", Some("hotmail.com"));
        check("hotnail.com", Some("hotmail.com"));
        check("outlok.com", Some("outlook.com"));
        check("outllook.com", Some("outlook.com"));
        check("yaho.com", Some("yahoo.com"));
        check("yahoo.cmo", Some("yahoo.com"));
        check("iclud.com", Some("icloud.com"));
    }

    #[test]
    fn another_name_is_left_alone() {
        for domain in [
            "gmail.com",
            "gmx.com",
            "example.com",
            "mail.com",
            "ymail.com",
            "email.com",
            "gail.org",
            "me.com",
            "ms.com",
            "sky.net",
            "bmw.com",
            "orange.com",
            "cox.com",
            "hotel.com",
            "freemail.org",
            "web.dev",
            "acme.test",
        ] {
            check(domain, None);
        }
    }
}
