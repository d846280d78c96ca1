-- When what access tokens say of a user last changed. The key-value store counts such changes in the user's epoch; where it loses
-- them, those of the last tokens' life are found here, and the sessions that ended meanwhile by their ends.

ALTER TABLE users ADD COLUMN renounced_at TEXT;

CREATE INDEX IF NOT EXISTS users_by_renunciation ON users (renounced_at) WHERE renounced_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS sessions_by_end ON sessions (ended_at) WHERE ended_at IS NOT NULL;

-- Not at sign-up, before which there is no token.
CREATE TRIGGER IF NOT EXISTS user_roles_granted_renounces AFTER INSERT ON user_roles WHEN NEW.granted_by IS NOT NULL
BEGIN
    UPDATE users SET renounced_at = NEW.granted_at WHERE id = NEW.user_id;
END;

CREATE TRIGGER IF NOT EXISTS user_roles_revoked_renounces AFTER DELETE ON user_roles
BEGIN
    UPDATE users SET renounced_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = OLD.user_id;
END;

CREATE TRIGGER IF NOT EXISTS users_disabled_renounces AFTER UPDATE OF disabled_at ON users
    WHEN OLD.disabled_at IS NULL AND NEW.disabled_at IS NOT NULL
BEGIN
    UPDATE users SET renounced_at = NEW.disabled_at WHERE id = NEW.id;
END;
