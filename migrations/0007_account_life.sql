-- The life of an account: its address is verified and changed, its password reset, and it ends.

DROP VIEW IF EXISTS first_administrators;

-- What its holder may do once, before it expires: whoever shows the token has read the mail that it was in. The token is derived
-- from its id and the server's secret `one_time_tokens`, so that an event needs no more than the id to have it delivered; a
-- subscriber of the events, who has no secret, learns nothing.
CREATE TABLE IF NOT EXISTS one_time_tokens (
    id         TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
    -- SHA-256 of the token. The token itself is nowhere.
    hash       BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    purpose    TEXT NOT NULL CHECK (purpose IN ('verify_email', 'change_email', 'reset_password')),
    -- NULL only within the statement that asks for a token of nobody's address.
    user_id    TEXT REFERENCES users (id) ON DELETE CASCADE,
    -- Where the mail goes: the account's address, or the one that is to become it.
    email      TEXT NOT NULL COLLATE NOCASE,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS one_time_tokens_by_user ON one_time_tokens (user_id);
CREATE INDEX IF NOT EXISTS one_time_tokens_by_end ON one_time_tokens (expires_at);

-- Somebody asks for a mail to an address. Whether it is anybody's makes no difference to the work: the rows are written in any
-- case, and go again where nobody is to get a mail.
CREATE VIEW IF NOT EXISTS one_time_token_requests AS
    SELECT id, hash, purpose, email, created_at, expires_at FROM one_time_tokens WHERE 0;

CREATE TRIGGER IF NOT EXISTS one_time_token_requests_insert INSTEAD OF INSERT ON one_time_token_requests
BEGIN
    DELETE FROM one_time_tokens WHERE expires_at <= NEW.created_at;
    -- A mail goes to the address as its owner wrote it, not as whoever asks does.
    INSERT INTO one_time_tokens (id, hash, purpose, user_id, email, created_at, expires_at)
        SELECT NEW.id, NEW.hash, NEW.purpose, users.id, coalesce(users.email, NEW.email), NEW.created_at, NEW.expires_at
        FROM (SELECT 1) LEFT JOIN users ON users.email = NEW.email AND users.disabled_at IS NULL
            AND (NEW.purpose = 'reset_password' OR users.email_verified_at IS NULL);
    INSERT INTO outbox (type, subject, time, data)
        SELECT
            CASE purpose
                WHEN 'reset_password' THEN 'com.jetway.password.reset_requested.v1'
                ELSE 'com.jetway.email.verification_requested.v1'
            END,
            coalesce(user_id, id), created_at,
            json_object('user_id', user_id, 'email', email, 'token_id', id, 'expires_at', expires_at)
        FROM one_time_tokens WHERE id = NEW.id;
    DELETE FROM outbox WHERE subject = NEW.id AND published_at IS NULL;
    DELETE FROM one_time_tokens WHERE id = NEW.id AND user_id IS NULL;
END;

-- Somebody wanted to sign up with, or to move to, an address that has an account: only its owner hears of it.
CREATE VIEW IF NOT EXISTS address_claims AS
    SELECT email, created_at AS claimed_at FROM users WHERE 0;

CREATE TRIGGER IF NOT EXISTS address_claims_insert INSTEAD OF INSERT ON address_claims
BEGIN
    INSERT INTO outbox (type, subject, time, data)
        SELECT 'com.jetway.signup.attempted.v1', id, NEW.claimed_at, json_object('user_id', id, 'email', email)
        FROM users WHERE email = NEW.email;
END;

-- The owner of an account wants another address. The hash that the password was checked against must still be theirs.
CREATE VIEW IF NOT EXISTS email_change_requests AS
    SELECT user_id, '' AS password_hash, id AS token_id, hash AS token_hash, email, created_at, expires_at
    FROM one_time_tokens WHERE 0;

CREATE TRIGGER IF NOT EXISTS email_change_requests_insert INSTEAD OF INSERT ON email_change_requests
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: credentials_changed')
        WHERE NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id AND password_hash = NEW.password_hash);
    DELETE FROM one_time_tokens WHERE expires_at <= NEW.created_at;
    INSERT INTO one_time_tokens (id, hash, purpose, user_id, email, created_at, expires_at)
        SELECT NEW.token_id, NEW.token_hash, 'change_email', NEW.user_id, NEW.email, NEW.created_at, NEW.expires_at
        WHERE NOT EXISTS (SELECT 1 FROM users WHERE email = NEW.email AND id <> NEW.user_id);
    INSERT INTO outbox (type, subject, time, data)
        SELECT 'com.jetway.email.change_requested.v1', users.id, NEW.created_at, json_object(
            'user_id', users.id, 'email', users.email, 'new_email', one_time_tokens.email,
            'token_id', one_time_tokens.id, 'expires_at', one_time_tokens.expires_at
        )
        FROM one_time_tokens JOIN users ON users.id = user_id WHERE one_time_tokens.id = NEW.token_id;
    INSERT INTO address_claims (email, claimed_at)
        SELECT NEW.email, NEW.created_at
        WHERE EXISTS (SELECT 1 FROM users WHERE email = NEW.email AND id <> NEW.user_id);
    INSERT INTO audit_log (time, action, actor, target)
        VALUES (NEW.created_at, 'email.change_requested', NEW.user_id, NEW.user_id);
