//! The variables of both functions that tell people.

use crate::bookings::ReminderOffsets;
use crate::config::ConfigError;
use crate::mail;
use crate::ports::Variables;

/// The variables of both functions that tell people.
#[derive(Debug)]
pub struct Settings {
    /// How mail leaves.
    pub mail: mail::Settings,
    /// When people are reminded.
    pub reminder_offsets: ReminderOffsets,
}

impl Settings {
    /// Reads the variables.
    pub async fn read(variables: &impl Variables) -> Result<Self, ConfigError> {
        Ok(Self {
            mail: mail::Settings::read(variables).await?,
            reminder_offsets: ReminderOffsets::read(variables).await?,
        })
    }
}
