//! Signing up, the first administrator, changing the password.

use jetway_gateway::Failure;
use jetway_gateway::accounts::{self, BootstrapError, BootstrapToken, ChangePasswordError, SignUpError};
use jetway_gateway::domain::{Origin, Password, PasswordHash, User, UserToStore};
use jetway_gateway::sessions::{Grant, SignInError};
use jetway_gateway::store::{Rule, StoreError, users};
use jetway_gateway::test_support::block_on;
use jetway_gateway::tokens::Identity;

use crate::world::{PASSWORD, World, at_once, new_user, password, role};

#[test]
fn a_new_user_is_a_customer() {
    let world = World::default();
    let user = world.sign_up("Ada@example.com");
    assert_eq!(user.email.as_str(), "Ada@example.com");
    assert_eq!(user.roles, [role("customer")]);
    assert_eq!(user.created_at, "2026-01-02T03:04:05.678Z");
    assert_eq!(
        block_on(users::find(&world.store(), user.id)).unwrap(),
        Some(user)
    );
}

#[test]
fn an_address_has_one_user_whatever_its_case() {
    let world = World::default();
    world.sign_up("ada@example.com");
    assert_eq!(world.try_sign_up("ADA@Example.COM"), Err(SignUpError::EmailTaken));
}

#[test]
fn of_two_hundred_sign_ups_of_one_address_at_once_one_succeeds() {
    let world = World::default();
    world.store();

    let results = at_once(200, |_| world.try_sign_up("ada@example.com"));

    let taken = results
        .iter()
        .filter(|result| **result == Err(SignUpError::EmailTaken))
        .count();
    let made = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!((made, taken), (1, 199));
    let database = &world.ports.databases;
    for table in ["users", "user_roles", "outbox", "audit_log"] {
        assert_eq!(
            database.text(&format!("SELECT count(*) FROM {table}")),
            "1",
            "{table}"
        );
    }
}

#[test]
fn only_a_bcrypt_hash_is_stored() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let stored = world.ports.databases.text("SELECT password_hash FROM users");
    assert!(
        stored.starts_with("$bcrypt-hmac-sha256$p=0$2b$04$") && stored.len() == 83,
        "{stored}"
    );
    let hash = PasswordHash::parse(stored).unwrap();
    assert!(block_on(world.ports.hasher().verify(&hash, &password(PASSWORD))).unwrap());
}

#[test]
fn the_database_takes_nothing_but_a_bcrypt_hash() {
    let world = World::default();
    let user = world.sign_up("ada@example.com");
    let hash = world.ports.databases.text("SELECT password_hash FROM users");
    let hash = hash.strip_prefix("$bcrypt-hmac-sha256$p=0").unwrap();
    let connection = world.ports.databases.connect();
    for wrong in [
        PASSWORD,
        "",
        &hash[1..],
        &format!("{hash}x"),
        &hash.replace("$2b$", "$2z$"),
        &format!("{}!", &hash[..59]),
        &format!("$bcrypt-hmac-sha256$p={hash}"),
        &format!("$bcrypt-hmac-sha256$p=1$2a{}", &hash[3..]),
        &format!("$bcrypt-hmac-sha256$p=1;{hash}"),
    ] {
        let update = "UPDATE users SET password_hash = ?1 WHERE id = ?2";
        let refused = connection
            .0
            .execute(update, [wrong, &user.id.to_string()])
            .unwrap_err();
        assert!(
            refused.to_string().contains("password_is_hashed"),
            "{wrong}: {refused}"
        );
    }
}

#[test]
fn any_function_can_be_the_before_create_hook() {
    let world = World::default();
    let store = world.store();
    let (clock, entropy) = (&world.ports.clock, &world.ports.entropy);
    let given = block_on(world.ports.hasher().hash(&password("something else"))).unwrap();
    let hash = given.clone();
    let hook = async |new: jetway_gateway::domain::NewUser| -> Result<UserToStore, StoreError> {
        // It sees the user as given, and nothing has been stored yet.
        assert_eq!(new.email.as_str(), "ada@example.com");
        assert_eq!(world.ports.databases.text("SELECT count(*) FROM users"), "0");
        Ok(UserToStore {
            email: new.email,
            password_hash: hash,
        })
    };
    block_on(users::create(
        &store,
        new_user("ada@example.com"),
        hook,
        clock,
        entropy,
    ))
    .unwrap();
    assert_eq!(
        world.ports.databases.text("SELECT password_hash FROM users"),
        given.as_str()
    );
}

