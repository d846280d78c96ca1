//! The Redis server that events are published on.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{ConfigError, read, text_of};
use crate::ports::Variables;

/// A Redis server and how to sign in to it. `Debug` shows neither.
///
/// `redis_url` says where it is and nothing else, because the manifest grants that very text in `allowed_outbound_hosts`:
/// there Spin takes neither a password nor a database, and would write the password to its log. (Publishing knows no
/// databases.) `redis_username` and `redis_password` are variables of their own.
#[derive(Clone)]
pub struct RedisServer {
    url: String,
}

/// Not the bare address of a Redis server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not `redis://HOST[:PORT]` or `rediss://HOST:PORT` (a user and a password go into `redis_username` and `redis_password`)"
)]
pub struct InvalidRedisUrl;

impl RedisServer {
    /// Reads the variables.
    pub async fn read(variables: &impl Variables) -> Result<Self, ConfigError> {
        let (scheme, authority) = read(variables, "redis_url", address).await?;
        // Not trimmed: a secret is what it is.
        let secret = async |name| Ok::<_, ConfigError>(text_of(variables, name).await?.unwrap_or_default());
        let (user, password) = (secret("redis_username").await?, secret("redis_password").await?);
        let url = if user.is_empty() && password.is_empty() {
            format!("{scheme}://{authority}")
        } else {
            let (user, password) = (encoded(&user), encoded(&password));
            format!("{scheme}://{user}:{password}@{authority}")
        };
        Ok(Self { url })
    }

    /// The URL, with the password in it.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl std::fmt::Debug for RedisServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RedisServer(..)")
    }
}

/// The scheme and the authority of an address that has nothing else.
fn address(text: &str) -> Result<(String, String), InvalidRedisUrl> {
    let (scheme, rest) = text.split_once("://").ok_or(InvalidRedisUrl)?;
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    let bare = !authority.is_empty() && !authority.contains(['@', '/', '?', '#', ' ']);
    // Spin knows the usual port of `redis` only.
    let port = authority.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
    let port_is_known = scheme == "redis" || matches!(port, Some(Ok(_)));
    if bare && port_is_known && matches!(scheme, "redis" | "rediss") {
        Ok((scheme.to_owned(), authority.to_owned()))
    } else {
        Err(InvalidRedisUrl)
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::{TestVariables, block_on};

    fn server(variables: &[(&str, &str)]) -> Result<RedisServer, ConfigError> {
        block_on(RedisServer::read(&TestVariables::of(variables)))
    }

    #[test]
    fn a_bare_address_is_taken_as_it_is() {
        for url in [
            "redis://127.0.0.1:6379",
            "redis://cache",
            "redis://[::1]:6390",
            "rediss://cache:6380",
        ] {
            assert_eq!(server(&[("redis_url", url)]).unwrap().url(), url);
        }
    }

    #[test]
    fn the_user_and_the_password_go_into_the_url_and_not_into_debug() {
        let variables = [
            ("redis_url", "redis://cache:6379/"),
            ("redis_username", "jetway"),
            ("redis_password", "p@ss:w/rd"),
        ];
        let server = server(&variables).unwrap();
        assert_eq!(server.url(), "redis://jetway:p%40ss%3Aw%2Frd@cache:6379");
        assert_eq!(format!("{server:?}"), "RedisServer(..)");
    }

    #[test]
    fn what_spin_would_not_grant_is_refused_and_not_quoted() {
        let refused = [
            "redis://:hunter2@cache:6379",
            "redis://cache:6379/0",
            "redis://cache?db=1",
            "redis://",
            "rediss://cache",
            "http://cache:6379",
            "cache:6379",
        ];
        for url in refused {
            let error = server(&[("redis_url", url)]).unwrap_err().to_string();
            assert!(
                error.contains("`redis_url`") && !error.contains("cache:"),
                "{url}: {error}"
            );
        }
    }
}
