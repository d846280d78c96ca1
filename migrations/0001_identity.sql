-- Users, roles, sessions, signing keys, and the record of what happened to them.
--
-- Whatever must come or stay away together is one statement: a trigger, or an INSERT into one of the views that stand for
-- an act (session_starts, refresh_rotations, ...), whose INSTEAD OF trigger does all of it. So it holds on a local SQLite
-- file and on a remote libSQL server alike, where every statement is a request of its own and a transaction over several
-- cannot be relied on.
--
-- A trigger that refuses raises 'TRIGGER constraint failed: NAME', in the manner of SQLite's own messages; the library
-- turns the NAME into a typed error (crates/gateway/src/store/rule.rs).
--
-- Times are RFC 3339 in UTC with milliseconds, so that comparing the texts compares the times.

CREATE TABLE IF NOT EXISTS users (
    id            TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    -- The same address in another case is the same address.
    email         TEXT NOT NULL COLLATE NOCASE UNIQUE CHECK (length(email) <= 254 AND email LIKE '_%@_%'),
    -- A plain password can never get here by mistake, whatever the code does.
    password_hash TEXT NOT NULL CONSTRAINT password_hash_is_bcrypt CHECK (
        length(password_hash) = 60
        AND password_hash GLOB '$2[aby]$[0-3][0-9]$*'
        AND substr(password_hash, 8) NOT GLOB '*[^./0-9A-Za-z]*'
    ),
    created_at    TEXT NOT NULL,
    updated_at    TEXT NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS roles (
    name        TEXT NOT NULL PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 64 AND name NOT GLOB '*[^a-z0-9_-]*'),
    description TEXT NOT NULL CHECK (length(description) <= 200),
    -- The roles that policies and triggers name cannot be deleted.
    built_in    INTEGER NOT NULL DEFAULT 0 CHECK (built_in IN (0, 1)),
    created_at  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS user_roles (
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role       TEXT NOT NULL REFERENCES roles (name) ON DELETE RESTRICT,
    -- The administrator who granted it; NULL where sign-up did. No reference: the grant outlives its giver.
    granted_by TEXT,
    granted_at TEXT NOT NULL,
    PRIMARY KEY (user_id, role)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS user_roles_by_role ON user_roles (role);

-- One sign-in and all the refreshes that follow from it: also the family of its refresh tokens.
CREATE TABLE IF NOT EXISTS sessions (
    id             TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    user_id        TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_address TEXT,
    user_agent     TEXT,
    created_at     TEXT NOT NULL,
    last_used_at   TEXT NOT NULL,
    -- The end of the newest refresh token; each rotation moves it.
    expires_at     TEXT NOT NULL,
    ended_at       TEXT,
    end_reason     TEXT CHECK (end_reason IN ('signed_out', 'password_changed', 'token_replayed')),
    CHECK ((ended_at IS NULL) = (end_reason IS NULL))
) STRICT;

CREATE INDEX IF NOT EXISTS sessions_by_user ON sessions (user_id);

CREATE TABLE IF NOT EXISTS refresh_tokens (
    -- SHA-256 of the token. The token itself is nowhere.
    hash       BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    created_at TEXT NOT NULL,
    -- Set when the token has been traded for its successor. Seen again after that, it has been stolen.
    rotated_at TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS refresh_tokens_by_session ON refresh_tokens (session_id);

CREATE TABLE IF NOT EXISTS signing_keys (
    -- The RFC 7638 thumbprint of the public half.
    kid         TEXT NOT NULL PRIMARY KEY,
    -- The Ed25519 seed.
    private_key BLOB NOT NULL CHECK (length(private_key) = 32),
    created_at  TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What the rest of the platform is to hear of. A row is the record; the message on Redis only wakes somebody up.
CREATE TABLE IF NOT EXISTS outbox (
    -- A UUIDv7 made by the database, because triggers write these rows.
    id           TEXT NOT NULL PRIMARY KEY DEFAULT (lower(printf(
        '%08x-%04x-7%03x-%04x-%s',
        CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) >> 16,
        CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) & 65535,
        random() & 4095,
        32768 | (random() & 16383),
        hex(randomblob(6))
    ))),
    type         TEXT NOT NULL,
    subject      TEXT NOT NULL,
    time         TEXT NOT NULL,
    data         TEXT NOT NULL CHECK (json_valid(data)),
    published_at TEXT
) STRICT;

CREATE INDEX IF NOT EXISTS outbox_unpublished ON outbox (subject) WHERE published_at IS NULL;

-- Who did what to whom. Rows are only ever added.
CREATE TABLE IF NOT EXISTS audit_log (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    time   TEXT NOT NULL,
    action TEXT NOT NULL,
    -- The user who acted; NULL where nobody was signed in.
    actor  TEXT,
    -- The user it was done to.
    target TEXT,
    detail TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(detail))
) STRICT;

CREATE TRIGGER IF NOT EXISTS audit_log_is_never_changed BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: audit_log_append_only');
END;

CREATE TRIGGER IF NOT EXISTS audit_log_is_never_shortened BEFORE DELETE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: audit_log_append_only');
END;

INSERT INTO roles (name, description, built_in, created_at) VALUES
    ('admin', 'Administers users and their roles', 1, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    ('airline', 'Manages flights', 1, strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    ('customer', 'Searches and books flights', 1, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
    ON CONFLICT (name) DO NOTHING;

-- Sign-up: the row, its role and its event come together.
CREATE TRIGGER IF NOT EXISTS users_sign_up AFTER INSERT ON users
BEGIN
    INSERT INTO user_roles (user_id, role, granted_at) VALUES (NEW.id, 'customer', NEW.created_at);
    INSERT INTO outbox (type, subject, time, data) VALUES (
        'com.jetway.user.registered.v1', NEW.id, NEW.created_at,
        json_object('user_id', NEW.id, 'email', NEW.email)
    );
    INSERT INTO audit_log (time, action, actor, target) VALUES (NEW.created_at, 'user.registered', NEW.id, NEW.id);
END;

-- A failing foreign key does not say which of the two it was.
CREATE TRIGGER IF NOT EXISTS user_roles_name_what_exists BEFORE INSERT ON user_roles
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: unknown_user')
        WHERE NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id);
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: unknown_role')
        WHERE NOT EXISTS (SELECT 1 FROM roles WHERE name = NEW.role);
END;

CREATE TRIGGER IF NOT EXISTS user_roles_granted AFTER INSERT ON user_roles WHEN NEW.granted_by IS NOT NULL
BEGIN
    INSERT INTO outbox (type, subject, time, data) VALUES (
        'com.jetway.role.granted.v1', NEW.user_id, NEW.granted_at,
        json_object('user_id', NEW.user_id, 'role', NEW.role)
    );
    INSERT INTO audit_log (time, action, actor, target, detail) VALUES (
        NEW.granted_at, 'role.granted', NEW.granted_by, NEW.user_id, json_object('role', NEW.role)
    );
END;

-- A grant is made and taken back, never turned into another: the triggers for both would not see it.
CREATE TRIGGER IF NOT EXISTS user_roles_are_never_changed BEFORE UPDATE ON user_roles
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: user_roles_immutable');
END;

-- SQLite lets one writer in at a time, so of two administrators who remove each other one is refused.
CREATE TRIGGER IF NOT EXISTS user_roles_keep_an_admin BEFORE DELETE ON user_roles
    WHEN OLD.role = 'admin' AND NOT EXISTS (
        SELECT 1 FROM user_roles WHERE role = 'admin' AND user_id <> OLD.user_id
    )
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: last_admin');
END;

-- Not where the user itself is being deleted.
CREATE TRIGGER IF NOT EXISTS user_roles_revoked AFTER DELETE ON user_roles
    WHEN EXISTS (SELECT 1 FROM users WHERE id = OLD.user_id)
BEGIN
    INSERT INTO outbox (type, subject, time, data) VALUES (
        'com.jetway.role.revoked.v1', OLD.user_id, strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),
        json_object('user_id', OLD.user_id, 'role', OLD.role)
    );
END;

CREATE TRIGGER IF NOT EXISTS roles_stay_while_needed BEFORE DELETE ON roles
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: role_protected') WHERE OLD.built_in = 1;
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: role_in_use')
        WHERE EXISTS (SELECT 1 FROM user_roles WHERE role = OLD.name);
END;

-- An administrator takes a role back. Taking back what the user does not have changes nothing.
CREATE VIEW IF NOT EXISTS role_revocations AS
    SELECT user_id, role, granted_by AS revoked_by, granted_at AS revoked_at FROM user_roles WHERE 0;

CREATE TRIGGER IF NOT EXISTS role_revocations_insert INSTEAD OF INSERT ON role_revocations
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: unknown_user')
        WHERE NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id);
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: unknown_role')
        WHERE NOT EXISTS (SELECT 1 FROM roles WHERE name = NEW.role);
    INSERT INTO audit_log (time, action, actor, target, detail)
        SELECT NEW.revoked_at, 'role.revoked', NEW.revoked_by, user_id, json_object('role', role)
        FROM user_roles WHERE user_id = NEW.user_id AND role = NEW.role;
    DELETE FROM user_roles WHERE user_id = NEW.user_id AND role = NEW.role;
END;

-- The first administrator: a new user who has the role from the start, and only while nobody has it.
CREATE VIEW IF NOT EXISTS first_administrators AS
    SELECT id, email, password_hash, created_at FROM users WHERE 0;

CREATE TRIGGER IF NOT EXISTS first_administrators_insert INSTEAD OF INSERT ON first_administrators
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: admin_exists')
        WHERE EXISTS (SELECT 1 FROM user_roles WHERE role = 'admin');
    INSERT INTO users (id, email, password_hash, created_at, updated_at)
        VALUES (NEW.id, NEW.email, NEW.password_hash, NEW.created_at, NEW.created_at);
    INSERT INTO user_roles (user_id, role, granted_by, granted_at)
        VALUES (NEW.id, 'admin', NEW.id, NEW.created_at);
END;

-- Sign-in: the session and its first refresh token. The hash that the password was checked against must still be the
-- user's: a password that is changed while a sign-in with the old one is under way does not leave that one signed in.
CREATE VIEW IF NOT EXISTS session_starts AS
    SELECT id AS session_id, user_id, '' AS password_hash, x'' AS refresh_hash, client_address, user_agent,
        created_at AS started_at, expires_at
    FROM sessions WHERE 0;

CREATE TRIGGER IF NOT EXISTS session_starts_insert INSTEAD OF INSERT ON session_starts
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: credentials_changed')
        WHERE NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id AND password_hash = NEW.password_hash);
    -- What is long over is swept here, so that a user's sessions do not grow without end. The tokens are named because
    -- a remote server may not follow foreign keys.
    DELETE FROM refresh_tokens WHERE session_id IN (
        SELECT id FROM sessions WHERE user_id = NEW.user_id AND (expires_at <= NEW.started_at
            OR ended_at <= strftime('%Y-%m-%dT%H:%M:%fZ', NEW.started_at, '-1 day'))
    );
    DELETE FROM sessions WHERE user_id = NEW.user_id AND (expires_at <= NEW.started_at
        OR ended_at <= strftime('%Y-%m-%dT%H:%M:%fZ', NEW.started_at, '-1 day'));
    INSERT INTO sessions (id, user_id, client_address, user_agent, created_at, last_used_at, expires_at) VALUES (
        NEW.session_id, NEW.user_id, NEW.client_address, NEW.user_agent, NEW.started_at, NEW.started_at,
        NEW.expires_at
    );
    INSERT INTO refresh_tokens (hash, session_id, created_at)
        VALUES (NEW.refresh_hash, NEW.session_id, NEW.started_at);
