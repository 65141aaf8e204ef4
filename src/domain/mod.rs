//! What a collection, a field, a record and a principal are. Pure: no SQL, no HTTP, no clock of its own.
//!
//! Called by every layer above. Invariant: a [`Schema`] is immutable; changing one means building the next.

mod auth_defaults;
pub mod collection;
pub mod event;
pub mod field;
pub mod file_name;
pub mod index;
pub mod oauth2;
pub mod principal;
pub mod record;
pub mod request;
pub mod schema;
pub mod sql_lex;
pub mod upload;
pub mod value;

pub use collection::{AuthOptions, Collection, CollectionKind, RuleKind, Rules, TokenKind};
pub use event::{Action, Event};
pub use field::{Field, FieldKind, Modifier, Storage};
pub use principal::{Credential, KeyScope, Principal, Verb};
pub use record::Record;
pub use request::{BodyLimits, Context, ListRequest, RequestInfo};
pub use schema::Schema;
pub use upload::Upload;
pub use value::Value;
