//! How fast the store is by itself, without HTTP: `cargo bench --bench store [-- SECONDS [FOLDER]]`.
//!
//! Prints single-row inserts per second from one caller (a commit each), from 64 callers at once (shared commits),
//! and point reads per second from 64 callers. The folder decides which disk is measured; it must be empty.

#![allow(clippy::print_stdout, reason = "this is what a benchmark is for")]

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use holdall::base::{Result, SqlValue, Statement};
use holdall::domain::Schema;
use holdall::store::{Store, StoreOptions};

const CALLERS: usize = 64;

#[tokio::main]
async fn main() -> Result<()> {
    // Cargo adds `--bench` to the arguments.
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let seconds = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(3);
    let temporary = tempfile::tempdir().expect("a temporary folder can be made");
    let folder = arguments.next().map_or_else(|| temporary.path().to_owned(), PathBuf::from);

    let store = Store::open(StoreOptions::new(folder), |_| Ok(Schema::new(Vec::new())))?;
    store.write_blocking(|tx| tx.execute_batch("CREATE TABLE t (id TEXT PRIMARY KEY, n INTEGER, body TEXT) STRICT"))?;
    let time = Duration::from_secs(seconds);
    let next = Arc::new(AtomicU64::new(0));

    let alone = run(&store, 1, time, &next, insert).await?;
    println!("{alone:>9.0} writes/s, one caller");
    let before = store.stats();
    let together = run(&store, CALLERS, time, &next, insert).await?;
    let after = store.stats();
    let per_group = (after.writes - before.writes) as f64 / (after.commits - before.commits).max(1) as f64;
    println!(
        "{together:>9.0} writes/s, {CALLERS} callers ({per_group:.1} per commit, at most {})",
        after.largest_group
    );
    let reads = run(&store, CALLERS, time, &next, read).await?;
    println!("{reads:>9.0} point reads/s, {CALLERS} callers");
    println!("{:>9} bytes of write-ahead log", store.stats().wal_bytes);
    store.close();
    Ok(())
}

/// Calls `operation` from `callers` tasks for `time` and gives the calls per second.
async fn run<F, A>(store: &Store, callers: usize, time: Duration, next: &Arc<AtomicU64>, operation: F) -> Result<f64>
where
    F: Fn(Store, Arc<AtomicU64>) -> A + Copy + Send + 'static,
    A: Future<Output = Result<()>> + Send,
{
    let started = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|_| {
            let (store, next) = (store.clone(), next.clone());
            tokio::spawn(async move {
                let mut calls = 0u64;
                while started.elapsed() < time {
                    operation(store.clone(), next.clone()).await?;
                    calls += 1;
                }
                Ok(calls)
            })
        })
        .collect();
    let mut calls = 0;
    for task in tasks {
        calls += task.await.expect("callers don't panic")?;
    }
    Ok(calls as f64 / started.elapsed().as_secs_f64())
}

async fn insert(store: Store, next: Arc<AtomicU64>) -> Result<()> {
    let id = id(next.fetch_add(1, Ordering::Relaxed));
    let params = vec![id.into(), SqlValue::from(1), SqlValue::from("x".repeat(100))];
    let statement = Statement::new("INSERT INTO t (id, n, body) VALUES (?1, ?2, ?3)", params);
    store.write(move |tx| tx.execute(&statement).map(|_| ())).await
}

async fn read(store: Store, next: Arc<AtomicU64>) -> Result<()> {
    let at = rand::random_range(0..next.load(Ordering::Relaxed).max(1));
    let statement = Statement::new("SELECT id, n, body FROM t WHERE id = ?1", vec![id(at).into()]);
    store.read(move |tx| tx.first(&statement, |row| row.get(2).map(|_| ()))).await.map(|_| ())
}

/// Ids that are spread like random ones.
fn id(number: u64) -> String {
    format!("{:015x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 4)
}
