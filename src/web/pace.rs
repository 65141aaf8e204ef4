//! How long a body may take: a time for everybody, and more for whoever makes progress.
//!
//! Called by `body`. A slow line may send a large file for hours, while somebody who sends a byte now and then, to keep
//! a connection busy, is cut off soon: each second beyond the first [`BODY_READ_TIMEOUT_SECONDS`] has to be earned by
//! [`BODY_MIN_BYTES_PER_SECOND`].

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use rocket::tokio::io::{AsyncRead, ReadBuf};
use rocket::tokio::time::{Instant, timeout_at};

use crate::base::limits::{BODY_MIN_BYTES_PER_SECOND, BODY_READ_TIMEOUT_SECONDS};
use crate::base::{Error, ErrorKind, Result};

/// So many bytes are given at a stretch. The reader of multipart forms takes whatever is ready at once, and would fill
/// the memory from a fast line.
const STRETCH_BYTES: usize = 64 << 10;

/// How far a body has come.
#[derive(Clone)]
pub struct Pace {
    begun: Instant,
    grace: Duration,
    arrived_bytes: Arc<AtomicU64>,
}

impl Pace {
    /// Begins now.
    pub fn new() -> Pace {
        let grace = Duration::from_secs(BODY_READ_TIMEOUT_SECONDS);
        Pace { begun: Instant::now(), grace, arrived_bytes: Arc::default() }
    }

    /// Waits for `reading`, as long as what arrives by [`Pace::count`] earns.
    ///
    /// # Errors
    /// 408 if it takes longer; whatever `reading` fails with.
    pub async fn keep<T>(&self, reading: impl Future<Output = Result<T>>) -> Result<T> {
        let mut reading = std::pin::pin!(reading);
        loop {
            let deadline = self.deadline();
            if let Ok(result) = timeout_at(deadline, &mut reading).await {
                return result;
            }
            if self.deadline() <= deadline {
                return Err(Error::new(ErrorKind::Timeout, "The body took too long to arrive."));
            }
        }
    }

    /// Counts what is read through the result.
    pub fn count<R>(&self, reader: R) -> Counted<R> {
        Counted { reader, arrived_bytes: self.arrived_bytes.clone(), stretch_bytes: 0 }
    }

    fn deadline(&self) -> Instant {
        let arrived = self.arrived_bytes.load(Ordering::Relaxed);
        self.begun + self.grace + Duration::from_secs(arrived / BODY_MIN_BYTES_PER_SECOND)
    }
}

/// A reader whose progress counts.
pub struct Counted<R> {
    reader: R,
    arrived_bytes: Arc<AtomicU64>,
    stretch_bytes: usize,
}

impl<R: AsyncRead + Unpin> AsyncRead for Counted<R> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.stretch_bytes >= STRETCH_BYTES {
            self.stretch_bytes = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = into.filled().len();
        let polled = Pin::new(&mut self.reader).poll_read(cx, into);
        let read = into.filled().len() - before;
        self.stretch_bytes = if polled.is_pending() { 0 } else { self.stretch_bytes + read };
        self.arrived_bytes.fetch_add(read as u64, Ordering::Relaxed);
        polled
    }
}

#[cfg(test)]
mod tests {
    use rocket::tokio;
    use rocket::tokio::io::{AsyncReadExt, empty, repeat};
    use rocket::tokio::time::sleep;

    use super::*;

    /// Nearly nothing, so that only what arrives gives time.
    const GRACE: Duration = Duration::from_millis(20);

    /// Reads so many bytes at once, and then takes longer than [`GRACE`].
    async fn read_and_rest(bytes: u64) -> Result<()> {
        let pace = Pace { grace: GRACE, ..Pace::new() };
        let mut counted = pace.count(repeat(0).take(bytes));
        pace.keep(async {
            counted.read_to_end(&mut Vec::new()).await.map_err(Error::internal)?;
            sleep(GRACE * 5).await;
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn whoever_makes_progress_may_take_long() {
        read_and_rest(60 * BODY_MIN_BYTES_PER_SECOND).await.expect("it has earned a minute");
        for bytes in [0, BODY_MIN_BYTES_PER_SECOND / 2] {
            assert_eq!(read_and_rest(bytes).await.err().map(|error| error.kind()), Some(ErrorKind::Timeout));
        }
    }

    #[tokio::test]
    async fn what_is_ready_comes_in_stretches() {
        let pace = Pace::new();
        let mut counted = pace.count(repeat(0).chain(empty()));
        let mut most = 0;
        for _ in 0..3 {
            // As the reader of forms does it: whatever is ready.
            let mut stretch = 0;
            while let Some(Ok(read)) = futures_now(counted.read(&mut [0; 4096])) {
                stretch += read;
            }
            most = most.max(stretch);
        }
        assert_eq!(most, STRETCH_BYTES);
    }

    /// What a future gives at once, if it does.
    fn futures_now<T>(future: impl Future<Output = T>) -> Option<T> {
        match std::pin::pin!(future).poll(&mut Context::from_waker(std::task::Waker::noop())) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }
}
