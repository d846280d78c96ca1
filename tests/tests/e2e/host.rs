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
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);

/// The one line with which the host refuses to run `manifest` with these arguments.
fn refusal(manifest: &str, arguments: &[&str]) -> String {
    let folder = folder_with(manifest);
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(prerequisites::host())
        .args(["up", "--listen", "127.0.0.1:0"])
        .args(arguments)
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8(stderr).unwrap();
    assert!(!status.success(), "{said}{}", String::from_utf8_lossy(&stdout));
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    said
}

fn folder_with(manifest: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("spin.toml"), manifest).unwrap();
    folder
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
    let said = refusal(&manifest_with("allowed_outbund_hosts = []"), &[]);

    assert_says(&said, &["allowed_outbund_hosts", ":11"]);
}

#[test]
fn a_wrong_type_is_named_with_its_line() {
    let said = refusal(&manifest_with("key_value_stores = \"default\""), &[]);

    assert_says(&said, &["key_value_stores", ":11"]);
}

#[test]
fn a_component_that_is_not_there_is_named() {
    let manifest = manifest_with("").replace("component = \"one\"", "component = \"two\"");

    assert_says(&refusal(&manifest, &[]), &["two"]);
}

#[test]
fn what_is_not_toml_is_named_with_its_line() {
    assert_says(
        &refusal("spin_manifest_version = 2\n[application\n", &[]),
        &["spin.toml", ":2"],
    );
}

#[test]
fn a_missing_component_file_is_named_and_so_is_what_to_do() {
    assert_says(&refusal(&manifest_with(""), &[]), &["one.wasm", "build"]);
}

#[test]
fn a_component_file_that_is_none_is_named() {
    let folder = folder_with(&manifest_with(""));
    std::fs::write(folder.path().join("one.wasm"), "this is not WebAssembly").unwrap();

    let output = Command::new(prerequisites::host())
        .args(["up", "--listen", "127.0.0.1:0"])
        .current_dir(&folder)
        .output()
        .unwrap();

    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.trim_end().lines().count(), 1, "{said}");
    assert_says(&said, &["one"]);
}

#[test]
fn a_folder_without_a_manifest_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();

    let output = Command::new(prerequisites::host())
        .arg("up")
        .current_dir(&folder)
        .output()
        .unwrap();

    assert!(!output.status.success());
    assert_says(
        &String::from_utf8(output.stderr).unwrap(),
        &["spin.toml", "--from"],
    );
}

#[test]
fn a_variable_without_a_value_is_named() {
    let manifest = format!(
        "{}\n[variables]\nneeded = {{ required = true }}\n",
        manifest_with("")
    );

    assert_says(&refusal(&manifest, &[]), &["needed"]);
}

#[test]
fn a_port_that_is_taken_is_named_and_so_is_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let manifest = prerequisites::manifest();
    let state = tempfile::tempdir().unwrap();

    let output = Command::new(prerequisites::host())
        .arg("up")
        .arg("--from")
        .arg(&manifest)
        .args(["--listen", &format!("127.0.0.1:{port}")])
        .arg("--state-dir")
        .arg(state.path())
        .output()
        .unwrap();

    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    let last = said.trim_end().lines().last().unwrap();
    assert_says(last, &[&port, "--listen"]);
}

#[tokio::test]
async fn being_told_to_end_it_finishes_what_it_has_begun() {
    let slow = |_: Request| async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        "at last"
    };
    let mut app = TestApp::in_front_of(Upstream::answering(slow), Upstream::echo());
    let begun = tokio::spawn(app.get("/api/v1/flights").into_future());
    tokio::time::sleep(Duration::from_millis(700)).await;

    let status = tokio::task::spawn_blocking(move || app.stop()).await.unwrap();

    assert_eq!(begun.await.unwrap().body, "at last");
    if !prerequisites::on_real_spin() {
        assert!(status.success(), "{status}");
    }
}

#[tokio::test]
async fn the_state_folder_is_laid_out_as_spin_lays_it_out() {
    let app = TestApp::with(&[("rate_limit_default", "5;w=86400")]);
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
    let setup = Setup::usual();
    let process: Process = setup.launch();

    let address = serving_address(&process);
    process.wait_for("/api/v1/signup", PATIENCE);

    assert_ne!(address.port(), 0);
}
