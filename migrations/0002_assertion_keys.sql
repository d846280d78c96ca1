-- The keys that sign caller assertions (x-jetway-assertion). A table of their own, so that no statement can take one of them
-- for a key of access tokens, or the other way round: the proxy is handed the private half of these, and of those never.

CREATE TABLE IF NOT EXISTS assertion_keys (
    -- The RFC 7638 thumbprint of the public half.
    kid         TEXT NOT NULL PRIMARY KEY,
    -- The Ed25519 seed.
    private_key BLOB NOT NULL CHECK (length(private_key) = 32),
    created_at  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
