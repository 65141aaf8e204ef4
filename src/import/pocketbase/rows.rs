//! The records of all collections, read in one pass each and written in batches.

use std::sync::Arc;

use super::report::{CollectionReport, Kind, Report};
use super::{Origin, PASSING, Source, Target, files, values};
use crate::base::limits::{IMPORT_BATCH_BYTES, IMPORT_BATCH_ROWS};
use crate::base::progress::{Progress, Unit};
use crate::base::{Error, ErrorKind, Result};
use crate::domain::{Collection, Field, Record};
use crate::files::ledger;
use crate::query::whole;
use crate::records;
use crate::store::{Row, WriteTx};

/// Takes the records of every collection that isn't a view.
pub(super) fn take_all(
    source: &Source,
    origin: &Origin,
    target: &Target<'_>,
    report: &mut Report,
    progress: &dyn Progress,
) -> Result<()> {
    for collection in target.store.schema().collections() {
        let mut taking = Taking::of(collection, origin, target, report);
        if !collection.is_view() {
            taking.run(source, progress)?;
        }
        let own = taking.own;
        report.add(own);
    }
    Ok(())
}

/// One collection on its way.
struct Taking<'t> {
    collection: &'t Arc<Collection>,
    origin: &'t Origin,
    target: &'t Target<'t>,
    report: &'t mut Report,
    own: CollectionReport,
}

impl<'t> Taking<'t> {
    fn of(
        collection: &'t Arc<Collection>,
        origin: &'t Origin,
        target: &'t Target<'t>,
        report: &'t mut Report,
    ) -> Taking<'t> {
        let own = CollectionReport {
            name: collection.name.clone(),
            id: collection.id.clone(),
            kind: collection.kind.name().to_owned(),
            ..CollectionReport::default()
        };
        Taking { collection, origin, target, report, own }
    }

    fn run(&mut self, source: &Source, progress: &dyn Progress) -> Result<()> {
        let name = self.collection.name.as_str();
        let Some(columns) = source.columns(name) else {
            // What only we have isn't missed.
            if source_defines(source, self.collection) {
                self.report.note(Kind::Lost, name, "", "", "There is no table with its records.");
            }
            return Ok(());
        };
        let mut positions = Vec::new();
        for (at, field) in self.collection.fields.iter().enumerate() {
            match columns.contains_key(&field.name.to_ascii_lowercase()) {
                true => positions.push(at),
                false => self.report.note(Kind::Changed, name, "", &field.name, "There is no column with its values."),
            }
        }
        let fields: Vec<&Field> = positions.iter().map(|at| &self.collection.fields[*at]).collect();
        let (dialect, count) = (self.target.dialect, whole::count(self.target.dialect, self.collection));
        source.read(|tx| {
            let total = tx.first(&count, |row| row.integer(0))?.unwrap_or(0).unsigned_abs();
            progress.begin(name, Unit::Items, total);
            if PASSING.contains(&name) {
                self.own.found = total;
                if total > 0 {
                    let text = format!("{total} of them aren't taken: they would be over anyway.");
                    self.report.note(Kind::Info, name, "", "", text);
                }
                return Ok(());
            }
            let mut batch = Batch::default();
            tx.rows(&whole::rows(dialect, self.collection, &fields), |row| {
                self.own.found += 1;
                batch.add(self.record(row, &positions)?);
                if batch.is_full() {
                    self.flush(std::mem::take(&mut batch))?;
                    progress.reached(self.own.found);
                }
                Ok(())
            })?;
            self.flush(batch)?;
            progress.reached(self.own.found);
            Ok(())
        })
    }

    fn record(&mut self, row: &Row<'_>, positions: &[usize]) -> Result<Record> {
        let mut record = Record::blank(self.collection.clone());
        let mut changes = Vec::new();
        for (column, at) in positions.iter().enumerate() {
            let field = &self.collection.fields[*at];
            let (value, why) = values::read(field, row.get_foreign(column)?);
            record.set_at(*at, value);
            changes.extend(why.map(|why| (field.name.clone(), why)));
        }
        self.own.changed += changes.len() as u64;
        for (field, why) in changes {
            self.report.note(Kind::Changed, &self.collection.name, record.id(), &field, why);
        }
        Ok(record)
    }

    /// Writes a batch; what can't be written is noted. Then the files of what was written are taken.
    fn flush(&mut self, batch: Batch) -> Result<()> {
        if batch.records.is_empty() {
            return Ok(());
        }
        let (records, dialect) = (batch.records, self.target.dialect);
        let (records, failed) = self.target.store.write_blocking(move |tx| {
            let failed = write(tx, dialect, &records)?;
            Ok((records, failed))
        })?;
        self.own.taken += (records.len() - failed.len()) as u64;
        self.own.lost += failed.len() as u64;
        for (at, why) in &failed {
            let text = format!("The record can't be stored: {why}");
            self.report.note(Kind::Lost, &self.collection.name, records[*at].id(), "", text);
        }
        if !self.collection.fields.iter().any(|field| field.as_file().is_some()) {
            return Ok(());
        }
        let mut stored = Vec::new();
        for (at, record) in records.iter().enumerate() {
            if failed.iter().all(|(other, _)| *other != at) {
                stored.extend(files::take(self.origin, self.target, record, &mut self.own.files, self.report)?);
            }
        }
        self.target.store.write_blocking(move |tx| ledger::adopt(tx, dialect, &stored))
    }
}

/// Whether the other program knows the collection.
fn source_defines(source: &Source, collection: &Collection) -> bool {
    !collection.system || source.columns(&collection.name).is_some()
}

/// Writes all records, or those that can be; the positions of the others with reasons.
fn write(
    tx: &mut WriteTx<'_>,
    dialect: crate::query::dialect::Dialect,
    all: &[Record],
) -> Result<Vec<(usize, String)>> {
    let whole = tx.nested(|tx| all.iter().try_for_each(|record| store(tx, dialect, record)));
    match whole {
        Ok(()) => return Ok(Vec::new()),
        Err(error) if !is_records_fault(&error) => return Err(error),
        Err(_) => {}
    }
    let mut failed = Vec::new();
    for (at, record) in all.iter().enumerate() {
        match tx.nested(|tx| store(tx, dialect, record)) {
            Ok(()) => {}
            Err(error) if is_records_fault(&error) => failed.push((at, reason(&error))),
            Err(error) => return Err(error),
        }
    }
    Ok(failed)
}

fn store(tx: &mut WriteTx<'_>, dialect: crate::query::dialect::Dialect, record: &Record) -> Result<()> {
    if record.id().is_empty() {
        return Err(Error::invalid("It has no id."));
    }
    records::adopt(tx, dialect, record)
}

/// Whether it is the record that can't be stored, or nothing can.
fn is_records_fault(error: &Error) -> bool {
    error.kind() == ErrorKind::Invalid
}

fn reason(error: &Error) -> String {
    let fields: Vec<&str> = error.fields().names().collect();
    match fields.is_empty() {
        true => error.message(),
        false => format!("another record has the same value in {}.", fields.join(", ")),
    }
}

/// Records that are written together.
#[derive(Default)]
struct Batch {
    records: Vec<Record>,
    bytes: usize,
}

impl Batch {
    fn add(&mut self, record: Record) {
        self.bytes += record.size_bytes();
        self.records.push(record);
    }

    fn is_full(&self) -> bool {
        self.records.len() >= IMPORT_BATCH_ROWS || self.bytes >= IMPORT_BATCH_BYTES
    }
}
