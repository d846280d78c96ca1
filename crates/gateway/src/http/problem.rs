//! Problem details (RFC 9457): what a client reads when a request did not succeed.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::{RequestId, Response};

/// Declares every code once, with its status and title, so that none can lack either and the documentation can be
/// checked against the list.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:ident, $title:literal;)+) => {
        /// The stable name of what went wrong. The list is part of the contract: docs/problems.md describes each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)+
        }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The code as clients read it, snake_case.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)+ }
            }

            /// The same short sentence for every occurrence.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)+ }
            }
        }
    };
}

codes! {
    /// The request could not be read as HTTP.
    BadRequest = "bad_request", BAD_REQUEST, "The request could not be read";
    /// The body is not JSON, or JSON that two readers could understand differently.
    MalformedJson = "malformed_json", BAD_REQUEST, "The body is not valid JSON";
    /// The path has dot segments or encoded separators.
    UnsafePath = "unsafe_path", BAD_REQUEST, "The path is ambiguous";
    /// No credentials were given.
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "Sign in first";
    /// A token was given that is malformed, expired, revoked or not ours.
    InvalidToken = "invalid_token", UNAUTHORIZED, "The access token is not valid";
    /// E-mail address and password do not belong together.
    InvalidCredentials = "invalid_credentials", UNAUTHORIZED, "The e-mail address or the password is wrong";
    /// The second factor is needed.
    MfaRequired = "mfa_required", UNAUTHORIZED, "The second factor is needed";
    /// The code is another, or was used before.
    MfaCodeInvalid = "mfa_code_invalid", UNAUTHORIZED, "The code is not valid";
    /// The sign-in is too long ago for what is asked for.
    RecentSigninRequired = "recent_signin_required", UNAUTHORIZED, "Sign in again first";
    /// The code of a mail is another, of another browser, used or expired.
    SigninCodeInvalid = "signin_code_invalid", UNAUTHORIZED, "The code of the mail is not valid";
    /// The refresh token is unknown, used, expired or revoked.
    InvalidRefreshToken = "invalid_refresh_token", UNAUTHORIZED, "The refresh token is not valid";
    /// Signed in, but without the role that the route needs.
    Forbidden = "forbidden", FORBIDDEN, "Your roles do not allow this";
    /// The password is right, and the address has to be verified first.
    EmailNotVerified = "email_not_verified", FORBIDDEN, "The e-mail address is not verified";
    /// There is nothing at this path.
    NotFound = "not_found", NOT_FOUND, "Not found";
    /// There is something at this path, but not with this method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "The method is not allowed here";
    /// The e-mail address has an account.
    EmailTaken = "email_taken", CONFLICT, "The e-mail address is taken";
    /// The second factor is on already.
    MfaEnabled = "mfa_enabled", CONFLICT, "The second factor is on already";
    /// The last administrator cannot be removed.
    LastAdmin = "last_admin", CONFLICT, "The last administrator cannot be removed";
    /// There is an administrator, so the bootstrap is over.
    AdminExists = "admin_exists", CONFLICT, "There is an administrator already";
    /// A role of that name exists.
    RoleExists = "role_exists", CONFLICT, "The role exists already";
    /// The role is one that the gateway itself relies on.
    RoleProtected = "role_protected", CONFLICT, "The role is part of the system";
    /// Users have the role.
    RoleInUse = "role_in_use", CONFLICT, "The role is in use";
    /// The notification has not been given up.
    NotificationNotDead = "notification_not_dead", CONFLICT, "The notification has not been given up";
    /// The client did not send the rest of its request in time.
    RequestTimeout = "request_timeout", REQUEST_TIMEOUT, "The request did not come in time";
    /// There may be a body that cannot go on without its length.
    LengthRequired = "length_required", LENGTH_REQUIRED, "The body needs a length";
    /// The body is longer than allowed.
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "The body is too large";
    /// The body is not declared as JSON.
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The body must be application/json";
    /// The body is JSON, but not what the route takes; `errors` says where.
    InvalidRequest = "invalid_request", UNPROCESSABLE_ENTITY, "The request is not valid";
    /// The role to be granted does not exist.
    UnknownRole = "unknown_role", UNPROCESSABLE_ENTITY, "There is no such role";
    /// The token out of a mail is unknown, used or expired.
    TokenInvalid = "token_invalid", UNPROCESSABLE_ENTITY, "The token is not valid";
    /// Too many requests in the window of a rate limit.
    RateLimited = "rate_limited", TOO_MANY_REQUESTS, "Too many requests";
    /// Too many sign-ins have failed lately: the next attempt has to come later.
    TooManyFailures = "too_many_failures", TOO_MANY_REQUESTS, "Too many sign-ins have failed";
    /// A defect or a failure that is ours.
    InternalError = "internal_error", INTERNAL_SERVER_ERROR, "Something went wrong on our side";
    /// The body is coded for the way in a form that we do not take.
    NotImplemented = "not_implemented", NOT_IMPLEMENTED, "The transfer coding is not understood";
    /// The service behind the gateway could not be reached or broke off.
    UpstreamUnreachable = "upstream_unreachable", BAD_GATEWAY, "The service behind the gateway cannot be reached";
    /// The service behind the gateway fails, and is not called for a moment; or no connection is left to call it with.
    UpstreamOverloaded = "upstream_overloaded", SERVICE_UNAVAILABLE, "The service behind the gateway is overloaded";
    /// Something the answer needs is not there yet; try again.
    NotReady = "not_ready", SERVICE_UNAVAILABLE, "Not ready yet";
    /// More passwords are waiting to be checked than can be in a few seconds.
    TooBusy = "too_busy", SERVICE_UNAVAILABLE, "Too busy at the moment";
    /// A variable has a value that the gateway cannot use.
    Misconfigured = "misconfigured", SERVICE_UNAVAILABLE, "The gateway is misconfigured";
    /// The request comes back to the gateway again and again.
    LoopDetected = "loop_detected", LOOP_DETECTED, "The request goes in circles";
    /// The service behind the gateway took too long.
    UpstreamTimeout = "upstream_timeout", GATEWAY_TIMEOUT, "The service behind the gateway took too long";
}

