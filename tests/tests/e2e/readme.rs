//! What the README says to try, run as it is written.

use std::path::Path;
use std::time::Duration;

use jetway_tests::app::{INTERNAL_TOKEN, PASSWORD, new_email};
use jetway_tests::upstream::Upstream;
use jetway_tests::{Setup, TestApp, prerequisites};
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::process::Command;

/// The shell block under the mark `<!-- test: NAME -->`.
fn block(name: &str) -> String {
    let readme = std::fs::read_to_string(prerequisites::workspace().join("README.md")).unwrap();
    let mark = format!("<!-- test: {name} -->\n```sh\n");
    let (_, rest) = readme
        .split_once(&mark)
        .unwrap_or_else(|| panic!("the README has no {mark:?}"));
    rest.split_once("```").unwrap().0.to_owned()
}

/// What the block prints, run in `folder`, with nothing changed but the gateway's port.
async fn run(block: &str, app: &TestApp, folder: &Path) -> String {
    let written = "GATEWAY=http://127.0.0.1:3001\n";
    assert!(block.contains(written), "{block}");
    let script = block.replace(written, &format!("GATEWAY=http://{}\n", app.address()));
    let output = Command::new("bash")
        .arg("-euc")
        .arg(&script)
        .current_dir(folder)
        .output()
        .await
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && complaints.is_empty(),
        "{printed}\n{complaints}\nfrom\n{script}"
    );
    printed
}

/// Each JSON document that was printed, one after the other.
fn documents(printed: &str) -> Vec<Value> {
    let start = printed.find('{').unwrap();
    serde_json::Deserializer::from_str(&printed[start..])
        .into_iter()
        .map_while(Result::ok)
        .collect()
}

/// The limits are those of the manifest, so their windows are a minute: waits until this one is young.
async fn early_in_a_window() {
    let second = OffsetDateTime::now_utc().second();
    if second > 35 {
        tokio::time::sleep(Duration::from_secs(u64::from(61 - second))).await;
    }
}

#[tokio::test]
async fn from_sign_up_to_a_booking_and_to_a_role() {
    early_in_a_window().await;
    let (flights, bookings) = Upstream::demo();
    let app = Setup::in_front_of(flights, bookings)
        .with_defaults_of("rate_limit_")
        .start();
    let admin = new_email();
    app.bootstrap(jetway_tests::app::BOOTSTRAP_TOKEN, &admin)
        .await
        .expect_json(201);
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join(".spin")).unwrap();
    let sign_in = json!({"email": admin, "password": PASSWORD}).to_string();
    std::fs::write(folder.path().join(".spin/dev-admin.json"), sign_in).unwrap();
    std::fs::write(folder.path().join(".spin/dev-internal-token"), INTERNAL_TOKEN).unwrap();

    let printed = run(&block("try"), &app, folder.path()).await;

    let documents = documents(&printed);
    let user = &documents[0];
    assert_eq!(user["email"], "ada@example.com", "{printed}");
    let booking = &documents[1];
    assert_eq!(booking["user_id"], user["id"], "{printed}");
    assert_eq!(booking["seats"], 1, "{printed}");
    assert_eq!(documents[2]["bookings"], json!([booking]), "{printed}");
    // Nobody sweeps here: that mail arrives is for others to test.
    assert!(documents[3]["messages"].is_array(), "{printed}");
    assert!(printed.contains("HTTP/1.1 401"), "{printed}");
    assert!(printed.contains(r#""code":"unauthenticated""#), "{printed}");
    assert!(printed.ends_with("401\n401\n401\n401\n401\n429\n"), "{printed}");

    let printed = run(&block("inbox"), &app, folder.path()).await;

    assert!(self::documents(&printed)[0]["messages"].is_array(), "{printed}");

    let printed = run(&block("admin"), &app, folder.path()).await;

    assert!(printed.contains("HTTP/1.1 204"), "{printed}");
    assert!(printed.contains("airline"), "{printed}");
}
