//! Tokens out of mails: each is good for one thing, once, until it expires.

use std::time::Duration;

use jetway_gateway::Failure;
use jetway_gateway::accounts::{self, ONE_TIME_TOKENS, Purpose, TokenError, TokenMaker, one_time_token};
use jetway_gateway::domain::{OneTimeToken, OneTimeTokenId, UserId};
use jetway_gateway::store::secrets::{self, ServerSecret};
use jetway_gateway::test_support::{CountingEntropy, TestClock, block_on};

use crate::world::{PASSWORD, World, address, at_once, password, refresh};

const NEW: &str = "another fine password";
const HOUR: Duration = Duration::from_secs(3600);

impl World {
    fn secret(&self) -> ServerSecret {
        block_on(secrets::load_or_create(
            &self.store(),
            ONE_TIME_TOKENS,
            &self.ports.entropy,
        ))
        .unwrap()
    }

    fn ask(&self, purpose: Purpose, email: &str) -> Option<UserId> {
        let secret = self.secret();
        let maker = TokenMaker {
            secret: &secret,
            lifetime: HOUR,
            clock: &self.ports.clock,
            entropy: &self.ports.entropy,
        };
        block_on(accounts::request_mail(
            &self.store(),
            purpose,
            &address(email),
            &maker,
        ))
        .unwrap()
    }

    /// As the notification does it: from the newest event and the secret.
    fn token_in_mail(&self) -> OneTimeToken {
        let id = self.ports.databases.text(
            "SELECT json_extract(data, '$.token_id') FROM outbox
             WHERE json_extract(data, '$.token_id') IS NOT NULL ORDER BY rowid DESC LIMIT 1",
        );
        one_time_token(&self.secret(), OneTimeTokenId::parse(&id).unwrap())
    }

    fn mailed(&self, purpose: Purpose, email: &str) -> OneTimeToken {
        assert!(self.ask(purpose, email).is_some());
        self.token_in_mail()
    }

    fn verify_email(&self, token: &OneTimeToken) -> Result<UserId, TokenError> {
        self.verify_email_by(None, token)
    }

    fn verify_email_by(&self, prover: Option<UserId>, token: &OneTimeToken) -> Result<UserId, TokenError> {
        let (store, secret) = (self.store(), self.secret());
        let announcer = self.sessions(&store).announcer();
        let resets = self.maker(&secret);
        block_on(accounts::verify_email(&store, &announcer, token, prover, &resets))
    }

    fn maker<'a>(&'a self, secret: &'a ServerSecret) -> TokenMaker<'a, TestClock, CountingEntropy> {
        TokenMaker {
            secret,
            lifetime: HOUR,
            clock: &self.ports.clock,
            entropy: &self.ports.entropy,
        }
    }

    fn ask_for_address(&self, user: UserId, email: &str) -> OneTimeToken {
        let (store, secret) = (self.store(), self.secret());
        let (password, hasher) = (Some(password(PASSWORD)), self.ports.hasher());
        let email = address(email);
        let maker = self.maker(&secret);
        let asked = accounts::request_email_change(&store, user, &email, password, &maker, &hasher);
        block_on(asked).unwrap();
        let id =
            format!("SELECT id FROM one_time_tokens WHERE purpose = 'change_email' AND user_id = '{user}'");
        one_time_token(
            &secret,
            OneTimeTokenId::parse(&self.ports.databases.text(&id)).unwrap(),
        )
    }

    /// A second factor of the user's, past the code that sets one up.
    fn give_second_factor(&self, user: UserId) {
        self.ports.databases.run(&format!(
            "INSERT INTO totp_secrets (user_id, secret, created_at, confirmed_at)
             VALUES ('{user}', zeroblob(20), '2026-01-02', '2026-01-02')"
        ));
    }

    fn reset(&self, token: &OneTimeToken, new: &str) -> Result<UserId, TokenError> {
        let store = self.store();
        let announcer = self.sessions(&store).announcer();
        let hasher = self.ports.hasher();
        block_on(accounts::reset_password(
            &store,
            &announcer,
            token,
            &password(new),
            &hasher,
        ))
    }

    fn count(&self, what: &str) -> String {
        self.ports.databases.text(&format!("SELECT count(*) FROM {what}"))
    }
}

