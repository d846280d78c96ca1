//! Signing in, refreshing, signing out.

use std::time::Duration;

use jetway_gateway::Failure;
use jetway_gateway::domain::SessionId;
use jetway_gateway::ports::Clock as _;
use jetway_gateway::sessions::{self, Grant, RefreshError, SignInError};
use jetway_gateway::store::StoreError;
use jetway_gateway::store::sessions::{EndReason, Which, list};
use jetway_gateway::test_support::block_on;

use crate::world::{PASSWORD, World, refresh, role};

fn end(world: &World, grant: &Grant, which: impl Fn(SessionId) -> Which) -> Result<Vec<SessionId>, Failure> {
    let store = world.store();
    let identity = world.identity(grant);
    let announcer = world.sessions(&store).announcer();
    block_on(sessions::end(
        &store,
        &announcer,
        identity.user(),
        which(identity.session()),
        EndReason::SignedOut,
    ))
}

#[test]
fn the_right_password_signs_in_with_the_address_in_any_case() {
    let world = World::default();
    let user = world.sign_up("ada@example.com");
    let grant = world.try_sign_in("ADA@example.com", PASSWORD).unwrap();
    let identity = world.identity(&grant);
    assert_eq!(identity.user(), user.id);
    assert_eq!(identity.roles(), [role("customer")]);
}

#[test]
fn nobody_signs_in_with_anything_else() {
    let world = World::default();
    world.sign_up("ada@example.com");
    for (email, password) in [
        ("ada@example.com", "wrong password"),
        ("ada@example.com", ""),
        ("ada@example.com", "correct horse battery\0"),
        ("ada@example.com", "Correct horse battery"),
        ("bob@example.com", PASSWORD),
        ("bob@example.com", "placeholder"),
        ("ada@example.com", "placeholder"),
    ] {
        assert_eq!(
            world.try_sign_in(email, password).err(),
            Some(SignInError::InvalidCredentials),
            "{email} {password}"
        );
    }
    assert_eq!(world.ports.databases.text("SELECT count(*) FROM sessions"), "0");
}

#[test]
fn only_the_hash_of_a_refresh_token_is_stored() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let grant = world.sign_in("ada@example.com");
    world.ports.databases.run("PRAGMA wal_checkpoint(TRUNCATE)");
    let file = std::fs::read(world.ports.databases.path()).unwrap();
    let token = grant.refresh_token.reveal();
    assert!(!file.windows(token.len()).any(|bytes| bytes == token.as_bytes()));
    assert!(
        file.windows(32)
            .any(|bytes| bytes == grant.refresh_token.hash().as_bytes())
    );
}

#[test]
fn a_session_shows_where_it_came_from() {
    let world = World::default();
    let user = world.sign_up("ada@example.com");
    let store = world.store();
    let client = sessions::Client {
        address: Some("192.0.2.7".to_owned()),
        user_agent: Some("curl/8".to_owned()),
        is_known: false,
    };
    let credentials = sessions::Credentials {
        email: crate::world::address("ada@example.com"),
        password: Some(crate::world::password(PASSWORD)),
        second_factor: None,
    };
    block_on(
        world
            .sessions(&store)
            .sign_in(credentials, &client, &world.ports.hasher()),
    )
    .unwrap();
    let open = block_on(list(&store, user.id, world.ports.clock.now())).unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0].client_address.as_deref(), Some("192.0.2.7"));
    assert_eq!(open[0].user_agent.as_deref(), Some("curl/8"));
    assert_eq!(open[0].expires_at, "2026-01-02T04:04:05.678Z");
}

#[test]
fn a_signed_out_refresh_token_is_dead_and_no_theft() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let grant = world.sign_in("ada@example.com");
    let next = refresh(&world, &grant.refresh_token).unwrap();
    end(&world, &next, Which::Only).unwrap();
    for token in [&grant.refresh_token, &next.refresh_token] {
        assert_eq!(refresh(&world, token).err(), Some(RefreshError::Dead));
    }
    assert!(world.verify(&next).is_err());
}

#[test]
fn a_sign_out_ends_this_session_the_others_or_all() {
    for (which, here_lives, there_lives) in [
        (Which::Only as fn(SessionId) -> Which, false, true),
        (Which::AllBut as fn(SessionId) -> Which, true, false),
        ((|_| Which::All) as fn(SessionId) -> Which, false, false),
    ] {
        let world = World::default();
        world.sign_up("ada@example.com");
        world.sign_up("bob@example.com");
        let (here, there) = (world.sign_in("ada@example.com"), world.sign_in("ada@example.com"));
        let bob = world.sign_in("bob@example.com");
        end(&world, &here, which).unwrap();
        assert_eq!(world.verify(&here).is_ok(), here_lives);
        assert_eq!(world.verify(&there).is_ok(), there_lives);
        assert!(world.verify(&bob).is_ok());
        assert_eq!(refresh(&world, &here.refresh_token).is_ok(), here_lives);
        assert_eq!(refresh(&world, &there.refresh_token).is_ok(), there_lives);
    }
}

