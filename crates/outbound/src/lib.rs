//! Queue, scheduler, delivery: look → decide (`rules`) → do → write down.

mod deliver;
mod scheduler;
mod settings;

pub use scheduler::Relay;
pub use settings::Settings;
