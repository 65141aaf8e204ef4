//! `relation`: ids of records of one collection. Whether they exist is checked by `records`.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::checks::{below, check_range, is_present, too_many_values};
use super::{Field, Kind, Modifier, OptionSite, Storage, coerce};
use crate::base::{FieldError, FieldErrors};
use crate::domain::Value;

/// Options of a `relation` field.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RelationOptions {
    /// The id (not the name) of the collection that is pointed to; it never changes.
    pub collection_id: String,
    /// Delete the record when the last record that it points to is deleted.
    pub cascade_delete: bool,
    /// Fewest records, unless there is none.
    pub min_select: i64,
    /// Most records; with 0 and 1 the field is single-valued.
    pub max_select: i64,
}

impl RelationOptions {
    fn check_collection(&self, site: &OptionSite<'_>) -> Result<(), FieldError> {
        if self.collection_id.is_empty() {
            return Err(FieldError::required());
        }
        if site.old.and_then(Field::as_relation).is_some_and(|old| old.collection_id != self.collection_id) {
            return Err(FieldError::new(
                "validation_field_relation_change",
                "A relation can't be pointed to another collection.",
            ));
        }
        let is_view = if self.collection_id == site.collection.id {
            site.collection.is_view()
        } else {
            let target = site.schema.by_id(&self.collection_id).ok_or_else(|| {
                FieldError::new("validation_field_relation_missing_collection", "There is no collection of this id.")
            })?;
            target.is_view()
        };
        if is_view && !site.collection.is_view() {
            return Err(FieldError::new(
                "validation_relation_field_non_view_base_collection",
                "Only views can point to views.",
            ));
        }
        Ok(())
    }

    fn check_max_select(&self) -> Result<(), FieldError> {
        if self.min_select > 0 && self.max_select == 0 {
            return Err(FieldError::required());
        }
        if self.max_select < self.min_select.max(0) { Err(below(self.min_select.max(0))) } else { Ok(()) }
    }
}

impl Kind for RelationOptions {
    fn storage(&self) -> Storage {
        if self.is_multiple() { Storage::List } else { Storage::Text }
    }

    fn zero(&self) -> Value {
        coerce::from_elements(Vec::new(), self.is_multiple())
    }

    fn coerce(&self, input: &Json) -> Value {
        coerce::from_elements(coerce::elements(input), self.is_multiple())
    }

    fn check(&self, field: &Field, value: &Value) -> Result<(), FieldError> {
        if !is_present(field, value)? {
            return Ok(());
        }
        let count = i64::try_from(value.elements().len()).unwrap_or(i64::MAX);
        if count < self.min_select {
            let min = self.min_select;
            return Err(FieldError::new("validation_not_enough_values", format!("Choose at least {min}."))
                .with("minSelect", min));
        }
        let max = self.max_select.max(1);
        if count > max { Err(too_many_values(max)) } else { Ok(()) }
    }

    fn check_options(&self, _field: &Field, site: &OptionSite<'_>) -> FieldErrors {
        let mut errors = FieldErrors::new();
        errors.check("collectionId", self.check_collection(site));
        errors.check("minSelect", check_range(self.min_select, 0, i64::MAX));
        errors.check("maxSelect", self.check_max_select());
        errors
    }

    fn modify(&self, current: &Value, modifier: Modifier, operand: &Json) -> Option<Value> {
        coerce::modify_elements(current, modifier, operand, self.is_multiple())
    }

    fn is_multiple(&self) -> bool {
        self.max_select > 1
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::testing::{check_options, check_values, field, option_errors_of};
    use super::*;
    use crate::domain::CollectionKind;
    use serde_json::json;

    #[test]
    fn the_number_of_records_is_bounded() {
        check_values(
            json!({"type": "relation", "collectionId": "posts", "minSelect": 2, "maxSelect": 3}),
            &[
                (json!([]), None),
                (json!(["a", "b"]), None),
                (json!(["a"]), Some(("validation_not_enough_values", json!({"minSelect": 2})))),
                (json!(["a", "a"]), Some(("validation_not_enough_values", json!({"minSelect": 2})))),
                (json!(["a", "b", "c", "d"]), Some(("validation_too_many_values", json!({"maxSelect": 3})))),
            ],
        );
        check_values(
            json!({"type": "relation", "collectionId": "posts", "required": true}),
            &[(json!("a"), None), (json!(["a", "b"]), None), (json!(""), Some(("validation_required", json!(null))))],
        );
    }

    #[test]
    fn single_relations_keep_the_last_id() {
        let field = field(json!({"type": "relation", "collectionId": "posts", "maxSelect": 1}));
        assert_eq!(field.coerce(&json!(["a", "b"])), Value::Text("b".into()));
        assert_eq!(
            field.kind.behaviour().modify(&field.zero(), Modifier::Append, &json!("c")),
            Some(Value::Text("c".into()))
        );
    }

    #[test]
    fn options_fit_each_other() {
        let relation = |extra: Json| {
            let mut definition = json!({"type": "relation", "collectionId": "posts"});
            definition.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
            definition
        };
        let low = |threshold: i64| json!(["validation_min_greater_equal_than_required", {"threshold": threshold}]);
        let missing = "validation_field_relation_missing_collection";
        check_options(&[
            (relation(json!({})), json!({})),
            (relation(json!({"minSelect": 2, "maxSelect": 2})), json!({})),
            (relation(json!({"maxSelect": 9_007_199_254_740_992_i64})), json!({})),
            (relation(json!({"minSelect": -1})), json!({"minSelect": low(0)})),
            (relation(json!({"maxSelect": -1})), json!({"maxSelect": low(0)})),
            (relation(json!({"minSelect": 2})), json!({"maxSelect": "validation_required"})),
            (relation(json!({"minSelect": 2, "maxSelect": 1})), json!({"maxSelect": low(2)})),
            (relation(json!({"collectionId": "own"})), json!({})),
            (relation(json!({"collectionId": ""})), json!({"collectionId": "validation_required"})),
            (relation(json!({"collectionId": "nope"})), json!({"collectionId": missing})),
            (
                relation(json!({"collectionId": "report"})),
                json!({"collectionId": "validation_relation_field_non_view_base_collection"}),
            ),
        ]);
    }

    #[test]
    fn views_point_to_views() {
        let field = field(json!({"type": "relation", "collectionId": "report"}));
        assert_eq!(option_errors_of(&field, None, CollectionKind::View(String::new())), json!({}));
    }

    #[test]
    fn the_target_never_changes() {
        let old = field(json!({"type": "relation", "collectionId": "own"}));
        let new = field(json!({"type": "relation", "collectionId": "posts"}));
        let errors = option_errors_of(&new, Some(&old), CollectionKind::Base);
        assert_eq!(errors, json!({"collectionId": "validation_field_relation_change"}));
        assert_eq!(option_errors_of(&new, Some(&new), CollectionKind::Base), json!({}));
    }
}
