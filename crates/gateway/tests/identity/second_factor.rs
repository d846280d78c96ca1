//! The second factor: what is used once is used once, and who has one does not do without.

use std::time::Duration;

use jetway_gateway::domain::{AuthMethod, Origin, RecoveryCode, TotpCode, TotpSecret, User};
use jetway_gateway::ports::Clock as _;
use jetway_gateway::second_factor::{Given, OwnSecondFactor, SecondFactorError, prove};
use jetway_gateway::sessions::{Client, Credentials, Grant, SignInError};
use jetway_gateway::store::second_factor::{self, Attempt};
use jetway_gateway::test_support::{Connection, CountingEntropy, TestClock, block_on};

use crate::world::{PASSWORD, World, address, at_once, password, refresh};

/// The code of the step of now, or of one that is so many steps later.
fn code(world: &World, secret: &TotpSecret, later: u32) -> TotpCode {
    let at = world.ports.clock.now().after(Duration::from_secs(30) * later);
    (0..1_000_000)
        .map(|number| TotpCode::parse(&format!("{number:06}")).unwrap())
        .find(|&code| secret.step_of(code, at).map(|step| step.number()) == Some(at.as_secs() / 30))
        .unwrap()
}

fn own<T>(
    world: &World,
    grant: &Grant,
    act: impl AsyncFnOnce(&OwnSecondFactor<'_, Connection, TestClock, CountingEntropy>) -> T,
) -> T {
    let (store, identity) = (world.store(), world.identity(grant));
    block_on(act(&OwnSecondFactor {
        store: &store,
        clock: &world.ports.clock,
        entropy: &world.ports.entropy,
        owner: &identity,
        origin: Origin::default(),
    }))
}

/// Ada, who has a second factor, its secret and her recovery codes. The code of now is used.
fn enrolled(world: &World) -> (User, TotpSecret, Vec<RecoveryCode>) {
    let user = world.sign_up("ada@example.com");
    let shown = "UPDATE users SET email_verified_at = '2026-01-01T00:00:00.000Z'";
    world.ports.databases.run(shown);
    let grant = world.sign_in("ada@example.com");
    let hasher = world.ports.hasher();
    let secret = own(world, &grant, async |own| {
        own.begin(Some(password(PASSWORD)), &hasher).await.unwrap()
    });
    let first = code(world, &secret, 0);
    let codes = own(world, &grant, async |own| own.confirm(first).await.unwrap());
    (user, secret, codes)
}

fn sign_in(world: &World, given: Option<Given>) -> Result<Grant, SignInError> {
    let store = world.store();
    let credentials = Credentials {
        email: address("ada@example.com"),
        second_factor: given,
        password: Some(password(PASSWORD)),
    };
    let sessions = world.sessions(&store);
    block_on(sessions.sign_in(credentials, &Client::default(), &world.ports.hasher()))
        .map_err(|refused| refused.why)
}

#[test]
fn of_many_who_use_one_code_at_once_one_signs_in() {
    let world = World::default();
    let (_, secret, codes) = enrolled(&world);
    world.ports.clock.advance(Duration::from_secs(30));
    let one = Given::Code(code(&world, &secret, 0));
    let other = Given::Recovery(codes[0].clone());
    for given in [one, other] {
        let results = at_once(4, |_| sign_in(&world, Some(given.clone())).map(drop));
        let (signed_in, refused): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
        assert_eq!(signed_in.len(), 1);
        for refusal in refused {
            assert_eq!(
                refusal,
                Err(SignInError::SecondFactor(SecondFactorError::Refused))
            );
        }
    }
}

#[test]
fn a_session_does_not_start_without_the_second_factor_and_says_so_with_it() {
    let world = World::default();
    let (_, secret, _) = enrolled(&world);
    assert_eq!(
        sign_in(&world, None).map(drop),
        Err(SignInError::SecondFactorRequired)
    );
    world.ports.clock.advance(Duration::from_secs(30));
    let given = Given::Code(code(&world, &secret, 0));
    let grant = sign_in(&world, Some(given)).unwrap();
    assert!(world.identity(&grant).has_second_factor());
    let stored = "SELECT amr FROM sessions ORDER BY id DESC LIMIT 1";
    let stored: Vec<AuthMethod> = serde_json::from_str(&world.ports.databases.text(stored)).unwrap();
    assert_eq!(stored, AuthMethod::TWO_FACTORS);
}

#[test]
fn a_code_that_is_refused_leaves_no_session_behind() {
    let world = World::default();
    let (_, secret, _) = enrolled(&world);
    let used = Given::Code(code(&world, &secret, 0));
    let sessions = "SELECT count(*) FROM sessions";
    let before = world.ports.databases.text(sessions);
    assert_eq!(
        sign_in(&world, Some(used)).map(drop),
        Err(SignInError::SecondFactor(SecondFactorError::Refused))
    );
    assert_eq!(world.ports.databases.text(sessions), before);
}

#[test]
fn attempts_are_counted_before_they_are_checked_and_wait_longer_and_longer() {
    let world = World::default();
    let (user, _, _) = enrolled(&world);
    let attempt = || {
        block_on(second_factor::attempt(
            &world.store(),
            user.id,
            world.ports.clock.now(),
        ))
        .unwrap()
    };
    let let_through = at_once(20, |_| matches!(attempt(), Attempt::Secret { .. }));
    assert_eq!(let_through.into_iter().filter(|through| *through).count(), 5);
    for wait in [30, 60, 120, 240] {
        assert!(matches!(attempt(), Attempt::TooEarly(seconds) if seconds == wait));
        world.ports.clock.advance(Duration::from_secs(wait));
        assert!(matches!(attempt(), Attempt::Secret { .. }));
    }
    for _ in 0..20 {
        world.ports.clock.advance(Duration::from_secs(3600));
        assert!(
            matches!(attempt(), Attempt::Secret { .. }),
            "an hour is the longest"
        );
    }
}

#[test]
fn a_code_that_is_accepted_ends_the_count() {
    let world = World::default();
    let (user, secret, _) = enrolled(&world);
    let wrong = Given::Code(TotpCode::parse("000000").unwrap());
    for _ in 0..4 {
        let refused = block_on(prove(&world.store(), user.id, &wrong, &world.ports.clock));
        assert!(matches!(refused, Err(SecondFactorError::Refused)));
    }
    world.ports.clock.advance(Duration::from_secs(30));
    sign_in(&world, Some(Given::Code(code(&world, &secret, 0)))).unwrap();
    assert_eq!(
        world.ports.databases.text("SELECT attempts FROM totp_secrets"),
        "0"
    );
}

#[test]
fn what_a_deleted_user_had_is_gone() {
    let world = World::default();
    let (user, ..) = enrolled(&world);
    // Foreign keys are off on this connection, as on a server that does not follow them.
    world
        .ports
        .databases
        .run(&format!("DELETE FROM users WHERE id = '{}'", user.id));
    let left = "SELECT (SELECT count(*) FROM totp_secrets) + (SELECT count(*) FROM recovery_codes)";
    assert_eq!(world.ports.databases.text(left), "0");
}

#[test]
fn what_the_second_factor_gave_goes_with_it_whoever_takes_it_off() {
    for by_its_owner in [true, false] {
        let world = World::default();
        let (_, _, codes) = enrolled(&world);
        let one = Given::Recovery(codes[0].clone());
        let grant = sign_in(&world, Some(one)).unwrap();
        assert!(world.identity(&grant).has_second_factor());
        if by_its_owner {
            let store = world.store();
            let announcer = world.sessions(&store).announcer();
            let given = Given::Recovery(codes[1].clone());
            let hasher = world.ports.hasher();
            own(&world, &grant, async |own| {
                let password = Some(password(PASSWORD));
                own.remove(password, &given, &announcer, &hasher).await.unwrap();
            });
            assert!(world.verify(&grant).is_err());
        } else {
            world.ports.databases.run("DELETE FROM totp_secrets");
        }

        let next = refresh(&world, &grant.refresh_token).unwrap();

        assert_eq!(next.methods, [AuthMethod::Pwd]);
        assert!(!world.identity(&next).has_second_factor());
        // Nor does it come back with another one.
        let confirmed = "INSERT INTO totp_secrets (user_id, secret, created_at, confirmed_at)
            SELECT id, zeroblob(20), created_at, created_at FROM users";
        world.ports.databases.run(confirmed);
        let next = refresh(&world, &next.refresh_token).unwrap();
        assert!(!world.identity(&next).has_second_factor());
    }
}
