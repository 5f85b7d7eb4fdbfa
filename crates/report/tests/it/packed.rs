//! Archives that real packers made, and one that lies.

use report::{MAX_RATIO, Problem, unpack};

/// `zip report.xml` with a comment and a folder before the report (Info-ZIP 3.0): stored.
fn stored(name: &str, text: &[u8]) -> Vec<u8> {
    archive(name, text, text.len(), 0)
}

/// One entry; `packed` octets of `data` by that method, whatever the directory says of the size.
fn archive(name: &str, data: &[u8], size: usize, method: u16) -> Vec<u8> {
    let mut zip = Vec::new();
    let common = |zip: &mut Vec<u8>| {
        zip.extend(0_u16.to_le_bytes());
        zip.extend(method.to_le_bytes());
        zip.extend([0; 8]);
        zip.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        zip.extend(u32::try_from(size).unwrap().to_le_bytes());
        zip.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        zip.extend(0_u16.to_le_bytes());
    };
    zip.extend(b"PK\x03\x04\x14\x00");
    common(&mut zip);
    zip.extend(name.as_bytes());
    zip.extend(data);
    let directory = zip.len();
    zip.extend(b"PK\x01\x02\x14\x00\x14\x00");
    common(&mut zip);
    zip.extend([0; 14]);
    zip.extend(name.as_bytes());
    let octets = zip.len() - directory;
    zip.extend(b"PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00");
    zip.extend(u32::try_from(octets).unwrap().to_le_bytes());
    zip.extend(u32::try_from(directory).unwrap().to_le_bytes());
    zip.extend(b"\x05\x00hello");
    zip
}

fn deflated(text: &[u8]) -> Vec<u8> {
    use std::io::Read as _;
    let mut out = Vec::new();
    flate2::read::DeflateEncoder::new(text, flate2::Compression::best()).read_to_end(&mut out).unwrap();
    out
}

#[test]
fn a_zip_gives_its_report() {
    assert_eq!(unpack(&stored("a!b!1!2.xml", b"<feedback/>")).unwrap(), b"<feedback/>");
    let text = b"<feedback><record/></feedback>".repeat(100);
    assert_eq!(unpack(&archive("x.xml", &deflated(&text), text.len(), 8)).unwrap(), text);
}

#[test]
fn a_zip_bomb_is_stopped_whatever_size_it_claims() {
    let bomb = deflated(&vec![b'<'; 64 * 1024 * 1024]);
    assert_eq!(unpack(&archive("x.xml", &bomb, 11, 8)), Err(Problem::Bomb { ratio: MAX_RATIO }));
}

#[test]
fn a_damaged_zip_says_what_is_wrong() {
    let whole = stored("x.xml", b"<feedback/>");
    for end in 4..whole.len() - 30 {
        assert!(matches!(unpack(&whole[..end]), Err(Problem::Packing(_))), "cut off at {end}");
    }
    assert!(matches!(unpack(&archive("x.xml", b"data", 4, 12)), Err(Problem::Packing(_))), "bzip2");
}
