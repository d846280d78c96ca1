//! Everything that is held about a person, for that person.
//!
//! Each section is a list, in the order of a key that never changes, and is read in pieces: so an answer is bounded, however much there
//! is. A test reads the schema: every table is in a section or among [`NOT_EXPORTED`], and every column of a section's tables is in its
//! statement or among what it withholds.

use serde_json::value::RawValue;

use super::{Store, StoreError};
use crate::domain::UserId;
use crate::ports::{Database, Value};

/// How many rows of each section a piece has. One may hold what a service has sent, which is bounded by 64 KiB.
pub const PIECE: usize = 100;

/// A list of what is held of one kind.
#[derive(Debug)]
pub struct Section {
    /// Its name in the export.
    pub name: &'static str,
    /// The tables that it is made of.
    pub tables: &'static [&'static str],
    /// What of these is not said, and why.
    pub withheld: &'static [(&'static str, &'static str)],
    /// Gives keys and JSON objects, in the order of the keys: those of the user `?1` behind the key `?2` (from the beginning where that
    /// is NULL), at most `?3`.
    pub statement: &'static str,
}

const SECRET: &str = "a secret, or what is made of one";
const OWN: &str = "whose it is: the one who reads this";
const INNER: &str = "how the gateway finds its rows";

/// All sections, the account itself first.
pub const SECTIONS: &[Section] = &[
    Section {
        name: "account",
        tables: &["users"],
        withheld: &[("password_hash", SECRET)],
        statement: "SELECT id, json_object(
                'id', id, 'email', email, 'email_verified_at', email_verified_at, 'disabled_at', disabled_at,
                'created_at', created_at, 'updated_at', updated_at, 'renounced_at', renounced_at,
                'first_signin_at', first_signin_at
            ) FROM users WHERE id = ?1 AND ?2 IS NULL LIMIT ?3",
    },
    Section {
        name: "roles",
        tables: &["user_roles"],
        withheld: &[("user_id", OWN)],
        // Of others it names none: who else had a part in an act is no business of theirs.
        statement: "SELECT role, json_object(
                'role', role, 'granted_at', granted_at, 'by_administrator', json(iif(granted_by IS NULL, 'false', 'true'))
            ) FROM user_roles WHERE user_id = ?1 AND (?2 IS NULL OR role > ?2) ORDER BY role LIMIT ?3",
    },
    Section {
        name: "sessions",
        tables: &["sessions", "refresh_tokens"],
        withheld: &[
            ("user_id", OWN),
            ("hash", SECRET),
            ("session_id", INNER),
            ("rotated_at", "how often the session was refreshed is said"),
        ],
        statement: "SELECT id, json_object(
                'id', id, 'client_address', client_address, 'user_agent', user_agent, 'created_at', created_at,
                'last_used_at', last_used_at, 'expires_at', expires_at, 'ends_at', ends_at, 'ended_at', ended_at,
                'end_reason', end_reason, 'by_administrator', json(iif(ended_by IS NULL, 'false', 'true')), 'amr', json(amr),
                'refresh_tokens', (SELECT count(*) FROM refresh_tokens WHERE session_id = sessions.id)
            ) FROM sessions WHERE user_id = ?1 AND (?2 IS NULL OR id > ?2) ORDER BY id LIMIT ?3",
    },
    Section {
        name: "pending_tokens",
        tables: &["one_time_tokens"],
        withheld: &[("user_id", OWN), ("hash", SECRET)],
        statement: "SELECT id, json_object(
                'purpose', purpose, 'email', email, 'created_at', created_at, 'expires_at', expires_at
            ) FROM one_time_tokens
            WHERE user_id = ?1 AND (?2 IS NULL OR id > ?2) ORDER BY id LIMIT ?3",
    },
    Section {
        name: "signin_codes",
        tables: &["signin_codes"],
        withheld: &[("user_id", OWN), ("browser", SECRET), ("address", "a hash of the account's address")],
        statement: "SELECT id, json_object('tries', tries, 'created_at', created_at, 'expires_at', expires_at)
            FROM signin_codes WHERE user_id = ?1 AND (?2 IS NULL OR id > ?2) ORDER BY id LIMIT ?3",
    },
    Section {
        name: "device_links",
        tables: &["device_links"],
        withheld: &[("user_id", OWN), ("hash", SECRET)],
        statement: "SELECT id, json_object('email', email, 'created_at', created_at, 'expires_at', expires_at)
            FROM device_links WHERE user_id = ?1 AND (?2 IS NULL OR id > ?2) ORDER BY id LIMIT ?3",
    },
    Section {
        name: "second_factor",
        tables: &["totp_secrets"],
        withheld: &[("user_id", OWN), ("secret", SECRET)],
        statement: "SELECT created_at, json_object(
                'created_at', created_at, 'confirmed_at', confirmed_at, 'last_step', last_step, 'attempts', attempts,
                'next_attempt', next_attempt
            ) FROM totp_secrets WHERE user_id = ?1 AND ?2 IS NULL LIMIT ?3",
    },
    Section {
        name: "recovery_codes",
        tables: &["recovery_codes"],
        withheld: &[("user_id", OWN), ("hash", SECRET)],
        // There are ten at a time.
        statement: "SELECT '', json_object('created_at', created_at, 'used_at', used_at)
            FROM recovery_codes WHERE user_id = ?1 AND ?2 IS NULL LIMIT ?3",
    },
    Section {
        name: "notification_preferences",
        tables: &["notification_preferences"],
        withheld: &[("user_id", OWN)],
        statement: "SELECT category, json_object(
                'category', category, 'wanted', json(iif(wanted, 'true', 'false')), 'changed_at', changed_at
            ) FROM notification_preferences
            WHERE user_id = ?1 AND (?2 IS NULL OR category > ?2) ORDER BY category LIMIT ?3",
    },
    Section {
        name: "audit",
        tables: &["audit_log", "audit_addresses"],
        withheld: &[("entry", INNER)],
        // The client's address is the reader's own, or it is not theirs to read.
        statement: "SELECT id, json_object(
                'time', time, 'action', action, 'by_you', json(iif(actor IS ?1, 'true', 'false')),
                'about_you', json(iif(target IS ?1, 'true', 'false')), 'detail', json(detail),
                'client_address',
                (SELECT a.client_address FROM audit_addresses AS a WHERE a.entry = entries.id AND a.actor IS ?1),
                'request_id', iif(actor IS ?1, request_id, NULL)
            ) FROM audit_log AS entries
            WHERE (actor = ?1 OR target = ?1) AND (?2 IS NULL OR id > ?2) ORDER BY id LIMIT ?3",
    },
    Section {
        name: "events",
        tables: &["outbox", "notifications"],
        withheld: &[
            ("subject", OWN),
            ("lease", INNER),
            ("lease_until", INNER),
            ("next_at", INNER),
            ("deadline", INNER),
        ],
        // As for `pending_tokens`: the audit log has that it was asked for.
        statement: "SELECT events.rowid, json_object(
                'id', events.id, 'type', type, 'time', time, 'data', json(data), 'published_at', published_at,
                'mail', iif(notifications.id IS NULL, NULL, json_object(
                    'state', state, 'attempts', attempts, 'last_error', last_error, 'created_at', created_at,
                    'updated_at', updated_at
                ))
            ) FROM outbox AS events LEFT JOIN notifications ON notifications.id = events.id
            WHERE subject = ?1 AND type <> 'com.jetway.email.change_requested.v1' AND (?2 IS NULL OR events.rowid > ?2)
            ORDER BY events.rowid LIMIT ?3",
    },
    Section {
        name: "bookings",
        tables: &["bookings"],
        withheld: &[("user_id", OWN)],
        statement: "SELECT id, json_object(
                'id', id, 'cancelled', json(iif(cancelled, 'true', 'false')), 'departure_at', departure_at,
                'data', json(data), 'as_of', as_of
            ) FROM bookings WHERE user_id = ?1 AND (?2 IS NULL OR id > ?2) ORDER BY id LIMIT ?3",
    },
    Section {
        name: "booking_events",
        tables: &["booking_events"],
        withheld: &[],
        statement: "SELECT source || ' ' || booking_events.id, json_object(
                'source', source, 'id', booking_events.id, 'booking_id', booking_id
            ) FROM booking_events JOIN bookings ON bookings.id = booking_id
            WHERE user_id = ?1 AND (?2 IS NULL OR source || ' ' || booking_events.id > ?2)
            ORDER BY source || ' ' || booking_events.id LIMIT ?3",
    },
    Section {
        name: "reminders",
        tables: &["reminders"],
        withheld: &[],
        statement: "SELECT booking_id || ' ' || due_at, json_object('booking_id', booking_id, 'due_at', due_at)
            FROM reminders JOIN bookings ON bookings.id = booking_id
            WHERE user_id = ?1 AND (?2 IS NULL OR booking_id || ' ' || due_at > ?2)
            ORDER BY booking_id || ' ' || due_at LIMIT ?3",
    },
    Section {
        name: "mails",
        tables: &["inbox"],
        // Those to their address, and those that told of them and went to one that they had.
        withheld: &[
            ("text", "it may hold a one-time token, and its reader has it"),
            ("html", "as the text"),
        ],
        statement: "SELECT inbox.id, json_object(
                'id', inbox.id, 'recipient', recipient, 'type', inbox.type, 'subject', inbox.subject,
                'created_at', inbox.created_at
            ) FROM inbox JOIN users ON users.id = ?1 LEFT JOIN outbox AS told ON told.id = inbox.id AND told.subject = ?1
            WHERE (recipient = users.email OR told.type <> 'com.jetway.email.change_requested.v1')
                AND (?2 IS NULL OR inbox.id > ?2) ORDER BY inbox.id LIMIT ?3",
    },
];

