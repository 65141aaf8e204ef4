//! Continuous backup: every committed change is copied elsewhere while the server runs, so that any moment can be
//! brought back.
//!
//! Called by the app. [`Shipper`] takes what the store reads from its write-ahead log ([`crate::store::Tail`]), cuts it
//! into `segment`s and puts these into a [`Target`], one after the other; now and then a `snapshot` of the whole
//! database goes there, too, so that not everything has to be replayed and old segments can go (`prune`). Segments
//! and snapshots that belong together are a generation; where frames are lost, the next generation begins with a
//! snapshot. `plan` finds what makes up a moment, `restore` puts it together. New `files` of records follow by
//! themselves.
//!
//! Invariants: segments of a generation have numbers without gaps, and each holds a checksum over all of it, so what
//! is missing or altered is noticed; a snapshot counts only once its note is there, which is written last; order is
//! that of numbers, never that of clocks. Not here: who may do what, and what happens to the logs (they aren't
//! shipped).

pub mod files;
mod names;
mod plan;
mod prune;
pub mod restore;
mod segment;
mod shipper;
mod snapshot;
mod target;
#[cfg(test)]
mod tests;

pub use names::SnapshotName;
pub use plan::{Moment, Stretch, stretches, time};
pub use restore::{Restored, Wanted};
pub use shipper::{Options, Shipper, ShippingState};
pub use target::{Generation, Target, write_to};

use crate::base::Error;

/// 400 for what isn't as it was when it was shipped.
fn altered(key: &str) -> Error {
    Error::invalid(format!("The copy is damaged: {key} isn't what it was when it was written."))
}
