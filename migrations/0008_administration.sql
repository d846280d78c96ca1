-- What administrators do, and the record of it: who, to whom, from which address, in which request. Every act is an INSERT into the
-- view that stands for it, so that the act and its entry come or stay away together.

DROP VIEW IF EXISTS role_revocations;
DROP VIEW IF EXISTS first_administrators;
DROP TRIGGER IF EXISTS user_roles_granted;
DROP TRIGGER IF EXISTS user_roles_keep_an_admin;
DROP TRIGGER IF EXISTS sessions_ended;

-- The log is read by who acted, by whom it was done to, and by time.
CREATE INDEX IF NOT EXISTS audit_log_by_actor ON audit_log (actor, id) WHERE actor IS NOT NULL;
CREATE INDEX IF NOT EXISTS audit_log_by_target ON audit_log (target, id) WHERE target IS NOT NULL;
CREATE INDEX IF NOT EXISTS audit_log_by_time ON audit_log (time);

-- REPLACE removes the row that is in its way, and calls no DELETE trigger unless a pragma of the connection says so. So an id that
-- is there is refused before that happens.
CREATE TRIGGER IF NOT EXISTS audit_log_is_never_replaced BEFORE INSERT ON audit_log
    WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: audit_log_append_only');
END;

-- Nor is an entry slipped in between others. (Only afterwards is the id known that the database gave it.)
CREATE TRIGGER IF NOT EXISTS audit_log_grows_at_its_end AFTER INSERT ON audit_log
    WHEN NEW.id < 1 OR EXISTS (SELECT 1 FROM audit_log WHERE id > NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: audit_log_append_only');
END;

-- The event alone: the entry in the log is made where it is known who asked.
CREATE TRIGGER IF NOT EXISTS user_roles_granted AFTER INSERT ON user_roles WHEN NEW.granted_by IS NOT NULL
BEGIN
    INSERT INTO outbox (type, subject, time, data) VALUES (
        'com.jetway.role.granted.v1', NEW.user_id, NEW.granted_at,
        json_object('user_id', NEW.user_id, 'role', NEW.role)
    );
END;

-- An administrator gives a role. Giving what the user has changes nothing.
CREATE VIEW IF NOT EXISTS role_grants AS
    SELECT user_id, role, granted_by, granted_at, '' AS client_address, '' AS request_id FROM user_roles WHERE 0;

CREATE TRIGGER IF NOT EXISTS role_grants_insert INSTEAD OF INSERT ON role_grants
BEGIN
    INSERT INTO audit_log (time, action, actor, target, detail, client_address, request_id)
        SELECT NEW.granted_at, 'role.granted', NEW.granted_by, NEW.user_id, json_object('role', NEW.role),
            NEW.client_address, NEW.request_id
        WHERE NOT EXISTS (SELECT 1 FROM user_roles WHERE user_id = NEW.user_id AND role = NEW.role);
    INSERT INTO user_roles (user_id, role, granted_by, granted_at)
        VALUES (NEW.user_id, NEW.role, NEW.granted_by, NEW.granted_at)
        ON CONFLICT (user_id, role) DO NOTHING;
END;

-- An administrator takes a role back. Taking back what the user does not have changes nothing.
CREATE VIEW IF NOT EXISTS role_revocations AS
    SELECT user_id, role, granted_by AS revoked_by, granted_at AS revoked_at, '' AS client_address, '' AS request_id
    FROM user_roles WHERE 0;

CREATE TRIGGER IF NOT EXISTS role_revocations_insert INSTEAD OF INSERT ON role_revocations
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: unknown_user')
        WHERE NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id);
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: unknown_role')
        WHERE NOT EXISTS (SELECT 1 FROM roles WHERE name = NEW.role);
    INSERT INTO audit_log (time, action, actor, target, detail, client_address, request_id)
        SELECT NEW.revoked_at, 'role.revoked', NEW.revoked_by, user_id, json_object('role', role),
            NEW.client_address, NEW.request_id
        FROM user_roles WHERE user_id = NEW.user_id AND role = NEW.role;
    DELETE FROM user_roles WHERE user_id = NEW.user_id AND role = NEW.role;
