//! ARC: what we saw of a message that we pass on, sealed. RFC 8617.

use mail_auth::{
    ArcOutput, AuthenticatedMessage, AuthenticationResults, DkimOutput,
    arc::{ArcSealer, ArcSet},
    common::headers::HeaderWriter as _,
    dmarc::verify::DmarcParameters,
};
use rules::{Blame, Fault, Retry};

use crate::{
    Algorithm, Arrived, SigningKey, Verifier,
    sign::{ed25519, rsa},
};

/// Fields that the seal's signature covers. RFC 8617 §4.1.2 leaves them to us; DKIM-Signature is its advice.
const SIGNED: [&str; 12] = [
    "From",
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Content-Type",
    "DKIM-Signature",
];

impl Verifier {
    /// The message with an ARC set on top; as it is when its chain is broken, for then no seal helps (RFC 8617 §5.1).
    /// `arrived.message` is what goes out; `host` names us in the results.
    ///
    /// # Errors
    /// `dkim.key`, `arc.seal`.
    pub async fn seal(&self, arrived: &Arrived<'_>, host: &str, key: &SigningKey) -> Result<Vec<u8>, Fault> {
        let message = arrived.message;
        let Some(parsed) = AuthenticatedMessage::parse(message) else { return Ok(message.to_vec()) };
        let dkim = self.inner().verify_dkim(&parsed).await;
        let arc = self.inner().verify_arc(&parsed).await;
        if !arc.can_be_sealed() {
            return Ok(message.to_vec());
        }
        let results = self.results(arrived, &parsed, host, &dkim).await.with_arc_result(&arc, arrived.ip);
        let set = sealed(key, &parsed, &results, &arc)?;
        let mut whole = Vec::with_capacity(message.len() + 2048);
        set.write_header(&mut whole);
        whole.extend_from_slice(message);
        Ok(whole)
    }

    async fn results<'h>(
        &self,
        arrived: &Arrived<'_>,
        parsed: &AuthenticatedMessage<'_>,
        host: &'h str,
        dkim: &[DkimOutput<'_>],
    ) -> AuthenticationResults<'h> {
        let spf = self.spf_output(arrived.ip, arrived.helo, arrived.mail_from).await;
        let sender = arrived.mail_from.map(ToString::to_string).unwrap_or_default();
        let domain = arrived.mail_from.map_or_else(|| arrived.helo.to_owned(), |from| from.domain().to_string());
        let dmarc = self.inner().verify_dmarc(DmarcParameters::new(parsed, dkim, &domain, &spf)).await;
        AuthenticationResults::new(host)
            .with_dkim_results(dkim, parsed.from.first().map_or("", String::as_str))
            .with_spf_mailfrom_result(&spf, arrived.ip, &sender, arrived.helo)
            .with_dmarc_result(&dmarc)
    }
}

fn sealed<'x>(
    key: &SigningKey,
    parsed: &'x AuthenticatedMessage<'x>,
    results: &'x AuthenticationResults<'x>,
    arc: &ArcOutput<'_>,
) -> Result<ArcSet<'x>, Fault> {
    let (domain, octets) = (key.domain.to_string(), &key.key.0);
    let set = match key.algorithm {
        Algorithm::Rsa => {
            let sealer = ArcSealer::from_key(rsa(octets)?).domain(domain).selector(key.selector.clone());
            sealer.headers(SIGNED).seal(parsed, results, arc)
        }
        Algorithm::Ed25519 => {
            let sealer = ArcSealer::from_key(ed25519(octets)?).domain(domain).selector(key.selector.clone());
            sealer.headers(SIGNED).seal(parsed, results, arc)
        }
    };
    set.map_err(|error| {
        Fault::new("arc.seal", Blame::Us, Retry::Later)
            .context(format!("sealing with {} of {}", key.selector, key.domain))
            .caused_by(error.to_string())
    })
}
