//! Whose failures are counted together.

use sha2::{Digest as _, Sha256};

use super::Policy;
use crate::client::ClientKey;
use crate::devices::DeviceId;
use crate::domain::{EmailAddress, SessionId};

/// Who tries to sign in.
#[derive(Clone, Copy, Debug)]
pub struct Who<'a> {
    /// As whom.
    pub email: &'a EmailAddress,
    /// From where.
    pub client: ClientKey,
    /// On which device, where that has signed in with this address before and is still trusted.
    pub device: Option<DeviceId>,
}

/// One count of failures.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    /// Its name in the store, which holds no address: those belong in the database.
    pub(super) name: String,
    /// How many failures are free.
    pub(super) free: u64,
    /// Whether a success wipes out the failures before it. It does not where others are counted too: whoever owns an account
    /// could otherwise not sign in without setting the guesses of strangers back to none.
    pub(super) is_own: bool,
}

impl Subject {
    pub(super) fn device(device: DeviceId, policy: &Policy) -> Self {
        Self {
            name: format!("device/{device}"),
            free: policy.free(),
            is_own: true,
        }
    }

    pub(super) fn session(session: SessionId, policy: &Policy) -> Self {
        Self {
            name: format!("session/{session}"),
            free: policy.free(),
            is_own: true,
        }
    }
}

/// What an attempt is counted for.
pub(super) fn subjects(who: &Who<'_>, policy: &Policy) -> Vec<Subject> {
    if let Some(device) = who.device {
        return vec![Subject::device(device, policy)];
    }
    let email = who.email.canonical();
    let pair = Subject {
        name: format!("pair/{}", short_hash(&format!("{} {email}", who.client))),
        free: policy.free(),
        is_own: true,
    };
    let email = Subject {
        name: format!("email/{}", short_hash(&email)),
        free: policy.free_by_email(),
        is_own: false,
    };
    vec![pair, email]
}

fn short_hash(text: &str) -> String {
    let hash: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    hash[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}
