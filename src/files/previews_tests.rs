//! The service in front of a storage in memory, with makers that count, wait, panic and never end.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::mpsc;

use image::{ImageFormat, RgbImage};

use super::*;

/// What a test does at a step of the storage.
type Hook = dyn Fn(&Memory) + Send + Sync;

/// A storage in memory.
#[derive(Clone, Default)]
struct Memory {
    objects: Arc<Mutex<BTreeMap<String, Bytes>>>,
    /// Called after an object was written.
    after_write: Option<Arc<Hook>>,
    is_broken: Arc<AtomicUsize>,
}

impl Memory {
    fn with(objects: &[(&str, Vec<u8>)]) -> Memory {
        let memory = Memory::default();
        for (key, bytes) in objects {
            memory.objects().insert((*key).to_owned(), bytes.clone().into());
        }
        memory
    }

    fn objects(&self) -> MutexGuard<'_, BTreeMap<String, Bytes>> {
        self.objects.lock().expect("no test panics here")
    }

    fn keys(&self) -> Vec<String> {
        self.objects().keys().cloned().collect()
    }

    fn check(&self) -> Result<()> {
        if self.is_broken.load(Ordering::SeqCst) == 0 { Ok(()) } else { Err(Error::internal("the storage is gone")) }
    }
}

impl Shelf for Memory {
    async fn size_bytes(&self, key: &str) -> Result<Option<u64>> {
        self.check()?;
        Ok(self.objects().get(key).map(|bytes| bytes.len() as u64))
    }

    async fn read(&self, key: &str) -> Result<Option<Bytes>> {
        self.check()?;
        Ok(self.objects().get(key).cloned())
    }

    async fn write(&self, key: &str, bytes: Bytes) -> Result<()> {
        self.check()?;
        self.objects().insert(key.to_owned(), bytes);
        if let Some(hook) = &self.after_write {
            hook(self);
        }
        Ok(())
    }

    async fn remove(&self, key: &str) -> Result<()> {
        self.objects().remove(key);
        Ok(())
    }
}

fn original(name: &str, content_type: &str) -> StoredFile {
    StoredFile {
        collection_id: "c".to_owned(),
        record_id: "r".to_owned(),
        name: name.to_owned(),
        field_id: "f".to_owned(),
        content_type: content_type.to_owned(),
        size_bytes: 0,
        sha256: String::new(),
        original_name: String::new(),
        created: String::new(),
    }
}

fn png_file() -> StoredFile {
    original("a.png", "image/png")
}

fn png() -> Vec<u8> {
    let mut bytes = Vec::new();
    RgbImage::new(200, 100).write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).expect("a sound picture");
    bytes
}

fn options() -> Options {
    Options::new(2, 50)
}

/// A service whose maker is `make`, and the count of its calls.
fn counting(
    options: Options,
    make: impl Fn() -> Result<Vec<u8>, Problem> + Send + Sync + 'static,
) -> (Previews, Arc<AtomicUsize>) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let maker = move |_: &[u8], _: Format, _: Size, _: Format, _: &Caps| {
        counted.fetch_add(1, Ordering::SeqCst);
        make()
    };
    (Previews::with_maker(options, Arc::new(maker)), calls)
}

/// A maker that waits until the sender is dropped or sends.
fn gated(options: Options) -> (Previews, Arc<AtomicUsize>, mpsc::Sender<()>) {
    let (open, gate) = mpsc::channel();
    let gate = Mutex::new(gate);
    let (previews, calls) = counting(options, move || {
        let _ = gate.lock().unwrap_or_else(PoisonError::into_inner).recv();
        Ok(vec![1])
    });
    (previews, calls, open)
}

