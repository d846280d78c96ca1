//! Counting a request.

use http::Request;
use jetway_gateway::client::Client;
use jetway_gateway::http::{HttpError, RequestId};
use jetway_gateway::log;
use jetway_gateway::ports::{Clock, KeyValue};
use jetway_gateway::rate_limit::{
    By, OnFailure, Partition, Settings, Usage, add_headers, count_all, exceeded,
};

/// Counts the request against every limit by client that is for it: how they stand, or 429. Limits by what is in the body are
/// counted by the component that reads it.
pub async fn count<B>(
    request: &Request<B>,
    request_id: &RequestId,
    store: &impl KeyValue,
    clock: &impl Clock,
    settings: &Settings,
) -> Result<Vec<Usage>, HttpError> {
    let limits = settings.rate_limits.of(request.method(), request.uri().path());
    let client = Client::of_request(request.headers(), &settings.trusted_proxies);
    let by_client = limits.iter().filter(|limit| limit.by == By::Client);
    let usages = match count_all(store, clock, by_client, &Partition::client(&client.key())).await {
        Ok(usages) => usages,
        Err(error) if settings.on_failure == OnFailure::Pass => {
            log::warn(request_id, "not_counted", &[("cause", &error.to_string())]);
            Vec::new()
        }
        Err(error) => return Err(HttpError::not_ready(error)),
    };
    match exceeded(&usages) {
        None => Ok(usages),
        Some(problem) => {
            let mut error = HttpError::from(problem);
            add_headers(error.headers_mut(), &usages);
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use jetway_gateway::http::{Code, finish, no_content};
    use jetway_gateway::test_support::{MemoryKeyValue, TestClock, TestVariables, block_on};

    use super::*;

    struct Gate {
        store: MemoryKeyValue,
        clock: TestClock,
        settings: Settings,
    }

    impl Gate {
        fn with(on_failure: &str) -> Self {
            let variables = TestVariables::default()
                .with(
                    "rate_limits",
                    "POST /signin signin 2;w=60, 1;w=60;by=email\n* /... default 3;w=60",
                )
                .with("rate_limit_on_failure", on_failure);
            let settings = block_on(Settings::read(&variables)).unwrap();
            Self {
                store: MemoryKeyValue::default(),
                clock: TestClock::default(),
                settings,
            }
        }

        fn ask(&self, method: &str, path: &str, client: &str) -> Result<Vec<Usage>, HttpError> {
            let request = Request::builder()
                .method(method)
                .uri(path)
                .header("spin-client-addr", client);
            let id = RequestId::parse("r-1").unwrap();
            block_on(count(
                &request.body(()).unwrap(),
                &id,
                &self.store,
                &self.clock,
                &self.settings,
            ))
        }
    }

    #[test]
    fn a_request_over_the_limit_is_429_and_says_how_things_stand() {
        let gate = Gate::with("refuse");
        for _ in 0..3 {
            gate.ask("GET", "/x", "192.0.2.7:1").unwrap();
        }
        let error = gate.ask("GET", "/y", "192.0.2.7:2").unwrap_err();
        assert_eq!(error.problem().code(), Code::RateLimited);
        let response = finish(Err(error), &RequestId::parse("r-1").unwrap());
        assert_eq!(response.headers()["ratelimit-policy"], r#""default";q=3;w=60"#);
        assert!(
            response.headers()["ratelimit"]
                .to_str()
                .unwrap()
                .starts_with(r#""default";r=0;t="#)
        );
        assert!(response.headers().contains_key("retry-after"));
    }

    #[test]
    fn each_client_and_each_policy_has_its_own_count() {
        let gate = Gate::with("refuse");
        for client in ["192.0.2.7:1", "192.0.2.8:1"] {
            assert_eq!(gate.ask("POST", "/signin", client).unwrap()[0].remaining, 1);
            assert_eq!(gate.ask("GET", "/signin", client).unwrap()[0].remaining, 2);
        }
    }

    #[test]
    fn a_limit_by_address_is_not_counted_here() {
        let usages = Gate::with("refuse")
            .ask("POST", "/signin", "192.0.2.7:1")
            .unwrap();
        let policies: Vec<_> = usages.iter().map(|usage| usage.limit.policy.as_str()).collect();
        assert_eq!(policies, ["signin"]);
        let mut response = no_content();
        add_headers(response.headers_mut(), &usages);
        assert_eq!(response.headers()["ratelimit-policy"], r#""signin";q=2;w=60"#);
    }

    #[test]
    fn what_cannot_be_counted_is_refused_or_passes_as_configured() {
        for (on_failure, passes) in [("refuse", false), ("", false), ("pass", true)] {
            let gate = Gate::with(on_failure);
            gate.store.set_down(true);
            let result = gate.ask("GET", "/x", "192.0.2.7:1");
            assert_eq!(result.is_ok(), passes, "{on_failure}");
            if let Err(error) = result {
                assert_eq!(error.problem().code(), Code::NotReady);
            }
        }
    }
}
