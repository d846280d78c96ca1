//! Two instances and one store.

use http::StatusCode;

use super::super::failure::UpstreamFailure;
use super::*;
use crate::test_support::{ConstantEntropy, MemoryKeyValue, TestClock, block_on};

const DEAD: Ended = Ended::Failed(UpstreamFailure::Unreachable);
const WELL: Ended = Ended::Answered {
    status: StatusCode::OK,
    later: false,
};

fn asked() -> Asked {
    let client = crate::client::Client::of_request(&http::HeaderMap::new(), &Default::default());
    Asked::of("/", client.key(Default::default()))
}

/// An instance of the gateway before one service.
struct Instance<'a> {
    service: Service,
    store: &'a MemoryKeyValue,
    clock: &'a TestClock,
}

impl<'a> Instance<'a> {
    fn new(addresses: &str, store: &'a MemoryKeyValue, clock: &'a TestClock) -> Self {
        let upstreams = Upstream::parse_list(addresses).unwrap();
        let service = Service::new("flight", upstreams, &ConstantEntropy(0));
        let instance = Self {
            service,
            store,
            clock,
        };
        instance.refresh();
        instance
    }

    fn refresh(&self) {
        // A store that is down leaves the instance as it is.
        block_on(self.service.refresh(self.store, self.clock)).ok();
    }

    /// A request that is sent once: what it was allowed, whatever came of it.
    fn request(&self, ended: Ended) -> Option<Turn> {
        let mut attempts = Attempts::new(asked(), self.clock.now(), false);
        let turn = block_on(self.service.turn(&attempts, self.store, self.clock))?;
        self.service.note(&mut attempts, turn, ended);
        let news = match turn {
            Turn::Probe(index, probe) => {
                vec![self.service.conclude_probe(index, probe, ended, self.clock.now())]
            }
            Turn::Call(_) => self.service.conclude(&attempts, self.clock.now()),
        };
        for news in news {
            block_on(self.service.tell(news, self.store)).ok();
        }
        Some(turn)
    }

    fn is_open(&self) -> bool {
        self.request(WELL).is_none()
    }

    fn die(&self) {
        for _ in 0..5 {
            assert!(self.request(DEAD).is_some());
        }
        assert!(self.is_open());
    }
}

#[test]
fn while_all_is_well_nothing_is_written_and_nothing_is_read_but_now_and_then() {
    let (store, clock) = (MemoryKeyValue::default(), TestClock::default());
    let instance = Instance::new("http://a", &store, &clock);
    let before = store.reads();
    for _ in 0..1000 {
        assert!(instance.request(WELL).is_some());
        assert!(!instance.service.is_out_of_date(clock.now()));
    }
    assert_eq!((store.reads(), store.keys().len()), (before, 0));
    clock.advance(Duration::from_secs(1));
    assert!(instance.service.is_out_of_date(clock.now()));
    assert!(!instance.service.is_out_of_date(clock.now()));
}

#[test]
fn single_failures_are_written_nowhere() {
    let (store, clock) = (MemoryKeyValue::default(), TestClock::default());
    let instance = Instance::new("http://a", &store, &clock);
    for _ in 0..100 {
        instance.request(DEAD);
        instance.request(WELL);
    }
    assert_eq!(store.keys().len(), 0);
}

#[test]
fn what_one_instance_finds_out_the_others_know_and_a_new_one_from_its_first_request_on() {
    let (store, clock) = (MemoryKeyValue::default(), TestClock::default());
    let (one, other) = (
        Instance::new("http://a", &store, &clock),
        Instance::new("http://a", &store, &clock),
    );
    one.die();

    other.refresh();
    assert!(other.is_open());
    assert!(Instance::new("http://a", &store, &clock).is_open());
}

