//! Commits that fail, disks that are full, other processes in the way.

use super::*;

#[test]
fn a_failing_commit_acknowledges_nothing() {
    let (store, _folder) = open(|_| {});
    let line = Line::new(&store);
    let good = line.add(|tx| insert(tx, "good"));
    let bad = line.add(|tx| insert(tx, "good"));
    let fatal = line.add(|tx| {
        tx.connection().refuse_next_commit();
        insert(tx, "fatal")
    });
    let before = store.stats();
    expect_kind(line.release(), ErrorKind::Unavailable);
    expect_kind(answer(good), ErrorKind::Unavailable);
    // What this one collided with was never stored, so it isn't told of a collision.
    expect_kind(answer(bad), ErrorKind::Unavailable);
    expect_kind(answer(fatal), ErrorKind::Unavailable);
    assert!(ids(&store).is_empty());
    assert_eq!(store.stats().commits, before.commits);
    store.write_blocking(|tx| insert(tx, "good")).expect("the writer has recovered");
    assert_eq!(ids(&store), ["good"]);
}

#[test]
fn a_full_disk_loses_nothing_that_was_acknowledged() {
    let (store, _folder) = open(|_| {});
    // One page more than now is as good as a full disk: SQLite takes the same way out.
    store.write_blocking(|tx| tx.execute_batch("PRAGMA max_page_count = 1")).expect("a pragma");
    let fill = |worker: usize| {
        let store = store.clone();
        thread::spawn(move || {
            let mut stored = Vec::new();
            for at in 0.. {
                let id = format!("{worker}-{at}-{}", "x".repeat(500));
                let (given, job_id) = (id.clone(), id);
                match store.write_blocking(move |tx| insert(tx, &job_id)) {
                    Ok(()) => stored.push(given),
                    Err(error) => return (stored, error),
                }
            }
            unreachable!("the file has room for a few pages only")
        })
    };
    let mut stored = Vec::new();
    let mut told = false;
    for filler in [0, 1, 2, 3].map(fill) {
        let (ids, error) = filler.join().expect("callers don't panic");
        stored.extend(ids);
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{}", error.log_text());
        told |= error.message().contains("no room on disk");
    }
    assert!(told, "somebody is told why");
    stored.sort();
    assert_eq!(ids(&store), stored);
    store.write_blocking(|tx| tx.execute_batch("PRAGMA max_page_count = 100000")).expect("a pragma");
    store.write_blocking(|tx| insert(tx, &"y".repeat(9000))).expect("there is room again");
    assert_eq!(ids(&store).len(), stored.len() + 1);
}

#[test]
fn a_lock_of_another_process_is_waited_for_and_then_reported() {
    let (store, folder) = open(|options| options.wait_timeout = Duration::from_millis(100));
    let other = open_in(folder.path(), |_| {}).expect("a second process can open the folder");
    let line = Line::new(&other);
    let error = expect_kind(store.write_blocking(|tx| insert(tx, "blocked")), ErrorKind::Unavailable);
    assert!(error.message().contains("another process"), "{}", error.message());
    line.release().expect("it does nothing");
    store.write_blocking(|tx| insert(tx, "free")).expect("the lock is gone");
    assert_eq!(ids(&other), ["free"]);
}
