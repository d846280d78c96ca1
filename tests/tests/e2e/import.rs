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

#[tokio::test]
async fn a_hash_that_nobody_waits_for_is_refused_with_a_word_and_stops_nobody() {
    let app = Setup::usual().start();
    let user = app.new_user().await;
    let dear = NODE_HASH.replace("$04$", "$20$");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("users.csv");
    std::fs::write(&file, format!("id,email,password\n1,ada@example.com,{dear}\n")).unwrap();
    let import = |arguments: &[&str]| {
        let mut command = Command::new(prerequisites::built_binary("jetway-import"));
        command
            .args(arguments)
            .arg("--db")
            .arg(state::database_file(&app.state()));
        let output = command.arg(&file).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };

    for arguments in [&[][..], &["--bcrypt-cost", "17"]] {
        let report = import(arguments);
        assert!(report.contains("it must set a new password"), "{report}");
        assert!(!report.contains(&dear[7..]), "{report}");
    }

    // One that is there from before: everybody signs in as fast as without it, and its owner is nobody.
    let before = "UPDATE users SET password_hash = ?1 WHERE email = ?2";
    let other = app.new_user().await;
    let database = state::database(&app.state());
    assert_eq!(database.execute(before, [&dear, &other.email]).unwrap(), 1);
    let start = std::time::Instant::now();
    app.sign_in(&user.email, &user.password).await.expect_json(200);
    app.sign_in(&other.email, "correct horse battery")
        .await
        .expect_problem(401, "invalid_credentials");
    assert!(
        start.elapsed() < std::time::Duration::from_secs(5),
        "{:?}",
        start.elapsed()
    );
    assert!(app.log().contains("password_hash_too_dear"));
}
