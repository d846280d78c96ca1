//! Where an act came from.

use std::net::IpAddr;

/// Where an act came from, for the audit log: whoever reads an entry finds the request in every other log by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The client, as far as it can be believed; `None` where even the host does not say.
    pub client_address: Option<IpAddr>,
    /// The request's id; `None` where no request asked for the act.
    pub request_id: Option<String>,
}