#[test]
fn an_address_is_verified_once() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com");
    let token = world.mailed(Purpose::VerifyEmail, "ADA@example.com");

    assert_eq!(world.verify_email(&token), Ok(ada.id));

    assert_eq!(world.count("users WHERE email_verified_at IS NOT NULL"), "1");
    assert_eq!(world.verify_email(&token), Err(TokenError::Dead));
    assert_eq!(
        world.ask(Purpose::VerifyEmail, "ada@example.com"),
        None,
        "nothing is left to verify"
    );
}

#[test]
fn a_mail_goes_to_the_address_as_its_owner_wrote_it() {
    let world = World::default();
    world.sign_up("Ada@example.com");
    world.ask(Purpose::ResetPassword, "aDA@EXAMPLE.com");
    let to = "SELECT json_extract(data, '$.email') FROM outbox ORDER BY rowid DESC LIMIT 1";
    assert_eq!(world.ports.databases.text(to), "Ada@example.com");
}

#[test]
fn nobodys_address_leaves_nothing_behind() {
    let world = World::default();
    for purpose in [Purpose::VerifyEmail, Purpose::ResetPassword] {
        assert_eq!(world.ask(purpose, "nobody@example.com"), None);
    }
    assert_eq!(
        (world.count("one_time_tokens"), world.count("outbox")),
        ("0".into(), "0".into())
    );
}

#[test]
fn a_disabled_account_gets_no_mail_and_its_tokens_are_worth_nothing() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let token = world.mailed(Purpose::ResetPassword, "ada@example.com");
    world
        .ports
        .databases
        .run("UPDATE users SET disabled_at = '2026-01-02'");
    assert_eq!(world.ask(Purpose::ResetPassword, "ada@example.com"), None);
    assert_eq!(world.reset(&token, NEW), Err(TokenError::Dead));
}

#[test]
fn a_reset_sets_the_password_ends_every_session_and_verifies_the_address() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com");
    let session = world.sign_in("ada@example.com");
    let token = world.mailed(Purpose::ResetPassword, "ada@example.com");
    world.ports.clock.advance(Duration::from_secs(1));

    assert_eq!(world.reset(&token, NEW), Ok(ada.id));

    assert!(world.verify(&session).is_err());
    assert!(world.try_sign_in("ada@example.com", PASSWORD).is_err());
    assert!(world.try_sign_in("ada@example.com", NEW).is_ok());
    assert_eq!(world.count("users WHERE email_verified_at IS NOT NULL"), "1");
    assert_eq!(world.count("sessions WHERE end_reason = 'password_changed'"), "1");
    assert_eq!(world.count("audit_log WHERE action = 'password.reset'"), "1");
    assert_eq!(world.reset(&token, PASSWORD), Err(TokenError::Dead));
}

#[test]
fn a_token_is_good_for_what_it_was_asked_for_alone() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let verifies = world.mailed(Purpose::VerifyEmail, "ada@example.com");
    let resets = world.mailed(Purpose::ResetPassword, "ada@example.com");
    assert_eq!(world.reset(&verifies, NEW), Err(TokenError::Dead));
    assert_eq!(world.verify_email(&resets), Err(TokenError::Dead));
    assert!(world.verify_email(&verifies).is_ok());
    assert!(world.reset(&resets, NEW).is_ok());
}

#[test]
fn a_token_expires_and_is_swept() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let verifies = world.mailed(Purpose::VerifyEmail, "ada@example.com");
    let resets = world.mailed(Purpose::ResetPassword, "ada@example.com");
    world.ports.clock.advance(HOUR);
    assert_eq!(world.verify_email(&verifies), Err(TokenError::Dead));
    assert_eq!(world.reset(&resets, NEW), Err(TokenError::Dead));
    world.ask(Purpose::ResetPassword, "ada@example.com");
    assert_eq!(world.count("one_time_tokens"), "1");
}

#[test]
fn a_second_mail_does_not_spoil_the_first_and_a_used_one_spoils_the_other() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let first = world.mailed(Purpose::ResetPassword, "ada@example.com");
    let second = world.mailed(Purpose::ResetPassword, "ada@example.com");
    assert!(world.reset(&first, NEW).is_ok());
    assert_eq!(world.reset(&second, PASSWORD), Err(TokenError::Dead));
}

