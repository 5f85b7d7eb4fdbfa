//! Passwords that people choose. argon2id with the memory and passes of the OWASP Password Storage Cheat Sheet, 2026.

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordVerifier as _, Version,
    password_hash::{PasswordHasher as _, SaltString},
};
use rules::{Blame, Fault, Retry};
use tokio::sync::Semaphore;

/// Shortest and longest password, in characters. NIST SP 800-63B-4 §3.1.1.2 asks for 15 where it is the only factor; the throttle
/// makes 12 as good here.
const LENGTH: std::ops::RangeInclusive<usize> = 12..=256;
/// Memory, in KiB.
const MEMORY: u32 = 19 * 1024;
/// Passes over it.
const PASSES: u32 = 2;
/// Hashes at the same time: what they take together stays bounded.
static PLACES: Semaphore = Semaphore::const_new(4);
/// What an unknown login is held against, so that it takes as long as a known one: a hash that no password has.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5LW5vYm9keQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Whether it is long enough, and not too long to be hashed.
pub(super) fn check_strength(password: &str) -> Result<(), Fault> {
    if LENGTH.contains(&password.chars().count()) {
        return Ok(());
    }
    let what =
        format!("a password has {} to {} characters: some words in a row are fine", LENGTH.start(), LENGTH.end());
    Err(Fault::caller("account.password-weak", what))
}

/// Its hash in PHC form.
pub(super) async fn hash(password: String) -> Result<String, Fault> {
    let salt = auth::generate_secret()?;
    apart(move || {
        let salt = SaltString::encode_b64(salt.get(..16).unwrap_or_default()).map_err(failed)?;
        hasher()?.hash_password(password.as_bytes(), &salt).map(|hash| hash.to_string()).map_err(failed)
    })
    .await
}

/// Whether it is the one that was hashed; without a hash it never is, and takes as long.
pub(super) async fn verify(kept: Option<String>, password: String) -> Result<bool, Fault> {
    let too_long = password.chars().count() > *LENGTH.end();
    let password = if too_long { String::new() } else { password };
    let is_nobody = kept.is_none();
    let matches = apart(move || {
        let kept = kept.unwrap_or_else(|| String::from(NOBODY));
        let kept = PasswordHash::new(&kept).map_err(failed)?;
        Ok(hasher()?.verify_password(password.as_bytes(), &kept).is_ok())
    });
    Ok(matches.await? && !is_nobody && !too_long)
}

fn hasher() -> Result<Argon2<'static>, Fault> {
    let params = Params::new(MEMORY, PASSES, 1, None).map_err(failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// On a thread that may be kept busy.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T, Fault> + Send + 'static) -> Result<T, Fault> {
    let _place = PLACES.acquire().await.map_err(failed)?;
    tokio::task::spawn_blocking(work).await.map_err(failed)?
}

fn failed(error: impl std::fmt::Display) -> Fault {
    Fault::new("account.hash", Blame::Us, Retry::Later).context(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_and_nobody_by_none() {
        let kept = hash(String::from("a long enough password")).await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(verify(Some(kept.clone()), String::from("a long enough password")).await.unwrap());
        assert!(!verify(Some(kept), String::from("another")).await.unwrap());
        assert!(!verify(None, String::from("another")).await.unwrap());
        assert!(PasswordHash::new(NOBODY).unwrap().hash.is_some(), "it is computed in full");
    }

    #[test]
    fn a_password_has_a_length() {
        assert!(check_strength("short").is_err());
        assert!(check_strength("twelve signs").is_ok());
        assert!(check_strength(&"a".repeat(257)).is_err());
    }
}
