//! What is wrong with a rule of a collection that isn't saved yet: for editors that say so while somebody types.
//!
//! Called by the app for the dashboard. Not here: the check of rules when they are saved (`validate`).

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::blank;
use super::merge::{Body, merge};
use crate::base::Result;
use crate::domain::{Collection, Schema};
use crate::rules;

/// What is wrong with `rule` in the collection that `definition` describes, laid over the stored one with its id:
/// `[{"from", "to", "message"}]`, with places counted in UTF-16 code units as browsers do.
///
/// # Errors
/// 400 if the definition has the wrong shape.
pub fn rule_problems(schema: &Schema, definition: &Map<String, Json>, rule: &str) -> Result<Vec<Json>> {
    if rule.is_empty() {
        return Ok(Vec::new());
    }
    let (schema, draft) = with_draft(schema, definition)?;
    Ok(match rules::check_rule(&schema, &draft, rule) {
        Ok(()) => Vec::new(),
        Err(error) => {
            let units = |end: usize| rule.get(..end).unwrap_or(rule).encode_utf16().count();
            vec![json!({"from": units(error.span.start), "to": units(error.span.end), "message": error.message})]
        }
    })
}

/// The schema as it would be with the collection.
fn with_draft(schema: &Schema, definition: &Map<String, Json>) -> Result<(Schema, Arc<Collection>)> {
    let body = Body::new(definition);
    let stored = body.text("id")?.and_then(|id| schema.by_id(&id).cloned());
    let mut draft = match &stored {
        Some(stored) => (**stored).clone(),
        None => blank::collection(&body.text("type")?.unwrap_or_default()),
    };
    merge(&mut draft, &body)?;
    let draft = Arc::new(draft);
    let others = schema.collections().iter().filter(|one| stored.as_ref().is_none_or(|stored| stored.id != one.id));
    let all = others.cloned().chain([draft.clone()]).collect();
    Ok((Schema::new(all), draft))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(definition: Json, rule: &str) -> Vec<Json> {
        let schema = Schema::new(vec![Arc::new(blank::users())]);
        let definition = definition.as_object().expect("an object");
        rule_problems(&schema, definition, rule).expect("a definition")
    }

    fn posts() -> Json {
        let author = json!({"name": "author", "type": "relation", "collectionId": crate::collections::USERS_ID});
        json!({"type": "base", "name": "posts", "fields": [{"name": "title", "type": "text"}, author]})
    }

    #[test]
    fn rules_are_checked_against_what_is_not_saved_yet() {
        for rule in ["", "title != \"\"", "author.email = @request.auth.email", "@collection.posts.title = \"x\""] {
            assert!(problems(posts(), rule).is_empty(), "{rule}");
        }
    }

    #[test]
    fn places_are_counted_as_browsers_count() {
        let found = problems(posts(), "title = \"😀\" && nothing = 1");
        assert_eq!(found.len(), 1);
        assert_eq!((&found[0]["from"], &found[0]["to"]), (&json!(16), &json!(23)), "{found:?}");
        assert_eq!(problems(posts(), "title = ")[0]["from"], 8);
    }
}
