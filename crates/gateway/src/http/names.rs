//! Whose a field is, by its name.
//!
//! Servers do not agree on names: CGI, WSGI, Rack and PHP hand `X-User-Id` and `X_User.Id` to a program as one variable. So a
//! name is read here as the most careless of them reads it, without case and with a dash for whatever is no letter and no
//! digit; and what then belongs to the gateway is set or removed under every spelling. All other names go on as they are.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName};

/// What tells a service who is calling: our own names, and those by which servers, frameworks and other gateways are told.
const IDENTITY: Names = Names {
    exact: &[
        "cf-access-authenticated-user-email",
        "cf-access-jwt-assertion",
        "client-cert",
        "client-cert-chain",
        "remote-email",
        "remote-groups",
        "remote-ident",
        "remote-name",
        "remote-user",
        "x-apigateway-api-userinfo",
        "x-client-cn",
        "x-client-dn",
        "x-client-verify",
        "x-endpoint-api-userinfo",
        "x-remote-user",
        "x-user",
        "x-userid",
        "x-username",
    ],
    prefixes: &[
        "impersonate-",
        "ssl-client-",
        "tailscale-user-",
        "x-amzn-mtls-",
        "x-amzn-oidc-",
        "x-auth-request-",
        "x-authenticated-",
        "x-authentik-",
        "x-client-cert",
        "x-consumer-",
        "x-credential-",
        "x-goog-authenticated-user-",
        "x-goog-iap-",
        "x-ms-client-principal",
        "x-ms-token-",
        "x-pomerium-",
        "x-ssl-",
        "x-user-",
        "x-webauth-",
    ],
};

/// What a client may say about itself and the way and the meaning of its request, and what we say instead or leave unsaid: the
/// client's address, the target before somebody changed it, a method in place of the method, ids that we set.
const WAY: Names = Names {
    exact: &[
        "akamai-client-ip",
        "akamai-origin-hop",
        "cf-connecting-ip",
        "cf-connecting-ipv6",
        "cf-pseudo-ipv4",
        "cf-visitor",
        "client-ip",
        "cloudfront-forwarded-proto",
        "cloudfront-viewer-address",
        "coming-from",
        "do-connecting-ip",
        "fastly-client",
        "fastly-client-ip",
        "fastly-ssl",
        "fly-client-ip",
        "forwarded",
        "forwarded-for",
        "forwarded-for-ip",
        "forwarded-host",
        "forwarded-proto",
        "front-end-https",
        "host",
        "method-override",
        "path-info",
        "path-translated",
        // CGI programs take it for HTTP_PROXY, and send their own requests there.
        "proxy",
        "proxy-client-ip",
        "remote-addr",
        "remote-host",
        "remote-port",
        "request-uri",
        "script-name",
        "server-name",
        "server-port",
        "true-client-ip",
        "wl-proxy-client-ip",
        "wl-proxy-ssl",
        // Rack takes it for an order how to send files.
        "x-accel-mapping",
        "x-azure-clientip",
        "x-azure-socketip",
        "x-client-addr",
        "x-client-address",
        "x-client-host",
        "x-client-ip",
        "x-client-port",
        "x-client-scheme",
        "x-cluster-client-ip",
        "x-coming-from",
        "x-custom-ip-authorization",
        "x-forwarded",
        "x-forwarder-for",
        "x-host",
        "x-https",
        "x-ingress-path",
        "x-ip",
        "x-method-override",
        "x-nf-client-connection-ip",
        "x-originating-host",
        "x-originating-ip",
        "x-path-info",
        "x-proto",
        "x-protocol",
        "x-proxyuser-ip",
        "x-request-id",
        "x-request-path",
        "x-request-uri",
        "x-scheme",
        "x-script-name",
        "x-sendfile-type",
        "x-source-ip",
        "x-true-client-ip",
        "x-true-ip",
        "x-url-scheme",
        "x-vercel-forwarded-for",
        "x-vercel-proxied-for",
        "x-waws-unencoded-url",
    ],
    prefixes: &[
        "fly-forwarded-",
        "jetway-",
        "spin-",
        "x-akamai-",
        "x-appengine-",
        "x-arr-",
        "x-envoy-",
        "x-forwarded-",
        "x-http-method",
        "x-jetway-",
        // Next.js takes one of them for its own word that a request has been checked.
        "x-middleware-",
        "x-original-",
        "x-real-",
        "x-remote-",
        "x-rewrite-",
    ],
};

