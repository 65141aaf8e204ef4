//! Carries the new names of collections and fields through everything that mentions the old ones: rules, indexes,
//! options of auth collections and view queries.
//!
//! Called before a change is validated. A mention is rewritten only where it is unambiguous and where the client
//! didn't change the text itself; whatever is left over is found by validation, or leaves a view out of order as it
//! would have been without this. Pure: the schema before the change says what names meant.

use std::collections::HashMap;
use std::sync::Arc;

use super::view_rename;
use crate::domain::collection::OAuth2MappedFields;
use crate::domain::index::{self, Index};
use crate::domain::sql_lex::lex;
use crate::domain::{AuthOptions, Collection, CollectionKind, Schema};
use crate::rules::{self, Expr, Operand, Path};

/// New names of one collection and its fields.
#[derive(Debug, Default)]
pub struct Rename {
    pub(super) old_name: String,
    /// The same as `old_name` if only fields are renamed.
    pub(super) new_name: String,
    pub(super) fields: Vec<(String, String)>,
    /// Whether a field that isn't the same one has an old name now, so that a mention may mean either.
    reuses_names: bool,
}

impl Rename {
    /// The new name of a field, if it is renamed.
    pub(super) fn field(&self, old: &str) -> Option<&str> {
        self.fields.iter().find(|(name, _)| name == old).map(|(_, new)| new.as_str())
    }

    /// As [`Rename::field`], in any letter case as SQL has it.
    pub(super) fn column(&self, old: &str) -> Option<&str> {
        self.fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(old)).map(|(_, new)| new.as_str())
    }

    fn new(old: &Collection, new: &Collection) -> Option<Rename> {
        let fields: Vec<(String, String)> = new
            .fields
            .iter()
            .filter_map(|field| {
                let before = old.fields.iter().find(|before| before.id == field.id)?;
                (before.name != field.name).then(|| (before.name.clone(), field.name.clone()))
            })
            .collect();
        let reuses_names = fields.iter().any(|(before, _)| new.field(before).is_some());
        (old.name != new.name || !fields.is_empty()).then(|| Rename {
            old_name: old.name.clone(),
            new_name: new.name.clone(),
            fields,
            reuses_names,
        })
    }
}

/// All new names of one change, by the id of the collection.
#[derive(Debug, Default)]
pub struct Renames(HashMap<String, Rename>);