impl Code {
    /// The problem type. A quota that is used up has a registered one; all others are documented by this project.
    pub fn type_uri(self) -> String {
        match self {
            // draft-ietf-httpapi-ratelimit-headers-11, section "Problem types".
            Self::RateLimited => "https://iana.org/assignments/http-problem-types#quota-exceeded".to_owned(),
            other => format!("https://jetway.dev/problems/{}", other.as_str().replace('_', "-")),
        }
    }
}

/// One thing that is wrong with one part of the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// Where in the body: a JSON pointer (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
    /// Which query parameter, where it is not the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'static str>,
    code: &'static str,
    detail: String,
}

impl FieldError {
    /// An error in the body, at a JSON pointer such as `/email`.
    pub fn at(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            pointer: Some(pointer.into()),
            parameter: None,
            code,
            detail: detail.into(),
        }
    }

    /// An error in a query parameter.
    pub fn parameter(name: &'static str, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            pointer: None,
            parameter: Some(name),
            code,
            detail: detail.into(),
        }
    }

    /// A query parameter that the route does not take. Its name is the client's own and so is not repeated.
    pub(super) fn unknown_parameter(known: &[&'static str]) -> Self {
        let detail = match known {
            [] => "The route takes no query parameters.".to_owned(),
            known => format!("The query parameters are: {}.", known.join(", ")),
        };
        Self {
            pointer: None,
            parameter: None,
            code: "unknown_parameter",
            detail,
        }
    }

    /// Its code, snake_case.
    pub fn code(&self) -> &'static str {
        self.code
    }
}

/// What the client may know of an error, as it will be written. It never holds a secret nor another system's words.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    code: Code,
    detail: String,
    errors: Vec<FieldError>,
    violated_policies: Vec<String>,
    headers: HeaderMap,
}

