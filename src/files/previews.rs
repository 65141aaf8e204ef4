//! Previews on demand: each made once, a few at a time, and kept beside its original.
//!
//! Called when a file is asked for in a size, after it was decided that the caller may see the file and that its field
//! has that size. Invariants: however many ask for a preview, one of them makes it; no more run, wait or are remembered
//! than [`Options`] and `base::limits` say; whatever goes wrong, a panic or an endless loop in a decoder included, the
//! answer is "no preview", and the original is served instead; no preview stays behind that was written after its
//! original was removed. For that, whoever removes a file removes the original first, waits until its previews that are
//! in work are [done](Previews::settle), and then removes what lies below its [`StoredFile::thumbs_prefix`]; only after
//! that may it forget the file. Not here: how pictures are made smaller (`thumbs`).

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use moka::sync::Cache;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tokio::time::timeout;

use super::thumbs::{self, Caps, Format, Problem, Size};
use super::{Storage, StoredFile};
use crate::base::limits::{
    PREVIEW_FAILURE_SECONDS, PREVIEW_FAILURES_REMEMBERED, PREVIEW_MAX_SECONDS, PREVIEW_SOURCE_MAX_BYTES,
    PREVIEW_THREADS_GIVEN_UP_MAX, PREVIEW_WAIT_SECONDS, PREVIEWS_WAITING_MAX,
};
use crate::base::{Error, Result};

/// The place where files are kept, as far as previews need it.
pub trait Shelf: Clone + Send + Sync + 'static {
    /// The size of an object in bytes; `None` if there is none.
    fn size_bytes(&self, key: &str) -> impl Future<Output = Result<Option<u64>>> + Send;
    /// All of an object that isn't too large to have previews; `None` if there is none.
    fn read(&self, key: &str) -> impl Future<Output = Result<Option<Bytes>>> + Send;
    /// Stores an object, in one go.
    fn write(&self, key: &str, bytes: Bytes) -> impl Future<Output = Result<()>> + Send;
    /// Removes an object; one that isn't there is no error.
    fn remove(&self, key: &str) -> impl Future<Output = Result<()>> + Send;
}

impl Shelf for Storage {
    async fn size_bytes(&self, key: &str) -> Result<Option<u64>> {
        Storage::size_bytes(self, key).await
    }

    async fn read(&self, key: &str) -> Result<Option<Bytes>> {
        let max_bytes = usize::try_from(PREVIEW_SOURCE_MAX_BYTES).unwrap_or(usize::MAX);
        Ok(self.bytes(key, max_bytes).await?.map(Bytes::from))
    }

    async fn write(&self, key: &str, bytes: Bytes) -> Result<()> {
        self.put(key, bytes).await
    }

    async fn remove(&self, key: &str) -> Result<()> {
        Storage::remove(self, key).await
    }
}

/// A preview that is in the storage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// Where it is kept.
    pub key: String,
    /// The name to serve it under.
    pub name: String,
    /// What tells it from the other previews of its file.
    pub variant: String,
    /// The media type to serve it with.
    pub content_type: &'static str,
    /// How many bytes it has.
    pub size_bytes: u64,
}

/// What becomes of the wish for a preview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Here it is.
    Ready(Preview),
    /// There is none and won't be for long: serve the original.
    Never,
    /// There is none at the moment: serve the original, and let nobody keep that as the preview.
    NotNow,
}

/// How much is done at a time.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Previews that are made at the same time.
    pub workers: usize,
    /// Pixels that a picture may have.
    pub source_pixels: u64,
    /// Previews that may wait or be in work.
    pub waiting_max: usize,
    /// How long a request waits.
    pub wait: Duration,
    /// How long one preview may take; after twice this time its thread is given up.
    pub time: Duration,
    /// Threads given up that others take the place of.
    pub given_up_max: usize,
}

