//! Zone files. RFC 1035 §5.

use rules::Fault;

use crate::{
    Data, Record, Zone,
    record::{absolute, is_name},
};

/// Seconds, where a zone file says nothing.
const DEFAULT_TTL: u32 = 3600;

/// A zone file that BIND, Knot and NSD read as part of a zone: `$ORIGIN`, `$TTL`, absolute names, long TXT split. SOA and
/// NS are the server's own.
pub fn write_zone(zone: &Zone) -> String {
    let mut out = format!("$ORIGIN {}\n$TTL {DEFAULT_TTL}\n", absolute(&zone.origin));
    let width = zone.records.iter().map(|record| record.owner.len()).max().unwrap_or(0) + 1;
    for record in &zone.records {
        let owner = absolute(&record.owner);
        out.push_str(&format!("{owner:<width$} {} IN {:<5} {}\n", record.ttl, record.data.kind(), record.data.rdata()));
    }
    out
}

/// Reads the subset that [`write_zone`] writes, plus comments, `@`, relative names and missing TTLs: tests
/// and the lab keep their zones as text. One record a line; SOA records are passed over.
///
/// # Errors
/// `dns.zone-text` with the line number.
pub fn read_zone(origin: &str, text: &str) -> Result<Zone, Fault> {
    let mut zone = Zone { origin: origin.trim_end_matches('.').to_ascii_lowercase(), records: Vec::new() };
    if zone.origin.is_empty() {
        zone.origin = String::from(".");
    }
    if !is_name(&zone.origin) {
        return Err(Fault::caller("dns.zone-text", format!("the origin `{origin}` is not a name")));
    }
    let mut context = Context { origin: zone.origin.clone(), ttl: DEFAULT_TTL, owner: zone.origin.clone() };
    for (index, line) in text.lines().enumerate() {
        let record = context
            .line(line)
            .map_err(|what| Fault::caller("dns.zone-text", format!("{}, line {}: {what}", zone.origin, index + 1)))?;
        zone.records.extend(record);
    }
    Ok(zone)
}

struct Context {
    origin: String,
    ttl: u32,
    owner: String,
}

impl Context {
    fn line(&mut self, line: &str) -> Result<Option<Record>, String> {
        let line = without_comment(line);
        if line.trim().is_empty() {
            return Ok(None);
        }
        let mut rest = line;
        match word(&mut rest) {
            "$ORIGIN" => {
                self.origin = self.absolute(word(&mut rest))?;
                return Ok(None);
            }
            "$TTL" => {
                self.ttl = word(&mut rest).parse().map_err(|_| "$TTL needs seconds")?;
                return Ok(None);
            }
            _ if line.starts_with(char::is_whitespace) => rest = line,
            owner => self.owner = self.absolute(owner)?,
        }
        let mut ttl = self.ttl;
        let kind = loop {
            let word = word(&mut rest);
            match word.parse() {
                Ok(seconds) => ttl = seconds,
                Err(_) if word.eq_ignore_ascii_case("IN") => {}
                Err(_) if word.is_empty() => return Err(String::from("there is no record type")),
                Err(_) => break word.to_ascii_uppercase(),
            }
        };
        if kind == "SOA" {
            return Ok(None);
        }
        let rdata = rest.trim();
        let data = self.data(&kind, rdata)?;
        Ok(Some(Record::new(&self.owner, ttl, data)))
    }

    fn data(&self, kind: &str, rdata: &str) -> Result<Data, String> {
        let data = Data::parse(kind, rdata).map_err(|fault| fault.to_string())?;
        let is_relative = !rdata.ends_with('.');
        let complete = |name: String| if is_relative && name != "." { self.absolute(&name) } else { Ok(name) };
        Ok(match data {
            Data::Ptr(name) => Data::Ptr(complete(name)?),
            Data::Cname(name) => Data::Cname(complete(name)?),
            Data::Ns(name) => Data::Ns(complete(name)?),
            Data::Mx(preference, name) => Data::Mx(preference, complete(name)?),
            Data::Srv(priority, weight, port, name) => Data::Srv(priority, weight, port, complete(name)?),
            other => other,
        })
    }

