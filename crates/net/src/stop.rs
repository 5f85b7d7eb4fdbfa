//! A signal that says "finish what you have and stop".

use tokio::sync::watch;

/// The end that stops; dropping it stops too.
#[derive(Debug)]
pub struct Stopper(watch::Sender<bool>);

/// The end that is told. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stopper {
    /// A pair.
    pub fn new() -> (Self, Stop) {
        let (sender, receiver) = watch::channel(false);
        (Self(sender), Stop(receiver))
    }
    /// Tells everyone.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Returns once told.
    pub async fn stopped(&mut self) {
        let _ = self.0.wait_for(|stopped| *stopped).await;
    }
    /// Whether it has been told.
    pub fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }
}
