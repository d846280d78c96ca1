//! The headers that tell the services who is calling. They are set or removed, never passed through.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::tokens::Identity;

const X_USER_ID: HeaderName = HeaderName::from_static("x-user-id");
const X_USER_EMAIL: HeaderName = HeaderName::from_static("x-user-email");
const X_USER_ROLES: HeaderName = HeaderName::from_static("x-user-roles");

/// All of them.
pub const IDENTITY_HEADERS: [HeaderName; 3] = [X_USER_ID, X_USER_EMAIL, X_USER_ROLES];

/// Sets the headers for the identity, or leaves none of them where there is none.
pub fn set_identity(headers: &mut HeaderMap, identity: Option<&Identity>) {
    remove_identity(headers);
    let Some(identity) = identity else { return };
    let roles: Vec<&str> = identity.roles().iter().map(|role| role.as_str()).collect();
    let values = [
        (X_USER_ID, identity.user().to_string()),
        (X_USER_EMAIL, identity.email().as_str().to_owned()),
        (X_USER_ROLES, roles.join(",")),
    ];
    for (name, value) in values {
        // Ids, addresses and role names are ASCII without control characters, so each fits; one that did not would be left
        // out, and the service would see nobody rather than somebody else.
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
}

/// Removes the headers under every name that a service might take for one of them: many servers (CGI, WSGI, Rack) make no
/// difference between `x-user-id` and `x_user_id`.
fn remove_identity(headers: &mut HeaderMap) {
    remove_spellings_of(headers, &IDENTITY_HEADERS);
}

/// Removes these headers under every spelling that differs only in `-` and `_`.
pub fn remove_spellings_of(headers: &mut HeaderMap, names: &[HeaderName]) {
    let is_one = |found: &HeaderName| names.iter().any(|name| reads_as(found.as_str(), name.as_str()));
    let foreign: Vec<HeaderName> = headers.keys().filter(|name| is_one(name)).cloned().collect();
    for name in foreign {
        headers.remove(name);
    }
}

/// Compares byte by byte: a copy of every header's name would cost each request dozens of allocations.
fn reads_as(found: &str, name: &str) -> bool {
    let dashed = |byte: u8| if byte == b'_' { b'-' } else { byte };
    found.len() == name.len() && found.bytes().map(dashed).eq(name.bytes())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_clients_own_are_removed_under_every_spelling() {
        let mut headers = HeaderMap::new();
        for name in [
            "x-user-id",
            "X-User-Email",
            "x_user_roles",
            "x-user_id",
            "x-user-agent",
        ] {
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_static("root"),
            );
        }
        headers.append("x-user-id", HeaderValue::from_static("root again"));
        set_identity(&mut headers, None);
        assert_eq!(headers.keys().collect::<Vec<_>>(), ["x-user-agent"]);
    }

    proptest! {
        #[test]
        fn no_spelling_survives(dashes in prop::collection::vec(prop::bool::ANY, 2), upper: bool) {
            let separator = |dash: bool| if dash { '-' } else { '_' };
            let name = format!("x{}user{}roles", separator(dashes[0]), separator(dashes[1]));
            let name = if upper { name.to_uppercase() } else { name };
            let mut headers = HeaderMap::new();
            headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_static("root"));
            set_identity(&mut headers, None);
            prop_assert!(headers.is_empty());
        }
    }
}
