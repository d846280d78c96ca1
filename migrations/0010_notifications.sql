-- What people are to hear of, and how far telling them has come.
--
-- A row stands for an event of the outbox and comes in the statement that writes the event, by a trigger: what has happened is
-- never without it. It is claimed with a lease, by one statement; whoever has the lease tries, and says how it went by another,
-- which changes nothing where somebody else has the lease by then. Events from before this table are not told any more.

CREATE TABLE IF NOT EXISTS notifications (
    -- The event's id: what a provider is given to tell the second try from the first.
    id          TEXT NOT NULL PRIMARY KEY REFERENCES outbox (id) ON DELETE CASCADE,
    state       TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'claimed', 'done', 'dead')),
    -- Counted when it is claimed, so that a try which takes the process with it counts too.
    attempts    INTEGER NOT NULL DEFAULT 0,
    -- When it may be claimed, while it is pending.
    next_at     TEXT NOT NULL,
    -- Who has claimed it, and until when nobody else may.
    lease       TEXT,
    lease_until TEXT,
    -- When it is given up; set by the first claim.
    deadline    TEXT,
    -- How the latest try that failed did; no secrets.
    last_error  TEXT,
    created_at  TEXT NOT NULL,
    updated_at  TEXT NOT NULL,
    CHECK ((state = 'claimed') = (lease IS NOT NULL) AND (lease IS NULL) = (lease_until IS NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS notifications_due ON notifications (next_at) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS notifications_leased ON notifications (lease_until) WHERE state = 'claimed';
CREATE INDEX IF NOT EXISTS notifications_dead ON notifications (id) WHERE state = 'dead';

-- Every event: which of them have words for a person is for the templates to say, and one more kind of event needs no migration.
CREATE TRIGGER IF NOT EXISTS outbox_notifies AFTER INSERT ON outbox
BEGIN
    INSERT INTO notifications (id, next_at, created_at, updated_at) VALUES (NEW.id, NEW.time, NEW.time, NEW.time);
END;

-- Named because a remote server may not follow foreign keys.
CREATE TRIGGER IF NOT EXISTS outbox_takes_its_notification_along AFTER DELETE ON outbox
BEGIN
    DELETE FROM notifications WHERE id = OLD.id;
END;

-- That somebody has not heard of something is on record, whatever becomes of the row.
CREATE TRIGGER IF NOT EXISTS notifications_given_up AFTER UPDATE OF state ON notifications
    WHEN OLD.state <> 'dead' AND NEW.state = 'dead'
BEGIN
    INSERT INTO audit_log (time, action, actor, target, detail)
        SELECT NEW.updated_at, 'notification.dead', NULL, subject,
            json_object('notification_id', NEW.id, 'type', type, 'attempts', NEW.attempts, 'reason', NEW.last_error)
        FROM outbox WHERE id = NEW.id;
END;

-- An administrator has one tried again, with all its tries and all its time.
CREATE VIEW IF NOT EXISTS notification_retries AS
    SELECT id AS notification_id, lease AS retried_by, updated_at AS retried_at, '' AS client_address, '' AS request_id
    FROM notifications WHERE 0;

CREATE TRIGGER IF NOT EXISTS notification_retries_insert INSTEAD OF INSERT ON notification_retries
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: unknown_notification')
        WHERE NOT EXISTS (SELECT 1 FROM notifications WHERE id = NEW.notification_id);
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: notification_not_dead')
        WHERE NOT EXISTS (SELECT 1 FROM notifications WHERE id = NEW.notification_id AND state = 'dead');
    UPDATE notifications SET state = 'pending', attempts = 0, deadline = NULL, next_at = NEW.retried_at,
        updated_at = NEW.retried_at
        WHERE id = NEW.notification_id;
    INSERT INTO audit_log (time, action, actor, target, detail, client_address, request_id)
        SELECT NEW.retried_at, 'notification.retried', NEW.retried_by, subject,
            json_object('notification_id', NEW.notification_id, 'type', type), NEW.client_address, NEW.request_id
        FROM outbox WHERE id = NEW.notification_id;
END;

-- Where mail goes as long as no provider is named: kept for a month, and readable with the internal token.
CREATE TABLE IF NOT EXISTS inbox (
    -- The message's idempotency key: the second of the same is none.
    id         TEXT NOT NULL PRIMARY KEY,
    recipient  TEXT NOT NULL COLLATE NOCASE,
    type       TEXT NOT NULL,
    subject    TEXT NOT NULL,
    text       TEXT NOT NULL,
    html       TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS inbox_by_recipient ON inbox (recipient, created_at);
CREATE INDEX IF NOT EXISTS inbox_by_age ON inbox (created_at);

CREATE TRIGGER IF NOT EXISTS inbox_is_emptied AFTER INSERT ON inbox
BEGIN
    DELETE FROM inbox WHERE created_at < strftime('%Y-%m-%dT%H:%M:%fZ', NEW.created_at, '-30 days');
END;

-- Mail to an account goes with the account.
CREATE TRIGGER IF NOT EXISTS users_take_their_inbox_along AFTER DELETE ON users
BEGIN
    DELETE FROM inbox WHERE recipient = OLD.email;
END;
