//! The log: one line of logfmt on standard error for each thing worth knowing, with the id of the request it belongs to.
//!
//! No secret goes in: callers pass causes and names, never tokens, passwords or bodies.

use crate::http::RequestId;

/// Something failed that is ours to look at.
pub fn error(request_id: &RequestId, event: &str, fields: &[(&str, &str)]) {
    write("error", request_id, event, fields);
}

/// Something is not as it should be, and the request went on.
pub fn warn(request_id: &RequestId, event: &str, fields: &[(&str, &str)]) {
    write("warn", request_id, event, fields);
}

/// Something failed that belongs to no request.
pub fn background(event: &str, fields: &[(&str, &str)]) {
    eprintln!("{}", with_fields(format!("level=warn event={event}"), fields));
}

fn write(level: &str, request_id: &RequestId, event: &str, fields: &[(&str, &str)]) {
    eprintln!("{}", line(level, request_id, event, fields));
}

fn line(level: &str, request_id: &RequestId, event: &str, fields: &[(&str, &str)]) -> String {
    let line = format!("level={level} event={event} request_id={}", request_id.as_str());
    with_fields(line, fields)
}

fn with_fields(mut line: String, fields: &[(&str, &str)]) -> String {
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
            "error",
            &id,
            "internal_error",
            &[("cause", "a\nlevel=info \"b\"")],
        );
        assert_eq!(
            line,
            r#"level=error event=internal_error request_id=r-1 cause="a\nlevel=info \"b\"""#
        );
    }
}
