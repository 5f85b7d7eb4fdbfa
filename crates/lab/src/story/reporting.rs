//! A receiver that looks at DMARC reports what it took, as large receivers do once a day.

use rules::{Blame, Fault, Retry};
use store::{ReportFilter, State};

use super::{ANN, GLANCE, Lab, PATIENCE};
use crate::{
    hostile::address,
    outbox::Letter,
    roster::{RECEIVERS, egress_ip},
};

/// Who reports: it takes only what passes DMARC.
const REPORTER: &str = "dmarc-enforcing.test";

impl Lab {
    /// The report goes to the address that the domain's record names, by its MX, and is waited for.
    pub(super) async fn report_back(&self) -> Result<(), Fault> {
        let resident = RECEIVERS.iter().find(|resident| resident.domain == REPORTER);
        let Some((resident, ip)) = resident.and_then(|resident| Some((resident, resident.ip()?))) else {
            return Ok(());
        };
        let domain = address(ANN)?.domain().to_string();
        let messages = self.messages().await?;
        let recipients =
            messages.iter().filter(|one| one.from.domain().as_str() == domain).flat_map(|one| &one.recipients);
        let taken = recipients.filter(|one| one.address.domain().as_str() == REPORTER && one.state == State::Delivered);
        let content = written(&domain, taken.count(), self.ops.store.clock().now().micros() / 1_000_000);
        self.outbox.post(Letter {
            from_ip: ip,
            helo: resident.mx(),
            reverse_path: Some(address(&format!("reports@{REPORTER}"))?),
            to: address(&format!("reports@{domain}"))?,
            content,
        });
        let come = async {
            while self.ops.reports(&ReportFilter::default()).await?.is_empty() {
                tokio::time::sleep(GLANCE).await;
            }
            Ok(())
        };
        tokio::time::timeout(PATIENCE, come).await.map_err(|_| {
            Fault::new("lab.unrest", Blame::Us, Retry::Later)
                .context(format!("the report of {REPORTER} did not arrive"))
        })?
    }
}

/// An aggregate report in a message. RFC 9990 §3.
fn written(domain: &str, taken: usize, now: i64) -> Vec<u8> {
    let (begin, end, ip) = (now - 86_400, now, egress_ip(1));
    format!(
        "From: reports@{REPORTER}\r\nTo: reports@{domain}\r\nMIME-Version: 1.0\r\n\
         Subject: Report Domain: {domain} Submitter: {REPORTER} Report-ID: <{end}>\r\n\
         Content-Type: text/xml; name=\"{REPORTER}!{domain}!{begin}!{end}.xml\"\r\n\
         Content-Disposition: attachment; filename=\"{REPORTER}!{domain}!{begin}!{end}.xml\"\r\n\r\n\
         <?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n<feedback>\r\n\
         <report_metadata><org_name>{REPORTER}</org_name><email>reports@{REPORTER}</email><report_id>{end}</report_id>\r\n\
         <date_range><begin>{begin}</begin><end>{end}</end></date_range></report_metadata>\r\n\
         <policy_published><domain>{domain}</domain><p>reject</p></policy_published>\r\n\
         <record><row><source_ip>{ip}</source_ip><count>{taken}</count>\r\n\
         <policy_evaluated><disposition>none</disposition><dkim>pass</dkim><spf>pass</spf></policy_evaluated></row>\r\n\
         <identifiers><header_from>{domain}</header_from></identifiers>\r\n\
         <auth_results><spf><domain>{domain}</domain><result>pass</result></spf></auth_results></record>\r\n</feedback>\r\n"
    )
    .into_bytes()
}
