//! One request on its way from a client to the server and back: heads are made anew, bodies stream, and a connection
//! that becomes something else, such as a WebSocket, is passed on as bytes from there.
//!
//! What belongs to one connection only (RFC 9110, section 7.6.1) stays there. Nothing is added to a request: who sent
//! it, the server learns by [`super::pool`].

use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::time::Duration;

use hyper::body::{Body as _, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::upgrade::{self, OnUpgrade};
use hyper::{Method, Request, Response, StatusCode, Uri, Version};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy, split};
use tokio::time::timeout;

use super::body::{Answer, Sent};
use super::deadlines::Asked;
use super::pool::{Lease, Pool};
use crate::base::limits::FRONT_FAREWELL_SECONDS;

/// So often a request that certainly wasn't sent is tried on another connection.
const TRIES: usize = 3;

/// What belongs to one connection, besides what `Connection` names.
const OF_CONNECTION: [HeaderName; 6] = [
    header::CONNECTION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
];

/// See the module. Clones share it.
#[derive(Clone)]
pub(super) struct Handover {
    pool: Pool,
    /// What is told to browsers over HTTPS.
    hsts: Option<HeaderValue>,
}

/// The client that a request comes from.
#[derive(Clone, Copy)]
pub(super) struct From {
    pub(super) peer: IpAddr,
    pub(super) over_tls: bool,
}

impl Handover {
    pub(super) fn new(pool: Pool, hsts_seconds: u64) -> Handover {
        let value = format!("max-age={hsts_seconds}");
        let hsts = (hsts_seconds > 0).then(|| HeaderValue::from_str(&value).ok()).flatten();
        Handover { pool, hsts }
    }

    /// The server's answer, or what there is to say where there is none. A body must not pause for longer than the
    /// limit.
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        from: From,
        body_limit: Duration,
        asked: Asked,
    ) -> Response<Answer> {
        let mut response = match self.pass(request, from, body_limit, asked).await {
            Ok(response) => response,
            Err(status) => own_answer(status),
        };
        if let Some(hsts) = self.hsts.as_ref().filter(|_| from.over_tls) {
            response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, hsts.clone());
        }
        response
    }

    async fn pass(
        &self,
        mut request: Request<Incoming>,
        from: From,
        body_limit: Duration,
        asked: Asked,
    ) -> Result<Response<Answer>, StatusCode> {
        if request.method() == Method::CONNECT {
            return Err(StatusCode::METHOD_NOT_ALLOWED);
        }
        let client_upgrade = wants_upgrade(&request).then(|| upgrade::on(&mut request));
        let (mut head, body) = request.into_parts();
        make_anew(&mut head, client_upgrade.is_some())?;
        if body.size_hint().exact().is_none() {
            // Beside chunks, whatever the client has announced doesn't count (RFC 9112, section 6.3).
            head.headers.remove(header::CONTENT_LENGTH);
        }
        let body = Sent::new(body, body_limit);
        let fate = body.fate();
        let sent = self.send(Request::from_parts(head, body), from.peer, fate.clone()).await;
        let (mut response, mut lease) = sent.map_err(|error| {
            if fate.is_late() {
                return StatusCode::REQUEST_TIMEOUT;
            }
            if fate.is_broken() {
                return StatusCode::BAD_REQUEST;
            }
            tracing::warn!("a request couldn't be handed to the server: {error}");
            StatusCode::SERVICE_UNAVAILABLE
        })?;
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let Some(client) = client_upgrade else { return Err(StatusCode::BAD_GATEWAY) };
            let server = upgrade::on(&mut response);
            tokio::spawn(tunnel(client, server, (asked, lease)));
            return Ok(response.map(|_| Answer::Own(None)));
        }
        remove_of_connection(response.headers_mut());
        if response.body().is_end_stream() {
            lease.give_back();
        }
        Ok(response.map(|body| Answer::Passed { body, lease, asked }))
    }

    async fn send(
        &self,
        mut request: Request<Sent>,
        peer: IpAddr,
        fate: super::body::Fate,
    ) -> io::Result<(Response<Incoming>, Lease)> {
        let mut tries = 0;
        loop {
            tries += 1;
            let mut lease = self.pool.lease(peer, fate.clone()).await?;
            let Some(sender) = lease.sender() else { return Err(io::ErrorKind::NotConnected.into()) };
            match sender.try_send_request(request).await {
                Ok(response) => return Ok((response, lease)),
                Err(mut failed) => match failed.take_message() {
                    // The server has closed the connection just then.
                    Some(unsent) if tries < TRIES => request = unsent,
                    _ => return Err(io::Error::other(failed.into_error())),
                },
            }
        }
    }
}

