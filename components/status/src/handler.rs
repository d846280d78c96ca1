//! The routes of this component.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use http::Request;
use jetway_gateway::http::{Code, FieldError, HttpError, Problem, Response, Routes, ok};
use serde::Serialize;

use crate::finding::Finding;

/// Who is asked for /readyz. Each answers `GET /internal/ready` on a private route.
pub const COMPONENTS: [&str; 6] = [
    "auth-endpoint",
    "notification-endpoint",
    "proxy",
    "role-admin",
    "signin",
    "signup",
];

/// Asks one component whether it is ready.
pub trait Probe {
    /// Whether `component` is ready, or why not.
    #[expect(
        async_fn_in_trait,
        reason = "a guest has one thread: no future of ours is ever sent to another"
    )]
    async fn probe(&self, component: &str) -> Result<(), Finding>;
}

#[derive(Clone, Copy, Debug)]
enum Endpoint {
    Alive,
    Ready,
}

const ROUTES: Routes<Endpoint> = Routes(&[
    ("GET", "/healthz", Endpoint::Alive),
    ("GET", "/readyz", Endpoint::Ready),
]);

#[derive(Serialize)]
struct Alive {
    status: &'static str,
}

#[derive(Serialize)]
struct Ready {
    status: &'static str,
    checks: BTreeMap<&'static str, &'static str>,
}

/// What is wrong with which component; empty where all are ready.
pub type Findings = Vec<(&'static str, Finding)>;

/// Answers a request. Every path that no other route of the application matches comes here, and is a 404. `findings` says how the
/// components are.
pub async fn handle<B>(
    request: &Request<B>,
    findings: impl AsyncFnOnce() -> Findings,
) -> Result<Response, HttpError> {
    match ROUTES.find(request.method(), request.uri().path())?.endpoint {
        Endpoint::Alive => Ok(ok(&Alive { status: "alive" })),
        Endpoint::Ready => readiness(&findings().await),
    }
}

/// Asks all components at the same time.
pub async fn ask_all(probe: &impl Probe) -> Findings {
    let probes = COMPONENTS.map(|component| async move { (component, probe.probe(component).await) });
    let answers = join_all(probes).await.into_iter();
    answers
        .filter_map(|(component, result)| Some((component, result.err()?)))
        .collect()
}

fn readiness(failing: &[(&str, Finding)]) -> Result<Response, HttpError> {
    if failing.is_empty() {
        let checks = COMPONENTS.map(|component| (component, "ready")).into();
        return Ok(ok(&Ready {
            status: "ready",
            checks,
        }));
    }
    Err(not_ready(failing))
}

/// One problem for all that fail: a variable that is to be put right comes before what may pass by itself.
fn not_ready(failing: &[(&str, Finding)]) -> HttpError {
    let misconfigured = failing
        .iter()
        .any(|(_, finding)| finding.code == Code::Misconfigured);
    let code = if misconfigured {
        Code::Misconfigured
    } else {
        Code::NotReady
    };
    let sentences: Vec<_> = failing
        .iter()
        .map(|(component, finding)| format!("{component}: {}", finding.detail))
        .collect();
    let mut problem = Problem::new(code, sentences.join(" "));
    let mut causes = Vec::new();
    for (component, finding) in failing {
        let pointer = format!("/checks/{component}");
        problem = problem.with_error(FieldError::at(
            pointer,
            finding.code.as_str(),
            finding.detail.clone(),
        ));
        causes.push(format!(
            "{component}: {}",
            finding.cause.as_deref().unwrap_or(&finding.detail)
        ));
    }
    HttpError::from(problem).caused_by(causes.join(" "))
}

#[cfg(test)]
mod tests {
    use jetway_gateway::test_support::block_on;

    use super::*;

    struct Fixed(Vec<(&'static str, Code)>);

    impl Probe for Fixed {
        async fn probe(&self, component: &str) -> Result<(), Finding> {
            match self.0.iter().find(|(failing, _)| *failing == component) {
                Some((_, code)) => Err(Finding {
                    code: *code,
                    detail: "It fails.".to_owned(),
                    cause: None,
                }),
                None => Ok(()),
            }
        }
    }

    /// Answers no question.
    struct Untouchable;

    impl Probe for Untouchable {
        async fn probe(&self, component: &str) -> Result<(), Finding> {
            panic!("{component} was asked")
        }
    }

    fn ask(method: &str, path: &str, probe: &impl Probe) -> Result<Response, HttpError> {
        let request = Request::builder().method(method).uri(path).body(()).unwrap();
        block_on(handle(&request, async || ask_all(probe).await))
    }

    #[test]
    fn being_alive_asks_nobody() {
        for method in ["GET", "HEAD"] {
            assert_eq!(
                ask(method, "/healthz", &Untouchable).unwrap().body(),
                r#"{"status":"alive"}"#
            );
        }
    }

    #[test]
    fn ready_means_that_everyone_is() {
        let response = ask("GET", "/readyz", &Fixed(Vec::new())).unwrap();
        let body = String::from_utf8(response.body().to_vec()).unwrap();
        assert!(
            body.starts_with(r#"{"status":"ready","checks":{"auth-endpoint":"ready","#),
            "{body}"
        );
    }

    #[test]
    fn each_failing_check_is_named() {
        let error = ask(
            "GET",
            "/readyz",
            &Fixed(vec![("signup", Code::NotReady), ("proxy", Code::NotReady)]),
        )
        .unwrap_err();
        assert_eq!(error.problem().code(), Code::NotReady);
        assert_eq!(error.problem().detail(), "proxy: It fails. signup: It fails.");
        assert_eq!(error.problem().errors().len(), 2);
    }

    #[test]
    fn a_bad_variable_comes_first() {
        let failing = Fixed(vec![("signup", Code::NotReady), ("signin", Code::Misconfigured)]);
        assert_eq!(
            ask("GET", "/readyz", &failing).unwrap_err().problem().code(),
            Code::Misconfigured
        );
    }

    #[test]
    fn everything_else_is_a_404_and_a_wrong_method_a_405() {
        for path in ["/", "/api/v1", "/api/v1/nothing", "/healthz/", "/internal/ready"] {
            assert_eq!(
                ask("GET", path, &Untouchable).unwrap_err().problem().code(),
                Code::NotFound,
                "{path}"
            );
        }
        for method in ["POST", "OPTIONS", "DELETE"] {
            let code = ask(method, "/healthz", &Untouchable)
                .unwrap_err()
                .problem()
                .code();
            assert_eq!(code, Code::MethodNotAllowed, "{method}");
        }
    }
}
