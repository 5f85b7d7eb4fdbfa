//! Zone files. RFC 1035 §5.

use rules::Fault;

use crate::{Data, Record, Zone};

/// Seconds, where a zone file says nothing.
const DEFAULT_TTL: u32 = 3600;

/// A zone file that BIND, Knot and NSD read as part of a zone: `$ORIGIN`, `$TTL`, absolute names, long TXT split. SOA and
/// NS are the server's own.
pub fn write_zone(zone: &Zone) -> String {
    let origin = if zone.origin == "." { String::from(".") } else { format!("{}.", zone.origin) };
    let mut out = format!("$ORIGIN {origin}\n$TTL {DEFAULT_TTL}\n");
    let width = zone.records.iter().map(|record| record.owner.len()).max().unwrap_or(0) + 1;
    for record in &zone.records {
        let owner = format!("{}.", record.owner);
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
        let mut words = line.split_whitespace().peekable();
        match words.peek().copied() {
            Some("$ORIGIN") => {
                self.origin = self.absolute(words.nth(1).ok_or("$ORIGIN needs a name")?);
                return Ok(None);
            }
            Some("$TTL") => {
                let ttl = words.nth(1).and_then(|word| word.parse().ok());
                self.ttl = ttl.ok_or("$TTL needs seconds")?;
                return Ok(None);
            }
            _ => {}
        }
        if !line.starts_with(char::is_whitespace) {
            self.owner = self.absolute(words.next().unwrap_or("@"));
        }
        let mut ttl = self.ttl;
        while let Some(word) = words.peek() {
            match word.parse() {
                Ok(seconds) => ttl = seconds,
                Err(_) if word.eq_ignore_ascii_case("IN") => {}
                Err(_) => break,
            }
            words.next();
        }
        let kind = words.next().ok_or("there is no record type")?.to_ascii_uppercase();
        if kind == "SOA" {
            return Ok(None);
        }
        let start = line.find(&kind).or_else(|| line.to_ascii_uppercase().find(&format!(" {kind} ")).map(|at| at + 1));
        let rdata = start.and_then(|start| line.get(start + kind.len()..)).unwrap_or_default().trim();
        let data = self.data(&kind, rdata)?;
        Ok(Some(Record::new(&self.owner, ttl, data)))
    }

    fn data(&self, kind: &str, rdata: &str) -> Result<Data, String> {
        let data = Data::parse(kind, rdata).map_err(|fault| fault.to_string())?;
        let is_relative = !rdata.ends_with('.');
        let complete = |name: String| if is_relative && name != "." { self.absolute(&name) } else { name };
        Ok(match data {
            Data::Ptr(name) => Data::Ptr(complete(name)),
            Data::Cname(name) => Data::Cname(complete(name)),
            Data::Ns(name) => Data::Ns(complete(name)),
            Data::Mx(preference, name) => Data::Mx(preference, complete(name)),
            Data::Srv(priority, weight, port, name) => Data::Srv(priority, weight, port, complete(name)),
            other => other,
        })
    }

    /// The name without its final dot, completed by the origin when it had none.
    fn absolute(&self, name: &str) -> String {
        let name = name.to_ascii_lowercase();
        match (name.as_str(), name.strip_suffix('.')) {
            ("@", _) => self.origin.clone(),
            (".", _) => String::from("."),
            (_, Some(absolute)) => absolute.to_owned(),
            _ if self.origin == "." => name,
            _ => format!("{name}.{}", self.origin),
        }
    }
}

fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    for (offset, letter) in line.char_indices() {
        match letter {
            '"' => quoted = !quoted,
            ';' if !quoted => return line.get(..offset).unwrap_or(line),
            _ => {}
        }
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
        let fault = read_zone("example.com", "\nbox A nonsense\n").unwrap_err();
        assert!(fault.to_string().contains("line 2"), "{fault}");
    }
}
