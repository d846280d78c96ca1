//! An HTTP answer, and what the contract says of every one.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

/// A whole HTTP answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

impl Answer {
    /// Reads `response` to its end.
    pub async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.bytes().await.expect("a whole body");
        Self {
            status,
            headers,
            body,
        }
    }

    /// The only value of a header, or `None` where it is absent.
    ///
    /// # Panics
    /// If the header is there more than once: a client could read either.
    #[track_caller]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let first = values.next()?;
        assert!(
            values.next().is_none(),
            "{name} is there more than once: {self:?}"
        );
        Some(first.to_str().expect("a header of visible ASCII"))
    }

    /// The cookie of this name that the answer sets, as a browser sends it back: `name=value`.
    #[track_caller]
    pub fn cookie(&self, name: &str) -> String {
        let cookies = self.headers.get_all("set-cookie").iter();
        let mut pairs = cookies.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
        let found = pairs.find(|pair| pair.split('=').next() == Some(name));
        found
            .unwrap_or_else(|| panic!("no cookie {name}: {}", self.describe()))
            .to_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}"))
    }

    /// Expects this status, and what every answer of the gateway has: one request id, and a content length unless the
    /// body is a stream.
    #[track_caller]
    pub fn expect(&self, status: u16) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.describe());
        let id = self.header("x-request-id");
        assert!(
            id.is_some_and(|id| !id.is_empty()),
            "no x-request-id: {}",
            self.describe()
        );
        self
    }

    /// Expects this status and a JSON body, and gives the body.
    #[track_caller]
    pub fn expect_json(&self, status: u16) -> Value {
        self.expect(status);
        assert_eq!(
            self.header("content-type"),
            Some("application/json"),
            "{}",
            self.describe()
        );
        self.expect_content_length();
        self.json()
    }

    /// Expects an answer without a body.
    #[track_caller]
    pub fn expect_empty(&self, status: u16) {
        self.expect(status);
        assert!(self.body.is_empty(), "{}", self.describe());
    }

    /// Expects an RFC 9457 problem with this status and code, whole and well-formed, and gives its members.
    #[track_caller]
    pub fn expect_problem(&self, status: u16, code: &str) -> Value {
        self.expect(status);
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{}",
            self.describe()
        );
        self.expect_content_length();
        let problem = self.json();
        // A used-up quota has a registered type (draft-ietf-httpapi-ratelimit-headers-11); the others are ours.
        let uri = match code {
            "rate_limited" => "https://iana.org/assignments/http-problem-types#quota-exceeded".to_owned(),
            ours => format!("https://jetway.dev/problems/{}", ours.replace('_', "-")),
        };
        assert_eq!(problem["code"], code, "{}", self.describe());
        assert_eq!(problem["type"], uri, "{}", self.describe());
        assert_eq!(problem["status"], status, "{}", self.describe());
        assert_eq!(
            problem["request_id"].as_str(),
            self.header("x-request-id"),
            "{}",
            self.describe()
        );
        for member in ["title", "detail"] {
            let text = problem[member].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "no {member}: {}", self.describe());
        }
        if status == 401 {
            let challenge = self.header("www-authenticate").unwrap_or_default();
            assert!(
                challenge.starts_with("Bearer"),
                "no challenge: {}",
                self.describe()
            );
        }
        problem
    }

    /// Expects a 422 whose only complaint is about the member at `pointer`, and gives its code.
    #[track_caller]
    pub fn expect_invalid(&self, pointer: &str) -> String {
        let problem = self.expect_problem(422, "invalid_request");
        let errors = problem["errors"]
            .as_array()
            .unwrap_or_else(|| panic!("no errors: {}", self.describe()));
        assert_eq!(errors.len(), 1, "{}", self.describe());
        assert_eq!(errors[0]["pointer"], pointer, "{}", self.describe());
        assert!(
            errors[0]["detail"]
                .as_str()
                .is_some_and(|detail| !detail.is_empty()),
            "{}",
            self.describe()
        );
        errors[0]["code"]
            .as_str()
            .unwrap_or_else(|| panic!("no code: {}", self.describe()))
            .to_owned()
    }

    #[track_caller]
    fn expect_content_length(&self) {
        let length = self.body.len().to_string();
        assert_eq!(
            self.header("content-length"),
            Some(length.as_str()),
            "{}",
            self.describe()
        );
    }

    /// The body as JSON, with each of these members replaced by `"…"`: what is left can be compared whole.
    #[track_caller]
    pub fn masked(&self, members: &[&str]) -> Value {
        let mut value = self.json();
        for member in members {
            let pointer = format!("/{}", member.replace('.', "/"));
            let place = value.pointer_mut(&pointer);
            *place.unwrap_or_else(|| panic!("no {member}: {}", self.describe())) = json!("…");
        }
        value
    }

    /// The answer as a failed test shows it.
    pub fn describe(&self) -> String {
        format!(
            "{} {:#?}\n{}",
            self.status,
            self.headers,
            String::from_utf8_lossy(&self.body)
        )
    }
}