END;

-- An administrator makes a role.
CREATE VIEW IF NOT EXISTS role_creations AS
    SELECT name, description, '' AS created_by, created_at, '' AS client_address, '' AS request_id FROM roles WHERE 0;

CREATE TRIGGER IF NOT EXISTS role_creations_insert INSTEAD OF INSERT ON role_creations
BEGIN
    INSERT INTO roles (name, description, created_at) VALUES (NEW.name, NEW.description, NEW.created_at);
    INSERT INTO audit_log (time, action, actor, detail, client_address, request_id) VALUES (
        NEW.created_at, 'role.created', NEW.created_by, json_object('role', NEW.name),
        NEW.client_address, NEW.request_id
    );
END;

-- An administrator removes a role that nobody has.
CREATE VIEW IF NOT EXISTS role_deletions AS
    SELECT name, '' AS deleted_by, created_at AS deleted_at, '' AS client_address, '' AS request_id
    FROM roles WHERE 0;

CREATE TRIGGER IF NOT EXISTS role_deletions_insert INSTEAD OF INSERT ON role_deletions
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: unknown_role')
        WHERE NOT EXISTS (SELECT 1 FROM roles WHERE name = NEW.name);
    DELETE FROM roles WHERE name = NEW.name;
    INSERT INTO audit_log (time, action, actor, detail, client_address, request_id) VALUES (
        NEW.deleted_at, 'role.deleted', NEW.deleted_by, json_object('role', NEW.name),
        NEW.client_address, NEW.request_id
    );
END;

-- The first administrator: a new user who has the role from the start, and only while nobody has it. Their address counts as
-- verified: they hold the secret that is worth more.
CREATE VIEW IF NOT EXISTS first_administrators AS
    SELECT id, email, password_hash, created_at, '' AS client_address, '' AS request_id FROM users WHERE 0;

CREATE TRIGGER IF NOT EXISTS first_administrators_insert INSTEAD OF INSERT ON first_administrators
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: admin_exists')
        WHERE EXISTS (SELECT 1 FROM user_roles WHERE role = 'admin');
    INSERT INTO users (id, email, password_hash, created_at, updated_at, email_verified_at)
        VALUES (NEW.id, NEW.email, NEW.password_hash, NEW.created_at, NEW.created_at, NEW.created_at);
    INSERT INTO audit_log (time, action, actor, target, client_address, request_id) VALUES (
        NEW.created_at, 'admin.bootstrapped', NEW.id, NEW.id, NEW.client_address, NEW.request_id
    );
    INSERT INTO role_grants (user_id, role, granted_by, granted_at, client_address, request_id)
        VALUES (NEW.id, 'admin', NEW.id, NEW.created_at, NEW.client_address, NEW.request_id);
END;

-- Who is disabled administers nothing, and so does not count: of the others, one who can is left. SQLite lets one writer in at a
-- time, so of two administrators who remove or disable each other one is refused.
CREATE TRIGGER IF NOT EXISTS user_roles_keep_an_admin BEFORE DELETE ON user_roles
    WHEN OLD.role = 'admin' AND NOT EXISTS (
        SELECT 1 FROM user_roles JOIN users ON users.id = user_id
        WHERE role = 'admin' AND user_id <> OLD.user_id AND disabled_at IS NULL
    )
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: last_admin');
END;

CREATE TRIGGER IF NOT EXISTS users_keep_an_admin_enabled BEFORE UPDATE OF disabled_at ON users
    WHEN OLD.disabled_at IS NULL AND NEW.disabled_at IS NOT NULL
        AND EXISTS (SELECT 1 FROM user_roles WHERE role = 'admin' AND user_id = OLD.id)
        AND NOT EXISTS (
            SELECT 1 FROM user_roles JOIN users ON users.id = user_id
            WHERE role = 'admin' AND user_id <> OLD.id AND disabled_at IS NULL
        )
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: last_admin');
END;