END;

-- Who shows the token has the address that it was sent to.
CREATE VIEW IF NOT EXISTS email_verifications AS
    SELECT hash, created_at AS verified_at FROM one_time_tokens WHERE 0;

CREATE TRIGGER IF NOT EXISTS email_verifications_insert INSTEAD OF INSERT ON email_verifications
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: one_time_token_dead') WHERE NOT EXISTS (
        SELECT 1 FROM one_time_tokens JOIN users ON users.id = user_id
        WHERE hash = NEW.hash AND expires_at > NEW.verified_at AND disabled_at IS NULL
            AND (purpose = 'change_email' OR purpose = 'verify_email' AND one_time_tokens.email = users.email)
    );
    INSERT INTO outbox (type, subject, time, data)
        SELECT
            CASE purpose WHEN 'change_email' THEN 'com.jetway.email.changed.v1' ELSE 'com.jetway.email.verified.v1' END,
            users.id, NEW.verified_at,
            CASE purpose
                WHEN 'change_email' THEN json_object(
                    'user_id', users.id, 'email', one_time_tokens.email, 'previous_email', users.email
                )
                ELSE json_object('user_id', users.id, 'email', users.email)
            END
        FROM one_time_tokens JOIN users ON users.id = user_id WHERE hash = NEW.hash;
    INSERT INTO audit_log (time, action, actor, target)
        SELECT NEW.verified_at, CASE purpose WHEN 'change_email' THEN 'email.changed' ELSE 'email.verified' END, NULL, user_id
        FROM one_time_tokens WHERE hash = NEW.hash;
    -- An address that somebody else has taken meanwhile is refused here, by UNIQUE, and with it all of the above.
    UPDATE users SET
        email = (SELECT email FROM one_time_tokens WHERE hash = NEW.hash),
        email_verified_at = NEW.verified_at,
        updated_at = NEW.verified_at
        WHERE id = (SELECT user_id FROM one_time_tokens WHERE hash = NEW.hash);
    DELETE FROM one_time_tokens WHERE purpose <> 'reset_password'
        AND user_id = (SELECT user_id FROM one_time_tokens WHERE hash = NEW.hash);
END;

-- Who shows the token sets a new password, and has the address. Every session ends: whoever knew the old password is out.
CREATE VIEW IF NOT EXISTS password_resets AS
    SELECT hash, '' AS new_hash, created_at AS reset_at FROM one_time_tokens WHERE 0;

