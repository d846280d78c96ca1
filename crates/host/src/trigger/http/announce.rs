//! What is printed once requests are served, in Spin's form, which scripts read.

use std::fmt::Write as _;
use std::net::SocketAddr;

use crate::routes::Router;

pub(super) fn print(address: SocketAddr, router: &Router) {
    println!("{}", text(address, router));
}

fn text(address: SocketAddr, router: &Router) -> String {
    let mut text = format!("\nServing http://{address}\nAvailable Routes:");
    for endpoint in router.endpoints() {
        let wildcard = if endpoint.based_route.ends_with("/...") {
            " (wildcard)"
        } else {
            ""
        };
        let path = endpoint
            .based_route
            .strip_suffix("/...")
            .unwrap_or(&endpoint.based_route);
        // Writing to a string cannot fail.
        write!(
            text,
            "\n  {}: http://{address}{path}{wildcard}",
            endpoint.component
        )
        .ok();
    }
    text
}
