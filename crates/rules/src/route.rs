//! Which hosts to try, in which order. RFC 5321 §5.1, RFC 7505.

use syntax::Domain;

/// What the MX lookup of a domain comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// Try these, best first (equal preferences rotated by the caller's `spin`).
    Hosts(Vec<Domain>),
    /// `MX 0 .`: takes no mail, for good. RFC 7505.
    NullMx,
    /// The domain does not exist, or names no host that could exist.
    NoSuchDomain,
}

/// Orders MX hosts by preference; equal ones rotated by `spin`. No MX: the domain itself (implicit MX).
pub fn route(domain: &Domain, mx: &[(u16, String)], spin: u64) -> Route {
    if mx.is_empty() {
        return Route::Hosts(vec![domain.clone()]);
    }
    if mx.iter().all(|(_, exchange)| exchange == "." || exchange.is_empty()) {
        return Route::NullMx;
    }
    let mut hosts: Vec<(u16, Domain)> =
        mx.iter().filter_map(|(preference, exchange)| Some((*preference, Domain::parse(exchange).ok()?))).collect();
    hosts.sort();
    for equals in hosts.chunk_by_mut(|left, right| left.0 == right.0) {
        let turn = usize::try_from(spin).unwrap_or(0) % equals.len();
        equals.rotate_left(turn);
    }
    match hosts.is_empty() {
        true => Route::NoSuchDomain,
        false => Route::Hosts(hosts.into_iter().map(|(_, host)| host).collect()),
    }
}

/// The site of a destination: its sorted MX host names joined by `,` (domains that share an MX set share a site).
pub fn site(hosts: &[Domain]) -> String {
    let mut names: Vec<&str> = hosts.iter().map(Domain::as_str).collect();
    names.sort_unstable();
    names.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(mx: &[(u16, &str)], spin: u64, expect: &[&str]) {
        let mx: Vec<(u16, String)> = mx.iter().map(|(preference, host)| (*preference, String::from(*host))).collect();
        let expect = expect.iter().map(|host| Domain::parse(host).unwrap()).collect();
        assert_eq!(route(&Domain::parse("example.com").unwrap(), &mx, spin), Route::Hosts(expect));
    }

    #[test]
    fn hosts_are_tried_by_preference_and_equals_take_turns() {
        check(&[], 0, &["example.com"]);
        check(&[(20, "b.test"), (10, "a.test")], 0, &["a.test", "b.test"]);
        check(&[(10, "a.test"), (10, "b.test"), (20, "c.test")], 1, &["b.test", "a.test", "c.test"]);
        check(&[(10, "bad name"), (20, "c.test")], 0, &["c.test"]);
        check(&[(0, "."), (10, "a.test")], 0, &["a.test"]);
    }

    #[test]
    fn a_null_mx_takes_no_mail() {
        let domain = Domain::parse("example.com").unwrap();
        assert_eq!(route(&domain, &[(0, String::from("."))], 0), Route::NullMx);
        assert_eq!(route(&domain, &[(0, String::from("bad name"))], 0), Route::NoSuchDomain);
    }

    #[test]
    fn a_site_does_not_depend_on_the_order_of_its_hosts() {
        let host = |name| Domain::parse(name).unwrap();
        assert_eq!(site(&[host("b.test"), host("a.test")]), "a.test,b.test");
    }
}