END;

-- A refresh token is traded for its successor, once.
CREATE VIEW IF NOT EXISTS refresh_rotations AS
    SELECT hash, hash AS successor, created_at AS rotated_at, created_at AS expires_at FROM refresh_tokens WHERE 0;

CREATE TRIGGER IF NOT EXISTS refresh_rotations_insert INSTEAD OF INSERT ON refresh_rotations
BEGIN
    -- Unknown, signed out and expired look alike; only a rotated token of a living session counts as stolen.
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: refresh_token_dead') WHERE NOT EXISTS (
        SELECT 1 FROM refresh_tokens JOIN sessions ON sessions.id = session_id
        WHERE hash = NEW.hash AND ended_at IS NULL AND expires_at > NEW.rotated_at
    );
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: refresh_token_replayed')
        WHERE EXISTS (SELECT 1 FROM refresh_tokens WHERE hash = NEW.hash AND rotated_at IS NOT NULL);
    UPDATE refresh_tokens SET rotated_at = NEW.rotated_at WHERE hash = NEW.hash;
    INSERT INTO refresh_tokens (hash, session_id, created_at)
        SELECT NEW.successor, session_id, NEW.rotated_at FROM refresh_tokens WHERE hash = NEW.hash;
    UPDATE sessions SET last_used_at = NEW.rotated_at, expires_at = NEW.expires_at
        WHERE id = (SELECT session_id FROM refresh_tokens WHERE hash = NEW.hash);
