//! Values, as they go into statements and come out of rows.

use rusqlite::{
    ToSql,
    types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef},
};

/// A value of one of SQLite's five storage classes.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// INTEGER
    Integer(i64),
    /// REAL
    Real(f64),
    /// TEXT, which must be UTF-8
    Text(String),
    /// BLOB
    Blob(Vec<u8>),
    /// NULL
    Null,
}

/// One row of an answer: a value for each column.
pub type Row = Vec<Value>;

impl Value {
    /// What the value takes of the host's memory.
    pub fn size(&self) -> usize {
        let content = match self {
            Self::Integer(_) | Self::Real(_) | Self::Null => 0,
            Self::Text(text) => text.len(),
            Self::Blob(bytes) => bytes.len(),
        };
        size_of::<Self>() + content
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Integer(integer) => ValueRef::Integer(*integer),
            Self::Real(real) => ValueRef::Real(*real),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
            Self::Null => ValueRef::Null,
        }))
    }
}

impl FromSql for Value {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(match value {
            ValueRef::Integer(integer) => Self::Integer(integer),
            ValueRef::Real(real) => Self::Real(real),
            // SQLite lets any bytes be text; WebAssembly strings are UTF-8.
            ValueRef::Text(text) => {
                Self::Text(std::str::from_utf8(text).map_err(FromSqlError::other)?.to_owned())
            }
            ValueRef::Blob(bytes) => Self::Blob(bytes.to_vec()),
            ValueRef::Null => Self::Null,
        })
    }
}
