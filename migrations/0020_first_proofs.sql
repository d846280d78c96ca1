-- An address that nobody has shown to have is only a claim. Whoever first shows that they read its mail owns it, and what was set up in
-- the account before that may be somebody else's.

DROP VIEW IF EXISTS email_change_requests;
DROP VIEW IF EXISTS email_verifications;
DROP VIEW IF EXISTS password_resets;

-- When somebody first signed in: sessions are swept, and this stays.
ALTER TABLE users ADD COLUMN first_signin_at TEXT;

UPDATE users SET first_signin_at = (SELECT min(created_at) FROM sessions WHERE user_id = users.id)
    WHERE first_signin_at IS NULL;

CREATE TRIGGER IF NOT EXISTS sessions_first_of_a_user AFTER INSERT ON sessions
BEGIN
    UPDATE users SET first_signin_at = NEW.created_at WHERE id = NEW.user_id AND first_signin_at IS NULL;
END;

-- The one rule. Sessions, second factor, recovery codes and a pending address end; and the password, if it has been used: a mail to choose
-- another goes with that, where its token is given. A password that nobody has signed in with is that of the sign-up which the mail is
-- about. Whoever sets a password with the proof says its hash. Where the address has been shown before, nothing happens.
CREATE VIEW IF NOT EXISTS first_proofs AS
    SELECT id AS user_id, updated_at AS proved_at, password_hash AS new_hash, '' AS reset_id, x'' AS reset_hash,
        '' AS reset_expires_at
    FROM users WHERE 0;

CREATE TRIGGER IF NOT EXISTS first_proofs_insert INSTEAD OF INSERT ON first_proofs
    WHEN EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id AND email_verified_at IS NULL)
BEGIN
    UPDATE sessions SET ended_at = NEW.proved_at, end_reason = 'password_changed'
        WHERE user_id = NEW.user_id AND ended_at IS NULL;
    DELETE FROM totp_secrets WHERE user_id = NEW.user_id;
    DELETE FROM recovery_codes WHERE user_id = NEW.user_id;
    DELETE FROM one_time_tokens WHERE user_id = NEW.user_id AND purpose = 'change_email';
    UPDATE users SET
        password_hash = coalesce(NEW.new_hash, CASE WHEN first_signin_at IS NULL THEN password_hash ELSE '*' END),
        email_verified_at = NEW.proved_at,
        updated_at = NEW.proved_at
        WHERE id = NEW.user_id;
    INSERT INTO one_time_tokens (id, hash, purpose, user_id, email, created_at, expires_at)
        SELECT NEW.reset_id, NEW.reset_hash, 'reset_password', id, email, NEW.proved_at, NEW.reset_expires_at
        FROM users WHERE id = NEW.user_id AND first_signin_at IS NOT NULL AND NEW.reset_id IS NOT NULL;
    INSERT INTO outbox (type, subject, time, data)
        SELECT 'com.jetway.password.reset_requested.v1', user_id, created_at,
            json_object('user_id', user_id, 'email', email, 'token_id', id, 'expires_at', expires_at)
        FROM one_time_tokens WHERE id = NEW.reset_id;
END;

-- An account is removed, not by its owner: by an administrator, or (nobody is named then) because its address is somebody else's. What is
-- left is its id. All are named because a remote server may not follow foreign keys; the roles after the user, because a role that is taken
-- from a user who is still there is an event of its own.
CREATE VIEW IF NOT EXISTS account_removals AS
    SELECT id AS user_id, '' AS removed_by, updated_at AS removed_at, '' AS client_address, '' AS request_id
    FROM users WHERE 0;

