//! Refusals in the log: failed sign-ins, codes and tokens, missing rights, exceeded limits, input that no honest client sends.
//!
//! A refusal is made once, wherever in the application, and logged once, by the outermost frame, which knows how the request came
//! in. A frame behind it says in a header of its answer what was refused ([`Refusal::mark`]); the outermost takes it off
//! ([`Refusal::take`]). An answer that is no refusal costs nothing but the look for that header. What a service behind the gateway
//! refuses is for the service to log.

mod throttle;

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};

use self::throttle::Throttle;
use crate::client::{self, Client};
use crate::domain::UserId;
use crate::http::{Code, HttpError, RequestId};
use crate::log;
use crate::ports::Clock;

/// Between the frames of one application. It never leaves it.
const REFUSED: HeaderName = HeaderName::from_static("jetway-refused");

/// As much of a path and of a method as is worth a line.
const MAX_PATH: usize = 256;
const MAX_METHOD: usize = 32;

static THROTTLE: Throttle = Throttle::new();

/// Something was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    code: Code,
    user: Option<UserId>,
}

/// The request that was refused, as the outermost frame got it.
#[derive(Clone, Debug)]
pub struct Asked {
    method: Method,
    uri: Uri,
    client: Option<IpAddr>,
}

impl Asked {
    /// What is worth knowing of a request.
    pub fn of<B>(head: &Request<B>, settings: &client::Settings) -> Self {
        Self {
            method: head.method().clone(),
            uri: head.uri().clone(),
            client: Client::of_request(head.headers(), settings).address,
        }
    }
}

/// The name of the event in the log; `None` for what is no refusal but a mistake or a failure.
fn event_of(code: Code) -> Option<&'static str> {
    match code {
        Code::Unauthenticated
        | Code::InvalidToken
        | Code::InvalidCredentials
        | Code::MfaRequired
        | Code::MfaCodeInvalid
        | Code::RecentSigninRequired
        | Code::SigninCodeInvalid
        | Code::InvalidRefreshToken
        | Code::TokenInvalid => Some("authentication_failed"),
        Code::Forbidden | Code::EmailNotVerified | Code::AdminExists => Some("access_denied"),
        Code::RateLimited | Code::TooManyFailures => Some("limit_exceeded"),
        Code::BadRequest
        | Code::MalformedJson
        | Code::UnsafePath
        | Code::RequestTimeout
        | Code::BodyTooLarge => Some("input_rejected"),
        _ => None,
    }
}

/// Whether there is a line for each. A password was hashed before each of these, or guesses are counted, which bounds them; and
/// each tells of an account under attack. All others come as fast as anybody likes.
fn is_each_logged(code: Code) -> bool {
    matches!(
        code,
        Code::InvalidCredentials | Code::MfaRequired | Code::MfaCodeInvalid | Code::EmailNotVerified
    )
}

impl Refusal {
    /// What this error refuses, if it is a refusal.
    pub fn of(error: &HttpError) -> Option<Self> {
        let code = error.problem().code();
        event_of(code).map(|_| Self {
            code,
            user: error.user(),
        })
    }

    /// Tells the frame in front.
    pub fn mark(self, headers: &mut HeaderMap) {
        let text = match self.user {
            Some(user) => format!("{} {user}", self.code.as_str()),
            None => self.code.as_str().to_owned(),
        };
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(REFUSED, value);
        }
    }

    /// What the frame behind has told. What it did not mean so is dropped.
    pub fn take(headers: &mut HeaderMap) -> Option<Self> {
        let value = headers.remove(REFUSED)?;
        let text = value.to_str().ok()?;
        let (code, user) = match text.split_once(' ') {
            Some((code, user)) => (code, Some(UserId::parse(user).ok()?)),
            None => (text, None),
        };
        let code = *Code::ALL.iter().find(|known| known.as_str() == code)?;
        event_of(code).map(|_| Self { code, user })
    }

    /// Writes it into the log: a failed sign-in in any case, of every other code one a second at most, which then says how many
    /// were left out since the line before.
    pub fn log(self, request_id: &RequestId, asked: Option<&Asked>, clock: &impl Clock) {
        let left_out = if is_each_logged(self.code) {
            Some(0)
        } else {
            THROTTLE.admit(self.code, clock.now())
        };
        if let (Some(event), Some(left_out)) = (event_of(self.code), left_out) {
            self.write(request_id, event, asked, left_out);
        }
    }

    fn write(self, request_id: &RequestId, event: &str, asked: Option<&Asked>, left_out: u64) {
        let client = asked
            .and_then(|asked| asked.client)
            .map(|address| address.to_string());
        let user = self.user.map(|user| user.to_string());
        let left_out = (left_out > 0).then(|| left_out.to_string());
        let fields = [
            ("code", Some(self.code.as_str())),
            (
                "method",
                asked.map(|asked| start(asked.method.as_str(), MAX_METHOD)),
            ),
            // Without the query, which may hold a token or an address.
            ("path", asked.map(|asked| start(asked.uri.path(), MAX_PATH))),
            ("client", client.as_deref()),
            ("user", user.as_deref()),
            ("left_out", left_out.as_deref()),
        ];
        let known = fields.iter().filter_map(|(name, value)| Some((*name, (*value)?)));
        log::warn(request_id, event, &known.collect::<Vec<_>>());
    }
}

fn start(text: &str, length: usize) -> &str {
    &text[..text.floor_char_boundary(length)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{CountingEntropy, TestClock};

    fn user() -> UserId {
        UserId::generate(&TestClock::default(), &CountingEntropy::default())
    }

    #[test]
    fn what_is_said_behind_is_heard_in_front_and_goes_no_further() {
        for user in [None, Some(user())] {
            let mut error = HttpError::new(Code::Forbidden, "x");
            if let Some(user) = user {
                error = error.of_user(user);
            }
            let refusal = Refusal::of(&error).unwrap();
            let mut headers = HeaderMap::new();
            refusal.mark(&mut headers);
            assert_eq!(Refusal::take(&mut headers), Some(refusal));
            assert!(headers.is_empty());
            assert_eq!(Refusal::take(&mut headers), None);
        }
    }

    #[test]
    fn what_no_frame_of_ours_says_is_dropped() {
        for text in [
            "",
            "forbidden ",
            "forbidden x",
            "email_taken",
            "nonsense",
            "forbidden\tx",
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(REFUSED, HeaderValue::from_str(text).unwrap());
            assert_eq!(Refusal::take(&mut headers), None, "{text:?}");
            assert!(headers.is_empty());
        }
    }

    #[test]
    fn every_401_403_and_429_is_a_refusal_and_no_failure_of_ours_is() {
        for &code in Code::ALL {
            let status = code.status().as_u16();
            if [401, 403, 429].contains(&status) {
                assert!(event_of(code).is_some(), "{code:?}");
            }
            if status >= 500 {
                assert_eq!(event_of(code), None, "{code:?}");
            }
        }
    }

    #[test]
    fn every_refusal_is_documented() {
        let page = include_str!("../../../../docs/log.md");
        for &code in Code::ALL {
            let Some(event) = event_of(code) else { continue };
            let row = page
                .lines()
                .find(|line| line.starts_with(&format!("| `{event}` |")));
            let name = format!("`{}`", code.as_str());
            assert!(row.is_some_and(|row| row.contains(&name)), "{event} {name}");
        }
    }

    #[test]
    fn the_start_of_a_text_is_whole_characters() {
        assert_eq!(start("/äöü", 4), "/ä");
        assert_eq!(start("/x", 4), "/x");
    }
}
