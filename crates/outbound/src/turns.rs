//! Whose turn it is: a queue of queues, in which each key gets one turn a round however much it has.

use std::{
    collections::{HashMap, VecDeque},
    hash::Hash,
};

/// Something that is taken from in turn.
pub(crate) trait Queue: Default {
    /// What it holds.
    type Item;
    /// To the end.
    fn put(&mut self, item: Self::Item);
    /// Whose turn it is.
    fn take(&mut self) -> Option<Self::Item>;
    /// Whether nothing is in it.
    fn is_spent(&self) -> bool;
}

impl<T> Queue for VecDeque<T> {
    type Item = T;

    fn put(&mut self, item: T) {
        self.push_back(item);
    }
    fn take(&mut self) -> Option<T> {
        self.pop_front()
    }
    fn is_spent(&self) -> bool {
        self.is_empty()
    }
}

/// Keys in turn, and what each of them has.
#[derive(Debug)]
pub(crate) struct Turns<K, Q> {
    order: VecDeque<K>,
    of: HashMap<K, Q>,
}

impl<K, Q> Default for Turns<K, Q> {
    fn default() -> Self {
        Self { order: VecDeque::new(), of: HashMap::new() }
    }
}

impl<K: Clone + Eq + Hash, Q: Queue> Queue for Turns<K, Q> {
    type Item = (K, Q::Item);

    fn put(&mut self, (key, item): Self::Item) {
        let queue = self.of.entry(key.clone()).or_default();
        if queue.is_spent() {
            self.order.push_back(key);
        }
        queue.put(item);
    }
    fn take(&mut self) -> Option<Self::Item> {
        let key = self.order.pop_front()?;
        let queue = self.of.get_mut(&key)?;
        let item = queue.take();
        if queue.is_spent() {
            self.of.remove(&key);
        } else {
            self.order.push_back(key.clone());
        }
        item.map(|item| (key, item))
    }
    fn is_spent(&self) -> bool {
        self.order.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_gets_one_turn_a_round_at_every_level() {
        let mut turns: Turns<&str, Turns<u8, VecDeque<char>>> = Turns::default();
        for site in ['a', 'b', 'c'] {
            turns.put(("big", (1, site)));
            turns.put(("big", (2, site)));
        }
        turns.put(("small", (9, 'z')));
        turns.put(("small", (9, 'y')));
        let order: Vec<_> =
            std::iter::from_fn(|| turns.take()).map(|(who, (ip, site))| format!("{who}{ip}{site}")).collect();
        assert_eq!(order, ["big1a", "small9z", "big2a", "small9y", "big1b", "big2b", "big1c", "big2c"]);
        assert!(turns.is_spent() && turns.of.is_empty());
    }
}