/// The tables that hold nothing of a person, or nothing that could be found by them.
pub const NOT_EXPORTED: &[(&str, &str)] = &[
    ("roles", "what roles there are"),
    ("signing_keys", "the gateway's own"),
    ("retired_signing_keys", "the gateway's own"),
    ("retired_assertion_keys", "the gateway's own"),
    ("assertion_keys", "the gateway's own"),
    ("server_secrets", "the gateway's own"),
    ("schema_migrations", "the gateway's own"),
    ("schema_migration_turn", "the gateway's own"),
    (
        "refused_messages",
        "what nobody understood: whose it is, if anybody's, is not known; gone after a month",
    ),
];

/// Where a section goes on: behind this key.
#[derive(Clone, Debug, PartialEq)]
pub enum Key {
    /// A text.
    Text(String),
    /// A number.
    Number(i64),
}

/// A piece of a section, and where the next one begins, if there is one.
pub type Piece = (Vec<Box<RawValue>>, Option<Key>);

/// A piece of what is held about the user.
pub async fn read<D: Database>(
    store: &Store<D>,
    section: &Section,
    user: UserId,
    after: Option<&Key>,
) -> Result<Piece, StoreError> {
    let after = match after {
        None => Value::Null,
        Some(Key::Text(text)) => Value::Text(text.clone()),
        Some(Key::Number(number)) => Value::Integer(*number),
    };
    let one_more = i64::try_from(PIECE + 1).unwrap_or(i64::MAX);
    let parameters = [Value::Text(user.to_string()), after, Value::Integer(one_more)];
    let rows = store.run(section.statement, &parameters).await?;
    let is_last = rows.len() <= PIECE;
    let (mut piece, mut next) = (Vec::new(), None);
    for mut row in rows.into_iter().take(PIECE) {
        next = Some(row.key()?);
        piece.push(RawValue::from_string(row.text()?).map_err(StoreError::damaged)?);
    }
    Ok((piece, next.filter(|_| !is_last)))
}
