//! The headers that tell the services who is calling. They are set or removed, never passed through.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::http::names::{remove_those, tells_identity};
use crate::tokens::Identity;

const X_USER_ID: HeaderName = HeaderName::from_static("x-user-id");
const X_USER_EMAIL: HeaderName = HeaderName::from_static("x-user-email");
const X_USER_ROLES: HeaderName = HeaderName::from_static("x-user-roles");

/// All of them.
pub const IDENTITY_HEADERS: [HeaderName; 3] = [X_USER_ID, X_USER_EMAIL, X_USER_ROLES];

/// Sets the headers for the identity, or leaves none of them where there is none. Whatever else tells somebody who is calling
/// is removed, under every spelling.
pub fn set_identity(headers: &mut HeaderMap, identity: Option<&Identity>) {
    remove_those(headers, tells_identity);
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
            "HTTP_X_USER_ID",
            "x-remote-user",
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
