//! Records made JSON: which fields a principal sees, in the interface's order.

use std::sync::Arc;

use crate::base::json::{write_number, write_str};
use crate::base::{Result, SqlValueRef};
use crate::domain::{Collection, FieldKind, Principal, Record, Storage, Value};
use crate::store::Row;

/// The keys of a collection's records in JSON, sorted, with where each value comes from.
pub struct Layout {
    /// Positions of the fields that a SELECT must yield, in this order.
    pub columns: Vec<usize>,
    entries: Vec<Entry>,
    /// Place of `emailVisibility` and `id` in `columns`, for auth collections.
    email: Option<EmailColumns>,
    collection: Arc<Collection>,
}

struct Entry {
    /// `"name":`
    key: String,
    from: From,
}

enum From {
    /// The value at this place of `columns`.
    Column(usize),
    /// The e-mail of an auth record, which not everybody sees.
    Email(usize),
    /// Ready JSON.
    Fixed(String),
    /// What a record is expanded with.
    Expand,
}

struct EmailColumns {
    id: usize,
    visibility: usize,
}

/// Who may see e-mails that aren't public.
pub struct EmailAccess<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// Ids of records whose manage rule the principal satisfies.
    pub managed: &'a [String],
}

impl Layout {
    /// What a superuser, or anybody else, sees of `collection`.
    pub fn new(collection: &Arc<Collection>, superuser: bool) -> Layout {
        let mut columns = Vec::new();
        let mut entries = vec![fixed("collectionId", &collection.id), fixed("collectionName", &collection.name)];
        entries.push(Entry { key: "\"expand\":".into(), from: From::Expand });
        for (position, field) in collection.fields.iter().enumerate() {
            let secret = collection.is_auth() && matches!(field.name.as_str(), "password" | "tokenKey");
            if secret || (field.hidden && !superuser) {
                continue;
            }
            let mut key = String::new();
            write_str(&mut key, &field.name);
            key.push(':');
            let from = match &field.kind {
                FieldKind::Password(_) => From::Fixed("\"\"".into()),
                _ => {
                    columns.push(position);
                    let at = columns.len() - 1;
                    if collection.is_auth() && field.name == "email" { From::Email(at) } else { From::Column(at) }
                }
            };
            entries.push(Entry { key, from });
        }
        entries.sort_by(|a, b| a.key.trim_end_matches(':').cmp(b.key.trim_end_matches(':')));
        let place = |columns: &mut Vec<usize>, name| {
            let position = collection.position(name)?;
            Some(columns.iter().position(|column| *column == position).unwrap_or_else(|| {
                columns.push(position);
                columns.len() - 1
            }))
        };
        let email = match collection.is_auth() {
            true => place(&mut columns, "id")
                .zip(place(&mut columns, "emailVisibility"))
                .map(|(id, visibility)| EmailColumns { id, visibility }),
            false => None,
        };
        Layout { columns, entries, email, collection: collection.clone() }
    }

    /// The names of the fields that are shown.
    pub fn shown_fields(&self) -> impl Iterator<Item = &str> {
        let names = self.entries.iter().map(|entry| entry.key.trim_end_matches(':').trim_matches('"'));
        names.filter(|name| self.collection.position(name).is_some())
    }

    /// Appends the record in `row`, whose first columns are [`Layout::columns`], as a JSON object.
    pub fn write_row(&self, out: &mut String, row: &Row<'_>, access: &EmailAccess<'_>) -> Result<()> {
        let email_shown = match &self.email {
            None => true,
            Some(columns) => {
                let visible = matches!(row.get(columns.visibility)?, SqlValueRef::Integer(1));
                let id = match row.get(columns.id)? {
                    SqlValueRef::Text(id) => id,
                    _ => "",
                };
                visible || access.shows(&self.collection, id)
            }
        };
        self.write(out, email_shown, None, |out, at| {
            let field = &self.collection.fields[self.columns[at]];
            write_stored(out, field.storage(), field.nullable, row.get(at)?);
            Ok(())
        })
    }

    /// Appends a record as a JSON object, with `expand` (ready JSON) if given.
    pub fn write_record(&self, out: &mut String, record: &Record, expand: Option<&str>, access: &EmailAccess<'_>) {
        let email_shown =
            self.email.is_none() || record.truth("emailVisibility") || access.shows(&self.collection, record.id());
        let written = self.write(out, email_shown, expand, |out, at| {
            record.at(self.columns[at]).write_json(out);
            Ok(())
        });
        debug_assert!(written.is_ok(), "values in memory can always be written");
    }

    fn write(
        &self,
        out: &mut String,
        email_shown: bool,
        expand: Option<&str>,
        mut value: impl FnMut(&mut String, usize) -> Result<()>,
    ) -> Result<()> {
        out.push('{');
        let mut first = true;
        for entry in &self.entries {
            let skipped = match entry.from {
                From::Expand => expand.is_none(),
                From::Email(_) => !email_shown,
                _ => false,
            };
            if skipped {
                continue;
            }
            if !first {
                out.push(',');
            }
            first = false;
            out.push_str(&entry.key);
            match &entry.from {
                From::Column(at) | From::Email(at) => value(out, *at)?,
                From::Fixed(json) => out.push_str(json),
                From::Expand => out.push_str(expand.unwrap_or("{}")),
            }
        }
        out.push('}');
        Ok(())
    }
}

impl EmailAccess<'_> {
    fn shows(&self, collection: &Collection, id: &str) -> bool {
        self.principal.is_superuser()
            || self.principal.is(&collection.id, id)
            || self.managed.iter().any(|managed| managed == id)
    }
}

fn fixed(key: &str, value: &str) -> Entry {
    let mut json = String::new();
    write_str(&mut json, value);
    Entry { key: format!("\"{key}\":"), from: From::Fixed(json) }
}

/// Appends a stored value as JSON without building a [`Value`] where the stored form allows it.
fn write_stored(out: &mut String, storage: Storage, nullable: bool, stored: SqlValueRef<'_>) {
    match (storage, stored) {
        (Storage::Text, SqlValueRef::Text(text)) => write_str(out, text),
        (Storage::Number, SqlValueRef::Real(number)) => write_number(out, number),
        (Storage::Bool, SqlValueRef::Integer(number)) => out.push_str(if number != 0 { "true" } else { "false" }),
        (Storage::List, SqlValueRef::Text("[]")) => out.push_str("[]"),
        _ => Value::from_sql(storage, nullable, stored).write_json(out),
    }
}
