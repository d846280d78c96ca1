//! Refresh tokens: traded once, given the same successor until somebody has used that, and taken for stolen then.

use std::time::Duration;

use jetway_gateway::domain::{RefreshToken, User};
use jetway_gateway::ports::Clock as _;
use jetway_gateway::sessions::{self, Grant, REFRESH_GRACE, RefreshError};
use jetway_gateway::store::sessions::{EndReason, Which, list};
use jetway_gateway::test_support::block_on;

use crate::world::{IDLE, LONGEST, World, at_once, refresh};

/// Past the grace by the least that a clock shows.
const LATE: Duration = REFRESH_GRACE.saturating_add(Duration::from_millis(1));

fn text(world: &World, query: &str) -> String {
    world.ports.databases.text(query)
}

/// Trades the token, and uses its successor.
fn refresh_twice(world: &World, token: &RefreshToken) -> Grant {
    let next = refresh(world, token).unwrap();
    refresh(world, &next.refresh_token).unwrap()
}

fn disable(world: &World, user: &User) {
    let at = "2026-01-02T03:04:05.678Z";
    let sql = format!("UPDATE users SET disabled_at = '{at}' WHERE id = '{}'", user.id);
    world.ports.databases.run(&sql);
}

/// How many times it is on record that a session ended for this reason.
fn ends_on_record(world: &World, reason: &str) -> String {
    let query = format!(
        "SELECT count(*) FROM audit_log WHERE action = 'session.ended' AND detail ->> 'reason' = '{reason}'"
    );
    text(world, &query)
}

fn replays_told(world: &World) -> String {
    let query = "SELECT count(*) FROM outbox WHERE type = 'com.jetway.refresh_token.replayed.v1'";
    text(world, query)
}

#[test]
fn a_refresh_gives_a_new_pair_of_the_same_session() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let first = world.sign_in("ada@example.com");
    world.ports.clock.advance(Duration::from_secs(60));
    let second = refresh(&world, &first.refresh_token).unwrap();
    let session = world.identity(&first).session();
    assert_eq!(world.identity(&second).session(), session);
    assert_ne!(second.refresh_token.reveal(), first.refresh_token.reveal());
    assert!(refresh(&world, &second.refresh_token).is_ok());
}

#[test]
fn a_token_whose_successor_nobody_used_is_given_it_again_however_late() {
    for wait in [Duration::ZERO, LATE, IDLE - Duration::from_secs(1)] {
        let world = World::default();
        world.sign_up("ada@example.com");
        let grant = world.sign_in("ada@example.com");
        let first = refresh(&world, &grant.refresh_token).unwrap();
        world.ports.clock.advance(wait);
        let again = refresh(&world, &grant.refresh_token).unwrap();
        assert_eq!(again.refresh_token.reveal(), first.refresh_token.reveal());
        assert_ne!(again.access_token.reveal(), first.access_token.reveal());
        assert!(world.verify(&again).is_ok());
        // It lives as long as one that is handed out for the first time.
        world.ports.clock.advance(IDLE - Duration::from_secs(1));
        assert!(refresh(&world, &again.refresh_token).is_ok());
        assert_eq!(ends_on_record(&world, "token_replayed"), "0");
    }
}

#[test]
fn a_token_whose_successor_was_used_just_now_is_refused_and_ends_nothing() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let first = world.sign_in("ada@example.com");
    let second = refresh(&world, &first.refresh_token).unwrap();
    // It does not matter when the token itself was traded.
    world.ports.clock.advance(LATE);
    let third = refresh(&world, &second.refresh_token).unwrap();
    world.ports.clock.advance(REFRESH_GRACE);
    assert_eq!(
        refresh(&world, &first.refresh_token).err(),
        Some(RefreshError::Dead)
    );
    assert!(world.verify(&third).is_ok());
    assert!(refresh(&world, &third.refresh_token).is_ok());
    assert_eq!(ends_on_record(&world, "token_replayed"), "0");
}

