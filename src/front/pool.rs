//! The front's connections to the server, each of which carries one request at a time and then serves the next client.
//!
//! Only what is being answered needs one: a client that sends nothing, or half a head, costs the server nothing. Each
//! is noted in [`Peers`] under the address that it comes from, before a byte is sent on it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::body::{Fate, Sent};
use crate::base::limits::{FRONT_IDLE_CONNECTIONS, FRONT_TURN_SECONDS};
use crate::web::peer::{Peers, Seated};

/// See the module. Clones share it.
#[derive(Clone)]
pub(super) struct Pool(Arc<Inner>);

struct Inner {
    server: SocketAddr,
    peers: Peers,
    idle: Mutex<Vec<Line>>,
    room: Arc<Semaphore>,
}

/// A connection.
struct Line {
    sender: SendRequest<Sent>,
    /// The task that moves its bytes has it, and gives it up before the socket: nobody else may get its address while
    /// it is still noted.
    seated: Weak<Seated>,
}

/// A connection that is in use. What isn't given back is closed.
pub(super) struct Lease {
    pool: Pool,
    line: Option<Line>,
    /// The body of the request that it carries.
    fate: Fate,
    _room: OwnedSemaphorePermit,
}

impl Pool {
    /// To a server, with so many connections at most.
    pub(super) fn new(server: SocketAddr, peers: Peers, max: usize) -> Pool {
        let room = Arc::new(Semaphore::new(max.min(Semaphore::MAX_PERMITS)));
        Pool(Arc::new(Inner { server, peers, idle: Mutex::default(), room }))
    }

    /// A connection that speaks for `client` until it is given back, for a request with a body of this fate.
    pub(super) async fn lease(&self, client: IpAddr, fate: Fate) -> io::Result<Lease> {
        let waiting = self.0.room.clone().acquire_owned();
        let Ok(Ok(room)) = timeout(Duration::from_secs(FRONT_TURN_SECONDS), waiting).await else {
            return Err(io::Error::other("too many requests are being answered"));
        };
        let line = match self.idle_line(client).await {
            Some(line) => line,
            None => self.connect(client).await?,
        };
        Ok(Lease { pool: self.clone(), line: Some(line), fate, _room: room })
    }

    /// The one that was used last, if the server hasn't closed it.
    async fn idle_line(&self, client: IpAddr) -> Option<Line> {
        loop {
            let mut line = self.idle().pop()?;
            if line.sender.ready().await.is_ok()
                && let Some(seated) = line.seated.upgrade()
            {
                seated.take(client);
                return Some(line);
            }
        }
    }

    async fn connect(&self, client: IpAddr) -> io::Result<Line> {
        let stream = TcpStream::connect(self.0.server).await?;
        stream.set_nodelay(true)?;
        let held = Arc::new(self.0.peers.seat(stream.local_addr()?, client));
        let mut builder = http1::Builder::new();
        // Names of headers reach clients as the server writes them.
        builder.preserve_header_case(true);
        let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        let seated = Arc::downgrade(&held);
        tokio::spawn(async move {
            let mut connection = pin!(connection.with_upgrades());
            // What goes wrong on it, whoever waits for the answer learns.
            let _ = connection.as_mut().await;
            drop(held);
        });
        Ok(Line { sender, seated })
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Line>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    /// What sends the request.
    pub(super) fn sender(&mut self) -> Option<&mut SendRequest<Sent>> {
        self.line.as_mut().map(|line| &mut line.sender)
    }

    /// The answer is over, and somebody else may have the connection: if the request is over, too.
    pub(super) fn give_back(&mut self) {
        let Some(line) = self.line.take().filter(|_| self.fate.is_whole()) else { return };
        let mut idle = self.pool.idle();
        if idle.len() < FRONT_IDLE_CONNECTIONS {
            idle.push(line);
        }
    }
}
