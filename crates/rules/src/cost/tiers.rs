//! The price of a mailbox, by how many there are.

use crate::{Fault, money::Cents};

/// From so many mailboxes on, each costs so much a month: all of them, not only those above.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Tier {
    /// Least number of mailboxes.
    pub from: u64,
    /// Cents a mailbox a month.
    pub price: Cents,
}

impl Tier {
    /// Reads `100:0.85`.
    ///
    /// # Errors
    /// `cost.tiers`, `money.malformed`
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let fault =
            || Fault::caller("cost.tiers", format!("`{text}` is no tier: write mailboxes:price, as in 100:0.85"));
        let (from, price) = text.split_once(':').ok_or_else(fault)?;
        Ok(Self { from: from.trim().parse().map_err(|_| fault())?, price: Cents::parse(price)? })
    }
}

/// Tiers in order, the first from one mailbox on, with the least that a month costs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Tiers {
    tiers: Vec<Tier>,
    minimum: Cents,
}

impl Tiers {
    /// Tiers in order.
    ///
    /// # Errors
    /// `cost.tiers` when they do not begin with 1, do not rise, or a price rises.
    pub fn new(tiers: Vec<Tier>, minimum: Cents) -> Result<Self, Fault> {
        let fault = |what: &str| Err(Fault::caller("cost.tiers", format!("tiers: {what}")));
        match tiers.first() {
            Some(tier) if tier.from == 1 => {}
            _ => return fault("the first must hold from 1 mailbox on, as in 1:1.00"),
        }
        for pair in tiers.windows(2) {
            if let [before, after] = pair
                && (before.from >= after.from || before.price < after.price)
            {
                return fault(&format!(
                    "{} follows {}: numbers must rise, and prices may not",
                    after.from, before.from
                ));
            }
        }
        Ok(Self { tiers, minimum })
    }

    /// $1.00, down to $0.55, $50 the least: published. Where the price falls between (100, 500, 1000) is not published: those
    /// numbers and the prices between are ours.
    pub fn published() -> Self {
        let tiers =
            [(1, 100), (100, 85), (500, 70), (1000, 55)].map(|(from, cents)| Tier { from, price: Cents(cents) });
        Self { tiers: tiers.to_vec(), minimum: Cents(5000) }
    }

    /// Tiers.
    pub fn tiers(&self) -> &[Tier] {
        &self.tiers
    }

    /// The least that a month costs.
    pub fn minimum(&self) -> Cents {
        self.minimum
    }

    /// The tier that so many reach.
    pub(super) fn of(&self, mailboxes: u64) -> Tier {
        let reached = self.tiers.iter().rev().find(|tier| tier.from <= mailboxes);
        reached.or(self.tiers.first()).copied().unwrap_or(Tier { from: 1, price: Cents(0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiers_that_make_no_sense_are_refused() {
        let tiers = |text: &str| {
            let tiers = text.split(' ').map(Tier::parse).collect::<Result<Vec<_>, _>>()?;
            Tiers::new(tiers, Cents(5000))
        };
        assert_eq!(tiers("1:1.00 100:0.85 500:0.70 1000:0.55").unwrap(), Tiers::published());
        for text in ["", "2:1.00", "1:1.00 1:0.90", "1:1.00 100:1.10", "1:1.00 100", "x:1", "-1:1"] {
            assert_eq!(tiers(text).unwrap_err().code, "cost.tiers", "{text}");
        }
        assert_eq!(tiers("1:-1").unwrap_err().code, "money.malformed");
    }
}
