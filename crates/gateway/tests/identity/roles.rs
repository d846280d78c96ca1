//! Administering roles.

use jetway_gateway::domain::{Origin, RoleDescription, User, UserId};
use jetway_gateway::roles::{Administration, NotPermitted, Permitted, RolesError};
use jetway_gateway::sessions::Grant;
use jetway_gateway::store::administration::{self, Act};
use jetway_gateway::store::{Rule, StoreError, roles};
use jetway_gateway::test_support::{Connection, MemoryKeyValue, TestClock, block_on};

use crate::world::{World, at_once, role};

/// Makes a user an administrator, past the code that is tested.
fn make_admin(world: &World, user: &User) {
    let sql = format!(
        "INSERT INTO user_roles (user_id, role, granted_at) VALUES ('{}', 'admin', '')",
        user.id
    );
    world.ports.databases.run(&sql);
}

fn admin(world: &World) -> User {
    let user = world.sign_up("admin@example.com");
    make_admin(world, &user);
    user
}

fn permission(world: &World, email: &str) -> Permitted<jetway_gateway::roles::Admin> {
    let identity = world.identity(&world.sign_in(email));
    block_on(Permitted::check(&identity, &world.store(), false)).unwrap()
}

/// As the administrator `email`.
fn administer<T>(
    world: &World,
    email: &str,
    act: impl AsyncFnOnce(&Administration<'_, Connection, MemoryKeyValue, TestClock>) -> T,
) -> T {
    let store = world.store();
    block_on(act(&Administration::new(
        &store,
        &world.ports.key_value,
        &world.ports.clock,
        permission(world, email),
        origin(),
    )))
}

fn origin() -> Origin {
    Origin {
        client_address: Some("192.0.2.7".parse().unwrap()),
        request_id: Some("r-1".to_owned()),
    }
}

/// An act of this user's, of now.
fn act<'a>(world: &World, actor: UserId, origin: &'a Origin) -> Act<'a> {
    Act {
        actor,
        at: jetway_gateway::ports::Clock::now(&world.ports.clock),
        origin,
    }
}

fn roles_of(world: &World, user: &User) -> String {
    let sql = format!(
        "SELECT group_concat(role) FROM user_roles WHERE user_id = '{}'",
        user.id
    );
    world.ports.databases.text(&sql)
}

