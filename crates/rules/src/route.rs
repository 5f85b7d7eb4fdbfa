//! Which hosts to try, in which order. RFC 5321 §5.1, RFC 7505.

use syntax::Domain;

/// What the MX lookup of a domain comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// Try these, best first (equal preferences shuffled by the caller's `spin`).
    Hosts(Vec<Domain>),
    /// `MX 0 .`: takes no mail, for good. RFC 7505.
    NullMx,
    /// The domain does not exist.
    NoSuchDomain,
}

/// Orders MX hosts by preference; equal ones rotated by `spin`. No MX: the domain itself (implicit MX).
pub fn route(_domain: &Domain, _mx: &[(u16, String)], _spin: u64) -> Route {
    todo!()
}

/// The site of a destination: its sorted MX host names joined by `,` (domains that share an MX set share a site).
pub fn site(_hosts: &[Domain]) -> String {
    todo!()
}
