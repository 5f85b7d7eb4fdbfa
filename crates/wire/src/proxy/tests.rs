use super::*;

/// A version 2 header: command, family, and what follows the length.
fn v2(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
    [SIGNATURE.as_slice(), &[command, family], &length, rest].concat()
}

fn four(more: &[u8]) -> Vec<u8> {
    [&[192, 0, 2, 7, 198, 51, 100, 1, 0x30, 0x39, 0, 25], more].concat()
}

fn six(more: &[u8]) -> Vec<u8> {
    let (source, target): (Ipv6Addr, Ipv6Addr) = ("2001:db8::7".parse().unwrap(), "2001:db8::1".parse().unwrap());
    [source.octets().as_slice(), &target.octets(), &[0x30, 0x39, 0, 25], more].concat()
}

fn of(client: &str, at: &str) -> ProxyHeader {
    ProxyHeader::For { client: client.parse().unwrap(), at: at.parse().unwrap() }
}

#[test]
fn good_headers_of_version_2_say_who_is_there() {
    let v4 = of("192.0.2.7:12345", "198.51.100.1:25");
    let v6 = of("[2001:db8::7]:12345", "[2001:db8::1]:25");
    let mapped =
        [&[0; 10][..], &[255, 255, 192, 0, 2, 7], &[0; 10], &[255, 255, 198, 51, 100, 1], &[0x30, 0x39, 0, 25]]
            .concat();
    for (what, header, expect) in [
        ("IPv4", v2(0x21, 0x11, &four(&[])), v4),
        ("IPv6", v2(0x21, 0x21, &six(&[])), v6),
        ("IPv4 within IPv6", v2(0x21, 0x21, &mapped), v4),
        ("values follow", v2(0x21, 0x11, &four(&[0x02, 0, 3, b'a', b'b', b'c', 0x04, 0, 0])), v4),
        ("an unknown value", v2(0x21, 0x21, &six(&[0xEE, 0, 1, 9])), v6),
        ("LOCAL", v2(0x20, 0x00, &[]), ProxyHeader::Own),
        ("LOCAL with addresses", v2(0x20, 0x11, &four(&[])), ProxyHeader::Own),
        ("LOCAL with garbage", v2(0x20, 0x77, &[1, 2, 3]), ProxyHeader::Own),
        ("UNSPEC", v2(0x21, 0x00, &[1, 2, 3]), ProxyHeader::Own),
        ("as long as is taken", v2(0x20, 0x00, &vec![0; PROXY_V2_LONGEST]), ProxyHeader::Own),
    ] {
        assert_eq!(proxy_version(&header), Some(ProxyVersion::Two), "{what}");
        assert_eq!(read_proxy_v2(&header), Ok(expect), "{what}");
    }
}

#[test]
fn bad_headers_of_version_2_say_what_is_wrong() {
    let unspecified = [[0; 4].as_slice(), &[198, 51, 100, 1, 0x30, 0x39, 0, 25]].concat();
    for (what, header, expect) in [
        ("version 1 in its octets", v2(0x11, 0x11, &four(&[])), "version is not 2"),
        ("an unknown command", v2(0x22, 0x11, &four(&[])), "neither LOCAL nor PROXY"),
        ("an unknown family", v2(0x21, 0x41, &four(&[])), "family is unknown"),
        ("an unknown protocol", v2(0x21, 0x13, &four(&[])), "family is unknown"),
        ("datagrams", v2(0x21, 0x12, &four(&[])), "datagrams"),
        ("a UNIX socket", v2(0x21, 0x31, &[0; 216]), "UNIX"),
        ("IPv4 cut off", v2(0x21, 0x11, &four(&[])[..11]), "addresses are cut off"),
        ("IPv6 cut off", v2(0x21, 0x21, &six(&[])[..35]), "addresses are cut off"),
        ("nothing behind PROXY", v2(0x21, 0x11, &[]), "addresses are cut off"),
        ("a value without length", v2(0x21, 0x11, &four(&[1])), "follows its addresses"),
        ("a value cut off", v2(0x21, 0x11, &four(&[1, 0, 9, 0])), "follows its addresses"),
        ("a value of 65,535 octets", v2(0x21, 0x11, &four(&[1, 255, 255])), "follows its addresses"),
        ("from nowhere", v2(0x21, 0x11, &unspecified), "nobody connects"),
        ("longer than is taken", v2(0x20, 0, &vec![0; PROXY_V2_LONGEST + 1]), "longer than is taken"),
        ("shorter than it says", v2(0x21, 0x11, &four(&[]))[..20].to_vec(), "cut off"),
        ("nothing but the signature", SIGNATURE.to_vec(), "cut off"),
    ] {
        let said = read_proxy_v2(&header).unwrap_err();
        assert!(said.contains(expect), "{what}: {said}");
    }
}