fn refused(result: Result<(), RolesError>) -> Rule {
    match result {
        Err(RolesError::Refused(rule)) => rule,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn only_an_administrator_of_now_gets_the_permission() {
    let world = World::default();
    let first = admin(&world);
    world.sign_up("ada@example.com");
    let check =
        |grant: &Grant| block_on(Permitted::check(&world.identity(grant), &world.store(), false)).map(drop);

    assert_eq!(
        check(&world.sign_in("ada@example.com")),
        Err(NotPermitted::Forbidden)
    );
    let grant = world.sign_in("admin@example.com");
    assert_eq!(check(&grant), Ok(()));
    // The token still says so.
    make_admin(&world, &world.sign_up("other@example.com"));
    world.ports.databases.run(&format!(
        "DELETE FROM user_roles WHERE user_id = '{}' AND role = 'admin'",
        first.id
    ));
    assert_eq!(check(&grant), Err(NotPermitted::Forbidden));
}

#[test]
fn a_role_is_granted_and_revoked_and_doing_it_twice_changes_nothing() {
    let world = World::default();
    admin(&world);
    let ada = world.sign_up("ada@example.com");
    for _ in 0..2 {
        administer(&world, "admin@example.com", async |roles| {
            roles.grant(ada.id, &role("airline")).await
        })
        .unwrap();
        assert_eq!(roles_of(&world, &ada), "airline,customer");
    }
    for _ in 0..2 {
        administer(&world, "admin@example.com", async |roles| {
            roles.revoke(ada.id, &role("airline")).await
        })
        .unwrap();
        assert_eq!(roles_of(&world, &ada), "customer");
    }
    let events =
        "SELECT group_concat(type) FROM (SELECT type FROM outbox WHERE subject = '{}' ORDER BY rowid)";
    assert_eq!(
        world
            .ports
            .databases
            .text(&events.replace("{}", &ada.id.to_string())),
        "com.jetway.user.registered.v1,com.jetway.role.granted.v1,com.jetway.role.revoked.v1"
    );
}

#[test]
fn the_audit_log_says_who_granted_and_who_revoked() {
    let world = World::default();
    let first = admin(&world);
    let ada = world.sign_up("ada@example.com");
    administer(&world, "admin@example.com", async |roles| {
        roles.grant(ada.id, &role("airline")).await
    })
    .unwrap();
    administer(&world, "admin@example.com", async |roles| {
        roles.revoke(ada.id, &role("airline")).await
    })
    .unwrap();
    for action in ["role.granted", "role.revoked"] {
        let entry = format!(
            "SELECT concat_ws(' ', audit_log.actor, target, audit_addresses.client_address, request_id, detail)
             FROM audit_log JOIN audit_addresses ON entry = id
             WHERE action = '{action}' AND audit_log.client_address IS NULL"
        );
        assert_eq!(
            world.ports.databases.text(&entry),
            format!("{} {} 192.0.2.7 r-1 {{\"role\":\"airline\"}}", first.id, ada.id)
        );
    }
}

#[test]
fn the_audit_log_is_only_ever_added_to_by_any_statement() {
    let world = World::default();
    world.sign_up("ada@example.com");
    world.sign_up("bob@example.com");
    let all = "SELECT group_concat(id || time || action || coalesce(actor, ''), char(10)) FROM audit_log";
    let before = world.ports.databases.text(all);
    for pragma in ["recursive_triggers = OFF", "recursive_triggers = ON"] {
        for change in [
            "UPDATE audit_log SET actor = 'x'",
            "UPDATE OR REPLACE audit_log SET id = 1 WHERE id = 2",
            "DELETE FROM audit_log",
            "DELETE FROM audit_log WHERE id = 1",
            "REPLACE INTO audit_log (id, time, action) VALUES (1, '', 'x')",
            "INSERT OR REPLACE INTO audit_log (id, time, action) SELECT id, time, 'x' FROM audit_log",
            "INSERT INTO audit_log (id, time, action) VALUES (1, '', 'x') ON CONFLICT (id) DO UPDATE SET actor = 'x'",
            // Nor is an entry slipped in before others.
            "INSERT INTO audit_log (id, time, action) VALUES (-1, '', 'x')",
            "INSERT INTO audit_log (id, time, action) VALUES (0, '', 'x')",
        ] {
            let connection = world.ports.databases.connect();
            connection.0.execute_batch(&format!("PRAGMA {pragma}")).unwrap();
            let refused = connection.0.execute(change, []).unwrap_err();
            assert!(
                refused.to_string().contains("audit_log_append_only"),
                "{change}: {refused}"
            );
        }
    }
    assert_eq!(world.ports.databases.text(all), before);
    world.sign_up("cleo@example.com");
}

#[test]
fn the_address_of_an_act_is_never_changed_and_goes_with_the_account_of_who_acted() {
    let world = World::default();
    let first = admin(&world);
    let ada = world.sign_up("ada@example.com");
    let grant = async |roles: &Administration<'_, Connection, MemoryKeyValue, TestClock>| {
        roles.grant(ada.id, &role("airline")).await
    };
    administer(&world, "admin@example.com", grant).unwrap();
    let entries = "SELECT group_concat(id || action, char(10)) FROM audit_log";
    let addresses =
        "SELECT coalesce(group_concat(entry || actor || client_address), '') FROM audit_addresses";
    let text = |statement: &str| world.ports.databases.text(statement);
    let before = (text(entries), text(addresses));
    assert!(before.1.contains("192.0.2.7"));
    for pragma in ["recursive_triggers = OFF", "recursive_triggers = ON"] {
        for change in [
            "UPDATE audit_addresses SET client_address = 'x'",
            "DELETE FROM audit_addresses",
            "REPLACE INTO audit_addresses SELECT entry, actor, 'x' FROM audit_addresses",
            "INSERT INTO audit_addresses SELECT min(id), NULL, 'x' FROM audit_log",
            "REPLACE INTO audit_log (id, time, action, client_address) VALUES (1, '', 'x', 'x')",
        ] {
            let connection = world.ports.databases.connect();
            connection.0.execute_batch(&format!("PRAGMA {pragma}")).unwrap();
            let refused = connection.0.execute(change, []).unwrap_err();
            assert!(
                refused.to_string().contains("audit_log_append_only"),
                "{change}: {refused}"
            );
        }
        // Whoever adds an entry with an address adds one at the end, by whatever number.
        let connection = world.ports.databases.connect();
        connection.0.execute_batch(&format!("PRAGMA {pragma}")).unwrap();
        let add = "INSERT INTO audit_log (time, action, actor, client_address) SELECT '', 'x', 'nobody', id FROM users";
        connection.0.execute(add, []).unwrap();
    }
    let added = "SELECT count(*) || ' ' || sum(audit_addresses.actor = audit_log.actor AND entry = id)
        FROM audit_addresses JOIN audit_log ON entry = id WHERE action = 'x'";
    assert_eq!(text(added), "4 4");

    let run = |statement: &str| world.ports.databases.run(statement);
    run("DELETE FROM audit_addresses WHERE actor = 'nobody'");
    make_admin(&world, &ada);
    run(&format!("DELETE FROM users WHERE id = '{}'", first.id));
    assert_eq!(text(addresses), "");
    assert!(text(entries).starts_with(&before.0));
}

#[test]
fn unknown_users_and_roles_are_told_apart() {
    let world = World::default();
    admin(&world);
    let ada = world.sign_up("ada@example.com");
    let nobody = UserId::generate(&world.ports.clock, &world.ports.entropy);
    administer(&world, "admin@example.com", async |roles| {
        assert_eq!(
            refused(roles.grant(nobody, &role("airline")).await),
            Rule::UnknownUser
        );
        assert_eq!(
            refused(roles.grant(ada.id, &role("pilot")).await),
            Rule::UnknownRole
        );
        assert_eq!(
            refused(roles.revoke(nobody, &role("airline")).await),
            Rule::UnknownUser
        );
        assert_eq!(
            refused(roles.revoke(ada.id, &role("pilot")).await),
            Rule::UnknownRole
        );
        assert_eq!(
            refused(roles.delete_role(&role("pilot")).await),
            Rule::UnknownRole
        );
        assert_eq!(
            roles.user(nobody).await.unwrap_err(),
            RolesError::Refused(Rule::UnknownUser)
        );
    });
}

#[test]
fn a_role_is_made_once_and_deleted_when_nobody_has_it() {
    let world = World::default();
    admin(&world);
    let ada = world.sign_up("ada@example.com");
    let pilot = role("pilot");
    let description = RoleDescription::parse("Flies".to_owned()).unwrap();
    administer(&world, "admin@example.com", async |roles| {
        assert_eq!(roles.create_role(&pilot, &description).await.unwrap().name, pilot);
        assert_eq!(
            refused(roles.create_role(&pilot, &description).await.map(drop)),
            Rule::RoleExists
        );
        roles.grant(ada.id, &pilot).await.unwrap();
        assert_eq!(refused(roles.delete_role(&pilot).await), Rule::RoleInUse);
        roles.revoke(ada.id, &pilot).await.unwrap();
        roles.delete_role(&pilot).await.unwrap();
        for built_in in ["admin", "airline", "customer"] {
            assert_eq!(
                refused(roles.delete_role(&role(built_in)).await),
                Rule::RoleProtected
            );
        }
    });
}

#[test]
fn of_many_who_make_one_role_at_once_one_succeeds() {
    let world = World::default();
    world.store();
    let description = RoleDescription::parse(String::new()).unwrap();
    let (origin, actor) = (origin(), world.sign_up("ada@example.com").id);
    let now = act(&world, actor, &origin);
    let results = at_once(20, |_| {
        block_on(roles::create(&world.store(), &role("pilot"), &description, now)).is_ok()
    });
    assert_eq!(results.into_iter().filter(|made| *made).count(), 1);
}

#[test]
fn a_role_deleted_while_it_is_granted_leaves_no_grant_of_nothing() {
    for _ in 0..5 {
        let world = World::default();
        let ada = world.sign_up("ada@example.com");
        let origin = origin();
        let now = act(&world, ada.id, &origin);
        let pilot = role("pilot");
        block_on(roles::create(
            &world.store(),
            &pilot,
            &RoleDescription::parse(String::new()).unwrap(),
            now,
        ))
        .unwrap();
        let results = at_once(2, |i| match i {
            0 => block_on(roles::delete(&world.store(), &pilot, now)).is_ok(),
            _ => block_on(roles::grant(&world.store(), ada.id, &pilot, now)).is_ok(),
        });
        assert_ne!(results[0], results[1]);
        let orphans = "SELECT count(*) FROM user_roles WHERE role NOT IN (SELECT name FROM roles)";
        assert_eq!(world.ports.databases.text(orphans), "0");
    }
}

#[test]
fn the_last_administrator_stays() {
    let world = World::default();
    let first = admin(&world);
    let admin_role = role("admin");
    let result = administer(&world, "admin@example.com", async |roles| {
        roles.revoke(first.id, &admin_role).await
    });
    assert_eq!(refused(result), Rule::LastAdmin);
    // Not only through the code.
    let connection = world.ports.databases.connect();
    connection.0.pragma_update(None, "foreign_keys", true).unwrap();
    for removal in [
        "DELETE FROM user_roles",
        "DELETE FROM users",
        "UPDATE user_roles SET role = 'customer'",
    ] {
        assert!(connection.0.execute(removal, []).is_err(), "{removal}");
    }
    assert_eq!(roles_of(&world, &first), "admin,customer");
    // A refused revocation is not in the audit log.
    assert_eq!(
        world
            .ports
            .databases
            .text("SELECT count(*) FROM audit_log WHERE action = 'role.revoked'"),
        "0"
    );
}

#[test]
fn of_administrators_who_all_remove_each_other_at_once_one_is_left() {
    for _ in 0..5 {
        let world = World::default();
        let users: Vec<_> = (0..8)
            .map(|i| world.sign_up(&format!("admin{i}@example.com")))
            .collect();
        users.iter().for_each(|user| make_admin(&world, user));
        let origin = origin();
        let admin_role = role("admin");
        let results = at_once(8, |i| {
            block_on(roles::revoke(
                &world.store(),
                users[i].id,
                &admin_role,
                act(&world, users[(i + 1) % 8].id, &origin),
            ))
            .is_ok()
        });
        assert_eq!(results.into_iter().filter(|removed| *removed).count(), 7);
        assert_eq!(
            world
                .ports
                .databases
                .text("SELECT count(*) FROM user_roles WHERE role = 'admin'"),
            "1"
        );
    }
}

#[test]
fn users_are_listed_in_the_order_of_their_sign_up() {
    let world = World::default();
    admin(&world);
    let users: Vec<_> = (0..5)
        .map(|i| {
            world.ports.clock.advance(std::time::Duration::from_millis(2));
            world.sign_up(&format!("user{i}@example.com"))
        })
        .collect();
    administer(&world, "admin@example.com", async |roles| {
        let page = roles.list_users(None, Some(users[1].id), 2).await.unwrap();
        let page: Vec<_> = page.into_iter().map(|account| account.user).collect();
        assert_eq!(page, users[2..4]);
        let found = roles
            .list_users(Some(&crate::world::address("USER3@example.com")), None, 10)
            .await
            .unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].user, users[3]);
    });
}

