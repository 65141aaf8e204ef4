//! Takes connections from a socket, as long as there is room for them.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::connection::Connection;
use super::deadlines::{Limits, Pulse};
use super::handover::{From, Handover};
use super::places::Places;
use super::plain::Plain;

/// How long nobody is taken after the system has refused a connection: for want of files, it would do so again.
const REST: Duration = Duration::from_millis(50);
/// How often the log tells of that.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// What all connections share.
pub(super) struct Shared {
    pub(super) limits: Limits,
    pub(super) places: Places,
    pub(super) handover: Handover,
    /// Becomes true when the server stops.
    pub(super) stop: watch::Receiver<bool>,
}

/// Waits until the server stops.
pub(super) async fn stopped(stop: &mut watch::Receiver<bool>) {
    // If nobody can say so any more, it has.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// What is spoken on a socket.
#[derive(Clone)]
pub(super) enum Speaks {
    /// The server's answers, unencrypted.
    Http,
    /// The same over TLS.
    Https(TlsAcceptor),
    /// Where to find HTTPS.
    Redirects(Arc<Plain>),
}

/// A socket.
pub(super) struct Listener {
    socket: TcpListener,
    speaks: Speaks,
    shared: Arc<Shared>,
}

impl Listener {
    pub(super) fn new(socket: TcpListener, speaks: Speaks, shared: Arc<Shared>) -> Listener {
        Listener { socket, speaks, shared }
    }

    /// Takes connections until the server stops.
    pub(super) fn spawn(self) {
        tokio::spawn(async move {
            let mut stop = self.shared.stop.clone();
            let mut told: Option<Instant> = None;
            loop {
                let accepted = tokio::select! {
                    () = stopped(&mut stop) => return,
                    accepted = self.socket.accept() => accepted,
                };
                match accepted {
                    Ok((stream, from)) => self.take(stream, from.ip()),
                    Err(error) => {
                        if told.is_none_or(|at| at.elapsed() >= TOLD_EVERY) {
                            tracing::warn!("a connection couldn't be taken: {error}");
                            told = Some(Instant::now());
                        }
                        tokio::time::sleep(REST).await;
                    }
                }
            }
        });
    }

    fn take(&self, stream: TcpStream, peer: IpAddr) {
        // IPv4 over a socket of IPv6 is still IPv4.
        let peer = peer.to_canonical();
        let Some(place) = self.shared.places.take(peer) else { return };
        // It only costs time if that doesn't work.
        let _ = stream.set_nodelay(true);
        let over_tls = matches!(self.speaks, Speaks::Https(_));
        let connection = Connection {
            shared: self.shared.clone(),
            speaks: self.speaks.clone(),
            from: From { peer, over_tls },
            pulse: Pulse::new(),
        };
        tokio::spawn(async move {
            connection.serve(stream).await;
            drop(place);
        });
    }
}
