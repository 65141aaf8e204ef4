//! Files of records: who may send them.

use super::{Cx, access, find_collection, input};
use crate::base::{Error, Result};
use crate::domain::RuleKind;
use crate::store::ReadTx;

/// The keys under which a caller may send files, each with the most bytes that one of them may have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileKeys(Vec<(String, u64)>);

impl FileKeys {
    /// The most bytes of a file under this key: `f`, `f+` or `+f`. `None` if the key takes no files.
    pub fn max_bytes(&self, key: &str) -> Option<u64> {
        let name = key.strip_suffix('+').or_else(|| key.strip_prefix('+'));
        let is = |(field, _): &&(String, u64)| field == key || name == Some(field.as_str());
        self.0.iter().find(is).map(|(_, max_bytes)| *max_bytes)
    }
}

/// Where a caller may send files for a record of this collection; asked before any file is taken in, so only what
/// depends on neither the record nor the body is decided here.
///
/// # Errors
/// 404 unknown collection; 403 only superusers may, or the API key doesn't allow it; 400 for a view.
pub fn file_keys(tx: &ReadTx<'_>, cx: &Cx<'_>, collection: &str, kind: RuleKind) -> Result<FileKeys> {
    let collection = find_collection(tx.schema(), collection)?;
    if collection.is_view() {
        return Err(Error::invalid("Records of a view can't be written."));
    }
    access::decide(cx.principal, collection, kind)?;
    access::check_key(cx, collection)?;
    let keys = collection.fields.iter().filter(|field| input::is_settable(collection, field, cx.principal));
    let keys = keys.filter_map(|field| Some((field.name.clone(), field.as_file()?.max_size_bytes().unsigned_abs())));
    Ok(FileKeys(keys.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_may_have_a_plus_on_one_side() {
        let keys = FileKeys(vec![("f".into(), 7)]);
        for (key, expect) in [("f", Some(7)), ("f+", Some(7)), ("+f", Some(7)), ("+f+", None), ("f-", None), ("", None)]
        {
            assert_eq!(keys.max_bytes(key), expect, "{key}");
        }
    }
}
