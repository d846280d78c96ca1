//! Reading query parameters.

use http::Uri;
use percent_encoding::percent_decode_str;

use super::{FieldError, HttpError};

/// The query parameters of a route, all of them. One that the route does not take is refused, as an unknown field of a
/// body is, so that a misspelt one is noticed.
#[derive(Debug)]
pub struct Query(Vec<(&'static str, String)>);

impl Query {
    /// The query of `uri`, in which only the parameters `known` may stand.
    pub fn parse(uri: &Uri, known: &[&'static str]) -> Result<Self, HttpError> {
        let is_known = |(key, _): &(&str, &str)| known.iter().any(|name| is_named(key, name));
        let unknown: Vec<_> = pairs(uri)
            .filter(|pair| !is_known(pair))
            .map(|_| FieldError::unknown_parameter(known))
            .collect();
        if !unknown.is_empty() {
            return Err(HttpError::invalid(unknown));
        }
        let mut parameters = Vec::new();
        for &name in known {
            parameters.extend(query_parameter(uri, name)?.map(|value| (name, value)));
        }
        Ok(Self(parameters))
    }

    /// The parameters that are given, in the order of those known.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// The value of a parameter, if it is given.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(given, _)| *given == name)
            .map(|(_, value)| value.as_str())
    }
}

/// The value of one query parameter, whatever else there is, decoded as forms are (`+` is a space); `None` where it is not
/// there. Twice is an error: two readers could take different ones.
pub fn query_parameter(uri: &Uri, name: &'static str) -> Result<Option<String>, HttpError> {
    let invalid = |code, detail: &str| HttpError::invalid(vec![FieldError::parameter(name, code, detail)]);
    let mut found = None;
    for (_, value) in pairs(uri).filter(|(key, _)| is_named(key, name)) {
        let value = decode(value).ok_or_else(|| invalid("invalid_value", "The value is not UTF-8."))?;
        if found.replace(value).is_some() {
            return Err(invalid("duplicate_key", "Give the parameter once."));
        }
    }
    Ok(found)
}

/// Keys and values as they stand.
fn pairs(uri: &Uri) -> impl Iterator<Item = (&str, &str)> {
    let pairs = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

fn is_named(key: &str, name: &str) -> bool {
    decode(key).as_deref() == Some(name)
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

    fn parse(query: &'static str) -> Result<Query, Vec<&'static str>> {
        Query::parse(&Uri::from_static(query), &["email", "limit"])
            .map_err(|error| error.problem().errors().iter().map(FieldError::code).collect())
    }

    #[test]
    fn all_parameters_are_read_at_once() {
        let query = parse("/users?email=ada%2Bb%40example.com&limit=3").unwrap();
        assert_eq!(query.get("email"), Some("ada+b@example.com"));
        assert_eq!(query.get("limit"), Some("3"));
        assert_eq!(parse("/users").unwrap().get("limit"), None);
    }

    #[test]
    fn a_parameter_that_the_route_does_not_take_is_refused() {
        assert_eq!(parse("/users?limits=3").unwrap_err(), ["unknown_parameter"]);
        assert_eq!(
            parse("/users?%ff=3&x").unwrap_err(),
            ["unknown_parameter", "unknown_parameter"]
        );
    }
}