#[test]
fn nobody_ends_somebody_elses_session() {
    let world = World::default();
    world.sign_up("ada@example.com");
    world.sign_up("bob@example.com");
    let (ada, bob) = (world.sign_in("ada@example.com"), world.sign_in("bob@example.com"));
    let theirs = world.identity(&bob).session();
    assert_eq!(end(&world, &ada, |_| Which::Only(theirs)).unwrap(), []);
    assert!(world.verify(&bob).is_ok());
    assert!(refresh(&world, &bob.refresh_token).is_ok());
}

#[test]
fn a_sign_out_that_cannot_be_announced_ends_nothing_and_can_be_tried_again() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let grant = world.sign_in("ada@example.com");
    let identity = world.identity(&grant);
    let store = world.store();
    let announcer = world.sessions(&store).announcer();
    let sign_out = || {
        block_on(sessions::end(
            &store,
            &announcer,
            identity.user(),
            Which::All,
            EndReason::SignedOut,
        ))
    };
    world.ports.key_value.set_down(true);
    assert!(matches!(sign_out(), Err(Failure::KeyValue(_))));
    world.ports.key_value.set_down(false);
    assert!(world.verify(&grant).is_ok());
    assert_eq!(sign_out().unwrap(), [identity.session()]);
    assert!(world.verify(&grant).is_err());
}

#[test]
fn what_is_long_over_is_swept_by_the_next_sign_in() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let old = world.sign_in("ada@example.com");
    refresh(&world, &old.refresh_token).unwrap();
    world.ports.clock.advance(Duration::from_secs(3601));
    world.sign_in("ada@example.com");
    assert_eq!(world.ports.databases.text("SELECT count(*) FROM sessions"), "1");
    assert_eq!(
        world.ports.databases.text("SELECT count(*) FROM refresh_tokens"),
        "1"
    );
}

#[test]
fn when_the_key_cannot_be_published_no_session_is_left_behind() {
    let world = World::default();
    world.sign_up("ada@example.com");
    world.ports.key_value.set_down(true);
    let failed = world.try_sign_in("ada@example.com", PASSWORD);
    assert!(matches!(failed, Err(SignInError::Failed(Failure::KeyValue(_)))));
    assert_eq!(world.ports.databases.text("SELECT count(*) FROM sessions"), "0");
}

#[test]
fn a_refresh_that_fails_does_not_spend_the_token() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let grant = world.sign_in("ada@example.com");
    world.ports.clock.advance(Duration::from_secs(20));
    world.ports.key_value.set_down(true);
    assert!(matches!(
        refresh(&world, &grant.refresh_token),
        Err(RefreshError::Failed(_))
    ));
    world.ports.key_value.set_down(false);
    assert!(refresh(&world, &grant.refresh_token).is_ok());
}

#[test]
fn a_dropped_table_is_a_failure_and_not_a_refusal() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let grant = world.sign_in("ada@example.com");
    world
        .ports
        .databases
        .run("PRAGMA foreign_keys = OFF; DROP TABLE refresh_tokens; DROP TABLE sessions");
    let sign_in = world.try_sign_in("ada@example.com", PASSWORD);
    assert!(
        matches!(
            sign_in,
            Err(SignInError::Failed(Failure::Store(StoreError::Failed(_))))
        ),
        "{sign_in:?}"
    );
    let refreshed = refresh(&world, &grant.refresh_token);
    assert!(
        matches!(
            refreshed,
            Err(RefreshError::Failed(Failure::Store(StoreError::Failed(_))))
        ),
        "{refreshed:?}"
    );
}

#[test]
fn a_locked_database_is_a_temporary_failure() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let grant = world.sign_in("ada@example.com");
    let store = {
        let impatient = world.ports.databases.connect();
        impatient.0.busy_timeout(Duration::from_millis(10)).unwrap();
        block_on(jetway_gateway::store::Store::open(
            impatient,
            &jetway_gateway::store::Schema::new(),
        ))
        .unwrap()
    };
    let holder = world.ports.databases.connect();
    holder.0.execute_batch("BEGIN IMMEDIATE").unwrap();
    match block_on(world.sessions(&store).refresh(&grant.refresh_token)) {
        Err(RefreshError::Failed(failure)) => assert!(failure.is_temporary()),
        other => panic!("{other:?}"),
    }
    holder.0.execute_batch("ROLLBACK").unwrap();
    assert!(block_on(world.sessions(&store).refresh(&grant.refresh_token)).is_ok());
}
