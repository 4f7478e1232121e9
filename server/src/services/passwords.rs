//! Passwords: argon2id (RFC 9106), kept as PHC strings.

use crate::clock::Surroundings;
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use tokio::sync::Semaphore;

/// Memory of one hash in KiB, passes and lanes: more than OWASP's 19 MiB and two passes, and 55 ms on a core of 2026. With
/// [`AT_ONCE`] the memory of all sign-ins together is bounded.
const MEMORY_KIB: u32 = 32 * 1024;
const PASSES: u32 = 4;
const LANES: u32 = 1;

/// Hashes computed at the same time.
pub const AT_ONCE: usize = 2;

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

/// What came of checking a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Whether it is the one.
    pub matches: bool,
    /// Whether what is kept of it was made at another cost than is asked for now.
    pub outdated: bool,
}

/// How much was hashed, for whoever watches over it.
#[derive(Debug, Default)]
pub struct Work {
    verified: AtomicU64,
    running: AtomicUsize,
    most: AtomicUsize,
}

impl Work {
    /// Passwords that were checked.
    pub fn verified(&self) -> u64 {
        self.verified.load(Ordering::SeqCst)
    }

    /// The most hashes that were ever computed at the same time.
    pub fn most_at_once(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }
}

/// Hashes and checks passwords, a few at a time, away from the threads that answer requests.
#[derive(Clone)]
pub struct Passwords {
    permits: Arc<Semaphore>,
    /// The hash that is checked for a login that nobody has, so that it takes as long as any other.
    decoy: Arc<str>,
    work: Arc<Work>,
}

impl Passwords {
    /// # Errors
    /// [`PasswordError`] when the library refuses the parameters.
    pub fn new(surroundings: &Surroundings) -> Result<Self, PasswordError> {
        let decoy = hash("nobody's password", surroundings.bytes())?;
        Ok(Self {
            permits: Arc::new(Semaphore::new(AT_ONCE)),
            decoy: decoy.into(),
            work: Arc::default(),
        })
    }

    /// How much was hashed so far.
    pub fn work_done(&self) -> Arc<Work> {
        Arc::clone(&self.work)
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
    pub async fn verify(&self, password: String, kept: Option<String>) -> Result<Verified, PasswordError> {
        self.work.verified.fetch_add(1, Ordering::SeqCst);
        let decoy = Arc::clone(&self.decoy);
        self.work(move || {
            let known = kept.is_some();
            let kept = kept.as_deref().unwrap_or(&decoy);
            let kept = PasswordHash::new(kept).map_err(argon2_error)?;
            let matches = Argon2::default().verify_password(password.as_bytes(), &kept).is_ok();
            Ok(Verified {
                matches: matches && known,
                outdated: known && is_outdated(&kept)?,
            })
        })
        .await
    }

    async fn work<T: Send + 'static>(
        &self,
        job: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        let work = Arc::clone(&self.work);
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let running = work.running.fetch_add(1, Ordering::SeqCst) + 1;
            work.most.fetch_max(running, Ordering::SeqCst);
            let done = job();
            work.running.fetch_sub(1, Ordering::SeqCst);
            done
        })
        .await
        .map_err(|_| PasswordError::Worker)?
    }
}

/// Whether a hash was made with another algorithm, version or cost than [`hash`] uses.
fn is_outdated(kept: &PasswordHash) -> Result<bool, PasswordError> {
    let params = Params::try_from(kept).map_err(argon2_error)?;
    let cost = (params.m_cost(), params.t_cost(), params.p_cost());
    let version = kept.version.is_some_and(|version| version == u32::from(Version::V0x13));
    let algorithm = kept.algorithm == Algorithm::Argon2id.ident();
    Ok(cost != (MEMORY_KIB, PASSES, LANES) || !version || !algorithm)
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
        assert!(kept.starts_with("$argon2id$v=19$m=32768,t=4,p=1$"), "{kept}");
        let check = |password: &str, kept: Option<&String>| passwords.verify(password.to_owned(), kept.cloned());
        let verified = |matches, outdated| Verified { matches, outdated };
        assert_eq!(
            check("正确的密码 here", Some(&kept)).await.unwrap(),
            verified(true, false)
        );
        assert_eq!(check("正确的密码", Some(&kept)).await.unwrap(), verified(false, false));
        assert_eq!(check("nobody's password", None).await.unwrap(), verified(false, false));
        let cheap = Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            Params::new(8 * 1024, 1, 1, None).unwrap(),
        );
        let cheap: PasswordHash = cheap.hash_password_with_salt(b"a password of old", &[7; 16]).unwrap();
        let cheap = cheap.to_string();
        assert_eq!(
            check("a password of old", Some(&cheap)).await.unwrap(),
            verified(true, true)
        );
        assert_eq!(passwords.work_done().verified(), 4);
    }
}
