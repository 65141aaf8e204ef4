//! Realtime: `GET /api/realtime` is a stream of server-sent events, `POST /api/realtime` says what it carries.

use rocket::http::{ContentType, Header};
use rocket::response::stream::{TextStream, stream};
use rocket::response::{Responder, Response, Result as Responded};
use rocket::{Data, Request, Route, Shutdown, State, get, post, response, routes};

use crate::api::rest::read_fixed;
use crate::app::{App, Caller, Connection};
use crate::base::Result;
use crate::web::body::FormText;
use crate::web::respond::no_content;

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![connect, subscribe]
}

/// A stream until its connection or the server ends. Without the latter the server would wait for its clients.
struct Events(Connection, Shutdown);

impl<'r> Responder<'r, 'r> for Events {
    fn respond_to(self, request: &'r Request<'_>) -> Responded<'r> {
        let Events(mut connection, mut shutdown) = self;
        let pieces = stream! {
            loop {
                let piece = rocket::tokio::select! {
                    piece = connection.next() => piece,
                    () = &mut shutdown => None,
                };
                match piece {
                    Some(piece) => yield piece,
                    None => break,
                }
            }
        };
        let mut response: Response<'r> = TextStream(pieces).respond_to(request)?;
        response.set_header(ContentType::EventStream);
        response.set_header(Header::new("Cache-Control", "no-store"));
        // Proxies must hand on each event as it comes.
        response.set_header(Header::new("X-Accel-Buffering", "no"));
        Ok(response)
    }
}

#[get("/api/realtime")]
fn connect(app: &State<App>, caller: Caller, shutdown: Shutdown) -> Result<Events> {
    Ok(Events(app.realtime_connect(&caller)?, shutdown))
}

#[post("/api/realtime", data = "<data>")]
async fn subscribe(app: &State<App>, mut caller: Caller, data: Data<'_>) -> Result<response::status::NoContent> {
    read_fixed(&mut caller, data, FormText::Verbatim, &["clientId", "subscriptions"]).await?;
    no_content(app.realtime_subscribe(caller).await)
}
