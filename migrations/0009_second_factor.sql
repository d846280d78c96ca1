-- A second factor: time-based one-time passwords (RFC 6238), and recovery codes for whoever loses the device.

DROP VIEW IF EXISTS session_starts;

-- The secret has to be read to check a code by it. It is not sealed: the key would lie beside it.
CREATE TABLE IF NOT EXISTS totp_secrets (
    user_id      TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    secret       BLOB NOT NULL CHECK (length(secret) = 20),
    created_at   TEXT NOT NULL,
    -- NULL until its owner has shown that their device has it; until then it is asked for nowhere.
    confirmed_at TEXT,
    -- The time step of the last code that was accepted: that one, and those before it, are accepted no more.
    last_step    INTEGER NOT NULL DEFAULT 0,
    -- Attempts since the last code that was accepted, and when the next one may be made.
    attempts     INTEGER NOT NULL DEFAULT 0,
    next_attempt TEXT NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS recovery_codes (
    -- SHA-256 of the code, in hexadecimal. The code itself is nowhere; it has 120 random bits, so that no slow hash is needed.
    hash       TEXT NOT NULL PRIMARY KEY CHECK (length(hash) = 64),
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at TEXT NOT NULL,
    used_at    TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS recovery_codes_by_user ON recovery_codes (user_id);

-- By foreign key too, which a remote server may not follow.
CREATE TRIGGER IF NOT EXISTS users_deleted_second_factor AFTER DELETE ON users
BEGIN
    DELETE FROM totp_secrets WHERE user_id = OLD.id;
    DELETE FROM recovery_codes WHERE user_id = OLD.id;
END;

-- How whoever started the session has shown who they are (RFC 8176).
ALTER TABLE sessions ADD COLUMN amr TEXT NOT NULL DEFAULT '["pwd"]' CHECK (json_valid(amr));

-- A code is used: by its time step, or a recovery code by its hash. Of two who use one at once, one is refused. The secret that the
-- code was checked against must still be the user's.
CREATE VIEW IF NOT EXISTS second_factor_uses AS
    SELECT user_id, secret, last_step AS step, '' AS recovery_hash, created_at AS used_at, '' AS client_address,
        '' AS request_id
    FROM totp_secrets WHERE 0;

CREATE TRIGGER IF NOT EXISTS second_factor_uses_insert INSTEAD OF INSERT ON second_factor_uses
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: second_factor_refused') WHERE NOT (
        EXISTS (
            SELECT 1 FROM totp_secrets
            WHERE user_id = NEW.user_id AND secret = NEW.secret AND confirmed_at IS NOT NULL AND last_step < NEW.step
        )
        OR EXISTS (
            SELECT 1 FROM recovery_codes
            WHERE user_id = NEW.user_id AND hash = NEW.recovery_hash AND used_at IS NULL
        )
    );
    UPDATE totp_secrets SET last_step = NEW.step, attempts = 0, next_attempt = ''
        WHERE user_id = NEW.user_id AND NEW.step IS NOT NULL;
    UPDATE recovery_codes SET used_at = NEW.used_at WHERE user_id = NEW.user_id AND hash = NEW.recovery_hash;
    INSERT INTO audit_log (time, action, actor, target, client_address, request_id)
        SELECT NEW.used_at, 'mfa.recovery_code_used', NEW.user_id, NEW.user_id, NEW.client_address, NEW.request_id
        WHERE NEW.recovery_hash IS NOT NULL;
END;

-- The owner of the account shows that their device has the secret. The session in which they do has shown it too. `codes` are the
-- hashes of the recovery codes: a JSON array.
CREATE VIEW IF NOT EXISTS second_factor_confirmations AS
    SELECT user_id, '' AS session_id, secret, last_step AS step, '' AS codes, confirmed_at, '' AS client_address,
        '' AS request_id
    FROM totp_secrets WHERE 0;

CREATE TRIGGER IF NOT EXISTS second_factor_confirmations_insert INSTEAD OF INSERT ON second_factor_confirmations
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: second_factor_refused') WHERE NOT EXISTS (
        SELECT 1 FROM totp_secrets WHERE user_id = NEW.user_id AND secret = NEW.secret AND confirmed_at IS NULL
    );
    UPDATE totp_secrets SET confirmed_at = NEW.confirmed_at, last_step = NEW.step, attempts = 0, next_attempt = ''
        WHERE user_id = NEW.user_id;
    DELETE FROM recovery_codes WHERE user_id = NEW.user_id;
    INSERT INTO recovery_codes (hash, user_id, created_at)
        SELECT value, NEW.user_id, NEW.confirmed_at FROM json_each(NEW.codes);
    UPDATE sessions SET amr = '["pwd","otp"]' WHERE id = NEW.session_id AND user_id = NEW.user_id;
    INSERT INTO outbox (type, subject, time, data) VALUES (
        'com.jetway.mfa.enabled.v1', NEW.user_id, NEW.confirmed_at, json_object('user_id', NEW.user_id)
    );
    INSERT INTO audit_log (time, action, actor, target, client_address, request_id) VALUES (
        NEW.confirmed_at, 'mfa.enabled', NEW.user_id, NEW.user_id, NEW.client_address, NEW.request_id
    );
