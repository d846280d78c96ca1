//! Counting a request by what its head says, before anybody has looked at it.

use http::Request;

use super::{By, Memory, Partition, Settings, Usage, admit};
use crate::client::Client;
use crate::http::{HttpError, RequestId};
use crate::ports::{Clock, GiveWay, KeyValue, Timestamp};
use crate::rules::Target;

/// Counts the request against every limit by client and by route that is for it: how they stand, or 429. Limits by what is in
/// the body or in the token are counted by the component that reads it. `now` is a fresh reading of the clock.
pub async fn count_request<B>(
    request: &Request<B>,
    client: &Client,
    request_id: &RequestId,
    outside: (&impl KeyValue, &impl Clock, &impl GiveWay),
    now: Timestamp,
    settings: &Settings,
    memory: &Memory,
) -> Result<Vec<Usage>, HttpError> {
    memory.limiter.note_request();
    let client = Partition::Client(client.key(settings.client.ipv6_prefix));
    let target = Target::of(request.method(), request.uri().path());
    let of = |by| settings.rate_limits.of(by, &target).into_iter();
    let by_client = of(By::Client).map(|limit| (limit, client));
    let by_route = of(By::Route).map(|limit| (limit, Partition::Everybody));
    // The client's own first: one who is refused for himself takes nothing from what is there for all.
    let limits = by_client.chain(by_route);
    admit(limits, request_id, outside, now, settings.on_failure, memory).await
}

#[cfg(test)]
mod tests {
    use crate::http::{Code, finish, no_content};
    use crate::rate_limit::{UNCOUNTED_KEY, add_headers};
    use crate::test_support::{MemoryKeyValue, NobodyWaits, TestClock, TestVariables, block_on};

    use super::*;

    struct Gate {
        store: MemoryKeyValue,
        clock: TestClock,
        settings: Settings,
        memory: Memory,
    }

    impl Gate {
        fn with(on_failure: &str) -> Self {
            let variables = TestVariables::default()
                .with(
                    "rate_limits",
                    "POST /signin signin 2;w=60, 1;w=60;by=email\nGET /busy busy by=route 2;w=60\n* /... default 3;w=60",
                )
                .with("rate_limit_on_failure", on_failure);
            let settings = block_on(Settings::read(&variables)).unwrap();
            Self {
                store: MemoryKeyValue::default(),
                clock: TestClock::default(),
                settings,
                memory: Memory::new(),
            }
        }

        fn ask(&self, method: &str, path: &str, client: &str) -> Result<Vec<Usage>, HttpError> {
            let request = Request::builder()
                .method(method)
                .uri(path)
                .header("spin-client-addr", client);
            let request = request.body(()).unwrap();
            let id = RequestId::parse("r-1").unwrap();
            block_on(count_request(
                &request,
                &Client::of_request(request.headers(), &self.settings.client),
                &id,
                (&self.store, &self.clock, &NobodyWaits),
                self.clock.now(),
                &self.settings,
                &self.memory,
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
        let policies: Vec<_> = usages.iter().map(|usage| &*usage.limit.policy).collect();
        assert_eq!(policies, ["signin"]);
        let mut response = no_content();
        add_headers(response.headers_mut(), &usages);
        assert_eq!(response.headers()["ratelimit-policy"], r#""signin";q=2;w=60"#);
    }

    #[test]
    fn a_route_has_a_quota_for_all_that_one_client_alone_cannot_use_up() {
        let gate = Gate::with("refuse");
        for _ in 0..3 {
            gate.ask("GET", "/elsewhere", "192.0.2.7:1").unwrap();
        }
        for _ in 0..5 {
            gate.ask("GET", "/busy", "192.0.2.7:1").unwrap_err();
        }
        gate.ask("GET", "/busy", "192.0.2.8:1").unwrap();
        let usages = gate.ask("GET", "/busy", "192.0.2.9:1").unwrap();
        let left: Vec<_> = usages
            .iter()
            .map(|usage| (&*usage.limit.policy, usage.remaining))
            .collect();
        assert_eq!(left, [("default", 2), ("busy", 0)]);
        let error = gate.ask("GET", "/busy", "192.0.2.10:1").unwrap_err();
        assert_eq!(error.problem().code(), Code::RateLimited);
        // Whom the route refused has lost nothing of his own.
        let usages = gate.ask("GET", "/elsewhere", "192.0.2.10:1").unwrap();
        assert_eq!(usages[0].remaining, 2);
    }

    #[test]
    fn what_passed_uncounted_is_written_down_when_the_store_answers_again() {
        let gate = Gate::with("pass");
        gate.store.set_down(true);
        for _ in 0..5 {
            assert!(gate.ask("GET", "/x", "192.0.2.7:1").unwrap().is_empty());
        }
        gate.store.set_down(false);
        // For a second the store is not asked.
        assert!(gate.ask("GET", "/x", "192.0.2.7:1").unwrap().is_empty());
        gate.clock.advance(std::time::Duration::from_secs(1));
        assert_eq!(gate.ask("GET", "/x", "192.0.2.7:1").unwrap().len(), 1);
        let written = block_on(gate.store.get(UNCOUNTED_KEY)).unwrap().unwrap();
        assert_eq!(written, 6_i64.to_le_bytes());
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
