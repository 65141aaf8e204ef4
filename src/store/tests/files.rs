//! The data folder: what is made in it, what is refused, what closing leaves.

use std::fs;

use super::*;
use crate::store::migrations::PROGRAM_VERSION;

/// The error of opening `folder`, which must leave the database file as it is.
fn refusal(folder: &Path, file: &str) -> String {
    let file = folder.join(file);
    let before = fs::read(&file).expect("the file is there");
    let error = open_in(folder, |_| {}).err().expect("it is refused");
    assert!(fs::read(&file).expect("the file is still there") == before, "the file was changed");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let message = error.message();
    assert!(message.contains(&file.display().to_string()), "{message}");
    assert!(message.contains("Nothing was changed"), "{message}");
    message
}

/// A folder of a closed store in which `change` was run.
fn closed_after(change: &'static str) -> TempDir {
    let (store, folder) = open(|_| {});
    store.write_blocking(move |tx| tx.execute_batch(change)).expect("a change");
    store.close();
    folder
}

#[test]
fn an_empty_folder_gets_everything() {
    let parent = tempfile::tempdir().expect("a temporary folder");
    let folder = parent.path().join("new/data");
    let store = open_in(&folder, |_| {}).expect("missing folders are made");
    for name in ["data.db", "storage", "backups"] {
        assert!(folder.join(name).exists(), "{name}");
    }
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&folder).expect("it exists").permissions());
        assert_eq!(mode & 0o777, 0o700);
    }
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name IN ('_holdall_meta', '_collections', '_params')";
    assert_eq!(store.read_blocking(move |tx| number(tx, tables)).expect("a count"), 3);
    let noted = "SELECT value FROM _holdall_meta WHERE key = 'program_version'";
    let noted = store.read_blocking(move |tx| tx.first(&sql(noted), |row| row.get(0).map(text))).expect("a note");
    assert_eq!(noted.as_deref(), Some(PROGRAM_VERSION));
}

#[test]
fn logs_are_a_database_of_their_own() {
    let (data, folder) = open(|_| {});
    let logs = Store::open(StoreOptions::for_logs(folder.path()), empty_schema).expect("the logs can be opened");
    assert!(folder.path().join("logs.db").exists());
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name IN ('_logs', '_collections')";
    assert_eq!(logs.read_blocking(move |tx| number(tx, tables)).expect("a count"), 1);
    let synchronous = |store: &Store| store.write_blocking(|tx| tx.connection().pragma("synchronous"));
    // 1 is NORMAL, 2 is FULL.
    assert_eq!((synchronous(&logs).ok(), synchronous(&data).ok()), (Some(1), Some(2)));
    logs.close();
    let again = Store::open(StoreOptions::for_logs(folder.path()), empty_schema);
    again.expect("its steps run only once");
}

#[test]
fn free_pages_do_not_count_as_used() {
    let (store, _folder) = open(|_| {});
    let used = |store: &Store| store.read_blocking(|tx| tx.used_bytes()).expect("a size");
    let empty = used(&store);
    let rows = "INSERT INTO t WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 2000) \
                SELECT hex(randomblob(20)), x FROM c";
    store.write_blocking(move |tx| tx.execute_batch(rows)).expect("many rows");
    assert!(used(&store) > empty + 2000 * 40);
    store.write_blocking(|tx| tx.execute_batch("DELETE FROM t")).expect("no rows");
    assert_eq!(used(&store), empty);
}

#[test]
fn closing_drains_and_empties_the_log() {
    let (store, folder) = open(|_| {});
    let line = Line::new(&store);
    let added: Vec<_> = (0..5).map(|at| line.add(move |tx| insert(tx, &format!("id{at}")))).collect();
    let closer = {
        let store = store.clone();
        thread::spawn(move || store.close())
    };
    wait_until("new jobs are refused", || store.read_blocking(|_| Ok(())).is_err());
    line.release().expect("it had started");
    for write in added {
        answer(write).expect("it came before the end");
    }
    closer.join().expect("closing doesn't panic");
    store.close();
    expect_kind(store.write_blocking(|tx| insert(tx, "late")), ErrorKind::Unavailable);
    assert!(!folder.path().join("data.db-wal").exists());
    let again = open_in(folder.path(), |_| {}).expect("it can be opened again");
    assert_eq!(ids(&again).len(), 5);
}

#[test]
fn a_log_left_by_a_crash_is_taken_over() {
    let (store, folder) = open(|_| {});
    store.write_blocking(|tx| insert(tx, "acknowledged")).expect("a row");
    let crashed = tempfile::tempdir().expect("a temporary folder");
    for name in ["data.db", "data.db-wal"] {
        fs::copy(folder.path().join(name), crashed.path().join(name)).expect("a copy as after a crash");
    }
    let again = open_in(crashed.path(), |_| {}).expect("it can be opened");
    assert_eq!(ids(&again), ["acknowledged"]);
}

#[test]
fn a_newer_folder_is_refused() {
    let folder = closed_after(
        "PRAGMA user_version = 99; UPDATE _holdall_meta SET value = '9.9.9' WHERE key = 'program_version'",
    );
    let message = refusal(folder.path(), "data.db");
    assert!(message.contains("Holdall 9.9.9"), "{message}");
    assert!(message.contains(PROGRAM_VERSION), "{message}");
}

#[test]
fn a_database_of_another_program_is_refused() {
    let folder = closed_after("PRAGMA application_id = 1");
    assert!(refusal(folder.path(), "data.db").contains("another program"));
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    for (file, content) in
        [("data.db", &b"hello"[..]), ("data.db", &[7; 9000]), ("logs.db", b"not a database, but long")]
    {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join(file), content).expect("a file");
        let message = refusal(folder.path(), file);
        assert!(message.contains("Restore a backup") && message.contains(".recover"), "{message}");
    }
}

#[test]
fn a_damaged_file_is_refused() {
    let folder = closed_after(
        "INSERT INTO t WITH RECURSIVE c (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 2000) \
         SELECT hex(randomblob(20)), x FROM c",
    );
    let path = folder.path().join("data.db");
    let whole = fs::read(&path).expect("the file is there");
    for damaged_at in [100, whole.len() / 2] {
        let mut bytes = whole.clone();
        bytes[damaged_at..damaged_at + 3000].fill(0xa5);
        fs::write(&path, bytes).expect("a damaged file");
        assert!(refusal(folder.path(), "data.db").contains("damaged"));
    }
    fs::write(&path, &whole[..whole.len() / 2]).expect("half a file");
    assert!(refusal(folder.path(), "data.db").contains("damaged"));
    fs::write(&path, whole).expect("the whole file");
    open_in(folder.path(), |_| {}).expect("the whole file is in order");
}
