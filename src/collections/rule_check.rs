//! What is wrong with a rule of a collection that isn't saved yet: for editors that say so while somebody types.
//!
//! Called by the app for the dashboard. Not here: the check of rules when they are saved (`validate`).

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::blank;
use super::merge::{Body, merge};
use super::views::try_query;
use crate::base::Result;
use crate::domain::{Collection, CollectionKind, Schema};
use crate::rules;
use crate::store::ReadTx;

/// What is wrong with `rule` in the collection that `definition` describes, laid over the stored one with its id:
/// `[{"from", "to", "message"}]`, with places counted in UTF-16 code units as browsers do.
///
/// # Errors
/// 400 if the definition has the wrong shape.
pub fn rule_problems(tx: &ReadTx<'_>, definition: &Map<String, Json>, rule: &str) -> Result<Vec<Json>> {
    if rule.is_empty() {
        return Ok(Vec::new());
    }
    let (schema, draft) = with_draft(tx, definition)?;
    Ok(match rules::check_rule(&schema, &draft, rule) {
        Ok(()) => Vec::new(),
        Err(error) => {
            let units = |end: usize| rule.get(..end).unwrap_or(rule).encode_utf16().count();
            vec![json!({"from": units(error.span.start), "to": units(error.span.end), "message": error.message})]
        }
    })
}

/// The schema as it would be with the collection that is defined, or changed, like this; and the collection.
///
/// # Errors
/// 400 for a definition of the wrong shape.
pub fn with_draft(tx: &ReadTx<'_>, definition: &Map<String, Json>) -> Result<(Schema, Arc<Collection>)> {
    let (schema, body) = (tx.schema(), Body::new(definition));
    let stored = body.text("id")?.and_then(|id| schema.by_id(&id).cloned());
    let mut draft = match &stored {
        Some(stored) => (**stored).clone(),
        None => blank::collection(&body.text("type")?.unwrap_or_default()),
    };
    merge(&mut draft, &body)?;
    if stored.is_none()
        && let Some(id) = body.text("id")?
    {
        // Relations of a new collection to itself name it by this.
        draft.id = id;
    }
    if let CollectionKind::View(query) = &draft.kind {
        // What is wrong with the query is said beside it; until then, the fields are those that were.
        if let Ok(derived) = try_query(tx, schema, query, &draft.fields)? {
            draft.fields = derived.fields;
        }
    }
    let draft = Arc::new(draft);
    let others = schema.collections().iter().filter(|one| stored.as_ref().is_none_or(|stored| stored.id != one.id));
    let all = others.cloned().chain([draft.clone()]).collect();
    Ok((Schema::new(all), draft))
}
