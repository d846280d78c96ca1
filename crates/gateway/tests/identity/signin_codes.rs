//! Codes out of mails: what one starts, what one shows, and when it is worth nothing.

use std::time::Duration;

use jetway_gateway::accounts::ONE_TIME_TOKENS;
use jetway_gateway::domain::{AskingBrowser, AuthMethod, OneTimeTokenId, SigninCode, UserId};
use jetway_gateway::sessions::{self, Client, CodeMaker, Grant, ShownCode, SignInError};
use jetway_gateway::store::secrets::{self, ServerSecret};
use jetway_gateway::test_support::block_on;

use crate::world::{PASSWORD, World, address, at_once};

const ADA: &str = "ada@example.com";
const TEN_MINUTES: Duration = Duration::from_secs(600);

impl World {
    fn code_secret(&self) -> ServerSecret {
        let store = self.store();
        block_on(secrets::load_or_create(
            &store,
            ONE_TIME_TOKENS,
            &self.ports.entropy,
        ))
        .unwrap()
    }

    /// Asks for a code, and gives what the browser was given and whose address it is.
    fn ask_for_code(&self, email: &str) -> (AskingBrowser, Option<UserId>) {
        let browser = AskingBrowser::generate(&self.ports.entropy);
        let secret = self.code_secret();
        let maker = CodeMaker {
            secret: &secret,
            lifetime: TEN_MINUTES,
            link_lifetime: TEN_MINUTES * 6,
            clock: &self.ports.clock,
            entropy: &self.ports.entropy,
        };
        let (store, email) = (self.store(), address(email));
        let owner = block_on(sessions::request_code(&store, &email, &browser, &maker)).unwrap();
        (browser, owner)
    }

    /// As the notification does it: from the newest event and the secret.
    fn code_in_mail(&self) -> SigninCode {
        let id = self.ports.databases.text(
            "SELECT json_extract(data, '$.token_id') FROM outbox
             WHERE type = 'com.jetway.signin.code_requested.v1' ORDER BY rowid DESC LIMIT 1",
        );
        sessions::signin_code(&self.code_secret(), OneTimeTokenId::parse(&id).unwrap())
    }

    fn show_code(
        &self,
        email: &str,
        browser: &AskingBrowser,
        code: SigninCode,
    ) -> Result<Grant, SignInError> {
        let store = self.store();
        let shown = ShownCode {
            email: address(email),
            browsers: vec![browser.hash()],
            code,
            second_factor: None,
        };
        let secret = self.code_secret();
        let (sessions, client) = (self.sessions(&store), Client::default());
        block_on(sessions.sign_in_by_code(&shown, &client, &secret)).map_err(|refused| refused.why)
    }

    fn rows(&self, what: &str) -> String {
        self.ports.databases.text(&format!("SELECT count(*) FROM {what}"))
    }
}

#[track_caller]
fn refused(answer: Result<Grant, SignInError>) {
    assert_eq!(answer.err(), Some(SignInError::WrongCode));
}

#[test]
fn a_code_starts_a_session_that_says_how_and_shows_the_address() {
    let world = World::default();
    let ada = world.sign_up(ADA);
    let (browser, owner) = world.ask_for_code("ADA@example.com");
    assert_eq!(owner, Some(ada.id));

    let grant = world.show_code(ADA, &browser, world.code_in_mail()).unwrap();

    assert_eq!(
        (grant.user.id, &grant.methods[..]),
        (ada.id, &[AuthMethod::Email][..])
    );
    assert_eq!(world.identity(&grant).user(), ada.id);
    assert_eq!(world.rows("sessions WHERE amr = '[\"email\"]'"), "1");
    assert_eq!(world.rows("users WHERE email_verified_at IS NOT NULL"), "1");
    assert_eq!(world.rows("audit_log WHERE action = 'email.verified'"), "1");
    assert_eq!(world.rows("signin_codes"), "0");
}

