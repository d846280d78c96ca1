//! The public vectors for structured fields (RFC 9651), as a check that limits are read as the lists that they are.
//!
//! The vectors are not part of the repository; where they are not, the test says so and passes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::{Path, PathBuf};

use jetway_gateway::rate_limit::{By, parse_limits};
use serde_json::Value;

fn vectors(file: &str) -> Option<Vec<Value>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder =
        std::env::var_os("JETWAY_VECTORS").map_or_else(|| root.join("../shared/vectors"), PathBuf::from);
    let text = fs::read_to_string(folder.join("structured-fields").join(file)).ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

/// Whether a list, as the vectors write it, is a list of limits: positive integers with a window and nothing unknown.
fn is_list_of_limits(expected: &Value) -> bool {
    let positive = |value: &Value| value.as_i64().is_some_and(|value| value > 0);
    let members = expected.as_array().unwrap();
    !members.is_empty()
        && members.iter().all(|member| {
            let (item, parameters) = (&member[0], member[1].as_array().unwrap());
            let known = |parameter: &Value| parameter[0] == "w" && positive(&parameter[1]);
            positive(item) && !parameters.is_empty() && parameters.iter().all(known)
        })
}

#[test]
fn what_is_no_list_is_no_list_of_limits_and_no_other_list_is_one() {
    for file in ["list.json", "param-list.json"] {
        let Some(vectors) = vectors(file) else {
            println!("not run: there are no vectors {file}");
            continue;
        };
        for vector in vectors {
            let raw: Vec<_> = vector["raw"]
                .as_array()
                .unwrap()
                .iter()
                .map(|line| line.as_str().unwrap())
                .collect();
            let must_fail = vector["must_fail"].as_bool().unwrap_or(false);
            let expected = !must_fail && is_list_of_limits(&vector["expected"]);
            let parsed = parse_limits("x", By::Client, &raw.join(", "));
            assert_eq!(parsed.is_ok(), expected, "{}: {parsed:?}", vector["name"]);
        }
    }
}

/// The lists of the vectors, with each of their members made a limit: the syntax around the members stays theirs.
#[test]
fn every_list_of_integers_becomes_one_of_limits_when_windows_are_added() {
    let Some(vectors) = vectors("list.json") else {
        println!("not run: there are no vectors list.json");
        return;
    };
    let mut lists = 0;
    for vector in vectors {
        let Some(expected) = vector["expected"].as_array() else {
            continue;
        };
        let quotas: Option<Vec<u64>> = expected
            .iter()
            .map(|member| member[0].as_u64().filter(|q| *q > 0))
            .collect();
        let Some(quotas) = quotas.filter(|quotas| !quotas.is_empty()) else {
            continue;
        };
        let raw = vector["raw"][0].as_str().unwrap();
        if vector["raw"].as_array().unwrap().len() > 1 || raw.contains(';') {
            continue;
        }
        let limits: String = raw
            .split(',')
            .map(|member| format!("{};w=60", member.trim_end()))
            .collect::<Vec<_>>()
            .join(",");
        let parsed: Vec<u64> = parse_limits("x", By::Client, &limits)
            .unwrap()
            .iter()
            .map(|limit| limit.quota)
            .collect();
        assert_eq!(parsed, quotas, "{limits}");
        lists += 1;
    }
    assert!(lists > 0);
}