END;

-- However a session ends, its end is on record.
CREATE TRIGGER IF NOT EXISTS sessions_ended AFTER UPDATE OF ended_at ON sessions
    WHEN OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL
BEGIN
    INSERT INTO audit_log (time, action, actor, target, detail) VALUES (
        NEW.ended_at, 'session.ended', NULL, NEW.user_id,
        json_object('session_id', NEW.id, 'reason', NEW.end_reason)
    );
END;

-- A new password ends every session but the one that set it.
CREATE VIEW IF NOT EXISTS password_changes AS
    SELECT id AS user_id, '' AS session_id, password_hash AS old_hash, password_hash AS new_hash,
        updated_at AS changed_at
    FROM users WHERE 0;

CREATE TRIGGER IF NOT EXISTS password_changes_insert INSTEAD OF INSERT ON password_changes
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: credentials_changed')
        WHERE NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id AND password_hash = NEW.old_hash);
    UPDATE users SET password_hash = NEW.new_hash, updated_at = NEW.changed_at WHERE id = NEW.user_id;
    UPDATE sessions SET ended_at = NEW.changed_at, end_reason = 'password_changed'
        WHERE user_id = NEW.user_id AND id <> NEW.session_id AND ended_at IS NULL;
    INSERT INTO audit_log (time, action, actor, target)
        VALUES (NEW.changed_at, 'password.changed', NEW.user_id, NEW.user_id);
END;
