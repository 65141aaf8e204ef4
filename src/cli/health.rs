//! `holdall health`: whether the server answers, for containers and whatever else watches over it.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use super::output;
use crate::base::http::{Call, Http};
use crate::base::{Error, Result};
use crate::settings::Config;

/// What is asked.
const PATH: &str = "/readyz";

/// What leads from HTTP to HTTPS.
const MOVED: u16 = 308;

/// Flags of `health`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  holdall health
  holdall health --http 127.0.0.1:8090")]
pub struct Args {
    /// Where the server listens (default: as the configuration says).
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub http: Option<SocketAddr>,
}

/// Asks the server that the configuration describes: at the address for programs that watch it, if there is one.
/// Where it speaks HTTPS, plain HTTP leads there, and that it does so is all that can be learned without its name.
///
/// # Errors
/// 503 if it doesn't answer, or not with success.
pub async fn run(config: &Config) -> Result<()> {
    let plain = config.plain_socket().unwrap_or(config.https);
    let address = reachable(config.metrics_http.unwrap_or(plain));
    let leads_on = config.is_https() && config.metrics_http.is_none();
    let call = Call { url: format!("http://{address}{PATH}"), headers: Vec::new(), body: None };
    match Http::default().send(call).await {
        Ok(reply) if reply.is_success() || (leads_on && reply.status == MOVED) => {
            output::print("The server is healthy.\n")
        }
        Ok(reply) => Err(Error::unavailable(format!("The server answers with the status {}.", reply.status))),
        Err(failure) => Err(Error::unavailable(format!("No server answers at {address}")).caused_by(failure)),
    }
}

/// The address itself, or the loopback one where it stands for every interface.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_interface_is_reached_by_the_loopback_one() {
        for (address, expect) in [
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:8090", "[::1]:8090"),
            ("10.0.0.1:1", "10.0.0.1:1"),
            ("[::1]:2", "[::1]:2"),
        ] {
            assert_eq!(reachable(address.parse().expect("an address")).to_string(), expect);
        }
    }
}
