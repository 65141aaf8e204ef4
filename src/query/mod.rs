//! Plans made into statements for a dialect: SELECT for lists and rules, INSERT, UPDATE and DELETE, and the schema's
//! CREATE and ALTER. Pure: nothing here runs a statement.
//!
//! Invariants: values are bound, identifiers are [`Ident`]s, and whatever only one database understands is asked of
//! [`dialect`].

pub mod compiled;
pub mod ddl;
pub mod dialect;
pub mod files;
pub mod ident;
pub mod mutate;
pub mod select;
pub mod table;
pub mod whole;

pub use ident::Ident;
