//! The header that a proxy sends before everything else, so that the server learns who is really there: version 1 (a line of
//! text) and version 2 (octets) of HAProxy's PROXY protocol, `doc/proxy-protocol.txt` of 2020/03/05.
//!
//! Whoever may send one is decided elsewhere: it is believed only of a proxy that is configured.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Octets that tell both versions and anything else apart. Both are longer.
pub const PROXY_BEGIN: usize = 12;
/// Longest version 1 header, in octets with its CRLF. §2.1
pub const PROXY_V1_LONGEST: usize = 107;
/// Octets of version 2 before what its length counts. §2.2
pub const PROXY_V2_FIXED: usize = 16;
/// Longest version 2 header that is taken, in octets behind the fixed ones. The format has room for 65,535; addresses take
/// 36, and what follows (names, a summary of a certificate) some hundreds.
pub const PROXY_V2_LONGEST: usize = 4096;

/// §2.2
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// What the first octets say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyVersion {
    /// A line of text.
    One,
    /// Octets.
    Two,
}

/// What a header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProxyHeader {
    /// The proxy speaks for itself (a health check), or does not know for whom: its own address holds.
    Own,
    /// It speaks for somebody.
    For {
        /// Who is really there.
        client: SocketAddr,
        /// Where they connected to.
        at: SocketAddr,
    },
}

/// Which version begins so; `None` when it is no header. Takes [`PROXY_BEGIN`] octets.
pub fn proxy_version(begin: &[u8]) -> Option<ProxyVersion> {
    if begin.starts_with(SIGNATURE) {
        Some(ProxyVersion::Two)
    } else if begin.starts_with(b"PROXY ") {
        Some(ProxyVersion::One)
    } else {
        None
    }
}

/// How many octets follow the [`PROXY_V2_FIXED`] first ones of version 2.
///
/// # Errors
/// What is wrong with them.
pub fn proxy_v2_length(fixed: &[u8]) -> Result<usize, &'static str> {
    let [high, low] = fixed.get(14..16).and_then(|two| two.try_into().ok()).ok_or("it is cut off")?;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > PROXY_V2_LONGEST { Err("it is longer than is taken") } else { Ok(length) }
}

/// Reads a whole version 2 header. §2.2
///
/// # Errors
/// What is wrong with it.
pub fn read_proxy_v2(header: &[u8]) -> Result<ProxyHeader, &'static str> {
    let (fixed, rest) = header.split_at_checked(PROXY_V2_FIXED).ok_or("it is cut off")?;
    if !fixed.starts_with(SIGNATURE) || rest.len() != proxy_v2_length(fixed)? {
        return Err("it is cut off");
    }
    let (command, family) = (fixed.get(12).copied().unwrap_or_default(), fixed.get(13).copied().unwrap_or_default());
    match command {
        // Whatever a LOCAL header carries is skipped.
        0x20 => return Ok(ProxyHeader::Own),
        0x21 => {}
        _ if command >> 4 != 2 => return Err("its version is not 2"),
        _ => return Err("its command is neither LOCAL nor PROXY"),
    }
    let (header, more) = match family {
        0x00 => (ProxyHeader::Own, rest),
        0x11 => addresses::<4>(rest)?,
        0x21 => addresses::<16>(rest)?,
        0x12 | 0x22 => return Err("it speaks of datagrams, and this is a stream"),
        0x31 | 0x32 => return Err("it speaks of UNIX sockets, which have no address to believe"),
        _ => return Err("its address family is unknown"),
    };
    if family != 0x00 {
        skip_values(more)?;
    }
    Ok(header)
}

/// Two addresses of so many octets, then two ports; and what follows.
fn addresses<const OCTETS: usize>(rest: &[u8]) -> Result<(ProxyHeader, &[u8]), &'static str>
where
    [u8; OCTETS]: IntoIp,
{
    const SHORT: &str = "its addresses are cut off";
    let (source, rest) = rest.split_first_chunk::<OCTETS>().ok_or(SHORT)?;
    let (target, rest) = rest.split_first_chunk::<OCTETS>().ok_or(SHORT)?;
    let (source_port, rest) = rest.split_first_chunk::<2>().ok_or(SHORT)?;
    let (target_port, rest) = rest.split_first_chunk::<2>().ok_or(SHORT)?;
    let client = SocketAddr::new(source.into_ip(), u16::from_be_bytes(*source_port));
    let at = SocketAddr::new(target.into_ip(), u16::from_be_bytes(*target_port));
    believable(client, at).map(|header| (header, rest))
}

trait IntoIp: Copy {
    fn into_ip(self) -> IpAddr;
}

impl IntoIp for [u8; 4] {
    fn into_ip(self) -> IpAddr {
        Ipv4Addr::from(self).into()
    }
}

impl IntoIp for [u8; 16] {
    fn into_ip(self) -> IpAddr {
        IpAddr::from(Ipv6Addr::from(self)).to_canonical()
    }
}

/// Type, length, value, one behind the other; none of them is needed. §2.2.1
fn skip_values(mut rest: &[u8]) -> Result<(), &'static str> {
    while !rest.is_empty() {
        let (head, behind) = rest.split_first_chunk::<3>().ok_or("what follows its addresses is cut off")?;
        let [_, high, low] = *head;
        let length = usize::from(u16::from_be_bytes([high, low]));
        rest = behind.get(length..).ok_or("what follows its addresses is cut off")?;
    }
    Ok(())
}

/// Reads a whole version 1 header with its CRLF. §2.1
///
/// # Errors
/// What is wrong with it.
pub fn read_proxy_v1(header: &[u8]) -> Result<ProxyHeader, &'static str> {
    if header.len() > PROXY_V1_LONGEST {
        return Err("it is longer than 107 octets");
    }
    let line = header.strip_suffix(b"\r\n").ok_or("it does not end with CRLF")?;
    let line = std::str::from_utf8(line).ok().filter(|line| line.is_ascii()).ok_or("it is not ASCII")?;
    let words: Vec<&str> = line.split(' ').collect();
    let (family, source, target, source_port, target_port) = match words.as_slice() {
        // What follows UNKNOWN is ignored.
        ["PROXY", "UNKNOWN", ..] => return Ok(ProxyHeader::Own),
        ["PROXY", family, source, target, source_port, target_port] => {
            (*family, *source, *target, *source_port, *target_port)
        }
        _ => return Err("it has not its six words"),
    };
    let read = |text: &str| match family {
        "TCP4" => text.parse::<Ipv4Addr>().map(IpAddr::from).map_err(|_| "its address is no IPv4 address"),
        "TCP6" => text.parse::<Ipv6Addr>().map(IpAddr::from).map_err(|_| "its address is no IPv6 address"),
        _ => Err("its family is none of TCP4, TCP6 and UNKNOWN"),
    };
    let client = SocketAddr::new(read(source)?.to_canonical(), port(source_port)?);
    let at = SocketAddr::new(read(target)?.to_canonical(), port(target_port)?);
    believable(client, at)
}

/// Digits without a sign or a leading zero.
fn port(text: &str) -> Result<u16, &'static str> {
    let plain = text.bytes().all(|octet| octet.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| plain).ok_or("its port is no number from 0 to 65535")
}

/// No client connects from such an address: believing it would make rules for addresses meaningless.
fn believable(client: SocketAddr, at: SocketAddr) -> Result<ProxyHeader, &'static str> {
    let multicast_or_nothing = client.ip().is_unspecified() || client.ip().is_multicast();
    if multicast_or_nothing { Err("nobody connects from its address") } else { Ok(ProxyHeader::For { client, at }) }
}

#[cfg(test)]
mod tests;
