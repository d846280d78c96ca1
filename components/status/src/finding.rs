//! What a component says about its own readiness.

use std::fmt::Display;

use http::StatusCode;
use jetway_gateway::http::Code;
use serde::Deserialize;

/// Readiness is said in far fewer bytes.
pub const MAX_ANSWER: usize = 16 * 1024;

/// Why a component is not ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The code of its problem.
    pub code: Code,
    /// A sentence for whoever operates the gateway.
    pub detail: String,
    /// What only the log may say.
    pub cause: Option<String>,
}

impl Finding {
    /// The component could not be asked.
    pub fn unreachable(cause: impl Display) -> Self {
        Self {
            code: Code::NotReady,
            detail: "The component does not answer.".to_owned(),
            cause: Some(cause.to_string()),
        }
    }
}

#[derive(Deserialize)]
struct ProblemDocument {
    code: String,
    detail: String,
}

/// Reads a component's answer. It is one of our own problems, so its detail may be shown; anything else may not.
pub fn understand(status: StatusCode, body: &[u8]) -> Result<(), Finding> {
    if status == StatusCode::OK {
        return Ok(());
    }
    let known = serde_json::from_slice::<ProblemDocument>(body)
        .ok()
        .and_then(|problem| {
            let code = Code::ALL
                .iter()
                .copied()
                .find(|code| code.as_str() == problem.code)?;
            Some(Finding {
                code,
                detail: problem.detail,
                cause: None,
            })
        });
    Err(known.unwrap_or_else(|| Finding::unreachable(format!("its answer is a {status} without a problem"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_200_is_ready_whatever_it_says() {
        assert_eq!(understand(StatusCode::OK, b""), Ok(()));
    }

    #[test]
    fn a_problem_is_passed_on() {
        let body = br#"{"code":"misconfigured","detail":"The variable `x` is missing.","status":503}"#;
        let finding = understand(StatusCode::SERVICE_UNAVAILABLE, body).unwrap_err();
        assert_eq!(
            (finding.code, finding.detail.as_str()),
            (Code::Misconfigured, "The variable `x` is missing.")
        );
    }

    #[test]
    fn any_other_answer_is_only_a_failure() {
        for body in [&b""[..], b"<html>", br#"{"code":"made_up","detail":"d"}"#] {
            let finding = understand(StatusCode::INTERNAL_SERVER_ERROR, body).unwrap_err();
            assert_eq!(finding.code, Code::NotReady);
            assert!(finding.cause.unwrap().contains("500"));
        }
    }
}
