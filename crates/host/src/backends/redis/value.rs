//! What the general-purpose command takes and returns: a narrower language than Redis speaks.

use redis::{RedisWrite, ToRedisArgs, Value};

use super::Error;

/// An argument of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Parameter {
    /// A number, sent in decimal.
    Integer(i64),
    /// Bytes, sent as they are.
    Bytes(Vec<u8>),
}

impl ToRedisArgs for Parameter {
    fn write_redis_args<W: ?Sized + RedisWrite>(&self, out: &mut W) {
        match self {
            Self::Integer(integer) => integer.write_redis_args(out),
            Self::Bytes(bytes) => bytes.write_redis_args(out),
        }
    }
}

/// One value of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// No value.
    Nil,
    /// A status line, such as `OK`.
    Status(String),
    /// A number.
    Integer(i64),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl Reply {
    /// What it takes of the host's memory.
    pub fn size(&self) -> usize {
        let content = match self {
            Self::Nil | Self::Integer(_) => 0,
            Self::Status(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
        };
        size_of::<Self>() + content
    }
}

/// The values of an answer in their order, those of nested arrays among them.
pub(super) fn flatten(value: Value) -> Result<Vec<Reply>, Error> {
    let mut replies = Vec::new();
    append(&mut replies, value)?;
    Ok(replies)
}

fn append(replies: &mut Vec<Reply>, value: Value) -> Result<(), Error> {
    let reply = match value {
        Value::Nil => Reply::Nil,
        Value::Int(integer) => Reply::Integer(integer),
        Value::Boolean(truth) => Reply::Integer(i64::from(truth)),
        Value::BulkString(bytes) => Reply::Bytes(bytes),
        Value::Double(number) => Reply::Bytes(number.to_string().into_bytes()),
        Value::SimpleString(text) => Reply::Status(text),
        Value::Okay => Reply::Status("OK".to_owned()),
        Value::Array(values) | Value::Set(values) => {
            return values.into_iter().try_for_each(|value| append(replies, value));
        }
        Value::ServerError(error) => return Err(Error::Other(error.to_string())),
        // The rest exists only in RESP3, which these connections do not speak.
        _ => {
            return Err(Error::Other(
                "the answer has a type that cannot be handed on".to_owned(),
            ));
        }
    };
    replies.push(reply);
    Ok(())
}
