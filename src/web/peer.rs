//! Who is at the other end of a request's connection: the one place that knows.
//!
//! Asked by the guards, which make the client's address of it, and by the log of requests. Where the front stands
//! before the server, all connections come from this machine, and [`Peers`] tells for whom each of them speaks. The
//! front notes that before it sends anything. A connection that it hasn't noted is not its own: somebody else on this
//! machine has found the port, and is refused, so that nobody comes in past the front. Not here: what a proxy says of
//! the client behind it in a header.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::Method;
use rocket::http::uri::Origin;
use rocket::{Data, Request, Route, get, routes};

use crate::base::Error;
use crate::web::respond::Answer;

/// Where requests of strangers are sent to.
const STRANGERS: &str = "/_/strangers";

/// The address that the connection came from. It is unspecified where there is no connection, as in tests.
pub fn peer(request: &Request<'_>) -> IpAddr {
    // Remembered, because the connection may be gone, or another client's, while the answer is still being made.
    let known = request.local_cache(|| Known(find(request)));
    known.0.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

struct Known(Option<IpAddr>);

fn find(request: &Request<'_>) -> Option<IpAddr> {
    let remote = request.remote()?;
    match request.rocket().state::<Peers>() {
        Some(peers) => peers.find(remote),
        None => Some(remote.ip()),
    }
}

/// Whom the front's connections to the server speak for. Clones share it.
#[derive(Clone, Default)]
pub struct Peers(Arc<RwLock<HashMap<SocketAddr, Seat>>>);

/// The client of one connection.
type Seat = Arc<Mutex<IpAddr>>;

impl Peers {
    /// Notes a connection of the front, by the address that it comes from; it is known for as long as the result lives.
    pub fn seat(&self, from: SocketAddr, client: IpAddr) -> Seated {
        let seat = Arc::new(Mutex::new(client));
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(from, seat.clone());
        Seated { peers: self.clone(), from, seat }
    }

    fn find(&self, from: SocketAddr) -> Option<IpAddr> {
        let seats = self.0.read().unwrap_or_else(PoisonError::into_inner);
        seats.get(&from).map(|seat| *locked(seat))
    }
}

/// A connection of the front.
pub struct Seated {
    peers: Peers,
    from: SocketAddr,
    seat: Seat,
}

impl Seated {
    /// From now on, the connection speaks for this client.
    pub fn take(&self, client: IpAddr) {
        *locked(&self.seat) = client;
    }
}

impl Drop for Seated {
    fn drop(&mut self) {
        self.peers.0.write().unwrap_or_else(PoisonError::into_inner).remove(&self.from);
    }
}

fn locked(seat: &Seat) -> MutexGuard<'_, IpAddr> {
    seat.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Looks at who has come before anything else does, and sends strangers away.
pub(super) struct Door;

#[rocket::async_trait]
impl Fairing for Door {
    fn info(&self) -> Info {
        Info { name: "door", kind: Kind::Request | Kind::Singleton }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        let known = request.local_cache(|| Known(find(request))).0;
        if known.is_none() {
            request.set_method(Method::Get);
            request.set_uri(Origin::path_only(STRANGERS));
        }
    }
}

/// The routes that go with [`Door`].
pub(super) fn routes() -> Vec<Route> {
    routes![strangers]
}

#[get("/_/strangers")]
fn strangers() -> Answer {
    Err(Error::forbidden("This port is the program's own. Use its public address."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_known_while_it_is_there_and_for_whom_it_speaks() {
        let peers = Peers::default();
        let from = SocketAddr::from(([127, 0, 0, 1], 4000));
        let (ada, bob) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        assert_eq!(peers.find(from), None);
        let seated = peers.seat(from, ada);
        assert_eq!(peers.find(from), Some(ada));
        seated.take(bob);
        assert_eq!(peers.find(from), Some(bob));
        drop(seated);
        assert_eq!(peers.find(from), None);
    }
}
