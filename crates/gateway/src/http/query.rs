//! Reading query parameters.

use http::Uri;
use percent_encoding::percent_decode_str;

use super::{FieldError, HttpError};

/// The value of a query parameter, decoded as forms are (`+` is a space); `None` where it is not there. Twice is an error:
/// two readers could take different ones.
pub fn query_parameter(uri: &Uri, name: &'static str) -> Result<Option<String>, HttpError> {
    let mut found = None;
    for pair in uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
    {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if decode(key).as_deref() != Some(name) {
            continue;
        }
        let invalid =
            |code, detail: &str| HttpError::invalid(vec![FieldError::parameter(name, code, detail)]);
        let value = decode(value).ok_or_else(|| invalid("invalid_value", "The value is not UTF-8."))?;
        if found.replace(value).is_some() {
            return Err(invalid("duplicate_key", "Give the parameter once."));
        }
    }
    Ok(found)
}

fn decode(text: &str) -> Option<String> {
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8()
        .ok()
        .map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(query: &str) -> Result<Option<String>, &'static str> {
        let uri: Uri = format!("/x?{query}").parse().unwrap();
        query_parameter(&uri, "email").map_err(|error| error.problem().errors()[0].code())
    }

    #[test]
    fn a_parameter_is_found_and_decoded() {
        assert_eq!(
            value("a=1&email=ann%40example.com&b"),
            Ok(Some("ann@example.com".to_owned()))
        );
        assert_eq!(value("em%61il=a+b"), Ok(Some("a b".to_owned())));
        assert_eq!(value("email"), Ok(Some(String::new())));
        assert_eq!(value("emails=a&&"), Ok(None));
        assert_eq!(query_parameter(&"/x".parse().unwrap(), "email").unwrap(), None);
    }

    #[test]
    fn an_ambiguous_one_is_refused() {
        assert_eq!(value("email=a&email=a"), Err("duplicate_key"));
        assert_eq!(value("email=%ff"), Err("invalid_value"));
    }
}
