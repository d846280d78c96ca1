//! `GET` and `POST /api/v1/notifications/unsubscribe?token=...`: the way out that stands in mails. Nobody signs in for it.
//!
//! Mail clients send the POST by themselves (RFC 8058), and scanners of mail follow every link with a GET: so a GET changes
//! nothing, and shows a person the button that sends the POST.

use http::{HeaderValue, Request, Uri, header};
use jetway_gateway::domain::UserId;
use jetway_gateway::http::{FieldError, HttpError, Query, Response};
use jetway_gateway::mail::{Category, UnsubscribePage};
use jetway_gateway::ports::{Clock, Ports};
use jetway_gateway::store::preferences;

use crate::app::{App, StoreOf};

pub(crate) async fn show<P: Ports>(uri: &Uri, app: &App<'_, P>) -> Result<Response, HttpError> {
    let store = app.store().await?;
    let (_, category) = read(uri, app, &store).await?;
    page(UnsubscribePage::question(category))
}

/// The body says `List-Unsubscribe=One-Click` where a mail client sends it, and nothing where a person does. It is not looked at:
/// the token says all there is to say.
pub(crate) async fn create<P: Ports, B>(
    request: &Request<B>,
    app: &App<'_, P>,
) -> Result<Response, HttpError> {
    let store = app.store().await?;
    let (user, category) = read(request.uri(), app, &store).await?;
    preferences::turn_off(&store, user, category, app.ports.clock().now()).await?;
    page(UnsubscribePage::done(category))
}

async fn read<P: Ports>(
    uri: &Uri,
    app: &App<'_, P>,
    store: &StoreOf<P>,
) -> Result<(UserId, Category), HttpError> {
    let query = Query::parse(uri, &["token"])?;
    let key = app.memory.unsubscribe.get(store, app.ports.entropy()).await?;
    let verified = key.verify(query.get("token").unwrap_or_default());
    verified.map_err(|invalid| {
        let detail = format!("{invalid}. Choose what you get in your account instead.");
        FieldError::parameter("token", "invalid_value", capitalised(&detail)).into()
    })
}

fn capitalised(sentence: &str) -> String {
    let mut letters = sentence.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn page(page: UnsubscribePage) -> Result<Response, HttpError> {
    let html = page.html().map_err(HttpError::internal)?;
    let mut response = Response::new(html.into());
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}