impl Renames {
    /// What differs between the pairs of a stored collection and its successor.
    pub fn between<'a>(pairs: impl IntoIterator<Item = (&'a Collection, &'a Collection)>) -> Renames {
        Renames(pairs.into_iter().filter_map(|(old, new)| Some((old.id.clone(), Rename::new(old, new)?))).collect())
    }

    /// Whether nothing got a new name.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn of(&self, collection_id: &str) -> Option<&Rename> {
        self.0.get(collection_id)
    }

    /// Rewrites `target`, the successor of `old`, wherever its text is still that of `old`. `sent` says which keys the
    /// client sent: where names are reused, what it sent is taken at its word.
    pub fn apply(&self, schema: &Schema, old: &Arc<Collection>, target: &mut Collection, sent: impl Fn(&str) -> bool) {
        let reuses = self.0.values().any(|rename| rename.reuses_names);
        let frozen = |key: &str| reuses && sent(key);
        let before = &old.rules;
        let after = &mut target.rules;
        for (key, before, after) in [
            ("listRule", &before.list, &mut after.list),
            ("viewRule", &before.view, &mut after.view),
            ("createRule", &before.create, &mut after.create),
            ("updateRule", &before.update, &mut after.update),
            ("deleteRule", &before.delete, &mut after.delete),
        ] {
            if before == after && !frozen(key) {
                self.rewrite_rule(schema, old, after);
            }
        }
        if let Some(rename) = self.of(&old.id)
            && !frozen("indexes")
        {
            for index in target.indexes.iter_mut().filter(|index| old.indexes.contains(index)) {
                rewrite_index(rename, index);
            }
        }
        match (&old.kind, &mut target.kind) {
            (CollectionKind::Auth(before), CollectionKind::Auth(after)) => {
                self.rewrite_auth(schema, old, before, after, frozen);
            }
            (CollectionKind::View(before), CollectionKind::View(after)) if before == after => {
                if let Some(query) = view_rename::rewrite(self, schema, after) {
                    *after = query;
                }
            }
            _ => {}
        }
    }

    fn rewrite_auth(
        &self,
        schema: &Schema,
        old: &Arc<Collection>,
        before: &AuthOptions,
        after: &mut AuthOptions,
        frozen: impl Fn(&str) -> bool,
    ) {
        if before.auth_rule == after.auth_rule && !frozen("authRule") {
            self.rewrite_rule(schema, old, &mut after.auth_rule);
        }
        if before.manage_rule == after.manage_rule && !frozen("manageRule") {
            self.rewrite_rule(schema, old, &mut after.manage_rule);
        }
        if before.mfa.rule == after.mfa.rule && !frozen("mfa") {
            let mut rule = Some(std::mem::take(&mut after.mfa.rule));
            self.rewrite_rule(schema, old, &mut rule);
            after.mfa.rule = rule.unwrap_or_default();
        }
        let Some(rename) = self.of(&old.id) else { return };
        let follow = |name: &mut String| {
            if let Some(new) = rename.field(name) {
                *name = new.to_owned();
            }
        };
        if before.password_auth.identity_fields == after.password_auth.identity_fields && !frozen("passwordAuth") {
            after.password_auth.identity_fields.iter_mut().for_each(follow);
        }
        if before.sessions.end_on_change == after.sessions.end_on_change && !frozen("sessions") {
            after.sessions.end_on_change.iter_mut().for_each(follow);
        }
        if before.oauth2.mapped_fields == after.oauth2.mapped_fields && !frozen("oauth2") {
            let OAuth2MappedFields { id, name, username, avatar_url } = &mut after.oauth2.mapped_fields;
            [id, name, username, avatar_url].into_iter().for_each(follow);
        }
    }

    fn rewrite_rule(&self, schema: &Schema, owner: &Arc<Collection>, rule: &mut Option<String>) {
        let Some(text) = rule.as_deref().filter(|text| !text.is_empty()) else { return };
        let Ok(expr) = rules::parse(text) else { return };
        let mut paths = Vec::new();
        paths_of(&expr, &mut paths);
        let mut rewritten = text.to_owned();
        paths.sort_by_key(|path| std::cmp::Reverse(path.span.start));
        for path in paths {
            let new = self.rewrite_path(schema, owner, &text[path.span.clone()]);
            rewritten.replace_range(path.span.clone(), &new);
        }
        *rule = Some(rewritten);
    }

    /// `text` is a path as it was written, with aliases and modifier.
    fn rewrite_path(&self, schema: &Schema, owner: &Arc<Collection>, text: &str) -> String {
        let mut segments: Vec<String> = text.split('.').map(str::to_owned).collect();
        match base(&segments[0]) {
            "@collection" => {
                if let Some(segment) = segments.get_mut(1)
                    && let Some(collection) = schema.find(base(segment))
                {
                    let collection = collection.clone();
                    self.rename_collection(&collection, segment);
                    self.walk(schema, &collection, &mut segments[2..]);
                }
            }
            "@request" => match segments.get(1).map(|segment| base(segment)) {
                Some("body") => self.walk(schema, owner, &mut segments[2..]),
                Some("auth") => {
                    // Whoever asks may be of any auth collection: only a field that no other one has is meant for sure.
                    let field = segments.get(2).map(|segment| base(segment).to_owned()).unwrap_or_default();
                    let mut holders = schema.collections().iter().filter(|c| c.is_auth() && c.field(&field).is_some());
                    if let (Some(only), None) = (holders.next(), holders.next()) {
                        self.walk(schema, only, &mut segments[2..]);
                    }
                }
                _ => {}
            },
            _ => self.walk(schema, owner, &mut segments),
        }
        segments.join(".")
    }

    /// Follows `segments` from a field of `collection` through relations.
    fn walk(&self, schema: &Schema, collection: &Arc<Collection>, segments: &mut [String]) {
        let Some((segment, rest)) = segments.split_first_mut() else { return };
        let name = base(segment).to_owned();
        if let Some(field) = collection.field(&name) {
            if let Some(new) = self.of(&collection.id).and_then(|rename| rename.field(&name)) {
                segment.replace_range(..name.len(), new);
            }
            if let Some(target) = field.as_relation().and_then(|relation| schema.by_id(&relation.collection_id)) {
                self.walk(schema, target, rest);
            }
        } else if let Some((source, via)) = name.split_once("_via_")
            && let Some(other) = schema.find(source)
        {
            let mut renamed = source.to_owned();
            self.rename_collection(other, &mut renamed);
            let via = self.of(&other.id).and_then(|rename| rename.field(via)).unwrap_or(via);
            segment.replace_range(..name.len(), &format!("{renamed}_via_{via}"));
            self.walk(schema, other, rest);
        }
    }

    /// Gives a segment that names `collection` (not by its id) the new name, keeping an alias.
    fn rename_collection(&self, collection: &Collection, segment: &mut String) {
        let length = base(segment).len();
        if let Some(rename) = self.of(&collection.id)
            && base(segment).eq_ignore_ascii_case(&rename.old_name)
        {
            segment.replace_range(..length, &rename.new_name);
        }
    }
}

