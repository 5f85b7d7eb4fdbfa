//! A moment, as it is stored and written.

use std::time::Duration;

use crate::{Kind, Malformed};

/// Microseconds since 1970-01-01T00:00:00Z. Serialized as RFC 3339 text in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// How long after `earlier`; zero when it is not after.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// The RFC 5322 §3.3 date-time in UTC: `Mon, 23 Nov 2026 22:54:50 +0000`.
    pub fn rfc5322(self) -> String {
        self.zoned().strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
    }

    /// The calendar day in UTC, `20261123`: names dated selectors.
    pub fn day(self) -> String {
        self.zoned().strftime("%Y%m%d").to_string()
    }

    /// Reads RFC 3339.
    ///
    /// # Errors
    /// [`Malformed`] when it is not a date-time.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let moment: jiff::Timestamp = text.parse().map_err(|_| Malformed::new(Kind::BadDate, 0))?;
        Ok(Self(moment.as_microsecond()))
    }

    /// Reads RFC 5322 §3.3, obsolete zones and comments included; a wrong day of the week is forgiven.
    ///
    /// # Errors
    /// [`Malformed`] when it is not a date-time.
    pub fn parse_rfc5322(text: &str) -> Result<Self, Malformed> {
        let parser = jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true);
        let moment = parser.parse_timestamp(text).map_err(|_| Malformed::new(Kind::BadDate, 0))?;
        Ok(Self(moment.as_microsecond()))
    }

    fn zoned(self) -> jiff::ZonedDateTime {
        self.moment().to_zoned_datetime(jiff::tz::TimeZone::UTC)
    }

    /// Moments beyond the calendar's range are shown as its ends.
    fn moment(self) -> jiff::Timestamp {
        let end = if self.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        jiff::Timestamp::from_microsecond(self.0).unwrap_or(end)
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(micros(rhs)))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, rhs: Duration) -> Self {
        Self(self.0.saturating_sub(micros(rhs)))
    }
}

impl std::fmt::Display for Timestamp {
    /// RFC 3339 in UTC with milliseconds: `2026-11-23T22:54:50.120Z`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.3}", self.moment())
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.moment())
    }
}

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Timestamp = Timestamp::from_micros(1_795_474_490_120_000);

    #[test]
    fn a_moment_is_written_in_every_form() {
        assert_eq!(MOMENT.rfc5322(), "Mon, 23 Nov 2026 22:54:50 +0000");
        assert_eq!(MOMENT.day(), "20261123");
        assert_eq!(MOMENT.to_string(), "2026-11-23T22:54:50.120Z");
        assert_eq!(Timestamp::parse("2026-11-23T22:54:50.12Z"), Ok(MOMENT));
        let seconds = Timestamp::from_micros(1_795_474_490_000_000);
        assert_eq!(Timestamp::parse_rfc5322("Mon, 23 Nov 2026 22:54:50 +0000"), Ok(seconds));
        assert_eq!(Timestamp::parse_rfc5322("23 Nov 2026 14:54:50 -0800 (PST)"), Ok(seconds));
        assert_eq!(Timestamp::parse_rfc5322("2026-11-23"), Err(Malformed::new(Kind::BadDate, 0)));
        assert_eq!(Timestamp::parse("yesterday"), Err(Malformed::new(Kind::BadDate, 0)));
    }

    #[test]
    fn arithmetic_neither_wraps_nor_goes_below_zero() {
        let second = Duration::from_secs(1);
        assert_eq!((MOMENT + second).since(MOMENT), second);
        assert_eq!(MOMENT.since(MOMENT + second), Duration::ZERO);
        assert_eq!(Timestamp::from_micros(i64::MAX) + second, Timestamp::from_micros(i64::MAX));
        let _ = Timestamp::from_micros(i64::MAX).rfc5322();
        let _ = Timestamp::from_micros(i64::MIN).rfc5322();
    }
}
