//! `CREATE INDEX` statements: read, compared, rebuilt.
//!
//! Called by [`super::Collection`], which keeps them as text, and by the collections service. The reader is small and
//! tolerant: it knows the frame of the statement and leaves expressions and conditions as they are; SQLite has the last
//! word when it makes the index. Invariant: a statement that parses is a single one, so making an index can't do
//! anything else.

use std::fmt::Write as _;

use super::sql_lex::{Kind, Lexeme, lex};

/// A parsed `CREATE INDEX` statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// Whether equal values are refused.
    pub unique: bool,
    /// The index's name.
    pub name: String,
    /// The table it was written for.
    pub table: String,
    /// What it sorts by; never empty.
    pub columns: Vec<IndexColumn>,
    /// The condition after `WHERE`, empty if there is none.
    pub condition: String,
}

/// One column or expression of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexColumn {
    /// The column's name, or an expression.
    pub name: String,
    /// Whether `name` is an expression.
    pub is_expression: bool,
    /// The collation, empty if none is given.
    pub collate: String,
    /// `ASC`, `DESC` or empty.
    pub sort: String,
}

impl Index {
    /// The same index in the canonical form, for the table of this name.
    pub fn for_table(&self, table: &str) -> String {
        let unique = if self.unique { "UNIQUE " } else { "" };
        let columns: Vec<String> = self.columns.iter().map(IndexColumn::text).collect();
        let columns = match columns.as_slice() {
            [only] => only.clone(),
            many => format!("\n  {}\n", many.join(",\n  ")),
        };
        let mut sql = format!("CREATE {unique}INDEX {} ON {} ({columns})", quote(&self.name), quote(table));
        if !self.condition.is_empty() {
            let _ = write!(sql, " WHERE {}", self.condition);
        }
        sql
    }

    /// The name of its column, if it has exactly one and that is no expression.
    pub fn single_column(&self) -> Option<&IndexColumn> {
        match self.columns.as_slice() {
            [only] if !only.is_expression => Some(only),
            _ => None,
        }
    }

    /// What it indexes, without its name and in one letter case, to tell whether two are the same.
    pub fn definition(&self) -> String {
        let nameless = Index { name: String::new(), ..self.clone() };
        nameless.for_table("").to_lowercase()
    }
}

impl IndexColumn {
    fn text(&self) -> String {
        let mut text = if self.is_expression { self.name.clone() } else { quote(&self.name) };
        if !self.collate.is_empty() {
            let _ = write!(text, " COLLATE {}", self.collate);
        }
        if !self.sort.is_empty() {
            let _ = write!(text, " {}", self.sort);
        }
        text
    }
}

/// An index, table or view name quoted for statements that are text.
pub fn quote(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// Reads `CREATE [UNIQUE] INDEX [IF NOT EXISTS] [main.]name ON table (columns) [WHERE condition]`. `None` if it is
/// anything else, has no name or no column, or names what no index can be called.
pub fn parse(sql: &str) -> Option<Index> {
    let sql = sql.trim().trim_end_matches(';').trim_end();
    let lexemes = lex(sql)?;
    if lexemes.iter().any(|lexeme| lexeme.is_sign(';')) {
        return None;
    }
    let mut rest = lexemes.as_slice();
    skip_word(&mut rest, "create")?;
    let unique = skip_word(&mut rest, "unique").is_some();
    skip_word(&mut rest, "index")?;
    if skip_word(&mut rest, "if").is_some() {
        skip_word(&mut rest, "not")?;
        skip_word(&mut rest, "exists")?;
    }
    let mut name = take_name(&mut rest)?;
    if skip_sign(&mut rest, '.').is_some() {
        if !name.eq_ignore_ascii_case("main") {
            return None;
        }
        name = take_name(&mut rest)?;
    }
    skip_word(&mut rest, "on")?;
    let table = take_table(&mut rest)?;
    let inside = take_parenthesis(&mut rest)?;
    let columns = split_at_commas(inside).map(|piece| parse_column(sql, piece)).collect::<Option<Vec<_>>>()?;
    let condition = match rest {
        [] => String::new(),
        [word, first, ..] if word.is_word("where") => sql[first.span.start..].to_owned(),
        _ => return None,
    };
    Some(Index { unique, name, table, columns, condition })
}

fn skip_word(rest: &mut &[Lexeme], word: &str) -> Option<()> {
    let (first, tail) = rest.split_first()?;
    first.is_word(word).then(|| *rest = tail)
}

fn skip_sign(rest: &mut &[Lexeme], sign: char) -> Option<()> {
    let (first, tail) = rest.split_first()?;
    first.is_sign(sign).then(|| *rest = tail)
}

/// A name without quotes and control characters in it, so that it means the same wherever it is written.
fn take_name(rest: &mut &[Lexeme]) -> Option<String> {
    let (first, tail) = rest.split_first()?;
    let reserved = first.is_word("on") || first.is_word("where");
    let clean = |c: char| !c.is_control() && !matches!(c, '"' | '\'' | '`' | '[' | ']' | ';');
    let fits = !first.text.is_empty() && first.text.len() <= 255 && first.text.chars().all(clean);
    (first.is_name() && fits && !reserved).then(|| {
        *rest = tail;
        first.text.clone()
    })
}

/// As [`take_name`], or an empty name in quotes, which stands for a collection that isn't named yet.
fn take_table(rest: &mut &[Lexeme]) -> Option<String> {
    match rest.split_first() {
        Some((first, tail)) if first.kind == Kind::Quoted && first.text.is_empty() => {
            *rest = tail;
            Some(String::new())
        }
        _ => take_name(rest),
    }
}

/// The lexemes between the parenthesis that opens here and the one that closes it.
fn take_parenthesis<'a>(rest: &mut &'a [Lexeme]) -> Option<&'a [Lexeme]> {
    skip_sign(rest, '(')?;
    let mut depth = 1;
    for (at, lexeme) in rest.iter().enumerate() {
        match lexeme.kind {
            Kind::Sign('(') => depth += 1,
            Kind::Sign(')') => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            let inside = &rest[..at];
            *rest = &rest[at + 1..];
            return Some(inside);
        }
    }
    None
}

