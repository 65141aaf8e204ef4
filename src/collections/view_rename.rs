//! New names carried through the queries of views.
//!
//! Called by [`super::rename`]. The query isn't understood, only its words: a table's name is rewritten where a table
//! is named (after FROM, JOIN or a comma there, and before a point), a column's name in a query with a single SELECT
//! and only if no other collection that the query mentions has a field of either name. A column that stood in the
//! list without an alias keeps its outer name, so that the view's own fields don't change.

use std::sync::Arc;

use super::rename::{Rename, Renames};
use crate::domain::sql_lex::{Lexeme, lex};
use crate::domain::{Collection, Schema};

/// Words that end the place where tables are named.
const AFTER_FROM: [&str; 9] = ["where", "group", "order", "limit", "having", "window", "union", "intersect", "except"];

/// The query with new names; `None` if nothing has to change or it isn't certain what to change.
pub fn rewrite(renames: &Renames, schema: &Schema, query: &str) -> Option<String> {
    let lexemes = lex(query)?;
    let tables = table_places(&lexemes);
    let mentioned: Vec<&Arc<Collection>> = schema
        .collections()
        .iter()
        .filter(|collection| lexemes.iter().enumerate().any(|(at, l)| tables[at] && l.names(&collection.name)))
        .collect();
    let mut edits: Vec<(usize, String)> = Vec::new();
    for collection in &mentioned {
        let Some(rename) = renames.of(&collection.id) else { continue };
        if rename.old_name != rename.new_name {
            edits.extend(table_edits(&lexemes, &tables, rename));
        }
        for (old, new) in &rename.fields {
            edits.extend(column_edits(&lexemes, &tables, &mentioned, collection, old, new)?);
        }
    }
    if edits.is_empty() {
        return None;
    }
    edits.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let mut out = query.to_owned();
    for (at, text) in edits {
        out.replace_range(lexemes[at].span.clone(), &text);
    }
    Some(out)
}

/// For each lexeme, whether it stands where a table is named.
fn table_places(lexemes: &[Lexeme]) -> Vec<bool> {
    let mut in_from = vec![false];
    let mut expects = false;
    lexemes
        .iter()
        .map(|lexeme| {
            let place = expects && lexeme.is_name();
            let in_this = in_from.last_mut();
            if lexeme.is_word("from") || lexeme.is_word("join") {
                in_this.into_iter().for_each(|flag| *flag = true);
                expects = true;
            } else if AFTER_FROM.iter().any(|word| lexeme.is_word(word)) {
                in_this.into_iter().for_each(|flag| *flag = false);
                expects = false;
            } else if lexeme.is_sign(',') {
                expects = in_this.is_some_and(|flag| *flag);
            } else if lexeme.is_sign('(') {
                let listing = expects;
                in_from.push(listing);
                expects = listing;
            } else if lexeme.is_sign(')') {
                in_from.pop();
                expects = false;
            } else {
                expects = false;
            }
            place && !lexeme.is_word("select")
        })
        .collect()
}

fn before_point(lexemes: &[Lexeme], at: usize) -> bool {
    lexemes.get(at + 1).is_some_and(|next| next.is_sign('.'))
}

fn table_edits(lexemes: &[Lexeme], tables: &[bool], rename: &Rename) -> Vec<(usize, String)> {
    (0..lexemes.len())
        .filter(|at| (tables[*at] || before_point(lexemes, *at)) && lexemes[*at].names(&rename.old_name))
        .map(|at| (at, format!("`{}`", rename.new_name)))
        .collect()
}

