//! From the tree to an input type: a serde deserializer whose errors know what went wrong and where.
//!
//! serde_json's own errors are sentences. These are codes and pointers, and an unknown field is one of them without
//! `#[serde(deny_unknown_fields)]` on each input type, where one could be forgotten.

use std::fmt;

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, Expected, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

use super::super::FieldError;
use super::tree::{Node, pointer};

/// Understands the tree as a `T`.
pub(super) fn into<T: DeserializeOwned>(tree: Node) -> Result<T, FieldError> {
    T::deserialize(tree).map_err(Error::into_field_error)
}

/// What is wrong with a part of the tree, and the path to it from the inside out.
#[derive(Debug)]
pub(super) struct Error {
    code: &'static str,
    detail: String,
    path: Vec<String>,
}

impl Error {
    fn new(code: &'static str, detail: String) -> Self {
        Self {
            code,
            detail,
            path: Vec::new(),
        }
    }

    fn within(mut self, segment: impl Into<String>) -> Self {
        self.path.push(segment.into());
        self
    }

    fn into_field_error(self) -> FieldError {
        FieldError::at(pointer(self.path), self.code, self.detail)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.detail)
    }
}

impl std::error::Error for Error {}

impl serde::de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new("invalid_value", message.to_string())
    }

    // The value found is left out of the details: it may be a password in the wrong place.
    fn invalid_type(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new("wrong_type", format!("Expected {expected}."))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new("wrong_type", format!("Expected {expected}."))
    }

    fn invalid_length(_: usize, expected: &dyn Expected) -> Self {
        Self::new("wrong_type", format!("Expected {expected}."))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new("missing_field", "The field is needed.".to_owned()).within(field)
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(
            "unknown_field",
            format!("The fields are: {}.", expected.join(", ")),
        )
        .within(field)
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::new("invalid_value", format!("One of: {}.", expected.join(", ")))
    }
}

impl<'de> Deserializer<'de> for Node {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(value) => visitor.visit_bool(value),
            Self::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(value), _, _) => visitor.visit_u64(value),
                (_, Some(value), _) => visitor.visit_i64(value),
                (_, _, value) => visitor.visit_f64(value.unwrap_or(f64::NAN)),
            },
            Self::String(value) => visitor.visit_string(value),
            Self::Array(items) => visitor.visit_seq(Items {
                left: items.into_iter().enumerate(),
            }),
            Self::Object(members) => visitor.visit_map(Members::new(members, None)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Self::Null => visitor.visit_none(),
            value => visitor.visit_some(value),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Self::Object(members) => visitor.visit_map(Members::new(members, Some(fields))),
            // serde would take an array for a struct, field by field; the contract does not.
            other => Err(Error::invalid_type(other.unexpected(), &"an object")),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Self::String(value) => visitor.visit_enum(value.as_str().into_deserializer()),
            other => Err(Error::invalid_type(other.unexpected(), &"a string")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

impl Node {
    fn unexpected(&self) -> Unexpected<'_> {
        match self {
            Self::Null => Unexpected::Unit,
            Self::Bool(value) => Unexpected::Bool(*value),
            Self::Number(_) => Unexpected::Other("number"),
            Self::String(value) => Unexpected::Str(value),
            Self::Array(_) => Unexpected::Seq,
            Self::Object(_) => Unexpected::Map,
        }
    }
}

struct Items {
    left: std::iter::Enumerate<std::vec::IntoIter<Node>>,
}

impl<'de> SeqAccess<'de> for Items {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        let Some((index, item)) = self.left.next() else {
            return Ok(None);
        };
        seed.deserialize(item)
            .map(Some)
            .map_err(|error| error.within(index.to_string()))
    }
}

struct Members {
    left: std::vec::IntoIter<(String, Node)>,
    /// What the struct knows; `None` for a map, which takes any key.
    fields: Option<&'static [&'static str]>,
    current: Option<(String, Node)>,
}

impl Members {
    fn new(members: Vec<(String, Node)>, fields: Option<&'static [&'static str]>) -> Self {
        Self {
            left: members.into_iter(),
            fields,
            current: None,
        }
    }
}

impl<'de> MapAccess<'de> for Members {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((key, value)) = self.left.next() else {
            return Ok(None);
        };
        if let Some(fields) = self.fields
            && !fields.contains(&key.as_str())
        {
            return Err(Error::unknown_field(&key, fields));
        }
        let deserializer: StrDeserializer<'_, Error> = key.as_str().into_deserializer();
        let parsed = seed.deserialize(deserializer)?;
        self.current = Some((key, value));
        Ok(Some(parsed))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let (key, value) = self
            .current
            .take()
            .ok_or_else(|| Error::custom("a value without a key"))?;
        seed.deserialize(value).map_err(|error| error.within(key))
    }
}