    /// The name without its final dot, completed by the origin when it had none.
    fn absolute(&self, name: &str) -> Result<String, String> {
        let lower = name.to_ascii_lowercase();
        let whole = match (lower.as_str(), lower.strip_suffix('.')) {
            ("@", _) => self.origin.clone(),
            (".", _) => String::from("."),
            (_, Some(absolute)) if absolute != "." => absolute.to_owned(),
            _ if self.origin == "." => lower,
            _ => format!("{lower}.{}", self.origin),
        };
        if is_name(&whole) { Ok(whole) } else { Err(format!("`{name}` is not a name")) }
    }
}

/// The next word; empty at the end of the line.
fn word<'l>(rest: &mut &'l str) -> &'l str {
    let trimmed = rest.trim_start();
    let (word, after) = trimmed.split_at(trimmed.find(char::is_whitespace).unwrap_or(trimmed.len()));
    *rest = after;
    word
}

fn without_comment(line: &str) -> &str {
    let (mut quoted, mut escaped) = (false, false);
    for (offset, letter) in line.char_indices() {
        match letter {
            '"' if !escaped => quoted = !quoted,
            ';' if !quoted => return line.get(..offset).unwrap_or(line),
            _ => {}
        }
        escaped = quoted && letter == '\\' && !escaped;
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
; a comment
$TTL 300
@        MX  10 box          ; relative
@        IN  TXT \"v=spf1 -all; really\"
box 60 IN A 192.0.2.1
         AAAA 2001:db8::1
_x._tcp  SRV 0 1 587 box.example.com.
@        SOA ns hostmaster 1 2 3 4 5
";

    #[test]
    fn a_zone_file_is_read() {
        let zone = read_zone("Example.com.", TEXT).unwrap();
        let lines: Vec<String> = zone
            .records
            .iter()
            .map(|record| format!("{} {} {} {}", record.owner, record.ttl, record.data.kind(), record.data.rdata()))
            .collect();
        let expect = [
            "example.com 300 MX 10 box.example.com.",
            "example.com 300 TXT \"v=spf1 -all; really\"",
            "box.example.com 60 A 192.0.2.1",
            "box.example.com 300 AAAA 2001:db8::1",
            "_x._tcp.example.com 300 SRV 0 1 587 box.example.com.",
        ];
        assert_eq!(lines, expect);
        assert_eq!(read_zone("example.com", &write_zone(&zone)).unwrap(), zone);
    }

    #[test]
    fn a_bad_line_is_named() {
        for line in [
            "box A nonsense",
            "a..b A 192.0.2.1",
            "a\"b TXT x",
            "@ MX 10 a(b",
            "@ MX 0 ..",
            ".. TXT x",
            "box 60 IN",
            "$ORIGIN",
        ] {
            let fault = read_zone("example.com", &format!("\n{line}\n")).unwrap_err();
            assert!(fault.to_string().contains("line 2"), "{line}: {fault}");
        }
        assert!(read_zone("exa mple.com", "").is_err());
    }

    #[test]
    fn what_a_line_holds_is_not_taken_for_its_type() {
        let zone = read_zone("example.com", "BOXA A 192.0.2.1\nMX-TXT 60 in txt MX\n").unwrap();
        let data: Vec<&Data> = zone.records.iter().map(|record| &record.data).collect();
        assert_eq!(data, [&Data::A([192, 0, 2, 1].into()), &Data::Txt("MX".to_owned())]);
    }

    #[test]
    fn a_quote_within_a_text_begins_no_comment() {
        let zone = read_zone("example.com", "@ TXT \"say \\\"hi\\\"; then\" ; a comment\n@ TXT \"\\\\\" ; a comment\n")
            .unwrap();
        let data: Vec<&Data> = zone.records.iter().map(|record| &record.data).collect();
        assert_eq!(data, [&Data::Txt("say \"hi\"; then".to_owned()), &Data::Txt("\\".to_owned())]);
        assert_eq!(read_zone("example.com", &write_zone(&zone)).unwrap(), zone);
    }

    #[test]
    fn the_root_is_written_and_read_again() {
        let zone = read_zone(".", "@ NS a.test\n. TXT x\n").unwrap();
        assert_eq!(zone.records[0].owner, ".");
        assert_eq!(read_zone(".", &write_zone(&zone)).unwrap(), zone);
    }
}
