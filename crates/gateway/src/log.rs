//! The log: one line of logfmt on standard error for each thing worth knowing, with its time and the id of the request it belongs to.
//!
//! No secret goes in, and no e-mail address: callers pass causes and names, never tokens, passwords or bodies. People are named by
//! their ids.

use std::time::SystemTime;

use crate::domain::rfc3339;
use crate::http::RequestId;

/// Something failed that is ours to look at.
pub fn error(request_id: &RequestId, event: &str, fields: &[(&str, &str)]) {
    write("error", Some(request_id), event, fields);
}

/// Something is not as it should be, and the request went on.
pub fn warn(request_id: &RequestId, event: &str, fields: &[(&str, &str)]) {
    write("warn", Some(request_id), event, fields);
}

/// Something happened that is worth knowing.
pub fn info(request_id: &RequestId, event: &str, fields: &[(&str, &str)]) {
    write("info", Some(request_id), event, fields);
}

/// Something failed that belongs to no request.
pub fn background(event: &str, fields: &[(&str, &str)]) {
    write("warn", None, event, fields);
}

fn write(level: &str, request_id: Option<&RequestId>, event: &str, fields: &[(&str, &str)]) {
    // The host's wall clock, which is the one clock of the ports too. A line has no use for another.
    let time = rfc3339(SystemTime::now().into());
    eprintln!("{}", line(&time, level, request_id, event, fields));
}

fn line(
    time: &str,
    level: &str,
    request_id: Option<&RequestId>,
    event: &str,
    fields: &[(&str, &str)],
) -> String {
    let mut line = format!("time={time} level={level} event={event}");
    if let Some(request_id) = request_id {
        line.push_str(&format!(" request_id={}", request_id.as_str()));
    }
    for (name, value) in fields {
        // Debug form: quoted, and with line breaks and control characters escaped, so that no value can forge a line.
        line.push_str(&format!(" {name}={value:?}"));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_forge_a_line() {
        let id = RequestId::for_test("r-1");
        let line = line(
            "2026-01-02T03:04:05.006Z",
            "error",
            Some(&id),
            "internal_error",
            &[
                ("cause", "a\nlevel=info \"b\""),
                ("name", "\u{202e}c\u{200b}\u{2028}\u{e0041}"),
            ],
        );
        assert_eq!(
            line,
            r#"time=2026-01-02T03:04:05.006Z level=error event=internal_error request_id=r-1 cause="a\nlevel=info \"b\"" name="\u{202e}c\u{200b}\u{2028}\u{e0041}""#
        );
    }
}
