//! JSON that every reader understands alike: an object in which no name stands twice, at any depth (RFC 8725, section 2.4, and
//! RFC 7519, section 4, which leaves that to the reader).

use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The object that `json` is, if it is one, whole and without doubles, and of the shape of `T`.
pub(super) fn object<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    // serde would take an array of the values for a struct.
    if json.first() != Some(&b'{') {
        return None;
    }
    serde_json::from_slice::<Unambiguous>(json).ok()?;
    serde_json::from_slice(json).ok()
}

/// Any value without doubles; what it is, is left to a second reader. Depth is bounded by serde_json.
struct Unambiguous;

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Unambiguous {
    type Value = Self;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON in which no name stands twice")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while items.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        let mut names = HashSet::new();
        while let Some((name, Self)) = members.next_entry::<String, Self>()? {
            if !names.insert(name) {
                return Err(A::Error::custom("a name stands twice"));
            }
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn an_object_without_doubles_is_read() {
        for json in [
            "{}",
            r#"{"a":1,"b":[1,-1,1.5,null,true,"x",{"a":2}],"c":{"a":{"a":3}}}"#,
            "{\"a\":1}\n",
        ] {
            assert_eq!(object::<Value>(json.as_bytes()), serde_json::from_str(json).ok());
            assert!(object::<Value>(json.as_bytes()).is_some(), "{json}");
        }
    }

    #[test]
    fn anything_else_is_not() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(200), "]".repeat(200));
        for json in [
            "",
            "[]",
            "null",
            " {}",
            "\u{feff}{}",
            "{} {}",
            "{}x",
            "{",
            r#"{"a":1,}"#,
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":{"a":1,"a":2}}"#,
            r#"{"x":[0,[{"a":1,"b":2,"a":3}]]}"#,
            r#"{"a":1e999}"#,
            r#"{"a":"\ud800"}"#,
            &deep,
        ] {
            assert!(object::<Value>(json.as_bytes()).is_none(), "{json}");
        }
        assert!(object::<Value>(b"{\"a\":\"\xff\"}").is_none());
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(json: Vec<u8>) {
            let _ = object::<Value>(&json);
        }

        #[test]
        fn what_is_read_is_what_the_library_reads(json in r#"\{("[ab]":[0-9](,"[abc]":\{"[ab]":1,"[ab]":2\})?)?\}"#) {
            if let Some(value) = object::<Value>(json.as_bytes()) {
                proptest::prop_assert_eq!(value, serde_json::from_str::<Value>(&json).unwrap());
            }
        }
    }
}
