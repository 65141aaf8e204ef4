//! Copies of a database that is in use, and what is said of copies that are no good.

use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::store::{Database, DatabaseCopy};

/// Several times the pages that are copied in one step.
const ROWS: usize = 1500;

fn fill(store: &Store, start: &str) {
    let start = start.to_owned();
    let write = move |tx: &mut WriteTx<'_>| {
        (0..ROWS).try_for_each(|number| insert(tx, &format!("{start}{number:04}{}", "x".repeat(3000))))
    };
    store.write_blocking(write).expect("it can be written");
}

fn count(copy: &Path) -> i64 {
    let copy = DatabaseCopy::open(copy).expect("it can be opened");
    assert_eq!(copy.complaint(Database::Data).expect("it can be read"), None);
    copy.read(|tx| number(tx, "SELECT count(*) FROM t")).expect("it can be read")
}

#[test]
fn a_copy_is_one_state_whoever_writes_meanwhile() {
    let (store, folder) = open(|_| ());
    fill(&store, "before");
    let target = folder.path().join("copy.db");
    let (mut steps, mut last) = (0, (0, 0));
    let mut progress = |done, total| {
        // Rows before, between and behind those that were copied already.
        let id = format!("{}{steps}", ["a", "before0700", "z"][steps % 3]);
        store.write_blocking(move |tx| insert(tx, &id)).expect("it can be written");
        (steps, last) = (steps + 1, (done, total));
    };
    store.copy_to(&target, &mut progress).expect("it can be copied");
    assert!(steps > 3, "it was copied in {steps} steps");
    assert!(last.0 == last.1 && last.1 == fs::metadata(&target).expect("it is there").len(), "{last:?}");
    assert_eq!(count(&target), ROWS as i64);
    assert_eq!(ids(&store).len(), ROWS + steps);
    let beside = fs::read_dir(folder.path()).expect("it can be read").filter_map(Result::ok);
    let beside: Vec<_> = beside.map(|entry| entry.file_name()).filter(|name| name != "copy.db").collect();
    assert!(!beside.iter().any(|name| name.to_string_lossy().starts_with("copy.db")), "{beside:?}");
}

#[test]
fn writers_do_not_wait_for_a_copy_to_end() {
    let (store, folder) = open(|options| {
        options.wal_soft_limit_bytes = 100_000;
        options.wal_hard_limit_bytes = 200_000;
        // Whoever waits for readers as long as they may take waits until the test is given up.
        options.statement_timeout = Duration::from_secs(24 * 3600);
        options.wait_timeout = Duration::from_secs(24 * 3600);
    });
    fill(&store, "before");
    let mut has_grown = false;
    let mut progress = |_, _| {
        if !has_grown {
            (0..3).for_each(|number| fill(&store, &format!("meanwhile{number}")));
            has_grown = store.stats().wal_bytes > 400_000;
        }
    };
    store.copy_to(&folder.path().join("copy.db"), &mut progress).expect("it can be copied");
    assert!(has_grown);
    // Afterwards the log is bounded as ever.
    fill(&store, "after");
    store.write_blocking(|tx| insert(tx, "last")).expect("it can be written");
    wait_until("the log is short again", || store.stats().wal_bytes < 400_000);
}

#[test]
fn a_copy_that_cannot_be_written_is_an_error() {
    let (store, folder) = open(|_| ());
    let target = folder.path().join("nowhere/copy.db");
    expect_kind(store.copy_to(&target, &mut |_, _| ()), ErrorKind::Unavailable);
}

#[test]
fn logs_are_copied_if_there_are_any() {
    let (store, folder) = open(|_| ());
    let target = folder.path().join("logs-copy.db");
    let copy = || store.copy_logs_to(&target, &mut |_, _| ()).expect("it can be copied");
    assert!(!copy() && !target.exists());
    Store::open(StoreOptions::for_logs(folder.path()), empty_schema).expect("the logs can be opened");
    assert!(copy());
    let copied = DatabaseCopy::open(&target).expect("it can be opened");
    assert_eq!(copied.complaint(Database::Logs).expect("it can be read"), None);
}

/// A sound copy with some rows, to be spoiled.
fn sound() -> (PathBuf, TempDir) {
    let (store, folder) = open(|_| ());
    fill(&store, "row");
    let target = folder.path().join("copy.db");
    store.copy_to(&target, &mut |_, _| ()).expect("it can be copied");
    (target, folder)
}

fn complaint(copy: &Path) -> String {
    let found = DatabaseCopy::open(copy).and_then(|copy| copy.complaint(Database::Data));
    match found {
        Ok(complaint) => complaint.expect("something is wrong with it"),
        Err(error) => error.log_text(),
    }
}

/// Changes a file.
type Spoil = fn(&mut Vec<u8>);

#[test]
fn what_is_wrong_with_a_copy_is_told() {
    let cases: [(&str, Spoil, &str); 4] = [
        ("another application's", |bytes| bytes[68..72].fill(7), "another program"),
        ("newer", |bytes| bytes[60..64].copy_from_slice(&9999_u32.to_be_bytes()), "9999"),
        (
            "damaged",
            |bytes| {
                let middle = bytes.len() / 2;
                bytes[middle..middle + 5000].fill(0xa5);
            },
            "",
        ),
        ("no database", |bytes| bytes[..16].fill(b'x'), ""),
    ];
    for (what, spoil, expect) in cases {
        let (copy, _folder) = sound();
        let mut bytes = fs::read(&copy).expect("it is there");
        spoil(&mut bytes);
        fs::write(&copy, bytes).expect("it is ours");
        let told = complaint(&copy);
        assert!(told.contains(expect), "{what}: {told}");
    }
}
