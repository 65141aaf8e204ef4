//! Who is at the other end of a request's connection: the one place that knows.
//!
//! Asked by the guards, which make the client's address of it, and by the log of requests. Not here: what a proxy says
//! of the client behind it in a header.

use std::net::{IpAddr, Ipv4Addr};

use rocket::Request;

/// The address that the connection came from. It is unspecified where there is no connection, as in tests.
pub fn peer(request: &Request<'_>) -> IpAddr {
    request.remote().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |remote| remote.ip())
}
