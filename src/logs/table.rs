//! The table of entries, and how it stays within its bounds.

use std::sync::{Arc, LazyLock};

use super::Entry;
use crate::base::{Result, SqlValue, Statement, Timestamp, ids, json};
use crate::domain::field::{json::JsonOptions, number::NumberOptions, text::TextOptions};
use crate::domain::{Collection, CollectionKind, Field, FieldKind, Rules};
use crate::query::dialect::Dialect;
use crate::query::table::{Direction, Table, Where};
use crate::store::{ReadTx, Row, WriteTx};

const TABLE: Table = Table::new("_logs");
const COLUMNS: [&str; 6] = ["id", "created", "data", "message", "level", "seq"];
/// When there is no more room, the oldest of this many parts of all entries goes.
const PARTS: u64 = 10;

/// The table, described as if it were a collection: what filters and sort expressions know of it.
pub static LOGS: LazyLock<Arc<Collection>> = LazyLock::new(|| {
    let text = |name| Field::new(name, FieldKind::Text(TextOptions::default()));
    let data = Field::new("data", FieldKind::Json(JsonOptions::default()));
    let level = Field::new("level", FieldKind::Number(NumberOptions::default()));
    Arc::new(Collection {
        id: "_logs".into(),
        name: "_logs".into(),
        kind: CollectionKind::Base,
        system: true,
        rules: Rules::default(),
        // As `write_row` expects them.
        fields: vec![text("id"), text("created"), data, text("message"), level],
        indexes: Vec::new(),
        created: String::new(),
        updated: String::new(),
    })
});

/// An entry as it is stored.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Stored {
    pub id: String,
    pub created: String,
    /// JSON text.
    pub data: String,
    pub message: String,
    pub level: i64,
    /// Its place in the order of writing.
    pub seq: i64,
}

impl Stored {
    /// As JSON.
    pub fn to_json(&self) -> String {
        let mut out = String::with_capacity(self.data.len() + self.message.len() + 128);
        write_parts(&mut out, [&self.id, &self.created, &self.data, &self.message], self.level);
        out
    }
}

/// Writes a row that has the fields of [`LOGS`] first as JSON.
pub fn write_row(out: &mut String, row: &Row<'_>) -> Result<()> {
    let parts = [row.text(0)?, row.text(1)?, row.text(2)?, row.text(3)?];
    write_parts(out, parts, row.integer(4)?);
    Ok(())
}

fn write_parts(out: &mut String, [id, created, data, message]: [&str; 4], level: i64) {
    out.push_str("{\"id\":");
    json::write_str(out, id);
    out.push_str(",\"created\":");
    json::write_str(out, created);
    out.push_str(",\"data\":");
    out.push_str(data);
    out.push_str(",\"message\":");
    json::write_str(out, message);
    out.push_str(",\"level\":");
    out.push_str(&level.to_string());
    out.push('}');
}

/// Writes entries. Their statement is made once.
pub fn insert(tx: &mut WriteTx<'_>, dialect: Dialect, entries: &[Entry]) -> Result<()> {
    let mut made: Option<Statement> = None;
    for entry in entries {
        let row = [
            ("id", SqlValue::from(ids::record_id())),
            ("created", entry.created.to_string().into()),
            ("level", entry.level.into()),
            ("message", entry.message.as_str().into()),
            ("data", entry.data.as_str().into()),
        ];
        let statement = match made.take() {
            None => TABLE.insert(dialect, row.into()),
            Some(before) => Statement { sql: before.sql, params: row.map(|(_, value)| value).into() },
        };
        tx.execute(&statement)?;
        made = Some(statement);
    }
    Ok(())
}

/// One entry.
pub fn find(tx: &ReadTx<'_>, dialect: Dialect, id: &str) -> Result<Option<Stored>> {
    tx.first(&TABLE.select(dialect, &COLUMNS, &[Where::Is("id", id.into())]), stored)
}

/// How many entries there are.
pub fn count(tx: &ReadTx<'_>, dialect: Dialect) -> Result<u64> {
    let count = tx.first(&TABLE.count(dialect, &[]), |row| row.integer(0))?;
    Ok(count.unwrap_or_default().unsigned_abs())
}

