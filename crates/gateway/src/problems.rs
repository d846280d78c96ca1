//! What use cases refuse, as HTTP: the one place that knows both.

use http::{HeaderValue, header};

use crate::Failure;
use crate::accounts::{
    AccountError, BootstrapError, ChangePasswordError, NotPresent, SignUpError, TokenError,
};
use crate::domain::Invalid;
use crate::http::{Code, FieldError, HttpError, Problem};
use crate::roles::{NotPermitted, RolesError};
use crate::second_factor::SecondFactorError;
use crate::sessions::{NotSignedIn, RefreshError, SignInError};
use crate::slowdown::NotNow;
use crate::store::{Rule, StoreError};

/// What is wrong with the field at this JSON pointer, if anything.
pub fn field<T, E: Invalid>(pointer: &str, parsed: Result<T, E>) -> Result<T, FieldError> {
    parsed.map_err(|invalid| field_error(pointer, &invalid))
}

fn field_error(pointer: &str, invalid: &impl Invalid) -> FieldError {
    FieldError::at(pointer, invalid.code(), format!("{invalid}."))
}

/// Both values, or a problem that names every error there is, so that a client mends them in one go.
pub fn both<A, B>(a: Result<A, FieldError>, b: Result<B, FieldError>) -> Result<(A, B), HttpError> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (a, b) => Err(HttpError::invalid(
            [a.err(), b.err()].into_iter().flatten().collect(),
        )),
    }
}

impl From<FieldError> for HttpError {
    fn from(error: FieldError) -> Self {
        Self::invalid(vec![error])
    }
}

impl From<Failure> for HttpError {
    fn from(failure: Failure) -> Self {
        if let Failure::TooBusy(busy) = failure {
            let problem = Problem::new(Code::TooBusy, "Others are before you. Try again later.");
            return Self::from(problem.with_retry_after(busy.retry_after())).caused_by(busy);
        }
        if failure.is_temporary() {
            Self::not_ready(failure)
        } else {
            Self::internal(failure)
        }
    }
}

impl From<StoreError> for HttpError {
    fn from(error: StoreError) -> Self {
        Failure::from(error).into()
    }
}

impl From<SignUpError> for HttpError {
    fn from(error: SignUpError) -> Self {
        match error {
            SignUpError::EmailTaken => email_taken(),
            SignUpError::Failed(failure) => failure.into(),
        }
    }
}

impl From<BootstrapError> for HttpError {
    fn from(error: BootstrapError) -> Self {
        match error {
            BootstrapError::AdminExists => Self::new(
                Code::AdminExists,
                "The first administrator can be made only once.",
            ),
            BootstrapError::EmailTaken => email_taken(),
            BootstrapError::Failed(failure) => failure.into(),
        }
    }
}

fn email_taken() -> HttpError {
    HttpError::new(
        Code::EmailTaken,
        "There is an account with this e-mail address. Sign in instead.",
    )
}

impl From<SignInError> for HttpError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::InvalidCredentials => {
                Self::new(Code::InvalidCredentials, "Check both and try again.")
            }
            SignInError::SecondFactorRequired => Self::new(
                Code::MfaRequired,
                "Sign in with a `code` of your device, or a `recovery_code`, besides.",
            ),
            SignInError::SecondFactor(error) => error.into(),
            SignInError::EmailNotVerified => Self::new(
                Code::EmailNotVerified,
                "Open the link of the mail that was sent to it, or ask for another mail; or sign in by a mail.",
            ),
            SignInError::WrongCode => Self::new(
                Code::SigninCodeInvalid,
                "It is wrong, used or expired, was tried too often, or was asked for by another browser. Ask for another mail.",
            ),
            SignInError::Failed(failure) => failure.into(),
        }
    }
}

impl From<NotSignedIn> for HttpError {
    fn from(error: NotSignedIn) -> Self {
        let told = Self::from(error.why);
        match error.user {
            Some(user) => told.of_user(user),
            None => told,
        }
    }
}

impl From<NotNow> for HttpError {
    fn from(error: NotNow) -> Self {
        match error {
            NotNow::TooEarly(seconds) => {
                let detail = format!("Try again in {seconds} seconds.");
                Problem::new(Code::TooManyFailures, detail)
                    .with_retry_after(seconds)
                    .into()
            }
            NotNow::Failed(error) => Failure::from(error).into(),
        }
    }
}

impl From<SecondFactorError> for HttpError {
    fn from(error: SecondFactorError) -> Self {
        match error {
            SecondFactorError::WrongPassword => ChangePasswordError::WrongPassword.into(),
            SecondFactorError::AlreadyOn => {
                Self::new(Code::MfaEnabled, "Turn it off before you set up another device.")
            }
            SecondFactorError::NotOn => {
                Self::new(Code::NotFound, "There is no second factor. Set one up first.")
            }
            SecondFactorError::NotVerified => {
                Self::new(Code::EmailNotVerified, "Verify your e-mail address first.")
            }
            SecondFactorError::Refused => Self::new(
                Code::MfaCodeInvalid,
                "Wait for the next code of your device; each works once.",
            ),
            SecondFactorError::TooEarly(seconds) => NotNow::TooEarly(seconds).into(),
            SecondFactorError::Failed(failure) => failure.into(),
        }
    }
}

impl From<RefreshError> for HttpError {
    fn from(error: RefreshError) -> Self {
        match error {
            RefreshError::Dead => Self::new(Code::InvalidRefreshToken, "Sign in again."),
            // A thief learns nothing from the answer; the log has the difference.
            RefreshError::Replayed { user } => Self::from(RefreshError::Dead).caused_by(error).of_user(user),
            RefreshError::Failed(failure) => failure.into(),
        }
    }
}