/// A segment without alias or modifier.
fn base(segment: &str) -> &str {
    segment.split_once(':').map_or(segment, |(base, _)| base)
}

fn paths_of<'a>(expr: &'a Expr, out: &mut Vec<&'a Path>) {
    match expr {
        Expr::Compare(compare) => {
            operand_paths(&compare.left, out);
            operand_paths(&compare.right, out);
        }
        Expr::All(items) | Expr::Any(items) => items.iter().for_each(|item| paths_of(item, out)),
    }
}

fn operand_paths<'a>(operand: &'a Operand, out: &mut Vec<&'a Path>) {
    match operand {
        Operand::Path(path) => out.push(path),
        Operand::Function(call) => call.args.iter().for_each(|arg| operand_paths(arg, out)),
        Operand::Text(_) | Operand::Number(_) => {}
    }
}

/// Renames columns in an index; the statement is rebuilt only if it mentions one.
fn rewrite_index(rename: &Rename, statement: &mut String) {
    let Some(Index { unique, name, table, mut columns, condition }) = index::parse(statement) else { return };
    let before = (columns.clone(), condition.clone());
    for column in &mut columns {
        column.name = match (column.is_expression, rename.column(&column.name)) {
            (true, _) => rewrite_names(rename, &column.name),
            (false, Some(new)) => new.to_owned(),
            (false, None) => continue,
        };
    }
    let condition = rewrite_names(rename, &condition);
    if (&columns, &condition) != (&before.0, &before.1) {
        let table_name = table.clone();
        *statement = Index { unique, name, table, columns, condition }.for_table(&table_name);
    }
}

