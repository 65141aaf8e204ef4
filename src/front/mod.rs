//! The front: takes connections from outside, bounds them, speaks TLS, and hands requests to the server behind it.
//!
//! The server (Rocket) has no deadlines for its clients, no bound on their number, and reads certificates once. So,
//! where anybody but this machine may connect, it listens on a port of this machine only, and this stands before it:
//! hyper's server towards clients (`connection.rs`), hyper's client towards the server (`handover.rs`). Both sides
//! frame requests by themselves, so nothing that a client sends is passed on as bytes whose meaning another might see
//! differently. Started by the `serve` command.
//!
//! Invariants: whatever a client does or doesn't do, its connection ends within the configured times (`deadlines.rs`),
//! and never does one address, or everybody together, hold more connections than configured (`places.rs`); the server
//! learns the real peer of each request before its first byte (`web::peer`); no private key is ever logged or packed
//! into a backup. Not here: what is answered, but for redirects to HTTPS and what there is to say when the server can't
//! be reached; what proxies say of their clients.

mod acme;
mod body;
mod connection;
mod deadlines;
mod files;
mod guarded;
mod handover;
mod listen;
mod places;
mod plain;
mod pool;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::base::limits::FRONT_FAREWELL_SECONDS;
use crate::base::{Error, Result, Timestamp};
use crate::monitor::Family;
use crate::settings::Config;
use crate::web::peer::Peers;
use acme::Challenges;
use deadlines::Limits;
use handover::Handover;
use listen::{Listener, Shared, Speaks};
use places::Places;
pub use places::raise_open_files;
use plain::Plain;
use pool::Pool;
use tls::Keyring;

/// The front, which listens but takes no connections until it is started.
pub struct Front {
    places: Places,
    plain: Option<TcpListener>,
    tls: Option<(TcpListener, Arc<Keyring>)>,
    peers: Peers,
    stop: watch::Sender<bool>,
    config: Config,
}

impl Front {
    /// Binds the sockets, and reads the certificate as far as there is one.
    ///
    /// # Errors
    /// 503 if it can't listen; 400 if own certificate files can't be used.
    pub async fn bind(config: &Config) -> Result<Front> {
        let tls = match config.is_https() {
            true => Some((bind(config.https).await?, keyring(config)?)),
            false => None,
        };
        let plain = match config.plain_socket() {
            Some(socket) => Some(bind(socket).await?),
            None => None,
        };
        let places = Places::new(config);
        Ok(Front { places, plain, tls, peers: Peers::default(), stop: watch::channel(false).0, config: config.clone() })
    }

    /// Whom its connections to the server will speak for.
    pub fn peers(&self) -> Peers {
        self.peers.clone()
    }

    /// What tells of its connections to programs that gather figures.
    pub fn figures(&self) -> impl Fn() -> Vec<Family> + Send + Sync + 'static {
        let places = self.places.clone();
        move || places.figures()
    }

    /// What ends it.
    pub fn stopper(&self) -> Stopper {
        Stopper(self.stop.clone())
    }

    /// Takes connections from now on, and hands their requests to the server at `inner`.
    pub fn start(self, inner: SocketAddr) {
        let config = self.config;
        let pool = Pool::new(inner, self.peers, self.places.max());
        let shared = Arc::new(Shared {
            limits: Limits::new(&config),
            places: self.places,
            handover: Handover::new(pool, config.hsts_seconds),
            stop: self.stop.subscribe(),
        });
        let mut plain_speaks = Speaks::Http;
        if let Some((listener, keyring)) = self.tls {
            let challenges = Challenges::default();
            plain_speaks = Speaks::Redirects(Arc::new(Plain::new(&config, keyring.clone(), challenges.clone())));
            let acceptor = TlsAcceptor::from(Arc::new(tls::server_config(keyring.clone())));
            Listener::new(listener, Speaks::Https(acceptor), shared.clone()).spawn();
            match config.tls_cert_file.is_empty() {
                true => tokio::spawn(acme::keep_certified(config, keyring, challenges)),
                false => tokio::spawn(files::watch(config, keyring)),
            };
        }
        if let Some(listener) = self.plain {
            Listener::new(listener, plain_speaks, shared).spawn();
        }
    }
}

/// Whether own certificate files, if they are configured, can be used.
///
/// # Errors
/// 400 if they can't.
pub fn check(config: &Config) -> Result<()> {
    if !config.tls_cert_file.is_empty() {
        files::read(config)?;
    }
    Ok(())
}

/// Until when the certificate is valid that clients are shown; `None` if there is none.
///
/// # Errors
/// 400 if own certificate files can't be used.
pub fn certified_until(config: &Config) -> Result<Option<Timestamp>> {
    Ok(match config.tls_cert_file.is_empty() {
        true => acme::stored(config).map(|certificate| certificate.until),
        false => Some(files::read(config)?.until),
    })
}

/// Ends the front when the server ends.
#[derive(Clone)]
pub struct Stopper(watch::Sender<bool>);

impl Stopper {
    /// No more connections are taken, and those that are there end with what is being answered.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    /// Waits until all of them have ended, but not for ever.
    pub async fn finish(self) {
        self.stop();
        // Each connection can hear this.
        let gone = tokio::time::timeout(Duration::from_secs(FRONT_FAREWELL_SECONDS), self.0.closed());
        if gone.await.is_err() {
            tracing::warn!("some connections were still open when the server stopped");
        }
    }
}

fn keyring(config: &Config) -> Result<Arc<Keyring>> {
    let keyring = Arc::new(Keyring::default());
    if config.tls_cert_file.is_empty() {
        acme::take_stored(config, &keyring);
    } else {
        keyring.install(files::read(config)?);
    }
    Ok(keyring)
}

/// Listens. Where a machine has no IPv6, every address of it means every address of IPv4.
async fn bind(socket: SocketAddr) -> Result<TcpListener> {
    let cause = match TcpListener::bind(socket).await {
        Ok(listener) => return Ok(listener),
        Err(cause) => cause,
    };
    if socket.is_ipv6() && socket.ip().is_unspecified() && cause.kind() != std::io::ErrorKind::AddrInUse {
        let four = SocketAddr::from(([0, 0, 0, 0], socket.port()));
        if let Ok(listener) = TcpListener::bind(four).await {
            return Ok(listener);
        }
    }
    Err(Error::unavailable(format!("The server can't listen on {socket}: {cause}.")))
}
