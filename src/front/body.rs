//! Bodies on their way through the front: that of a request, whose sender must not pause for long, and that of an
//! answer, which holds on to all that has to live until its last piece has gone.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use super::deadlines::Asked;
use super::pool::Lease;

/// What has become of a request's body, for whoever answers the request.
#[derive(Clone, Default)]
pub(super) struct Fate(Arc<Marks>);

#[derive(Default)]
struct Marks {
    is_whole: AtomicBool,
    is_late: AtomicBool,
    is_broken: AtomicBool,
}

impl Fate {
    /// Whether all of it has arrived.
    pub(super) fn is_whole(&self) -> bool {
        self.0.is_whole.load(Ordering::Relaxed)
    }

    /// Whether its sender has paused for too long.
    pub(super) fn is_late(&self) -> bool {
        self.0.is_late.load(Ordering::Relaxed)
    }

    /// Whether it has ended before its end, or isn't framed as HTTP has it.
    pub(super) fn is_broken(&self) -> bool {
        self.0.is_broken.load(Ordering::Relaxed)
    }
}

/// A request's body.
pub(super) struct Sent {
    body: Incoming,
    fate: Fate,
    limit: Duration,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Sent {
    pub(super) fn new(body: Incoming, limit: Duration) -> Sent {
        let fate = Fate::default();
        fate.0.is_whole.store(body.is_end_stream(), Ordering::Relaxed);
        Sent { body, fate, limit, pause: None }
    }

    pub(super) fn fate(&self) -> Fate {
        self.fate.clone()
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(cx) {
            self.pause = None;
            match &frame {
                Some(Err(_)) => self.fate.0.is_broken.store(true, Ordering::Relaxed),
                Some(Ok(_)) if !self.body.is_end_stream() => {}
                _ => self.fate.0.is_whole.store(true, Ordering::Relaxed),
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)));
        }
        let limit = self.limit;
        let pause = self.pause.get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + limit)));
        ready!(pause.as_mut().poll(cx));
        self.fate.0.is_late.store(true, Ordering::Relaxed);
        Poll::Ready(Some(Err(io::ErrorKind::TimedOut.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// An answer's body.
pub(super) enum Answer {
    /// The server's, with the connection that it comes on.
    Passed { body: Incoming, lease: Lease, asked: Asked },
    /// The front's own.
    Own(Option<Bytes>),
}

impl Answer {
    pub(super) fn own(text: impl Into<Bytes>) -> Answer {
        let text = text.into();
        Answer::Own((!text.is_empty()).then_some(text))
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match self.get_mut() {
            Answer::Own(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
            Answer::Passed { body, lease, asked } => {
                asked.handed_out(false);
                let frame = ready!(Pin::new(&mut *body).poll_frame(cx));
                match &frame {
                    Some(Ok(_)) => asked.handed_out(true),
                    Some(Err(_)) => {}
                    None => lease.give_back(),
                }
                if frame.is_some() && body.is_end_stream() {
                    lease.give_back();
                }
                Poll::Ready(frame)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Answer::Own(text) => text.is_none(),
            Answer::Passed { body, .. } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Answer::Own(text) => SizeHint::with_exact(text.as_ref().map_or(0, |text| text.len() as u64)),
            Answer::Passed { body, .. } => body.size_hint(),
        }
    }
}