#[test]
fn another_instance_gives_the_same_successor_too() {
    let mut world = World::default();
    world.sign_up("ada@example.com");
    let grant = world.sign_in("ada@example.com");
    let here = refresh(&world, &grant.refresh_token).unwrap();
    (world.keys, world.successors) = Default::default();
    let there = refresh(&world, &grant.refresh_token).unwrap();
    assert_eq!(there.refresh_token.reveal(), here.refresh_token.reveal());
}

#[test]
fn with_another_secret_no_token_is_given_that_is_worth_nothing() {
    let mut world = World::default();
    world.sign_up("ada@example.com");
    let grant = world.sign_in("ada@example.com");
    let here = refresh(&world, &grant.refresh_token).unwrap();
    world.ports.databases.run("DELETE FROM server_secrets");
    world.successors = Default::default();
    let again = refresh(&world, &grant.refresh_token);
    assert_eq!(again.map(drop), Err(RefreshError::Dead));
    assert!(refresh(&world, &here.refresh_token).is_ok());
}

#[test]
fn a_token_whose_successor_was_used_ends_its_session_and_no_other() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com");
    let (stolen, other) = (world.sign_in("ada@example.com"), world.sign_in("ada@example.com"));
    let next = refresh_twice(&world, &stolen.refresh_token);
    let session = world.identity(&stolen).session();
    world.ports.clock.advance(LATE);

    let replayed = refresh(&world, &stolen.refresh_token).err();

    assert_eq!(replayed, Some(RefreshError::Replayed { user: ada.id }));
    for token in [&next.refresh_token, &stolen.refresh_token] {
        assert_eq!(refresh(&world, token).err(), Some(RefreshError::Dead));
    }
    assert!(world.verify(&next).is_err());
    assert!(world.verify(&other).is_ok());
    assert!(refresh(&world, &other.refresh_token).is_ok());
    assert_eq!(ends_on_record(&world, "token_replayed"), "1");
    assert_eq!(replays_told(&world), "1");
    let data = "SELECT data FROM outbox WHERE type = 'com.jetway.refresh_token.replayed.v1'";
    let expected = format!(r#"{{"user_id":"{}","session_id":"{session}"}}"#, ada.id);
    assert_eq!(text(&world, data), expected);
}

#[test]
fn a_replay_that_cannot_be_announced_ends_the_session_the_next_time() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com");
    let grant = world.sign_in("ada@example.com");
    let next = refresh_twice(&world, &grant.refresh_token);
    world.ports.clock.advance(LATE);
    world.ports.key_value.set_down(true);
    let failed = refresh(&world, &grant.refresh_token);
    assert!(matches!(failed, Err(RefreshError::Failed(_))), "{failed:?}");
    world.ports.key_value.set_down(false);
    let replayed = refresh(&world, &grant.refresh_token).err();
    assert_eq!(replayed, Some(RefreshError::Replayed { user: ada.id }));
    assert!(world.verify(&next).is_err());
}

#[test]
fn fifty_refreshes_of_one_token_at_once_get_the_same_successor_and_make_one_row() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let grant = world.sign_in("ada@example.com");
    let results = at_once(50, |_| {
        refresh(&world, &grant.refresh_token).map(|grant| grant.refresh_token.reveal())
    });
    let first = results[0].clone().unwrap();
    assert_eq!(results, vec![Ok(first); 50]);
    assert_eq!(text(&world, "SELECT count(*) FROM refresh_tokens"), "2");
    assert_eq!(ends_on_record(&world, "token_replayed"), "0");
}

#[test]
fn many_replays_at_once_end_the_session_once() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com");
    let grant = world.sign_in("ada@example.com");
    refresh_twice(&world, &grant.refresh_token);
    world.ports.clock.advance(LATE);
    let results = at_once(30, |_| refresh(&world, &grant.refresh_token).map(drop));
    let replayed = RefreshError::Replayed { user: ada.id };
    assert!(results.contains(&Err(replayed.clone())), "{results:?}");
    assert!(
        results
            .iter()
            .all(|result| *result == Err(replayed.clone()) || *result == Err(RefreshError::Dead)),
        "{results:?}"
    );
    assert_eq!(ends_on_record(&world, "token_replayed"), "1");
    assert_eq!(replays_told(&world), "1");
}

