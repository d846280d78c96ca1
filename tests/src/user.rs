//! A user of the gateway, signed in.

use serde_json::{Value, json};

/// A signed-in user and what the gateway gave them.
#[derive(Clone, Debug)]
pub struct User {
    /// Their id.
    pub id: String,
    /// The address they signed up with.
    pub email: String,
    /// Their password.
    pub password: String,
    /// Their access token.
    pub access_token: String,
    /// Their refresh token.
    pub refresh_token: String,
}

impl User {
    /// The user of a sign-in's or refresh's answer.
    #[track_caller]
    pub fn from_answer(answer: &Value, password: &str) -> Self {
        let text = |pointer: &str| {
            let value = answer.pointer(pointer).and_then(Value::as_str);
            value
                .unwrap_or_else(|| panic!("no {pointer}: {answer}"))
                .to_owned()
        };
        Self {
            id: text("/user/id"),
            email: text("/user/email"),
            password: password.to_owned(),
            access_token: text("/access_token"),
            refresh_token: text("/refresh_token"),
        }
    }

    /// The body that signs this user in.
    pub fn credentials(&self) -> Value {
        json!({"email": self.email, "password": self.password})
    }
}
