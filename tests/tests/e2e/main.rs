//! The gateway from outside: the built components, under the runtime that serves them. One module a route or topic.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "in a test, a failed expectation is a failed test, in its helpers too"
)]

mod account;
mod assertion;
mod assertion_key;
mod audit;
mod auth_check;
mod authorisation;
mod bad_input;
mod bookings;
mod bootstrap;
mod breaker;
mod claims;
mod cors;
mod crashes;
mod email_verification;
mod event_schemas;
mod events;
mod flights;
mod guessing;
mod harness;
mod hashing;
mod health;
mod host;
mod http_framing;
mod import;
mod jwks;
mod key_owner;
mod key_rotation;
mod locked_out;
mod mail;
mod manifest;
mod me;
mod notifications;
mod password;
mod password_reset;
mod permissions;
mod problems;
mod proxy;
mod proxy_headers;
mod proxy_wire;
mod races;
mod rate_limit;
mod rate_limit_client;
mod rate_limit_dodges;
mod rate_limit_policies;
mod rate_limit_store;
mod readme;
mod refresh;
mod reminders;
mod restart;
mod retries;
mod revocation;
mod role_admin;
mod sabotage;
mod second_factor;
mod security_log;
mod sessions;
mod signin;
mod signin_by_mail;
mod signing_key;
mod signout;
mod signup;
mod slow_clients;
mod store_hangs;
mod streaming;
mod telling;
mod timeouts;
mod timing;
mod told;
mod upstreams;
mod users;
mod users_admin;
mod whose_fault;