/// The latest `limit` entries of at least this level, the oldest of them first.
pub fn latest(tx: &ReadTx<'_>, dialect: Dialect, min_level: i64, limit: u64) -> Result<Vec<Stored>> {
    let order = Some(("seq", Direction::Descending));
    let mut found = list(tx, &TABLE.page(dialect, &COLUMNS, &[at_least(min_level)], order, Some(limit)))?;
    found.reverse();
    Ok(found)
}

/// The first `limit` entries of at least this level that were written after the one at `seq`, the oldest first.
pub fn since(tx: &ReadTx<'_>, dialect: Dialect, seq: i64, min_level: i64, limit: u64) -> Result<Vec<Stored>> {
    let conditions = [Where::Above("seq", seq.into()), at_least(min_level)];
    let order = Some(("seq", Direction::Ascending));
    list(tx, &TABLE.page(dialect, &COLUMNS, &conditions, order, Some(limit)))
}

/// Deletes entries that are older than `bound`; says how many there were.
pub fn delete_older(tx: &mut WriteTx<'_>, dialect: Dialect, bound: Timestamp) -> Result<usize> {
    tx.execute(&TABLE.delete(dialect, &[Where::Below("created", bound.to_string().into())]))
}

/// Deletes entries below this level; says how many there were.
pub fn delete_below(tx: &mut WriteTx<'_>, dialect: Dialect, min_level: i64) -> Result<usize> {
    tx.execute(&TABLE.delete(dialect, &[Where::Below("level", min_level.into())]))
}

/// Deletes all entries.
pub fn delete_all(tx: &mut WriteTx<'_>, dialect: Dialect) -> Result<usize> {
    tx.execute(&TABLE.delete(dialect, &[]))
}

/// Deletes the oldest entries until the database is no larger than `max_bytes`; says how many they were. Their pages
/// are used again, so that the file doesn't grow any more either.
pub fn shrink(tx: &mut WriteTx<'_>, dialect: Dialect, max_bytes: u64) -> Result<usize> {
    let mut deleted = 0;
    while tx.used_bytes()? > max_bytes {
        let (count, order) = (count(tx, dialect)?, [("seq", Direction::Ascending)]);
        let last = TABLE.slice(dialect, &["seq"], &order, 1, (count / PARTS).min(count.saturating_sub(1)));
        let Some(bound) = tx.first(&last, |row| row.integer(0))? else { break };
        deleted += tx.execute(&TABLE.delete(dialect, &[Where::UpTo("seq", bound.into())]))?;
    }
    Ok(deleted)
}

fn at_least(min_level: i64) -> Where {
    Where::Above("level", min_level.saturating_sub(1).into())
}

fn list(tx: &ReadTx<'_>, statement: &Statement) -> Result<Vec<Stored>> {
    let mut found = Vec::new();
    tx.rows(statement, |row| {
        found.push(stored(row)?);
        Ok(())
    })?;
    Ok(found)
}

