//! A request, as edges hand it to the app.

use std::net::IpAddr;

use crate::domain::RequestInfo;

/// Who calls, and with what.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The token that was sent, without a `Bearer` prefix.
    pub token: Option<String>,
    /// The request as rules see it; its body carries what is to be written.
    pub request: RequestInfo,
    /// The address that the connection came from.
    pub client_ip: IpAddr,
}
