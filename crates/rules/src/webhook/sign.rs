//! The signature. Standard Webhooks 1.0, "Signature scheme": HMAC-SHA-256 over `id.timestamp.body`.

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::Fault;

const PREFIX: &str = "whsec_";
/// Octets of a secret. Standard Webhooks 1.0: 192 to 512 bits.
const OCTETS: std::ops::RangeInclusive<usize> = 24..=64;

/// What an endpoint and we know. Its `Debug` is redacted and it is never serialized; [`Secret::reveal`] shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// From random octets.
    pub fn new(octets: [u8; 32]) -> Self {
        Self(octets.to_vec())
    }

    /// Reads `whsec_<base64>`.
    ///
    /// # Errors
    /// `webhook.bad-secret`; the text is not repeated in it.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let octets = text.strip_prefix(PREFIX).and_then(syntax::decode_base64);
        octets.filter(|octets| OCTETS.contains(&octets.len())).map(Self).ok_or_else(|| {
            Fault::caller("webhook.bad-secret", "a secret is whsec_ and the base64 of 24 to 64 octets: rotate it")
        })
    }

    /// The text that is shown once.
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", syntax::encode_base64(&self.0))
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

/// The `webhook-signature` header: one `v1,<base64>` for each secret that holds, separated by spaces. `seconds`: Unix time.
pub fn sign<'s>(secrets: impl IntoIterator<Item = &'s Secret>, id: &str, seconds: i64, body: &str) -> String {
    let signed = secrets.into_iter().map(|secret| {
        let mut mac = keyed(secret);
        mac.update(format!("{id}.{seconds}.{body}").as_bytes());
        format!("v1,{}", syntax::encode_base64(&mac.finalize().into_bytes()))
    });
    signed.collect::<Vec<_>>().join(" ")
}

#[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104 §2)")]
fn keyed(secret: &Secret) -> Hmac<Sha256> {
    Hmac::new_from_slice(&secret.0).expect("any key length")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The public example of Standard Webhooks and of Svix, from whose libraries' tests it comes.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const BODY: &str = r#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    #[test]
    fn the_public_example_is_signed_as_it_says() {
        let secret = Secret::parse(SECRET).unwrap();
        assert_eq!(sign([&secret], ID, 1_614_265_330, BODY), SIGNATURE);
        assert_ne!(sign([&secret], ID, 1_614_265_331, BODY), SIGNATURE);
        assert_ne!(sign([&secret], "msg_other", 1_614_265_330, BODY), SIGNATURE);
        assert_ne!(sign([&secret], ID, 1_614_265_330, r#"{"test":2432232314}"#), SIGNATURE);
    }

    #[test]
    fn while_a_secret_is_rotated_both_sign() {
        let (old, new) = (Secret::parse(SECRET).unwrap(), Secret::new([7; 32]));
        let signed = sign([&new, &old], ID, 1_614_265_330, BODY);
        let parts: Vec<&str> = signed.split(' ').collect();
        assert_eq!((parts.len(), parts[1]), (2, SIGNATURE));
        assert_eq!(parts[0], sign([&new], ID, 1_614_265_330, BODY));
    }

    #[test]
    fn a_secret_is_read_back_and_does_not_show() {
        let secret = Secret::new([7; 32]);
        assert!(secret.reveal().starts_with("whsec_"));
        assert_eq!(Secret::parse(&secret.reveal()).unwrap(), secret);
        assert_eq!(format!("{secret:?}"), "Secret([redacted])");
        for text in ["", "whsec_", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_???"] {
            let fault = Secret::parse(text).unwrap_err();
            assert_eq!(fault.code, "webhook.bad-secret");
        }
    }
}