#[test]
fn of_administrators_who_all_disable_each_other_at_once_one_is_left() {
    for _ in 0..5 {
        let world = World::default();
        let users: Vec<_> = (0..8)
            .map(|i| world.sign_up(&format!("admin{i}@example.com")))
            .collect();
        users.iter().for_each(|user| make_admin(&world, user));
        let origin = origin();
        let results = at_once(8, |i| {
            let by = act(&world, users[(i + 1) % 8].id, &origin);
            block_on(administration::disable(&world.store(), users[i].id, by)).is_ok()
        });
        assert_eq!(results.into_iter().filter(|disabled| *disabled).count(), 7);
        let enabled = "SELECT count(*) FROM users WHERE disabled_at IS NULL";
        assert_eq!(world.ports.databases.text(enabled), "1");
    }
}

#[test]
fn a_disabled_administrator_does_not_count_as_one() {
    let world = World::default();
    let first = admin(&world);
    let second = world.sign_up("second@example.com");
    make_admin(&world, &second);
    let token = world.sign_in("second@example.com");
    let origin = origin();
    let by = act(&world, first.id, &origin);
    block_on(administration::disable(&world.store(), second.id, by)).unwrap();

    let permission = block_on(Permitted::check(&world.identity(&token), &world.store(), false));
    assert_eq!(permission.map(drop), Err(NotPermitted::Forbidden));
    let refused = block_on(roles::revoke(&world.store(), first.id, &role("admin"), by)).unwrap_err();
    assert_eq!(refused, StoreError::Refused(Rule::LastAdmin));
    let connection = world.ports.databases.connect();
    connection.0.pragma_update(None, "foreign_keys", true).unwrap();
    let delete = format!("DELETE FROM users WHERE id = '{}'", first.id);
    assert!(connection.0.execute(&delete, []).is_err());
    // The disabled one can be taken the role.
    block_on(roles::revoke(&world.store(), second.id, &role("admin"), by)).unwrap();
}

