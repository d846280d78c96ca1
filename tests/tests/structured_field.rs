//! The parser that the end-to-end tests read headers with, against the public cases of its RFC's authors.
//!
//! The cases are not part of the repository; where they are not, the test says so and passes.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

use std::fs;
use std::path::{Path, PathBuf};

use jetway_tests::structured_field::{BareItem, Item, Malformed, item, list};
use serde_json::Value;

fn cases(file: &str) -> Option<Vec<Value>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder =
        std::env::var_os("JETWAY_VECTORS").map_or_else(|| root.join("../shared/vectors"), PathBuf::from);
    let text = fs::read_to_string(folder.join("structured-fields").join(file)).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

/// A value as the cases write it.
fn bare_item(value: &Value) -> BareItem {
    match value {
        Value::Bool(value) => BareItem::Boolean(*value),
        Value::String(text) => BareItem::String(text.clone()),
        Value::Number(number) => match number.as_i64() {
            Some(number) => BareItem::Integer(number),
            None => BareItem::Decimal((number.as_f64().unwrap() * 1000.0).round() as i64),
        },
        typed => {
            let text = || typed["value"].as_str().unwrap().to_owned();
            match typed["__type"].as_str().unwrap() {
                "token" => BareItem::Token(text()),
                "displaystring" => BareItem::DisplayString(text()),
                "date" => BareItem::Date(typed["value"].as_i64().unwrap()),
                other => panic!("no case that is read here has the type {other}"),
            }
        }
    }
}

fn expected_item(value: &Value) -> Item {
    let parameters = value[1].as_array().unwrap().iter();
    Item {
        value: bare_item(&value[0]),
        parameters: parameters
            .map(|parameter| {
                (
                    parameter[0].as_str().unwrap().to_owned(),
                    bare_item(&parameter[1]),
                )
            })
            .collect(),
    }
}

/// Every case of a file, read by `read` and compared with what `expected` makes of its result.
fn check<T: PartialEq + std::fmt::Debug>(
    file: &str,
    read: impl Fn(&str) -> Result<T, Malformed>,
    expected: impl Fn(&Value) -> T,
) {
    let Some(cases) = cases(file) else {
        println!("not run: there are no cases {file}");
        return;
    };
    for case in &cases {
        let lines: Vec<_> = case["raw"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line.as_str().unwrap())
            .collect();
        let parsed = read(&lines.join(","));
        let name = &case["name"];
        if case["must_fail"] == true {
            assert!(parsed.is_err(), "{name}: {parsed:?}");
        } else {
            assert_eq!(parsed, Ok(expected(&case["expected"])), "{name}");
        }
    }
    assert!(!cases.is_empty());
}

#[test]
fn lists_and_items_are_read_as_the_rfc_s_authors_read_them() {
    let items = |value: &Value| value.as_array().unwrap().iter().map(expected_item).collect();
    check("list.json", list, items);
    check("param-list.json", list, items);
    check("item.json", item, expected_item);
}

#[test]
fn every_type_is_read() {
    for (text, value) in [
        ("0", BareItem::Integer(0)),
        ("-00012", BareItem::Integer(-12)),
        ("999999999999999", BareItem::Integer(999_999_999_999_999)),
        ("1.5", BareItem::Decimal(1500)),
        ("-999999999999.999", BareItem::Decimal(-999_999_999_999_999)),
        ("-0.25", BareItem::Decimal(-250)),
        (r#""a \"b\" \\ c""#, BareItem::String(r#"a "b" \ c"#.to_owned())),
        ("text/html", BareItem::Token("text/html".to_owned())),
        ("*a:b", BareItem::Token("*a:b".to_owned())),
        (":aGVsbG8=:", BareItem::Bytes(b"hello".to_vec())),
        ("::", BareItem::Bytes(Vec::new())),
        ("?1", BareItem::Boolean(true)),
        ("?0", BareItem::Boolean(false)),
        ("@1659578233", BareItem::Date(1_659_578_233)),
        ("%\"f%c3%bc \"", BareItem::DisplayString("f\u{fc} ".to_owned())),
    ] {
        let parsed = item(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((parsed.value, parsed.parameters.len()), (value, 0), "{text}");
    }
}

#[test]
fn what_only_looks_like_one_is_refused() {
    for text in [
        "-",
        "--1",
        "+1",
        "1.",
        ".5",
        "1.2345",
        "1.2.3",
        "1000000000000000",
        "1000000000000.0",
        "1e3",
        "0x1",
        r#"""#,
        r#""a\b""#,
        "\"a\tb\"",
        "\"\u{fc}\"",
        "'a'",
        ":aGVsbG8=",
        ":a b:",
        ":aGVsbG8:",
        "?2",
        "?true",
        "@1.5",
        "@",
        "%\"%C3%BC\"",
        "%\"%c3\"",
        "%a",
        "(1 2)",
        "a b",
        "a;B=1",
        "a;1=1",
        "a ;b",
        "a;b=",
        "\u{fc}",
        "1\r\n",
    ] {
        assert!(item(text).is_err(), "{text:?}");
        assert!(list(text).is_err(), "{text:?}");
    }
}