/// What is of one connection (RFC 9110, section 7.6.1), what was once used for such, and `Expect`, which our host answers.
/// `Trailer` is not among them: it speaks of the message.
const HOP: Names = Names {
    exact: &[
        "connection",
        "expect",
        "http2-settings",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authentication-info",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "transfer-encoding",
        "upgrade",
    ],
    prefixes: &[],
};

/// Names that have a meaning of their own as they are, and under other spellings that of the name beside it.
const OWN_MEANING: [&str; 2] = ["content-length", "content-type"];

/// What looks like one of ours and is not: gRPC's clients in browsers name themselves so.
const NOT_OURS: [&str; 1] = ["x-user-agent"];

/// What binds all of the gateway's origin, not one answer of one service behind it: encryption, other addresses, what
/// browsers keep or forget, where they report to. And orders of a service to a proxy that stands right before it.
const OF_THE_ORIGIN: Names = Names {
    exact: &[
        "alt-svc",
        "clear-site-data",
        "expect-ct",
        "nel",
        "origin-agent-cluster",
        "public-key-pins",
        "public-key-pins-report-only",
        "report-to",
        "reporting-endpoints",
        "service-worker-allowed",
        "strict-transport-security",
        "x-accel-redirect",
        "x-sendfile",
    ],
    prefixes: &["access-control-", "ratelimit"],
};

struct Names {
    exact: &'static [&'static str],
    prefixes: &'static [&'static str],
}

impl Names {
    /// Each header of each request comes by here: the names are in order, and most prefixes differ in their first letter.
    fn have(&self, name: &str) -> bool {
        let first = name.as_bytes().first();
        let begins = |prefix: &&str| prefix.as_bytes().first() == first && name.starts_with(*prefix);
        self.exact.binary_search(&name).is_ok() || self.prefixes.iter().any(begins)
    }
}

/// A name as the most careless server reads it. That of a [`HeaderName`] is in lower case.
fn read(name: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.bytes().all(is_plain) {
        return Cow::Borrowed(name);
    }
    let plain = |letter: char| {
        if letter.is_ascii_alphanumeric() {
            letter.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    Cow::Owned(name.chars().map(plain).collect())
}

/// Whether a field of a request, or of an answer, tells what the gateway alone may tell, under whichever spelling.
pub fn belongs_to_gateway(name: &str) -> bool {
    let read = read(name);
    let is_other_spelling = matches!(read, Cow::Owned(_));
    under_both(&read, |read| {
        is_identity(read)
            || WAY.have(read)
            || is_other_spelling && (HOP.have(read) || OWN_MEANING.contains(&read))
    })
}

/// `HTTP_X_REAL_IP` is how CGI itself spells `X-Real-IP`.
fn under_both(read: &str, condition: impl Fn(&str) -> bool) -> bool {
    condition(read) || read.strip_prefix("http-").is_some_and(condition)
}

/// Whether a field tells who is calling.
pub fn tells_identity(name: &str) -> bool {
    under_both(&read(name), is_identity)
}

fn is_identity(read: &str) -> bool {
    IDENTITY.have(read) && !NOT_OURS.contains(&read)
}

/// Whether a field may be taken for the one of this name, which has letters, digits and dashes.
pub fn reads_as(found: &str, name: &str) -> bool {
    under_both(&read(found), |read| read == name)
}

/// Whether a field is of the connection.
pub fn is_of_the_hop(name: &str) -> bool {
    HOP.have(name)
}

/// Whether a service may not set this in its answers: what is the gateway's to say, and what holds for the whole origin.
pub fn is_kept_from_answers(name: &str) -> bool {
    OF_THE_ORIGIN.have(&read(name)) || belongs_to_gateway(name)
}

/// Removes the fields whose names fulfil this.
pub fn remove_those(headers: &mut HeaderMap, condition: impl Fn(&str) -> bool) {
    let found: Vec<HeaderName> = headers
        .keys()
        .filter(|name| condition(name.as_str()))
        .cloned()
        .collect();
    for name in found {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests;
