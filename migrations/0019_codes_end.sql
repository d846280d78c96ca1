-- A code that is under way ends with the password, as tokens out of mails do: whoever sets a new one may do so because somebody else
-- was about to sign in. (Not where the password is taken away: that is done for who has shown the code. A link only makes a
-- browser known, and its owner may need it all the more.)
CREATE TRIGGER IF NOT EXISTS users_new_password_ends_codes AFTER UPDATE OF password_hash ON users
    WHEN NEW.password_hash <> OLD.password_hash AND NEW.password_hash <> '*'
BEGIN
    DELETE FROM signin_codes WHERE user_id = NEW.id;
END;
