-- What there is of sessions is bounded, and the old mailbox hears at once that an account is to have another address.

-- An account has at most a hundred open sessions: the one that was used longest ago ends for the next. Of those that have ended, the last
-- two hundred are kept: more do not end while their access tokens live.
CREATE TRIGGER IF NOT EXISTS sessions_are_bounded AFTER INSERT ON sessions
BEGIN
    UPDATE sessions SET ended_at = NEW.created_at, end_reason = 'signed_out' WHERE id IN (
        SELECT id FROM sessions WHERE user_id = NEW.user_id AND ended_at IS NULL AND id <> NEW.id
        ORDER BY last_used_at DESC, id DESC LIMIT 5 OFFSET 99
    );
    DELETE FROM refresh_tokens WHERE session_id IN (
        SELECT id FROM sessions WHERE user_id = NEW.user_id AND ended_at IS NOT NULL
        ORDER BY ended_at DESC, id DESC LIMIT 5 OFFSET 200
    );
    DELETE FROM sessions WHERE id IN (
        SELECT id FROM sessions WHERE user_id = NEW.user_id AND ended_at IS NOT NULL
        ORDER BY ended_at DESC, id DESC LIMIT 5 OFFSET 200
    );
END;

-- Of the refresh tokens that have been traded, a session keeps the last twenty. Older ones are unknown, and end nothing.
CREATE TRIGGER IF NOT EXISTS refresh_tokens_are_bounded AFTER UPDATE OF rotated_at ON refresh_tokens
BEGIN
    DELETE FROM refresh_tokens WHERE hash IN (
        SELECT hash FROM refresh_tokens WHERE session_id = NEW.session_id AND rotated_at IS NOT NULL
        ORDER BY created_at DESC, rotated_at DESC LIMIT 5 OFFSET 20
    );
END;

-- Alike whether or not the address is free.
CREATE TRIGGER IF NOT EXISTS email_changes_are_told AFTER INSERT ON one_time_tokens WHEN NEW.purpose = 'change_email'
BEGIN
    INSERT INTO outbox (type, subject, time, data)
        SELECT 'com.jetway.email.change_pending.v1', id, NEW.created_at, json_object('user_id', id, 'email', email)
        FROM users WHERE id = NEW.user_id;
END;
