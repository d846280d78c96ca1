//! Whose requests are counted together.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::client::ClientKey;
use crate::devices::DeviceId;
use crate::domain::UserId;

/// Whose requests are counted together. Small and plain, because every request makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Partition {
    /// Those of one client.
    Client(ClientKey),
    /// Those about one e-mail address.
    Email([u8; 16]),
    /// Those on one device that has signed in with the address before.
    Device(DeviceId),
    /// Those of one signed-in user.
    User(UserId),
    /// Those of everybody: what the policy's route takes in all.
    Everybody,
}

impl Partition {
    /// Those about one e-mail address, in its canonical spelling. The store gets only its hash: addresses belong in the
    /// database.
    pub fn email(canonical: &str) -> Self {
        let hash: [u8; 32] = Sha256::digest(canonical.as_bytes()).into();
        let mut short = [0; 16];
        short.copy_from_slice(&hash[..16]);
        Self::Email(short)
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(client) => client.fmt(formatter),
            Self::Email(hash) => hash.iter().try_for_each(|byte| write!(formatter, "{byte:02x}")),
            Self::Device(device) => write!(formatter, "device-{device}"),
            Self::User(user) => user.fmt(formatter),
            Self::Everybody => formatter.write_str("all"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_store_never_sees_an_address() {
        let name = Partition::email("ann@example.com").to_string();
        assert_eq!(name.len(), 32);
        assert!(!name.contains("ann"));
        assert_ne!(name, Partition::email("bob@example.com").to_string());
    }
}
