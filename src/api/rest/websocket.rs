//! Realtime over WebSocket: `GET /api/realtime/ws`, the same messages as over server-sent events, and subscriptions
//! over the same connection. `docs/realtime.md` has the protocol.
//!
//! A browser sends cookies along with a handshake whoever's page made it, and lets that page read what comes. So a
//! session's cookie counts only if the browser says that one of our own pages asks; a foreign page gets a guest's
//! stream at most. Every wait for the client has an end: whoever doesn't read, or doesn't answer, is cut off.

use std::sync::Arc;
use std::time::Duration;

use rocket::futures::{SinkExt, StreamExt};
use rocket::tokio::{select, time};
use rocket::{Route, Shutdown, State, get, routes};
use rocket_ws::frame::{CloseCode, CloseFrame};
use rocket_ws::stream::DuplexStream;
use rocket_ws::{Channel, Config, Message, WebSocket};
use serde_json::{Map, Value as Json, json};

use crate::app::{App, Caller, Connection, Cookie, Site, Subscription, Told};
use crate::base::json::write_str;
use crate::base::limits::{REALTIME_REF_MAX_BYTES, REALTIME_WS_MESSAGE_MAX_BYTES, REALTIME_WS_WRITE_SECONDS};
use crate::base::{Error, Result};
use crate::web::respond;

/// The event that answers a message of the client.
const REPLY_EVENT: &str = "@reply";
/// The event that only says how far the client has come.
const POSITION_EVENT: &str = "@position";

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![open]
}

#[get("/api/realtime/ws")]
fn open(app: &State<App>, mut caller: Caller, socket: WebSocket, shutdown: Shutdown) -> Result<Channel<'static>> {
    if caller.site != Site::Own {
        caller.cookie = Cookie::None;
    }
    let last = caller.request.header("last_event_id").or_else(|| caller.request.query("lastEventId"));
    let connection = app.realtime_connect(&caller, Some(last.filter(|id| !id.is_empty())))?;
    let session = Session { app: app.inner().clone(), caller: Arc::new(caller), connection, position: String::new() };
    let limits = Config {
        max_message_size: Some(REALTIME_WS_MESSAGE_MAX_BYTES),
        max_frame_size: Some(REALTIME_WS_MESSAGE_MAX_BYTES),
        ..Config::default()
    };
    Ok(socket.config(limits).channel(move |stream| {
        Box::pin(async move {
            // How it ended is of no interest: the client notices.
            let _ = session.run(stream, shutdown).await;
            Ok(())
        })
    }))
}

/// One socket.
struct Session {
    app: App,
    caller: Arc<Caller>,
    connection: Connection,
    /// The position that the client was told last.
    position: String,
}

/// The socket is gone.
struct Gone;

type Sent = std::result::Result<(), Gone>;

impl Session {
    async fn run(mut self, mut stream: DuplexStream, mut shutdown: Shutdown) -> Sent {
        // Beats since the client was heard of.
        let mut silent_beats = 0;
        loop {
            select! {
                biased;
                () = &mut shutdown => return close(&mut stream, CloseCode::Away, "The server is shutting down.").await,
                told = self.connection.next() => match told {
                    None => return close(&mut stream, CloseCode::Normal, "Please connect anew.").await,
                    Some(Told::Beat { position }) => {
                        silent_beats += 1;
                        if silent_beats > 2 {
                            return Err(Gone);
                        }
                        self.beat(&mut stream, position).await?;
                    }
                    Some(Told::Message { position, event, data }) => {
                        send(&mut stream, Message::Text(text(position.as_deref(), &event, &data))).await?;
                        self.position = position.unwrap_or_default();
                    }
                },
                message = stream.next() => {
                    silent_beats = 0;
                    match message {
                        Some(Ok(Message::Text(text))) => {
                            let reply = self.answer(&text).await;
                            send(&mut stream, Message::Text(reply)).await?;
                        }
                        Some(Ok(Message::Binary(_))) => {
                            return close(&mut stream, CloseCode::Unsupported, "Messages are text.").await;
                        }
                        // A ping is answered by the library, as soon as something is sent or asked for.
                        Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                        Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(()),
                    }
                }
            }
        }
    }

