-- Signing in on a known device or on a new one; the absolute end of a session; and what every sign-in costs.

DROP VIEW IF EXISTS session_starts;

-- Sign-in: the session and its first refresh token. The hash that the password was checked against must still be the
-- user's: a password that is changed while a sign-in with the old one is under way does not leave that one signed in. Nor does an
-- account that is disabled meanwhile, or whose address has to be verified and is not.
--
-- A sign-in on a device that has not signed in before is news to the account's owner, unless it is their first.
CREATE VIEW IF NOT EXISTS session_starts AS
    SELECT id AS session_id, user_id, '' AS password_hash, x'' AS refresh_hash, client_address, user_agent,
        created_at AS started_at, expires_at, ends_at, 0 AS known_device, 0 AS require_verified
    FROM sessions WHERE 0;

CREATE TRIGGER IF NOT EXISTS session_starts_insert INSTEAD OF INSERT ON session_starts
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: credentials_changed')
        WHERE NOT EXISTS (
            SELECT 1 FROM users
            WHERE id = NEW.user_id AND password_hash = NEW.password_hash AND disabled_at IS NULL
                AND (NOT NEW.require_verified OR email_verified_at IS NOT NULL)
        );
    -- Before the sweep: who has ever signed in still has the session of the last time.
    INSERT INTO outbox (type, subject, time, data)
        SELECT 'com.jetway.signin.new_device.v1', NEW.user_id, NEW.started_at,
            json_object('user_id', NEW.user_id, 'session_id', NEW.session_id, 'client_address', NEW.client_address,
                'user_agent', NEW.user_agent)
        WHERE NOT NEW.known_device AND EXISTS (SELECT 1 FROM sessions WHERE user_id = NEW.user_id);
    -- What is long over is swept here, so that a user's sessions do not grow without end. The tokens are named because
    -- a remote server may not follow foreign keys.
    DELETE FROM refresh_tokens WHERE session_id IN (
        SELECT id FROM sessions WHERE user_id = NEW.user_id AND (expires_at <= NEW.started_at
            OR ended_at <= strftime('%Y-%m-%dT%H:%M:%fZ', NEW.started_at, '-1 day'))
    );
    DELETE FROM sessions WHERE user_id = NEW.user_id AND (expires_at <= NEW.started_at
        OR ended_at <= strftime('%Y-%m-%dT%H:%M:%fZ', NEW.started_at, '-1 day'));
    INSERT INTO sessions (id, user_id, client_address, user_agent, created_at, last_used_at, expires_at, ends_at)
        VALUES (
            NEW.session_id, NEW.user_id, NEW.client_address, NEW.user_agent, NEW.started_at, NEW.started_at,
            NEW.expires_at, NEW.ends_at
        );
    INSERT INTO refresh_tokens (hash, session_id, created_at)
        VALUES (NEW.refresh_hash, NEW.session_id, NEW.started_at);
END;

-- The highest cost of any stored hash, at a glance: every sign-in does as much work as the dearest of them, so that the time it
-- takes says nothing of whether there is an account, or of how old it is.
CREATE INDEX IF NOT EXISTS users_by_cost ON users (substr(password_hash, -56, 2));
