//! What a view's query mentions that only superusers may see, and which of its columns may reveal it.
//!
//! Called by [`super::views`] when it derives the fields of a view. Where it isn't certain where a column comes from,
//! the worst is assumed.

use std::collections::HashSet;

use crate::domain::sql_lex::Lexeme;
use crate::domain::{FieldKind, Schema};
use crate::query::ddl::view::{Output, ViewQuery};

/// What a query mentions that only superusers may see.
pub(super) struct Secrets {
    names: HashSet<String>,
}

impl Secrets {
    /// The secrets of the collections that the query mentions.
    pub(super) fn of(schema: &Schema, query: &ViewQuery) -> Secrets {
        let mentions = |name: &str| query.lexemes.iter().any(|lexeme| lexeme.names(name));
        let mentioned = schema.collections().iter().filter(|collection| mentions(&collection.name));
        let hidden = mentioned
            .flat_map(|collection| &collection.fields)
            .filter(|field| field.hidden || matches!(field.kind, FieldKind::Password(_)))
            .map(|field| field.name.to_ascii_lowercase());
        Secrets { names: hidden.collect() }
    }

    /// Whether a column that isn't plain may reveal a secret. If rows come from tables by name only, the expression
    /// says it all, otherwise the whole query has to be looked at.
    pub(super) fn touched_by(&self, query: &ViewQuery, output: Option<&Output>) -> bool {
        let lexemes = match output {
            Some(output) if query.is_flat && !query.is_compound => &output.expression,
            _ => &query.lexemes,
        };
        lexemes.iter().any(|lexeme| self.is_secret(lexeme)) || !self.names.is_empty() && has_wildcard(lexemes)
    }

    fn is_secret(&self, lexeme: &Lexeme) -> bool {
        let lower = lexeme.text.to_ascii_lowercase();
        lexeme.is_name() && self.names.contains(&lower)
    }
}

/// Whether `*` or `table.*` is selected anywhere.
fn has_wildcard(lexemes: &[Lexeme]) -> bool {
    lexemes.windows(2).any(|pair| {
        pair[1].is_sign('*') && ["select", "distinct", "all"].iter().any(|word| pair[0].is_word(word))
            || pair[0].is_sign('.') && pair[1].is_sign('*')
            || pair[0].is_sign(',') && pair[1].is_sign('*')
    })
}