impl Options {
    /// The fixed bounds, with those that the configuration names.
    pub fn new(workers: usize, megapixels: u64) -> Options {
        Options {
            workers: workers.max(1),
            source_pixels: megapixels * 1_000_000,
            waiting_max: PREVIEWS_WAITING_MAX,
            wait: Duration::from_secs(PREVIEW_WAIT_SECONDS),
            time: Duration::from_secs(PREVIEW_MAX_SECONDS),
            given_up_max: PREVIEW_THREADS_GIVEN_UP_MAX,
        }
    }
}

/// What is to be made.
#[derive(Clone, Debug)]
struct Job {
    source_key: String,
    source: Format,
    size: Size,
    preview: Preview,
    format: Format,
}

impl Job {
    /// `None` if there are no previews of such files or this is no size.
    fn new(original: &StoredFile, size: &str, as_webp: bool) -> Option<Job> {
        let source = Format::of_source(&original.content_type)?;
        let format = if as_webp { Format::WebP } else { source.of_preview() };
        let ending = if as_webp { ".webp" } else { "" };
        let name = format!("{size}_{}{ending}", original.name);
        let key = format!("{}/{name}", original.thumbs_prefix());
        Some(Job {
            source_key: original.key(),
            source,
            size: Size::parse(size)?,
            preview: Preview {
                key,
                name,
                variant: format!("{size}{ending}"),
                content_type: format.content_type(),
                size_bytes: 0,
            },
            format,
        })
    }

    fn ready(&self, size_bytes: u64) -> Outcome {
        Outcome::Ready(Preview { size_bytes, ..self.preview.clone() })
    }
}

/// Makes pictures smaller: `thumbs::make`, or what a test puts in its place.
type Maker = dyn Fn(&[u8], Format, Size, Format, &Caps) -> Result<Vec<u8>, Problem> + Send + Sync;

/// Makes previews. Clones share the bounds.
#[derive(Clone)]
pub struct Previews(Arc<Inner>);

struct Inner {
    options: Options,
    threads: Arc<Semaphore>,
    given_up: Arc<AtomicUsize>,
    /// What is waiting or in work, by key; everybody who wants the same waits for the same.
    flights: Mutex<HashMap<String, watch::Receiver<Option<Outcome>>>>,
    /// Keys of previews that can't be made, and of originals that no preview can be made of.
    failures: Cache<String, ()>,
    maker: Arc<Maker>,
}

impl Previews {
    /// With nothing in work.
    pub fn new(options: Options) -> Previews {
        Previews::with_maker(options, Arc::new(thumbs::make))
    }

    fn with_maker(options: Options, maker: Arc<Maker>) -> Previews {
        let failures = Cache::builder()
            .max_capacity(PREVIEW_FAILURES_REMEMBERED)
            .time_to_live(Duration::from_secs(PREVIEW_FAILURE_SECONDS))
            .build();
        Previews(Arc::new(Inner {
            options,
            threads: Arc::new(Semaphore::new(options.workers)),
            given_up: Arc::default(),
            flights: Mutex::default(),
            failures,
            maker,
        }))
    }

    /// The preview of a file in a size that is known to be offered, as WebP or in the format that follows from the
    /// file's. Makes it if need be, on the runtime that this is called on.
    pub async fn preview<S: Shelf>(&self, shelf: &S, original: &StoredFile, size: &str, as_webp: bool) -> Outcome {
        let Some(job) = Job::new(original, size, as_webp) else { return Outcome::Never };
        if let Some(outcome) = self.known(shelf, &job).await {
            return outcome;
        }
        let Some(mut flight) = self.join(shelf, job) else { return Outcome::NotNow };
        match timeout(self.0.options.wait, flight.wait_for(Option::is_some)).await {
            Ok(Ok(outcome)) => outcome.clone().unwrap_or(Outcome::NotNow),
            // It panicked, or it still runs.
            Ok(Err(_)) | Err(_) => Outcome::NotNow,
        }
    }

