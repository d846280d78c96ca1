//! A mail provider that takes messages over HTTP and counts how often it was handed each.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use http::{HeaderMap, StatusCode};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::upstream::listen;
use crate::{BACKGROUND, TestApp};

/// How long a connection that was made while nobody accepted takes to turn up.
const STALE: Duration = Duration::from_millis(100);

/// A provider of the kind `webhook`.
#[derive(Debug)]
pub struct Provider {
    address: SocketAddr,
    /// How often it was handed a message, by idempotency key.
    times: Arc<Mutex<BTreeMap<String, u32>>>,
    answers: watch::Sender<bool>,
    not_yet_open: Option<TcpListener>,
}

impl Provider {
    /// One that takes every message.
    pub fn open() -> Self {
        let mut provider = Self::closed();
        provider.serve_on_background();
        provider
    }

    /// One whose connections nobody accepts until it is opened.
    pub fn closed() -> Self {
        let (address, listener) = listen();
        Self {
            address,
            times: Arc::default(),
            answers: watch::Sender::new(true),
            not_yet_open: Some(listener),
        }
    }

    /// Opens it. Who connected before has gone, and with them what they sent.
    pub async fn open_up(&mut self) {
        if let Some(listener) = &self.not_yet_open {
            while timeout(STALE, listener.accept()).await.is_ok() {}
        }
        self.serve_on_background();
    }

    fn serve_on_background(&mut self) {
        let Some(listener) = self.not_yet_open.take() else {
            return;
        };
        let (times, answers) = (Arc::clone(&self.times), self.answers.clone());
        // Whoever answers before all of a request is read ends the connection behind the answer, and loses the next request on it.
        let router = Router::new().fallback(move |headers: HeaderMap, _all: Bytes| {
            let (times, mut answers) = (Arc::clone(&times), answers.subscribe());
            async move {
                let key = headers.get("webhook-id").expect("an idempotency key");
                let key = key.to_str().expect("a key of visible ASCII").to_owned();
                *times.lock().expect("no handler panics").entry(key).or_default() += 1;
                // An error says that the test is over.
                answers.wait_for(|answers| *answers).await.ok();
                StatusCode::NO_CONTENT
            }
        });
        BACKGROUND.spawn(async move { axum::serve(listener, router).await });
    }

    /// From now on it takes messages and says nothing.
    pub fn fall_silent(&self) {
        self.answers.send_replace(false);
    }

    /// From now on it answers, also what has been waiting.
    pub fn answer(&self) {
        self.answers.send_replace(true);
    }

    /// How often it was handed each message, by idempotency key.
    pub fn times(&self) -> BTreeMap<String, u32> {
        self.times.lock().expect("no handler panics").clone()
    }

    /// The variables of a gateway whose mail goes there.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let url = format!("http://{}", self.address);
        let secret = "whsec_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
        vec![
            ("mail_provider", "webhook".to_owned()),
            ("mail_webhook_url", url.clone()),
            ("mail_webhook_secret", secret.to_owned()),
            ("mail_host", url),
            ("mail_from", "Jetway <no-reply@jetway.example>".to_owned()),
            ("public_url", "https://jetway.example".to_owned()),
        ]
    }
}

impl TestApp {
    /// How many notifications are in this state.
    pub fn notifications(&self, state: &str) -> usize {
        let query = "SELECT count(*) FROM notifications WHERE state = ?1";
        let count = crate::state::number(&self.state(), query, state);
        usize::try_from(count).expect("a count")
    }

    /// Ends every lease, as a minute would.
    pub fn end_leases(&self) {
        let over =
            "UPDATE notifications SET lease_until = '2026-01-01T00:00:00.000Z' WHERE state = 'claimed'";
        crate::state::database(&self.state())
            .execute(over, [])
            .expect("a database that can be written");
    }

    /// Sweeps until nothing is left, which a sweep of many may leave to the next, and tells how many were delivered.
    pub async fn sweep_all(&self) -> u64 {
        let mut delivered = 0;
        loop {
            let tally = self.sweep().await;
            delivered += tally["delivered"].as_u64().expect("a count");
            if tally["claimed"] == 0 {
                return delivered;
            }
        }
    }
}
