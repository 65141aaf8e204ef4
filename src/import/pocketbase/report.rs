//! What was taken, what was changed and what was lost.

use std::path::Path;

use serde::Serialize;

use crate::collections::Remark;

/// So many notes are kept one by one; the rest is counted.
const NOTES_MAX: usize = 10_000;

/// What a note means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Worth knowing; nothing is missing.
    Info,
    /// Something isn't as it was, and nothing is missing.
    Changed,
    /// Something isn't there any more that was.
    Lost,
}

/// Something that isn't as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// What it means.
    pub kind: Kind,
    /// The name of the collection; empty if it is about none.
    pub collection: String,
    /// The record; empty if it is about none.
    pub record: String,
    /// The field, rule or option; empty if it is about none.
    pub part: String,
    /// What became of it, and why.
    pub text: String,
}

/// Files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileCounts {
    /// Stored here now.
    pub taken: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Named by records, and not there.
    pub missing: u64,
    /// There, and nothing that can be taken: a link, a name that is a path.
    pub refused: u64,
    /// There, and named by no record; not taken.
    pub orphaned: u64,
}

/// What was taken of one collection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CollectionReport {
    /// Its name.
    pub name: String,
    /// Its id.
    pub id: String,
    /// `base`, `auth` or `view`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Records in the source.
    pub found: u64,
    /// Records that are here now.
    pub taken: u64,
    /// Records that couldn't be taken.
    pub lost: u64,
    /// Values that aren't as they were.
    pub changed: u64,
    /// Files of its records.
    pub files: FileCounts,
}

/// The whole report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The folder that was read.
    pub source: String,
    /// What was taken, in the order of the collections.
    pub collections: Vec<CollectionReport>,
    /// All files together.
    pub files: FileCounts,
    /// The settings that aren't as a new server has them: path and value, secrets masked.
    pub settings: Vec<(String, String)>,
    /// What is worth knowing.
    pub notes: Vec<Note>,
    /// Notes that there was no room for.
    pub more_notes: u64,
    /// How many notes tell of a loss, those included that there was no room for.
    pub losses: u64,
}

impl Report {
    /// Of a folder of which nothing is known yet.
    pub fn new(source: &Path) -> Report {
        Report { source: source.display().to_string(), ..Report::default() }
    }

    /// Adds a note.
    pub fn note(&mut self, kind: Kind, collection: &str, record: &str, part: &str, text: impl Into<String>) {
        if kind == Kind::Lost {
            self.losses += 1;
        }
        if self.notes.len() >= NOTES_MAX {
            self.more_notes += 1;
            return;
        }
        self.notes.push(Note {
            kind,
            collection: collection.to_owned(),
            record: record.to_owned(),
            part: part.to_owned(),
            text: text.into(),
        });
    }

    /// Adds what became of a definition.
    pub fn remark(&mut self, remark: Remark) {
        let kind = if remark.is_loss { Kind::Lost } else { Kind::Changed };
        self.note(kind, &remark.collection, "", &remark.part, remark.text);
    }

    /// Adds what was taken of a collection.
    pub fn add(&mut self, collection: CollectionReport) {
        let (all, own) = (&mut self.files, &collection.files);
        all.taken += own.taken;
        all.bytes += own.bytes;
        all.missing += own.missing;
        all.refused += own.refused;
        self.collections.push(collection);
    }

    /// Whether everything is here that was there.
    pub fn is_complete(&self) -> bool {
        self.losses == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_counted_even_if_there_is_no_room_for_their_notes() {
        let mut report = Report::new(Path::new("pb_data"));
        report.note(Kind::Changed, "c", "", "", "changed");
        assert!(report.is_complete());
        for _ in 0..NOTES_MAX + 5 {
            report.note(Kind::Lost, "c", "r", "f", "lost");
        }
        assert_eq!((report.notes.len(), report.more_notes), (NOTES_MAX, 6));
        assert_eq!(report.losses, NOTES_MAX as u64 + 5);
        assert!(!report.is_complete());
    }
}