/// Whether a request asks to go on with another protocol, which only HTTP/1.1 knows.
fn wants_upgrade(request: &Request<Incoming>) -> bool {
    let headers = request.headers();
    request.version() == Version::HTTP_11 && headers.contains_key(header::UPGRADE) && names(headers, "upgrade")
}

/// Whether `Connection` has this word.
fn names(headers: &HeaderMap, word: &str) -> bool {
    connection_words(headers).any(|named| named.eq_ignore_ascii_case(word))
}

fn connection_words(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let values = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// Makes the head of a request one of HTTP/1.1 that means the same, for a connection of its own.
fn make_anew(head: &mut hyper::http::request::Parts, keeps_upgrade: bool) -> Result<(), StatusCode> {
    let upgrade = keeps_upgrade.then(|| head.headers.get(header::UPGRADE).cloned()).flatten();
    remove_of_connection(&mut head.headers);
    // The front says it itself, once the server reads.
    head.headers.remove(header::EXPECT);
    if let Some(protocol) = upgrade {
        head.headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        head.headers.insert(header::UPGRADE, protocol);
    }
    if let Some(authority) = head.uri.authority() {
        // Whatever else is said of the host, this has precedence.
        let host = HeaderValue::from_str(authority.as_str()).map_err(|_| StatusCode::BAD_REQUEST)?;
        head.headers.insert(header::HOST, host);
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        head.uri = path.parse::<Uri>().map_err(|_| StatusCode::BAD_REQUEST)?;
    }
    join_cookies(&mut head.headers);
    head.version = Version::HTTP_11;
    Ok(())
}

/// HTTP/2 clients may send each cookie by itself; in HTTP/1.1 they are one header (RFC 9113, section 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let cookies: Vec<&[u8]> = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if cookies.len() > 1
        && let Ok(joined) = HeaderValue::from_bytes(&cookies.join(&b"; "[..]))
    {
        headers.insert(header::COOKIE, joined);
    }
}

fn remove_of_connection(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = connection_words(headers).filter_map(|name| name.parse().ok()).collect();
    for name in named.iter().chain(&OF_CONNECTION) {
        headers.remove(name);
    }
}

/// Passes bytes both ways until one side ends or the client takes nothing any more.
async fn tunnel(client: OnUpgrade, server: OnUpgrade, _held: (Asked, Lease)) {
    let (Ok(client), Ok(server)) = (client.await, server.await) else { return };
    pass_both_ways(TokioIo::new(client), TokioIo::new(server), Duration::from_secs(FRONT_FAREWELL_SECONDS)).await;
}

/// The same. When one side has hung up, the other one is told and has a while to do so, too: a client that doesn't
/// would keep its place for ever.
async fn pass_both_ways<A, B>(client: A, server: B, farewell: Duration)
where
    A: AsyncRead + AsyncWrite,
    B: AsyncRead + AsyncWrite,
{
    let ((client_out, client_in), (server_out, server_in)) = (split(client), split(server));
    let (mut up, mut down) = (pin!(pass(client_out, server_in)), pin!(pass(server_out, client_in)));
    // Whoever is still there after that is cut off.
    let _ = tokio::select! {
        () = &mut up => timeout(farewell, down).await,
        () = &mut down => timeout(farewell, up).await,
    };
}

