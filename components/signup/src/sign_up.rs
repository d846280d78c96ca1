//! `POST /api/v1/signup`.

use http::Request;
use jetway_gateway::accounts::{self, Purpose, SignUpError};
use jetway_gateway::domain::{EmailAddress, NewUser, Password, UserId};
use jetway_gateway::http::{Body, HttpError, Response, accepted, created, json};
use jetway_gateway::ports::Ports;
use jetway_gateway::problems::{both, field};
use jetway_gateway::rate_limit::ByEmail;
use serde::Deserialize;

use crate::app::{App, Mail};

#[derive(Deserialize)]
struct SignUp {
    email: String,
    password: String,
}

pub(crate) async fn create<P: Ports, F: Fn(UserId)>(
    request: Request<impl Body>,
    app: &App<'_, P, F>,
) -> Result<Response, HttpError> {
    let by_email = ByEmail::of(&request);
    let body: SignUp = json::read(request).await?;
    let email = field("/email", EmailAddress::parse(&body.email));
    let password = Password::choose(body.password, email.as_ref().ok());
    let (email, password) = both(email, field("/password", password))?;
    let new = NewUser {
        email: email.clone(),
        password,
    };
    app.limited(by_email, &email, async || sign_up(new, app).await)
        .await
}

/// Where the address has to be verified, the answer does not tell whether it had an account already: the mail does.
async fn sign_up<P: Ports, F: Fn(UserId)>(new: NewUser, app: &App<'_, P, F>) -> Result<Response, HttpError> {
    let email = new.email.clone();
    let (clock, entropy) = (app.ports.clock(), app.ports.entropy());
    let store = app.store().await?;
    let secret = app.secret(&store).await?;
    let maker = app.token_maker(&secret, Mail::Email);
    let conceals = app.settings.require_verified_email;
    match accounts::sign_up(&store, new, &app.hasher(), clock, entropy).await {
        Ok(user) => {
            // Should this fail the account is there all the same, and its owner asks for another mail.
            accounts::request_mail(&store, Purpose::VerifyEmail, &email, &maker).await?;
            app.tell(Some(user.id));
            if conceals {
                Ok(accepted())
            } else {
                Ok(created(&format!("/api/v1/users/{}", user.id), &user))
            }
        }
        Err(SignUpError::EmailTaken) if conceals => {
            // As much as is written for a new account, so that the time tells no more than the answer.
            if let Ok(nobody) = EmailAddress::parse(&format!("{}@invalid", UserId::generate(clock, entropy)))
            {
                accounts::request_mail(&store, Purpose::VerifyEmail, &nobody, &maker).await?;
            }
            app.tell(accounts::tell_owner(&store, &email, clock).await?);
            Ok(accepted())
        }
        Err(error) => Err(error.into()),
    }
}
