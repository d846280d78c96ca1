//! What the user sees once everything runs.

use std::net::SocketAddr;

/// Prints the address, the administrator and what to try.
pub(super) fn show(gateway: SocketAddr, admin: &str) {
    let url = format!("http://{gateway}");
    let json = "-H 'content-type: application/json'";
    let account = r#"'{"email": "ada@example.com", "password": "correct horse battery"}'"#;
    let token = r#"sed 's/.*"access_token":"\([^"]*\)".*/\1/'"#;
    let flight = r#"sed 's/.*"id":"\([^"]*\)".*/\1/'"#;
    let booking = r#""{\"flight_id\": \"$FLIGHT\", \"seats\": 1}""#;
    println!(
        "
Jetway is ready:  {url}
Administrator:    {admin}

Try in another terminal:

  curl -s {url}/api/v1/signup {json} -d {account}

  TOKEN=$(curl -s {url}/api/v1/signin {json} -d {account} | {token}); FLIGHT=$(curl -s '{url}/api/v1/flights?minutes_ahead=121&limit=1' | {flight})

  curl -s {url}/api/v1/bookings -H \"authorization: Bearer $TOKEN\" {json} -d {booking}

  curl -s '{url}/internal/inbox?to=ada@example.com' -H \"authorization: Bearer $(cat .spin/dev-internal-token)\"

That flight leaves in two hours and a minute or two: look into the inbox again then, and the reminder is there.

Ctrl-C stops everything."
    );
}
