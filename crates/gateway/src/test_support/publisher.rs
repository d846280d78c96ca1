//! A broker that remembers what it was given.

use std::sync::Mutex;

use crate::locked::locked;
use crate::ports::{PublishError, Publisher};

/// A broker that remembers what it was given, or that is down.
#[derive(Debug, Default)]
pub struct RecordingPublisher {
    /// Whether it refuses everything.
    pub down: bool,
    messages: Mutex<Vec<(String, Vec<u8>)>>,
}

impl RecordingPublisher {
    /// A broker that refuses everything.
    pub fn down() -> Self {
        Self {
            down: true,
            ..Self::default()
        }
    }

    /// What was published: channel and payload.
    pub fn messages(&self) -> Vec<(String, Vec<u8>)> {
        locked(&self.messages).clone()
    }
}

impl Publisher for RecordingPublisher {
    async fn publish(&self, channel: &str, payload: &[u8]) -> Result<(), PublishError> {
        if self.down {
            return Err(PublishError("down".to_owned()));
        }
        locked(&self.messages).push((channel.to_owned(), payload.to_vec()));
        Ok(())
    }
}