    /// Waits until no preview below this prefix is in work. If the original is gone already, none is written after
    /// that.
    pub async fn settle(&self, prefix: &str) {
        loop {
            let below = |key: &str| key.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'));
            let flight = self.flights().iter().find(|(key, _)| below(key)).map(|(_, flight)| flight.clone());
            let Some(mut flight) = flight else { return };
            // An error is its end as well: it panicked.
            let _ = flight.wait_for(Option::is_some).await;
            tokio::task::yield_now().await;
        }
    }

    /// What became of the job, if that is known already.
    async fn known<S: Shelf>(&self, shelf: &S, job: &Job) -> Option<Outcome> {
        match shelf.size_bytes(&job.preview.key).await {
            Ok(Some(size_bytes)) => return Some(job.ready(size_bytes)),
            Ok(None) => {}
            Err(error) => return Some(storage_failed(&error)),
        }
        let failures = &self.0.failures;
        let is_known = failures.contains_key(&job.source_key) || failures.contains_key(&job.preview.key);
        is_known.then_some(Outcome::Never)
    }

    /// What tells of the job's end, whoever began it; `None` if too many wait. It goes on when nobody waits any more:
    /// otherwise clients that come and go would make the same work be begun again and again.
    fn join<S: Shelf>(&self, shelf: &S, job: Job) -> Option<watch::Receiver<Option<Outcome>>> {
        let mut flights = self.flights();
        if let Some(flight) = flights.get(&job.preview.key) {
            return Some(flight.clone());
        }
        if flights.len() >= self.0.options.waiting_max {
            return None;
        }
        let (tell, flight) = watch::channel(None);
        flights.insert(job.preview.key.clone(), flight.clone());
        let landing = Landing { previews: self.clone(), key: job.preview.key.clone() };
        let (previews, shelf) = (self.clone(), shelf.clone());
        tokio::spawn(async move {
            let outcome = previews.work_off(&shelf, &job).await;
            drop(landing);
            tell.send_replace(Some(outcome));
        });
        Some(flight)
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<String, watch::Receiver<Option<Outcome>>>> {
        self.0.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a thread, makes the preview and stores it.
    async fn work_off<S: Shelf>(&self, shelf: &S, job: &Job) -> Outcome {
        let Ok(permit) = self.0.threads.clone().acquire_owned().await else { return Outcome::NotNow };
        // Whoever came just before the end of the same job didn't see its result.
        if let Some(outcome) = self.known(shelf, job).await {
            return outcome;
        }
        let time = self.0.options.time;
        let bytes = match timeout(time, read_source(shelf, &job.source_key)).await {
            Ok(Ok(Some(bytes))) => bytes,
            Ok(Ok(None)) => return Outcome::Never,
            Ok(Err(SourceError::TooLarge)) => return self.fail(job, &Problem::TooLarge),
            Ok(Err(SourceError::Storage(error))) => return storage_failed(&error),
            Err(_) => return Outcome::NotNow,
        };
        let made = match self.run(permit, job, bytes).await {
            Ok(made) => made,
            Err(problem) => return self.fail(job, &problem),
        };
        // Without a time limit: the job mustn't look done while something of it is still being written.
        keep(shelf, job, made).await.unwrap_or_else(|error| storage_failed(&error))
    }

    /// Makes the preview on a thread of its own, and waits no longer than it may take.
    async fn run(&self, permit: OwnedSemaphorePermit, job: &Job, bytes: Bytes) -> Result<Vec<u8>, Problem> {
        let time = self.0.options.time;
        let seat = Arc::new(Seat { permit: Mutex::new(Some(permit)), given_up: self.0.given_up.clone() });
        let (tell, told) = oneshot::channel();
        let (maker, source, size, format) = (self.0.maker.clone(), job.source, job.size, job.format);
        let (caps, thread_seat) = (Caps::new(self.0.options.source_pixels, time), seat.clone());
        let work = move || {
            let made = catch_unwind(AssertUnwindSafe(|| maker(&bytes, source, size, format, &caps)));
            drop(bytes);
            thread_seat.leave();
            let _ = tell.send(made.unwrap_or_else(|_| Err(Problem::Unreadable("the decoder panicked".to_owned()))));
        };
        // Not the runtime's pool: that one waits at shutdown for threads which never end.
        if let Err(error) = thread::Builder::new().name("preview".to_owned()).spawn(work) {
            return Err(Problem::NoThread(error.to_string()));
        }
        match timeout(time * 2, told).await {
            Ok(Ok(made)) => made,
            Ok(Err(_)) => Err(Problem::Unreadable("the decoder is gone".to_owned())),
            Err(_) => {
                seat.give_up(self.0.options.given_up_max);
                Err(Problem::TooSlow)
            }
        }
    }

    fn fail(&self, job: &Job, problem: &Problem) -> Outcome {
        tracing::info!(key = job.preview.key, "no preview: {problem}");
        let key = match problem {
            Problem::NoThread(_) => return Outcome::NotNow,
            Problem::TooLargeAsked | Problem::Unwritable(_) => &job.preview.key,
            Problem::Unreadable(_) | Problem::TooLarge | Problem::TooSlow => &job.source_key,
        };
        self.0.failures.insert(key.clone(), ());
        Outcome::Never
    }
}

/// Takes a job off the list when it ends, in whichever way.
struct Landing {
    previews: Previews,
    key: String,
}

impl Drop for Landing {
    fn drop(&mut self) {
        self.previews.flights().remove(&self.key);
    }
}

/// A thread's permit to run. It comes back when the thread ends, or before if the thread is given up; so a decoder that
/// never ends doesn't keep others from running, until too many of that kind do.
struct Seat {
    permit: Mutex<Option<OwnedSemaphorePermit>>,
    given_up: Arc<AtomicUsize>,
}

impl Seat {
    fn permit(&self) -> MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        self.permit.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread ends.
    fn leave(&self) {
        if self.permit().take().is_none() {
            self.given_up.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Nobody waits for the thread any more.
    fn give_up(&self, max: usize) {
        let mut permit = self.permit();
        let one_more = |count: usize| (count < max).then_some(count + 1);
        if permit.is_some() && self.given_up.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_more).is_ok() {
            *permit = None;
        }
    }
}

enum SourceError {
    TooLarge,
    Storage(Error),
}

async fn read_source<S: Shelf>(shelf: &S, key: &str) -> Result<Option<Bytes>, SourceError> {
    match shelf.size_bytes(key).await.map_err(SourceError::Storage)? {
        None => Ok(None),
        Some(size) if size > PREVIEW_SOURCE_MAX_BYTES => Err(SourceError::TooLarge),
        Some(_) => shelf.read(key).await.map_err(SourceError::Storage),
    }
}

/// Stores a preview, unless its original has gone. That is looked at afterwards, for files that another process
/// removes, which can't wait for what is in work here.
async fn keep<S: Shelf>(shelf: &S, job: &Job, made: Vec<u8>) -> Result<Outcome> {
    let size_bytes = made.len() as u64;
    shelf.write(&job.preview.key, made.into()).await?;
    match shelf.size_bytes(&job.source_key).await {
        Ok(Some(_)) => Ok(job.ready(size_bytes)),
        Ok(None) => shelf.remove(&job.preview.key).await.map(|()| Outcome::Never),
        Err(error) => {
            // Better made again than left behind.
            shelf.remove(&job.preview.key).await?;
            Err(error)
        }
    }
}

fn storage_failed(error: &Error) -> Outcome {
    tracing::warn!("no preview, because of the storage: {}", error.log_text());
    Outcome::NotNow
}

#[cfg(test)]
#[path = "previews_tests.rs"]
mod tests;