#[test]
fn of_twenty_resets_with_one_token_at_once_one_wins() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let token = world.mailed(Purpose::ResetPassword, "ada@example.com");

    let results = at_once(20, |each| {
        world.reset(&token, &format!("fine password number {each}"))
    });

    let winners: Vec<_> = (0..20).filter(|&each| results[each].is_ok()).collect();
    assert_eq!(winners.len(), 1, "{results:?}");
    let dead = |result: &Result<_, TokenError>| *result == Err(TokenError::Dead);
    assert_eq!(results.iter().filter(|result| dead(result)).count(), 19);
    let password = format!("fine password number {}", winners[0]);
    assert!(world.try_sign_in("ada@example.com", &password).is_ok());
    assert_eq!(world.count("audit_log WHERE action = 'password.reset'"), "1");
}

#[test]
fn of_twenty_verifications_with_one_token_at_once_one_wins() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let token = world.mailed(Purpose::VerifyEmail, "ada@example.com");
    let results = at_once(20, |_| world.verify_email(&token));
    assert_eq!(
        results.iter().filter(|result| result.is_ok()).count(),
        1,
        "{results:?}"
    );
    assert_eq!(world.count("audit_log WHERE action = 'email.verified'"), "1");
}

#[test]
fn neither_the_events_nor_the_database_hold_a_token() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let token = world.mailed(Purpose::ResetPassword, "ada@example.com");
    let stored = world
        .ports
        .databases
        .text("SELECT group_concat(o.data || hex(t.hash) || t.id) FROM outbox AS o, one_time_tokens AS t");
    let bytes = |token: &OneTimeToken| {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD
            .decode(token.reveal())
            .unwrap()
            .iter()
            .map(|byte| format!("{byte:02X}"))
            .collect::<String>()
    };
    assert!(!stored.contains(&token.reveal()) && !stored.contains(&bytes(&token)));
}

#[test]
fn the_first_administrators_address_counts_as_verified() {
    let world = World::default();
    world.store();
    world.ports.databases.run(
        "INSERT INTO first_administrators (id, email, password_hash, created_at)
         VALUES ('01893726-efee-7f02-8fbf-9f2b7bc2f910', 'admin@example.com', '*', '2026-01-02T03:04:05.678Z')",
    );
    assert_eq!(world.count("users WHERE email_verified_at IS NOT NULL"), "1");
}

#[test]
fn a_broken_database_is_a_failure_and_no_dead_token() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let token = world.mailed(Purpose::ResetPassword, "ada@example.com");
    world.ports.databases.run("DROP TABLE one_time_tokens");
    for failed in [world.reset(&token, NEW), world.verify_email(&token)] {
        assert!(
            matches!(failed, Err(TokenError::Failed(Failure::Store(_)))),
            "{failed:?}"
        );
    }
}

#[test]
fn a_reset_that_first_proves_the_address_takes_the_strangers_second_factor_along() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com");
    world.sign_in("ada@example.com");
    world.give_second_factor(ada.id);
    let token = world.mailed(Purpose::ResetPassword, "ada@example.com");

    assert_eq!(world.reset(&token, NEW), Ok(ada.id));

    assert_eq!(world.count("totp_secrets"), "0");
    assert!(world.try_sign_in("ada@example.com", NEW).is_ok());
    assert_eq!(world.reset(&token, PASSWORD), Err(TokenError::Dead));
}

#[test]
fn a_reset_of_a_verified_account_leaves_its_second_factor() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com");
    let link = world.mailed(Purpose::VerifyEmail, "ada@example.com");
    world.verify_email(&link).unwrap();
    world.give_second_factor(ada.id);
    let token = world.mailed(Purpose::ResetPassword, "ada@example.com");
    assert_eq!(world.reset(&token, NEW), Ok(ada.id));
    assert_eq!(world.count("totp_secrets"), "1");
    assert_eq!(world.count("one_time_tokens"), "0");
}

