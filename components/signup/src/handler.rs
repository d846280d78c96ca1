//! The routes of this component.

use http::Request;
use jetway_gateway::domain::UserId;
use jetway_gateway::http::{Body, HttpError, Response, Routes};
use jetway_gateway::ports::Ports;

use crate::app::App;
use crate::{email, password, ready, sign_up};

#[derive(Clone, Copy, Debug)]
enum Endpoint {
    SignUp,
    VerifyEmail,
    ResendEmail,
    ForgotPassword,
    ResetPassword,
    Ready,
}

const ROUTES: Routes<Endpoint> = Routes(&[
    ("POST", "/api/v1/signup", Endpoint::SignUp),
    ("POST", "/api/v1/email/verify", Endpoint::VerifyEmail),
    ("POST", "/api/v1/email/resend", Endpoint::ResendEmail),
    ("POST", "/api/v1/password/forgot", Endpoint::ForgotPassword),
    ("POST", "/api/v1/password/reset", Endpoint::ResetPassword),
    ("GET", "/internal/ready", Endpoint::Ready),
]);

/// Answers a request.
pub async fn handle<P: Ports, F: Fn(UserId)>(
    request: Request<impl Body>,
    app: &App<'_, P, F>,
) -> Result<Response, HttpError> {
    match ROUTES.find(request.method(), request.uri().path())?.endpoint {
        Endpoint::SignUp => sign_up::create(request, app).await,
        Endpoint::VerifyEmail => email::verify(request, app).await,
        Endpoint::ResendEmail => email::resend(request, app).await,
        Endpoint::ForgotPassword => password::forgot(request, app).await,
        Endpoint::ResetPassword => password::reset(request, app).await,
        Endpoint::Ready => ready::show(app).await,
    }
}