fn stored(row: &Row<'_>) -> Result<Stored> {
    Ok(Stored {
        id: row.text(0)?.to_owned(),
        created: row.text(1)?.to_owned(),
        data: row.text(2)?.to_owned(),
        message: row.text(3)?.to_owned(),
        level: row.integer(4)?,
        seq: row.integer(5)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Schema;
    use crate::store::{Store, StoreOptions};

    const SQLITE: Dialect = Dialect::Sqlite;

    fn store() -> (Store, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = Store::open(StoreOptions::for_logs(folder.path()), |_| Ok(Schema::new(Vec::new())));
        (store.expect("an empty folder can be opened"), folder)
    }

    fn entry(day: u32, level: i64, message: &str) -> Entry {
        let created = Timestamp::parse(&format!("2026-01-{day:02} 10:00:00.000Z")).expect("a time");
        Entry { created, level, message: message.to_owned(), data: "{\"a\":1}".to_owned() }
    }

    fn messages(store: &Store) -> Vec<String> {
        let all = store.read_blocking(|tx| latest(tx, SQLITE, i64::MIN, 1000)).expect("entries");
        all.into_iter().map(|stored| stored.message).collect()
    }

    fn fill(store: &Store, entries: Vec<Entry>) {
        store.write_blocking(move |tx| insert(tx, SQLITE, &entries)).expect("entries can be written");
    }

    #[test]
    fn entries_come_back_as_they_were_in_their_order() {
        let (store, _folder) = store();
        fill(&store, vec![entry(2, 8, "one \"quoted\""), entry(1, 0, "two"), entry(3, 4, "three")]);
        let all = store.read_blocking(|tx| latest(tx, SQLITE, i64::MIN, 2)).expect("entries");
        assert_eq!(all.iter().map(|stored| stored.message.as_str()).collect::<Vec<_>>(), ["two", "three"]);
        let after = all[0].seq - 1;
        let since = store.read_blocking(move |tx| since(tx, SQLITE, after, 1, 10)).expect("entries");
        assert_eq!(since, all[1..]);
        let id = all[1].id.clone();
        let found = store.read_blocking(move |tx| find(tx, SQLITE, &id)).expect("a look").expect("an entry");
        assert_eq!(found, all[1]);
        let expect = format!(
            "{{\"id\":\"{}\",\"created\":\"2026-01-03 10:00:00.000Z\",\"data\":{{\"a\":1}},\"message\":\"three\",\
             \"level\":4}}",
            found.id
        );
        assert_eq!(found.to_json(), expect);
    }

    #[test]
    fn what_is_old_or_of_too_low_a_level_goes() {
        let (store, _folder) = store();
        fill(&store, vec![entry(1, 8, "old"), entry(5, 0, "low"), entry(5, 4, "stays")]);
        let bound = entry(5, 0, "").created;
        assert_eq!(store.write_blocking(move |tx| delete_older(tx, SQLITE, bound)).expect("a deletion"), 1);
        assert_eq!(messages(&store), ["low", "stays"]);
        assert_eq!(store.write_blocking(|tx| delete_below(tx, SQLITE, 1)).expect("a deletion"), 1);
        assert_eq!(messages(&store), ["stays"]);
        assert_eq!(store.write_blocking(|tx| delete_all(tx, SQLITE)).expect("a deletion"), 1);
        assert_eq!(messages(&store), [""; 0]);
    }

    #[test]
    fn no_number_is_given_twice() {
        let (store, _folder) = store();
        fill(&store, vec![entry(1, 0, "one")]);
        let seq = |store: &Store| store.read_blocking(|tx| latest(tx, SQLITE, 0, 1)).expect("entries")[0].seq;
        let before = seq(&store);
        store.write_blocking(|tx| delete_all(tx, SQLITE)).expect("a deletion");
        fill(&store, vec![entry(1, 0, "two")]);
        assert!(seq(&store) > before);
    }

    #[test]
    fn the_oldest_make_room() {
        let (store, _folder) = store();
        let long = "x".repeat(500);
        fill(&store, (0..1000).map(|at| entry(1, 0, &format!("{at} {long}"))).collect());
        let max_bytes = 300_000;
        assert!(store.read_blocking(|tx| tx.used_bytes()).expect("a size") > max_bytes);
        let deleted = store.write_blocking(move |tx| shrink(tx, SQLITE, max_bytes)).expect("a deletion");
        assert!(store.read_blocking(|tx| tx.used_bytes()).expect("a size") <= max_bytes);
        let left = messages(&store);
        assert_eq!((deleted + left.len(), left[0].as_str()), (1000, format!("{deleted} {long}").as_str()));
        assert!(left.len() > 100, "{} are left, which is less than there is room for", left.len());
        assert_eq!(store.write_blocking(move |tx| shrink(tx, SQLITE, max_bytes)).expect("nothing to do"), 0);
    }

    #[test]
    fn a_bound_that_nothing_keeps_ends_with_no_entries() {
        let (store, _folder) = store();
        fill(&store, vec![entry(1, 0, "one"), entry(1, 0, "two")]);
        assert_eq!(store.write_blocking(|tx| shrink(tx, SQLITE, 1)).expect("a deletion"), 2);
    }
}
