//! Where a request comes from if there are proxies between: what they say in headers, as far as they are trusted.
//!
//! Off by default, as anybody can send any header. Called by the guards. Not here: which headers are believed
//! (settings).

use std::net::IpAddr;

use rocket::Request;

use crate::app::{App, TrustedProxy};

/// The client's address: `peer`, or what a trusted header says.
pub(super) fn client_ip(request: &Request<'_>, peer: IpAddr) -> IpAddr {
    let Some(trusted) = request.rocket().state::<App>().and_then(|app| app.trusted_proxy(peer)) else { return peer };
    said_by(&trusted, |name| request.headers().get(name).last()).unwrap_or(peer)
}

/// The address in the first header that is there and not empty; of several with one name the last counts, as that is
/// the one which the nearest proxy has written.
fn said_by<'r>(trusted: &TrustedProxy, header: impl Fn(&str) -> Option<&'r str>) -> Option<IpAddr> {
    let mut values = trusted.headers.iter().filter_map(|name| header(name)).filter(|value| !value.trim().is_empty());
    let value = values.next()?;
    let mut addresses = value.split(',').filter_map(|text| address(text.trim()));
    if trusted.leftmost { addresses.next() } else { addresses.next_back() }
}

/// An address, with or without a port, as proxies write it.
fn address(text: &str) -> Option<IpAddr> {
    let bracketed = || text.strip_prefix('[')?.split_once(']')?.0.parse().ok();
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip());
    let ip: Option<IpAddr> = text.parse().ok().or_else(with_port).or_else(bracketed);
    ip.map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(headers: &[&str], leftmost: bool, sent: &[(&str, &str)]) -> Option<String> {
        let trusted = TrustedProxy { headers: headers.iter().map(|&name| name.to_owned()).collect(), leftmost };
        let header =
            |name: &str| sent.iter().rev().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value);
        said_by(&trusted, header).map(|ip| ip.to_string())
    }

    #[test]
    fn the_first_header_that_is_there_counts() {
        let both = &["X-Real-IP", "X-Forwarded-For"];
        for (sent, expect) in [
            (&[("X-Forwarded-For", "1.1.1.1, 2.2.2.2")][..], Some("2.2.2.2")),
            (&[("X-Real-IP", "3.3.3.3"), ("X-Forwarded-For", "2.2.2.2")], Some("3.3.3.3")),
            (&[("X-Real-IP", " "), ("X-Forwarded-For", "2.2.2.2")], Some("2.2.2.2")),
            (&[("X-Forwarded-For", "1.1.1.1"), ("X-Forwarded-For", "2.2.2.2")], Some("2.2.2.2")),
            (&[("X-Forwarded-For", "1.1.1.1, unknown")], Some("1.1.1.1")),
            (&[("X-Forwarded-For", "::ffff:1.1.1.1")], Some("1.1.1.1")),
            (&[("X-Forwarded-For", "[2001:db8::1]:443, 1.1.1.1:80")], Some("1.1.1.1")),
            (&[("X-Forwarded-For", "[2001:db8::1]")], Some("2001:db8::1")),
            (&[("X-Forwarded-For", "nonsense")], None),
            (&[("Other", "1.1.1.1")], None),
        ] {
            assert_eq!(said(both, false, sent).as_deref(), expect, "{sent:?}");
        }
        let sent = [("X-Forwarded-For", "junk, 1.1.1.1, 2.2.2.2")];
        assert_eq!(said(&["x-forwarded-for"], true, &sent).as_deref(), Some("1.1.1.1"));
    }
}
