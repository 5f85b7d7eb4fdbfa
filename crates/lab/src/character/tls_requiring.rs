//! Talks only under TLS.

use async_trait::async_trait;
use smtp::server::Answer;

use super::{Character, say};
use crate::receiver::Visit;

pub(super) struct TlsRequiring;

#[async_trait]
impl Character for TlsRequiring {
    async fn mail(&self, visit: &Visit) -> Answer {
        // RFC 3207 §4
        if visit.tls {
            say(250, "2.1.0", "Sender ok")
        } else {
            say(530, "5.7.0", "Must issue a STARTTLS command first")
        }
    }
}
