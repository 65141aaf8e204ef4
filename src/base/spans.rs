//! The name under which the program tells how long the parts of a request take, for those who gather traces.
//!
//! Spans of that name go nowhere unless traces are gathered (`cli::traces`), and then cost next to nothing.

/// See the module.
pub const TARGET: &str = "holdall::spans";
