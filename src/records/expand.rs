//! Relations made part of the answer: `expand=author,comments_via_post.author`.
//!
//! Every level asks the target collection's view rule with the request's principal; what it doesn't let through is
//! left out, and a path that can't be followed is skipped, never an error. Records of one level are fetched together.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::Cx;
use super::access::{self, Access};
use super::body::EmailAccess;
use super::plans::Find;
use super::read::{all, managed_ids};
use crate::base::json::write_str;
use crate::base::limits::EXPAND_MAX_DEPTH;
use crate::base::{Result, SqlValue};
use crate::domain::{Collection, Context, Record, RequestInfo, RuleKind, Schema, Value};
use crate::store::ReadTx;

/// The paths of an `expand` parameter; paths contained in longer ones are merged.
#[derive(Debug, Default, PartialEq)]
pub struct ExpandTree(BTreeMap<String, ExpandTree>);

impl ExpandTree {
    /// Reads the parameter. Whatever it holds is a tree; names are looked up later.
    pub fn parse(text: &str) -> ExpandTree {
        let mut tree = ExpandTree::default();
        for path in text.split(',') {
            let path: String = path.chars().filter(|c| !c.is_whitespace()).collect();
            let mut at = &mut tree;
            for segment in path.trim_matches('.').split('.').filter(|s| !s.is_empty()).take(EXPAND_MAX_DEPTH) {
                at = at.0.entry(segment.to_owned()).or_default();
            }
        }
        tree
    }

    /// Whether there is nothing to expand.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// How a name of the tree leads from one collection to another.
enum Way {
    /// A relation field at this position.
    Forward { field: usize, multiple: bool },
    /// Records that point here: the relation field at this position of theirs.
    Back { field: usize, single: bool },
}

/// The `expand` object of each record, ready JSON; `None` where no path could be followed.
pub fn expand(
    tx: &ReadTx<'_>,
    cx: &Cx<'_>,
    records: &[Record],
    tree: &ExpandTree,
    depth: usize,
) -> Result<Vec<Option<String>>> {
    let mut objects: Vec<Option<BTreeMap<&str, String>>> = vec![None; records.len()];
    let Some(collection) = records.first().map(Record::collection) else { return Ok(Vec::new()) };
    if depth < EXPAND_MAX_DEPTH {
        // Rules see that they are evaluated for an expansion.
        let request = RequestInfo { context: Context::Expand, ..cx.request.clone() };
        let cx = &Cx { request: &request, ..*cx };
        for (name, below) in &tree.0 {
            let Some((way, target)) = find_way(tx.schema(), cx, collection, name) else { continue };
            let Ok(access) = access::decide(cx.principal, target, RuleKind::View) else { continue };
            let step = Step { tx, cx, target, access, below, depth };
            let values = match way {
                Way::Forward { field, multiple } => step.forward(records, field, multiple)?,
                Way::Back { field, single } => step.back(records, field, single)?,
            };
            for (object, value) in objects.iter_mut().zip(values) {
                let object = object.get_or_insert_default();
                if let Some(value) = value {
                    object.insert(name, value);
                }
            }
        }
    }
    Ok(objects.into_iter().map(|object| object.map(|object| object_text(&object))).collect())
}

fn object_text(object: &BTreeMap<&str, String>) -> String {
    let mut out = String::from("{");
    for (at, (key, value)) in object.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write_str(&mut out, key);
        out.push(':');
        out.push_str(value);
    }
    out.push('}');
    out
}

fn find_way<'s>(
    schema: &'s Schema,
    cx: &Cx<'_>,
    collection: &Arc<Collection>,
    name: &str,
) -> Option<(Way, &'s Arc<Collection>)> {
    let usable = |hidden: bool| !hidden || cx.principal.is_superuser();
    if let Some(field) = collection.position(name) {
        let relation = collection.fields[field].as_relation().filter(|_| usable(collection.fields[field].hidden))?;
        let target = schema.by_id(&relation.collection_id)?;
        return Some((Way::Forward { field, multiple: collection.fields[field].is_multiple() }, target));
    }
    let (from, via) = match name.split_once("_via_") {
        Some(parts) => parts,
        None => name.strip_suffix(')')?.split_once('(')?,
    };
    let referring = schema.find(from)?;
    let field = referring.position(via)?;
    let relation = referring.fields[field].as_relation().filter(|_| usable(referring.fields[field].hidden))?;
    let single = !referring.fields[field].is_multiple() && referring.has_unique_index_on(via);
    (relation.collection_id == collection.id).then_some((Way::Back { field, single }, referring))
}

