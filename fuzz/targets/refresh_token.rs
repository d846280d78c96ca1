//! Refresh tokens: a text that is one is the only text of it.

#![no_main]

use jetway_gateway::domain::RefreshToken;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(token) = RefreshToken::parse(text) {
        assert_eq!(token.reveal(), text);
    }
});