#[test]
fn when_the_hook_fails_nobody_is_made() {
    let world = World::default();
    let hook = async |_| Err(StoreError::Busy);
    let failed = block_on(users::create(
        &world.store(),
        new_user("ada@example.com"),
        hook,
        &world.ports.clock,
        &world.ports.entropy,
    ));
    assert_eq!(failed.unwrap_err(), StoreError::Busy);
    assert_eq!(world.ports.databases.text("SELECT count(*) FROM users"), "0");
}

fn bootstrap_token(value: &str) -> Result<Option<BootstrapToken>, jetway_gateway::config::ConfigError> {
    let variables = jetway_gateway::test_support::TestVariables::of(&[("bootstrap_token", value)]);
    jetway_gateway::test_support::block_on(BootstrapToken::read(&variables))
}

#[test]
fn a_user_comes_with_its_role_and_its_event_or_not_at_all() {
    for table in ["user_roles", "outbox", "audit_log"] {
        let world = World::default();
        world.store();
        world.ports.databases.run(&format!("DROP TABLE {table}"));
        let failed = world.try_sign_up("ada@example.com");
        assert!(
            matches!(
                failed,
                Err(SignUpError::Failed(Failure::Store(StoreError::Failed(_))))
            ),
            "{failed:?}"
        );
        assert_eq!(
            world.ports.databases.text("SELECT count(*) FROM users"),
            "0",
            "{table}"
        );
    }
}

fn bootstrap(world: &World, email: &str) -> Result<User, BootstrapError> {
    let token = bootstrap_token("a secret of the operator's").unwrap().unwrap();
    let permission = token.check("a secret of the operator's").unwrap();
    let (clock, entropy) = (&world.ports.clock, &world.ports.entropy);
    block_on(accounts::bootstrap(
        &world.store(),
        permission,
        new_user(email),
        &Origin::default(),
        &world.ports.hasher(),
        clock,
        entropy,
    ))
}

#[test]
fn the_bootstrap_token_is_compared_whole() {
    assert!(bootstrap_token("").unwrap().is_none());
    let short = bootstrap_token("short").unwrap_err().to_string();
    assert!(
        short.contains("`bootstrap_token`") && !short.contains("`short`"),
        "{short}"
    );
    let token = bootstrap_token("a secret of the operator's").unwrap().unwrap();
    for wrong in ["", "s", "secre", "secret ", "secrets", "SECRET"] {
        assert!(token.check(wrong).is_none(), "{wrong:?}");
    }
    assert_eq!(format!("{token:?}"), "BootstrapToken(..)");
}

#[test]
fn the_first_administrator_is_made_once() {
    let world = World::default();
    let admin = bootstrap(&world, "admin@example.com").unwrap();
    assert_eq!(admin.roles, [role("admin"), role("customer")]);
    assert_eq!(
        bootstrap(&world, "other@example.com"),
        Err(BootstrapError::AdminExists)
    );
    assert_eq!(world.ports.databases.text("SELECT count(*) FROM users"), "1");
}

#[test]
fn a_customer_does_not_become_administrator_by_bootstrap() {
    let world = World::default();
    world.sign_up("ada@example.com");
    assert_eq!(
        bootstrap(&world, "ada@example.com"),
        Err(BootstrapError::EmailTaken)
    );
    assert_eq!(
        world
            .ports
            .databases
            .text("SELECT count(*) FROM user_roles WHERE role = 'admin'"),
        "0"
    );
}

#[test]
fn of_many_bootstraps_at_once_one_succeeds() {
    let world = World::default();
    world.store();
    let results = at_once(30, |i| bootstrap(&world, &format!("admin{i}@example.com")));
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert_eq!(
        results
            .iter()
            .filter(|result| **result == Err(BootstrapError::AdminExists))
            .count(),
        29
    );
    assert_eq!(world.ports.databases.text("SELECT count(*) FROM users"), "1");
}

fn change(world: &World, grant: &Grant, current: &str, new: &str) -> Result<(), ChangePasswordError> {
    change_as(world, &world.identity(grant), current, new)
}

fn change_as(
    world: &World,
    identity: &Identity,
    current: &str,
    new: &str,
) -> Result<(), ChangePasswordError> {
    let store = world.store();
    let announcer = world.sessions(&store).announcer();
    let current = Password::parse(current.to_owned()).ok();
    let passwords = (current, &password(new));
    block_on(accounts::change_password(
        &store,
        &announcer,
        identity,
        passwords,
        &world.ports.hasher(),
    ))
}