#[test]
fn tokens_from_before_the_address_was_shown_are_worth_nothing() {
    let world = World::default();
    world.sign_up(ADA);
    let stranger = world.sign_in(ADA);
    let (browser, _) = world.ask_for_code(ADA);

    world.show_code(ADA, &browser, world.code_in_mail()).unwrap();

    assert!(world.verify(&stranger).is_err());
    assert!(world.try_sign_in(ADA, PASSWORD).is_err());
    assert_eq!(world.rows("sessions WHERE ended_at IS NULL"), "1");
    assert_eq!(world.rows("one_time_tokens"), "0");
}

#[test]
fn an_account_without_a_password_has_a_way_in() {
    let world = World::default();
    world.sign_up(ADA);
    world.ports.databases.run("UPDATE users SET password_hash = '*'");
    let (browser, _) = world.ask_for_code(ADA);
    world.show_code(ADA, &browser, world.code_in_mail()).unwrap();
}

#[test]
fn nobodys_address_has_a_code_that_nobody_knows_and_no_mail() {
    let world = World::default();
    let (browser, owner) = world.ask_for_code("nobody@example.com");
    assert_eq!(owner, None);
    assert_eq!(
        (world.rows("signin_codes"), world.rows("device_links")),
        ("1".into(), "0".into())
    );
    assert_eq!(world.rows("outbox"), "0");
    let id = world.ports.databases.text("SELECT id FROM signin_codes");
    let code = sessions::signin_code(&world.code_secret(), OneTimeTokenId::parse(&id).unwrap());
    refused(world.show_code("nobody@example.com", &browser, code));
    // Nor once the address is somebody's.
    world.sign_up("nobody@example.com");
    refused(world.show_code("nobody@example.com", &browser, code));
    let stored = world
        .ports
        .databases
        .text("SELECT hex(address) FROM signin_codes");
    assert_eq!(stored.len(), 64, "a hash, and no address");
}

#[test]
fn a_code_ends_with_its_time_its_password_its_account_and_its_address() {
    for end in [
        "",
        "UPDATE users SET password_hash = replace(password_hash, '$04$', '$05$')",
        "UPDATE users SET disabled_at = '2026-01-02'",
        "UPDATE users SET email = 'other@example.com'",
        "DELETE FROM users",
    ] {
        let world = World::default();
        world.sign_up(ADA);
        let (browser, _) = world.ask_for_code(ADA);
        let code = world.code_in_mail();
        if end.is_empty() {
            world.ports.clock.advance(TEN_MINUTES);
        } else {
            world.ports.databases.run(end);
        }
        refused(world.show_code(ADA, &browser, code));
        assert_eq!(world.rows("sessions"), "0", "{end}");
    }
}

#[test]
fn of_five_who_use_a_code_at_once_one_is_signed_in() {
    let world = World::default();
    world.sign_up(ADA);
    let (browser, _) = world.ask_for_code(ADA);
    let code = world.code_in_mail();
    let answers = at_once(5, |_| world.show_code(ADA, &browser, code).is_ok());
    assert_eq!(
        answers.iter().filter(|signed_in| **signed_in).count(),
        1,
        "{answers:?}"
    );
    assert_eq!(world.rows("sessions"), "1");
}

#[test]
fn what_is_over_goes_when_somebody_asks() {
    let world = World::default();
    for i in 0..15 {
        world.ask_for_code(&format!("nobody{i}@example.com"));
    }
    world.ports.clock.advance(TEN_MINUTES);
    world.ask_for_code(ADA);
    assert_eq!(world.rows("signin_codes"), "1");
}

#[test]
fn a_password_of_a_verified_address_stays() {
    let world = World::default();
    world.sign_up(ADA);
    world
        .ports
        .databases
        .run("UPDATE users SET email_verified_at = created_at");
    let (browser, _) = world.ask_for_code(ADA);
    world.show_code(ADA, &browser, world.code_in_mail()).unwrap();
    // It was chosen by who has the address, and stays.
    assert!(world.try_sign_in(ADA, PASSWORD).is_ok());
}
