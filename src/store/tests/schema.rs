//! The schema that a transaction sees is the one that goes with its data.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;

/// Changes the schema and notes its generation in the database, in one transaction.
fn change_schema(tx: &mut WriteTx<'_>) -> Result<()> {
    let schema = Arc::new(Schema::new(Vec::new()));
    let generation = i64::try_from(schema.generation()).expect("generations are small");
    tx.execute(&sql("DELETE FROM t"))?;
    tx.execute(&Statement::new("INSERT INTO t (id, n) VALUES ('generation', ?1)", vec![generation.into()]))?;
    tx.set_schema(schema);
    Ok(())
}

/// The generation of the schema, and the one that the data says.
fn both(tx: &ReadTx<'_>) -> Result<(i64, i64)> {
    let stored = number(tx, "SELECT n FROM t")?;
    Ok((i64::try_from(tx.schema().generation()).expect("generations are small"), stored))
}

#[test]
fn readers_never_mix_schemas() {
    let (store, _folder) = open(|options| options.readers = 4);
    store.write_blocking(change_schema).expect("a change");
    let done = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..4)
        .map(|_| {
            let (store, done) = (store.clone(), done.clone());
            thread::spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    let (of_schema, of_data) = store.read_blocking(both).expect("the data can be read");
                    assert_eq!(of_schema, of_data);
                }
            })
        })
        .collect();
    for _ in 0..150 {
        store.write_blocking(change_schema).expect("a change");
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.join().expect("no reader has seen a mixture");
    }
}

#[test]
fn a_read_overtaken_by_a_change_runs_again() {
    let (store, _folder) = open(|_| {});
    store.write_blocking(change_schema).expect("a change");
    let runs = Arc::new(AtomicUsize::new(0));
    let (started, has_started) = mpsc::channel();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let (counter, may_go_on) = (runs.clone(), Mutex::new(may_go_on));
    let reader = {
        let store = store.clone();
        thread::spawn(move || {
            store.read_blocking(move |tx| {
                if counter.fetch_add(1, Ordering::Relaxed) == 0 {
                    started.send(()).expect("the test waits");
                    may_go_on.lock().expect("one user").recv().expect("the test goes on");
                }
                both(tx)
            })
        })
    };
    has_started.recv().expect("it starts");
    store.write_blocking(change_schema).expect("a change");
    go_on.send(()).expect("the reader waits");
    let (of_schema, of_data) = answer(reader).expect("the data can be read");
    assert_eq!(of_schema, of_data);
    assert_eq!(runs.load(Ordering::Relaxed), 2);
}

#[test]
fn later_jobs_of_a_group_see_a_change_before_it_is_published() {
    let (store, _folder) = open(|_| {});
    let published = store.schema().generation();
    let line = Line::new(&store);
    let failing = line.add(|tx| change_schema(tx).and(Err::<(), _>(Error::forbidden("no"))));
    let undone = line.add(|tx| Ok(tx.schema().generation()));
    let change = line.add(|tx| change_schema(tx).map(|()| tx.schema().generation()));
    let outside = store.clone();
    let next = line.add(move |tx| Ok((tx.schema().generation(), outside.schema().generation())));
    line.release().expect("it does nothing");
    expect_kind(answer(failing), ErrorKind::Forbidden);
    assert_eq!(answer(undone).expect("a number"), published);
    let changed = answer(change).expect("a change");
    assert_eq!(answer(next).expect("numbers"), (changed, published));
    assert_eq!(store.schema().generation(), changed);
}

#[test]
fn a_change_that_is_not_committed_is_not_published() {
    let (store, _folder) = open(|_| {});
    let before = store.schema().generation();
    let change = |tx: &mut WriteTx<'_>| {
        tx.connection().refuse_next_commit();
        change_schema(tx)
    };
    expect_kind(store.write_blocking(change), ErrorKind::Unavailable);
    assert_eq!(store.schema().generation(), before);
    assert!(ids(&store).is_empty());
}

#[test]
fn changes_by_another_process_are_noticed() {
    let (server, folder) = open(|_| {});
    let command = open_in(folder.path(), |_| {}).expect("a second process can open the folder");
    let before = server.schema().generation();
    command.write_blocking(|tx| insert(tx, "foreign")).expect("it can write");
    wait_until("the idle server has looked", || server.schema().generation() > before);

    let before = server.schema().generation();
    command.write_blocking(|tx| insert(tx, "foreign again")).expect("it can write");
    let seen = server.write_blocking(|tx| Ok(tx.schema().generation())).expect("a number");
    assert!(seen > before, "a write looks before it starts");
    let own = server.schema().generation();
    server.write_blocking(|tx| insert(tx, "own")).expect("it can write");
    server.write_blocking(|tx| insert(tx, "own again")).expect("it can write");
    assert_eq!(server.schema().generation(), own, "commits of our own are no reason to load the schema");
}
