//! The envelope.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::ports::PublishError;
use crate::store::StoreError;
use crate::store::outbox::OutboxRow;

/// An event in the JSON format of CloudEvents 1.0.
#[derive(Debug, Serialize)]
pub struct CloudEvent {
    specversion: &'static str,
    id: String,
    source: &'static str,
    #[serde(rename = "type")]
    kind: String,
    subject: String,
    time: String,
    datacontenttype: &'static str,
    data: Box<RawValue>,
}

impl CloudEvent {
    /// The event of an outbox row.
    pub fn from_row(row: OutboxRow) -> Result<Self, StoreError> {
        Ok(Self {
            specversion: "1.0",
            id: row.id,
            source: "/jetway",
            kind: row.kind,
            subject: row.subject,
            time: row.time,
            datacontenttype: "application/json",
            data: RawValue::from_string(row.data).map_err(|e| StoreError::Damaged(e.to_string()))?,
        })
    }

    /// Its id, the same however often it is told.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What happened, such as `com.jetway.user.registered.v1`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The id of whom it happened to.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// When (RFC 3339, UTC).
    pub fn time(&self) -> &str {
        &self.time
    }

    /// The particulars: a JSON object.
    pub fn data(&self) -> &RawValue {
        &self.data
    }

    /// The event as it is sent.
    pub fn to_json(&self) -> Result<Vec<u8>, PublishError> {
        serde_json::to_vec(self).map_err(|e| PublishError(e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_cloud_event_of_version_1_0() {
        let row = OutboxRow {
            id: "01893726-efee-7f02-8fbf-9f2b7bc2f910".to_owned(),
            kind: "com.jetway.user.registered.v1".to_owned(),
            subject: "01893726-efee-7f02-8fbf-9f2b7bc2f911".to_owned(),
            time: "2026-01-02T03:04:05.678Z".to_owned(),
            data: r#"{"email":"ada@example.com"}"#.to_owned(),
        };
        let json = CloudEvent::from_row(row).unwrap().to_json().unwrap();
        let event: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(
            event,
            serde_json::json!({
                "specversion": "1.0",
                "id": "01893726-efee-7f02-8fbf-9f2b7bc2f910",
                "source": "/jetway",
                "type": "com.jetway.user.registered.v1",
                "subject": "01893726-efee-7f02-8fbf-9f2b7bc2f911",
                "time": "2026-01-02T03:04:05.678Z",
                "datacontenttype": "application/json",
                "data": {"email": "ada@example.com"},
            })
        );
    }
}
