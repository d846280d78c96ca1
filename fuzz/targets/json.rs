//! JSON bodies: what is taken is what any other parser reads too, and no key stands twice in it.

#![no_main]

use jetway_gateway::http::json;
use libfuzzer_sys::fuzz_target;
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Input {
    email: String,
    password: String,
    count: Option<u32>,
    flag: Option<bool>,
    #[serde(default)]
    names: Vec<String>,
    inner: Option<Box<Input>>,
}

fuzz_target!(|body: &[u8]| {
    let Ok(input) = json::parse::<Input>(body) else {
        return;
    };
    // serde_json's own reader of structs refuses doubles of the names it knows, and there may be no others.
    let other: Input = serde_json::from_slice(body).expect("another parser reads it too");
    assert_eq!(input, other);
    let written = serde_json::to_vec(&input).expect("an input is JSON");
    let tidy = String::from_utf8_lossy(&written).replace(":null", ":0");
    // An absent field is written as null, which is none: only what has all fields comes back.
    if !tidy.contains(":0") {
        assert_eq!(json::parse::<Input>(&written).expect("what we wrote"), input);
    }
});
