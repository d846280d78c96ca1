//! Links into the frontend and back to the gateway.
//!
//! A one-time token stands behind the `#` of its link: what is there is never sent to a server, and so is in no log, no
//! `Referer`, and not in the hands of a scanner that follows links. The page reads it and sends it to the gateway.

use http::Uri;

use super::{Category, Unsubscribe, UnsubscribeKey};
use crate::config::{ConfigError, read_optional};
use crate::domain::UserId;
use crate::ports::Variables;

/// The page that takes a token from `verify_email`.
const VERIFY_EMAIL: &str = "/verify-email";
/// The page that takes a token from `reset_password`.
const RESET_PASSWORD: &str = "/reset-password";
/// The page that takes a link by which a browser is known, and then a sign-in.
const SIGN_IN: &str = "/signin";
/// The page of one's own account, its sessions and its password.
const ACCOUNT: &str = "/account";
/// One's bookings.
const BOOKINGS: &str = "/bookings";
/// The gateway's own route.
const UNSUBSCRIBE: &str = "/api/v1/notifications/unsubscribe";

/// Where links lead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// Where people reach the gateway. Empty: links are paths alone.
    gateway: String,
    /// Where the frontend's pages are.
    pages: String,
}

/// Not an address that links can begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum InvalidBase {
    /// Not a URL, or one that says more than where.
    #[error("is not a URL such as `https://example.com`, without query and credentials")]
    Malformed,
    /// A link in a mail holds what should not be read on its way.
    #[error("must begin with `https://`, unless it is of this machine (`localhost`, `127.0.0.1`)")]
    Insecure,
}

impl Links {
    /// Reads `public_url` and `frontend_url`. Without the second, the frontend's pages are where the gateway is.
    pub async fn read(variables: &impl Variables) -> Result<Self, ConfigError> {
        let gateway = read_optional(variables, "public_url", base)
            .await?
            .unwrap_or_default();
        let pages = read_optional(variables, "frontend_url", base).await?;
        Ok(Self {
            pages: pages.unwrap_or_else(|| gateway.clone()),
            gateway,
        })
    }

    /// Whether links lead anywhere once they are in a mail.
    pub fn are_absolute(&self) -> bool {
        !self.gateway.is_empty()
    }

    /// To the page that verifies an address.
    pub fn verify_email(&self, token: &str) -> String {
        self.with_token(VERIFY_EMAIL, token)
    }

    /// To the page that sets a new password.
    pub fn reset_password(&self, token: &str) -> String {
        self.with_token(RESET_PASSWORD, token)
    }

    /// To the page that makes the browser one that is known, once it is told to.
    pub fn know_device(&self, token: &str) -> String {
        self.with_token(SIGN_IN, token)
    }

    /// To one's own account.
    pub fn account(&self) -> String {
        format!("{}{ACCOUNT}", self.pages)
    }

    /// To one's bookings.
    pub fn bookings(&self) -> String {
        format!("{}{BOOKINGS}", self.pages)
    }

    /// To the gateway's own route, which takes both a mail client's POST and a person's GET.
    pub fn unsubscribe(&self, key: &UnsubscribeKey, user: UserId, category: Category) -> Unsubscribe {
        let token = key.token(user, category);
        let link = format!("{}{UNSUBSCRIBE}?token={}", self.gateway, encoded(&token));
        Unsubscribe::new(link, user, category)
    }

    fn with_token(&self, page: &str, token: &str) -> String {
        format!("{}{page}#token={}", self.pages, encoded(token))
    }
}

fn encoded(token: &str) -> String {
    form_urlencoded::byte_serialize(token.as_bytes()).collect()
}

/// Scheme, host, port, and a path without the slash at its end.
fn base(text: &str) -> Result<String, InvalidBase> {
    let uri: Uri = text.parse().map_err(|_| InvalidBase::Malformed)?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(InvalidBase::Malformed);
    };
    if authority.as_str().contains('@') || authority.host().is_empty() || text.contains(['?', '#']) {
        return Err(InvalidBase::Malformed);
    }
    let host = authority.host();
    let here = host == "localhost" || host == "[::1]" || host.starts_with("127.");
    match scheme {
        "https" => {}
        "http" if here => {}
        "http" => return Err(InvalidBase::Insecure),
        _ => return Err(InvalidBase::Malformed),
    }
    Ok(format!(
        "{scheme}://{authority}{}",
        uri.path().trim_end_matches('/')
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{TestVariables, block_on};

    fn links(variables: &[(&str, &str)]) -> Result<Links, String> {
        block_on(Links::read(&TestVariables::of(variables))).map_err(|error| error.to_string())
    }

    #[test]
    fn pages_are_where_the_gateway_is_unless_they_are_elsewhere() {
        let together = links(&[("public_url", "https://jetway.example/")]).unwrap();
        assert_eq!(together.account(), "https://jetway.example/account");
        let apart = links(&[
            ("public_url", "https://api.jetway.example"),
            ("frontend_url", "https://jetway.example/app/"),
        ])
        .unwrap();
        assert_eq!(apart.account(), "https://jetway.example/app/account");
        let user = UserId::parse("01893726-efee-7f02-8fbf-9f2b7bc2f910").unwrap();
        let way_out = apart.unsubscribe(&UnsubscribeKey::for_test(1), user, Category::Bookings);
        let route = "https://api.jetway.example/api/v1/notifications/unsubscribe?token=";
        assert!(way_out.link().starts_with(route), "{}", way_out.link());
    }

    #[test]
    fn without_a_public_url_links_are_paths() {
        let links = links(&[]).unwrap();
        assert!(!links.are_absolute());
        assert_eq!(links.verify_email("t"), "/verify-email#token=t");
    }

    #[test]
    fn a_token_cannot_leave_its_place_in_the_link() {
        let link = links(&[]).unwrap().reset_password("a&b#c \"<>\r\n");
        assert_eq!(link, "/reset-password#token=a%26b%23c+%22%3C%3E%0D%0A");
    }

    #[test]
    fn what_is_no_address_or_is_read_by_others_is_refused_by_name() {
        for value in [
            "jetway.example",
            "https://",
            "https://u:p@jetway.example",
            "https://jetway.example/?q",
            "https://jetway.example/#f",
            "ftp://jetway.example",
            "http://jetway.example",
            "http://localhost.jetway.example",
            "javascript:alert(1)",
        ] {
            for name in ["public_url", "frontend_url"] {
                let error = links(&[(name, value)]).unwrap_err();
                assert!(
                    error.starts_with(&format!("the variable `{name}` ")),
                    "{value}: {error}"
                );
            }
        }
        assert!(links(&[("public_url", "http://127.0.0.1:3001")]).is_ok());
    }
}