#[test]
fn who_verifies_a_used_account_without_being_signed_in_ends_what_was_set_up_and_chooses_a_password() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com");
    let stranger = world.sign_in("ada@example.com");
    world.give_second_factor(ada.id);
    let link = world.mailed(Purpose::VerifyEmail, "ada@example.com");
    world.ports.clock.advance(Duration::from_secs(1));

    assert_eq!(world.verify_email(&link), Ok(ada.id));

    assert!(world.verify(&stranger).is_err());
    assert!(refresh(&world, &stranger.refresh_token).is_err());
    assert!(world.try_sign_in("ada@example.com", PASSWORD).is_err());
    assert_eq!(world.count("totp_secrets"), "0");
    // The mail in which a password is chosen came with it.
    assert_eq!(world.reset(&world.token_in_mail(), NEW), Ok(ada.id));
    assert!(world.try_sign_in("ada@example.com", NEW).is_ok());
}

#[test]
fn who_signs_up_and_clicks_signs_in_with_their_password() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let link = world.mailed(Purpose::VerifyEmail, "ada@example.com");
    world.verify_email(&link).unwrap();
    assert!(world.try_sign_in("ada@example.com", PASSWORD).is_ok());
    assert_eq!(world.count("one_time_tokens"), "0");
}

#[test]
fn who_is_signed_in_to_the_account_keeps_all_and_another_user_proves_nothing_of_it() {
    for (is_own, kept) in [(true, "1"), (false, "0")] {
        let world = World::default();
        let ada = world.sign_up("ada@example.com");
        let bob = world.sign_up("bob@example.com");
        let grant = world.sign_in("ada@example.com");
        world.give_second_factor(ada.id);
        let link = world.mailed(Purpose::VerifyEmail, "ada@example.com");
        let prover = if is_own { ada.id } else { bob.id };
        world.verify_email_by(Some(prover), &link).unwrap();
        assert_eq!(world.count("totp_secrets"), kept);
        assert_eq!(world.verify(&grant).is_ok(), is_own);
    }
}

#[test]
fn a_claim_gives_way_to_who_proves_the_address() {
    let world = World::default();
    let stranger = world.sign_up("new@example.com");
    let squatter = world.sign_in("new@example.com");
    let ada = world.sign_up("ada@example.com");
    let token = world.ask_for_address(ada.id, "new@example.com");

    assert_eq!(world.verify_email_by(Some(ada.id), &token), Ok(ada.id));

    let of = |id: UserId| {
        world
            .ports
            .databases
            .text(&format!("SELECT count(*) FROM users WHERE id = '{id}'"))
    };
    assert_eq!((of(stranger.id), of(ada.id)), ("0".into(), "1".into()));
    assert!(world.verify(&squatter).is_err());
    assert_eq!(
        world.count("audit_log WHERE action = 'user.deleted' AND actor IS NULL"),
        "1"
    );
}

#[test]
fn a_verified_address_and_one_that_an_administrator_has_shut_give_way_to_nobody() {
    for state in ["email_verified_at = '2026-01-02'", "disabled_at = '2026-01-02'"] {
        let world = World::default();
        let owner = world.sign_up("new@example.com");
        let ada = world.sign_up("ada@example.com");
        let set = format!("UPDATE users SET {state} WHERE id = '{}'", owner.id);
        world.ports.databases.run(&set);
        let token = world.ask_for_address(ada.id, "new@example.com");
        assert_eq!(world.verify_email(&token), Err(TokenError::EmailTaken));
        assert_eq!(world.count("users"), "2");
    }
}

#[test]
fn a_pending_address_is_there_whoever_has_it_and_the_newest_wins() {
    let world = World::default();
    let bob = world.sign_up("bob@example.com");
    world
        .ports
        .databases
        .run("UPDATE users SET email_verified_at = '2026-01-02'");
    let ada = world.sign_up("ada@example.com");
    let mistyped = world.ask_for_address(ada.id, "adda@example.com");
    let events = "outbox WHERE type = 'com.jetway.email.change_requested.v1'";
    assert_eq!(world.count(events), "1");
    world.ask_for_address(ada.id, "bob@example.com");
    assert_eq!(world.count("one_time_tokens WHERE purpose = 'change_email'"), "1");
    assert_eq!(
        world.count(events),
        "1",
        "nobody is sent a link to {}'s address",
        bob.id
    );
    assert_eq!(world.verify_email(&mistyped), Err(TokenError::Dead));
}