#[test]
fn headers_of_version_1_are_read_strictly() {
    let longest =
        "PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff2 65535 65535\r\n";
    assert!(longest.len() <= PROXY_V1_LONGEST);
    for (line, expect) in [
        ("PROXY TCP4 192.0.2.7 198.51.100.1 12345 25\r\n", Ok(of("192.0.2.7:12345", "198.51.100.1:25"))),
        ("PROXY TCP6 2001:db8::7 2001:db8::1 1 25\r\n", Ok(of("[2001:db8::7]:1", "[2001:db8::1]:25"))),
        ("PROXY TCP6 ::ffff:192.0.2.7 ::1 1 25\r\n", Ok(of("192.0.2.7:1", "[::1]:25"))),
        ("PROXY UNKNOWN\r\n", Ok(ProxyHeader::Own)),
        ("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", Ok(ProxyHeader::Own)),
        ("PROXY TCP4 192.0.2.7 198.51.100.1 12345 25\n", Err("CRLF")),
        ("PROXY TCP4 192.0.2.7 198.51.100.1 12345\r\n", Err("six words")),
        ("PROXY TCP4 192.0.2.7  198.51.100.1 12345 25\r\n", Err("six words")),
        ("PROXY TCP4 2001:db8::7 2001:db8::1 1 25\r\n", Err("no IPv4")),
        ("PROXY TCP6 192.0.2.7 198.51.100.1 1 25\r\n", Err("no IPv6")),
        ("PROXY TCP4 192.0.2.07 198.51.100.1 1 25\r\n", Err("no IPv4")),
        ("PROXY TCP4 192.0.2.7 198.51.100.1 65536 25\r\n", Err("port")),
        ("PROXY TCP4 192.0.2.7 198.51.100.1 +1 25\r\n", Err("port")),
        ("PROXY TCP4 192.0.2.7 198.51.100.1 01 25\r\n", Err("port")),
        ("PROXY TCP4 224.0.0.1 198.51.100.1 1 25\r\n", Err("nobody connects")),
        ("PROXY UDP4 192.0.2.7 198.51.100.1 1 25\r\n", Err("TCP4")),
        ("PROXY \r\n", Err("six words")),
    ] {
        match (read_proxy_v1(line.as_bytes()), expect) {
            (Ok(read), Ok(expect)) => assert_eq!(read, expect, "{line}"),
            (Err(said), Err(expect)) => assert!(said.contains(expect), "{line}: {said}"),
            (read, _) => panic!("{line}: {read:?}"),
        }
    }
    assert!(read_proxy_v1(&[b'P'; PROXY_V1_LONGEST + 1]).unwrap_err().contains("107"));
    assert_eq!(proxy_version(b"EHLO client."), None);
    assert_eq!(proxy_version(b"PROXY TCP4 1"), Some(ProxyVersion::One));
}

#[test]
fn whatever_comes_ends_with_an_answer() {
    // Every octet of a good header changed to every value: nothing panics, and nothing is read beyond the end.
    let good = v2(0x21, 0x11, &four(&[1, 0, 1, 7]));
    for at in 0..good.len() {
        for value in 0..=u8::MAX {
            let mut bad = good.clone();
            bad[at] = value;
            let _ = read_proxy_v2(&bad);
            let _ = read_proxy_v2(&bad[..at]);
        }
    }
}
