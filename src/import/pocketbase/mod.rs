//! Taking over a data folder of PocketBase 0.23 to 0.40: collections, records, files, settings.
//!
//! Called by the app on a thread that may wait, with an empty store in a folder that nobody uses yet; whoever calls
//! puts that folder in place when all went well. The way: `source` opens the foreign database without a trace;
//! `definitions` reads `_collections`, which `collections::adopt` makes tables of; `rows` reads each table in
//! batches, `values` makes our values of theirs by what they are, not by what columns are declared as; `files`
//! takes the files that a batch names. Invariants: names from the source reach neither SQL nor the file system before
//! they were checked; ids, dates, password hashes, token keys and secrets stay as they are; whatever isn't as it was is
//! in the [`Report`].

mod definitions;
mod files;
mod report;
mod rows;
mod settings;
mod source;
mod values;

use std::path::Path;

use serde_json::Value as Json;

pub use files::Origin;
pub use report::{CollectionReport, FileCounts, Kind, Note, Report};
pub use source::Source;

use crate::base::progress::{Progress, Unit};
use crate::base::{Error, Result, Secret};
use crate::collections;
use crate::files::{Spool, Storage};
use crate::query::dialect::Dialect;
use crate::store::Store;

/// Collections whose records are over soon, so that they aren't taken.
const PASSING: [&str; 2] = ["_mfas", "_otps"];

/// Where everything goes.
pub struct Target<'t> {
    /// An empty store.
    pub store: &'t Store,
    /// Where files arrive.
    pub spool: &'t Spool,
    /// Where files are kept.
    pub storage: &'t Storage,
    /// What the statements are for.
    pub dialect: Dialect,
    /// The runtime of the files.
    pub runtime: tokio::runtime::Handle,
}

/// The settings of the source; `None` if there are none.
///
/// # Errors
/// 400 if they are encrypted and `key` isn't what opens them.
pub fn read_settings(source: &Source, key: Option<&Secret>) -> Result<Option<Json>> {
    settings::read(source, key)
}

/// Where the settings say that files are: in a bucket, with what is needed to get there.
pub fn bucket_of(settings: &Json) -> Option<Bucket> {
    settings::bucket(settings)
}

/// The settings by their paths, secrets masked: for the report.
pub fn listed_settings(settings: &Json) -> Vec<(String, String)> {
    settings::listed(settings)
}

pub use settings::Bucket;

/// Takes over everything but the settings.
///
/// # Errors
/// What keeps the source from being read, or the target from being written; 503 if the source changes meanwhile.
pub fn take(source: &Source, origin: &Origin, target: &Target<'_>, progress: &dyn Progress) -> Result<Report> {
    let mut report = Report::new(source.folder());
    progress.begin("Checking", Unit::Bytes, 0);
    source.check()?;
    let items = definitions::read(source, &mut report)?;
    let remarks = target.store.write_blocking(move |tx| {
        let remarks = collections::adopt(tx, &items)?;
        // What every database has.
        collections::bootstrap(tx)?;
        Ok(remarks)
    })?;
    remarks.into_iter().for_each(|remark| report.remark(remark));
    rows::take_all(source, origin, target, &mut report, progress)?;
    files::count_orphans(origin, target, &mut report, progress)?;
    source.check_unchanged()?;
    Ok(report)
}

/// Whether a folder looks like one of PocketBase's.
///
/// # Errors
/// 400 if it doesn't.
pub fn check_folder(folder: &Path) -> Result<()> {
    let data = folder.join("data.db");
    match std::fs::symlink_metadata(&data) {
        Ok(known) if known.is_file() => Ok(()),
        Ok(_) => Err(Error::invalid(format!("{} isn't a plain file.", data.display()))),
        Err(error) => Err(Error::invalid(format!(
            "{} can't be read: {error}. Name a data folder of PocketBase, which is called pb_data unless somebody has \
             named it otherwise.",
            data.display()
        ))),
    }
}
