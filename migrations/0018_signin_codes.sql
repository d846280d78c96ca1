-- Signing in by a code out of a mail; a link in the same mail by which a browser is known; and the right password for an address that
-- is not verified.

-- Codes that have been asked for. There is a row for an address that nobody has, too: whoever tries codes meets the same work.
CREATE TABLE IF NOT EXISTS signin_codes (
    -- What the code and the link are derived from, with the secret `one_time_tokens`: neither of them is anywhere.
    id         TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    -- SHA-256 of what the browser that asked was given. No other can use the code.
    browser    BLOB NOT NULL UNIQUE CHECK (length(browser) = 32),
    -- SHA-256 of the address that it was asked for, in lower case. Not the address: it may be that of somebody who has no account.
    address    BLOB NOT NULL CHECK (length(address) = 32),
    -- NULL where the address is nobody's, or the account is disabled.
    user_id    TEXT REFERENCES users (id) ON DELETE CASCADE,
    tries      INTEGER NOT NULL DEFAULT 0 CHECK (tries BETWEEN 0 AND 5),
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS signin_codes_by_user ON signin_codes (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS signin_codes_by_end ON signin_codes (expires_at);

-- Links by which a browser gets proof that it is known: it signs nobody in, but what others try no longer holds it up. So whoever
-- has mail sent to somebody for as long as they may has put the way past that into the mailbox.
CREATE TABLE IF NOT EXISTS device_links (
    id         TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    -- SHA-256 of the token in the link.
    hash       BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    -- NULL only within the statement that asks for a link of nobody's address.
    user_id    TEXT REFERENCES users (id) ON DELETE CASCADE,
    -- The address that it is sent to, and that the browser will be known for.
    email      TEXT NOT NULL COLLATE NOCASE,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS device_links_by_user ON device_links (user_id);
CREATE INDEX IF NOT EXISTS device_links_by_end ON device_links (expires_at);

-- By foreign key too, which a remote server may not follow.
CREATE TRIGGER IF NOT EXISTS users_take_their_codes_along AFTER DELETE ON users
BEGIN
    DELETE FROM signin_codes WHERE user_id = OLD.id;
    DELETE FROM device_links WHERE user_id = OLD.id;
END;

-- Somebody asks for a code. Whether the address is anybody's makes no difference to the work: all rows are written in any case, and
-- those go again by which a mail would be sent.
CREATE VIEW IF NOT EXISTS signin_code_requests AS
    SELECT signin_codes.id, browser, address, email, hash AS link_hash, signin_codes.created_at, signin_codes.expires_at,
        device_links.expires_at AS link_expires_at
    FROM signin_codes, device_links WHERE 0;

CREATE TRIGGER IF NOT EXISTS signin_code_requests_insert INSTEAD OF INSERT ON signin_code_requests
BEGIN
    -- A few more than come, so that what is over never grows.
    DELETE FROM signin_codes WHERE id IN (SELECT id FROM signin_codes WHERE expires_at <= NEW.created_at LIMIT 20);
    DELETE FROM device_links WHERE id IN (SELECT id FROM device_links WHERE expires_at <= NEW.created_at LIMIT 20);
    INSERT INTO signin_codes (id, browser, address, user_id, created_at, expires_at)
        SELECT NEW.id, NEW.browser, NEW.address, users.id, NEW.created_at, NEW.expires_at
        FROM (SELECT 1) LEFT JOIN users ON users.email = NEW.email AND users.disabled_at IS NULL;
    -- A mail goes to the address as its owner wrote it, not as whoever asks does.
    INSERT INTO device_links (id, hash, user_id, email, created_at, expires_at)
        SELECT NEW.id, NEW.link_hash, user_id, coalesce(users.email, NEW.email), NEW.created_at, NEW.link_expires_at
        FROM signin_codes LEFT JOIN users ON users.id = user_id WHERE signin_codes.id = NEW.id;
    INSERT INTO outbox (type, subject, time, data)
        SELECT 'com.jetway.signin.code_requested.v1', coalesce(user_id, id), created_at, json_object(
            'user_id', user_id, 'email', email, 'token_id', id, 'expires_at', NEW.expires_at, 'link_expires_at', expires_at
        )
        FROM device_links WHERE id = NEW.id;
    DELETE FROM outbox WHERE subject = NEW.id AND published_at IS NULL;
    DELETE FROM device_links WHERE id = NEW.id AND user_id IS NULL;
END;

-- Whoever shows the code has the address. That stands, whether or not they are let in then. Where nobody had shown it before, the
-- account was only a claim: what was set up in it may be somebody else's, and ends. (The password with it: its owner sets one by a mail.)
CREATE VIEW IF NOT EXISTS signin_code_proofs AS
    SELECT id, '' AS email, created_at AS proved_at FROM signin_codes WHERE 0;

CREATE TRIGGER IF NOT EXISTS signin_code_proofs_insert INSTEAD OF INSERT ON signin_code_proofs
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: signin_code_dead') WHERE NOT EXISTS (
        SELECT 1 FROM signin_codes JOIN users ON users.id = user_id
        WHERE signin_codes.id = NEW.id AND expires_at > NEW.proved_at AND disabled_at IS NULL AND users.email = NEW.email
    );
    INSERT INTO outbox (type, subject, time, data)
        SELECT 'com.jetway.email.verified.v1', users.id, NEW.proved_at, json_object('user_id', users.id, 'email', users.email)
        FROM users WHERE email_verified_at IS NULL AND id = (SELECT user_id FROM signin_codes WHERE id = NEW.id);
    INSERT INTO audit_log (time, action, actor, target)
        SELECT NEW.proved_at, 'email.verified', NULL, id
        FROM users WHERE email_verified_at IS NULL AND id = (SELECT user_id FROM signin_codes WHERE id = NEW.id);
    UPDATE sessions SET ended_at = NEW.proved_at, end_reason = 'password_changed'
        WHERE ended_at IS NULL AND user_id = (
            SELECT user_id FROM signin_codes JOIN users ON users.id = user_id
            WHERE signin_codes.id = NEW.id AND email_verified_at IS NULL
        );
    DELETE FROM totp_secrets WHERE user_id = (
        SELECT user_id FROM signin_codes JOIN users ON users.id = user_id
        WHERE signin_codes.id = NEW.id AND email_verified_at IS NULL
    );
    DELETE FROM recovery_codes WHERE user_id = (
        SELECT user_id FROM signin_codes JOIN users ON users.id = user_id
        WHERE signin_codes.id = NEW.id AND email_verified_at IS NULL
    );
    DELETE FROM one_time_tokens WHERE user_id = (
        SELECT user_id FROM signin_codes JOIN users ON users.id = user_id
        WHERE signin_codes.id = NEW.id AND email_verified_at IS NULL
    );
    UPDATE users SET password_hash = '*', email_verified_at = NEW.proved_at, updated_at = NEW.proved_at
        WHERE email_verified_at IS NULL AND id = (SELECT user_id FROM signin_codes WHERE id = NEW.id);
END;

-- Sign-in by a code, which is used up by the session that it starts. All that holds for sessions that a password starts holds for it,
-- but for the password, which there need not be.
CREATE VIEW IF NOT EXISTS signin_code_uses AS
    SELECT id, '' AS email, '' AS session_id, x'' AS refresh_hash, '' AS client_address, '' AS user_agent,
        created_at AS started_at, expires_at, '' AS ends_at, 0 AS known_device, x'' AS otp_secret, 0 AS otp_step,
        '' AS recovery_hash
    FROM signin_codes WHERE 0;

CREATE TRIGGER IF NOT EXISTS signin_code_uses_insert INSTEAD OF INSERT ON signin_code_uses
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: signin_code_dead') WHERE NOT EXISTS (
        SELECT 1 FROM signin_codes JOIN users ON users.id = user_id
        WHERE signin_codes.id = NEW.id AND signin_codes.expires_at > NEW.started_at AND disabled_at IS NULL
            AND users.email = NEW.email
    );
    INSERT INTO session_starts (
            session_id, user_id, password_hash, refresh_hash, client_address, user_agent, started_at, expires_at, ends_at,
            known_device, require_verified, otp_secret, otp_step, recovery_hash
        )
        SELECT NEW.session_id, users.id, users.password_hash, NEW.refresh_hash, NEW.client_address, NEW.user_agent,
            NEW.started_at, NEW.expires_at, NEW.ends_at, NEW.known_device, 1, NEW.otp_secret, NEW.otp_step,
            NEW.recovery_hash
        FROM signin_codes JOIN users ON users.id = user_id WHERE signin_codes.id = NEW.id;
    UPDATE sessions
        SET amr = CASE WHEN NEW.otp_step IS NULL AND NEW.recovery_hash IS NULL THEN '["email"]' ELSE '["email","otp"]' END
        WHERE id = NEW.session_id;
    DELETE FROM signin_codes WHERE id = NEW.id;
END;

-- The right password, and the right second factor, of an account whose address has to be verified and is not. It uses nothing up: it is
-- always refused, with what stands in the way; unless the address has been verified meanwhile.
CREATE VIEW IF NOT EXISTS unverified_signins AS
    SELECT id AS user_id, password_hash, x'' AS otp_secret, 0 AS otp_step, '' AS recovery_hash FROM users WHERE 0;

CREATE TRIGGER IF NOT EXISTS unverified_signins_insert INSTEAD OF INSERT ON unverified_signins
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: credentials_changed') WHERE NOT EXISTS (
        SELECT 1 FROM users WHERE id = NEW.user_id AND password_hash = NEW.password_hash AND disabled_at IS NULL
    );
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: second_factor_required')
        WHERE NEW.otp_step IS NULL AND NEW.recovery_hash IS NULL
            AND EXISTS (SELECT 1 FROM totp_secrets WHERE user_id = NEW.user_id AND confirmed_at IS NOT NULL);
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: second_factor_refused')
        WHERE (NEW.otp_step IS NOT NULL OR NEW.recovery_hash IS NOT NULL) AND NOT (
            EXISTS (
                SELECT 1 FROM totp_secrets
                WHERE user_id = NEW.user_id AND secret = NEW.otp_secret AND confirmed_at IS NOT NULL
                    AND last_step < NEW.otp_step
            )
            OR EXISTS (
                SELECT 1 FROM recovery_codes
                WHERE user_id = NEW.user_id AND hash = NEW.recovery_hash AND used_at IS NULL
            )
        );
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: email_not_verified')
        WHERE EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id AND email_verified_at IS NULL);
END;
