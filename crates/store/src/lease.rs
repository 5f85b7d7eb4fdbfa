//! Leases with fencing: an egress IP has one owner node.

use std::time::Duration;

use rules::Fault;

use crate::Store;

impl Store {
    /// Takes or renews the lease `name` for `owner`. The fence (rises with every change of owner) or `None` when
    /// another owner holds it.
    ///
    /// # Errors
    /// `store.*`
    pub async fn lease(&self, _name: &str, _owner: &str, _ttl: Duration) -> Result<Option<i64>, Fault> {
        todo!()
    }
    /// Gives it up, when `fence` is still right.
    ///
    /// # Errors
    /// `store.*`
    pub async fn release(&self, _name: &str, _fence: i64) -> Result<(), Fault> {
        todo!()
    }
}