impl Problem {
    /// A problem of this kind; `detail` is a sentence about this occurrence.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let mut headers = HeaderMap::new();
        match code.status() {
            StatusCode::UNAUTHORIZED => {
                let challenge = if code == Code::InvalidToken {
                    // RFC 6750, section 3.1: only a token that was given can be invalid.
                    "Bearer realm=\"jetway\", error=\"invalid_token\""
                } else {
                    "Bearer realm=\"jetway\""
                };
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            }
            _ => {}
        }
        Self {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            violated_policies: Vec::new(),
            headers,
        }
    }

    /// The answer to a request whose input is not valid: 422, with every error that was found.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let mut problem = Self::new(Code::InvalidRequest, "See `errors` for what to change.");
        problem.errors = errors;
        problem
    }

    /// Nothing at this path.
    pub fn not_found() -> Self {
        Self::new(Code::NotFound, "There is nothing at this path.")
    }

    /// Adds what is wrong with a part of the input.
    #[must_use]
    pub fn with_error(mut self, error: FieldError) -> Self {
        self.errors.push(error);
        self
    }

    /// Names the rate-limit policies that were exceeded.
    #[must_use]
    pub fn with_violated_policies(mut self, policies: Vec<String>) -> Self {
        self.violated_policies = policies;
        self
    }

    /// Adds or replaces a header of the answer.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Says after how many seconds a new attempt makes sense.
    #[must_use]
    pub fn with_retry_after(self, seconds: u64) -> Self {
        self.with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// The headers of the answer.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }

    /// What kind of problem it is.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The sentence about this occurrence.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// What is wrong with which part of the input.
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// The answer, as `application/problem+json`.
    pub fn into_response(self, request_id: &RequestId) -> Response {
        let status = self.code.status();
        let document = Document {
            type_uri: self.code.type_uri(),
            title: self.code.title(),
            status: status.as_u16(),
            detail: &self.detail,
            code: self.code.as_str(),
            request_id: request_id.as_str(),
            errors: &self.errors,
            violated_policies: &self.violated_policies,
        };
        let mut response = super::respond::encode(status, "application/problem+json", &document);
        for (name, value) in &self.headers {
            response.headers_mut().insert(name, value.clone());
        }
        response
    }
}

/// The members of the document, in the order in which a person wants to read them.
#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "type")]
    type_uri: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    code: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(rename = "violated-policies", skip_serializing_if = "<[_]>::is_empty")]
    violated_policies: &'a [String],
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(problem: Problem) -> serde_json::Value {
        serde_json::from_slice(problem.into_response(&RequestId::for_test("r-1")).body()).unwrap()
    }

    #[test]
    fn a_problem_says_what_the_contract_promises() {
        let document = document(Problem::invalid(vec![FieldError::at(
            "/email",
            "missing_field",
            "It is needed.",
        )]));
        assert_eq!(
            document,
            serde_json::json!({
                "type": "https://jetway.dev/problems/invalid-request",
                "title": "The request is not valid",
                "status": 422,
                "detail": "See `errors` for what to change.",
                "code": "invalid_request",
                "request_id": "r-1",
                "errors": [{ "pointer": "/email", "code": "missing_field", "detail": "It is needed." }],
            })
        );
    }

    #[test]
    fn a_used_up_quota_has_the_registered_type() {
        let document =
            document(Problem::new(Code::RateLimited, "x").with_violated_policies(vec!["signin".to_owned()]));
        assert_eq!(
            document["type"],
            "https://iana.org/assignments/http-problem-types#quota-exceeded"
        );
        assert_eq!(document["violated-policies"], serde_json::json!(["signin"]));
    }

    #[test]
    fn every_401_has_a_challenge_and_every_503_a_time_to_come_back() {
        for &code in Code::ALL {
            let response = Problem::new(code, "x").into_response(&RequestId::for_test("r-1"));
            let has = |name| response.headers().contains_key(name);
            assert_eq!(
                has(header::WWW_AUTHENTICATE),
                code.status() == StatusCode::UNAUTHORIZED,
                "{code:?}"
            );
            assert_eq!(
                has(header::RETRY_AFTER),
                code.status() == StatusCode::SERVICE_UNAVAILABLE,
                "{code:?}"
            );
        }
    }

    #[test]
    fn every_code_is_documented() {
        let page = include_str!("../../../../docs/problems.md");
        for code in Code::ALL {
            let row = format!("| `{}` | {} |", code.as_str(), code.status().as_u16());
            assert!(
                page.contains(&row),
                "docs/problems.md has no row that starts with {row}"
            );
        }
    }
}