CREATE TRIGGER IF NOT EXISTS account_removals_insert INSTEAD OF INSERT ON account_removals
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: unknown_user')
        WHERE NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id);
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: last_admin')
        WHERE EXISTS (SELECT 1 FROM user_roles WHERE role = 'admin' AND user_id = NEW.user_id)
            AND NOT EXISTS (
                SELECT 1 FROM user_roles JOIN users ON users.id = user_id
                WHERE role = 'admin' AND user_id <> NEW.user_id AND disabled_at IS NULL
            );
    DELETE FROM refresh_tokens WHERE session_id IN (SELECT id FROM sessions WHERE user_id = NEW.user_id);
    DELETE FROM sessions WHERE user_id = NEW.user_id;
    DELETE FROM one_time_tokens WHERE user_id = NEW.user_id;
    DELETE FROM users WHERE id = NEW.user_id;
    DELETE FROM user_roles WHERE user_id = NEW.user_id;
    DELETE FROM outbox WHERE subject = NEW.user_id;
    INSERT INTO outbox (type, subject, time, data) VALUES (
        'com.jetway.user.deleted.v1', NEW.user_id, NEW.removed_at, json_object('user_id', NEW.user_id)
    );
    INSERT INTO audit_log (time, action, actor, target, client_address, request_id) VALUES (
        NEW.removed_at, 'user.deleted', NEW.removed_by, NEW.user_id, NEW.client_address, NEW.request_id
    );
END;

-- An administrator takes the second factor off, for who has lost it. No session goes on as if it were there. Doing it again changes nothing.
CREATE VIEW IF NOT EXISTS second_factor_takings AS
    SELECT user_id, '' AS taken_by, created_at AS taken_at, '' AS client_address, '' AS request_id
    FROM totp_secrets WHERE 0;

CREATE TRIGGER IF NOT EXISTS second_factor_takings_insert INSTEAD OF INSERT ON second_factor_takings
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: unknown_user')
        WHERE NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id);
    INSERT INTO audit_log (time, action, actor, target, client_address, request_id)
        SELECT NEW.taken_at, 'mfa.disabled', NEW.taken_by, user_id, NEW.client_address, NEW.request_id
        FROM totp_secrets WHERE user_id = NEW.user_id AND confirmed_at IS NOT NULL;
    INSERT INTO outbox (type, subject, time, data)
        SELECT 'com.jetway.mfa.disabled.v1', user_id, NEW.taken_at, json_object('user_id', user_id)
        FROM totp_secrets WHERE user_id = NEW.user_id AND confirmed_at IS NOT NULL;
    UPDATE sessions SET amr = (SELECT json_group_array(value) FROM json_each(sessions.amr) WHERE value <> 'otp')
        WHERE user_id = NEW.user_id AND amr LIKE '%"otp"%';
    UPDATE users SET renounced_at = NEW.taken_at
        WHERE id = (SELECT user_id FROM totp_secrets WHERE user_id = NEW.user_id AND confirmed_at IS NOT NULL);
    DELETE FROM totp_secrets WHERE user_id = NEW.user_id;
    DELETE FROM recovery_codes WHERE user_id = NEW.user_id;
END;

-- The owner of an account wants another address. The hash that the password was checked against must still be theirs. A pending address is
-- one value: the newest wins. It stands whether or not the address is somebody's; where it is, no mail goes to it but to who has it.
CREATE VIEW IF NOT EXISTS email_change_requests AS
    SELECT user_id, '' AS password_hash, id AS token_id, hash AS token_hash, email, created_at, expires_at
    FROM one_time_tokens WHERE 0;

