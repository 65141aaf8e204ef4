//! How the program fares: what is counted of requests, what the machine says of process and disk, and how figures look
//! to programs that gather them.
//!
//! Called by the app, which knows all services and puts their figures together. Invariant: to count a request takes no
//! lock that anybody holds for long, and the number of different figures is bounded whatever clients send. Not here:
//! who may look (`app`), what the figures of other services mean.

mod exposition;
pub mod machine;
mod requests;
pub mod spans;

pub use exposition::{Family, Format, Value, exposition};
pub use requests::{Answered, Requests, RouteFigures};