/// One name of the tree for all records of a level.
struct Step<'a> {
    tx: &'a ReadTx<'a>,
    cx: &'a Cx<'a>,
    target: &'a Arc<Collection>,
    access: Access<'a>,
    below: &'a ExpandTree,
    depth: usize,
}

impl Step<'_> {
    /// Records that a relation field names: an object if it is single, an array in stored order if multiple.
    fn forward(&self, records: &[Record], field: usize, multiple: bool) -> Result<Vec<Option<String>>> {
        let mut ids: Vec<&String> = records.iter().flat_map(|record| record.at(field).elements()).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(vec![None; records.len()]);
        }
        let key = Value::List(ids.into_iter().cloned().collect()).to_json_text();
        let found = self.fetch(Find::Ids, SqlValue::Text(key))?;
        let bodies: HashMap<String, String> =
            found.iter().map(|record| record.id().to_owned()).zip(self.bodies(&found)?).collect();
        Ok(records
            .iter()
            .map(|record| {
                let mut visible = record.at(field).elements().iter().filter_map(|id| bodies.get(id));
                match multiple {
                    false => visible.next().cloned(),
                    true => array_text(visible),
                }
            })
            .collect())
    }

    /// Records that point to each record.
    fn back(&self, records: &[Record], field: usize, single: bool) -> Result<Vec<Option<String>>> {
        let by = if self.target.fields[field].is_multiple() { Find::FirstHas(field) } else { Find::FirstEqual(field) };
        records
            .iter()
            .map(|record| {
                let found = self.fetch(by, SqlValue::from(record.id()))?;
                let bodies = self.bodies(&found)?;
                Ok(match single {
                    true => bodies.into_iter().next(),
                    false => array_text(bodies.iter()),
                })
            })
            .collect()
    }

    fn fetch(&self, by: Find, key: SqlValue) -> Result<Vec<Record>> {
        let rule = self.access.rule().map(|rule| (RuleKind::View, rule));
        let plan = match self.cx.plans.find(self.tx.schema(), self.target, self.cx.principal, by, rule) {
            Ok(plan) => plan,
            // A broken rule lets nothing through.
            Err(_) => return Ok(Vec::new()),
        };
        all(self.tx, self.target, &plan.statement(&self.cx.env(self.tx, &[key])))
    }

    fn bodies(&self, found: &[Record]) -> Result<Vec<String>> {
        let expansions = match self.below.is_empty() {
            true => vec![None; found.len()],
            false => expand(self.tx, self.cx, found, self.below, self.depth + 1)?,
        };
        let managed = managed_ids(self.tx, self.cx, found)?;
        let access = EmailAccess { principal: self.cx.principal, managed: &managed };
        let layout = self.cx.plans.layout(self.tx.schema(), self.target, self.cx.principal);
        Ok(found
            .iter()
            .zip(expansions)
            .map(|(record, expansion)| {
                let mut body = String::with_capacity(256);
                layout.write_record(&mut body, record, expansion.as_deref(), &access);
                body
            })
            .collect())
    }
}

/// A JSON array, or nothing if there is no element.
fn array_text<'a>(items: impl Iterator<Item = &'a String>) -> Option<String> {
    let mut out = String::from("[");
    for item in items {
        if out.len() > 1 {
            out.push(',');
        }
        out.push_str(item);
    }
    out.push(']');
    (out.len() > 2).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_merge_into_a_tree() {
        let tree = ExpandTree::parse(" a.b , a.c,.d., ,a");
        let names = |tree: &ExpandTree| tree.0.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&tree), ["a", "d"]);
        assert_eq!(names(&tree.0["a"]), ["b", "c"]);
    }

    #[test]
    fn depth_is_bounded() {
        let mut tree = &ExpandTree::parse("a.a.a.a.a.a.a.a.a");
        let mut depth = 0;
        while let Some(below) = tree.0.get("a") {
            (tree, depth) = (below, depth + 1);
        }
        assert_eq!(depth, EXPAND_MAX_DEPTH);
    }
}
