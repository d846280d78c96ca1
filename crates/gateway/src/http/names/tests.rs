use proptest::prelude::*;

use super::*;

#[test]
fn what_every_vendor_writes_about_the_way_of_a_request_is_ours() {
    for name in [
        "forwarded",
        "x-forwarded-for",
        "X-Forwarded_For",
        "X_Real_IP",
        "X_Original_URL",
        "client_ip",
        "cf-connecting-ip",
        "CF-Connecting-IPv6",
        "true-client-ip",
        "x-azure-clientip",
        "x-appengine-user-ip",
        "x-envoy-external-address",
        "x-nf-client-connection-ip",
        "x.forwarded.host",
        "HTTP_X_FORWARDED_FOR",
        "HTTP_CLIENT_IP",
        "x-original-uri",
        "x-rewrite-url",
        "x-http-method-override",
        "X-HTTP-Method",
        "x_method_override",
        "front-end-https",
        "x-arr-clientcert",
        "proxy",
        "spin-client-addr",
        "jetway-device",
        "x-jetway-assertion",
        "x_request_id",
        "transfer_encoding",
        "content_length",
        "proxy_authorization",
        "keep.alive",
    ] {
        assert!(belongs_to_gateway(name), "{name}");
    }
}

#[test]
fn who_is_calling_is_told_by_us_alone() {
    for name in [
        "x-user-id",
        "X_User_Roles",
        "x-user-permissions",
        "remote-user",
        "REMOTE_USER",
        "x-remote-user",
        "x-webauth-user",
        "x-auth-request-email",
        "x-ms-client-principal",
        "x-ms-client-principal-id",
        "x-amzn-oidc-identity",
        "x-goog-authenticated-user-email",
        "x-ssl-client-cert",
        "x-client-cert",
        "client-cert",
        "x-forwarded-user",
    ] {
        assert!(belongs_to_gateway(name), "{name}");
    }
}

#[test]
fn whatever_else_clients_send_goes_on() {
    for name in [
        "accept",
        "authorization",
        "baggage",
        "cf-ray",
        "content-length",
        "content-md5",
        "content-type",
        "cookie",
        "http-referer",
        "idempotency-key",
        "if-none-match",
        "my_own_header",
        "origin",
        "proxy-status",
        "range",
        "sentry-trace",
        "te-st",
        "traceparent",
        "user-agent",
        "via",
        "x-api-key",
        "x-correlation-id",
        "x-requested-with",
        "x-tenant",
        "x-tenant_id",
        "x-user-agent",
    ] {
        assert!(!belongs_to_gateway(name), "{name}");
    }
}

#[test]
fn a_service_speaks_for_itself_and_not_for_the_origin() {
    for name in [
        "ratelimit",
        "RateLimit-Policy",
        "ratelimit-remaining",
        "access-control-allow-origin",
        "x-request-id",
        "x-user-id",
        "jetway-device",
        "clear-site-data",
        "strict-transport-security",
        "alt-svc",
        "x-accel-redirect",
    ] {
        assert!(is_kept_from_answers(name), "{name}");
    }
    for name in [
        "content-security-policy",
        "content-type",
        "etag",
        "idempotent-replayed",
        "link",
        "location",
        "retry-after",
        "server",
        "set-cookie",
        "vary",
        "www-authenticate",
        "x-accel-buffering",
        "x-powered-by",
        "x-ratelimit-remaining",
    ] {
        assert!(!is_kept_from_answers(name), "{name}");
    }
}

#[test]
fn the_lists_are_in_order_as_the_search_in_them_needs() {
    for names in [IDENTITY, WAY, HOP, OF_THE_ORIGIN] {
        assert!(names.exact.is_sorted());
    }
}

fn a_name_of_ours() -> impl Strategy<Value = String> {
    let exact = [IDENTITY.exact, WAY.exact].concat();
    let prefixes = [IDENTITY.prefixes, WAY.prefixes].concat();
    prop_oneof![
        prop::sample::select(exact).prop_map(str::to_owned),
        (prop::sample::select(prefixes), "[a-z]{1,6}").prop_map(|(prefix, rest)| format!("{prefix}{rest}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    /// RFC 9110, section 5.1: names have no case. CGI (RFC 3875, section 4.1.18) and its heirs know no dashes either.
    #[test]
    fn no_spelling_of_a_name_of_ours_gets_by(
        name in a_name_of_ours(),
        upper in prop::collection::vec(prop::bool::ANY, 48),
        marks in prop::collection::vec(prop::sample::select(vec!['-', '_', '.', '~', '+']), 48),
        by_cgi: bool,
    ) {
        prop_assume!(!NOT_OURS.contains(&name.as_str()));
        let spelled: String = name.chars().enumerate().map(|(index, letter)| match letter {
            '-' => marks[index % marks.len()],
            letter if upper[index % upper.len()] => letter.to_ascii_uppercase(),
            letter => letter,
        }).collect();
        let spelled = if by_cgi { format!("HTTP_{spelled}") } else { spelled };
        prop_assert!(belongs_to_gateway(&spelled), "{}", spelled);
        prop_assert!(is_kept_from_answers(&spelled), "{}", spelled);
    }

    #[test]
    fn what_is_read_as_a_name_of_ours_is_ours(name in "[a-z][-a-z0-9_.]{0,24}") {
        let dashed: String = name.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '-' }).collect();
        if belongs_to_gateway(&dashed) {
            prop_assert!(belongs_to_gateway(&name), "{}", name);
        }
    }
}
