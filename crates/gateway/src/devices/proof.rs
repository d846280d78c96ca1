//! One proof, as a client holds it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The random name of a device, of its own for each address. It is no secret: without the MAC it proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DeviceId(pub(super) [u8; 16]);

#[cfg(test)]
impl DeviceId {
    pub(crate) fn for_test(byte: u8) -> Self {
        Self([byte; 16])
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// What a client has shown, well-formed and not yet checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proof {
    pub(super) device: DeviceId,
    /// In seconds since the epoch.
    pub(super) expires: u64,
    /// Half of an HMAC-SHA-256, which is as much as there is to guess of the id.
    pub(super) mac: [u8; 16],
}

/// The form of the proofs. Another would be another number.
const VERSION: &str = "1";

impl Proof {
    /// Reads `1.ID.EXPIRY.MAC`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let (version, device) = (parts.next()?, parts.next()?);
        let (expires, mac) = (parts.next()?, parts.next()?);
        if version != VERSION || parts.next().is_some() {
            return None;
        }
        let is_number =
            (1..=12).contains(&expires.len()) && expires.bytes().all(|byte| byte.is_ascii_digit());
        Some(Self {
            device: DeviceId(bytes(device)?),
            expires: is_number.then(|| expires.parse().ok()).flatten()?,
            mac: bytes(mac)?,
        })
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: [u8; 16]| URL_SAFE_NO_PAD.encode(bytes);
        let (device, mac) = (text(self.device.0), text(self.mac));
        write!(formatter, "{VERSION}.{device}.{}.{mac}", self.expires)
    }
}

fn bytes(text: &str) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    match URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
        Ok(16) => Some(bytes),
        _ => None,
    }
}
