//! Listing records: rule and filter in one statement, rows written straight into the body.

use std::fmt::Write as _;
use std::sync::Arc;

use super::access;
use super::body::EmailAccess;
use super::cursor::Cursor;
use super::expand::{self, ExpandTree};
use super::plans::{ListPlan, ListShape, argument};
use super::read::managed_ids;
use super::{Cx, find_collection};
use crate::base::limits::{FILTER_MAX_BYTES, TOTAL_CAP};
use crate::base::{Error, ErrorKind, Result, SqlValue, SqlValueRef, json};
use crate::domain::{Collection, ListRequest, Record, RuleKind, Value};
use crate::rules::{self, Env};
use crate::store::{ReadTx, Row, SqlFault};

/// A page of records as JSON: `{"items":[…],"page":…,"perPage":…,"totalItems":…,"totalPages":…}`, with `nextCursor`
/// if a cursor was asked for.
///
/// # Errors
/// 403 if only superusers may list or if the filter mentions what only rules may; 400 for a filter, sort expression
/// or cursor that isn't valid; 404 for an unknown collection.
pub fn list(tx: &ReadTx<'_>, cx: &Cx<'_>, collection: &str, request: &ListRequest) -> Result<String> {
    let collection = find_collection(tx.schema(), collection)?;
    let access = access::decide(cx.principal, collection, RuleKind::List)?;
    let mut page = Page::prepare(tx, cx, collection, access.rule(), request)?;
    match request.expand.as_deref().map(ExpandTree::parse) {
        Some(tree) if !tree.is_empty() => page.write_expanded(tx, cx, collection, &tree)?,
        _ => page.write_rows(tx, cx, collection)?,
    }
    page.finish(tx, cx, request)
}

