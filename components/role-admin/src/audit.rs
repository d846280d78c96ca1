//! `GET /api/v1/audit`.

use http::Uri;
use jetway_gateway::domain::{UserId, parse_rfc3339};
use jetway_gateway::http::{FieldError, HttpError, Query, Response, ok};
use jetway_gateway::ports::Ports;
use jetway_gateway::store::audit::{AuditEvent, AuditFilter};
use serde::Serialize;

use crate::handler::AdministrationOf;
use crate::page::Page;

const PARAMETERS: [&str; 7] = ["actor", "target", "action", "since", "until", "limit", "cursor"];

#[derive(Serialize)]
struct Audit {
    audit_events: Vec<AuditEvent>,
    next_cursor: Option<String>,
}

/// The entries that the filters let through, the newest first. New ones come in before the first page, so that a cursor stays where
/// it is.
pub(crate) async fn list<P: Ports>(
    uri: &Uri,
    administration: &AdministrationOf<'_, P>,
) -> Result<Response, HttpError> {
    let query = Query::parse(uri, &PARAMETERS)?;
    let page = Page::parse("audit", &query)?;
    let id = |text: &str| UserId::parse(text).ok();
    let filter = AuditFilter {
        actor: parameter(&query, "actor", "The id of a user.", id)?,
        target: parameter(&query, "target", "The id of a user.", id)?,
        action: parameter(&query, "action", "An action such as role.granted.", action)?,
        since: parameter(
            &query,
            "since",
            "A time such as 2026-01-02T03:04:05Z.",
            parse_rfc3339,
        )?,
        until: parameter(
            &query,
            "until",
            "A time such as 2026-01-02T03:04:05Z.",
            parse_rfc3339,
        )?,
        before: page.after(str::parse)?,
    };
    let events = administration.audit(&filter, page.to_read()).await?;
    let (audit_events, next_cursor) = page.cut(events, |event| event.id.to_string())?;
    Ok(ok(&Audit {
        audit_events,
        next_cursor,
    }))
}

/// The value of a parameter, where it is given.
fn parameter<T>(
    query: &Query,
    name: &'static str,
    detail: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, HttpError> {
    let invalid = || FieldError::parameter(name, "invalid_value", detail);
    let given = query.get(name);
    Ok(given.map(|text| parse(text).ok_or_else(invalid)).transpose()?)
}

/// A text that can be the name of an action, whether or not there is such a one.
fn action(text: &str) -> Option<String> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'_');
    let well_formed = (1..=64).contains(&text.len()) && text.bytes().all(allowed);
    well_formed.then(|| text.to_owned())
}
