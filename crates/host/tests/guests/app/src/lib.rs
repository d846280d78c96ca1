//! A component that does, by its path, whatever a test of the host wants to see done.
#![cfg(target_arch = "wasm32")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::SinkExt as _;
use spin_sdk::http::{BoxBody, FullBody, Request, Response, box_body, get};
use spin_sdk::http_service;
use spin_sdk::wasip3::clocks::monotonic_clock::wait_for;
use spin_sdk::wasip3::http::types::ErrorCode;
use spin_sdk::wasip3::random::random::get_random_u64;
use spin_sdk::wasip3::spawn;
use spin_sdk::wasip3::wit_bindgen::yield_async;

/// How many requests this instance has seen.
static SEEN: AtomicUsize = AtomicUsize::new(0);
/// How many requests this instance has at the moment.
static RUNNING: AtomicUsize = AtomicUsize::new(0);
/// Tells this instance from others.
static INSTANCE: std::sync::LazyLock<u64> = std::sync::LazyLock::new(get_random_u64);

#[http_service]
async fn handle(request: Request) -> Result<Response<BoxBody>, ErrorCode> {
    let path = request.uri().path().to_owned();
    let argument = request.uri().query().unwrap_or_default().to_owned();
    let seen = SEEN.fetch_add(1, Ordering::Relaxed) + 1;
    match path.rsplit('/').next().unwrap_or_default() {
        "headers" => Ok(text(headers(&request))),
        "env" => Ok(text(
            std::env::var(argument).unwrap_or_else(|_| "(not set)".into()),
        )),
        "all-env" => Ok(text(format!("{:?}", std::env::vars().collect::<Vec<_>>()))),
        "print" => {
            println!("to stdout: {argument}");
            eprintln!("to stderr: {argument}");
            Ok(text("printed"))
        }
        "fetch" => Ok(match get(&argument).await {
            Ok(response) => response.map(box_body),
            Err(error) => text(format!("{error:?}")),
        }),
        "echo" => Ok(Response::new(box_body(request.into_body()))),
        "drip" => Ok(drip()),
        "sleep" => {
            let running = RUNNING.fetch_add(1, Ordering::Relaxed) + 1;
            sleep(&argument).await;
            RUNNING.fetch_sub(1, Ordering::Relaxed);
            Ok(text(format!("{} {seen} {running}", *INSTANCE)))
        }
        "give-way" => {
            compute_and_give_way(&argument).await;
            Ok(text(format!("{} {seen}", *INSTANCE)))
        }
        "compute" => loop {
            std::hint::black_box(());
        },
        "count" => Ok(text(format!("{} {seen}", *INSTANCE))),
        "later" => {
            spawn(async move {
                sleep(&argument).await;
                println!("done later");
            });
            Ok(text("answered"))
        }
        "trap" => std::process::abort(),
        "error" => Err(ErrorCode::InternalError(Some("the guest's secret".into()))),
        _ => Ok(text(path)),
    }
}

fn text(text: impl Into<String>) -> Response<BoxBody> {
    Response::new(box_body(FullBody::new(Bytes::from(text.into()))))
}

fn headers(request: &Request) -> String {
    let line = |(name, value): (&spin_sdk::http::HeaderName, &spin_sdk::http::HeaderValue)| {
        format!("{name}: {}\n", String::from_utf8_lossy(value.as_bytes()))
    };
    request.headers().iter().map(line).collect()
}

/// Two pieces, the second a second after the first.
fn drip() -> Response<BoxBody> {
    let (mut sender, body) = spin_sdk::http::body::stream::<&'static str>();
    spawn(async move {
        sender.send("first").await.ok();
        sleep("1000").await;
        sender.send("second").await.ok();
    });
    Response::new(box_body(body))
}

/// Computes for as long, a little at a time.
async fn compute_and_give_way(milliseconds: &str) {
    let end = Instant::now() + Duration::from_millis(milliseconds.parse().unwrap_or_default());
    while Instant::now() < end {
        let slice = Instant::now() + Duration::from_micros(100);
        while Instant::now() < slice {
            std::hint::black_box(());
        }
        yield_async().await;
    }
}

async fn sleep(milliseconds: &str) {
    let duration = Duration::from_millis(milliseconds.parse().unwrap_or_default());
    wait_for(duration.as_nanos() as u64).await;
}