/// A page of whatever `collection` describes, each row written by `write`. For lists that aren't of records, such as
/// that of the collections themselves; the caller has decided about access.
///
/// # Errors
/// As [`list`], but for access.
pub fn list_rows(
    tx: &ReadTx<'_>,
    cx: &Cx<'_>,
    collection: &Arc<Collection>,
    request: &ListRequest,
    mut write: impl FnMut(&mut String, &Row<'_>) -> Result<()>,
) -> Result<String> {
    let mut page = Page::prepare(tx, cx, collection, None, request)?;
    page.rows(tx, cx, &mut |items, row| write(items, row))?;
    page.finish(tx, cx, request)
}

/// How many rows of whatever `collection` describes belong to each hour of the time in its field `field`, the earliest
/// hour first, without hours that have none. The caller has decided about access.
///
/// # Errors
/// As [`list_rows`].
pub fn count_by_hour(
    tx: &ReadTx<'_>,
    cx: &Cx<'_>,
    collection: &Arc<Collection>,
    filter: Option<&str>,
    field: &str,
) -> Result<Vec<(String, i64)>> {
    let filter = filter.filter(|filter| !filter.is_empty());
    check_client_text(cx, filter, None)?;
    let shape = filter.map(rules::shape).transpose().map_err(syntax_fault)?;
    let position = collection.position(field).ok_or_else(|| Error::internal("there is no such field to count by"))?;
    let keyed = shape.as_ref().map(|shape| shape.key.as_str()).zip(filter);
    let plan = cx.plans.count_by_hour(tx.schema(), collection, cx.principal, keyed, position)?;
    let literals = shape.map(|shape| shape.literals).unwrap_or_default();
    let statement = plan.statement(&Env { literals: &literals, ..cx.env(tx, &[]) });
    let mut hours = Vec::new();
    let run = tx.rows(&statement, |row| match (row.get(0)?, row.get(1)?) {
        (SqlValueRef::Text(hour), SqlValueRef::Integer(count)) => {
            hours.push((hour.to_owned(), count));
            Ok(())
        }
        _ => Err(Error::internal("an hour isn't text, or its count no integer")),
    });
    run.map_err(filter_fault).map(|()| hours)
}

/// How many records a collection has, whatever the rules say. For callers that have decided about access themselves.
///
/// # Errors
/// 404 for an unknown collection.
pub fn count(tx: &ReadTx<'_>, cx: &Cx<'_>, collection: &str) -> Result<i64> {
    let collection = find_collection(tx.schema(), collection)?;
    let plan = cx.plans.list(tx.schema(), collection, cx.principal, &ListShape::EVERYTHING)?;
    let count = tx.first(&plan.count.statement(&cx.env(tx, &[])), |row| row.get(0).map(|value| value.to_owned()))?;
    match count {
        Some(SqlValue::Integer(count)) => Ok(count),
        _ => Err(Error::internal("COUNT gave no integer")),
    }
}

/// Every record of a small collection, as the principal sees it. For callers that have decided about access themselves.
///
/// # Errors
/// None of its own.
pub fn every(tx: &ReadTx<'_>, cx: &Cx<'_>, collection: &Arc<Collection>) -> Result<Vec<Record>> {
    let request = ListRequest { page: 1, per_page: i64::MAX as u64, skip_total: true, ..ListRequest::default() };
    Page::prepare(tx, cx, collection, None, &request)?.records(tx, cx, collection)
}

/// A page while it is put together.
struct Page {
    plan: Arc<ListPlan>,
    literals: Vec<rules::LiteralValue>,
    arguments: Vec<SqlValue>,
    items: String,
    count: u64,
    cursor: Option<Cursor>,
}

impl Page {
    fn prepare(
        tx: &ReadTx<'_>,
        cx: &Cx<'_>,
        collection: &Arc<Collection>,
        rule: Option<&str>,
        request: &ListRequest,
    ) -> Result<Page> {
        let filter = request.filter.as_deref().filter(|filter| !filter.is_empty());
        let sort = request.sort.as_deref().filter(|sort| !sort.is_empty());
        check_client_text(cx, filter, sort)?;
        let shape = filter.map(rules::shape).transpose().map_err(syntax_fault)?;
        let cursor = match &request.cursor {
            None => None,
            Some(text) => Some(Cursor::parse(text, collection, sort, cx.principal)?),
        };
        let plan = cx.plans.list(
            tx.schema(),
            collection,
            cx.principal,
            &ListShape {
                rule,
                filter: shape.as_ref().map(|shape| shape.key.as_str()).zip(filter),
                sort,
                cursor: cursor.as_ref().map(|cursor| cursor.values.len()),
            },
        )?;
        // Whoever has no cursor yet may begin at any page and go on from there.
        let is_behind_cursor = cursor.as_ref().is_some_and(|cursor| !cursor.values.is_empty());
        let offset = if is_behind_cursor { 0 } else { (request.page - 1).saturating_mul(request.per_page) };
        let offset = i64::try_from(offset).unwrap_or(i64::MAX);
        let mut arguments = vec![SqlValue::Integer(request.per_page as i64), SqlValue::Integer(offset)];
        debug_assert_eq!(arguments.len(), argument::CURSOR);
        arguments.extend(cursor.iter().flat_map(|cursor| cursor.values.iter().cloned()));
        let literals = shape.map(|shape| shape.literals).unwrap_or_default();
        Ok(Page { plan, literals, arguments, items: String::with_capacity(4096), count: 0, cursor })
    }

    fn env<'a>(&'a self, tx: &ReadTx<'_>, cx: &Cx<'a>) -> Env<'a> {
        Env { literals: &self.literals, ..cx.env(tx, &self.arguments) }
    }

    /// Runs the statement and has each row written by `write`, with commas between.
    fn rows(
        &mut self,
        tx: &ReadTx<'_>,
        cx: &Cx<'_>,
        write: &mut dyn FnMut(&mut String, &Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let statement = self.plan.rows.statement(&self.env(tx, cx));
        let columns = self.plan.layout.columns.len();
        let (items, count, cursor) = (&mut self.items, &mut self.count, &mut self.cursor);
        let run = tx.rows(&statement, |row| {
            if *count > 0 {
                items.push(',');
            }
            *count += 1;
            if let Some(cursor) = cursor {
                cursor.read(row, columns)?;
            }
            write(items, row)
        });
        run.map_err(filter_fault)
    }

    fn write_rows(&mut self, tx: &ReadTx<'_>, cx: &Cx<'_>, collection: &Arc<Collection>) -> Result<()> {
        let managed = match collection.rule(RuleKind::Manage) {
            Some(rule) if !rule.is_empty() => managed_ids(tx, cx, &self.records(tx, cx, collection)?)?,
            _ => Vec::new(),
        };
        let layout = self.plan.layout.clone();
        let access = EmailAccess { principal: cx.principal, managed: &managed };
        self.rows(tx, cx, &mut |items, row| layout.write_row(items, row, &access))
    }

    fn write_expanded(
        &mut self,
        tx: &ReadTx<'_>,
        cx: &Cx<'_>,
        collection: &Arc<Collection>,
        tree: &ExpandTree,
    ) -> Result<()> {
        let records = self.records(tx, cx, collection)?;
        let managed = managed_ids(tx, cx, &records)?;
        let expansions = expand::expand(tx, cx, &records, tree, 0)?;
        let access = EmailAccess { principal: cx.principal, managed: &managed };
        for (record, expansion) in records.iter().zip(expansions) {
            if self.count > 0 {
                self.items.push(',');
            }
            self.count += 1;
            self.plan.layout.write_record(&mut self.items, record, expansion.as_deref(), &access);
        }
        Ok(())
    }

    /// The page as records. Fields that the principal doesn't see stay blank: nothing of them may be used anyway.
    fn records(&mut self, tx: &ReadTx<'_>, cx: &Cx<'_>, collection: &Arc<Collection>) -> Result<Vec<Record>> {
        let layout = self.plan.layout.clone();
        let mut records = Vec::new();
        self.rows(tx, cx, &mut |_, row| {
            let mut record = Record::blank(collection.clone());
            for (at, position) in layout.columns.iter().enumerate() {
                let field = &collection.fields[*position];
                record.set_at(*position, Value::from_sql(field.storage(), field.nullable, row.get(at)?));
            }
            records.push(record);
            Ok(())
        })?;
        (self.items, self.count) = (String::with_capacity(4096), 0);
        Ok(records)
    }

    fn finish(self, tx: &ReadTx<'_>, cx: &Cx<'_>, request: &ListRequest) -> Result<String> {
        let (total, pages) = match self.total(tx, cx, request)? {
            None => (-1, -1),
            Some(total) => (total, (total as u64).div_ceil(request.per_page) as i64),
        };
        let mut out = String::with_capacity(self.items.len() + 96);
        out.push_str("{\"items\":[");
        out.push_str(&self.items);
        out.push(']');
        if let Some(cursor) = &self.cursor {
            out.push_str(",\"nextCursor\":");
            let next = if self.count == request.per_page { cursor.next() } else { String::new() };
            json::write_str(&mut out, &next);
        }
        let (page, per_page) = (request.page, request.per_page);
        let _ = write!(out, ",\"page\":{page},\"perPage\":{per_page},\"totalItems\":{total},\"totalPages\":{pages}}}");
        Ok(out)
    }

    fn total(&self, tx: &ReadTx<'_>, cx: &Cx<'_>, request: &ListRequest) -> Result<Option<i64>> {
        if request.skip_total || self.cursor.is_some() {
            return Ok(None);
        }
        // A page that isn't full tells the total without counting.
        if self.count > 0 && self.count < request.per_page {
            return Ok(Some(((request.page - 1) * request.per_page + self.count) as i64));
        }
        let statement = if request.capped_total {
            let cap = [SqlValue::Integer(TOTAL_CAP as i64)];
            let env = Env { literals: &self.literals, ..cx.env(tx, &cap) };
            self.plan.capped_count.statement(&env)
        } else {
            self.plan.count.statement(&self.env(tx, cx))
        };
        let count = tx.first(&statement, |row| match row.get(0)? {
            SqlValueRef::Integer(count) => Ok(count),
            _ => Err(Error::internal("COUNT gave no integer")),
        });
        count.map_err(filter_fault).map(|count| Some(count.unwrap_or(0)))
    }
}

/// What may not even be written in a client's filter or sort expression.
pub(super) fn check_client_text(cx: &Cx<'_>, filter: Option<&str>, sort: Option<&str>) -> Result<()> {
    if filter.is_some_and(|filter| filter.len() > FILTER_MAX_BYTES) {
        return Err(Error::invalid(format!("A filter may have at most {FILTER_MAX_BYTES} bytes.")));
    }
    let reserved = |text: &str| text.contains("@request.") || text.contains("@collection.");
    if !cx.principal.is_superuser() && [filter, sort].into_iter().flatten().any(reserved) {
        return Err(Error::forbidden(
            "Only superusers may use @request and @collection in a filter or sort expression.",
        ));
    }
    Ok(())
}

fn syntax_fault(error: rules::ParseError) -> Error {
    Error::invalid(format!("The filter isn't valid: {}", error.message))
}

/// A statement that the database refuses came from the filter, the sort expression or the view: the client's fault.
fn filter_fault(error: Error) -> Error {
    match error.cause::<SqlFault>() {
        Some(_) => Error::new(ErrorKind::Invalid, "The list can't be made with this filter and sort expression.")
            .caused_by(error),
        None => error,
    }
}
