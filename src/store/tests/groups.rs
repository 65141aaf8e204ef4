//! Writes that wait share a commit, and a failing one harms no other.

use super::*;
use crate::domain::Event;

#[test]
fn waiting_writes_share_one_commit() {
    let (store, _folder) = open(|_| {});
    let line = Line::new(&store);
    let added: Vec<_> = (0..20).map(|at| line.add(move |tx| insert(tx, &format!("id{at:02}")))).collect();
    let before = store.stats();
    line.release().expect("it does nothing");
    for write in added {
        answer(write).expect("ids differ");
    }
    let after = store.stats();
    assert_eq!(after.commits - before.commits, 1);
    assert_eq!(after.writes - before.writes, 21);
    assert_eq!(after.largest_group, 21);
    assert_eq!(ids(&store).len(), 20);
}

#[test]
fn groups_are_no_larger_than_allowed() {
    let (store, _folder) = open(|options| options.group_max = 4);
    let line = Line::new(&store);
    let added: Vec<_> = (0..11).map(|at| line.add(move |tx| insert(tx, &format!("id{at:02}")))).collect();
    let before = store.stats();
    line.release().expect("it does nothing");
    for write in added {
        answer(write).expect("ids differ");
    }
    assert_eq!(store.stats().commits - before.commits, 3);
    assert_eq!(store.stats().largest_group, 4);
}

#[test]
fn a_group_that_takes_long_is_committed_before_more_is_taken() {
    let (store, _folder) = open(|options| options.group_time = Duration::ZERO);
    let line = Line::new(&store);
    let added: Vec<_> = (0..3).map(|at| line.add(move |tx| insert(tx, &format!("id{at}")))).collect();
    line.release().expect("it does nothing");
    for write in added {
        answer(write).expect("ids differ");
    }
    assert_eq!(store.stats().largest_group, 1);
}

#[test]
fn failing_and_panicking_jobs_are_undone_alone() {
    let (store, _folder) = open(|_| {});
    let line = Line::new(&store);
    let first = line.add(|tx| insert(tx, "a"));
    let fails = line.add(|tx| insert(tx, "b").and_then(|()| insert(tx, "a")));
    let refuses = line.add(|tx| insert(tx, "c").and(Err::<(), _>(Error::forbidden("no"))));
    let panics = line.add(|tx| {
        insert(tx, "d")?;
        tx.nested(|tx| -> Result<()> {
            insert(tx, "e")?;
            panic!("on purpose")
        })
    });
    let last = line.add(|tx| insert(tx, "b"));
    let before = store.stats();
    line.release().expect("it does nothing");
    answer(first).expect("it is new");
    expect_kind(answer(fails), ErrorKind::Invalid);
    expect_kind(answer(refuses), ErrorKind::Forbidden);
    let error = expect_kind(answer(panics), ErrorKind::Internal);
    assert!(error.log_text().contains("on purpose"));
    answer(last).expect("the other b was undone");
    assert_eq!(ids(&store), ["a", "b"]);
    assert_eq!(store.stats().commits - before.commits, 1);
}

#[test]
fn a_job_may_have_a_group_of_its_own() {
    let (store, _folder) = open(|_| {});
    let line = Line::new(&store);
    let own = |id: &'static str| line.add_alone(Duration::from_secs(60), move |tx| insert(tx, id));
    let before = store.stats();
    let added = [line.add(|tx| insert(tx, "a")), own("b"), own("c"), line.add(|tx| insert(tx, "d"))];
    let last = line.add(|tx| insert(tx, "e"));
    line.release().expect("it does nothing");
    for write in added {
        answer(write).expect("ids differ");
    }
    answer(last).expect("ids differ");
    let after = store.stats();
    assert_eq!(ids(&store), ["a", "b", "c", "d", "e"]);
    assert_eq!((after.commits - before.commits, after.largest_group), (4, 2), "held and a; b; c; d and e");
}

#[test]
fn a_job_with_a_group_of_its_own_is_done_before_the_store_closes() {
    let (store, _folder) = open(|_| {});
    let line = Line::new(&store);
    let own = line.add_alone(Duration::from_secs(60), |tx| insert(tx, "own"));
    let closing = store.clone();
    let closed = thread::spawn(move || closing.close());
    line.release().expect("it does nothing");
    answer(own).expect("it came before the end");
    closed.join().expect("closing doesn't panic");
}

#[test]
fn rehearsals_leave_nothing() {
    let (store, _folder) = open(|_| {});
    let write = |tx: &mut WriteTx<'_>| {
        let generation = tx.schema().generation();
        let count = tx.rehearse(|tx| {
            insert(tx, "a")?;
            tx.set_schema(Schema::new(Vec::new()).into());
            tx.announce(Event::MailQueued);
            number(tx, "SELECT count(*) FROM t")
        })?;
        expect_kind(tx.rehearse(|tx| insert(tx, "b").and(Err::<(), _>(Error::not_found()))), ErrorKind::NotFound);
        Ok((count, tx.announced(), tx.schema().generation() == generation))
    };
    assert_eq!(store.write_blocking(write).expect("it was undone"), (1, 0, true));
    assert!(ids(&store).is_empty());
}

#[test]
fn nested_parts_are_undone_alone() {
    let (store, _folder) = open(|_| {});
    let write = |tx: &mut WriteTx<'_>| {
        insert(tx, "a")?;
        let inner = tx.nested(|tx| {
            insert(tx, "b")?;
            tx.nested(|tx| insert(tx, "c"))?;
            tx.set_schema(Schema::new(Vec::new()).into());
            insert(tx, "a")
        });
        expect_kind(inner, ErrorKind::Invalid);
        tx.nested(|tx| insert(tx, "d"))?;
        Ok(tx.schema().generation())
    };
    let generation = store.write_blocking(write).expect("what fails inside is caught");
    assert_eq!(ids(&store), ["a", "d"]);
    assert_eq!(generation, store.schema().generation(), "the schema is undone with its part");
}

#[test]
fn a_panicking_read_harms_no_other() {
    let (store, _folder) = open(|options| options.readers = 1);
    let error = expect_kind(store.read_blocking(|_| -> Result<()> { panic!("on purpose") }), ErrorKind::Internal);
    assert!(error.log_text().contains("on purpose"));
    assert!(ids(&store).is_empty());
}

#[tokio::test]
async fn the_asynchronous_calls_do_the_same() {
    let (store, _folder) = open(|_| {});
    let writes: Vec<_> = (0..50)
        .map(|at| {
            let store = store.clone();
            tokio::spawn(async move { store.write(move |tx| insert(tx, &format!("{at}"))).await })
        })
        .collect();
    for write in writes {
        write.await.expect("callers don't panic").expect("ids differ");
    }
    assert_eq!(store.read(|tx| number(tx, "SELECT count(*) FROM t")).await.expect("a count"), 50);
}

#[test]
fn a_store_may_be_dropped_inside_of_its_own_job() {
    let (store, _folder) = open(|_| {});
    let (release, released) = mpsc::channel::<()>();
    let own = store.clone();
    let (done, is_done) = mpsc::channel();
    let caller = write_aside(&store, move |_| {
        released.recv().expect("the test releases");
        drop(own);
        done.send(()).expect("the test waits");
        Ok(())
    });
    drop(store);
    release.send(()).expect("the job waits");
    is_done.recv().expect("the job ends");
    answer(caller).expect("it was carried out");
}
