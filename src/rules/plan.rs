//! What a filter or rule means, typed and independent of any SQL dialect.
//!
//! [`resolve`](mod@super::resolve) makes a [`Plan`] from a tree and a schema; `query::select` makes a statement of it.
//! A plan holds no value of a request: those are [`Bind`]s, filled in from an [`Env`](super::bind::Env) at run time, so
//! that one plan serves every request of the same shape.

use std::sync::Arc;

use super::macros::Macro;
use super::tree::Op;
use crate::base::SqlValue;
use crate::domain::{Collection, RuleKind};

/// Index of a [`Source`] in its plan; 0 is the row itself.
pub type SourceId = usize;

/// The row that is tested.
pub const ROOT: SourceId = 0;

/// A resolved expression over one row of a collection and the rows that are joined to it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The row (index 0) and every joined row set, parents before children.
    pub sources: Vec<Source>,
    /// What must hold, as conjuncts.
    pub conditions: Vec<Condition>,
}

/// One row set of a plan. Comparisons that use the same path prefix share a source, and so the same joined row.
#[derive(Clone, Debug)]
pub struct Source {
    /// Where its rows come from.
    pub kind: SourceKind,
    /// The collection of its rows; for [`SourceKind::Each`] the collection that has the list.
    pub collection: Arc<Collection>,
    /// Whether several rows may belong to one root row, which gives plain operators their "all" meaning.
    pub multi: bool,
    /// The rule that rows must satisfy to be joined by a client's filter, if any.
    pub guard: Option<Arc<Plan>>,
}

/// How a source's rows are found. All are outer joins: no match is one row of NULLs.
#[derive(Clone, Debug)]
pub enum SourceKind {
    /// The row that is tested.
    Root,
    /// The elements of a list: one row per element with one value.
    Each(Origin),
    /// Records whose id is the origin's value.
    Related(Origin),
    /// Records of another collection whose relation field `field` points to the origin.
    Referring {
        /// The id that is pointed to.
        origin: Origin,
        /// Position of the relation field in the source's collection.
        field: usize,
        /// Whether that relation is multiple.
        list: bool,
    },
    /// Every record of a collection: `@collection.name`.
    Every,
}

/// A value that a join starts from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// A column of another source.
    Column(SourceId, usize),
    /// The element of a [`SourceKind::Each`].
    Element(SourceId),
    /// A value of the request.
    Bind(Bind),
}

impl SourceKind {
    /// The source this one hangs on, if any.
    pub fn parent(&self) -> Option<SourceId> {
        match self {
            SourceKind::Each(origin) | SourceKind::Related(origin) | SourceKind::Referring { origin, .. } => {
                match origin {
                    Origin::Column(parent, _) | Origin::Element(parent) => Some(*parent),
                    Origin::Bind(_) => None,
                }
            }
            SourceKind::Root | SourceKind::Every => None,
        }
    }
}

/// A boolean expression.
#[derive(Clone, Debug)]
pub enum Condition {
    /// All must hold.
    All(Vec<Condition>),
    /// At least one must hold.
    Any(Vec<Condition>),
    /// A comparison.
    Compare(Box<Comparison>),
}

/// A comparison of two operands.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The operator without its `?`.
    pub op: Op,
    /// Whether one joined row is enough (`?=`); otherwise all must satisfy it.
    pub any: bool,
    /// Left side.
    pub left: Operand,
    /// Right side.
    pub right: Operand,
}

/// A side of a comparison, or an item of a sort expression.
#[derive(Clone, Debug)]
pub struct Operand {
    /// The value.
    pub scalar: Scalar,
    /// How comparisons treat its NULL.
    pub nulls: Nulls,
    /// The source whose `emailVisibility` must be true for the value to be used, if any.
    pub visible_on: Option<SourceId>,
}

/// How NULL behaves in `=` and `!=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nulls {
    /// The value is never NULL and never an empty literal.
    Never,
    /// The literal `''` or `null`: equal to empty text and to NULL.
    Empty(EmptyLiteral),
    /// NULL counts as empty text.
    AsEmpty,
    /// NULL is distinct from everything but NULL: json values, functions, nullable fields.
    Strict,
}

