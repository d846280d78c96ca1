//! Reading the audit log. It is written by the acts themselves, in the schema.

use serde::Serialize;
use serde_json::value::RawValue;

use super::{Columns, Store, StoreError};
use crate::domain::{UserId, rfc3339};
use crate::ports::{Database, Timestamp, Value};

/// An entry of the audit log.
#[derive(Debug, Serialize)]
pub struct AuditEvent {
    /// Its number: later entries have higher ones.
    pub id: i64,
    /// When (RFC 3339, UTC).
    pub time: String,
    /// What was done, such as `role.granted`.
    pub action: String,
    /// The user who did it; `None` where nobody was signed in.
    pub actor: Option<String>,
    /// The user it was done to.
    pub target: Option<String>,
    /// Where the request came from; `None` where that is not known, and once who acted has deleted their account.
    pub client_address: Option<String>,
    /// The request's id.
    pub request_id: Option<String>,
    /// The particulars: a JSON object.
    pub detail: Box<RawValue>,
}

/// Which entries. What is `None` excludes none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Done by this user.
    pub actor: Option<UserId>,
    /// Done to this user.
    pub target: Option<UserId>,
    /// This was done.
    pub action: Option<String>,
    /// At this time or later.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
    /// Older than the entry of this id.
    pub before: Option<i64>,
}

impl AuditFilter {
    /// The conditions, and the parameters in them.
    fn conditions(&self) -> (String, Vec<Value>) {
        let user = |id: UserId| Value::Text(id.to_string());
        let time = |at: Timestamp| Value::Text(rfc3339(at));
        let given = [
            ("actor =", self.actor.map(user)),
            ("target =", self.target.map(user)),
            ("action =", self.action.clone().map(Value::Text)),
            ("time >=", self.since.map(time)),
            ("time <", self.until.map(time)),
            ("id <", self.before.map(Value::Integer)),
        ];
        // One condition for each that is given, rather than `?1 IS NULL OR ...`, which no index serves.
        let (mut conditions, mut parameters) = ("1".to_owned(), Vec::new());
        for (condition, value) in given {
            if let Some(value) = value {
                parameters.push(value);
                conditions.push_str(&format!(" AND {condition} ?{}", parameters.len()));
            }
        }
        (conditions, parameters)
    }
}

/// At most `limit` entries, the newest first.
pub async fn list<D: Database>(
    store: &Store<D>,
    filter: &AuditFilter,
    limit: u32,
) -> Result<Vec<AuditEvent>, StoreError> {
    let (conditions, mut parameters) = filter.conditions();
    parameters.push(Value::Integer(i64::from(limit)));
    let statement = format!(
        "SELECT id, time, action, actor, target,
             (SELECT client_address FROM audit_addresses WHERE entry = audit_log.id), request_id, detail
         FROM audit_log WHERE {conditions} ORDER BY id DESC LIMIT ?{}",
        parameters.len()
    );
    let mut rows = store.run(&statement, &parameters).await?;
    rows.iter_mut().map(audit_event).collect()
}

fn audit_event(row: &mut Columns) -> Result<AuditEvent, StoreError> {
    Ok(AuditEvent {
        id: row.integer()?,
        time: row.text()?,
        action: row.text()?,
        actor: row.optional_text()?,
        target: row.optional_text()?,
        client_address: row.optional_text()?,
        request_id: row.optional_text()?,
        detail: RawValue::from_string(row.text()?).map_err(StoreError::damaged)?,
    })
}
