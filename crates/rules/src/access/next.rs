//! Where a sign-in may lead.

/// The path to go on to when it stays on this site: one slash, then printable ASCII without a backslash (browsers take `\` for
/// `/`, WHATWG URL §4.4). Anything else is refused: a link to us must not lead to somebody else's page.
pub fn local_path(next: &str) -> Option<&str> {
    let rest = next.strip_prefix('/')?;
    let stays = !rest.starts_with('/') && rest.bytes().all(|octet| octet.is_ascii_graphic() && octet != b'\\');
    (stays && next.len() <= MAX_OCTETS).then_some(next)
}

/// Longest path with query, in octets; ours are far shorter.
const MAX_OCTETS: usize = 1000;

#[cfg(test)]
mod tests {
    use super::local_path;

    #[test]
    fn only_paths_of_this_site_are_followed() {
        for fine in ["/", "/account", "/domains/acme.example?tab=records&x=%2F"] {
            assert_eq!(local_path(fine), Some(fine));
        }
        let foreign = [
            "",
            "account",
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "/a\r\nSet-Cookie: x",
            "/ /evil.example",
            "javascript:alert(1)",
        ];
        for foreign in foreign {
            assert_eq!(local_path(foreign), None, "{foreign:?}");
        }
        assert_eq!(local_path(&format!("/{}", "a".repeat(2000))), None);
    }
}