    async fn beat(&mut self, stream: &mut DuplexStream, position: Option<String>) -> Sent {
        if let Some(position) = position.filter(|position| *position != self.position) {
            send(stream, Message::Text(text(Some(&position), POSITION_EVENT, "{}"))).await?;
            self.position = position;
        }
        send(stream, Message::Ping(Vec::new())).await
    }

    /// Does what a message of the client asks for and says how that went.
    async fn answer(&mut self, text: &str) -> String {
        let message = match serde_json::from_str(text) {
            Ok(Json::Object(message)) => message,
            _ => Map::new(),
        };
        let outcome = self.obey(&message).await;
        let mut data = match outcome {
            Ok(()) => json!({"status": 204}),
            Err(error) => {
                respond::log_stream(&error, "/api/realtime/ws");
                serde_json::to_value(&error).unwrap_or_else(|_| json!({"status": error.kind().status()}))
            }
        };
        let reference = message.get("ref").filter(|found| found.to_string().len() <= REALTIME_REF_MAX_BYTES);
        data["ref"] = reference.cloned().unwrap_or_default();
        self::text(None, REPLY_EVENT, &data.to_string())
    }

    async fn obey(&mut self, message: &Map<String, Json>) -> Result<()> {
        let former = self.caller.clone();
        if let Some(token) = message.get("token").and_then(Json::as_str) {
            let token = Some(token.to_owned()).filter(|token| !token.is_empty());
            self.caller = Arc::new(Caller { token, ..(*former).clone() });
        }
        let outcome = match message.get("type").and_then(Json::as_str) {
            Some("subscribe") => self.subscribe(message).await,
            Some("auth") => self.authenticate().await,
            Some("ping") => Ok(()),
            _ => Err(Error::invalid("A message is JSON with the type subscribe, auth or ping.")),
        };
        if outcome.is_err() {
            self.caller = former;
        }
        outcome
    }

    async fn subscribe(&self, message: &Map<String, Json>) -> Result<()> {
        let mut body = message.clone();
        body.insert("clientId".to_owned(), self.connection.client_id().into());
        self.app.realtime_listen(self.caller.clone(), Subscription::read(&body)?).await.map(|_| ())
    }

    async fn authenticate(&self) -> Result<()> {
        let to = Subscription { client_id: self.connection.client_id().to_owned(), topics: None };
        match self.app.realtime_listen(self.caller.clone(), to).await? {
            true => Ok(()),
            false => Err(Error::unauthenticated()),
        }
    }
}

/// A message to the client.
fn text(position: Option<&str>, event: &str, data: &str) -> String {
    let mut text = String::with_capacity(80 + event.len() + data.len());
    text.push('{');
    if let Some(position) = position {
        text.push_str("\"id\":");
        write_str(&mut text, position);
        text.push(',');
    }
    text.push_str("\"event\":");
    write_str(&mut text, event);
    text.push_str(",\"data\":");
    text.push_str(data);
    text.push('}');
    text
}

/// Sends a message; whoever doesn't take it within some time is cut off.
async fn send(stream: &mut DuplexStream, message: Message) -> Sent {
    let limit = Duration::from_secs(REALTIME_WS_WRITE_SECONDS);
    match time::timeout(limit, stream.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Gone),
    }
}

async fn close(stream: &mut DuplexStream, code: CloseCode, reason: &'static str) -> Sent {
    let frame = CloseFrame { code, reason: reason.into() };
    let limit = Duration::from_secs(REALTIME_WS_WRITE_SECONDS);
    match time::timeout(limit, stream.close(Some(frame))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Gone),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_json() {
        for (position, event, expect) in [
            (Some("a-1"), "posts/*", r#"{"id":"a-1","event":"posts/*","data":{"x":1}}"#),
            (None, "a\"\n", r#"{"event":"a\"\n","data":{"x":1}}"#),
        ] {
            assert_eq!(text(position, event, r#"{"x":1}"#), expect);
        }
    }
}
