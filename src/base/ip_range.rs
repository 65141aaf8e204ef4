//! An IP address or a network, as people write them to say who may do something.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// One address (`10.0.0.7`, `::1`) or all addresses of a network (`10.0.0.0/8`), in the way it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct IpRange {
    text: String,
    net: IpNet,
}

impl IpRange {
    /// Whether `ip` is in it. An IPv4 address that comes in the form of IPv6 (`::ffff:10.0.0.7`) is that address.
    pub fn contains(&self, ip: IpAddr) -> bool {
        self.net.contains(&ip.to_canonical())
    }

    /// Whether one of the ranges contains `ip`.
    pub fn any_contains(ranges: &[IpRange], ip: IpAddr) -> bool {
        ranges.iter().any(|range| range.contains(ip))
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl FromStr for IpRange {
    type Err = String;

    fn from_str(text: &str) -> Result<IpRange, String> {
        let single = text.parse::<IpAddr>().map(|ip| IpNet::from(ip.to_canonical()));
        let net = single.or_else(|_| text.parse::<IpNet>());
        net.map(|net| IpRange { text: text.to_owned(), net })
            .map_err(|_| format!("“{text}” is neither an IP address nor a network such as 10.0.0.0/8"))
    }
}

impl TryFrom<String> for IpRange {
    type Error = String;

    fn try_from(text: String) -> Result<IpRange, String> {
        text.parse()
    }
}

impl From<IpRange> for String {
    fn from(range: IpRange) -> String {
        range.text
    }
}

impl fmt::Display for IpRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What clients are told apart by: an IPv4 address, also if it comes in the form of IPv6; of other IPv6 addresses the
/// network of 64 bits, which is the least that a provider gives to one customer.
pub fn client_network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & !u128::from(u64::MAX))),
        ip => ip,
    }
}

/// Whether what is said to this host, which is a name or an address without brackets, stays on this machine.
pub fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_networks() {
        for (range, ip, expect) in [
            ("10.0.0.7", "10.0.0.7", true),
            ("10.0.0.7", "10.0.0.8", false),
            ("10.0.0.7", "::ffff:10.0.0.7", true),
            ("::ffff:10.0.0.7", "10.0.0.7", true),
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.1.2.3/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "1.2.3.4", true),
            ("0.0.0.0/0", "::1", false),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
        ] {
            let found = range.parse::<IpRange>().expect("a range").contains(ip.parse().expect("an address"));
            assert_eq!(found, expect, "{range} {ip}");
        }
        for text in ["", "x", "1.2.3", "1.2.3.4/33", "1.2.3.4/", "::1/129", "1.2.3.4 ", "localhost"] {
            assert!(text.parse::<IpRange>().is_err(), "{text:?}");
        }
        for (ip, network) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("::1", "::"),
        ] {
            let found = client_network(ip.parse().expect("an address"));
            assert_eq!(found, network.parse::<IpAddr>().expect("an address"), "{ip}");
        }
        assert_eq!("10.1.2.3/8".parse::<IpRange>().expect("a range").to_string(), "10.1.2.3/8");
    }
}
