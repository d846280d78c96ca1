//! What is asked of the contestants.

use serde::Serialize;

const MIB: usize = 1024 * 1024;

/// A kind of load.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Ord, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Workload {
    /// A small proxied GET of somebody signed in, one after another.
    Get1,
    /// ... 32 at a time.
    Get32,
    /// ... 256 at a time.
    Get256,
    /// The same as `Get32`, while 8 others sign in.
    Flood,
    /// Forward authentication for a gateway outside.
    AuthCheck,
    /// Signing in, 8 at a time.
    SignIn,
    /// A proxied answer of 1 MiB.
    Down1,
    /// A proxied answer of 64 MiB.
    Down64,
    /// A proxied request of 1 MiB.
    Up1,
    /// A proxied request of 64 MiB.
    Up64,
}

/// What `wrk` is told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Load {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) connections: usize,
    pub(crate) body: Body,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    None,
    /// This text, as JSON.
    Json(String),
    /// That many bytes.
    Bytes(usize),
}

/// What a workload is measured in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Unit {
    RequestsPerSecond,
    MebibytesPerSecond,
}

impl Workload {
    pub(crate) const ALL: [Self; 10] = [
        Self::Get1,
        Self::Get32,
        Self::Get256,
        Self::Flood,
        Self::AuthCheck,
        Self::SignIn,
        Self::Down1,
        Self::Down64,
        Self::Up1,
        Self::Up64,
    ];

    /// How it is called on the command line.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get1 => "get-1",
            Self::Get32 => "get-32",
            Self::Get256 => "get-256",
            Self::Flood => "flood",
            Self::AuthCheck => "auth-check",
            Self::SignIn => "sign-in",
            Self::Down1 => "down-1",
            Self::Down64 => "down-64",
            Self::Up1 => "up-1",
            Self::Up64 => "up-64",
        }
    }

    /// How it is called in the report.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Get1 => "Proxied GET, signed in, c=1",
            Self::Get32 => "Proxied GET, signed in, c=32",
            Self::Get256 => "Proxied GET, signed in, c=256",
            Self::Flood => "Proxied GET, c=32, while 8 clients sign in",
            Self::AuthCheck => "Forward authentication (`auth/check`), c=32",
            Self::SignIn => "Sign-in, bcrypt cost 10, c=8",
            Self::Down1 => "1 MiB answers, c=8",
            Self::Down64 => "64 MiB answers, c=2",
            Self::Up1 => "1 MiB requests, c=8",
            Self::Up64 => "64 MiB requests, c=2",
        }
    }

    pub(crate) fn unit(self) -> Unit {
        match self {
            Self::Down1 | Self::Down64 | Self::Up1 | Self::Up64 => Unit::MebibytesPerSecond,
            _ => Unit::RequestsPerSecond,
        }
    }

    /// The bytes that one request moves, where they are what is measured.
    pub(crate) fn payload(self) -> usize {
        match self {
            Self::Down1 | Self::Up1 => MIB,
            Self::Down64 | Self::Up64 => 64 * MIB,
            _ => 0,
        }
    }

    /// The load itself. `sign_in` is the body of a sign-in that succeeds.
    pub(crate) fn load(self, sign_in: &str) -> Load {
        let get = |path: &str, connections| Load {
            method: "GET",
            path: path.to_owned(),
            connections,
            body: Body::None,
        };
        let upload = |connections| Load {
            method: "POST",
            path: "/api/v1/bookings/sink".to_owned(),
            connections,
            body: Body::Bytes(self.payload()),
        };
        match self {
            Self::Get1 => get(SMALL, 1),
            Self::Get32 | Self::Flood => get(SMALL, 32),
            Self::Get256 => get(SMALL, 256),
            Self::AuthCheck => get("/api/v1/auth/check", 32),
            Self::SignIn => Load {
                method: "POST",
                path: "/api/v1/signin".to_owned(),
                connections: 8,
                body: Body::Json(sign_in.to_owned()),
            },
            Self::Down1 => get("/api/v1/bookings/1mib", 8),
            Self::Down64 => get("/api/v1/bookings/64mib", 2),
            Self::Up1 => upload(8),
            Self::Up64 => upload(2),
        }
    }
}

/// A small answer for somebody signed in.
pub(crate) const SMALL: &str = "/api/v1/bookings/1";

/// A small answer for anybody.
pub(crate) const PUBLIC: &str = "/api/v1/flights/1";
