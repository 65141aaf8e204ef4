//! What everything else stands on and what itself knows nothing: errors, ids, time, secrets, JSON text, limits.
//!
//! Called by every layer. Not here: anything that knows a collection, a request or a database.

pub mod clock;
pub mod error;
pub mod etag;
mod excerpt;
pub mod fault;
pub mod histogram;
pub mod http;
pub mod ids;
mod ip_range;
pub mod json;
pub mod limits;
pub mod pick;
pub mod private;
pub mod progress;
pub mod secret;
pub mod spans;
pub mod sql_value;
pub mod tls;

pub use clock::Timestamp;
pub use error::{Error, ErrorKind, FieldError, FieldErrors, Result};
pub use ip_range::{IpRange, client_network, is_this_machine};
pub use secret::Secret;
pub use sql_value::{SqlValue, SqlValueRef, Statement};