/// Passes on what comes, and the end of it.
async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
    // What goes wrong is an end as well.
    let _ = copy(&mut from, &mut to).await;
    let _ = to.shutdown().await;
}

/// An answer in the envelope of all errors.
fn own_answer(status: StatusCode) -> Response<Answer> {
    let message = match status {
        StatusCode::REQUEST_TIMEOUT => "The body took too long to arrive.",
        StatusCode::METHOD_NOT_ALLOWED => "This server is no proxy.",
        StatusCode::BAD_REQUEST => "The request isn't complete, or isn't one.",
        _ => "The server can't answer at the moment. Try again later.",
    };
    let text = format!(r#"{{"data":{{}},"message":"{message}","status":{}}}"#, status.as_u16());
    let mut response = Response::new(Answer::own(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::BAD_REQUEST) {
        // What is left of the body isn't waited for.
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, duplex};

    use super::*;

    fn head(text: &[(&str, &str)], uri: &str) -> hyper::http::request::Parts {
        let mut request = Request::builder().uri(uri);
        for (name, value) in text {
            request = request.header(*name, *value);
        }
        request.body(()).expect("a valid head").into_parts().0
    }

    #[test]
    fn what_belongs_to_a_connection_stays_there() {
        let sent = [
            ("Connection", "keep-alive, X-Own , Upgrade"),
            ("X-Own", "1"),
            ("Keep-Alive", "9"),
            ("TE", "trailers"),
            ("Upgrade", "websocket"),
            ("Transfer-Encoding", "chunked"),
            ("Expect", "100-continue"),
            ("X-Other", "2"),
        ];
        let mut plain = head(&sent, "/a?b");
        make_anew(&mut plain, false).expect("it is valid");
        let left: Vec<_> = plain.headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!((left, plain.uri.to_string()), (vec!["x-other"], "/a?b".to_owned()));
        let mut upgrading = head(&sent, "/");
        make_anew(&mut upgrading, true).expect("it is valid");
        assert_eq!(upgrading.headers[header::UPGRADE], "websocket");
        assert_eq!(upgrading.headers[header::CONNECTION], "upgrade");
    }

    #[test]
    fn the_address_names_the_host() {
        let mut absolute = head(&[("Host", "other.example")], "http://one.example:81/a?b=c");
        make_anew(&mut absolute, false).expect("it is valid");
        assert_eq!(absolute.headers[header::HOST], "one.example:81");
        assert_eq!(absolute.uri.to_string(), "/a?b=c");
    }

    #[tokio::test]
    async fn whoever_stays_when_the_other_side_has_hung_up_is_cut_off() {
        for client_stays in [true, false] {
            let ((mut near, client), (mut far, server)) = (duplex(64), duplex(64));
            let passing = tokio::spawn(pass_both_ways(client, server, Duration::from_millis(1)));
            let (leaving, staying) = if client_stays { (&mut far, &mut near) } else { (&mut near, &mut far) };
            leaving.write_all(b"bye").await.expect("there is room");
            leaving.shutdown().await.expect("it can hang up");
            let mut heard = Vec::new();
            staying.read_to_end(&mut heard).await.expect("it is told");
            assert_eq!(heard, b"bye");
            passing.await.expect("it ends though one side doesn't");
        }
    }

    #[test]
    fn cookies_become_one_header() {
        let mut cookies = head(&[("Cookie", "a=1"), ("Cookie", "b=2; c=3")], "/");
        make_anew(&mut cookies, false).expect("it is valid");
        let all: Vec<_> = cookies.headers.get_all(header::COOKIE).iter().collect();
        assert_eq!(all, ["a=1; b=2; c=3"]);
    }
}