#[test]
fn one_probe_a_second_for_all_and_one_that_succeeds_closes_for_all() {
    let (store, clock) = (MemoryKeyValue::default(), TestClock::default());
    let instances: Vec<_> = (0..4)
        .map(|_| Instance::new("http://a", &store, &clock))
        .collect();
    instances[0].die();
    for instance in &instances {
        instance.refresh();
    }

    // The first second after is everybody's pause.
    clock.advance(Duration::from_secs(1));
    assert!(instances.iter().all(Instance::is_open));
    for _ in 0..10 {
        clock.advance(Duration::from_secs(1));
        let probes = instances
            .iter()
            .chain(&instances)
            .filter(|instance| instance.request(DEAD).is_some());
        assert_eq!(probes.count(), 1);
    }
    clock.advance(Duration::from_secs(1));
    assert!(instances[2].request(WELL).is_some());
    for instance in &instances {
        instance.refresh();
        assert!(!instance.is_open());
    }
    assert_eq!(store.keys(), Vec::<String>::new());
}

#[test]
fn a_long_outage_leaves_no_trail_in_the_store() {
    let (store, clock) = (MemoryKeyValue::default(), TestClock::default());
    let (one, other) = (
        Instance::new("http://a", &store, &clock),
        Instance::new("http://a", &store, &clock),
    );
    one.die();
    for _ in 0..600 {
        clock.advance(Duration::from_secs(1));
        one.refresh();
        one.request(DEAD);
        other.refresh();
        other.request(DEAD);
        assert!(store.keys().len() <= 4, "{:?}", store.keys());
    }
}

#[test]
fn without_a_store_each_instance_breaks_and_heals_by_itself() {
    let (store, clock) = (MemoryKeyValue::default(), TestClock::default());
    store.set_down(true);
    let (one, other) = (
        Instance::new("http://a", &store, &clock),
        Instance::new("http://a", &store, &clock),
    );
    one.die();
    other.refresh();
    assert!(!other.is_open());
    one.refresh();
    assert!(one.is_open());
    clock.advance(Duration::from_secs(2));
    assert!(one.request(WELL).is_some());
    assert!(!one.is_open());
}

#[test]
fn an_ejection_of_one_address_is_shared_and_the_service_goes_on_with_the_other() {
    let (store, clock) = (MemoryKeyValue::default(), TestClock::default());
    let addresses = "http://a http://b";
    let one = Instance::new(addresses, &store, &clock);
    for _ in 0..3 {
        let mut attempts = Attempts::new(asked(), clock.now(), false);
        one.service.note(&mut attempts, Turn::Call(0), DEAD);
        for news in one.service.conclude(&attempts, clock.now()) {
            block_on(one.service.tell(news, &store)).unwrap();
        }
    }
    let fresh = Instance::new(addresses, &store, &clock);
    for instance in [&one, &fresh] {
        for _ in 0..5 {
            assert_eq!(instance.request(WELL), Some(Turn::Call(1)));
        }
    }
}

#[test]
fn a_request_speaks_against_an_address_once_and_is_sent_three_times_at_most() {
    let (store, clock) = (MemoryKeyValue::default(), TestClock::default());
    let instance = Instance::new("http://a", &store, &clock);
    for request in 1..=5 {
        let mut attempts = Attempts::new(asked(), clock.now(), true);
        let again: Vec<_> = (0..3)
            .map(|_| instance.service.note(&mut attempts, Turn::Call(0), DEAD))
            .collect();
        assert_eq!(again, [Next::Retry, Next::Retry, Next::Enough]);
        let news = instance.service.conclude(&attempts, clock.now());
        assert_eq!(!news.is_empty(), request == 5, "{request}");
    }
}

/// A request of this client for this path, which ends so at each address that it is sent to.
fn fails(instance: &Instance<'_>, path: &str, client: u8, ended: Ended, addresses: usize) -> Vec<News> {
    let mut headers = http::HeaderMap::new();
    headers.insert("spin-client-addr", format!("192.0.2.{client}:1").parse().unwrap());
    let client = crate::client::Client::of_request(&headers, &Default::default());
    let asked = Asked::of(path, client.key(Default::default()));
    let mut attempts = Attempts::new(asked, instance.clock.now(), false);
    for index in 0..addresses {
        instance.service.note(&mut attempts, Turn::Call(index), ended);
    }
    instance.service.conclude(&attempts, instance.clock.now())
}