CREATE TRIGGER IF NOT EXISTS password_resets_insert INSTEAD OF INSERT ON password_resets
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: one_time_token_dead') WHERE NOT EXISTS (
        SELECT 1 FROM one_time_tokens JOIN users ON users.id = user_id
        WHERE hash = NEW.hash AND expires_at > NEW.reset_at AND disabled_at IS NULL
            AND purpose = 'reset_password' AND one_time_tokens.email = users.email
    );
    INSERT INTO outbox (type, subject, time, data)
        SELECT 'com.jetway.password.reset.v1', users.id, NEW.reset_at,
            json_object('user_id', users.id, 'email', users.email)
        FROM one_time_tokens JOIN users ON users.id = user_id WHERE hash = NEW.hash;
    INSERT INTO audit_log (time, action, actor, target)
        SELECT NEW.reset_at, 'password.reset', NULL, user_id FROM one_time_tokens WHERE hash = NEW.hash;
    UPDATE sessions SET ended_at = NEW.reset_at, end_reason = 'password_changed'
        WHERE ended_at IS NULL AND user_id = (SELECT user_id FROM one_time_tokens WHERE hash = NEW.hash);
    -- Last, because it takes the token with it.
    UPDATE users SET
        password_hash = NEW.new_hash,
        email_verified_at = coalesce(email_verified_at, NEW.reset_at),
        updated_at = NEW.reset_at
        WHERE id = (SELECT user_id FROM one_time_tokens WHERE hash = NEW.hash);
END;

-- Whoever sets a password may do so because somebody else knew the old one: what that somebody has under way ends with it. (A hash
-- that is renewed at sign-in ends it too; its owner asks again.)
CREATE TRIGGER IF NOT EXISTS users_new_password AFTER UPDATE OF password_hash ON users
    WHEN NEW.password_hash <> OLD.password_hash
BEGIN
    DELETE FROM one_time_tokens WHERE user_id = NEW.id AND purpose <> 'verify_email';
END;

-- An account ends at its owner's wish. What is left of it is its id: in the audit log, and in the event that says so.
CREATE VIEW IF NOT EXISTS account_deletions AS
    SELECT id AS user_id, password_hash, updated_at AS deleted_at FROM users WHERE 0;

CREATE TRIGGER IF NOT EXISTS account_deletions_insert INSTEAD OF INSERT ON account_deletions
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: credentials_changed')
        WHERE NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id AND password_hash = NEW.password_hash);
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: last_admin')
        WHERE EXISTS (SELECT 1 FROM user_roles WHERE role = 'admin' AND user_id = NEW.user_id)
            AND NOT EXISTS (SELECT 1 FROM user_roles WHERE role = 'admin' AND user_id <> NEW.user_id);
    -- All are named because a remote server may not follow foreign keys; the roles after the user, because a role that is taken
    -- from a user who is still there is an event of its own.
    DELETE FROM refresh_tokens WHERE session_id IN (SELECT id FROM sessions WHERE user_id = NEW.user_id);
    DELETE FROM sessions WHERE user_id = NEW.user_id;
    DELETE FROM one_time_tokens WHERE user_id = NEW.user_id;
    DELETE FROM users WHERE id = NEW.user_id;
    DELETE FROM user_roles WHERE user_id = NEW.user_id;
    -- Events hold the address. What has been published is out; what has not is nobody's business any more.
    DELETE FROM outbox WHERE subject = NEW.user_id;
    INSERT INTO outbox (type, subject, time, data) VALUES (
        'com.jetway.user.deleted.v1', NEW.user_id, NEW.deleted_at, json_object('user_id', NEW.user_id)
    );
    INSERT INTO audit_log (time, action, actor, target)
        VALUES (NEW.deleted_at, 'user.deleted', NEW.user_id, NEW.user_id);
END;

CREATE INDEX IF NOT EXISTS outbox_by_subject ON outbox (subject);

-- The first administrator: a new user who has the role from the start, and only while nobody has it. Their address counts as
-- verified: they hold the secret that is worth more.
CREATE VIEW IF NOT EXISTS first_administrators AS
    SELECT id, email, password_hash, created_at FROM users WHERE 0;

CREATE TRIGGER IF NOT EXISTS first_administrators_insert INSTEAD OF INSERT ON first_administrators
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: admin_exists')
        WHERE EXISTS (SELECT 1 FROM user_roles WHERE role = 'admin');
    INSERT INTO users (id, email, password_hash, created_at, updated_at, email_verified_at)
        VALUES (NEW.id, NEW.email, NEW.password_hash, NEW.created_at, NEW.created_at, NEW.created_at);
    INSERT INTO user_roles (user_id, role, granted_by, granted_at)
        VALUES (NEW.id, 'admin', NEW.id, NEW.created_at);
END;
