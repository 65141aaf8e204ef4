//! Changing settings: what a PATCH means, and what of it is stored.
//!
//! Stored is only what somebody has changed. So a setting that nobody has touched follows the configuration, and one
//! that a client sends back as it got it isn't fixed for ever. Pure.

use serde_json::{Map, Value as Json};

use crate::base::{Error, Result};

/// A tree of settings: objects whose leaves are texts, whole numbers, truth values and lists.
pub(super) type Tree = Map<String, Json>;

/// Lays `patch` over `tree`, which has every part. Objects are merged, lists replaced. Keys that `tree` doesn't have
/// are passed over. Nothing (`null`) blanks what is there: a text is empty, a list too, a number 0, in a whole part
/// all.
///
/// # Errors
/// 400 for a value of another type.
pub(super) fn lay_over(tree: &mut Tree, patch: &Tree) -> Result<()> {
    for (name, value) in patch {
        let Some(present) = tree.get_mut(name) else { continue };
        match (present, value) {
            (Json::Object(present), Json::Object(value)) => lay_over(present, value)?,
            (present, Json::Null) => *present = blank(present),
            (present, value) if is_alike(present, value) => *present = value.clone(),
            _ => return Err(Error::invalid(format!("The setting {name} can't be read."))),
        }
    }
    Ok(())
}

fn is_alike(present: &Json, value: &Json) -> bool {
    match (present, value) {
        (Json::Number(_), Json::Number(number)) => number.is_i64(),
        (Json::String(_), Json::String(_)) | (Json::Bool(_), Json::Bool(_)) | (Json::Array(_), Json::Array(_)) => true,
        _ => false,
    }
}

fn blank(present: &Json) -> Json {
    match present {
        Json::Object(parts) => parts.iter().map(|(name, part)| (name.clone(), blank(part))).collect(),
        Json::Array(_) => Json::Array(Vec::new()),
        Json::String(_) => Json::from(""),
        Json::Number(_) => Json::from(0),
        Json::Bool(_) => Json::from(false),
        Json::Null => Json::Null,
    }
}

/// The paths of leaves that differ between two trees with the same parts.
pub(super) fn changes(before: &Tree, after: &Tree) -> Vec<String> {
    let mut changed = Vec::new();
    compare("", before, after, &mut changed);
    changed
}

fn compare(prefix: &str, before: &Tree, after: &Tree, changed: &mut Vec<String>) {
    for (name, value) in after {
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match (before.get(name), value) {
            (Some(Json::Object(before)), Json::Object(after)) => compare(&path, before, after, changed),
            (Some(before), after) if before == after => {}
            _ => changed.push(path),
        }
    }
}

/// The leaf at a dotted path.
pub(super) fn leaf<'t>(tree: &'t Tree, path: &str) -> Option<&'t Json> {
    match path.split_once('.') {
        None => tree.get(path),
        Some((head, rest)) => leaf(tree.get(head)?.as_object()?, rest),
    }
}

/// Puts a leaf at a dotted path, making what leads to it.
pub(super) fn put(tree: &mut Tree, path: &str, value: Json) {
    match path.split_once('.') {
        None => {
            tree.insert(path.to_owned(), value);
        }
        Some((head, rest)) => {
            let inner = tree.entry(head).or_insert_with(|| Json::Object(Map::new()));
            if let Json::Object(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tree(value: Json) -> Tree {
        value.as_object().expect("an object").clone()
    }

    fn whole() -> Tree {
        tree(json!({"a": {"text": "x", "number": 1, "flag": true, "list": [1], "deep": {"text": "y"}}, "list": []}))
    }

    #[test]
    fn patches() {
        for (patch, path, expect) in [
            (json!({"a": {"text": "z"}}), "a.text", json!("z")),
            (json!({"a": {"text": "z"}}), "a.number", json!(1)),
            (json!({"a": {"number": -7}}), "a.number", json!(-7)),
            (json!({"a": {"list": [2, 3]}}), "a.list", json!([2, 3])),
            (json!({"a": {"list": null}}), "a.list", json!([])),
            (json!({"a": {"text": null}}), "a.text", json!("")),
            (json!({"a": null}), "a.deep.text", json!("")),
            (json!({"a": null}), "a.number", json!(0)),
            (json!({"b": 1, "a": {"b": 1}}), "a.text", json!("x")),
        ] {
            let mut found = whole();
            lay_over(&mut found, &tree(patch.clone())).expect("can be read");
            assert_eq!(leaf(&found, path), Some(&expect), "{patch}");
        }
    }

    #[test]
    fn values_of_other_types_are_refused() {
        for patch in [
            json!({"a": 1}),
            json!({"a": {"text": 1}}),
            json!({"a": {"number": "1"}}),
            json!({"a": {"number": 1.5}}),
            json!({"a": {"flag": "true"}}),
            json!({"a": {"list": {}}}),
            json!({"list": "x"}),
        ] {
            assert!(lay_over(&mut whole(), &tree(patch.clone())).is_err(), "{patch}");
        }
    }

    #[test]
    fn changes_are_leaves() {
        let mut after = whole();
        lay_over(&mut after, &tree(json!({"a": {"text": "x", "deep": {"text": "z"}}, "list": [1]}))).expect("is read");
        assert_eq!(changes(&whole(), &after), ["a.deep.text", "list"]);
        let mut sparse = Tree::new();
        put(&mut sparse, "a.deep.text", json!("z"));
        assert_eq!(Json::Object(sparse), json!({"a": {"deep": {"text": "z"}}}));
    }
}
