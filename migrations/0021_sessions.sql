-- A refresh token is replayed when its successor was used, however much time has passed. And what the second factor gave goes with it.

DROP TRIGGER IF EXISTS refresh_rotations_insert;

-- A refresh token is traded for its successor. The first time there is one. As long as nobody has used it, the same one is given again: the
-- answer was lost, and what is handed out lives as long as if it were the first time. Once it was used, the token has two users, one of whom
-- stole it, and the session ends; but not where that was just now (not before `grace_since`), when requests may have overtaken one
-- another: then the token is refused, and nothing else comes of it. So is one whose successor nobody can know, because the secret is another.
--
-- Unknown, signed out and expired look alike, and so does the token of a disabled account: none of these counts as stolen.
CREATE TRIGGER IF NOT EXISTS refresh_rotations_insert INSTEAD OF INSERT ON refresh_rotations
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: refresh_token_dead') WHERE NOT EXISTS (
        SELECT 1 FROM refresh_tokens JOIN sessions ON sessions.id = session_id JOIN users ON users.id = user_id
        WHERE hash = NEW.hash AND ended_at IS NULL AND disabled_at IS NULL
            AND expires_at > NEW.rotated_at AND (ends_at IS NULL OR ends_at > NEW.rotated_at)
    );
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: refresh_token_dead') WHERE EXISTS (
        SELECT 1 FROM refresh_tokens AS traded LEFT JOIN refresh_tokens AS next ON next.hash = NEW.successor
        WHERE traded.hash = NEW.hash AND traded.rotated_at IS NOT NULL
            AND (next.hash IS NULL OR next.rotated_at >= NEW.grace_since)
    );
    UPDATE sessions SET ended_at = NEW.rotated_at, end_reason = 'token_replayed' WHERE id = (
        SELECT traded.session_id FROM refresh_tokens AS traded JOIN refresh_tokens AS next ON next.hash = NEW.successor
        WHERE traded.hash = NEW.hash AND traded.rotated_at IS NOT NULL AND next.rotated_at < NEW.grace_since
    );
    INSERT INTO refresh_tokens (hash, session_id, created_at)
        SELECT NEW.successor, session_id, NEW.rotated_at FROM refresh_tokens
        WHERE hash = NEW.hash AND rotated_at IS NULL;
    UPDATE sessions SET last_used_at = NEW.rotated_at, expires_at = min(NEW.expires_at, coalesce(ends_at, NEW.expires_at))
        WHERE ended_at IS NULL AND id = (SELECT session_id FROM refresh_tokens WHERE hash = NEW.hash);
    UPDATE refresh_tokens SET rotated_at = NEW.rotated_at WHERE hash = NEW.hash AND rotated_at IS NULL;
END;

-- Whoever takes the second factor off, its owner, an administrator or the first proof of the address: no session goes on as if it were
-- there, nor does one when there is another. Access tokens that say so end with the user's epoch.
CREATE TRIGGER IF NOT EXISTS totp_secrets_take_otp_along AFTER DELETE ON totp_secrets WHEN OLD.confirmed_at IS NOT NULL
BEGIN
    UPDATE sessions SET amr = (SELECT json_group_array(value) FROM json_each(sessions.amr) WHERE value <> 'otp')
        WHERE user_id = OLD.user_id AND amr LIKE '%"otp"%';
    UPDATE users SET renounced_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = OLD.user_id;
END;

-- And those of factors that were taken off before.
UPDATE sessions SET amr = (SELECT json_group_array(value) FROM json_each(sessions.amr) WHERE value <> 'otp')
    WHERE amr LIKE '%"otp"%' AND user_id NOT IN (SELECT user_id FROM totp_secrets WHERE confirmed_at IS NOT NULL);
