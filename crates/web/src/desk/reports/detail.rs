//! What was read of one report, as its page shows it.

use report::{Aggregate, Kind, TlsReport};
use serde_json::Value;

/// Rows of a report that its page shows, the largest first; the file has all.
const SHOWN: usize = 100;

/// What was read of one report.
pub(crate) enum Detail {
    /// DMARC by source.
    Aggregate {
        /// With its largest records.
        report: Box<Aggregate>,
        /// How many there are.
        records: usize,
    },
    /// TLS.
    Tls(Box<TlsReport>),
    /// A complaint or a failure: names and values.
    Fields(Vec<(String, String)>),
}

impl Detail {
    /// Of a kind; what cannot be read as that kind is shown by its fields.
    pub(super) fn of(kind: Kind, detail: Value) -> Self {
        match kind {
            Kind::DmarcAggregate => match serde_json::from_value::<Aggregate>(detail.clone()) {
                Ok(mut report) => {
                    let records = report.records.len();
                    report.records.sort_by_key(|record| std::cmp::Reverse(record.count));
                    report.records.truncate(SHOWN);
                    Self::Aggregate { report: Box::new(report), records }
                }
                Err(_) => Self::Fields(fields(&detail)),
            },
            Kind::Tls => match serde_json::from_value::<TlsReport>(detail.clone()) {
                Ok(mut report) => {
                    report.policies.truncate(SHOWN);
                    report.policies.iter_mut().for_each(|policy| policy.details.truncate(SHOWN));
                    Self::Tls(Box::new(report))
                }
                Err(_) => Self::Fields(fields(&detail)),
            },
            Kind::DmarcFailure | Kind::Complaint => Self::Fields(fields(&detail)),
        }
    }
}

/// Names and values, objects within by their own names; what is empty is left out.
fn fields(value: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        match value {
            Value::Object(_) => found.extend(fields(value)),
            value => found.extend(text(value).map(|text| (name.replace('_', " "), text))),
        }
    }
    found.truncate(SHOWN);
    found
}

fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().filter_map(text_of_item).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    Some(text).filter(|text| !text.is_empty())
}

fn text_of_item(item: &Value) -> Option<String> {
    item.as_str().map(str::to_owned).or_else(|| Some(item.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_told_by_name_and_empty_ones_left_out() {
        let value = serde_json::json!({
            "reporter": "mx.example.net", "message_id": "", "recipients": ["bob@example.net", "eve@example.net"],
            "auth_failure": {"failed": "dkim", "delivered": null}, "incidents": 2,
        });
        let mut found = fields(&value);
        found.sort();
        let expect = [
            ("failed", "dkim"),
            ("incidents", "2"),
            ("recipients", "bob@example.net, eve@example.net"),
            ("reporter", "mx.example.net"),
        ];
        assert_eq!(found, expect.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn what_is_not_of_its_kind_is_shown_all_the_same() {
        let odd = serde_json::json!({"records": "none", "domain": "example.com"});
        for kind in Kind::ALL {
            assert!(matches!(Detail::of(kind, odd.clone()), Detail::Fields(found) if found.len() == 2), "{kind:?}");
        }
    }
}
