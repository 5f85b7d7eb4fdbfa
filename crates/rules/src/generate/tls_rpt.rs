//! TLS reports: the record that asks for them. RFC 8460 §3.

use syntax::Domain;

use super::{Generated, ReportUri, TxtRecord, tell_idn};
use crate::Fault;

/// The record that asks senders to report failures of TLS with the domain's MX.
///
/// # Errors
/// `generate.tls-rpt-nowhere` when nobody takes the reports.
pub fn generate(domain: &Domain, rua: &[ReportUri]) -> Result<Generated, Fault> {
    if rua.is_empty() {
        let what = format!("where do the TLS reports of {domain} go? Name an address or an https: URL");
        return Err(Fault::caller("generate.tls-rpt-nowhere", what));
    }
    let list = rua.iter().map(ReportUri::written).collect::<Vec<_>>().join(",");
    let name = domain.child("_smtp._tls").to_string();
    let mut made = Generated::of(TxtRecord::new(name, format!("v=TLSRPTv1; rua={list}"), "asks for TLS reports"));
    made.part("v=TLSRPTv1", "this is a TLS-RPT record");
    made.part(format!("rua={list}"), "where senders report each day how TLS with the domain's MX went");
    made.note("reports are about mail that the domain receives; they come with MTA-STS or DANE and without");
    if rua.iter().any(|uri| uri.domain().is_some_and(|target| target.is_within(domain) || domain.is_within(&target))) {
        made.note(
            "a report by mail is delivered even where TLS with that MX fails (RFC 8460): it may come in the clear",
        );
    }
    tell_idn(&mut made, domain);
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_names_everybody_who_takes_reports() {
        let uris = ["tls@example.com", "https://r.test/tls"].map(|text| ReportUri::parse(text).unwrap());
        let made = generate(&"example.com".parse().unwrap(), &uris).unwrap();
        let expect =
            "_smtp._tls.example.com. 3600 IN TXT \"v=TLSRPTv1; rua=mailto:tls@example.com,https://r.test/tls\"\n";
        assert_eq!(made.zone(), expect);
        assert_eq!(generate(&"a.test".parse().unwrap(), &[]).unwrap_err().code, "generate.tls-rpt-nowhere");
    }
}
