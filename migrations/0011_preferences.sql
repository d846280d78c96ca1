-- What people want to be told, and of a new password whether they want to or not.

-- A row is there where somebody has chosen; without one, everything is told.

CREATE TABLE IF NOT EXISTS notification_preferences (
    user_id    TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- What keeps an account safe is not among them, and so cannot be turned off, whatever the code does.
    category   TEXT NOT NULL CHECK (category IN ('account', 'bookings', 'reminders')),
    wanted     INTEGER NOT NULL CHECK (wanted IN (0, 1)),
    changed_at TEXT NOT NULL,
    PRIMARY KEY (user_id, category)
) STRICT, WITHOUT ROWID;

-- Choices go with the account: a remote server may not follow foreign keys.
CREATE TRIGGER IF NOT EXISTS users_take_their_preferences_along AFTER DELETE ON users
BEGIN
    DELETE FROM notification_preferences WHERE user_id = OLD.id;
END;

-- Whoever changes a password leaves a row in the audit log, in the same statement; its owner is to hear of it.
CREATE TRIGGER IF NOT EXISTS password_changes_are_told AFTER INSERT ON audit_log
    WHEN NEW.action = 'password.changed'
BEGIN
    INSERT INTO outbox (type, subject, time, data) VALUES (
        'com.jetway.password.changed.v1', NEW.target, NEW.time, json_object('user_id', NEW.target)
    );
END;
