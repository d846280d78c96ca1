-- A code that is under way ends with the password, as tokens out of mails do: whoever sets a new one may do so because somebody else
-- was about to sign in. (Not where the password is taken away: that is done for who has shown the code. A link only makes a
-- browser known, and its owner may need it all the more.)
CREATE TRIGGER IF NOT EXISTS users_new_password_ends_codes AFTER UPDATE OF password_hash ON users
    WHEN NEW.password_hash <> OLD.password_hash AND NEW.password_hash <> '*'
BEGIN
    DELETE FROM signin_codes WHERE user_id = NEW.id;
END;

-- Mail about an account goes with the account, also what went to an address that it had before.
CREATE TRIGGER IF NOT EXISTS users_take_mail_about_them_along AFTER DELETE ON users
BEGIN
    DELETE FROM inbox WHERE id IN (SELECT id FROM outbox WHERE subject = OLD.id);
END;
