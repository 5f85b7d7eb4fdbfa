//! Whatever a date is written as: what is read is written and read again as the same moment.
#![no_main]

/// The language alone, without the server and all that it stands on.
#[path = "../../crates/imap/src"]
mod imap {
    #[allow(dead_code, unreachable_pub, unused_imports)]
    pub mod words;
}

use imap::words;
use syntax::Timestamp;
use words::date::{Day, parse_date_time, write_date_time};

/// The years that RFC 5322 dates and IMAP dates can name.
const FIRST: i64 = -62_135_596_800_000_000;
const LAST: i64 = 253_402_300_799_999_999;

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(moment) = Timestamp::parse(text) {
        let json = serde_json::to_string(&moment).unwrap_or_default();
        assert_eq!(serde_json::from_str::<Timestamp>(&json).ok(), Some(moment), "{json}");
        written(moment);
    }
    if let Ok(moment) = Timestamp::parse_rfc5322(text) {
        assert_eq!(Timestamp::parse_rfc5322(&moment.rfc5322()), Ok(moment), "{}", moment.rfc5322());
        written(moment);
    }
    if let Some(moment) = parse_date_time(text) {
        written(moment);
    }
    if let Some(day) = Day::parse(text) {
        assert!((FIRST..=LAST).contains(&(i64::from(day.0) * 86_400_000_000)));
    }
    let _ = Day::of_date_field(text);
});

fn written(moment: Timestamp) {
    assert!(moment.day().len() >= 8);
    let text = moment.to_string();
    assert!(text.ends_with('Z') && Timestamp::parse(&text).is_ok(), "{text}");
    if (FIRST..=LAST).contains(&moment.micros()) {
        let seconds = moment.micros().div_euclid(1_000_000);
        let again = parse_date_time(&write_date_time(moment)).map(|again| again.micros().div_euclid(1_000_000));
        assert_eq!(again, Some(seconds), "{}", write_date_time(moment));
        assert_eq!(i64::from(Day::of(moment).0), seconds.div_euclid(86_400));
    }
}
