//! Passwords: argon2id (RFC 9106), kept as PHC strings.

use crate::clock::Surroundings;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Memory of one hash in KiB, passes and lanes. With [`AT_ONCE`] the memory of all sign-ins together is bounded.
const MEMORY_KIB: u32 = 32 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 1;

/// Hashes computed at the same time.
const AT_ONCE: usize = 2;

/// Why a password was not hashed or checked.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The library refused.
    #[error("argon2: {0}")]
    Argon2(String),
    /// The worker thread was lost.
    #[error("the hashing thread ended early")]
    Worker,
}

/// Hashes and checks passwords, a few at a time, away from the threads that answer requests.
#[derive(Clone)]
pub struct Passwords {
    permits: Arc<Semaphore>,
    /// The hash that is checked for a login that nobody has, so that it takes as long as any other.
    decoy: Arc<str>,
}

impl Passwords {
    /// # Errors
    /// [`PasswordError`] when the library refuses the parameters.
    pub fn new(surroundings: &Surroundings) -> Result<Self, PasswordError> {
        let decoy = hash("nobody's password", surroundings.bytes())?;
        Ok(Self {
            permits: Arc::new(Semaphore::new(AT_ONCE)),
            decoy: decoy.into(),
        })
    }

    /// The PHC string of `password`.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub async fn hash(&self, password: String, surroundings: &Surroundings) -> Result<String, PasswordError> {
        let salt = surroundings.bytes();
        self.work(move || hash(&password, salt)).await
    }

    /// Whether `password` belongs to `kept`. Without a kept hash the answer is no, after the same work.
    ///
    /// # Errors
    /// [`PasswordError`] when the kept hash cannot be read.
    pub async fn verify(&self, password: String, kept: Option<String>) -> Result<bool, PasswordError> {
        let decoy = Arc::clone(&self.decoy);
        self.work(move || {
            let known = kept.is_some();
            let kept = kept.as_deref().unwrap_or(&decoy);
            let kept = PasswordHash::new(kept).map_err(argon2_error)?;
            let matches = Argon2::default().verify_password(password.as_bytes(), &kept).is_ok();
            Ok(matches && known)
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            job()
        })
        .await
        .map_err(|_| PasswordError::Worker)?
    }
}

/// The PHC string of `password`. Takes its time; not for threads that answer requests.
///
/// # Errors
/// [`PasswordError::Argon2`].
pub fn hash(password: &str, salt: [u8; 16]) -> Result<String, PasswordError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(argon2_error)?;
    let hash: PasswordHash = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map_err(argon2_error)?;
    Ok(hash.to_string())
}

fn argon2_error(error: impl std::fmt::Display) -> PasswordError {
    PasswordError::Argon2(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_right_password_and_no_other() {
        let surroundings = Surroundings::system();
        let passwords = Passwords::new(&surroundings).unwrap();
        let kept = passwords
            .hash("正确的密码 here".to_owned(), &surroundings)
            .await
            .unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=32768,t=3,p=1$"), "{kept}");
        let check = |password: &str, kept: Option<&String>| passwords.verify(password.to_owned(), kept.cloned());
        assert!(check("正确的密码 here", Some(&kept)).await.unwrap());
        assert!(!check("正确的密码", Some(&kept)).await.unwrap());
        assert!(!check("nobody's password", None).await.unwrap());
    }
}
