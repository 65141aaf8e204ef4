//! The first half of a restoration: an archive is unpacked beside the data and checked, while everything goes on.
//!
//! The second half is [`swap`].

use std::fs;
use std::path::Path;

use super::folder::Busy;
use super::unpack::Written;
use super::{Archive, STORAGE, swap, test, unwritten};
use crate::base::progress::Progress;
use crate::base::{Result, fault};
use crate::files::sync_folder;
use crate::store::LoadSchema;

/// Unpacks an archive completely, checks everything in it, and leaves the order to put it in the place of the data when
/// the program starts next. If that fails, nothing has changed.
///
/// # Errors
/// 400 that says what is wrong with the archive; 503 if it can't be read or unpacked.
pub fn prepare(
    data_dir: &Path,
    _: &Busy,
    mut archive: Archive,
    load: LoadSchema,
    progress: &dyn Progress,
) -> Result<()> {
    let new = swap::make_room(data_dir)?;
    let unpacked = unpack(&new, &mut archive, load, progress);
    if unpacked.is_err() {
        swap::discard(data_dir);
        return unpacked;
    }
    fault::point("restore unpacked");
    swap::order_all(data_dir)?;
    fault::point("restore ordered");
    Ok(())
}

fn unpack(new: &Path, archive: &mut Archive, load: LoadSchema, progress: &dyn Progress) -> Result<()> {
    archive.unpack(new, Written::Everything, progress)?;
    fault::point("restore half unpacked");
    test::databases(new, &archive.manifest, load, progress)?;
    if archive.has_files() {
        // Also if there are none: those that are there now don't belong to the restored records.
        fs::create_dir_all(new.join(STORAGE)).and_then(|()| sync_folder(new)).map_err(unwritten)?;
    }
    Ok(())
}
