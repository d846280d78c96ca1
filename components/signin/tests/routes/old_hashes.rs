//! Hashes of an old form: they let in whom they should, and are made new.

use jetway_gateway::test_support::TestVariables;

use crate::app::{PASSWORD, TestApp, assert_problem, tokens_of};

const ADA: &str = "ada@example.com";
/// As programs on Node and PHP write it.
const PLAIN: [&str; 3] = ["$2a$", "$2b$", "$2y$"];

fn with_pepper(pepper: &str, version: &str, previous: &str) -> TestVariables {
    TestVariables::default()
        .with("rate_limits", "* /... default 300;w=60")
        .with("password_pepper", pepper)
        .with("password_pepper_version", version)
        .with("password_pepper_previous", previous)
}

impl TestApp {
    fn with_ada(variables: TestVariables) -> Self {
        let app = Self::with(variables);
        app.sign_up(ADA);
        app
    }

    fn set_hash(&self, hash: &str) {
        let statement = format!("UPDATE users SET password_hash = '{hash}'");
        self.ports.databases.run(&statement);
    }

    fn hash(&self) -> String {
        self.ports.databases.text("SELECT password_hash FROM users")
    }
}

/// As another program hashed it.
fn plain(password: &str, version: &str) -> String {
    let hash = bcrypt::hash_with_salt(password, 4, [9; 16]).unwrap().to_string();
    format!("{version}{}", &hash[4..])
}

#[test]
fn a_plain_hash_lets_its_user_in_and_is_made_new() {
    for version in PLAIN {
        let app = TestApp::with_ada(with_pepper("pepper", "1", ""));
        app.set_hash(&plain(PASSWORD, version));
        assert_problem(
            &app.try_sign_in(ADA, "wrong password"),
            401,
            "invalid_credentials",
        );
        assert!(
            app.hash().starts_with(version),
            "a wrong password upgrades nothing"
        );

        app.sign_in(ADA);

        assert!(
            app.hash().starts_with("$bcrypt-hmac-sha256$p=1$2b$04$"),
            "{}",
            app.hash()
        );
        app.sign_in(ADA);
        assert_problem(
            &app.try_sign_in(ADA, "wrong password"),
            401,
            "invalid_credentials",
        );
    }
}

#[test]
fn a_short_password_and_a_long_one_that_node_took_still_let_their_users_in() {
    let app = TestApp::with_ada(with_pepper("", "1", ""));
    let long = "correct horse battery ".repeat(4);
    for password in ["abc", &long] {
        app.set_hash(&plain(&password[..password.len().min(72)], "$2b$"));
        tokens_of(&app.try_sign_in(ADA, password));
        assert!(app.hash().starts_with("$bcrypt-hmac-sha256$p=0$"));
        tokens_of(&app.try_sign_in(ADA, password));
    }
    // The new hash is of the whole password.
    assert_problem(&app.try_sign_in(ADA, &long[..72]), 401, "invalid_credentials");
}

#[test]
fn an_old_cost_an_old_pepper_and_none_are_made_new() {
    let mut app = TestApp::with_ada(with_pepper("", "1", ""));
    let steps = [
        (
            with_pepper("", "1", "").with("bcrypt_cost", "5"),
            "$bcrypt-hmac-sha256$p=0$2b$05$",
        ),
        (with_pepper("first", "1", ""), "$bcrypt-hmac-sha256$p=1$2b$04$"),
        (
            with_pepper("second", "2", "first"),
            "$bcrypt-hmac-sha256$p=2$2b$04$",
        ),
    ];
    for (variables, form) in steps {
        app.variables = variables;
        app.sign_in(ADA);
        assert!(app.hash().starts_with(form), "{}", app.hash());
        let hash = app.hash();
        app.sign_in(ADA);
        assert_eq!(app.hash(), hash, "what is new stays");
    }
}

#[test]
fn a_hash_whose_pepper_is_not_configured_lets_nobody_in() {
    let mut app = TestApp::with_ada(with_pepper("first", "1", ""));
    app.sign_in(ADA);
    let hash = app.hash();
    assert!(hash.starts_with("$bcrypt-hmac-sha256$p=1$"), "{hash}");
    app.variables = with_pepper("third", "3", "second");

    let answer = app.try_sign_in(ADA, PASSWORD);

    assert_problem(&answer, 401, "invalid_credentials");
    assert_eq!(
        answer.body(),
        app.try_sign_in("nobody@example.com", PASSWORD).body()
    );
    assert_eq!(app.hash(), hash);
}
