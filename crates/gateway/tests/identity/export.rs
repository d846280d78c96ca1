//! The export holds every row about a person, whatever tables there are.

use std::collections::BTreeSet;

use jetway_gateway::domain::UserId;
use jetway_gateway::store::export::{self, Key, NOT_EXPORTED, PIECE, SECTIONS, Section};
use jetway_gateway::test_support::block_on;

use crate::world::World;

impl World {
    fn list(&self, query: &str) -> Vec<String> {
        let list = self.ports.databases.text(query);
        list.split(',').map(str::to_owned).collect()
    }

    fn tables(&self) -> Vec<String> {
        self.store();
        self.list(
            "SELECT group_concat(name) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        )
    }

    fn columns(&self, table: &str) -> Vec<String> {
        self.list(&format!(
            "SELECT group_concat(name) FROM pragma_table_info('{table}')"
        ))
    }

    fn section(&self, name: &str, user: UserId, after: Option<&Key>) -> (Vec<String>, Option<Key>) {
        let (rows, next) = block_on(export::read(&self.store(), section(name), user, after)).unwrap();
        (rows.iter().map(|row| row.get().to_owned()).collect(), next)
    }
}

fn section(name: &str) -> &'static Section {
    SECTIONS.iter().find(|section| section.name == name).unwrap()
}

fn words(statement: &str) -> BTreeSet<&str> {
    statement
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .collect()
}

#[test]
fn every_table_is_in_the_export_or_stays_out_for_a_reason() {
    let exported = SECTIONS.iter().flat_map(|section| section.tables).copied();
    let named: Vec<_> = exported
        .chain(NOT_EXPORTED.iter().map(|(table, _)| *table))
        .collect();

    let mut tables = World::default().tables();

    tables.sort();
    let mut known: Vec<_> = named.into_iter().map(str::to_owned).collect();
    known.sort();
    assert_eq!(tables, known, "say in store::export what becomes of the table");
}

#[test]
fn every_column_of_an_exported_table_is_said_or_withheld_for_a_reason() {
    let world = World::default();
    world.store();
    for section in SECTIONS {
        let said = words(section.statement);
        let mut all = BTreeSet::new();
        for table in section.tables {
            for column in world.columns(table) {
                let withheld = section.withheld.iter().any(|(name, _)| *name == column);
                assert!(
                    withheld || said.contains(column.as_str()),
                    "{table}.{column}: say it in store::export, or why not"
                );
                all.insert(column);
            }
        }
        for (column, _) in section.withheld {
            assert!(all.contains(*column), "{}: there is no {column}", section.name);
        }
    }
}

#[test]
fn nothing_that_is_secret_is_said() {
    for section in SECTIONS {
        // `renounced_at IS NULL` and the like are what is left of these words.
        for secret in ["password_hash", "hash", "secret", "browser", "text", "html"] {
            assert!(
                !words(section.statement).contains(secret),
                "{} {secret}",
                section.name
            );
        }
    }
}

/// A row in each table, of Ada and of Bob, with a mark of theirs in it.
fn full() -> (World, UserId) {
    let world = World::default();
    let mut ada = None;
    for name in ["ada", "bob"] {
        let user = world.sign_up(&format!("{name}@example.com"));
        ada.get_or_insert(user.id);
        world.sign_in(&format!("{name}@example.com"));
        let (id, at) = (user.id, "2020-01-02T03:04:05.678Z");
        let token = format!(
            "0189372{}-efee-7f02-8fbf-9f2b7bc2f910",
            if name == "ada" { 6 } else { 7 }
        );
        let byte = if name == "ada" { "07" } else { "08" };
        let hash = byte.repeat(32);
        world.ports.databases.run(&format!(
            "UPDATE sessions SET user_agent = 'agent of {name}' WHERE user_id = '{id}';
             INSERT INTO one_time_tokens (id, hash, purpose, user_id, email, created_at, expires_at)
                 VALUES ('{token}', x'{hash}', 'reset_password', '{id}', 'token of {name}', '{at}', '{at}');
             INSERT INTO signin_codes (id, browser, address, user_id, tries, created_at, expires_at)
                 VALUES ('{token}', x'{hash}', x'{hash}', '{id}', 1, 'code of {name}', '{at}');
             INSERT INTO device_links (id, hash, user_id, email, created_at, expires_at)
                 VALUES ('{token}', x'{hash}', '{id}', 'link of {name}', '{at}', '{at}');
             INSERT INTO totp_secrets (user_id, secret, created_at) VALUES ('{id}', x'{secret}', 'factor of {name}');
             INSERT INTO recovery_codes (hash, user_id, created_at) VALUES ('{hash}', '{id}', 'recovery code of {name}');
             INSERT INTO notification_preferences (user_id, category, wanted, changed_at)
                 VALUES ('{id}', 'account', 0, 'choice of {name}');
             INSERT INTO audit_log (time, action, actor, target) VALUES ('{at}', 'act of {name}', '{id}', NULL);
             INSERT INTO bookings (id, user_id, cancelled, departure_at, data, as_of)
                 VALUES ('booking of {name}', '{id}', 0, '{at}', '{{}}', '{at}');
             INSERT INTO booking_events (source, id, booking_id) VALUES ('/b', 'event of {name}', 'booking of {name}');
             INSERT INTO reminders (booking_id, due_at) VALUES ('booking of {name}', 'reminder of {name}');
             INSERT INTO inbox (id, recipient, type, subject, text, html, created_at)
                 VALUES ('{token}', '{name}@example.com', 't', 'mail of {name}', 'words', 'words', '{at}');",
            secret = byte.repeat(20),
        ));
    }
    (world, ada.unwrap())
}

