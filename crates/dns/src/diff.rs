//! What differs between what is planned and what is there.

use std::collections::BTreeMap;

use crate::{Data, Record};

/// One difference, per owner and type.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// Planned and absent.
    Add {
        /// The record.
        record: Record,
    },
    /// There, where something else is planned (same owner and type; for TXT: same kind of text, as `v=spf1`).
    Replace {
        /// What is there.
        old: Vec<Data>,
        /// What is planned.
        record: Record,
    },
    /// There, ours (same owner and type family) and not planned: an extra SPF record, an old MX.
    Remove {
        /// The record.
        record: Record,
    },
}

impl Change {
    /// Owner of the record concerned.
    pub fn owner(&self) -> &str {
        match self {
            Self::Add { record } | Self::Replace { record, .. } | Self::Remove { record } => &record.owner,
        }
    }
}

/// Texts that there may be only one kind of at an owner.
const TXT_FAMILIES: &[&str] = &["v=spf1", "v=DMARC1", "v=DKIM1", "v=STSv1", "v=TLSRPTv1"];

/// Owner, type, and for TXT its family.
type Group = (String, &'static str, &'static str);

fn group(record: &Record) -> Option<Group> {
    let family = match &record.data {
        Data::Txt(text) => TXT_FAMILIES.iter().copied().find(|family| starts_with(text, family))?,
        // Reality: a DKIM key may be published without its `v=` tag (RFC 6376 §3.6.1), hence by its owner.
        _ => "",
    };
    Some((record.owner.clone(), record.data.kind(), family))
}

fn starts_with(text: &str, family: &str) -> bool {
    text.get(..family.len()).is_some_and(|start| start.eq_ignore_ascii_case(family))
}

fn grouped(records: &[Record]) -> BTreeMap<Group, Vec<&Record>> {
    let mut groups: BTreeMap<Group, Vec<&Record>> = BTreeMap::new();
    for record in records {
        if let Some(group) = group(record) {
            groups.entry(group).or_default().push(record);
        }
    }
    groups
}

/// Compares; TTLs count for nothing, and foreign TXT records at the same owner (site verifications) are left alone.
/// Records at owners and types that are not in the plan are not ours to judge.
pub fn diff(planned: &[Record], actual: &[Record]) -> Vec<Change> {
    let there = grouped(actual);
    let mut changes = Vec::new();
    for (group, wanted) in grouped(planned) {
        let found = there.get(&group).map(Vec::as_slice).unwrap_or_default();
        let is_there = |record: &&Record| found.iter().any(|other| other.data == record.data);
        let is_wanted = |record: &&&Record| wanted.iter().any(|other| other.data == record.data);
        let mut surplus: Vec<&Record> = found.iter().filter(|record| !is_wanted(record)).copied().collect();
        for record in wanted.iter().filter(|record| !is_there(record)) {
            let record = (*record).clone();
            match surplus.is_empty() {
                true => changes.push(Change::Add { record }),
                false => {
                    let old = surplus.drain(..).map(|old| old.data.clone()).collect();
                    changes.push(Change::Replace { old, record });
                }
            }
        }
        changes.extend(surplus.into_iter().map(|record| Change::Remove { record: record.clone() }));
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(owner: &str, data: Data) -> Record {
        Record::new(owner, 300, data)
    }

    fn txt(owner: &str, text: &str) -> Record {
        record(owner, Data::Txt(text.into()))
    }

    #[test]
    fn a_plan_that_is_there_differs_in_nothing() {
        let plan = [txt("a.test", "v=spf1 -all"), record("a.test", Data::Mx(10, "box.a.test".into()))];
        let actual = [plan[1].clone(), Record { ttl: 5, ..plan[0].clone() }, txt("a.test", "site-verification=1")];
        assert_eq!(diff(&plan, &actual), []);
    }

    #[test]
    fn what_is_absent_is_added_and_what_is_other_replaced() {
        let plan = [txt("a.test", "v=spf1 -all"), record("a.test", Data::Mx(10, "box.a.test".into()))];
        let actual = [txt("a.test", "V=SPF1 +all"), txt("a.test", "note")];
        let expect = [
            Change::Add { record: plan[1].clone() },
            Change::Replace { old: vec![Data::Txt("V=SPF1 +all".into())], record: plan[0].clone() },
        ];
        assert_eq!(diff(&plan, &actual), expect);
    }

    #[test]
    fn a_second_record_of_ours_is_removed() {
        let plan = [txt("a.test", "v=spf1 -all")];
        let extra = txt("a.test", "v=spf1 include:x.test -all");
        assert_eq!(diff(&plan, &[plan[0].clone(), extra.clone()]), [Change::Remove { record: extra }]);
    }
}
