//! A client's socket, which says what happens on it, and fails when the client takes nothing of what is written.
//!
//! It lies below TLS, so a handshake is watched as well. Time counts only while something waits to be written: a stream
//! on which nothing happens is as good as any.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::deadlines::Pulse;

/// See the module.
pub(super) struct Guarded<S> {
    inner: S,
    pulse: Pulse,
    write_limit: Duration,
    /// When the client must have taken something, while it hasn't.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> Guarded<S> {
    pub(super) fn new(inner: S, pulse: Pulse, write_limit: Duration) -> Guarded<S> {
        Guarded { inner, pulse, write_limit, stalled: None }
    }

    /// Passes on what came of writing, unless it is too late.
    fn written<T>(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if result.is_ready() {
            if self.stalled.take().is_some() {
                self.pulse.writes(false);
            }
            return result;
        }
        if self.stalled.is_none() {
            self.pulse.writes(true);
        }
        let limit = self.write_limit;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + limit)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = into.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, into);
        if into.filled().len() > before {
            self.pulse.heard();
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.written(cx, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.written(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn whoever_takes_nothing_is_given_up() {
        let (_reader, writer) = duplex(4);
        let mut guarded = Guarded::new(writer, Pulse::new(), Duration::from_millis(1));
        let error = guarded.write_all(&[0; 16]).await.expect_err("nobody reads");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn whoever_takes_something_has_all_the_time_again() {
        let (mut reader, writer) = duplex(4);
        let mut guarded = Guarded::new(writer, Pulse::new(), Duration::from_secs(3600));
        assert_eq!(guarded.write(&[0; 8]).await.expect("there is room"), 4);
        let stalled = poll_fn(|cx| Poll::Ready(Pin::new(&mut guarded).poll_write(cx, &[0]).is_pending())).await;
        assert!(stalled && guarded.stalled.is_some());
        reader.read_exact(&mut [0; 4]).await.expect("it was written");
        assert_eq!(guarded.write(&[0]).await.expect("there is room again"), 1);
        assert!(guarded.stalled.is_none());
    }
}
