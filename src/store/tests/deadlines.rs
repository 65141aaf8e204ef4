//! Jobs that wait or run too long end, and the others go on.

use super::*;

const SHORT: Duration = Duration::from_millis(150);

fn endless_insert() -> Statement {
    Statement::new(format!("INSERT INTO t (id, n) {ENDLESS}"), Vec::new())
}

#[test]
fn a_slow_read_is_interrupted_while_others_go_on() {
    let (store, _folder) = open(|options| options.statement_timeout = SHORT);
    let (started, has_started) = mpsc::channel();
    let slow = {
        let store = store.clone();
        thread::spawn(move || {
            store.read_blocking(move |tx| {
                started.send(()).expect("the test waits");
                tx.rows(&sql(ENDLESS), |_| Ok(()))
            })
        })
    };
    has_started.recv().expect("it starts");
    store.write_blocking(|tx| insert(tx, "meanwhile")).expect("writers go on");
    assert_eq!(ids(&store), ["meanwhile"]);
    expect_kind(answer(slow), ErrorKind::Timeout);
    assert_eq!(ids(&store), ["meanwhile"]);
}

#[test]
fn many_quick_statements_are_one_slow_job() {
    let (store, _folder) = open(|options| options.statement_timeout = SHORT);
    let job = |tx: &ReadTx<'_>| -> Result<()> {
        loop {
            number(tx, "SELECT 1")?;
        }
    };
    expect_kind(store.read_blocking(job), ErrorKind::Timeout);
}

#[test]
fn a_slow_query_inside_a_write_harms_no_other() {
    let (store, _folder) = open(|options| options.statement_timeout = SHORT);
    let line = Line::new(&store);
    let before = line.add(|tx| insert(tx, "before"));
    let slow = line.add(|tx| insert(tx, "slow").and_then(|()| tx.rows(&sql(ENDLESS), |_| Ok(()))));
    let after = line.add(|tx| insert(tx, "after"));
    line.release().expect("it runs no statement");
    answer(before).expect("it was quick");
    expect_kind(answer(slow), ErrorKind::Timeout);
    answer(after).expect("it was quick");
    assert_eq!(ids(&store), ["after", "before"]);
}

#[test]
fn a_slow_change_ends_its_group_and_those_behind_it_go_on() {
    let (store, _folder) = open(|options| options.statement_timeout = SHORT);
    let line = Line::new(&store);
    let before = line.add(|tx| insert(tx, "before"));
    let slow = line.add(|tx| tx.execute(&endless_insert()));
    let after = line.add(|tx| insert(tx, "after"));
    expect_kind(line.release(), ErrorKind::Unavailable);
    expect_kind(answer(before), ErrorKind::Unavailable);
    expect_kind(answer(slow), ErrorKind::Timeout);
    answer(after).expect("it has a transaction of its own");
    assert_eq!(ids(&store), ["after"]);
}

#[test]
fn a_slow_change_with_a_group_of_its_own_harms_no_other() {
    let (store, _folder) = open(|_| {});
    let line = Line::new(&store);
    let before = line.add(|tx| insert(tx, "before"));
    let slow = line.add_alone(SHORT, |tx| tx.execute(&endless_insert()));
    let after = line.add(|tx| insert(tx, "after"));
    line.release().expect("its group was committed before");
    answer(before).expect("the same");
    expect_kind(answer(slow), ErrorKind::Timeout);
    answer(after).expect("it has a transaction of its own");
    assert_eq!(ids(&store), ["after", "before"]);
}

#[test]
fn nothing_can_be_written_after_an_interruption() {
    let (store, _folder) = open(|options| options.statement_timeout = SHORT);
    let stubborn = |tx: &mut WriteTx<'_>| {
        expect_kind(tx.execute(&endless_insert()), ErrorKind::Timeout);
        expect_kind(insert(tx, "outside"), ErrorKind::Timeout);
        Ok(())
    };
    expect_kind(store.write_blocking(stubborn), ErrorKind::Unavailable);
    assert!(ids(&store).is_empty());
}

#[test]
fn nothing_can_be_written_outside_of_a_transaction() {
    let (store, _folder) = open(|_| {});
    let ends_it = |tx: &mut WriteTx<'_>| {
        tx.execute_batch("ROLLBACK")?;
        expect_kind(insert(tx, "outside"), ErrorKind::Unavailable);
        Ok(())
    };
    expect_kind(store.write_blocking(ends_it), ErrorKind::Unavailable);
    assert!(ids(&store).is_empty());
    store.write_blocking(|tx| insert(tx, "later")).expect("the writer has recovered");
}

#[test]
fn what_waits_too_long_never_runs() {
    let (store, _folder) = open(|options| options.wait_timeout = SHORT);
    let line = Line::new(&store);
    let late = line.add(|tx| insert(tx, "late"));
    expect_kind(answer(late), ErrorKind::Unavailable);
    line.release().expect("it had started in time");
    store.write_blocking(|tx| insert(tx, "next")).expect("the writer goes on");
    assert_eq!(ids(&store), ["next"]);
}

#[tokio::test]
async fn asynchronous_callers_stop_waiting_too() {
    let (store, _folder) = open(|options| options.wait_timeout = SHORT);
    let line = Line::new(&store);
    expect_kind(store.write(|tx| insert(tx, "late")).await, ErrorKind::Unavailable);
    line.release().expect("it had started in time");
    store.write(|tx| insert(tx, "next")).await.expect("the writer goes on");
    assert_eq!(ids(&store), ["next"]);
}

#[test]
fn a_full_queue_refuses_at_once() {
    let (store, _folder) = open(|options| options.queue_length = 1);
    let line = Line::new(&store);
    let waits = line.add(|tx| insert(tx, "waits"));
    expect_kind(store.write_blocking(|tx| insert(tx, "refused")), ErrorKind::Unavailable);
    line.release().expect("it does nothing");
    answer(waits).expect("it had a place");
    assert_eq!(ids(&store), ["waits"]);
}
