-- The log keeps who did what, and the addresses that it was done from are kept beside it: an entry stays for ever, and where
-- somebody was goes with their account.

CREATE TABLE IF NOT EXISTS audit_addresses (
    -- The entry of the log.
    entry          INTEGER NOT NULL PRIMARY KEY,
    -- Whose address it was.
    actor          TEXT,
    client_address TEXT NOT NULL
) STRICT;

CREATE INDEX IF NOT EXISTS audit_addresses_by_actor ON audit_addresses (actor);

-- What is in the log already. Once, and nobody else at it, it is changed.
INSERT OR IGNORE INTO audit_addresses (entry, actor, client_address)
    SELECT id, actor, client_address FROM audit_log
    WHERE client_address IS NOT NULL AND (actor IS NULL OR actor IN (SELECT id FROM users));

DROP TRIGGER IF EXISTS audit_log_is_never_changed;

UPDATE audit_log SET client_address = NULL WHERE client_address IS NOT NULL;

CREATE TRIGGER IF NOT EXISTS audit_log_is_never_changed BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: audit_log_append_only');
END;

-- An entry that comes with an address becomes one without, and the address stands beside it. (An id that is taken is refused here
-- too: which of two triggers comes first is not said.)
CREATE TRIGGER IF NOT EXISTS audit_log_keeps_no_address BEFORE INSERT ON audit_log WHEN NEW.client_address IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: audit_log_append_only')
        WHERE EXISTS (SELECT 1 FROM audit_log WHERE id = NEW.id);
    INSERT INTO audit_log (time, action, actor, target, detail, request_id)
        VALUES (NEW.time, NEW.action, NEW.actor, NEW.target, NEW.detail, NEW.request_id);
    INSERT INTO audit_addresses (entry, actor, client_address)
        VALUES (last_insert_rowid(), NEW.actor, NEW.client_address);
    SELECT RAISE(IGNORE);
END;

-- An address comes with its entry, the newest, and is never another.
CREATE TRIGGER IF NOT EXISTS audit_addresses_come_with_entries BEFORE INSERT ON audit_addresses
    WHEN NEW.entry IS NOT (SELECT max(id) FROM audit_log)
        OR EXISTS (SELECT 1 FROM audit_addresses WHERE entry = NEW.entry)
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: audit_log_append_only');
END;

CREATE TRIGGER IF NOT EXISTS audit_addresses_are_never_changed BEFORE UPDATE ON audit_addresses
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: audit_log_append_only');
END;

-- It goes with the account, and not before.
CREATE TRIGGER IF NOT EXISTS audit_addresses_go_with_accounts BEFORE DELETE ON audit_addresses
    WHEN OLD.actor IS NULL OR EXISTS (SELECT 1 FROM users WHERE id = OLD.actor)
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: audit_log_append_only');
END;

CREATE TRIGGER IF NOT EXISTS users_leave_no_address AFTER DELETE ON users
BEGIN
    DELETE FROM audit_addresses WHERE actor = OLD.id;
END;
