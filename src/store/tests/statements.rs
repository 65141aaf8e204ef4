//! What statements give, and what their faults become.

use super::*;
use crate::store::{ColumnInfo, SqlFault, UniqueViolation};

#[test]
fn the_library_is_new_enough() {
    let (store, _folder) = open(|_| {});
    let version = store
        .read_blocking(|tx| tx.first(&sql("SELECT sqlite_version()"), |row| row.get(0).map(text)))
        .expect("it has a version")
        .expect("one row");
    let numbers: Vec<u32> = version.split('.').map(|part| part.parse().expect("a number")).collect();
    assert!(numbers >= vec![3, 51, 3], "{version} has a fault that damages files");
}

/// They are an option of SQLite's build, set in `.cargo/config.toml`.
#[test]
fn the_library_has_mathematical_functions() {
    let (store, _folder) = open(|_| {});
    let found = store.read_blocking(|tx| {
        tx.first(&sql("SELECT CAST(floor(2.5) + pow(2, 3) + acos(1) AS TEXT)"), |row| row.get(0).map(text))
    });
    assert_eq!(found.expect("the functions are known").as_deref(), Some("10.0"));
}

#[test]
fn values_come_back_as_they_went_in() {
    let (store, _folder) = open(|_| {});
    let values =
        [SqlValue::Null, SqlValue::from(-7), SqlValue::from(0.5), SqlValue::from("a\0'é"), SqlValue::from(i64::MAX)];
    let given = values.to_vec();
    let job = move |tx: &ReadTx<'_>| {
        let statement = Statement::new("SELECT ?1 AS a, ?2, ?3, ?4, ?5", given.clone());
        tx.first(&statement, |row| {
            assert_eq!((row.len(), row.name(0)?), (5, "a"));
            expect_kind(row.get(5), ErrorKind::Internal);
            expect_kind(row.name(5), ErrorKind::Internal);
            (0..5).map(|at| row.get(at).map(SqlValueRef::to_owned)).collect::<Result<Vec<_>>>()
        })
    };
    assert_eq!(store.read_blocking(job).expect("a row"), Some(values.to_vec()));
}

#[test]
fn odd_values_are_reported() {
    let (store, _folder) = open(|_| {});
    let job = |tx: &ReadTx<'_>| {
        tx.first(&sql("SELECT x'00ff', CAST(x'ff' AS TEXT)"), |row| {
            assert_eq!(row.get(0)?, SqlValueRef::Blob(&[0, 255]));
            expect_kind(row.get(1), ErrorKind::Internal);
            Ok(())
        })
    };
    assert!(store.read_blocking(job).expect("a row").is_some());
}

#[test]
fn the_settings_are_in_force() {
    let (store, _folder) = open(|_| {});
    let settings = |tx: &ReadTx<'_>| {
        ["synchronous", "foreign_keys", "trusted_schema", "wal_autocheckpoint", "mmap_size", "temp_store"]
            .into_iter()
            .map(|name| number(tx, &format!("PRAGMA {name}")))
            .collect::<Result<Vec<_>>>()
    };
    let expect = vec![2, 0, 0, 0, 0, 2];
    assert_eq!(store.read_blocking(settings).expect("numbers"), expect);
    assert_eq!(store.write_blocking(move |tx| settings(tx)).expect("numbers"), expect);
    let mode = store
        .read_blocking(|tx| tx.first(&sql("PRAGMA journal_mode"), |row| row.get(0).map(text)))
        .expect("it has a mode");
    assert_eq!(mode.as_deref(), Some("wal"));
}

#[test]
fn time_stands_still_in_a_transaction() {
    let (store, _folder) = open(|_| {});
    let job = |tx: &ReadTx<'_>| {
        let first = tx.now();
        while crate::base::Timestamp::now() == first {
            thread::yield_now();
        }
        Ok(first == tx.now())
    };
    assert!(store.read_blocking(job).expect("an answer"));
}

#[test]
fn a_read_sees_one_snapshot() {
    let (store, _folder) = open(|_| {});
    let writer = store.clone();
    let job = move |tx: &ReadTx<'_>| {
        let before = tx.exists(&sql("SELECT 1 FROM t"))?;
        writer.write_blocking(|tx| insert(tx, "meanwhile"))?;
        Ok((before, tx.exists(&sql("SELECT 1 FROM t"))?))
    };
    assert_eq!(store.read_blocking(job).expect("answers"), (false, false));
    assert_eq!(ids(&store), ["meanwhile"]);
}