#[test]
fn a_new_password_replaces_the_old_and_ends_the_other_sessions() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let (here, there) = (world.sign_in("ada@example.com"), world.sign_in("ada@example.com"));

    change(&world, &here, PASSWORD, "a brand new password").unwrap();

    assert!(world.verify(&here).is_ok());
    assert!(world.verify(&there).is_err());
    let store = world.store();
    assert!(block_on(world.sessions(&store).refresh(&here.refresh_token)).is_ok());
    assert!(block_on(world.sessions(&store).refresh(&there.refresh_token)).is_err());
    assert_eq!(
        world.try_sign_in("ada@example.com", PASSWORD).err(),
        Some(SignInError::InvalidCredentials)
    );
    assert!(
        world
            .try_sign_in("ada@example.com", "a brand new password")
            .is_ok()
    );
}

#[test]
fn a_wrong_current_password_changes_nothing() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let (here, there) = (world.sign_in("ada@example.com"), world.sign_in("ada@example.com"));
    for wrong in ["wrong password", "", "short"] {
        assert_eq!(
            change(&world, &here, wrong, "a brand new password"),
            Err(ChangePasswordError::WrongPassword)
        );
    }
    assert!(world.verify(&there).is_ok());
    assert!(world.try_sign_in("ada@example.com", PASSWORD).is_ok());
}

#[test]
fn of_many_password_changes_at_once_one_counts() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let grants: Vec<_> = (0..8).map(|_| world.sign_in("ada@example.com")).collect();
    let identities: Vec<_> = grants.iter().map(|grant| world.identity(grant)).collect();

    let results = at_once(8, |i| {
        change_as(&world, &identities[i], PASSWORD, &format!("new password {i}"))
    });

    let won: Vec<_> = (0..8).filter(|i| results[*i].is_ok()).collect();
    assert_eq!(won.len(), 1, "{results:?}");
    for (i, grant) in grants.iter().enumerate() {
        assert_eq!(world.verify(grant).is_ok(), i == won[0], "{i}");
    }
    assert!(
        world
            .try_sign_in("ada@example.com", &format!("new password {}", won[0]))
            .is_ok()
    );
}

#[test]
fn sessions_whose_end_cannot_be_announced_are_over_all_the_same() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let (here, there) = (world.sign_in("ada@example.com"), world.sign_in("ada@example.com"));
    let identity = world.identity(&here);
    let store = world.store();
    let announcer = world.sessions(&store).announcer();
    world.ports.key_value.set_down(true);
    let passwords = (Some(password(PASSWORD)), &password("a brand new password"));
    let hasher = world.ports.hasher();
    let result = block_on(accounts::change_password(
        &store, &announcer, &identity, passwords, &hasher,
    ));
    assert!(matches!(
        result,
        Err(ChangePasswordError::Failed(Failure::KeyValue(_)))
    ));
    world.ports.key_value.set_down(false);
    assert!(block_on(world.sessions(&store).refresh(&there.refresh_token)).is_err());
    assert!(block_on(world.sessions(&store).refresh(&here.refresh_token)).is_ok());
}

#[test]
fn a_sign_in_with_a_password_that_is_being_replaced_does_not_outlive_it() {
    let world = World::default();
    let user = world.sign_up("ada@example.com");
    let grant = world.sign_in("ada@example.com");
    let store = world.store();
    let old = block_on(users::password_hash(&store, user.id)).unwrap().unwrap();
    // The password was checked, and then, before the session was there, it was changed.
    change(&world, &grant, PASSWORD, "a brand new password").unwrap();
    let session = jetway_gateway::store::sessions::NewSession {
        id: jetway_gateway::domain::SessionId::generate(&world.ports.clock, &world.ports.entropy),
        user: user.id,
        verified: &old,
        second_factor: None,
        refresh_token: &grant.refresh_token.hash(),
        client_address: None,
        user_agent: None,
        started_at: jetway_gateway::ports::Clock::now(&world.ports.clock),
        expires_at: jetway_gateway::ports::Clock::now(&world.ports.clock),
        ends_at: jetway_gateway::ports::Clock::now(&world.ports.clock),
        known_device: false,
        require_verified: false,
    };
    let refused = block_on(jetway_gateway::store::sessions::start(&store, &session));
    assert_eq!(refused, Err(StoreError::Refused(Rule::CredentialsChanged)));
}
