//! Money in whole cents: no rounding hides in a sum.

use crate::Fault;

/// An amount in cents of whatever currency its context names; dollars where none is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Cents(pub u64);

impl Cents {
    /// Reads `7`, `0.55`, `$1.00`: at most two digits behind the point, no sign.
    ///
    /// # Errors
    /// `money.malformed`
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let fault = |why: &str| {
            Fault::caller("money.malformed", format!("`{text}` is no amount: {why}; write it as 0.55 or $12"))
        };
        let plain = text.trim().trim_start_matches('$');
        if plain.starts_with('-') {
            return Err(fault("it is negative"));
        }
        let (whole, part) = plain.split_once('.').unwrap_or((plain, ""));
        let digits = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(part) || (plain.contains('.') && part.is_empty()) {
            return Err(fault("digits are wanted"));
        }
        let cents = match part.len() {
            0 => 0,
            1 => part.parse::<u64>().unwrap_or(0) * 10,
            2 => part.parse().unwrap_or(0),
            _ => return Err(fault("there are no parts of a cent")),
        };
        let whole: u64 = whole.parse().map_err(|_| fault("it is too large"))?;
        whole
            .checked_mul(100)
            .and_then(|whole| whole.checked_add(cents))
            .map(Self)
            .ok_or_else(|| fault("it is too large"))
    }

    /// So many times.
    ///
    /// # Errors
    /// `money.overflow`
    pub fn times(self, count: u64) -> Result<Self, Fault> {
        self.0.checked_mul(count).map(Self).ok_or_else(|| overflow(&format!("{self} × {count}")))
    }

    /// Both together.
    ///
    /// # Errors
    /// `money.overflow`
    pub fn plus(self, other: Self) -> Result<Self, Fault> {
        self.0.checked_add(other.0).map(Self).ok_or_else(|| overflow(&format!("{self} + {other}")))
    }

    /// A part of so many, rounded up to the cent; the whole for 0 parts.
    #[must_use]
    pub fn part(self, parts: u64) -> Self {
        Self(self.0.div_ceil(parts.max(1)))
    }
}

fn overflow(what: &str) -> Fault {
    Fault::caller("money.overflow", format!("{what} is more money than there is: look at the numbers that were given"))
}

impl std::fmt::Display for Cents {
    /// `$1,234.50`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let whole = (self.0 / 100).to_string();
        let mut grouped = String::new();
        for (index, digit) in whole.chars().enumerate() {
            if index > 0 && (whole.len() - index).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        write!(f, "${grouped}.{:02}", self.0 % 100)
    }
}

impl std::str::FromStr for Cents {
    type Err = Fault;
    fn from_str(text: &str) -> Result<Self, Fault> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_and_written() {
        for (text, cents, shown) in [
            ("7", 700, "$7.00"),
            ("0.55", 55, "$0.55"),
            ("$12.5", 1250, "$12.50"),
            ("1234567", 123_456_700, "$1,234,567.00"),
        ] {
            assert_eq!(Cents::parse(text).unwrap(), Cents(cents));
            assert_eq!(Cents(cents).to_string(), shown);
        }
        for text in ["", "-1", "1.005", "1,5", "one", ".5", "5.", "$", "184467440737095517", "99999999999999999999999"]
        {
            assert_eq!(Cents::parse(text).unwrap_err().code, "money.malformed", "{text}");
        }
    }

    #[test]
    fn too_much_money_is_a_fault_and_no_wrong_sum() {
        assert_eq!(Cents(u64::MAX).times(2).unwrap_err().code, "money.overflow");
        assert_eq!(Cents(u64::MAX).plus(Cents(1)).unwrap_err().code, "money.overflow");
        assert_eq!(Cents(1000).part(12), Cents(84));
        assert_eq!(Cents(1000).part(0), Cents(1000));
    }
}
