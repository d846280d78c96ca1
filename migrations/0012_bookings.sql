-- What people have booked, as far as they are to be told of it: news of a booking, and reminders before departure.
--
-- The booking service's events come late, twice and in any order. An event is taken by one statement, which knows whether it has
-- been here before and whether a newer one has; what it tells and the reminders come with it.

CREATE TABLE IF NOT EXISTS bookings (
    -- The booking service's id.
    id           TEXT NOT NULL PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- A booking that is cancelled stays so, and stays here: what is told of it later is late.
    cancelled    INTEGER NOT NULL CHECK (cancelled IN (0, 1)),
    departure_at TEXT NOT NULL,
    -- The latest event's data.
    data         TEXT NOT NULL CHECK (json_valid(data)),
    -- The latest event's time.
    as_of        TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS bookings_by_user ON bookings (user_id);
CREATE INDEX IF NOT EXISTS bookings_by_departure ON bookings (departure_at);

-- The events that have been taken: source and id name an event (CloudEvents 1.0, section 3.1).
CREATE TABLE IF NOT EXISTS booking_events (
    source     TEXT NOT NULL,
    id         TEXT NOT NULL,
    booking_id TEXT NOT NULL,
    PRIMARY KEY (source, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS booking_events_by_booking ON booking_events (booking_id);

-- What is to be told at a time to come. It becomes an event of the outbox then.
CREATE TABLE IF NOT EXISTS reminders (
    booking_id TEXT NOT NULL REFERENCES bookings (id) ON DELETE CASCADE,
    due_at     TEXT NOT NULL,
    PRIMARY KEY (booking_id, due_at)
) STRICT, WITHOUT ROWID;

CREATE INDEX IF NOT EXISTS reminders_due ON reminders (due_at);

-- To find the reminders of a booking that are on their way.
CREATE INDEX IF NOT EXISTS outbox_reminders ON outbox (json_extract(data, '$.booking_id'))
    WHERE type = 'com.jetway.booking.reminder.v1';

-- An event of the booking service is taken. `notification_id` is what it is told under.
CREATE VIEW IF NOT EXISTS booking_changes AS
    SELECT booking_events.source, booking_events.id AS event_id, '' AS type, as_of AS time, bookings.id AS booking_id, user_id,
        departure_at, data, '' AS notification_id, '[]' AS reminder_offsets, '' AS received_at
    FROM bookings, booking_events WHERE 0;

CREATE TRIGGER IF NOT EXISTS booking_changes_insert INSTEAD OF INSERT ON booking_changes
BEGIN
    SELECT RAISE(ABORT, 'TRIGGER constraint failed: unknown_user')
        WHERE NOT EXISTS (SELECT 1 FROM users WHERE id = NEW.user_id);
    -- It has been here.
    SELECT RAISE(IGNORE)
        WHERE EXISTS (SELECT 1 FROM booking_events WHERE source = NEW.source AND id = NEW.event_id);
    INSERT INTO booking_events (source, id, booking_id) VALUES (NEW.source, NEW.event_id, NEW.booking_id);
    -- It is late. Of two events of the same moment, a confirmation was the first.
    SELECT RAISE(IGNORE) WHERE EXISTS (
        SELECT 1 FROM bookings WHERE id = NEW.booking_id AND (cancelled = 1 OR as_of > NEW.time
            OR (as_of = NEW.time AND NEW.type = 'com.jetway.booking.confirmed.v1'))
    );
    INSERT INTO bookings (id, user_id, cancelled, departure_at, data, as_of) VALUES (
            NEW.booking_id, NEW.user_id, NEW.type = 'com.jetway.booking.cancelled.v1', NEW.departure_at, NEW.data, NEW.time
        )
        ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id, cancelled = excluded.cancelled,
            departure_at = excluded.departure_at, data = excluded.data, as_of = excluded.as_of;
    -- Reminders of what the booking was: those to come, and those on their way.
    DELETE FROM reminders WHERE booking_id = NEW.booking_id;
    UPDATE notifications SET state = 'done', updated_at = NEW.received_at
        WHERE state = 'pending' AND id IN (
            SELECT id FROM outbox WHERE type = 'com.jetway.booking.reminder.v1'
                AND json_extract(data, '$.booking_id') = NEW.booking_id
        );
    INSERT INTO reminders (booking_id, due_at)
        SELECT NEW.booking_id, due_at
        FROM (
            SELECT DISTINCT strftime('%Y-%m-%dT%H:%M:%fZ', NEW.departure_at, '-' || value || ' seconds') AS due_at
            FROM json_each(NEW.reminder_offsets)
        )
        WHERE due_at > NEW.received_at AND NEW.type <> 'com.jetway.booking.cancelled.v1';
    -- The platform has heard of it from the booking service: it is not published again.
    INSERT INTO outbox (id, type, subject, time, data, published_at)
        VALUES (NEW.notification_id, NEW.type, NEW.user_id, NEW.time, NEW.data, NEW.received_at);
END;

-- A reminder that has become an event is no reminder any more.
CREATE TRIGGER IF NOT EXISTS outbox_takes_over_the_reminder AFTER INSERT ON outbox
    WHEN NEW.type = 'com.jetway.booking.reminder.v1'
BEGIN
    DELETE FROM reminders WHERE booking_id = json_extract(NEW.data, '$.booking_id') AND due_at = NEW.time;
END;

-- Named because a remote server may not follow foreign keys.
CREATE TRIGGER IF NOT EXISTS users_take_their_bookings_along AFTER DELETE ON users
BEGIN
    DELETE FROM bookings WHERE user_id = OLD.id;
END;

CREATE TRIGGER IF NOT EXISTS bookings_take_their_reminders_along AFTER DELETE ON bookings
BEGIN
    DELETE FROM reminders WHERE booking_id = OLD.id;
    DELETE FROM booking_events WHERE booking_id = OLD.id;
END;

-- Messages that nobody here understood, with the reason, for whoever wrote them: the newest thousand of a month.
CREATE TABLE IF NOT EXISTS refused_messages (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at TEXT NOT NULL,
    reason      TEXT NOT NULL,
    -- Its beginning.
    payload     TEXT NOT NULL
) STRICT;

CREATE INDEX IF NOT EXISTS refused_messages_by_age ON refused_messages (received_at);

CREATE TRIGGER IF NOT EXISTS refused_messages_are_few AFTER INSERT ON refused_messages
BEGIN
    DELETE FROM refused_messages WHERE id <= NEW.id - 1000;
    DELETE FROM refused_messages WHERE received_at < strftime('%Y-%m-%dT%H:%M:%fZ', NEW.received_at, '-30 days');
END;

-- For the sweep: what waits to be published, and what is over.
CREATE INDEX IF NOT EXISTS outbox_waiting ON outbox (time) WHERE published_at IS NULL;
CREATE INDEX IF NOT EXISTS outbox_by_age ON outbox (time);
