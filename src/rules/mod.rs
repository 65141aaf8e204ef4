//! The filter and rule language: text → tokens → tree → resolved plan. Pure: no SQL, no clock, no request.
//!
//! Called by the records service for filters and sort expressions, and by the collections service when rules are
//! saved or rewritten. Errors carry the place in the source.

pub mod bind;
pub mod macros;
pub mod parse;
pub mod places;
pub mod plan;
pub mod print;
pub mod resolve;
pub mod shape;
pub mod token;
pub mod tree;

pub use bind::{Env, Submitted};
pub use macros::Macro;
pub use parse::{SortItem, parse, parse_sort};
pub use places::Places;
pub use plan::{Bind, Plan, SortPlan, Trust};
pub use resolve::{Scope, check_rule, resolve, resolve_sort};
pub use shape::{LiteralValue, Shape, shape};
pub use token::{ParseError, Span};
pub use tree::{Call, Compare, Expr, Literal, Op, Operand, Path};
