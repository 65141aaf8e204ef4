//! Brings tables, indexes and views from one state of the collections to the next, inside the caller's transaction.

use std::sync::Arc;

use super::{indexes, views};
use crate::base::{Error, FieldErrors, Result, Statement};
use crate::domain::index::{self, Index};
use crate::domain::{Collection, Schema};
use crate::files::ledger;
use crate::query::ddl;
use crate::query::dialect::Dialect;
use crate::store::{SqlFault, UniqueViolation, WriteTx};

/// A collection that gets a table, or whose table changes. Never a view.
#[derive(Clone)]
pub struct TableChange {
    /// As it is stored; `None` if it is new.
    pub old: Option<Arc<Collection>>,
    /// As it will be.
    pub new: Arc<Collection>,
}

impl TableChange {
    fn is_renamed(&self) -> bool {
        self.old.as_ref().is_some_and(|old| old.name != self.new.name)
    }
}

/// Carries out `changes` and removes the tables of `removed`. `next` is what the schema will be; its SQL views are
/// made anew if any table changes that they may build on, or if `views_change`.
///
/// # Errors
/// 400 with `indexes.N` if an index can't be made.
pub fn apply(
    tx: &mut WriteTx<'_>,
    changes: &[TableChange],
    removed: &[Arc<Collection>],
    next: &Schema,
    views_change: bool,
) -> Result<()> {
    let columns = columns_of_all(changes);
    let disturbs = |(change, steps): (&TableChange, &Vec<_>)| change.is_renamed() || !steps.is_empty();
    let rebuilds_views = views_change || !removed.is_empty() || changes.iter().zip(&columns).any(disturbs);
    if rebuilds_views {
        let before = tx.schema().clone();
        views::drop_all(tx, &before)?;
    }
    apply_tables(tx, changes, &columns, removed)?;
    if rebuilds_views { views::create_all(tx, next) } else { Ok(()) }
}

/// As [`apply`], for a caller that dropped all SQL views before and makes them afterwards.
///
/// # Errors
/// As [`apply`].
pub fn apply_without_views(tx: &mut WriteTx<'_>, changes: &[TableChange], removed: &[Arc<Collection>]) -> Result<()> {
    apply_tables(tx, changes, &columns_of_all(changes), removed)
}

fn apply_tables(
    tx: &mut WriteTx<'_>,
    changes: &[TableChange],
    columns: &[Vec<Statement>],
    removed: &[Arc<Collection>],
) -> Result<()> {
    for (change, steps) in changes.iter().zip(columns) {
        drop_indexes(tx, change, !steps.is_empty())?;
    }
    for collection in removed.iter().filter(|collection| !collection.is_view()) {
        tx.execute(&ddl::drop_table(collection))?;
    }
    for step in columns.iter().flatten() {
        tx.execute(step)?;
    }
    rename_tables(tx, changes)?;
    for change in changes.iter().filter(|change| change.old.is_none()) {
        tx.execute(&ddl::create_table(&change.new))?;
    }
    for (change, steps) in changes.iter().zip(columns) {
        create_indexes(tx, change, !steps.is_empty())?;
    }
    changes.iter().try_for_each(|change| release_files(tx, change))
}

/// Lets the files go of fields that are no more, and those that had no room when a field became single-valued.
fn release_files(tx: &mut WriteTx<'_>, change: &TableChange) -> Result<()> {
    let Some(old) = &change.old else { return Ok(()) };
    for field in old.fields.iter().filter(|field| field.as_file().is_some()) {
        let new = change.new.fields.iter().find(|new| new.id == field.id && new.as_file().is_some());
        match new {
            None => ledger::doom_field(tx, Dialect::Sqlite, &old.id, &field.id)?,
            Some(new) if field.is_multiple() && !new.is_multiple() => {
                ledger::doom_lost(tx, Dialect::Sqlite, &change.new, new)?;
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn columns_of_all(changes: &[TableChange]) -> Vec<Vec<Statement>> {
    let columns = |change: &TableChange| change.old.as_ref().map(|old| ddl::alter_columns(old, &change.new));
    changes.iter().map(|change| columns(change).unwrap_or_default()).collect()
}

/// All tables give up their names before any takes its new one, so that names can be swapped.
fn rename_tables(tx: &mut WriteTx<'_>, changes: &[TableChange]) -> Result<()> {
    let renamed: Vec<_> = changes.iter().filter(|change| change.is_renamed()).collect();
    for (number, change) in renamed.iter().enumerate() {
        if let Some(old) = &change.old {
            tx.execute(&ddl::park_table(old, number))?;
        }
    }
    for (number, change) in renamed.iter().enumerate() {
        tx.execute(&ddl::unpark_table(number, &change.new))?;
    }
    Ok(())
}

/// The indexes of a collection that another one doesn't have in the same words.
fn index_difference(of: &Collection, without: Option<&Collection>) -> Vec<(usize, Index)> {
    of.indexes
        .iter()
        .enumerate()
        .filter(|(_, statement)| without.is_none_or(|other| !other.indexes.contains(statement)))
        .filter_map(|(at, statement)| Some((at, index::parse(statement)?)))
        .collect()
}

/// Indexes go if they change or if columns do.
fn drop_indexes(tx: &mut WriteTx<'_>, change: &TableChange, columns_change: bool) -> Result<()> {
    let Some(old) = &change.old else { return Ok(()) };
    let kept = (!columns_change).then_some(&*change.new);
    for (_, index) in index_difference(old, kept) {
        tx.execute(&ddl::drop_index(&index))?;
    }
    Ok(())
}

fn create_indexes(tx: &mut WriteTx<'_>, change: &TableChange, columns_change: bool) -> Result<()> {
    let there = change.old.as_deref().filter(|_| !columns_change);
    let mut errors = FieldErrors::new();
    for (at, index) in index_difference(&change.new, there) {
        let statement = ddl::create_index(&index, &change.new);
        match tx.nested(|tx| tx.execute(&statement)) {
            Ok(_) => {}
            Err(error) => errors.add(&format!("indexes.{at}"), indexes::invalid(reason(error)?)),
        }
    }
    errors.into_result("The collection couldn't be saved.")
}

/// Why an index can't be made, if that is the statement's or the data's fault.
fn reason(error: Error) -> Result<String> {
    if let Some(fault) = error.cause::<SqlFault>() {
        return Ok(fault.0.clone());
    }
    match error.cause::<UniqueViolation>() {
        Some(_) => Ok("There are records with equal values already.".to_owned()),
        None => Err(error),
    }
}