async fn until(mut is_so: impl FnMut() -> bool) {
    while !is_so() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn previews_are_made_once_and_kept() {
    let (shelf, previews) = (Memory::with(&[("c/r/a.png", png())]), Previews::new(options()));
    let ready = |outcome| match outcome {
        Outcome::Ready(preview) => preview,
        other => panic!("no preview: {other:?}"),
    };
    let small = ready(previews.preview(&shelf, &png_file(), "70x50f", false).await);
    assert_eq!((small.key.as_str(), small.name.as_str()), ("c/r/thumbs_a.png/70x50f_a.png", "70x50f_a.png"));
    assert_eq!(small.content_type, "image/png");
    let stored = shelf.objects()[&small.key].clone();
    assert_eq!(small.size_bytes, stored.len() as u64);
    let picture = image::load_from_memory(&stored).expect("a sound preview");
    assert_eq!((picture.width(), picture.height()), (70, 35));

    let webp = ready(previews.preview(&shelf, &png_file(), "70x50f", true).await);
    assert_eq!(webp.key, "c/r/thumbs_a.png/70x50f_a.png.webp");
    assert_eq!(webp.content_type, "image/webp");
    assert_eq!(image::guess_format(&shelf.objects()[&webp.key]).expect("a format"), ImageFormat::WebP);

    // A service that can't make any still finds what is there.
    let (other, calls) = counting(options(), || Err(Problem::TooSlow));
    assert_eq!(other.preview(&shelf, &png_file(), "70x50f", false).await, Outcome::Ready(small));
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn only_pictures_that_are_there_have_previews() {
    let shelf = Memory::with(&[("c/r/a.png", png()), ("c/r/a.svg", b"<svg/>".to_vec())]);
    let previews = Previews::new(options());
    let svg = original("a.svg", "image/svg+xml");
    let (gone, lying) = (original("gone.png", "image/png"), original("a.svg", "image/png"));
    for (original, size) in
        [(svg, "10x10"), (gone, "10x10"), (png_file(), "0x0"), (png_file(), "big"), (lying, "10x10")]
    {
        assert_eq!(previews.preview(&shelf, &original, size, false).await, Outcome::Never, "{original:?} {size}");
    }
    assert_eq!(shelf.keys(), ["c/r/a.png", "c/r/a.svg"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_wishes_for_one_preview_are_one_piece_of_work() {
    let shelf = Memory::with(&[("c/r/a.png", png())]);
    let (previews, calls, open) = gated(options());
    let all: Vec<_> = (0..10_000)
        .map(|_| {
            let (previews, shelf) = (previews.clone(), shelf.clone());
            tokio::spawn(async move { previews.preview(&shelf, &png_file(), "10x10", false).await })
        })
        .collect();
    until(|| calls.load(Ordering::SeqCst) == 1).await;
    drop(open);
    for one in all {
        assert!(matches!(one.await.expect("no panic"), Outcome::Ready(_)));
    }
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    assert!(previews.flights().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_variants_are_worked_off_a_few_at_a_time() {
    let shelf = Memory::with(&[("c/r/a.png", png())]);
    let (previews, calls, open) = gated(Options { waiting_max: 100, ..options() });
    let (kept_previews, kept_shelf) = (previews.clone(), shelf.clone());
    let spawn = move |at: usize| {
        let (previews, shelf) = (kept_previews.clone(), kept_shelf.clone());
        tokio::spawn(async move { previews.preview(&shelf, &png_file(), &format!("{at}x10"), false).await })
    };
    let mut waiting: Vec<_> = (1..=100).map(&spawn).collect();
    until(|| previews.flights().len() == 100 && calls.load(Ordering::SeqCst) == 2).await;
    // All others are turned away at once, with the originals.
    for one in (101..=10_000).map(&spawn).collect::<Vec<_>>() {
        assert_eq!(one.await.expect("no panic"), Outcome::NotNow);
    }
    assert_eq!(calls.load(Ordering::SeqCst), 2, "only two run at a time");
    // What is there already is served meanwhile.
    shelf.objects().insert("c/r/thumbs_a.png/5x5_a.png".to_owned(), Bytes::from_static(b"x"));
    assert!(matches!(previews.preview(&shelf, &png_file(), "5x5", false).await, Outcome::Ready(_)));
    drop(open);
    for one in waiting.drain(..) {
        assert!(matches!(one.await.expect("no panic"), Outcome::Ready(_)));
    }
    assert_eq!(calls.load(Ordering::SeqCst), 100);
}

#[tokio::test]
async fn failures_are_remembered() {
    let shelf = Memory::with(&[("c/r/a.png", png())]);
    for (problem, is_of_file) in [
        (Problem::TooLarge, true),
        (Problem::Unreadable("x".to_owned()), true),
        (Problem::TooSlow, true),
        (Problem::TooLargeAsked, false),
        (Problem::Unwritable("x".to_owned()), false),
    ] {
        let (previews, calls) = counting(options(), move || Err(problem.clone()));
        for _ in 0..3 {
            assert_eq!(previews.preview(&shelf, &png_file(), "10x10", false).await, Outcome::Never);
        }
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        assert_eq!(previews.preview(&shelf, &png_file(), "20x20", false).await, Outcome::Never);
        assert_eq!(calls.load(Ordering::SeqCst), if is_of_file { 1 } else { 2 });
    }
}

#[tokio::test]
async fn a_panic_costs_nothing_but_the_preview() {
    let shelf = Memory::with(&[("c/r/a.png", png())]);
    let (previews, calls) = counting(options(), || panic!("this is a test"));
    for size in ["10x10", "20x20", "30x30"] {
        assert_eq!(previews.preview(&shelf, &png_file(), size, false).await, Outcome::Never);
    }
    assert_eq!(calls.load(Ordering::SeqCst), 1, "the file isn't decoded again");
    assert_eq!(previews.0.threads.available_permits(), 2);
    assert_eq!(shelf.keys(), ["c/r/a.png"]);
}

#[tokio::test]
async fn threads_that_never_end_are_given_up_until_there_are_too_many() {
    let files: Vec<String> = (0..4).map(|at| format!("{at}.png")).collect();
    let keys: Vec<String> = files.iter().map(|name| format!("c/r/{name}")).collect();
    let shelf = Memory::with(&keys.iter().map(|key| (key.as_str(), png())).collect::<Vec<_>>());
    let options = Options { workers: 1, given_up_max: 2, time: Duration::from_millis(20), ..options() };
    let (previews, calls, open) = gated(options);
    for name in &files[..3] {
        let original = original(name, "image/png");
        assert_eq!(previews.preview(&shelf, &original, "10x10", false).await, Outcome::Never);
    }
    // Two were given up, the third keeps its place, and so the fourth has to wait.
    assert_eq!(calls.load(Ordering::SeqCst), 3);
    assert_eq!(previews.0.given_up.load(Ordering::SeqCst), 2);
    assert_eq!(previews.0.threads.available_permits(), 0);
    // Once they end after all, everything is as it was.
    drop(open);
    let last = original(&files[3], "image/png");
    assert!(matches!(previews.preview(&shelf, &last, "10x10", false).await, Outcome::Ready(_)));
    until(|| previews.0.given_up.load(Ordering::SeqCst) == 0 && previews.0.threads.available_permits() == 1).await;
}

#[tokio::test]
async fn no_preview_stays_of_a_file_that_went_meanwhile() {
    let mut shelf = Memory::with(&[("c/r/a.png", png())]);
    shelf.after_write = Some(Arc::new(|shelf: &Memory| drop(shelf.objects().remove("c/r/a.png"))));
    let previews = Previews::new(options());
    assert_eq!(previews.preview(&shelf, &png_file(), "10x10", false).await, Outcome::Never);
    assert_eq!(shelf.keys(), [""; 0]);
    // The same if nobody can tell whether it is there.
    let mut shelf = Memory::with(&[("c/r/a.png", png())]);
    shelf.after_write = Some(Arc::new(|shelf: &Memory| shelf.is_broken.store(1, Ordering::SeqCst)));
    assert_eq!(previews.preview(&shelf, &png_file(), "10x10", false).await, Outcome::NotNow);
    assert_eq!(shelf.keys(), ["c/r/a.png"]);
}

#[tokio::test]
async fn who_removes_a_file_waits_for_its_previews_that_are_in_work() {
    let memory = Memory::with(&[("c/r/a.png", png()), ("c/r/a.png.png", png())]);
    let (previews, calls, open) = gated(Options { wait: Duration::ZERO, ..options() });
    for file in [png_file(), original("a.png.png", "image/png")] {
        assert_eq!(previews.preview(&memory, &file, "10x10", false).await, Outcome::NotNow);
    }
    until(|| calls.load(Ordering::SeqCst) == 2).await;
    memory.remove("c/r/a.png").await.expect("it can be removed");
    let prefix = png_file().thumbs_prefix();
    let mut settling = std::pin::pin!(previews.settle(&prefix));
    assert!(timeout(Duration::ZERO, &mut settling).await.is_err(), "one is in work");
    previews.settle("c/r/thumbs_a").await;
    previews.settle("c/r/thumbs_b.png").await;
    drop(open);
    settling.await;
    assert!(previews.flights().keys().all(|key| !key.starts_with("c/r/thumbs_a.png/")), "it was waited for");
    until(|| previews.flights().is_empty()).await;
    assert_eq!(memory.keys(), ["c/r/a.png.png", "c/r/thumbs_a.png.png/10x10_a.png.png"]);
}

#[tokio::test]
async fn a_storage_that_fails_is_asked_again() {
    let (shelf, previews) = (Memory::with(&[("c/r/a.png", png())]), Previews::new(options()));
    shelf.is_broken.store(1, Ordering::SeqCst);
    assert_eq!(previews.preview(&shelf, &png_file(), "10x10", false).await, Outcome::NotNow);
    shelf.is_broken.store(0, Ordering::SeqCst);
    assert!(matches!(previews.preview(&shelf, &png_file(), "10x10", false).await, Outcome::Ready(_)));
}

#[tokio::test]
async fn work_goes_on_when_nobody_waits_any_more() {
    let shelf = Memory::with(&[("c/r/a.png", png())]);
    let (previews, calls, open) = gated(options());
    for _ in 0..20 {
        let file = png_file();
        let wish = previews.preview(&shelf, &file, "10x10", false);
        assert!(timeout(Duration::from_millis(2), wish).await.is_err());
    }
    until(|| calls.load(Ordering::SeqCst) == 1).await;
    drop(open);
    until(|| previews.flights().is_empty()).await;
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    assert_eq!(shelf.keys(), ["c/r/a.png", "c/r/thumbs_a.png/10x10_a.png"]);
}