END;

-- And does without it from now on.
CREATE VIEW IF NOT EXISTS second_factor_removals AS
    SELECT user_id, secret, last_step AS step, '' AS recovery_hash, created_at AS removed_at, '' AS client_address,
        '' AS request_id
    FROM totp_secrets WHERE 0;

CREATE TRIGGER IF NOT EXISTS second_factor_removals_insert INSTEAD OF INSERT ON second_factor_removals
BEGIN
    INSERT INTO second_factor_uses (user_id, secret, step, recovery_hash, used_at, client_address, request_id) VALUES (
        NEW.user_id, NEW.secret, NEW.step, NEW.recovery_hash, NEW.removed_at, NEW.client_address, NEW.request_id
    );
    DELETE FROM totp_secrets WHERE user_id = NEW.user_id;
    DELETE FROM recovery_codes WHERE user_id = NEW.user_id;
    INSERT INTO outbox (type, subject, time, data) VALUES (
        'com.jetway.mfa.disabled.v1', NEW.user_id, NEW.removed_at, json_object('user_id', NEW.user_id)
    );
    INSERT INTO audit_log (time, action, actor, target, client_address, request_id) VALUES (
        NEW.removed_at, 'mfa.disabled', NEW.user_id, NEW.user_id, NEW.client_address, NEW.request_id
    );
END;

-- New recovery codes take the place of the old ones.
CREATE VIEW IF NOT EXISTS recovery_code_sets AS
    SELECT user_id, secret, last_step AS step, '' AS recovery_hash, '' AS codes, created_at AS made_at,
        '' AS client_address, '' AS request_id
    FROM totp_secrets WHERE 0;

CREATE TRIGGER IF NOT EXISTS recovery_code_sets_insert INSTEAD OF INSERT ON recovery_code_sets
BEGIN
    INSERT INTO second_factor_uses (user_id, secret, step, recovery_hash, used_at, client_address, request_id) VALUES (
        NEW.user_id, NEW.secret, NEW.step, NEW.recovery_hash, NEW.made_at, NEW.client_address, NEW.request_id
    );
    DELETE FROM recovery_codes WHERE user_id = NEW.user_id;
    INSERT INTO recovery_codes (hash, user_id, created_at)
        SELECT value, NEW.user_id, NEW.made_at FROM json_each(NEW.codes);
    INSERT INTO audit_log (time, action, actor, target, client_address, request_id) VALUES (
        NEW.made_at, 'mfa.recovery_codes_replaced', NEW.user_id, NEW.user_id, NEW.client_address, NEW.request_id
    );
END;

-- Sign-in: the session and its first refresh token. The hash that the password was checked against must still be the
-- user's: a password that is changed while a sign-in with the old one is under way does not leave that one signed in. Nor does an
-- account that is disabled meanwhile, or whose address has to be verified and is not.
--
-- Whoever has a second factor starts no session without it, and the code is used up by the session that it starts.
--
-- A sign-in on a device that has not signed in before is news to the account's owner, unless it is their first.
CREATE VIEW IF NOT EXISTS session_starts AS
    SELECT id AS session_id, user_id, '' AS password_hash, x'' AS refresh_hash, client_address, user_agent,
        created_at AS started_at, expires_at, ends_at, 0 AS known_device, 0 AS require_verified,
        x'' AS otp_secret, 0 AS otp_step, '' AS recovery_hash
    FROM sessions WHERE 0;

CREATE TRIGGER IF NOT EXISTS session_starts_insert INSTEAD OF INSERT ON session_starts
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: credentials_changed')
        WHERE NOT EXISTS (
            SELECT 1 FROM users
            WHERE id = NEW.user_id AND password_hash = NEW.password_hash AND disabled_at IS NULL
                AND (NOT NEW.require_verified OR email_verified_at IS NOT NULL)
        );
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: second_factor_required')
        WHERE NEW.otp_step IS NULL AND NEW.recovery_hash IS NULL
            AND EXISTS (SELECT 1 FROM totp_secrets WHERE user_id = NEW.user_id AND confirmed_at IS NOT NULL);
    INSERT INTO second_factor_uses (user_id, secret, step, recovery_hash, used_at, client_address)
        SELECT NEW.user_id, NEW.otp_secret, NEW.otp_step, NEW.recovery_hash, NEW.started_at, NEW.client_address
        WHERE NEW.otp_step IS NOT NULL OR NEW.recovery_hash IS NOT NULL;
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
    INSERT INTO sessions (id, user_id, client_address, user_agent, created_at, last_used_at, expires_at, ends_at, amr)
        VALUES (
            NEW.session_id, NEW.user_id, NEW.client_address, NEW.user_agent, NEW.started_at, NEW.started_at,
            NEW.expires_at, NEW.ends_at,
            CASE WHEN NEW.otp_step IS NULL AND NEW.recovery_hash IS NULL THEN '["pwd"]' ELSE '["pwd","otp"]' END
        );
    INSERT INTO refresh_tokens (hash, session_id, created_at)
        VALUES (NEW.refresh_hash, NEW.session_id, NEW.started_at);
END;