/// Which of the two empty literals it was; strict operands tell them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptyLiteral {
    /// `''`
    Text,
    /// `null`
    Null,
}

/// A single value of an expression.
#[derive(Clone, Debug)]
pub enum Scalar {
    /// A value that is known before the statement runs.
    Bind(Bind),
    /// A column as stored.
    Column(SourceId, usize),
    /// The only element of a single-valued column (`:each`): its value, which gives its type to nothing else.
    OnlyElement(SourceId, usize),
    /// A value inside a json or geoPoint column; no path segments is the whole value.
    JsonPath(SourceId, usize, Vec<String>),
    /// The element of a [`SourceKind::Each`].
    Element(SourceId),
    /// The number of elements of a list column.
    ListLength(SourceId, usize),
    /// 0 or 1: whether a single-valued column is set.
    SingleLength(SourceId, usize),
    /// ASCII lower case.
    Lower(Box<Scalar>),
    /// 0 or 1: whether the body has the field and its value differs from the row's.
    Changed {
        /// Whether the key was submitted.
        submitted: Bind,
        /// What was submitted.
        value: Bind,
        /// The root's column.
        field: usize,
    },
    /// `geoDistance(lonA, latA, lonB, latB)` in kilometres.
    GeoDistance(Box<[Scalar; 4]>),
    /// `strftime(format, time, modifiers…)`.
    Strftime(Vec<Scalar>),
}

/// A value that an [`Env`](super::bind::Env) supplies at run time.
#[derive(Clone, Debug, PartialEq)]
pub enum Bind {
    /// A literal of a rule, `true`, `false`, `null`.
    Const(SqlValue),
    /// A literal of the client's filter, by slot.
    Literal(usize),
    /// A value that the service gives with the statement, by position: an id, a page size.
    Argument(usize),
    /// A field of the record that is about to be created.
    Candidate(usize),
    /// A date or time macro.
    Macro(Macro),
    /// `@request.context`.
    Context,
    /// `@request.method`.
    Method,
    /// `@request.query.k`.
    Query(String),
    /// `@request.headers.k`.
    Header(String),
    /// A field of the signed-in record; a path continues into json.
    Auth(usize, Vec<String>),
    /// `@request.auth.collectionId`.
    AuthCollectionId,
    /// `@request.auth.collectionName`.
    AuthCollectionName,
    /// `@request.body.k`; a path continues into json. The name of a field or any other key.
    Body(String, Vec<String>),
    /// What was submitted for the field at this position, in the form in which it would be stored.
    Submitted(usize),
    /// The number of elements of the inner list (a text that is set counts as one).
    Length(Box<Bind>),
    /// Whether a query parameter, header or body key was sent.
    IsSet(Part, String),
    /// The inner value in ASCII lower case.
    Lower(Box<Bind>),
    /// The inner value as a pattern for `~`: contains-match unless it has an unescaped `%`.
    Pattern(Box<Bind>),
    /// The inner value, or empty text in place of NULL.
    OrEmpty(Box<Bind>),
}

/// The parts of a request of which `:isset` may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Part {
    Query,
    Headers,
    Body,
}

/// What a list is ordered by.
#[derive(Clone, Debug)]
pub struct SortPlan {
    /// The row and the joined row sets that the keys use.
    pub plan: Plan,
    /// The keys, most significant first.
    pub keys: Vec<SortKey>,
}

/// One item of a sort expression.
#[derive(Clone, Debug)]
pub struct SortKey {
    /// By what.
    pub by: SortBy,
    /// Largest first.
    pub descending: bool,
}

/// What a sort key looks at.
#[derive(Clone, Debug)]
pub enum SortBy {
    /// A value; of several joined rows any one decides.
    Value(Operand),
    /// The order of insertion.
    RowId,
    /// Chance.
    Random,
}

/// What a rule or filter is for, which decides what it may mention.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trust {
    /// A rule of the schema: everything.
    Rule(RuleKind),
    /// A filter or sort sent by somebody whom rules bind.
    Client,
    /// A filter or sort sent by a superuser.
    Superuser,
}

impl Plan {
    /// The collection of the tested row.
    pub fn collection(&self) -> &Arc<Collection> {
        &self.sources[ROOT].collection
    }
}
