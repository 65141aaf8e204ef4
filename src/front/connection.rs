//! One client's connection: TLS if there is some, then requests until it ends, is overdue, or the server stops.

use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::body::Answer;
use super::deadlines::{Asked, Pulse};
use super::guarded::Guarded;
use super::handover::From;
use super::listen::{Shared, Speaks, stopped};
use super::tls::HTTP2;
use crate::base::limits::{FRONT_HEAD_MAX_BYTES, FRONT_STREAM_BUFFER_BYTES, FRONT_STREAMS_MAX};

/// A connection that was taken.
pub(super) struct Connection {
    pub(super) shared: Arc<Shared>,
    pub(super) speaks: Speaks,
    pub(super) from: From,
    pub(super) pulse: Pulse,
}

impl Connection {
    /// Serves it to its end. What a client does wrong is its own business, and not logged.
    pub(super) async fn serve(self, stream: TcpStream) {
        let guarded = Guarded::new(stream, self.pulse.clone(), self.shared.limits.write);
        let _ = match self.speaks.clone() {
            Speaks::Https(acceptor) => self.serve_tls(acceptor, guarded).await,
            Speaks::Http | Speaks::Redirects(_) => self.serve_http1(guarded).await,
        };
    }

    async fn serve_tls(self, acceptor: TlsAcceptor, stream: Guarded<TcpStream>) -> io::Result<()> {
        let mut stop = self.shared.stop.clone();
        let stream = tokio::select! {
            () = stopped(&mut stop) => return Ok(()),
            stream = timeout(self.shared.limits.head, acceptor.accept(stream)) => stream??,
        };
        if stream.get_ref().1.alpn_protocol() == Some(HTTP2) {
            self.pulse.hears_no_heads();
            self.serve_http2(stream).await
        } else {
            self.serve_http1(stream).await
        }
    }

    async fn serve_http1(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> io::Result<()> {
        let mut builder = http1::Builder::new();
        builder.max_buf_size(FRONT_HEAD_MAX_BYTES);
        let service = service_fn(|request| self.respond(request));
        let connection = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
        self.guard(connection, |connection| connection.graceful_shutdown()).await
    }

    async fn serve_http2(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> io::Result<()> {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .max_concurrent_streams(FRONT_STREAMS_MAX)
            .max_header_list_size(u32::try_from(FRONT_HEAD_MAX_BYTES).unwrap_or(u32::MAX))
            .max_send_buf_size(FRONT_STREAM_BUFFER_BYTES);
        let this = Arc::new(self);
        let answering = this.clone();
        let service = service_fn(move |request| {
            let this = answering.clone();
            async move { this.respond(request).await }
        });
        let connection = builder.serve_connection(TokioIo::new(stream), service);
        this.guard(connection, |connection| connection.graceful_shutdown()).await
    }

    /// Drives a connection until it ends or is overdue. When the server stops, what is being answered is answered.
    async fn guard<C>(&self, connection: C, farewell: impl FnOnce(Pin<&mut C>)) -> io::Result<()>
    where
        C: Future<Output = hyper::Result<()>>,
    {
        let mut connection = pin!(connection);
        let (mut stop, mut farewell) = (self.shared.stop.clone(), Some(farewell));
        loop {
            let limits = match self.shared.places.is_crowded() {
                true => self.shared.limits.crowded(),
                false => self.shared.limits,
            };
            let Some(rest) = self.pulse.rest(&limits) else { return Err(io::ErrorKind::TimedOut.into()) };
            tokio::select! {
                ended = &mut connection => return ended.map_err(io::Error::other),
                () = sleep(rest) => {}
                () = stopped(&mut stop), if farewell.is_some() => match farewell.take() {
                    Some(farewell) if self.pulse.is_asked() => farewell(connection.as_mut()),
                    _ => return Ok(()),
                },
            }
        }
    }

    async fn respond(&self, request: Request<Incoming>) -> Result<Response<Answer>, Infallible> {
        let asked: Asked = self.pulse.ask();
        Ok(match &self.speaks {
            Speaks::Redirects(plain) => plain.answer(&request),
            Speaks::Http | Speaks::Https(_) => {
                self.shared.handover.answer(request, self.from, self.shared.limits.body, asked).await
            }
        })
    }
}