CREATE TRIGGER IF NOT EXISTS email_change_requests_insert INSTEAD OF INSERT ON email_change_requests
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: credentials_changed')
        WHERE NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id AND password_hash = NEW.password_hash);
    DELETE FROM one_time_tokens
        WHERE expires_at <= NEW.created_at OR (user_id = NEW.user_id AND purpose = 'change_email');
    INSERT INTO one_time_tokens (id, hash, purpose, user_id, email, created_at, expires_at)
        VALUES (NEW.token_id, NEW.token_hash, 'change_email', NEW.user_id, NEW.email, NEW.created_at, NEW.expires_at);
    INSERT INTO outbox (type, subject, time, data)
        SELECT 'com.jetway.email.change_requested.v1', users.id, NEW.created_at, json_object(
            'user_id', users.id, 'email', users.email, 'new_email', one_time_tokens.email,
            'token_id', one_time_tokens.id, 'expires_at', one_time_tokens.expires_at
        )
        FROM one_time_tokens JOIN users ON users.id = user_id
        WHERE one_time_tokens.id = NEW.token_id AND NOT EXISTS (
            SELECT 1 FROM users AS others
            WHERE others.email = NEW.email AND others.id <> NEW.user_id AND others.email_verified_at IS NOT NULL
        );
    INSERT INTO address_claims (email, claimed_at)
        SELECT NEW.email, NEW.created_at WHERE EXISTS (
            SELECT 1 FROM users WHERE email = NEW.email AND id <> NEW.user_id AND email_verified_at IS NOT NULL
        );
    INSERT INTO audit_log (time, action, actor, target)
        VALUES (NEW.created_at, 'email.change_requested', NEW.user_id, NEW.user_id);
END;

-- Who shows the token has the address that it was sent to. `prover` is who is signed in, where somebody is: where that is who signed up, it
-- is their own account that they prove, and all stays.
CREATE VIEW IF NOT EXISTS email_verifications AS
    SELECT hash, created_at AS verified_at, '' AS prover, id AS reset_id, hash AS reset_hash,
        expires_at AS reset_expires_at
    FROM one_time_tokens WHERE 0;

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
    -- A claim gives way to the proof. Not where an administrator has it, or one has shut it: that is for administrators.
    INSERT INTO account_removals (user_id, removed_at)
        SELECT others.id, NEW.verified_at
        FROM one_time_tokens JOIN users AS others ON others.email = one_time_tokens.email AND others.id <> user_id
        WHERE hash = NEW.hash AND purpose = 'change_email' AND others.email_verified_at IS NULL
            AND others.disabled_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM user_roles WHERE role = 'admin' AND user_roles.user_id = others.id);
    -- An address that somebody else has is refused here, by UNIQUE, and with it all of the above.
    UPDATE users SET email = (SELECT email FROM one_time_tokens WHERE hash = NEW.hash)
        WHERE id = (SELECT user_id FROM one_time_tokens WHERE hash = NEW.hash);
    -- Also of an address that is to become an account's: whoever asked for it may not be whose it is.
    INSERT INTO first_proofs (user_id, proved_at, reset_id, reset_hash, reset_expires_at)
        SELECT user_id, NEW.verified_at, NEW.reset_id, NEW.reset_hash, NEW.reset_expires_at
        FROM one_time_tokens WHERE hash = NEW.hash AND user_id IS NOT NEW.prover;
    -- The first proof has done this, and taken the token of a change of address along.
    UPDATE users SET email_verified_at = NEW.verified_at, updated_at = NEW.verified_at
        WHERE id = (SELECT user_id FROM one_time_tokens WHERE hash = NEW.hash);
    DELETE FROM one_time_tokens WHERE purpose <> 'reset_password'
        AND user_id = (SELECT user_id FROM one_time_tokens WHERE hash = NEW.hash);
END;

-- Who shows the token sets a new password, and has the address. Every session ends: whoever knew the old password is out. A second factor
-- stays, unless it was set before anybody had shown to have the address.
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
    INSERT INTO first_proofs (user_id, proved_at, new_hash)
        SELECT user_id, NEW.reset_at, NEW.new_hash FROM one_time_tokens WHERE hash = NEW.hash;
    -- Where that was not the first proof the token is still there. It goes with the old password.
    UPDATE users SET password_hash = NEW.new_hash, updated_at = NEW.reset_at
        WHERE id = (SELECT user_id FROM one_time_tokens WHERE hash = NEW.hash);
END;
