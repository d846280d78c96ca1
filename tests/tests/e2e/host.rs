//! The embedded host as a program: what it prints, what it refuses, how it ends.

use std::net::TcpListener;
use std::process::{Command, Output};
use std::time::Duration;

use axum::extract::Request;
use jetway_tests::app::new_email;
use jetway_tests::process::Process;
use jetway_tests::setup::serving_address;
use jetway_tests::upstream::Upstream;
use jetway_tests::{Setup, TestApp, prerequisites, state};

const PATIENCE: Duration = Duration::from_secs(60);

/// A component without anything in it.
const EMPTY_COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// The line with which the host refuses to run `manifest`, where `component` is its one.wasm.
fn refusal(manifest: &str, component: Option<&[u8]>) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("spin.toml"), manifest).unwrap();
    if let Some(component) = component {
        std::fs::write(folder.path().join("one.wasm"), component).unwrap();
    }
    let up = ["up", "--listen", "127.0.0.1:0", "--state-dir", ""];
    refusal_of(
        Command::new(prerequisites::host())
            .args(up)
            .current_dir(folder.path()),
    )
}

/// The line with which the host refuses. Before it may stand what was going on, such as `Compiling ...`.
fn refusal_of(host: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = host.output().unwrap();
    let said = String::from_utf8(stderr).unwrap();
    assert!(!status.success(), "{said}{}", String::from_utf8_lossy(&stdout));
    let errors: Vec<_> = said
        .lines()
        .filter(|line| !line.starts_with("Compiling "))
        .collect();
    assert_eq!(errors.len(), 1, "{said}");
    errors[0].to_owned()
}

/// A manifest of one component at `/...`, with these lines in its section.
fn manifest_with(lines: &str) -> String {
    format!(
        "spin_manifest_version = 2\n[application]\nname = \"test\"\n\n[[trigger.http]]\nroute = \"/...\"\n\
         component = \"one\"\n\n[component.one]\nsource = \"one.wasm\"\n{lines}\n"
    )
}

#[track_caller]
fn assert_says(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "{word:?} is not in {said:?}");
    }
}

#[test]
fn an_unknown_key_is_named_with_its_line() {
    let said = refusal(
        &manifest_with("allowed_outbund_hosts = []"),
        Some(EMPTY_COMPONENT),
    );

    assert_says(&said, &["allowed_outbund_hosts", ":11"]);
}

#[test]
fn a_wrong_type_is_named_with_its_line() {
    let said = refusal(
        &manifest_with("key_value_stores = \"default\""),
        Some(EMPTY_COMPONENT),
    );

    assert_says(&said, &["key_value_stores", ":11"]);
}

#[test]
fn a_component_that_is_not_there_is_named() {
    let manifest = manifest_with("").replace("component = \"one\"", "component = \"two\"");

    assert_says(&refusal(&manifest, Some(EMPTY_COMPONENT)), &["two"]);
}

#[test]
fn what_is_not_toml_is_named_with_its_line() {
    assert_says(
        &refusal("spin_manifest_version = 2\n[application\n", Some(EMPTY_COMPONENT)),
        &["spin.toml", ":2"],
    );
}

#[test]
fn a_missing_component_file_is_named_and_so_is_what_to_do() {
    assert_says(&refusal(&manifest_with(""), None), &["one.wasm", "build"]);
}

#[test]
fn a_component_file_that_is_none_is_named() {
    assert_says(
        &refusal(&manifest_with(""), Some(b"this is not WebAssembly")),
        &["one"],
    );
}

#[test]
fn a_folder_without_a_manifest_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();

    let said = refusal_of(Command::new(prerequisites::host()).arg("up").current_dir(&folder));

    assert_says(&said, &["spin.toml", "--from"]);
}

#[test]
fn a_variable_without_a_value_is_named() {
    let manifest = format!(
        "{}\n[variables]\nneeded = {{ required = true }}\n",
        manifest_with("")
    );

    assert_says(&refusal(&manifest, Some(EMPTY_COMPONENT)), &["needed"]);
}

#[test]
fn a_port_that_is_taken_is_named_and_so_is_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let state = tempfile::tempdir().unwrap();

    let mut host = Command::new(prerequisites::host());
    host.arg("up").arg("--from").arg(prerequisites::manifest());
    host.args(["--listen", &address])
        .arg("--state-dir")
        .arg(state.path());
    let said = refusal_of(&mut host);

    assert_says(&said, &[&address, "--listen"]);
}

#[tokio::test]
async fn being_told_to_end_it_finishes_what_it_has_begun() {
    let slow = |_: Request| async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        "at last"
    };
    let setup = Setup::in_front_of(Upstream::answering(slow), Upstream::echo());
    let mut app = setup.on_embedded_host().start();
    let begun = tokio::spawn(app.get("/api/v1/flights").into_future());
    tokio::time::sleep(Duration::from_millis(700)).await;

    let status = tokio::task::spawn_blocking(move || app.stop()).await.unwrap();

    assert_eq!(begun.await.unwrap().body, "at last");
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn the_state_folder_is_laid_out_as_spin_lays_it_out() {
    let app = TestApp::with(&[("rate_limit_default", "5;w=31622400")]);
    app.get("/api/v1/flights").await.expect(200);
    app.sign_up(&new_email()).await.expect_json(201);

    let store = rusqlite::Connection::open(state::key_value_file(&app.state())).unwrap();
    let counters: i64 = store
        .query_row(
            "SELECT count(*) FROM spin_key_value WHERE store = 'default' AND length(value) = 8",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!(counters >= 1, "a counter is eight bytes");
    let ones: i64 = store
        .query_row(
            "SELECT count(*) FROM spin_key_value WHERE value = x'0100000000000000'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!(ones >= 1, "the lowest byte comes first");
    assert!(state::database_file(&app.state()).is_file());
}

#[test]
fn the_address_and_the_routes_are_printed() {
    let setup = Setup::usual().on_embedded_host();
    let process: Process = setup.launch();

    let address = serving_address(&process);
    process.wait_for("/api/v1/signup", PATIENCE);

    assert_ne!(address.port(), 0);
}
