//! Names to joins and columns of a world: the first half of the reference evaluator.

use holdall::rules::{Compare, Expr, Op, Operand, Path};

use super::values::Sql;
use super::world::{MemCollection, MemKind, World};

/// A set of rows that a path passes. Equal joins are the same join: this is how paths share a row.
#[derive(PartialEq)]
pub struct Join<'w> {
    pub parent: Option<usize>,
    pub hop: Hop<'w>,
}

/// How a join finds its rows.
pub enum Hop<'w> {
    /// The record that a single relation names.
    One { field: String, target: &'w MemCollection },
    /// The elements of a list, and the records that they name if it is a relation.
    Elements { field: String, target: Option<&'w MemCollection> },
    /// The records of `source` whose relation `field` names the parent's record.
    Back { field: String, source: &'w MemCollection },
    /// All records; `name` is the collection's name with the alias.
    Every { name: String, source: &'w MemCollection },
}

impl PartialEq for Hop<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Hop::One { field: a, .. }, Hop::One { field: b, .. }) => a == b,
            (Hop::Elements { field: a, .. }, Hop::Elements { field: b, .. }) => a == b,
            (Hop::Back { field: a, source: c }, Hop::Back { field: b, source: d }) => a == b && c.name == d.name,
            (Hop::Every { name: a, .. }, Hop::Every { name: b, .. }) => a == b,
            _ => false,
        }
    }
}

/// A resolved operand.
pub enum Term {
    Constant { value: Sql, literal: bool },
    Column { join: Option<usize>, read: Read, lower: bool, multi: bool },
}

impl Term {
    /// Whether the path may lead to several values.
    pub fn multi(&self) -> bool {
        matches!(self, Term::Column { multi: true, .. })
    }

    /// The join that its value comes from; none is the tested row.
    pub fn join(&self) -> Option<usize> {
        match self {
            Term::Column { join, .. } => *join,
            Term::Constant { .. } => None,
        }
    }
}

/// What to take from the joined row.
pub enum Read {
    Field(String, MemKind),
    JsonPath(String, Vec<String>),
    Length(String),
    Element,
    /// The only element of a single-valued field: its value, without the column's affinity.
    OnlyElement(String, MemKind),
}

/// A resolved expression.
pub enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Compare { left: Term, op: Op, any: bool, right: Term },
}

const MODIFIERS: [&str; 5] = ["length", "each", "lower", "isset", "changed"];
const MAX_HOPS: usize = 6;

/// Looks up names from `root` on and collects the joins that their paths pass.
pub struct Resolver<'w, 'j> {
    pub world: &'w World,
    pub root: &'w MemCollection,
    pub joins: &'j mut Vec<Join<'w>>,
}

