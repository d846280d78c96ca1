//! Accounts that were taken over from the Node stack sign in with the passwords they have.

use std::process::Command;

use jetway_tests::{Setup, prerequisites, state};

/// What `bcrypt` on Node stored for `correct horse battery` (cost 4).
const NODE_HASH: &str = "$2b$04$abcdefghijklmnopqrstuuqREtd3VJD2QVZbuFskFSLk6eRIrQoOS";

#[tokio::test]
async fn who_was_imported_signs_in_and_the_hash_is_made_new() {
    let app = Setup::usual()
        .with(&[
            ("password_pepper", "a pepper of the test's"),
            ("password_pepper_version", "3"),
        ])
        .start();
    // Makes the database.
    app.get("/readyz").await;
    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("node.sql");
    let rows = format!(
        "INSERT INTO `Users` (`id`, `email`, `password`, `createdAt`) VALUES (1, 'ada@example.com', '{NODE_HASH}', \
         '2020-01-02 03:04:05');
         INSERT INTO `Roles` (`id`, `name`) VALUES (4, 'AIRLINE'); INSERT INTO `UserRoles` (`userId`, `roleId`) VALUES (1, 4);"
    );
    std::fs::write(&dump, rows).unwrap();

    let import = Command::new(prerequisites::built_binary("jetway-import"))
        .arg("--db")
        .arg(state::database_file(&app.state()))
        .arg(&dump)
        .status();
    assert!(import.unwrap().success());

    let stored = || {
        state::text(
            &app.state(),
            "SELECT password_hash FROM users WHERE email = ?1",
            "ada@example.com",
        )
    };
    assert_eq!(stored(), NODE_HASH);
    app.sign_in("ada@example.com", "wrong horse battery")
        .await
        .expect_problem(401, "invalid_credentials");
    let answer = app
        .sign_in("ada@example.com", "correct horse battery")
        .await
        .expect_json(200);
    assert_eq!(
        answer["user"]["roles"],
        serde_json::json!(["airline", "customer"])
    );
    // Once the answer was on its way.
    for _ in 0..100 {
        if stored() != NODE_HASH {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert!(
        stored().starts_with("$bcrypt-hmac-sha256$p=3$2b$04$"),
        "{}",
        stored()
    );
    app.sign_in("ada@example.com", "correct horse battery")
        .await
        .expect_json(200);
}
