-- What an account can be besides there: verified, disabled, with a password that was hashed in a newer way. And what the audit log
-- says of where an act came from.
--
-- A CHECK cannot be changed, and a table that others refer to is not to be dropped (a server that follows foreign keys would
-- take their rows along): so the column is replaced by another, under its name.

DROP VIEW IF EXISTS first_administrators;
DROP VIEW IF EXISTS session_starts;
DROP VIEW IF EXISTS password_changes;

-- Three forms: bcrypt alone (accounts that were taken over), bcrypt over an HMAC with pepper number p (0: none), and `*`, which no
-- password matches. A plain password can never get here by mistake, whatever the code does.
ALTER TABLE users ADD COLUMN hash TEXT NOT NULL DEFAULT '*' CONSTRAINT password_is_hashed CHECK (
    hash = '*'
    OR (
        length(hash) = 60
        AND hash GLOB '$2[aby]$[0-3][0-9]$*'
        AND substr(hash, -53) NOT GLOB '*[^./0-9A-Za-z]*'
    )
    OR (
        substr(hash, 1, 22) = '$bcrypt-hmac-sha256$p='
        AND substr(hash, 23, 1) GLOB '[0-9]'
        AND length(ltrim(substr(hash, 23), '0123456789')) = 60
        AND ltrim(substr(hash, 23), '0123456789') GLOB '$2b$[0-3][0-9]$*'
        AND substr(hash, -53) NOT GLOB '*[^./0-9A-Za-z]*'
    )
);
UPDATE users SET hash = password_hash;
ALTER TABLE users DROP COLUMN password_hash;
ALTER TABLE users RENAME COLUMN hash TO password_hash;

-- When the owner of the address has shown to have it.
ALTER TABLE users ADD COLUMN email_verified_at TEXT;
-- Since when an administrator lets nobody sign in to it.
ALTER TABLE users ADD COLUMN disabled_at TEXT;

-- The end that no refresh moves. NULL in sessions from before it was kept.
ALTER TABLE sessions ADD COLUMN ends_at TEXT;
-- Who ended it, where that was not its owner.
ALTER TABLE sessions ADD COLUMN ended_by TEXT;

-- Where an act came from: the client's address, and the request's id in every log.
ALTER TABLE audit_log ADD COLUMN client_address TEXT;
ALTER TABLE audit_log ADD COLUMN request_id TEXT;

-- What the gateway derives tokens and cookies from. Made on first use; whoever can read it can forge those, and nothing else.
CREATE TABLE IF NOT EXISTS server_secrets (
    name       TEXT NOT NULL PRIMARY KEY,
    secret     BLOB NOT NULL CHECK (length(secret) = 32),
    created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

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
-- user's: a password that is changed while a sign-in with the old one is under way does not leave that one signed in. Nor does an
-- account that is disabled meanwhile.
CREATE VIEW IF NOT EXISTS session_starts AS
    SELECT id AS session_id, user_id, '' AS password_hash, x'' AS refresh_hash, client_address, user_agent,
        created_at AS started_at, expires_at
    FROM sessions WHERE 0;

CREATE TRIGGER IF NOT EXISTS session_starts_insert INSTEAD OF INSERT ON session_starts
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: credentials_changed')
        WHERE NOT EXISTS (
            SELECT 1 FROM users
            WHERE id = NEW.user_id AND password_hash = NEW.password_hash AND disabled_at IS NULL
        );
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
