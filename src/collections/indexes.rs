//! The indexes of a collection: put in form, completed, checked.
//!
//! Called when a collection is saved.

use std::collections::HashSet;

use crate::base::{FieldError, FieldErrors};
use crate::domain::index::{self, Index};
use crate::domain::{Collection, Schema};

const NAME_MAX_CHARS: usize = 64;

fn parsed(collection: &Collection) -> impl Iterator<Item = Index> {
    collection.indexes.iter().filter_map(|statement| index::parse(statement))
}

/// Rebuilds statements that name another table, and adds the unique indexes that auth collections must have.
pub fn normalize(collection: &mut Collection) {
    let name = collection.name.clone();
    for statement in &mut collection.indexes {
        if let Some(index) = index::parse(statement).filter(|index| index.table != name) {
            *statement = index.for_table(&name);
        }
    }
    if !collection.is_auth() {
        return;
    }
    for (field, condition) in [("tokenKey", ""), ("email", " WHERE `email` != ''")] {
        if !collection.has_unique_index_on(field) {
            let index = generated_name(collection, field);
            let statement = format!("CREATE UNIQUE INDEX `{index}` ON `{name}` (`{field}`){condition}");
            collection.indexes.push(statement);
        }
    }
}

fn generated_name(collection: &Collection, field: &str) -> String {
    let mut name = format!("idx_{field}_{}", collection.id);
    name.truncate(NAME_MAX_CHARS);
    let taken: HashSet<String> = parsed(collection).map(|index| index.name.to_lowercase()).collect();
    super::merge::free_id(&name, |name| taken.contains(&name.to_lowercase()))
}

/// Checks the statements of a collection that is about to take the place of `old`. Whether SQLite can make them shows
/// when it does.
pub fn check(collection: &Collection, old: Option<&Collection>, schema: &Schema) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if collection.is_view() {
        if !collection.indexes.is_empty() {
            errors.add("indexes", FieldError::new("validation_indexes_not_supported", "Views can't have indexes."));
        }
        return errors;
    }
    let mut names = HashSet::new();
    let mut definitions = HashSet::new();
    for (at, statement) in collection.indexes.iter().enumerate() {
        let result = check_one(collection, statement, schema, &mut names, &mut definitions);
        errors.check(&format!("indexes.{at}"), result);
    }
    if let Some(field) = old.and_then(|old| lost_unique_field(collection, old)) {
        let error = FieldError::new(
            "validation_invalid_unique_system_field_index",
            format!("The unique index over {field} can't be removed or changed."),
        );
        errors.add("indexes", error.with("fieldName", field));
    }
    errors
}

fn check_one(
    collection: &Collection,
    statement: &str,
    schema: &Schema,
    names: &mut HashSet<String>,
    definitions: &mut HashSet<String>,
) -> Result<(), FieldError> {
    let index = index::parse(statement).ok_or_else(|| invalid("This isn't a CREATE INDEX statement."))?;
    if !names.insert(index.name.to_lowercase()) {
        return Err(FieldError::new("validation_duplicated_index_name", "Another index has this name."));
    }
    let others = schema.collections().iter().filter(|other| other.id != collection.id);
    if let Some(other) =
        others.into_iter().find(|other| parsed(other).any(|o| o.name.eq_ignore_ascii_case(&index.name)))
    {
        let message = format!("An index of {} has this name.", other.name);
        return Err(
            FieldError::new("validation_existing_index_name", message).with("usedTableName", other.name.clone())
        );
    }
    if !definitions.insert(index.definition()) {
        return Err(FieldError::new("validation_duplicated_index_definition", "Another index is the same."));
    }
    Ok(())
}

/// The error for a statement that isn't an index, or that SQLite can't make.
pub fn invalid(message: impl Into<std::borrow::Cow<'static, str>>) -> FieldError {
    FieldError::new("validation_invalid_index_expression", message)
}

/// The first system field whose unique index is gone.
fn lost_unique_field(collection: &Collection, old: &Collection) -> Option<String> {
    let columns = |index: &Index| -> Vec<String> { index.columns.iter().map(|c| c.name.to_lowercase()).collect() };
    let kept: Vec<Vec<String>> = parsed(collection).filter(|index| index.unique).map(|index| columns(&index)).collect();
    parsed(old).filter(|index| index.unique).find_map(|index| {
        let is_system = |name: &str| old.fields.iter().any(|f| f.system && f.name.eq_ignore_ascii_case(name));
        let field = index.columns.iter().find(|column| is_system(&column.name))?;
        (!kept.contains(&columns(&index))).then(|| field.name.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collections::blank;

    fn with_indexes(type_name: &str, indexes: &[&str]) -> Collection {
        let mut made = blank::collection(type_name);
        made.id = "pbc_1".to_owned();
        made.name = "t".to_owned();
        made.indexes = indexes.iter().map(|index| (*index).to_owned()).collect();
        made
    }

    fn check_code(indexes: &[&str], path: &str, expect: Option<&str>) {
        let mut other = with_indexes("base", &["create index taken on other (id)"]);
        other.id = "pbc_2".to_owned();
        let schema = Schema::new(vec![std::sync::Arc::new(other)]);
        let mut made = with_indexes("base", indexes);
        normalize(&mut made);
        assert_eq!(check(&made, None, &schema).code(path), expect, "{indexes:?}");
    }

    #[test]
    fn codes() {
        check_code(&["create index a on t (id)"], "indexes.0", None);
        check_code(&["nope"], "indexes.0", Some("validation_invalid_index_expression"));
        check_code(
            &["create index a on t (id)", "create index A on t (x)"],
            "indexes.1",
            Some("validation_duplicated_index_name"),
        );
        check_code(&["create index TAKEN on t (id)"], "indexes.0", Some("validation_existing_index_name"));
        check_code(
            &["create index a on t (id)", "create index b on t (`ID`)"],
            "indexes.1",
            Some("validation_duplicated_index_definition"),
        );
        check_code(&["create index a on t (id)", "create index b on t (id asc)"], "indexes.1", None);
    }

    #[test]
    fn auth_collections_get_their_unique_indexes() {
        let mut made = with_indexes("auth", &["create index foo on x (email)"]);
        normalize(&mut made);
        assert_eq!(
            made.indexes,
            [
                "CREATE INDEX `foo` ON `t` (`email`)",
                "CREATE UNIQUE INDEX `idx_tokenKey_pbc_1` ON `t` (`tokenKey`)",
                "CREATE UNIQUE INDEX `idx_email_pbc_1` ON `t` (`email`) WHERE `email` != ''",
            ]
        );
        let mut made = with_indexes(
            "auth",
            &["create unique index a on t (email collate nocase)", "create unique index b on t (tokenKey)"],
        );
        let before = made.indexes.clone();
        normalize(&mut made);
        assert_eq!(made.indexes, before);
    }

    #[test]
    fn unique_indexes_of_system_fields_stay() {
        let old = with_indexes("base", &["create unique index a on t (id, x)"]);
        let lost = |indexes: &[&str]| lost_unique_field(&with_indexes("base", indexes), &old);
        assert_eq!(lost(&[]).as_deref(), Some("id"));
        assert_eq!(lost(&["create index a on t (id, x)"]).as_deref(), Some("id"));
        assert_eq!(lost(&["create unique index b on t (id collate nocase, x desc) where x != ''"]), None);
    }
}