/// The changes for one column; `None` if they would be a guess.
fn column_edits(
    lexemes: &[Lexeme],
    tables: &[bool],
    mentioned: &[&Arc<Collection>],
    owner: &Collection,
    old: &str,
    new: &str,
) -> Option<Vec<(usize, String)>> {
    let is_place = |at: &usize| {
        let preceded_by_as = at.checked_sub(1).is_some_and(|before| lexemes[before].is_word("as"));
        lexemes[*at].names(old) && !tables[*at] && !before_point(lexemes, *at) && !preceded_by_as
    };
    let places: Vec<usize> = (0..lexemes.len()).filter(is_place).collect();
    let has = |collection: &Collection, name: &str| collection.fields.iter().any(|f| f.name.eq_ignore_ascii_case(name));
    let shared = mentioned.iter().any(|other| other.id != owner.id && (has(other, old) || has(other, new)));
    let selects = lexemes.iter().filter(|lexeme| lexeme.is_word("select")).count();
    if places.is_empty() {
        return Some(Vec::new());
    }
    if shared || selects != 1 {
        return None;
    }
    let edit = |at: usize| match is_bare_output(lexemes, at) {
        true => (at, format!("`{new}` AS `{}`", lexemes[at].text)),
        false => (at, format!("`{new}`")),
    };
    Some(places.into_iter().map(edit).collect())
}

/// Whether a column stands alone in the list of the SELECT, without an alias.
fn is_bare_output(lexemes: &[Lexeme], at: usize) -> bool {
    let mut start = at;
    while start >= 2 && lexemes[start - 1].is_sign('.') && lexemes[start - 2].is_name() {
        start -= 2;
    }
    let depth = lexemes[..start].iter().fold(0, |depth, lexeme| match () {
        () if lexeme.is_sign('(') => depth + 1,
        () if lexeme.is_sign(')') => depth - 1,
        () => depth,
    });
    let after_list = lexemes[..start].iter().any(|lexeme| lexeme.is_word("from"));
    let opens = start
        .checked_sub(1)
        .map(|before| &lexemes[before])
        .is_some_and(|l| l.is_sign(',') || l.is_word("select") || l.is_word("distinct"));
    let ends = lexemes.get(at + 1).is_none_or(|next| next.is_sign(',') || next.is_word("from"));
    depth == 0 && !after_list && opens && ends
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collections::blank;

    fn collection(name: &str, fields: &[&str]) -> Collection {
        let mut made = blank::collection("base");
        made.id = format!("{name}_id");
        made.name = name.to_owned();
        for name in fields {
            made.fields
                .push(blank::field(serde_json::json!({"type": "text", "name": name, "id": format!("f_{name}")})));
        }
        made
    }

    /// `posts` becomes `articles`, its `title` `headline`; `tags` has a `label` and, like posts, a `note`.
    fn check(query: &str, expect: Option<&str>) {
        let posts = collection("posts", &["title", "note"]);
        let tags = collection("tags", &["label", "note"]);
        let mut new = posts.clone();
        new.name = "articles".to_owned();
        new.fields[1].name = "headline".to_owned();
        let renames = Renames::between([(&posts, &new)]);
        let schema = Schema::new(vec![Arc::new(posts), Arc::new(tags)]);
        assert_eq!(rewrite(&renames, &schema, query).as_deref(), expect, "{query}");
    }

    #[test]
    fn tables_and_columns_follow() {
        check("select id, title from posts", Some("select id, `headline` AS `title` from `articles`"));
        check(
            "select id, title as t, lower(title) l from posts p where p.title != 'title'",
            Some("select id, `headline` as t, lower(`headline`) l from `articles` p where p.`headline` != 'title'"),
        );
        check(
            "select posts.id, posts.title, t.label from tags t, posts",
            Some("select `articles`.id, `articles`.`headline` AS `title`, t.label from tags t, `articles`"),
        );
        check(
            "select p.id from tags t left join [Posts] p on p.note = t.note",
            Some("select p.id from tags t left join `articles` p on p.note = t.note"),
        );
        check("select id, label as posts from tags", None);
    }

    #[test]
    fn nothing_is_guessed() {
        check("select id, (select title from posts) from tags", None);
        check("select id, label from tags", None);
    }
}