#[test]
fn a_sign_in_while_the_account_is_disabled_leaves_no_session_open() {
    for _ in 0..10 {
        let world = World::default();
        let first = admin(&world);
        let ada = world.sign_up("ada@example.com");
        let origin = origin();
        at_once(4, |i| match i {
            0 => {
                let by = act(&world, first.id, &origin);
                block_on(administration::disable(&world.store(), ada.id, by)).unwrap();
            }
            _ => drop(world.try_sign_in("ada@example.com", crate::world::PASSWORD)),
        });
        let open = format!(
            "SELECT count(*) FROM sessions WHERE user_id = '{}' AND ended_at IS NULL",
            ada.id
        );
        assert_eq!(world.ports.databases.text(&open), "0");
    }
}

#[test]
fn an_administrator_takes_a_second_factor_off_and_deletes_a_user_but_not_in_their_own_account() {
    let world = World::default();
    let admin = admin(&world);
    let ada = world.sign_up("ada@example.com");
    let grant = world.sign_in("ada@example.com");
    world.ports.databases.run(&format!(
        "INSERT INTO totp_secrets (user_id, secret, created_at, confirmed_at)
         VALUES ('{0}', zeroblob(20), '2026-01-02', '2026-01-02');
         UPDATE sessions SET amr = '[\"pwd\",\"otp\"]' WHERE user_id = '{0}'",
        ada.id
    ));
    administer(&world, "admin@example.com", async |acts| {
        for _ in 0..2 {
            acts.take_second_factor(ada.id).await.unwrap();
        }
        let own = [
            acts.take_second_factor(admin.id).await,
            acts.delete(admin.id).await,
        ];
        let last = Err(RolesError::Refused(Rule::LastAdmin));
        assert_eq!(own, [Err(RolesError::OwnAccount), last]);
    });
    let count = |what: &str| {
        world
            .ports
            .databases
            .text(&format!("SELECT count(*) FROM {what}"))
    };
    assert_eq!(count("totp_secrets"), "0");
    assert_eq!(count("sessions WHERE amr LIKE '%otp%'"), "0");
    let taken = format!(
        "audit_log WHERE action = 'mfa.disabled' AND actor = '{}'",
        admin.id
    );
    assert_eq!(count(&taken), "1");
    assert_eq!(count("outbox WHERE type = 'com.jetway.mfa.disabled.v1'"), "1");
    assert!(world.verify(&grant).is_err(), "the token says otp");

    administer(&world, "admin@example.com", async |acts| {
        acts.delete(ada.id).await.unwrap();
        let again = acts.delete(ada.id).await;
        assert_eq!(again, Err(RolesError::Refused(Rule::UnknownUser)));
    });
    assert_eq!(count("users WHERE email = 'ada@example.com'"), "0");
    let deleted = format!(
        "audit_log WHERE action = 'user.deleted' AND actor = '{}'",
        admin.id
    );
    assert_eq!(count(&deleted), "1");
}
