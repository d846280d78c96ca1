//! What an event says, as far as a mail repeats it.

use std::net::IpAddr;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::device::Device;
use crate::domain::{DisplayText, EmailAddress, OneTimeTokenId, RoleName, UserId};
use crate::events::CloudEvent;
use crate::mail::Category;

/// The event's data is not that of its type. The words name what is wrong, and repeat nothing of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the data of the event is not that of its type, at line {line}, column {column}")]
pub struct InvalidData {
    line: usize,
    column: usize,
}

impl From<serde_json::Error> for InvalidData {
    fn from(error: serde_json::Error) -> Self {
        Self {
            line: error.line(),
            column: error.column(),
        }
    }
}

/// An event that a person is told of.
#[derive(Clone, Debug)]
pub(crate) enum About {
    /// Somebody has made an account.
    Registered,
    /// The address of an account is to be verified.
    EmailVerification(Asked),
    /// An account is to have another address.
    EmailChange(NewAddress),
    /// An account is to have another address: its owner is to hear of it at the one that it has.
    EmailChangePending,
    /// An account has another address.
    EmailChanged(OldAddress),
    /// Somebody has forgotten a password.
    PasswordReset(Asked),
    /// Somebody wants to sign in by a code.
    SignInCode(Code),
    /// The password is another one.
    PasswordChanged,
    /// Somebody wanted to make an account that is there.
    SignUpAttempted,
    /// A sign-in on a device that has not signed in before.
    NewDevice(SignIn),
    /// A refresh token was used twice.
    TokenReplayed,
    /// A second factor is asked for from now on.
    MfaEnabled,
    /// A second factor is no longer asked for.
    MfaDisabled,
    /// An administrator has given a role.
    RoleGranted(Role),
    /// An administrator has taken a role.
    RoleRevoked(Role),
    /// A booking has been made.
    BookingConfirmed(Booking),
    /// A booking is another one.
    BookingChanged(Booking),
    /// A booking is no more.
    BookingCancelled(Booking),
    /// A flight leaves soon.
    Reminder(Booking),
}

/// A one-time token has been asked for.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Asked {
    /// Its id.
    pub token_id: OneTimeTokenId,
    /// When it ends.
    #[serde(deserialize_with = "moment")]
    pub expires_at: OffsetDateTime,
}

/// A code has been asked for, and a link that goes with it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Code {
    /// The id of both.
    pub token_id: OneTimeTokenId,
    /// When the code ends.
    #[serde(deserialize_with = "moment")]
    pub expires_at: OffsetDateTime,
    /// When the link ends.
    #[serde(deserialize_with = "moment")]
    pub link_expires_at: OffsetDateTime,
}

/// The address that an account is to have: it is asked whether it is its owner's.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct NewAddress {
    /// The address.
    pub new_email: EmailAddress,
    /// The id of the token.
    pub token_id: OneTimeTokenId,
    /// When it ends.
    #[serde(deserialize_with = "moment")]
    pub expires_at: OffsetDateTime,
}

/// The address that an account had: its owner is to hear of it there.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct OldAddress {
    /// The address.
    pub previous_email: EmailAddress,
}

/// A role.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Role {
    /// Its name.
    pub role: RoleName,
}

/// A sign-in.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct SignIn {
    /// Where the client was.
    #[serde(default, deserialize_with = "address")]
    pub client_address: Option<IpAddr>,
    /// What it was.
    #[serde(default, rename = "user_agent", deserialize_with = "device")]
    pub device: Device,
}

/// A booking.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Booking {
    /// Whose it is.
    pub user_id: UserId,
    /// Of which flight.
    pub flight: Flight,
    /// When that leaves.
    #[serde(deserialize_with = "moment")]
    pub departure_at: OffsetDateTime,
}

/// A flight.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Flight {
    /// Its number.
    #[serde(deserialize_with = "name")]
    pub number: DisplayText,
    /// Where it leaves.
    #[serde(deserialize_with = "name")]
    pub from: DisplayText,
    /// Where it goes.
    #[serde(deserialize_with = "name")]
    pub to: DisplayText,
}

fn moment<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<OffsetDateTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    OffsetDateTime::parse(&text, &Rfc3339).map_err(serde::de::Error::custom)
}

/// A name from elsewhere is no longer than a person would read.
fn name<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<DisplayText, D::Error> {
    const MAX_CHARS: usize = 64;
    Ok(DisplayText::of(&String::deserialize(deserializer)?).cut(MAX_CHARS))
}

