//! Whatever a TXT record holds, read as SPF, as DMARC and as an MTA-STS policy: what is read means the same when it is
//! written again, and what is wrong is named.
#![no_main]

/// What is pure of `auth`, without its resolver and its keys.
#[path = "../../crates/auth/src"]
#[allow(dead_code, unreachable_pub)]
mod auth {
    pub mod dmarc {
        pub mod record;
    }
    pub mod spf {
        pub mod macros;
        pub mod record;
    }
}

use auth::{
    dmarc::record::{self as dmarc_record, DmarcRecord},
    spf::record::{Mechanism, is_spf, parse as parse_spf},
};

/// As `auth` has it, which the module of DMARC names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub enum Policy {
    None,
    Quarantine,
    Reject,
}

libfuzzer_sys::fuzz_target!(|text: &str| {
    if is_spf(text) {
        spf(text);
    }
    dmarc(text);
    policy(text);
});

fn spf(text: &str) {
    let record = match parse_spf(text) {
        Ok(record) => record,
        Err(bad) => {
            let shown =
                text.contains(&bad.term) || text.chars().any(|one| one.escape_default().to_string() == bad.term);
            return assert!(shown && !bad.why.is_empty(), "{bad:?}");
        }
    };
    for directive in &record.directives {
        match &directive.mechanism {
            Mechanism::A(_, lengths) | Mechanism::Mx(_, lengths) => assert!(lengths.v4 <= 32 && lengths.v6 <= 128),
            Mechanism::Ip4(_, length) => assert!(*length <= 32),
            Mechanism::Ip6(_, length) => assert!(*length <= 128),
            _ => {}
        }
    }
    // Blanks and the case of names mean nothing.
    let terms: Vec<&str> = record.directives.iter().map(|directive| directive.text.as_str()).collect();
    let again = parse_spf(&format!("v=spf1   {}", terms.join("  "))).expect("the same terms");
    assert_eq!(again.directives, record.directives);
}

fn dmarc(text: &str) {
    let Ok(record) = dmarc_record::parse(text) else { return };
    assert!(dmarc_record::is_dmarc(text));
    assert!(record.rua.iter().chain(&record.ruf).all(|to| to.contains('@')));
    let level = |policy: Policy| match policy {
        Policy::None => 0,
        Policy::Quarantine => 1,
        Policy::Reject => 2,
    };
    assert!(level(record.own_policy()) <= level(record.policy));
    if record.testing {
        assert!(level(record.subdomain_policy(true)) < 2 && level(record.subdomain_policy(false)) < 2);
    }
    let spread: Vec<&str> = text.split(';').map(str::trim).collect();
    let again = dmarc_record::parse(&spread.join(" ; ")).expect("blanks mean nothing");
    assert_eq!(DmarcRecord { text: record.text.clone(), ..again }, record);
}

fn policy(text: &str) {
    use rules::mta_sts::{MAX_AGE, Policy};
    let Ok(policy) = Policy::read(text) else { return };
    assert!((1..=MAX_AGE).contains(&policy.max_age.as_secs()) && policy.mx.len() <= 256);
    let mut written =
        format!("version: STSv1\r\nmode: {}\r\nmax_age: {}\r\n", policy.mode.as_str(), policy.max_age.as_secs());
    policy.mx.iter().for_each(|name| written.push_str(&format!("mx: {name}\r\n")));
    assert_eq!(Policy::read(&written).as_ref(), Ok(&policy), "{written}");
}