/// Renames every identifier in an SQL expression over the columns of one table.
fn rewrite_names(rename: &Rename, expression: &str) -> String {
    let mut out = expression.to_owned();
    for lexeme in lex(expression).unwrap_or_default().iter().rev() {
        if let Some(new) = rename.column(&lexeme.text).filter(|_| lexeme.is_name()) {
            out.replace_range(lexeme.span.clone(), &format!("`{new}`"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collections::blank;
    use serde_json::json;

    fn collection(id: &str, name: &str, fields: &[(&str, serde_json::Value)]) -> Collection {
        let mut made = blank::collection("base");
        made.id = id.to_owned();
        made.name = name.to_owned();
        for (name, extra) in fields {
            let mut definition = json!({"type": "text", "name": name, "id": format!("f_{name}")});
            for (key, value) in extra.as_object().expect("an object") {
                definition[key] = value.clone();
            }
            made.fields.push(blank::field(definition));
        }
        made
    }

    fn fixture() -> (Schema, Arc<Collection>, Arc<Collection>) {
        let authors = collection("authors_id", "authors", &[("title", json!({})), ("nick", json!({}))]);
        let rel = json!({"type": "relation", "collectionId": "authors_id"});
        let posts = collection(
            "posts_id",
            "posts",
            &[("title", json!({})), ("author", rel), ("data", json!({"type": "json"}))],
        );
        let (authors, posts) = (Arc::new(authors), Arc::new(posts));
        (Schema::new(vec![authors.clone(), posts.clone()]), authors, posts)
    }

    /// What becomes of a rule of `posts` when `posts` is called `articles`, its `title` `headline` and its `author`
    /// `writer`.
    fn check(rule: &str, expect: &str) {
        let (schema, _, posts) = fixture();
        let mut new = (*posts).clone();
        new.name = "articles".to_owned();
        new.fields[1].name = "headline".to_owned();
        new.fields[2].name = "writer".to_owned();
        let renames = Renames::between([(&*posts, &new)]);
        let mut rule = Some(rule.to_owned());
        renames.rewrite_rule(&schema, &posts, &mut rule);
        assert_eq!(rule.as_deref(), Some(expect));
    }

    #[test]
    fn rules_follow() {
        check("title = 'title' && author.title != ''", "headline = 'title' && writer.title != ''");
        check("title:lower ~ \"x\" || author.id:isset = true", "headline:lower ~ \"x\" || writer.id:isset = true");
        check("@collection.posts.title = 1", "@collection.articles.headline = 1");
        check("@collection.POSTS:a.author.nick ?= title", "@collection.articles:a.writer.nick ?= headline");
        check("@collection.posts_id.title = 1", "@collection.posts_id.headline = 1");
        check("author.posts_via_author.title = 1", "writer.articles_via_writer.headline = 1");
        check("@request.body.title:isset = false", "@request.body.headline:isset = false");
        check(
            "@request.query.title = 'x' && @request.headers.author = 'y'",
            "@request.query.title = 'x' && @request.headers.author = 'y'",
        );
        check("data.title = 1 // title\n && nope.title = 2", "data.title = 1 // title\n && nope.title = 2");
        check("((", "((");
    }

    #[test]
    fn rules_of_other_collections_follow() {
        let (schema, authors, posts) = fixture();
        let mut new = (*posts).clone();
        new.fields[1].name = "headline".to_owned();
        let renames = Renames::between([(&*posts, &new)]);
        let mut rule = Some("posts_via_author.title = title".to_owned());
        renames.rewrite_rule(&schema, &authors, &mut rule);
        assert_eq!(rule.as_deref(), Some("posts_via_author.headline = title"));
    }

    #[test]
    fn swapped_names_follow_unless_the_client_sent_the_text() {
        let (schema, authors, _) = fixture();
        let mut old = (*authors).clone();
        old.rules.list = Some("title = 1 && nick = 2".to_owned());
        let old = Arc::new(old);
        let swapped = || {
            let mut new = (*old).clone();
            new.fields[1].name = "nick".to_owned();
            new.fields[2].name = "title".to_owned();
            new
        };
        for (sent, expect) in [(false, "nick = 1 && title = 2"), (true, "title = 1 && nick = 2")] {
            let mut new = swapped();
            Renames::between([(&*old, &new)]).apply(&schema, &old, &mut new, |_| sent);
            assert_eq!(new.rules.list.as_deref(), Some(expect), "sent: {sent}");
        }
    }

    #[test]
    fn indexes_follow() {
        let rename = Rename {
            old_name: "t".into(),
            new_name: "t".into(),
            fields: vec![("a".into(), "b".into()), ("b".into(), "a".into())],
            reuses_names: true,
        };
        for (statement, expect) in [
            ("create index i on t (c)", "create index i on t (c)"),
            ("create index i on t (A, b desc)", "CREATE INDEX `i` ON `t` (\n  `b`,\n  `a` DESC\n)"),
            (
                "create index i on t (lower(a)) where \"b\" != 'a'",
                "CREATE INDEX `i` ON `t` (lower(`b`)) WHERE `a` != 'a'",
            ),
        ] {
            let mut found = statement.to_owned();
            rewrite_index(&rename, &mut found);
            assert_eq!(found, expect);
        }
    }
}
