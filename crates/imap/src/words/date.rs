//! Days and moments as IMAP writes them. RFC 9051 §9 `date`, `date-time`.

use syntax::Timestamp;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY_SECONDS: i64 = 86_400;
const SECOND_MICROS: i64 = 1_000_000;

/// A calendar day, as days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

impl Day {
    /// From a year, a month and a day, each from 1; `None` when there is no such day, or no such year between 1 and 9999.
    pub fn new(year: i32, month: u32, day: u32) -> Option<Self> {
        let is_there =
            (1..=9999).contains(&year) && (1..=12).contains(&month) && day >= 1 && day <= length(year, month);
        is_there.then(|| Self(days_from_civil(year, month, day)))
    }

    /// The day of a moment in UTC.
    pub fn of(moment: Timestamp) -> Self {
        let days = moment.micros().div_euclid(DAY_SECONDS * SECOND_MICROS);
        Self(i32::try_from(days).unwrap_or(if days < 0 { i32::MIN } else { i32::MAX }))
    }

    /// Reads `1-Feb-1994`; one digit or two for the day.
    pub fn parse(text: &str) -> Option<Self> {
        let mut pieces = text.split('-');
        let (day, month, year) = (pieces.next()?, pieces.next()?, pieces.next()?);
        if pieces.next().is_some() || year.len() != 4 || !(1..=2).contains(&day.len()) {
            return None;
        }
        Self::new(number(year)?.try_into().ok()?, month_number(month)?, number(day)?)
    }

    /// The day that a Date field names, whatever its time and zone are (RFC 9051 §6.4.4 SENTON). Reads whatever holds
    /// day, month name and year in this order.
    pub fn of_date_field(value: &str) -> Option<Self> {
        let words: Vec<&str> = value.split([' ', ',', '\t', '-']).filter(|word| !word.is_empty()).collect();
        words.windows(3).find_map(|window| match window {
            [day, month, year] => Self::new(full_year(year)?, month_number(month)?, number(day)?),
            _ => None,
        })
    }

    /// Year, month, day.
    fn civil(self) -> (i64, i64, i64) {
        // Days are counted from 1 March of year 0, in eras of 400 years: leap days then come last.
        let shifted = i64::from(self.0) + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted_month + 2) / 5 + 1;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
        (year_of_era + era * 400 + i64::from(month <= 2), month, day)
    }
}

/// Reads ` 7-Feb-1994 22:43:04 -0800`, with or without the blank before a day of one digit.
pub fn parse_date_time(text: &str) -> Option<Timestamp> {
    let mut words = text.trim_start_matches(' ').split(' ');
    let (day, time, zone) = (words.next()?, words.next()?, words.next()?);
    if words.next().is_some() {
        return None;
    }
    let seconds = i64::from(Day::parse(day)?.0) * DAY_SECONDS + time_seconds(time)? - zone_seconds(zone)?;
    Some(Timestamp::from_micros(seconds.checked_mul(SECOND_MICROS)?))
}

/// Writes `" 7-Feb-1994 22:43:04 +0000"` without the quotes, always in UTC.
pub fn write_date_time(moment: Timestamp) -> String {
    let (year, month, day) = Day::of(moment).civil();
    let seconds = moment.micros().div_euclid(SECOND_MICROS).rem_euclid(DAY_SECONDS);
    let month = usize::try_from(month - 1).ok().and_then(|index| MONTHS.get(index)).unwrap_or(&"Jan");
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{day:>2}-{month}-{year:04} {hour:02}:{minute:02}:{second:02} +0000")
}

fn time_seconds(text: &str) -> Option<i64> {
    let mut pieces = text.split(':');
    let mut piece = |limit: u32| {
        let text = pieces.next().filter(|text| text.len() == 2)?;
        number(text).filter(|value| *value < limit)
    };
    // 60 is a leap second.
    let (hour, minute, second) = (piece(24)?, piece(60)?, piece(61)?);
    pieces.next().is_none().then(|| i64::from(hour * 3600 + minute * 60 + second))
}

fn zone_seconds(text: &str) -> Option<i64> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let value = number(digits).filter(|_| digits.len() == 4)?;
    let (hours, minutes) = (value / 100, value % 100);
    (hours < 24 && minutes < 60).then(|| sign * i64::from(hours * 3600 + minutes * 60))
}

/// RFC 5322 §4.3: two digits up to 49 are of this century.
fn full_year(text: &str) -> Option<i32> {
    let year = i32::try_from(number(text)?).ok()?;
    match text.len() {
        2 if year < 50 => Some(year + 2000),
        2 | 3 => Some(year + 1900),
        4 => Some(year),
        _ => None,
    }
}

fn month_number(text: &str) -> Option<u32> {
    let index = MONTHS.iter().position(|month| month.eq_ignore_ascii_case(text))?;
    u32::try_from(index + 1).ok()
}

/// Digits only: no sign, no blank.
fn number(text: &str) -> Option<u32> {
    text.bytes().all(|octet| octet.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn length(year: i32, month: u32) -> u32 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_from_civil(year: i32, month: u32, day: u32) -> i32 {
    let (month, day) = (month.cast_signed(), day.cast_signed());
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted_month = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * shifted_month + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_and_known() {
        assert_eq!(Day::parse("1-Jan-1970"), Some(Day(0)));
        assert_eq!(Day::parse("01-Feb-1994"), Day::new(1994, 2, 1));
        assert_eq!(Day::parse("29-feb-2000").map(|day| day.0), Some(11_016));
        for text in
            ["29-Feb-1900", "32-Jan-2000", "0-Jan-2000", "1-Foo-2000", "1-Jan-20", "1-Jan-2000-1", "-1-Jan-2000"]
        {
            assert_eq!(Day::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_moment_is_read_in_its_zone_and_written_in_utc() {
        // RFC 3501 §6.3.11.
        let moment = parse_date_time(" 7-Feb-1994 21:52:25 -0800").unwrap();
        assert_eq!(write_date_time(moment), " 8-Feb-1994 05:52:25 +0000");
        assert_eq!(parse_date_time("07-Feb-1994 21:52:25 -0800"), Some(moment));
        assert_eq!(parse_date_time("7-Feb-1994 21:52:25 -0800"), Some(moment));
        for text in ["", "7-Feb-1994", "7-Feb-1994 21:52 +0000", "7-Feb-1994 24:00:00 +0000", "7-Feb-1994 21:52:25 PST"]
        {
            assert_eq!(parse_date_time(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_day_of_a_date_field_does_not_look_at_its_zone() {
        let day = Day::new(2026, 11, 23);
        assert_eq!(Day::of_date_field("Mon, 23 Nov 2026 23:59:59 -0800 (PST)"), day);
        assert_eq!(Day::of_date_field("23-Nov-26 01:00"), day);
        assert_eq!(Day::of_date_field("Mon,23 Nov 2026 22:54:50 GMT"), day);
        assert_eq!(Day::of_date_field("no date at all"), None);
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_again(seconds in -60_000_000_000_i64..250_000_000_000) {
            let moment = Timestamp::from_micros(seconds * SECOND_MICROS);
            proptest::prop_assert_eq!(parse_date_time(&write_date_time(moment)), Some(moment));
        }

        #[test]
        fn reading_never_panics(text in ".{0,40}", micros in proptest::num::i64::ANY) {
            let _ = (Day::parse(&text), Day::of_date_field(&text), parse_date_time(&text));
            let _ = write_date_time(Timestamp::from_micros(micros));
        }
    }
}