impl<'w> Resolver<'w, '_> {
    /// `None` if a name doesn't exist.
    pub fn condition(&mut self, expr: &Expr) -> Option<Condition> {
        Some(match expr {
            Expr::All(items) => Condition::All(items.iter().map(|item| self.condition(item)).collect::<Option<_>>()?),
            Expr::Any(items) => Condition::Any(items.iter().map(|item| self.condition(item)).collect::<Option<_>>()?),
            Expr::Compare(Compare { left, op, any, right, .. }) => {
                Condition::Compare { left: self.term(left)?, op: *op, any: *any, right: self.term(right)? }
            }
        })
    }

    fn term(&mut self, operand: &Operand) -> Option<Term> {
        match operand {
            Operand::Text(text) => Some(Term::Constant { value: Sql::Text(text.value.clone()), literal: true }),
            Operand::Number(number) => Some(Term::Constant { value: Sql::Real(number.value), literal: true }),
            Operand::Path(path) => self.path(path).or_else(|| keyword(path)),
            Operand::Function(_) => None,
        }
    }

    fn path(&mut self, path: &Path) -> Option<Term> {
        let modifier = path.modifier.as_deref();
        if modifier.is_some_and(|modifier| !MODIFIERS.contains(&modifier)) {
            return None;
        }
        let mut collection = self.root;
        let mut join = None;
        let mut multi = false;
        let mut segments = path.segments.as_slice();
        if let [first, name, rest @ ..] = segments
            && first == "@collection"
        {
            collection = self.world.find(name.split(':').next().unwrap_or(name))?;
            join = Some(self.join(None, Hop::Every { name: name.clone(), source: collection }));
            multi = true;
            segments = rest;
        }
        let mut hops = 0;
        loop {
            let (field, rest) = segments.split_first()?;
            let kind = collection.kind(field);
            if rest.is_empty() || kind == Some(MemKind::Json) {
                return self.last(join, multi, field, kind?, rest, modifier);
            }
            // `rel.id` is the relation's own value, so it needs no join.
            if matches!(kind, Some(MemKind::Relation { multi: false, .. })) && rest == ["id"] {
                let (lower, read) = (modifier == Some("lower"), Read::Field(field.clone(), kind?));
                return Some(Term::Column { join, read, lower, multi });
            }
            let (hop, next) = self.hop(collection, field, kind)?;
            hops += 1;
            if hops > MAX_HOPS {
                return None;
            }
            multi |= !matches!(hop, Hop::One { .. });
            join = Some(self.join(join, hop));
            collection = next;
            segments = rest;
        }
    }

    /// What a segment in the middle of a path leads to: a relation, or a back-relation `collection_via_field`.
    fn hop(
        &self,
        collection: &MemCollection,
        field: &str,
        kind: Option<MemKind>,
    ) -> Option<(Hop<'w>, &'w MemCollection)> {
        match kind {
            Some(MemKind::Relation { target, multi }) => {
                let target = self.world.find(&target)?;
                let field = field.to_owned();
                Some(match multi {
                    true => (Hop::Elements { field, target: Some(target) }, target),
                    false => (Hop::One { field, target }, target),
                })
            }
            Some(_) => None,
            None => {
                let (name, field) = field.split_once("_via_")?;
                let source = self.world.find(name)?;
                match source.kind(field)? {
                    MemKind::Relation { target, .. } if target == collection.name => {
                        Some((Hop::Back { field: field.to_owned(), source }, source))
                    }
                    _ => None,
                }
            }
        }
    }

    /// The end of a path: a field, with the rest of the path inside it if it is a json field.
    fn last(
        &mut self,
        join: Option<usize>,
        multi: bool,
        field: &str,
        kind: MemKind,
        rest: &[String],
        modifier: Option<&str>,
    ) -> Option<Term> {
        let field = field.to_owned();
        if !rest.is_empty() {
            // What a modifier means behind a json path isn't defined.
            let read = Read::JsonPath(field, rest.to_vec());
            return modifier.is_none().then_some(Term::Column { join, read, lower: false, multi });
        }
        let (is_list, is_elements) = match &kind {
            MemKind::Select { multi } | MemKind::Relation { multi, .. } => (*multi, true),
            _ => (false, false),
        };
        Some(match modifier {
            Some("length") if is_elements => Term::Column { join, read: Read::Length(field), lower: false, multi },
            Some("each") if is_list => {
                let target = match &kind {
                    MemKind::Relation { target, .. } => self.world.find(target),
                    _ => None,
                };
                let join = Some(self.join(join, Hop::Elements { field, target }));
                Term::Column { join, read: Read::Element, lower: false, multi: true }
            }
            Some("each") if is_elements => {
                Term::Column { join, read: Read::OnlyElement(field, kind), lower: false, multi }
            }
            modifier => Term::Column { join, read: Read::Field(field, kind), lower: modifier == Some("lower"), multi },
        })
    }

    fn join(&mut self, parent: Option<usize>, hop: Hop<'w>) -> usize {
        let join = Join { parent, hop };
        if let Some(known) = self.joins.iter().position(|other| *other == join) {
            return known;
        }
        self.joins.push(join);
        self.joins.len() - 1
    }
}

fn keyword(path: &Path) -> Option<Term> {
    let value = match path {
        path if path.is("null") => Sql::Null,
        path if path.is("true") => Sql::Int(1),
        path if path.is("false") => Sql::Int(0),
        _ => return None,
    };
    Some(Term::Constant { value, literal: false })
}
