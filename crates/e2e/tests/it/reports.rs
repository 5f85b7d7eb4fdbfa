//! Python packs reports with its own gzip and zip, and swaks brings a complaint, as receivers do.

use serde_json::Value;

use crate::support::{House, python, tool, wait_for};

/// Brings four reports to reports@acme.test: a zip, a gzip, the zip again, and one of TLS.
const BRING: &str = r#"
import sys, io, gzip, zipfile, time, json, smtplib
from email.message import EmailMessage
host, port = sys.argv[1].rsplit(":", 1)
end = int(time.time()); begin = end - 86400
def row(ip, count, disposition, dkim, spf):
    return f"<record><row><source_ip>{ip}</source_ip><count>{count}</count><policy_evaluated><disposition>{disposition}</disposition><dkim>{dkim}</dkim><spf>{spf}</spf></policy_evaluated></row><identifiers><header_from>acme.test</header_from></identifiers><auth_results><spf><domain>acme.test</domain><result>{spf}</result></spf></auth_results></record>"
def xml(org, id, *rows):
    return f'<?xml version="1.0" encoding="UTF-8"?><feedback><report_metadata><org_name>{org}</org_name><email>x@{org}</email><report_id>{id}</report_id><date_range><begin>{begin}</begin><end>{end}</end></date_range></report_metadata><policy_published><domain>acme.test</domain><p>reject</p></policy_published>{"".join(rows)}</feedback>'.encode()
def zipped(name, data):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive: archive.writestr(name, data)
    return out.getvalue()
google = zipped("google.xml", xml("google.com", "g1", row(sys.argv[2], 40, "none", "pass", "pass"), row("198.51.100.66", 7, "reject", "fail", "fail")))
outlook = gzip.compress(xml("Outlook.com", "m1", row(sys.argv[2], 2, "none", "pass", "fail")))
stamp = lambda at: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
tls = gzip.compress(json.dumps({"organization-name": "Google Inc.", "date-range": {"start-datetime": stamp(begin), "end-datetime": stamp(end)}, "report-id": "t1", "policies": [{"policy": {"policy-type": "sts", "policy-domain": "acme.test"}, "summary": {"total-successful-session-count": 9, "total-failure-session-count": 3}, "failure-details": [{"result-type": "certificate-expired", "receiving-mx-hostname": "box.acme.test", "failed-session-count": 3}]}]}).encode())
bomb = gzip.compress(b"<feedback>" + b" " * (64 * 1024 * 1024))
with smtplib.SMTP(host, int(port)) as smtp:
    for (sub, name, data) in [("zip", "google.com!acme.test!1!2.zip", google), ("gzip", "outlook.com!acme.test!1!2.xml.gz", outlook), ("zip", "google.com!acme.test!1!2.zip", google), ("tlsrpt+gzip", "google.com!acme.test!1!2.json.gz", tls), ("gzip", "evil.test!acme.test!1!2.xml.gz", bomb)]:
        message = EmailMessage()
        message["From"] = "reporter@receiver.test"; message["To"] = "reports@acme.test"
        message["Subject"] = "Report Domain: acme.test Submitter: receiver.test Report-ID: <1>"
        message.set_content("A report.")
        message.add_attachment(data, maintype="application", subtype=sub, filename=name)
        smtp.send_message(message)
"#;

#[test]
fn real_reports_are_summed_up() {
    let house = House::start();
    let ip = house.egress_ip.to_string();
    let output = python(BRING, &[&house.at("mx").to_string(), &ip]);
    assert!(output.status.success(), "{}\n{}", String::from_utf8_lossy(&output.stderr), house.log());

    let summary = house.json(&["report", "summary", "--domain", "acme.test"]);
    let counts = &summary["reports"];
    assert_eq!((&counts["counted"], &counts["duplicate"]), (&Value::from(3), &Value::from(1)), "{summary:#}");
    assert_eq!((summary["dmarc"]["messages"].as_u64(), summary["dmarc"]["passed"].as_u64()), (Some(49), Some(42)));
    let source = &summary["sources"][0];
    assert_eq!((source["ip"].as_str(), source["is_ours"].as_bool()), (Some(ip.as_str()), Some(true)));
    assert_eq!(source["messages"].as_u64(), Some(42));
    assert_eq!(summary["sources"][1]["rejected"].as_u64(), Some(7));
    assert_eq!(summary["tls"]["by_type"][0]["result"].as_str(), Some("certificate-expired"));
    assert_eq!(summary["days"].as_array().unwrap().len(), 1);
    let reports = house.json(&["report", "list"]);
    let bomb = reports.as_array().unwrap().iter().find(|report| report["state"] == "unreadable").unwrap();
    assert!(bomb["reason"].as_str().unwrap().contains("report.bomb"), "{bomb}");
    let (code, shown) = house.run(&["report", "show", reports[4]["id"].as_str().unwrap()]);
    assert!(code == 0 && shown.contains("google.com"), "{shown}");
    assert_eq!(house.run(&["report", "show", "nothing"]).0, 4, "no such report");
    let (code, table) = house.run(&["report", "summary"]);
    assert!(code == 0 && table.contains("certificate-expired") && table.contains(&ip), "{table}");
    let mails = house.json(&["mail", "list", "--mailbox", "ann@acme.test"]);
    assert_eq!(mails.as_array().unwrap().len(), 5, "the mail is kept");
}

const FORGED: &str = "From: fbl@receiver.test\nTo: abuse@acme.test\nSubject: complaint\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type=feedback-report; boundary=part\n\n--part\nContent-Type: text/plain\n\nSpam.\n--part\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nVersion: 1\nUser-Agent: FBL/1\nOriginal-Rcpt-To: victim@receiver.test\n\n--part\nContent-Type: message/rfc822\n\nFrom: ann@acme.test\nMessage-ID: <guessed@acme.test>\n\nHello\n--part--\n";

#[test]
fn a_forged_complaint_changes_nothing() {
    let house = House::start();
    let data = house.folder.path().join("forged.eml");
    std::fs::write(&data, FORGED).unwrap();
    let status = tool("swaks", "swaks")
        .args(["--server", &house.at("mx").to_string(), "--from", "fbl@receiver.test", "--to", "abuse@acme.test"])
        .args(["--helo", "receiver.test", "--silent", "2", "--data"])
        .arg(format!("@{}", data.display()))
        .status()
        .unwrap();
    assert!(status.success(), "{}", house.log());
    let report = wait_for("the complaint", || house.json(&["report", "list"]).as_array().unwrap().first().cloned());
    assert_eq!((report["kind"].as_str(), report["state"].as_str()), (Some("complaint"), Some("unproven")));
    assert_eq!(house.json(&["suppression", "list"]).as_array().unwrap().len(), 0);
    assert_eq!(house.json(&["report", "summary"])["complaints"]["unproven"].as_u64(), Some(1));
}
