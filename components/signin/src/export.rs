//! `GET /api/v1/me/export`: everything that is held about the caller, to be kept as a file, or as several.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderValue, Uri, header};
use jetway_gateway::http::{FieldError, HttpError, Query, Response, ok};
use jetway_gateway::ports::Ports;
use jetway_gateway::store::export::{self, Key, SECTIONS};
use jetway_gateway::tokens::Identity;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::app::App;
use crate::me::gone;

/// What a cursor of this list says of itself: one of another list is none of ours.
const LIST: &str = "export";

/// Where each section that has more goes on.
#[derive(Deserialize, Serialize)]
struct Cursor {
    list: String,
    sections: Vec<(String, Value)>,
}

/// The first answer has every section; those after it, the sections that had more.
pub(crate) async fn show<P: Ports>(
    uri: &Uri,
    app: &App<'_, P>,
    caller: &Identity,
) -> Result<Response, HttpError> {
    let query = Query::parse(uri, &["cursor"])?;
    let after = query.get("cursor").map(parse).transpose()?;
    let store = app.store().await?;
    let mut document = Map::new();
    let mut more = Vec::new();
    for section in SECTIONS {
        let from = match &after {
            None => None,
            Some(sections) => match sections.iter().find(|(name, _)| *name == section.name) {
                None => continue,
                Some((_, key)) => Some(key),
            },
        };
        let (piece, next) = export::read(&store, section, caller.user(), from).await?;
        more.extend(next.map(|key| (section.name.to_owned(), to_value(key))));
        let rows = piece.iter().map(|row| serde_json::from_str(row.get()));
        let rows: Vec<Value> = rows.collect::<Result<_, _>>().map_err(HttpError::internal)?;
        let shown = match section.name {
            // There is one.
            "account" => rows.into_iter().next().ok_or_else(gone)?,
            _ => Value::Array(rows),
        };
        document.insert(section.name.to_owned(), shown);
    }
    document.insert("next_cursor".to_owned(), encode(more)?);
    let mut response = ok(&document);
    let headers = response.headers_mut();
    let attachment = HeaderValue::from_static("attachment; filename=\"jetway-account.json\"");
    headers.insert(header::CONTENT_DISPOSITION, attachment);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

fn encode(sections: Vec<(String, Value)>) -> Result<Value, HttpError> {
    if sections.is_empty() {
        return Ok(Value::Null);
    }
    let list = LIST.to_owned();
    let text = serde_json::to_string(&Cursor { list, sections }).map_err(HttpError::internal)?;
    Ok(Value::String(URL_SAFE_NO_PAD.encode(text)))
}

fn parse(cursor: &str) -> Result<Vec<(String, Key)>, HttpError> {
    let read = || {
        let text = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let cursor: Cursor = serde_json::from_slice(&text).ok()?;
        let is_ours = cursor.list == LIST && !cursor.sections.is_empty();
        let sections = cursor.sections.into_iter().filter(|_| is_ours);
        let keys: Option<Vec<_>> = sections.map(|(name, key)| Some((name, to_key(key)?))).collect();
        keys.filter(|keys| {
            let is_section = |name: &str| SECTIONS.iter().any(|section| section.name == name);
            !keys.is_empty() && keys.iter().all(|(name, _)| name != "account" && is_section(name))
        })
    };
    let detail = "Use a next_cursor of this list as it is.";
    read().ok_or_else(|| FieldError::parameter("cursor", "invalid_value", detail).into())
}

fn to_value(key: Key) -> Value {
    match key {
        Key::Text(text) => text.into(),
        Key::Number(number) => number.into(),
    }
}

fn to_key(value: Value) -> Option<Key> {
    match value {
        Value::String(text) => Some(Key::Text(text)),
        Value::Number(number) => number.as_i64().map(Key::Number),
        _ => None,
    }
}
