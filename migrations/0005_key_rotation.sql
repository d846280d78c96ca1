-- Signing keys get successors. A key is published first, signs from a while later, signs until its successor does, and stays
-- published until its last token has expired. From when it signs no more, only its public half is kept.

-- Since when everybody can find the public half.
ALTER TABLE signing_keys ADD COLUMN published_at TEXT;
-- The longest life, in seconds, of a token that it may have signed.
ALTER TABLE signing_keys ADD COLUMN longest_token INTEGER NOT NULL DEFAULT 0;
-- Since when it is to have a successor, however young it is: this is how an operator asks for one.
ALTER TABLE signing_keys ADD COLUMN due_at TEXT;

ALTER TABLE assertion_keys ADD COLUMN published_at TEXT;
ALTER TABLE assertion_keys ADD COLUMN longest_token INTEGER NOT NULL DEFAULT 0;
ALTER TABLE assertion_keys ADD COLUMN due_at TEXT;

CREATE TABLE IF NOT EXISTS retired_signing_keys (
    kid          TEXT NOT NULL PRIMARY KEY,
    public_key   BLOB NOT NULL CHECK (length(public_key) = 32),
    unpublish_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS retired_assertion_keys (
    kid          TEXT NOT NULL PRIMARY KEY,
    public_key   BLOB NOT NULL CHECK (length(public_key) = 32),
    unpublish_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The private half goes in the statement that retires the key.
CREATE TRIGGER IF NOT EXISTS signing_keys_retire AFTER INSERT ON retired_signing_keys
BEGIN
    DELETE FROM signing_keys WHERE kid = NEW.kid;
END;

CREATE TRIGGER IF NOT EXISTS assertion_keys_retire AFTER INSERT ON retired_assertion_keys
BEGIN
    DELETE FROM assertion_keys WHERE kid = NEW.kid;
END;
