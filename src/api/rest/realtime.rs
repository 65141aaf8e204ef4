//! Realtime: `GET /api/realtime` is a stream of server-sent events, `POST /api/realtime` says what it carries.

use rocket::http::{ContentType, Header};
use rocket::response::stream::{TextStream, stream};
use rocket::response::{Responder, Response, Result as Responded};
use rocket::{Data, Request, Route, Shutdown, State, get, post, response, routes};

use crate::api::rest::read_fixed;
use crate::app::{App, Caller, EventStream};
use crate::base::Result;
use crate::web::body::FormText;
use crate::web::respond::no_content;

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![connect, subscribe]
}

/// A stream until its connection or the server ends. Without the latter the server would wait for its clients.
struct Events(EventStream, Shutdown);

impl<'r> Responder<'r, 'r> for Events {
    fn respond_to(self, request: &'r Request<'_>) -> Responded<'r> {
        let Events(mut events, mut shutdown) = self;
        let pieces = stream! {
            loop {
                let piece = rocket::tokio::select! {
                    piece = events.next() => piece,
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
    let request = &caller.request;
    let resumes = request.query("resume").is_some_and(|value| matches!(value, "1" | "true"));
    // EventSource sends the header by itself, but can't be made to send it the first time.
    let last = request.header("last_event_id").or_else(|| request.query("lastEventId")).filter(|id| !id.is_empty());
    let connection = app.realtime_connect(&caller, resumes.then_some(last))?;
    Ok(Events(EventStream::new(connection), shutdown))
}

#[post("/api/realtime", data = "<data>")]
async fn subscribe(app: &State<App>, mut caller: Caller, data: Data<'_>) -> Result<response::status::NoContent> {
    read_fixed(&mut caller, data, FormText::Verbatim, &["clientId", "subscriptions"]).await?;
    no_content(app.realtime_subscribe(caller).await)
}
