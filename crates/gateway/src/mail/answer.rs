//! What an answer over HTTP says of the message.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, StatusCode, header};

use super::Outcome;
use crate::domain::DisplayText;
use crate::ports::{NoAnswer, Timestamp};

/// As much of a provider's words as is kept.
const MAX_WORDS: usize = 300;
/// No longer than this is ever waited for, whatever is asked: a message is given up after a day.
const MAX_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// An answer, or why there is none; what is not to be repeated of it, and the moment it came.
#[derive(Debug)]
pub(super) struct Answer<'a> {
    /// Who was asked.
    pub(super) provider: &'static str,
    /// What they said of it, in a word or a sentence.
    pub(super) words: Option<String>,
    /// What must not be seen in their words.
    pub(super) secrets: &'a [&'a str],
    /// Now.
    pub(super) now: Timestamp,
}

impl Answer<'_> {
    /// 2xx is done. What time may mend is tried again: a limit, a failure of theirs, a time-out that they noticed. Everything else
    /// stays as it is, however often it is sent; a redirection is followed by nobody, because the message would go where nobody
    /// has allowed it to.
    pub(super) fn outcome(&self, status: StatusCode, headers: &HeaderMap) -> Outcome {
        let later = matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
        );
        if status.is_success() {
            Outcome::Delivered
        } else if later || status.is_server_error() {
            self.retry(status, headers)
        } else {
            Outcome::Refused {
                words: self.sentence(status),
            }
        }
    }

    /// Not now, whatever the status means elsewhere.
    pub(super) fn retry(&self, status: StatusCode, headers: &HeaderMap) -> Outcome {
        Outcome::Retry {
            after: retry_after(headers, self.now),
            words: self.sentence(status),
        }
    }

    fn sentence(&self, status: StatusCode) -> String {
        let said = self.words.as_deref().map(|words| self.presentable(words));
        match said.filter(|words| !words.is_empty()) {
            Some(words) => format!("{} answered {}: {words}", self.provider, status.as_u16()),
            None => format!("{} answered {}", self.provider, status.as_u16()),
        }
    }

    /// On one line, not too long, and without what must not be seen.
    fn presentable(&self, words: &str) -> String {
        let mut words = words.to_owned();
        for secret in self.secrets.iter().filter(|secret| !secret.is_empty()) {
            words = words.replace(secret, "[secret]");
        }
        let mut shown = String::new();
        for word in DisplayText::of(&words).as_str().split(' ') {
            if !shown.is_empty() {
                shown.push(' ');
            }
            // A link of ours that is quoted back to us holds what only its recipient may have.
            shown.push_str(match word.split_once("token=") {
                Some(_) => "[link]",
                None => word,
            });
        }
        shown.chars().take(MAX_WORDS).collect()
    }
}

/// What becomes of a message that no answer came to. It may have been taken all the same, which is what its key is for.
pub(super) fn unanswered(provider: &'static str, error: &NoAnswer) -> Outcome {
    Outcome::Retry {
        after: None,
        words: format!("{provider}: {error}"),
    }
}

/// Seconds, or a date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match value.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = httpdate::parse_http_date(value).ok()?;
            let now = SystemTime::UNIX_EPOCH + Duration::from_millis(now.as_millis());
            date.duration_since(now).unwrap_or_default()
        }
    };
    Some(wait.min(MAX_WAIT))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn outcome(status: u16, words: &str, retry_after: Option<&'static str>) -> Outcome {
        let mut headers = HeaderMap::new();
        headers.extend(retry_after.map(|value| (header::RETRY_AFTER, HeaderValue::from_static(value))));
        let answer = Answer {
            provider: "Test",
            words: Some(words.to_owned()),
            secrets: &["hunter2", ""],
            // 2026-01-02T03:04:05Z
            now: Timestamp::from_millis(1_767_323_045_000),
        };
        answer.outcome(StatusCode::from_u16(status).unwrap(), &headers)
    }

    #[test]
    fn each_class_of_answers_has_its_outcome() {
        for status in [200, 201, 202, 204] {
            assert_eq!(outcome(status, "x", None), Outcome::Delivered, "{status}");
        }
        for status in [408, 425, 429, 500, 502, 503, 504, 599] {
            assert!(
                matches!(outcome(status, "x", None), Outcome::Retry { .. }),
                "{status}"
            );
        }
        for status in [301, 307, 400, 401, 403, 404, 409, 410, 413, 422, 451] {
            assert!(
                matches!(outcome(status, "x", None), Outcome::Refused { .. }),
                "{status}"
            );
        }
    }

    #[test]
    fn a_wait_is_kept_in_seconds_and_as_a_date() {
        let wait = |value| match outcome(503, "x", value) {
            Outcome::Retry { after, .. } => after.map(|after| after.as_secs()),
            other => panic!("{other:?}"),
        };
        assert_eq!(wait(Some("120")), Some(120));
        assert_eq!(wait(Some("Fri, 02 Jan 2026 03:05:05 GMT")), Some(60));
        assert_eq!(wait(Some("Fri, 02 Jan 2026 03:00:00 GMT")), Some(0));
        assert_eq!(wait(Some("31536000")), Some(86_400));
        assert_eq!(wait(Some("soon")), None);
        assert_eq!(wait(None), None);
    }

    #[test]
    fn the_providers_words_are_repeated_without_secrets_on_one_line_and_not_without_end() {
        let words = |words| match outcome(422, words, None) {
            Outcome::Refused { words } => words,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            words("no\r\nsuch\tkey: hunter2 in https://jetway.example/reset-password#token=abc ok"),
            "Test answered 422: no such key: [secret] in [link] ok"
        );
        assert_eq!(words(" \u{7} "), "Test answered 422");
        assert!(words(&"long ".repeat(1000)).len() < 350);
    }
}