const SICK: Ended = Ended::Answered {
    status: StatusCode::SERVICE_UNAVAILABLE,
    later: false,
};

#[test]
fn a_connection_that_may_have_been_stale_is_replaced_once_and_says_nothing() {
    let (store, clock) = (MemoryKeyValue::default(), TestClock::default());
    let instance = Instance::new("http://a", &store, &clock);
    for failure in [UpstreamFailure::BrokenOff, UpstreamFailure::Unreadable] {
        let mut attempts = Attempts::new(asked(), clock.now(), true);
        let ended = Ended::Failed(failure);
        let next = instance.service.note(&mut attempts, Turn::Call(0), ended);
        assert_eq!((next, attempts.count()), (Next::FreshConnection, 0));
        assert!(attempts.all_went_well());
        let next = instance.service.note(&mut attempts, Turn::Call(0), ended);
        assert_eq!((next, attempts.count()), (Next::Retry, 1));
    }
    // What changes something is not sent again, whatever the connection was.
    let mut attempts = Attempts::new(asked(), clock.now(), false);
    let ended = Ended::Failed(UpstreamFailure::BrokenOff);
    assert_eq!(
        instance.service.note(&mut attempts, Turn::Call(0), ended),
        Next::Enough
    );
}

#[test]
fn one_resource_or_one_client_that_always_fails_closes_nothing() {
    let (store, clock) = (MemoryKeyValue::default(), TestClock::default());
    let broken_off = Ended::Failed(UpstreamFailure::BrokenOff);
    let timeout = Ended::Failed(UpstreamFailure::Timeout);
    for failure in [SICK, broken_off, timeout] {
        let instance = Instance::new("http://a", &store, &clock);
        for request in 0..100 {
            assert_eq!(fails(&instance, "/bad", request, failure, 1), []);
        }
        assert!(!instance.is_open());
        let instance = Instance::new("http://a", &store, &clock);
        for request in 0..100 {
            assert_eq!(fails(&instance, &format!("/{request}"), 1, failure, 1), []);
        }
        assert!(!instance.is_open());
    }
}

#[test]
fn a_service_that_fails_everybody_everywhere_is_given_a_rest() {
    let (store, clock) = (MemoryKeyValue::default(), TestClock::default());
    let instance = Instance::new("http://a", &store, &clock);
    let ejected =
        (0..15).any(|request| !fails(&instance, &format!("/{request}"), request, SICK, 1).is_empty());
    assert!(ejected);
}

#[test]
fn what_fails_at_every_address_speaks_against_none() {
    let (store, clock) = (MemoryKeyValue::default(), TestClock::default());
    let instance = Instance::new("http://a http://b", &store, &clock);
    for request in 0..100 {
        assert_eq!(fails(&instance, &format!("/{request}"), request, SICK, 2), []);
    }
}

#[test]
fn what_nobody_of_us_wrote_is_ignored() {
    for bytes in [&b""[..], b"x y", b"12", b"\xff 1", b"1 -1"] {
        assert_eq!(decode(bytes), None);
    }
    let ejection = Ejection {
        since: 12_345,
        last_probe: 7,
    };
    assert_eq!(decode(&encode(&ejection)), Some(ejection));
}

#[test]
fn a_claim_of_a_probe_grows_old_and_an_ejection_does_not() {
    let at = |seconds: u64| Timestamp::from_millis(seconds * 1000);
    assert!(is_old_claim("breaker/1000/flight/http://a", at(1061)));
    assert!(!is_old_claim("breaker/1000/flight/http://a", at(1060)));
    assert!(!is_old_claim("breaker/ejected/flight/http://a", at(9000)));
    assert!(!is_old_claim("rate-limit/1000/x", at(9000)));
}
