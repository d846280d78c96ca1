//! Starting on a taken port, and ending in order.

use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::app::TestApp;
use crate::client::Request;

#[test]
fn requests_under_way_finish_and_no_new_ones_begin() {
    let mut app = TestApp::start();
    app.get("/plain/x");
    let mut stream = Request::get("/plain/sleep?1000").open(app.address);
    std::thread::sleep(Duration::from_millis(200));
    app.terminate();
    std::thread::sleep(Duration::from_millis(200));
    assert!(TcpStream::connect(app.address).is_err());
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(app.wait().success());
}

#[test]
fn work_after_the_response_finishes_too() {
    let mut app = TestApp::start();
    assert_eq!(app.get("/plain/later?700").body, "answered");
    app.terminate();
    assert!(app.wait().success());
    assert_eq!(app.log("app_stdout.txt"), "done later\n");
}

#[test]
fn with_nothing_to_do_it_ends_at_once() {
    let mut app = TestApp::start();
    app.get("/plain/x");
    let start = Instant::now();
    app.terminate();
    assert!(app.wait().success());
    assert!(
        start.elapsed() < Duration::from_millis(900),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn a_taken_port_is_one_line_that_says_what_to_do() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = tempfile::tempdir().unwrap();
    let wasm = crate::app::guests().join("jetway_host_guest_app.wasm");
    let manifest = format!(
        "spin_manifest_version = 2\napplication.name = \"test\"\n[[trigger.http]]\nroute = \"/...\"\n\
         component = \"app\"\n[component.app]\nsource = \"{}\"\n",
        wasm.display()
    );
    std::fs::write(folder.path().join("spin.toml"), manifest).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_jetway-host"))
        .args(["up", "--listen", &address, "--quiet", "--from"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(!output.status.success());
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(
        errors.contains(&address) && errors.contains("--listen"),
        "{errors}"
    );
}
