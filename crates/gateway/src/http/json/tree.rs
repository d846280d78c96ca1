//! A JSON text as a tree that keeps what serde_json's own would lose: a key that stands twice.

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::super::{Code, FieldError, HttpError, Problem};

/// A JSON value; the members of an object in the order in which they stand, doubles included.
pub(super) enum Node {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    String(String),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
}

/// Reads the text. Depth is bounded by serde_json (128), so neither this nor anything that walks the tree can run out
/// of stack.
pub(super) fn parse(text: &[u8]) -> Result<Node, HttpError> {
    let malformed = |detail: String| Problem::new(Code::MalformedJson, detail);
    let text = str::from_utf8(text).map_err(|_| malformed("The body is not UTF-8.".to_owned()))?;
    // Position only: serde_json's messages may quote the input, and the input may hold a password.
    let node: Node = serde_json::from_str(text).map_err(|error| {
        malformed(format!(
            "Not JSON, at line {} column {}.",
            error.line(),
            error.column()
        ))
    })?;
    match find_duplicate(&node) {
        None => Ok(node),
        Some(path) => Err(malformed("A key stands twice in one object.".to_owned())
            .with_error(FieldError::at(
                pointer(path),
                "duplicate_key",
                "Give each key once.",
            ))
            .into()),
    }
}

/// The JSON pointer (RFC 6901) for a path that was collected from the inside out.
pub(super) fn pointer(path_inside_out: Vec<String>) -> String {
    let mut pointer = String::new();
    for segment in path_inside_out.iter().rev() {
        pointer.push('/');
        pointer.push_str(&segment.replace('~', "~0").replace('/', "~1"));
    }
    pointer
}

/// The path of the first key that stands twice, from the inside out.
fn find_duplicate(node: &Node) -> Option<Vec<String>> {
    let within = |name: &dyn Fn() -> String, child: &Node| {
        let mut path = find_duplicate(child)?;
        path.push(name());
        Some(path)
    };
    match node {
        Node::Object(members) => {
            let mut seen = HashSet::with_capacity(members.len());
            members.iter().find_map(|(key, child)| {
                if seen.insert(key) {
                    within(&|| key.clone(), child)
                } else {
                    Some(vec![key.clone()])
                }
            })
        }
        Node::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(index, child)| within(&|| index.to_string(), child)),
        Node::Null | Node::Bool(_) | Node::Number(_) | Node::String(_) => None,
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(serde_json::Number::from_f64(value).map_or(Node::Null, Node::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Node, E> {
        Ok(Node::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Node::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let mut object = Vec::new();
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        Ok(Node::Object(object))
    }
}