/// What does not read as an address is left out: it is for information.
fn address<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<IpAddr>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.and_then(|text| text.parse().ok()))
}

fn device<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Device, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.map(|text| Device::of(&text)).unwrap_or_default())
}

/// The types of event that a person is told of: the only place that lists them.
const TYPES: &[(&str, Category, Reader)] = &[
    ("com.jetway.user.registered.v1", Category::Account, |_| {
        Ok(About::Registered)
    }),
    (
        "com.jetway.email.verification_requested.v1",
        Category::Security,
        |data| read(data).map(About::EmailVerification),
    ),
    (
        "com.jetway.email.change_requested.v1",
        Category::Security,
        |data| read(data).map(About::EmailChange),
    ),
    ("com.jetway.email.changed.v1", Category::Security, |data| {
        read(data).map(About::EmailChanged)
    }),
    (
        "com.jetway.password.reset_requested.v1",
        Category::Security,
        |data| read(data).map(About::PasswordReset),
    ),
    ("com.jetway.email.change_pending.v1", Category::Security, |_| {
        Ok(About::EmailChangePending)
    }),
    (
        "com.jetway.signin.code_requested.v1",
        Category::Security,
        |data| read(data).map(About::SignInCode),
    ),
    ("com.jetway.password.reset.v1", Category::Security, |_| {
        Ok(About::PasswordChanged)
    }),
    ("com.jetway.password.changed.v1", Category::Security, |_| {
        Ok(About::PasswordChanged)
    }),
    ("com.jetway.signup.attempted.v1", Category::Security, |_| {
        Ok(About::SignUpAttempted)
    }),
    ("com.jetway.signin.new_device.v1", Category::Security, |data| {
        read(data).map(About::NewDevice)
    }),
    ("com.jetway.refresh_token.replayed.v1", Category::Security, |_| {
        Ok(About::TokenReplayed)
    }),
    ("com.jetway.mfa.enabled.v1", Category::Security, |_| {
        Ok(About::MfaEnabled)
    }),
    ("com.jetway.mfa.disabled.v1", Category::Security, |_| {
        Ok(About::MfaDisabled)
    }),
    ("com.jetway.role.granted.v1", Category::Account, |data| {
        read(data).map(About::RoleGranted)
    }),
    ("com.jetway.role.revoked.v1", Category::Account, |data| {
        read(data).map(About::RoleRevoked)
    }),
    ("com.jetway.booking.confirmed.v1", Category::Bookings, |data| {
        read(data).map(About::BookingConfirmed)
    }),
    ("com.jetway.booking.changed.v1", Category::Bookings, |data| {
        read(data).map(About::BookingChanged)
    }),
    ("com.jetway.booking.cancelled.v1", Category::Bookings, |data| {
        read(data).map(About::BookingCancelled)
    }),
    ("com.jetway.booking.reminder.v1", Category::Reminders, |data| {
        read(data).map(About::Reminder)
    }),
];

type Reader = fn(&str) -> Result<About, InvalidData>;

fn read<T: DeserializeOwned>(data: &str) -> Result<T, InvalidData> {
    Ok(serde_json::from_str(data)?)
}

fn row(kind: &str) -> Option<&'static (&'static str, Category, Reader)> {
    TYPES.iter().find(|(known, ..)| *known == kind)
}

impl About {
    /// Reads an event; `None` where nobody is told of it.
    pub(super) fn of(event: &CloudEvent) -> Result<Option<Self>, InvalidData> {
        row(event.kind())
            .map(|(_, _, read)| read(event.data().get()))
            .transpose()
    }

    /// What a mail about events of this type is about; `None` where there is none.
    pub(super) fn category_of(kind: &str) -> Option<Category> {
        row(kind).map(|(_, category, _)| *category)
    }

    /// Where the mail goes, where that is not the account's address.
    pub(super) fn other_address(&self) -> Option<&EmailAddress> {
        match self {
            Self::EmailChange(change) => Some(&change.new_email),
            Self::EmailChanged(change) => Some(&change.previous_email),
            _ => None,
        }
    }

    /// Whose account it is about, where the event's subject is something else.
    pub(super) fn user(&self) -> Option<UserId> {
        match self {
            Self::BookingConfirmed(booking)
            | Self::BookingChanged(booking)
            | Self::BookingCancelled(booking)
            | Self::Reminder(booking) => Some(booking.user_id),
            _ => None,
        }
    }
}