#[test]
fn what_is_somebodys_own_is_there_and_nothing_of_others() {
    let (world, ada) = full();
    for (name, mark) in [
        ("account", "ada@example.com"),
        ("roles", "customer"),
        ("sessions", "agent of ada"),
        ("pending_tokens", "token of ada"),
        ("signin_codes", "code of ada"),
        ("device_links", "link of ada"),
        ("second_factor", "factor of ada"),
        ("recovery_codes", "recovery code of ada"),
        ("notification_preferences", "choice of ada"),
        ("audit", "act of ada"),
        ("events", "com.jetway.user.registered.v1"),
        ("bookings", "booking of ada"),
        ("booking_events", "event of ada"),
        ("reminders", "reminder of ada"),
        ("mails", "mail of ada"),
    ] {
        let (rows, next) = world.section(name, ada, None);
        let text = rows.join("");
        assert!(text.contains(mark), "{name}: {text}");
        assert!(!text.contains("bob") && next.is_none(), "{name}: {text}");
    }
    assert!(world.section("sessions", ada, None).0[0].contains(r#""amr":["pwd"]"#));
}

#[test]
fn mail_to_an_address_that_somebody_had_is_theirs_and_goes_with_them() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com").id;
    world.ports.databases.run(
        "INSERT INTO inbox (id, recipient, type, subject, text, html, created_at)
             SELECT id, 'old@example.com', type, 's', 't', 'h', time FROM outbox;
         INSERT INTO inbox (id, recipient, type, subject, text, html, created_at)
             VALUES ('x', 'bob@example.com', 't', 's', 't', 'h', '2026')",
    );
    let (mails, _) = world.section("mails", ada, None);
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert!(mails[0].contains("old@example.com"), "{mails:?}");

    world.ports.databases.run("DELETE FROM users");

    let left = world.ports.databases.text("SELECT group_concat(id) FROM inbox");
    assert_eq!(left, "x");
}

#[test]
fn a_long_section_comes_in_pieces_and_whole() {
    let world = World::default();
    let ada = world.sign_up("ada@example.com").id;
    let rows = PIECE * 2 + 7;
    world.ports.databases.run(&format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
         INSERT INTO audit_log (time, action, actor) SELECT '2020', 'act ' || i, '{ada}' FROM n;
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
         INSERT INTO bookings (id, user_id, cancelled, departure_at, data, as_of)
             SELECT 'booking ' || i, '{ada}', 0, '2020', '{{}}', '2020' FROM n;
         INSERT INTO reminders (booking_id, due_at) SELECT id, '2020' FROM bookings;
         INSERT INTO booking_events (source, id, booking_id) SELECT '/b', id, id FROM bookings;"
    ));
    for (name, count) in [
        ("audit", rows + 1),
        ("bookings", rows),
        ("reminders", rows),
        ("booking_events", rows),
    ] {
        let (mut all, mut after, mut pieces) = (BTreeSet::new(), None, 0);
        loop {
            let (piece, next) = world.section(name, ada, after.as_ref());
            assert!(piece.len() <= PIECE);
            all.extend(piece);
            pieces += 1;
            after = next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!((all.len(), pieces), (count, 3), "{name}");
    }
}