#[test]
fn of_a_refresh_and_a_sign_out_at_once_no_living_token_is_left() {
    for _ in 0..10 {
        let world = World::default();
        let ada = world.sign_up("ada@example.com");
        let grant = world.sign_in("ada@example.com");
        let results = at_once(8, |i| {
            if i == 0 {
                let store = world.store();
                let announcer = world.sessions(&store).announcer();
                let ended = sessions::end(&store, &announcer, ada.id, Which::All, EndReason::SignedOut);
                block_on(ended).unwrap();
                return None;
            }
            match refresh(&world, &grant.refresh_token) {
                Ok(next) => Some(next),
                Err(RefreshError::Dead) => None,
                Err(other) => panic!("{other}"),
            }
        });
        for next in results.iter().flatten() {
            assert_eq!(
                refresh(&world, &next.refresh_token).err(),
                Some(RefreshError::Dead)
            );
            assert!(world.verify(next).is_err());
        }
        assert_eq!(ends_on_record(&world, "token_replayed"), "0");
    }
}

#[test]
fn a_disabled_account_cannot_refresh_and_its_tokens_count_as_no_theft() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com");
    let grant = world.sign_in("ada@example.com");
    let next = refresh_twice(&world, &grant.refresh_token);
    world.ports.clock.advance(LATE);
    disable(&world, &ada);
    for token in [&grant.refresh_token, &next.refresh_token] {
        assert_eq!(refresh(&world, token).err(), Some(RefreshError::Dead));
    }
    world.ports.databases.run("UPDATE users SET disabled_at = NULL");
    assert!(refresh(&world, &next.refresh_token).is_ok());
}

#[test]
fn of_refreshes_and_a_disabling_at_once_none_comes_after_it() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com");
    let grant = world.sign_in("ada@example.com");
    at_once(8, |i| match i {
        0 => disable(&world, &ada),
        _ => assert!(!matches!(
            refresh(&world, &grant.refresh_token),
            Err(RefreshError::Failed(_) | RefreshError::Replayed { .. })
        )),
    });
    assert_eq!(
        refresh(&world, &grant.refresh_token).err(),
        Some(RefreshError::Dead)
    );
}

#[test]
fn an_unknown_or_expired_refresh_token_is_dead() {
    let world = World::default();
    world.sign_up("ada@example.com");
    let grant = world.sign_in("ada@example.com");
    let unknown = RefreshToken::generate(&world.ports.entropy);
    assert_eq!(refresh(&world, &unknown).err(), Some(RefreshError::Dead));
    world.ports.clock.advance(IDLE);
    assert_eq!(
        refresh(&world, &grant.refresh_token).err(),
        Some(RefreshError::Dead)
    );
}

#[test]
fn each_refresh_moves_the_end_of_idleness_and_none_the_absolute_end() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com");
    let mut grant = world.sign_in("ada@example.com");
    let step = IDLE - Duration::from_secs(1);
    let steps = LONGEST.as_secs() / step.as_secs();
    for _ in 0..steps {
        world.ports.clock.advance(step);
        grant = refresh(&world, &grant.refresh_token).unwrap();
    }
    let open = block_on(list(&world.store(), ada.id, world.ports.clock.now())).unwrap();
    assert_eq!(open[0].expires_at, "2026-01-03T03:04:05.678Z");
    world
        .ports
        .clock
        .advance(Duration::from_secs(LONGEST.as_secs() - steps * step.as_secs()));
    assert_eq!(
        refresh(&world, &grant.refresh_token).err(),
        Some(RefreshError::Dead)
    );
    assert_eq!(
        block_on(list(&world.store(), ada.id, world.ports.clock.now())),
        Ok(vec![])
    );
}

#[test]
fn a_session_shows_when_it_was_last_used() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com");
    let grant = world.sign_in("ada@example.com");
    world.ports.clock.advance(Duration::from_secs(60));
    refresh(&world, &grant.refresh_token).unwrap();
    let open = block_on(list(&world.store(), ada.id, world.ports.clock.now())).unwrap();
    assert_eq!(open[0].created_at, "2026-01-02T03:04:05.678Z");
    assert_eq!(open[0].last_used_at, "2026-01-02T03:05:05.678Z");
}
