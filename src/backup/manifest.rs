//! The manifest: what is in an archive, entry by entry.
//!
//! Written last, read first. Invariant: a manifest that [`Manifest::read`] has given is one whose names lead nowhere
//! but where the entries of a backup lie, each of them once.

use std::collections::HashSet;
use std::io::Read;

use serde::{Deserialize, Serialize};

use super::{DATA, LOGS, STORAGE};
use crate::base::limits::{BACKUP_ENTRY_NAME_MAX_BYTES, BACKUP_MANIFEST_MAX_BYTES, BACKUP_MAX_ENTRIES};
use crate::base::{Error, Result};

/// What a manifest of ours says it is.
const FORMAT: &str = "holdall-backup";
/// The newest version of the form that this program knows.
const FORMAT_VERSION: u32 = 1;

/// What is in an archive.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    format: String,
    format_version: u32,
    /// The version of the program that has made it.
    pub program: String,
    /// The number of the newest migration of its database.
    pub data_version: i64,
    /// When it was made, in the interface's date form.
    pub created: String,
    /// Where the files of records are.
    pub files: Files,
    /// All entries but the manifest itself, in their order.
    pub entries: Vec<Entry>,
}

/// Where the files of records are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Files {
    /// In the archive.
    Included,
    /// In the bucket of a service, which is no part of the backup.
    Bucket,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Its path in the archive, with slashes.
    pub name: String,
    /// Its size when unpacked.
    pub size_bytes: u64,
    /// SHA-256 of its content in hexadecimal digits.
    pub sha256: String,
}

impl Manifest {
    /// For an archive that is being made.
    pub fn new(data_version: i64, created: String, files: Files) -> Manifest {
        Manifest {
            format: FORMAT.to_owned(),
            format_version: FORMAT_VERSION,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            data_version,
            created,
            files,
            entries: Vec::new(),
        }
    }

    /// Reads and checks one.
    ///
    /// # Errors
    /// 400 that says what is wrong with it.
    pub fn read(from: impl Read) -> Result<Manifest> {
        let text = std::io::BufReader::new(from.take(BACKUP_MANIFEST_MAX_BYTES));
        let manifest: Manifest = serde_json::from_reader(text)
            .map_err(|error| Error::invalid("The backup's manifest can't be read.").caused_by(error))?;
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<()> {
        if self.format != FORMAT {
            return Err(Error::invalid("The backup's manifest isn't one of this program."));
        }
        if self.format_version > FORMAT_VERSION {
            let program = &self.program;
            return Err(Error::invalid(format!("The backup was made by a newer version, Holdall {program}.")));
        }
        if self.entries.len() as u64 > BACKUP_MAX_ENTRIES {
            return Err(Error::invalid("The backup has too many entries."));
        }
        let mut names = HashSet::with_capacity(self.entries.len());
        for entry in &self.entries {
            if !is_entry_name(&entry.name) {
                return Err(Error::invalid(format!("The backup has an entry that none has: {:?}.", entry.name)));
            }
            if !names.insert(entry.name.as_str()) {
                return Err(Error::invalid(format!("The backup has an entry twice: {}.", entry.name)));
            }
        }
        if !names.contains(DATA) {
            return Err(Error::invalid("The backup has no database in it."));
        }
        Ok(())
    }
}

/// Whether an entry of a backup may have this name: one of the databases, or a file of a record.
pub fn is_entry_name(name: &str) -> bool {
    if name == DATA || name == LOGS {
        return true;
    }
    let parts: Vec<&str> = name.split('/').collect();
    let [STORAGE, collection, record, file] = parts[..] else { return false };
    let odd = |c: char| c.is_control() || matches!(c, '\\' | ':');
    let is_plain = |part: &str| !part.is_empty() && !matches!(part, "." | "..") && !part.contains(odd);
    name.len() <= BACKUP_ENTRY_NAME_MAX_BYTES && [collection, record, file].into_iter().all(is_plain)
}

/// The entry of a file of a record.
pub fn file_entry_name(key: &str) -> String {
    format!("{STORAGE}/{key}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_belongs_into_a_backup_is_an_entry() {
        for (name, is_one) in [
            ("data.db", true),
            ("logs.db", true),
            ("storage/c/r/a.txt", true),
            ("storage/c/r/..a", true),
            ("data.db-wal", false),
            ("manifest.json", false),
            ("auxiliary.db", false),
            ("Data.db", false),
            ("./data.db", false),
            ("/data.db", false),
            ("storage", false),
            ("storage/c/r/", false),
            ("storage/c/r/a/b", false),
            ("storage/c/../a", false),
            ("storage/./r/a", false),
            ("storage//r/a", false),
            ("/storage/c/r/a", false),
            ("../storage/c/r/a", false),
            ("storage/c/r/a\\..\\b", false),
            ("storage/C:/r/a", false),
            ("storage/c/r/a\0b", false),
            ("storage\\c\\r\\a", false),
            ("other/c/r/a", false),
            ("", false),
        ] {
            assert_eq!(is_entry_name(name), is_one, "{name:?}");
        }
        assert!(!is_entry_name(&format!("storage/c/r/{}", "a".repeat(BACKUP_ENTRY_NAME_MAX_BYTES))));
    }

    #[test]
    fn a_manifest_is_read_as_it_was_written_and_checked() {
        let entry = |name: &str| Entry { name: name.to_owned(), size_bytes: 3, sha256: "ab".to_owned() };
        let written = |names: &[&str], change: fn(&mut Manifest)| {
            let mut manifest = Manifest::new(3, "2026-01-01 00:00:00.000Z".to_owned(), Files::Included);
            manifest.entries = names.iter().map(|name| entry(name)).collect();
            change(&mut manifest);
            serde_json::to_vec(&manifest).expect("it can be written")
        };
        let read = Manifest::read(&written(&["data.db", "storage/c/r/a"], |_| ())[..]).expect("it is right");
        assert_eq!(read.entries, [entry("data.db"), entry("storage/c/r/a")]);
        for (text, complaint) in [
            (written(&[], |_| ()), "no database"),
            (written(&["data.db", "data.db"], |_| ()), "twice"),
            (written(&["data.db", "../x"], |_| ()), "that none has"),
            (written(&["data.db"], |manifest| manifest.format_version = 2), "newer version"),
            (written(&["data.db"], |manifest| manifest.format = "other".to_owned()), "isn't one of this program"),
            (b"{}".to_vec(), "can't be read"),
            (b"".to_vec(), "can't be read"),
        ] {
            let error = Manifest::read(&text[..]).expect_err(complaint);
            assert!(error.message().contains(complaint), "{}", error.message());
        }
    }
}