impl From<ChangePasswordError> for HttpError {
    fn from(error: ChangePasswordError) -> Self {
        match error {
            ChangePasswordError::WrongPassword => {
                Self::new(Code::InvalidCredentials, "This is not the current password.")
            }
            ChangePasswordError::NotPresent(why) => why.into(),
            ChangePasswordError::Failed(failure) => failure.into(),
        }
    }
}

impl From<NotPresent> for HttpError {
    fn from(error: NotPresent) -> Self {
        match error {
            NotPresent::WrongPassword => ChangePasswordError::WrongPassword.into(),
            NotPresent::RecentSignInRequired => better_sign_in(
                Self::new(
                    Code::RecentSigninRequired,
                    "Send the password in the body, or sign in again and then repeat this.",
                ),
                "The sign-in is too long ago",
            ),
            NotPresent::SecondFactorRequired => better_sign_in(
                Self::new(
                    Code::MfaRequired,
                    "Send a `code` of your device, or a `recovery_code`, in the body.",
                ),
                "The second factor is needed",
            ),
            NotPresent::SecondFactor(error) => error.into(),
            NotPresent::Failed(failure) => failure.into(),
        }
    }
}

/// RFC 9470: signing in again, and better, is what helps; so it is a 401 and no 403.
fn better_sign_in(mut error: HttpError, why: &str) -> HttpError {
    let challenge = format!(
        "Bearer realm=\"jetway\", error=\"insufficient_user_authentication\", error_description=\"{why}\", max_age=300"
    );
    if let Ok(challenge) = HeaderValue::from_str(&challenge) {
        error.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    error
}

impl From<TokenError> for HttpError {
    fn from(error: TokenError) -> Self {
        match error {
            // Which of them is nobody's business: a guess learns nothing.
            TokenError::Dead => Self::new(
                Code::TokenInvalid,
                "It is unknown, used or expired. Ask for another mail.",
            ),
            TokenError::EmailTaken => email_taken(),
            TokenError::Password(invalid) => field_error("/new_password", &invalid).into(),
            TokenError::Failed(failure) => failure.into(),
        }
    }
}

impl From<AccountError> for HttpError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::WrongPassword => ChangePasswordError::WrongPassword.into(),
            AccountError::NotPresent(why) => why.into(),
            AccountError::LastAdmin => RolesError::Refused(Rule::LastAdmin).into(),
            AccountError::Failed(failure) => failure.into(),
        }
    }
}

impl From<NotPermitted> for HttpError {
    fn from(error: NotPermitted) -> Self {
        match error {
            NotPermitted::Forbidden => Self::new(Code::Forbidden, "This is for administrators."),
            NotPermitted::SecondFactorMissing => {
                let mut error = Self::new(
                    Code::MfaRequired,
                    "Sign in with your second factor; if you have none, set one up first.",
                );
                // RFC 9470: signing in again, and better, is what helps; so it is a 401 and no 403.
                error.headers_mut().insert(
                    header::WWW_AUTHENTICATE,
                    HeaderValue::from_static(
                        "Bearer realm=\"jetway\", error=\"insufficient_user_authentication\", error_description=\"The second factor is needed\"",
                    ),
                );
                error
            }
            NotPermitted::Failed(failure) => failure.into(),
        }
    }
}

impl From<RolesError> for HttpError {
    fn from(error: RolesError) -> Self {
        let rule = match error {
            RolesError::Refused(rule) => rule,
            RolesError::UnknownSession => {
                return Self::new(Code::NotFound, "The user has no open session of this id.");
            }
            RolesError::OwnAccount => {
                return Self::new(Code::Forbidden, "Use the routes of your own account.");
            }
            RolesError::Failed(failure) => return failure.into(),
        };
        match rule {
            Rule::UnknownUser => Self::new(Code::NotFound, "No user has this id."),
            Rule::UnknownRole => Self::new(Code::NotFound, "No role has this name."),
            Rule::RoleExists => Self::new(Code::RoleExists, "Choose another name."),
            Rule::RoleProtected => Self::new(Code::RoleProtected, "The gateway itself relies on this role."),
            Rule::RoleInUse => Self::new(Code::RoleInUse, "Take the role from everybody first."),
            Rule::LastAdmin => Self::new(Code::LastAdmin, "Make somebody else an administrator first."),
            Rule::UnknownNotification => Self::new(Code::NotFound, "No notification has this id."),
            Rule::NotificationNotDead => Self::new(
                Code::NotificationNotDead,
                "Only what has been given up can be tried again.",
            ),
            other => Self::internal(StoreError::Refused(other)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::{EmailAddress, Password};
    use crate::hashing::TooBusy;

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let email = field("/email", EmailAddress::parse("nobody"));
        let password = field("/password", Password::parse("short".to_owned()));
        let problem = both(email, password).unwrap_err().into_problem();
        let codes: Vec<_> = problem.errors().iter().map(FieldError::code).collect();
        assert_eq!(codes, ["email_malformed", "password_too_short"]);
    }

    #[test]
    fn a_failure_tells_the_client_nothing_but_whether_to_try_again() {
        let broken = HttpError::from(StoreError::Failed("no such table: users".to_owned()));
        assert_eq!(broken.problem().code(), Code::InternalError);
        assert!(!broken.problem().detail().contains("users"));
        assert!(broken.cause().is_some_and(|cause| cause.contains("users")));
        assert_eq!(HttpError::from(StoreError::Busy).problem().code(), Code::NotReady);
    }

    #[test]
    fn who_would_wait_too_long_is_told_when_to_come_back() {
        let wait = Duration::from_millis(5200);
        let mut error = HttpError::from(Failure::from(TooBusy { wait }));
        assert_eq!(error.problem().code(), Code::TooBusy);
        assert_eq!(error.headers_mut()["retry-after"], "6");
    }
}
