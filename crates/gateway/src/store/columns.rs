//! Reading a row, column after column.

use super::StoreError;
use super::export::Key;
use crate::domain::{
    EmailAddress, EventId, PasswordHash, RoleDescription, RoleName, SessionId, User, UserId, parse_rfc3339,
};
use crate::ports::{Row, Timestamp, Value};

/// A row that is being read from left to right, in the order of the statement's columns.
pub(super) struct Columns(std::vec::IntoIter<Value>);

impl Columns {
    pub(super) fn new(row: Row) -> Self {
        Self(row.into_iter())
    }

    pub(super) fn text(&mut self) -> Result<String, StoreError> {
        match self.0.next() {
            Some(Value::Text(text)) => Ok(text),
            _ => Err(StoreError::damaged("a column is not a text")),
        }
    }

    pub(super) fn optional_text(&mut self) -> Result<Option<String>, StoreError> {
        match self.0.next() {
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(Value::Null) => Ok(None),
            _ => Err(StoreError::damaged("a column is neither a text nor NULL")),
        }
    }

    pub(super) fn key(&mut self) -> Result<Key, StoreError> {
        match self.0.next() {
            Some(Value::Text(text)) => Ok(Key::Text(text)),
            Some(Value::Integer(number)) => Ok(Key::Number(number)),
            _ => Err(StoreError::damaged("a column is no key")),
        }
    }

    pub(super) fn integer(&mut self) -> Result<i64, StoreError> {
        match self.0.next() {
            Some(Value::Integer(integer)) => Ok(integer),
            _ => Err(StoreError::damaged("a column is not an integer")),
        }
    }

    pub(super) fn blob(&mut self) -> Result<Vec<u8>, StoreError> {
        match self.0.next() {
            Some(Value::Blob(bytes)) => Ok(bytes),
            _ => Err(StoreError::damaged("a column is not a blob")),
        }
    }

    pub(super) fn timestamp(&mut self) -> Result<Timestamp, StoreError> {
        moment(&self.text()?)
    }

    pub(super) fn optional_timestamp(&mut self) -> Result<Option<Timestamp>, StoreError> {
        self.optional_text()?.as_deref().map(moment).transpose()
    }

    pub(super) fn user_id(&mut self) -> Result<UserId, StoreError> {
        UserId::parse(&self.text()?).map_err(StoreError::damaged)
    }

    pub(super) fn session_id(&mut self) -> Result<SessionId, StoreError> {
        SessionId::parse(&self.text()?).map_err(StoreError::damaged)
    }

    pub(super) fn event_id(&mut self) -> Result<EventId, StoreError> {
        EventId::parse(&self.text()?).map_err(StoreError::damaged)
    }

    pub(super) fn password_hash(&mut self) -> Result<PasswordHash, StoreError> {
        PasswordHash::parse(self.text()?).map_err(StoreError::damaged)
    }

    pub(super) fn role_name(&mut self) -> Result<RoleName, StoreError> {
        RoleName::parse(&self.text()?).map_err(StoreError::damaged)
    }

    pub(super) fn role_description(&mut self) -> Result<RoleDescription, StoreError> {
        RoleDescription::parse(self.text()?).map_err(StoreError::damaged)
    }

    /// The columns of [`USER_COLUMNS`](super::users::USER_COLUMNS).
    pub(super) fn user(&mut self) -> Result<User, StoreError> {
        Ok(User {
            id: self.user_id()?,
            email: EmailAddress::parse(&self.text()?).map_err(StoreError::damaged)?,
            roles: serde_json::from_str(&self.text()?).map_err(StoreError::damaged)?,
            created_at: self.text()?,
        })
    }
}

fn moment(text: &str) -> Result<Timestamp, StoreError> {
    parse_rfc3339(text).ok_or_else(|| StoreError::damaged("a column is no moment"))
}
