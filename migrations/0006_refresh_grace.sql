-- A refresh token that comes again soon gets the same successor; one that comes again late has been stolen, and its family ends.
-- The ends of sessions that no refresh moves. And what it takes to restore revocations that the key-value store has lost.

-- When what access tokens say of a user last changed. The key-value store counts such changes in the user's epoch; where it loses
-- them, those of the last tokens' life are found here, and the sessions that ended meanwhile by their ends.

ALTER TABLE users ADD COLUMN renounced_at TEXT;

CREATE INDEX IF NOT EXISTS users_by_renunciation ON users (renounced_at) WHERE renounced_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS sessions_by_end ON sessions (ended_at) WHERE ended_at IS NOT NULL;

-- A role that is given takes nothing away.
CREATE TRIGGER IF NOT EXISTS user_roles_revoked_renounces AFTER DELETE ON user_roles
BEGIN
    UPDATE users SET renounced_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = OLD.user_id;
END;

CREATE TRIGGER IF NOT EXISTS users_disabled_renounces AFTER UPDATE OF disabled_at ON users
    WHEN OLD.disabled_at IS NULL AND NEW.disabled_at IS NOT NULL
BEGIN
    UPDATE users SET renounced_at = NEW.disabled_at WHERE id = NEW.id;
END;

-- Sessions from before their absolute end was kept: as long as is usual.
UPDATE sessions SET ends_at = strftime('%Y-%m-%dT%H:%M:%fZ', created_at, '+30 days') WHERE ends_at IS NULL;
UPDATE sessions SET expires_at = ends_at WHERE expires_at > ends_at;

DROP VIEW IF EXISTS refresh_rotations;

-- A refresh token is traded for its successor. Three things can come of it, none of which is an abort, which would undo itself: the
-- first time there is a successor; soon after (not before `grace_since`) the same one again, and nothing changes; later the token has
-- two users, one of whom stole it, and the session ends. The caller reads which it was from the session.
--
-- Unknown, signed out and expired look alike, and so does the token of a disabled account: none of these counts as stolen.
CREATE VIEW IF NOT EXISTS refresh_rotations AS
    SELECT hash, hash AS successor, created_at AS rotated_at, created_at AS grace_since, created_at AS expires_at
    FROM refresh_tokens WHERE 0;

CREATE TRIGGER IF NOT EXISTS refresh_rotations_insert INSTEAD OF INSERT ON refresh_rotations
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: refresh_token_dead') WHERE NOT EXISTS (
        SELECT 1 FROM refresh_tokens JOIN sessions ON sessions.id = session_id JOIN users ON users.id = user_id
        WHERE hash = NEW.hash AND ended_at IS NULL AND disabled_at IS NULL
            AND expires_at > NEW.rotated_at AND (ends_at IS NULL OR ends_at > NEW.rotated_at)
    );
    UPDATE sessions SET ended_at = NEW.rotated_at, end_reason = 'token_replayed' WHERE id = (
        SELECT session_id FROM refresh_tokens WHERE hash = NEW.hash AND rotated_at < NEW.grace_since
    );
    INSERT INTO refresh_tokens (hash, session_id, created_at)
        SELECT NEW.successor, session_id, NEW.rotated_at FROM refresh_tokens
        WHERE hash = NEW.hash AND rotated_at IS NULL;
    UPDATE sessions SET last_used_at = NEW.rotated_at, expires_at = min(NEW.expires_at, coalesce(ends_at, NEW.expires_at))
        WHERE id = (SELECT session_id FROM refresh_tokens WHERE hash = NEW.hash AND rotated_at IS NULL);
    UPDATE refresh_tokens SET rotated_at = NEW.rotated_at WHERE hash = NEW.hash AND rotated_at IS NULL;
END;

-- The audit log has every end; this one the rest of the platform is to hear of.
CREATE TRIGGER IF NOT EXISTS sessions_ended_by_replay AFTER UPDATE OF ended_at ON sessions
    WHEN OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL AND NEW.end_reason = 'token_replayed'
BEGIN
    INSERT INTO outbox (type, subject, time, data) VALUES (
        'com.jetway.refresh_token.replayed.v1', NEW.user_id, NEW.ended_at,
        json_object('user_id', NEW.user_id, 'session_id', NEW.id)
    );
END;
