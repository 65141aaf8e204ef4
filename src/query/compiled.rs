//! A statement whose values are still open.

use std::sync::Arc;

use sea_query::{SelectStatement, Value, Values};

use super::dialect::Dialect;
use crate::base::Statement;
use crate::rules::bind::Env;
use crate::rules::plan::Bind;

/// Statement text with a [`Bind`] per placeholder: made once per shape, run many times.
#[derive(Clone, Debug)]
pub struct Compiled {
    sql: Arc<str>,
    binds: Vec<Bind>,
}

impl Compiled {
    /// Renders `select`. Every value in the tree must be an index into `binds`, as [`Slots`] makes them.
    pub(super) fn of_select(dialect: Dialect, select: &SelectStatement, slots: &Slots) -> Compiled {
        let (sql, values) = dialect.build(select);
        Compiled { sql: sql.into(), binds: slots.in_order(values) }
    }

    /// The statement for one request.
    pub fn statement(&self, env: &Env<'_>) -> Statement {
        Statement { sql: self.sql.clone(), params: self.binds.iter().map(|bind| env.value(bind)).collect() }
    }

    /// The statement's text, for golden tests and logs.
    pub fn sql(&self) -> &str {
        &self.sql
    }
}

/// Collects binds while a statement is put together. The builder only ever sees their numbers; rendering tells in
/// which order the numbers stand in the text.
#[derive(Default)]
pub(super) struct Slots(Vec<Bind>);

impl Slots {
    /// The number under which `bind` travels through the builder.
    pub fn number(&mut self, bind: Bind) -> u64 {
        self.0.push(bind);
        self.0.len() as u64 - 1
    }

    fn in_order(&self, values: Values) -> Vec<Bind> {
        let number = |value: Value| match value {
            Value::BigUnsigned(Some(number)) => Some(number as usize),
            _ => None,
        };
        values
            .0
            .into_iter()
            .map(|value| {
                number(value).and_then(|at| self.0.get(at)).cloned().expect("only slots are put into the tree")
            })
            .collect()
    }
}