-- An administrator shuts an account: nobody signs in to it, and whoever was is signed out. Doing it again changes nothing.
CREATE VIEW IF NOT EXISTS user_disablements AS
    SELECT id AS user_id, '' AS disabled_by, disabled_at, '' AS client_address, '' AS request_id FROM users WHERE 0;

CREATE TRIGGER IF NOT EXISTS user_disablements_insert INSTEAD OF INSERT ON user_disablements
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: unknown_user')
        WHERE NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id);
    INSERT INTO audit_log (time, action, actor, target, client_address, request_id)
        SELECT NEW.disabled_at, 'user.disabled', NEW.disabled_by, id, NEW.client_address, NEW.request_id
        FROM users WHERE id = NEW.user_id AND disabled_at IS NULL;
    INSERT INTO outbox (type, subject, time, data)
        SELECT 'com.jetway.user.disabled.v1', id, NEW.disabled_at, json_object('user_id', id)
        FROM users WHERE id = NEW.user_id AND disabled_at IS NULL;
    UPDATE users SET disabled_at = NEW.disabled_at, updated_at = NEW.disabled_at
        WHERE id = NEW.user_id AND disabled_at IS NULL;
    UPDATE sessions SET ended_at = NEW.disabled_at, end_reason = 'signed_out', ended_by = NEW.disabled_by
        WHERE user_id = NEW.user_id AND ended_at IS NULL;
END;

-- And opens it again.
CREATE VIEW IF NOT EXISTS user_enablements AS
    SELECT id AS user_id, '' AS enabled_by, updated_at AS enabled_at, '' AS client_address, '' AS request_id
    FROM users WHERE 0;

CREATE TRIGGER IF NOT EXISTS user_enablements_insert INSTEAD OF INSERT ON user_enablements
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: unknown_user')
        WHERE NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id);
    INSERT INTO audit_log (time, action, actor, target, client_address, request_id)
        SELECT NEW.enabled_at, 'user.enabled', NEW.enabled_by, id, NEW.client_address, NEW.request_id
        FROM users WHERE id = NEW.user_id AND disabled_at IS NOT NULL;
    INSERT INTO outbox (type, subject, time, data)
        SELECT 'com.jetway.user.enabled.v1', id, NEW.enabled_at, json_object('user_id', id)
        FROM users WHERE id = NEW.user_id AND disabled_at IS NOT NULL;
    UPDATE users SET disabled_at = NULL, updated_at = NEW.enabled_at
        WHERE id = NEW.user_id AND disabled_at IS NOT NULL;
END;

-- An administrator ends a user's sessions: one of them, or all where session_id is NULL.
CREATE VIEW IF NOT EXISTS session_terminations AS
    SELECT user_id, id AS session_id, ended_by, ended_at, '' AS client_address, '' AS request_id
    FROM sessions WHERE 0;

CREATE TRIGGER IF NOT EXISTS session_terminations_insert INSTEAD OF INSERT ON session_terminations
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: unknown_user')
        WHERE NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id);
    INSERT INTO audit_log (time, action, actor, target, detail, client_address, request_id)
        SELECT NEW.ended_at, 'user.sessions_ended', NEW.ended_by, NEW.user_id,
            json_object('sessions', json_group_array(id)), NEW.client_address, NEW.request_id
        FROM sessions
        WHERE user_id = NEW.user_id AND ended_at IS NULL AND id = coalesce(NEW.session_id, id)
        HAVING count(*) > 0;
    UPDATE sessions SET ended_at = NEW.ended_at, end_reason = 'signed_out', ended_by = NEW.ended_by
        WHERE user_id = NEW.user_id AND ended_at IS NULL AND id = coalesce(NEW.session_id, id);
END;

-- However a session ends, its end is on record; with who ended it, where that was not its owner.
CREATE TRIGGER IF NOT EXISTS sessions_ended AFTER UPDATE OF ended_at ON sessions
    WHEN OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL
BEGIN
    INSERT INTO audit_log (time, action, actor, target, detail) VALUES (
        NEW.ended_at, 'session.ended', NEW.ended_by, NEW.user_id,
        json_object('session_id', NEW.id, 'reason', NEW.end_reason)
    );
END;
