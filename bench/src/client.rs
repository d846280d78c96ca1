//! The requests that prepare a measurement, and those that are counted or timed one by one.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

/// Whoever has not answered by then never will.
const PATIENCE: Duration = Duration::from_secs(60);

const EMAIL: &str = "ada@example.com";
const PASSWORD: &str = "correct horse battery";

/// The body of a sign-in (and of a sign-up) of the one account.
pub(crate) fn credentials() -> String {
    json!({"email": EMAIL, "password": PASSWORD}).to_string()
}

/// Makes the account, signs in, and returns the access token.
pub(crate) async fn sign_up_and_in(gateway: SocketAddr) -> Result<String> {
    let client = client()?;
    let post = |path: &str| {
        client
            .post(format!("http://{gateway}{path}"))
            .header("content-type", "application/json")
            .body(credentials())
            .send()
    };
    let made = post("/api/v1/signup").await.context("cannot sign up")?.status();
    ensure!(
        made == StatusCode::CREATED || made == StatusCode::CONFLICT,
        "sign-up was answered {made}"
    );
    let answer = post("/api/v1/signin").await.context("cannot sign in")?;
    let status = answer.status();
    let body: Value = answer
        .json()
        .await
        .context("the answer to a sign-in is not JSON")?;
    let token = body["access_token"].as_str();
    Ok(token
        .with_context(|| format!("sign-in was answered {status}"))?
        .to_owned())
}

/// Sends GETs until one is answered 200, and tells how long that took.
pub(crate) async fn first_answer(
    gateway: SocketAddr,
    path: &str,
    since: Instant,
    patience: Duration,
) -> Result<Duration> {
    const BETWEEN_TRIES: Duration = Duration::from_millis(2);
    let client = client()?;
    let url = format!("http://{gateway}{path}");
    let mut last = String::new();
    while since.elapsed() < patience {
        match client.get(&url).send().await {
            Ok(answer) if answer.status() == StatusCode::OK => return Ok(since.elapsed()),
            Ok(answer) => last = answer.status().to_string(),
            Err(error) if error.is_connect() => last = "nobody listens".to_owned(),
            Err(error) => last = error.to_string(),
        }
        tokio::time::sleep(BETWEEN_TRIES).await;
    }
    anyhow::bail!("{path} was not answered within {} s: {last}", patience.as_secs())
}

/// Sends `count` GETs, one every `period`. All must be answered 200.
pub(crate) async fn steadily(
    gateway: SocketAddr,
    path: &str,
    token: &str,
    count: u32,
    period: Duration,
) -> Result<()> {
    let client = client()?;
    let url = format!("http://{gateway}{path}");
    let mut beat = tokio::time::interval(period);
    for number in 1..=count {
        beat.tick().await;
        let status = client.get(&url).bearer_auth(token).send().await?.status();
        ensure!(
            status == StatusCode::OK,
            "request {number} of a steady client was answered {status}"
        );
    }
    Ok(())
}

fn client() -> Result<Client> {
    Ok(Client::builder().no_proxy().timeout(PATIENCE).build()?)
}