fn split_at_commas(lexemes: &[Lexeme]) -> impl Iterator<Item = &[Lexeme]> {
    let mut depth = 0;
    lexemes.split(move |lexeme| {
        match lexeme.kind {
            Kind::Sign('(') => depth += 1,
            Kind::Sign(')') => depth -= 1,
            _ => {}
        }
        depth == 0 && lexeme.is_sign(',')
    })
}

fn parse_column(sql: &str, mut piece: &[Lexeme]) -> Option<IndexColumn> {
    let mut sort = String::new();
    if let Some((last, head)) = piece.split_last()
        && (last.is_word("asc") || last.is_word("desc"))
    {
        sort = last.text.to_uppercase();
        piece = head;
    }
    let mut collate = String::new();
    if let [head @ .., word, name] = piece
        && word.is_word("collate")
        && name.is_name()
    {
        collate = sql[name.span.clone()].to_owned();
        piece = head;
    }
    match piece {
        [] => None,
        [only] if only.is_name() => Some(IndexColumn { name: only.text.clone(), is_expression: false, collate, sort }),
        [first, ..] => {
            let end = piece.last().map_or(first.span.end, |last| last.span.end);
            Some(IndexColumn { name: sql[first.span.start..end].to_owned(), is_expression: true, collate, sort })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sql: &str, expect: Option<&str>) {
        assert_eq!(parse(sql).map(|index| index.for_table("t")).as_deref(), expect, "{sql}");
    }

    #[test]
    fn statements_are_read_and_rebuilt() {
        check("create index a on b (c)", Some("CREATE INDEX `a` ON `t` (`c`)"));
        check("create index a on `` (c)", Some("CREATE INDEX `a` ON `t` (`c`)"));
        check(
            "CREATE UNIQUE INDEX `a` ON `b` (`c`) WHERE `c` != ''",
            Some("CREATE UNIQUE INDEX `a` ON `t` (`c`) WHERE `c` != ''"),
        );
        check(
            "create   unique\nindex if not exists main.a on [b c] (lower(d) desc, \"e\" collate nocase asc);",
            Some("CREATE UNIQUE INDEX `a` ON `t` (\n  lower(d) DESC,\n  `e` COLLATE nocase ASC\n)"),
        );
        check(
            "create index a on b (coalesce(c, ''), d)",
            Some("CREATE INDEX `a` ON `t` (\n  coalesce(c, ''),\n  `d`\n)"),
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for sql in [
            "",
            "foo",
            "create index on b (c)",
            "create index `` on b (c)",
            "create index a on b ()",
            "create index a on b (c,)",
            "create index a on b (c); drop table b",
            "create index a on b (c) where c != ''; drop table b",
            "create index a on b (c) where",
            "create index a on b (c) drop",
            "create index temp.a on b (c)",
            "create index \"a`b\" on b (c)",
            "create index \"a\"\"b\" on b (c)",
            "create index a\0 on b (c)",
            "create index \"a;b\" on b (c)",
            "drop index a",
            "create index a on b (c",
            "create index 'a' on b (c)",
        ] {
            check(sql, None);
        }
        check(&format!("create index {} on b (c)", "a".repeat(256)), None);
    }

    #[test]
    fn the_definition_ignores_name_and_letter_case() {
        let definition = |sql: &str| parse(sql).expect(sql).definition();
        assert_eq!(definition("create index a on t (C)"), definition("CREATE INDEX b ON T (`c`)"));
        assert_ne!(definition("create index a on t (c)"), definition("create index a on t (c asc)"));
        assert_ne!(definition("create index a on t (c)"), definition("create unique index a on t (c)"));
    }
}