#[test]
fn readers_can_not_write() {
    let (store, _folder) = open(|_| {});
    let job = |tx: &ReadTx<'_>| tx.exists(&sql("INSERT INTO t (id) VALUES ('x') RETURNING id"));
    expect_kind(store.read_blocking(job), ErrorKind::Internal);
    assert!(ids(&store).is_empty());
}

#[test]
fn faulty_statements_carry_the_text_of_the_database() {
    let (store, _folder) = open(|_| {});
    for (statement, expect) in [
        ("SELECT nope FROM t", "nope"),
        ("SELECT \"nope\" FROM t", "nope"),
        ("SELEC 1", "syntax"),
        ("SELECT 1; SELECT 2", "Multiple"),
        ("SELECT ?1", "parameter"),
        ("SELECT json_extract('{', '$.a')", "JSON"),
        ("ATTACH DATABASE ':memory:' AS other", "too many attached"),
    ] {
        let error = expect_kind(store.read_blocking(|tx| tx.exists(&sql(statement))), ErrorKind::Internal);
        let fault = error.cause::<SqlFault>().unwrap_or_else(|| panic!("{statement}: {}", error.log_text()));
        assert!(fault.0.contains(expect), "{statement}: {fault}");
    }
}

#[test]
fn refused_values_are_the_callers_fault() {
    let (store, _folder) = open(|_| {});
    let error = expect_kind(
        store.write_blocking(|tx| tx.execute(&sql("INSERT INTO t (id, n) VALUES ('a', 'text')"))),
        ErrorKind::Invalid,
    );
    assert!(error.cause::<SqlFault>().is_some());
}

#[test]
fn unique_violations_say_where() {
    let (store, _folder) = open(|_| {});
    let prepare = "CREATE TABLE u (a TEXT, b TEXT COLLATE NOCASE); CREATE UNIQUE INDEX pair ON u (a, b); \
                   CREATE UNIQUE INDEX expression ON u (a || b); \
                   INSERT INTO u VALUES ('x', 'y'); INSERT INTO t (id) VALUES ('a');";
    store.write_blocking(move |tx| tx.execute_batch(prepare)).expect("tables");
    let check = |statement: &'static str, table: Option<&str>, columns: &[&str], index: Option<&str>| {
        let error = expect_kind(store.write_blocking(|tx| tx.execute(&sql(statement))), ErrorKind::Invalid);
        let expect = UniqueViolation {
            table: table.map(str::to_owned),
            columns: columns.iter().map(|&column| column.to_owned()).collect(),
            index: index.map(str::to_owned),
        };
        assert_eq!(error.cause::<UniqueViolation>(), Some(&expect), "{statement}");
    };
    check("INSERT INTO t (id) VALUES ('a')", Some("t"), &["id"], None);
    check("INSERT INTO u VALUES ('x', 'Y')", Some("u"), &["a", "b"], None);
    check("INSERT INTO u VALUES ('', 'xy')", None, &[], Some("expression"));
}

#[test]
fn columns_know_their_origin() {
    let (store, _folder) = open(|_| {});
    store.write_blocking(|tx| tx.execute_batch("CREATE VIEW v AS SELECT n AS m FROM t")).expect("a view");
    let query = "SELECT t.id AS first, v.m, count(*) AS amount FROM t, v";
    let columns = store.read_blocking(move |tx| tx.columns(query)).expect("columns");
    let column = |name: &str, origin: Option<(&str, &str)>| ColumnInfo {
        name: name.to_owned(),
        origin_table: origin.map(|_| "t".to_owned()),
        origin_column: origin.map(|(column, _)| column.to_owned()),
        decl_type: origin.map(|(_, kind)| kind.to_owned()),
    };
    let expect = [column("first", Some(("id", "TEXT"))), column("m", Some(("n", "INTEGER"))), column("amount", None)];
    assert_eq!(columns, expect);
    for faulty in ["DELETE FROM t RETURNING id", "BEGIN", "SELECT 1; SELECT 2", "", "SELECT nope FROM t"] {
        let error = expect_kind(store.write_blocking(|tx| tx.columns(faulty)), ErrorKind::Internal);
        assert!(error.cause::<SqlFault>().is_some(), "{faulty}: {}", error.log_text());
    }
}
