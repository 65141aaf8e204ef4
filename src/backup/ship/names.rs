//! What objects are called in a target.
//!
//! ```text
//! g00000001-k3x9q2/snapshot-000000000000-1764140000000.db.gz   a copy of the database
//! g00000001-k3x9q2/snapshot-000000000000-1764140000000.json    what is known of it
//! g00000001-k3x9q2/snapshot-000000000000-1764140000000.good    there if it could be restored
//! g00000001-k3x9q2/000000000001-1764140000100-1764140000900.seg  the times of its first and last commit
//! files/COLLECTION/RECORD/NAME                                 a file of a record
//! removed/COLLECTION/RECORD/NAME                               there if no record names it any more
//! ```

use crate::base::ids;

/// Where files of records lie.
pub const FILES: &str = "files";
/// What is noted of those that are to go.
pub const REMOVED: &str = "removed";

/// A segment, as far as its name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentName {
    /// Its number.
    pub number: u64,
    /// The earliest and the latest time of its commits; `None` if no transaction ends in it.
    pub span: Option<(i64, i64)>,
}

/// A snapshot, as far as its name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SnapshotName {
    /// The number of the last segment that is in it.
    pub number: u64,
    /// When it was taken.
    pub at_ms: i64,
}

/// What a name inside of a generation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
    /// A segment.
    Segment(SegmentName),
    /// The database of a snapshot, which means nothing without what is known of it.
    Data(SnapshotName),
    /// What is known of a snapshot.
    Snapshot(SnapshotName),
    /// It could be restored.
    Good(SnapshotName),
}

/// A new generation.
pub fn generation(number: u64) -> String {
    let random = ids::record_id();
    format!("g{number:08}-{}", &random[..6])
}

/// The number of a generation.
pub fn generation_number(name: &str) -> Option<u64> {
    name.strip_prefix('g')?.split_once('-')?.0.parse().ok()
}

impl SegmentName {
    /// Where it lies.
    pub fn key(&self, generation: &str) -> String {
        let span = self.span.map_or_else(|| "-".to_owned(), |(first, last)| format!("{first}-{last}"));
        format!("{generation}/{:012}-{span}.seg", self.number)
    }
}

impl SnapshotName {
    fn stem(&self, generation: &str) -> String {
        format!("{generation}/snapshot-{:012}-{}", self.number, self.at_ms)
    }

    /// Where the database lies.
    pub fn data_key(&self, generation: &str) -> String {
        format!("{}.db.gz", self.stem(generation))
    }

    /// Where it is said what is known of it.
    pub fn note_key(&self, generation: &str) -> String {
        format!("{}.json", self.stem(generation))
    }

    /// What is there if it could be restored.
    pub fn good_key(&self, generation: &str) -> String {
        format!("{}.good", self.stem(generation))
    }
}

/// Takes the key of an object apart; `None` for what is no part of a generation.
pub fn parse(key: &str) -> Option<(&str, Name)> {
    let (generation, name) = key.split_once('/')?;
    generation_number(generation)?;
    let (stem, kind) = name.rsplit_once('.')?;
    if let Some(stem) = stem.strip_prefix("snapshot-") {
        let (number, at_ms) = stem.strip_suffix(".db").unwrap_or(stem).split_once('-')?;
        let name = SnapshotName { number: number.parse().ok()?, at_ms: at_ms.parse().ok()? };
        return match kind {
            "json" => Some((generation, Name::Snapshot(name))),
            "good" => Some((generation, Name::Good(name))),
            "gz" => Some((generation, Name::Data(name))),
            _ => None,
        };
    }
    let (number, span) = stem.split_once('-').filter(|_| kind == "seg")?;
    let span = match span {
        "-" => None,
        span => {
            let (first, last) = span.split_once('-')?;
            Some((first.parse().ok()?, last.parse().ok()?))
        }
    };
    Some((generation, Name::Segment(SegmentName { number: number.parse().ok()?, span })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_they_are() {
        let made = generation(7);
        assert_eq!(generation_number(&made), Some(7));
        for span in [Some((5, 1_764_140_000_000)), None] {
            let name = SegmentName { number: 12, span };
            assert_eq!(parse(&name.key(&made)), Some((made.as_str(), Name::Segment(name))));
        }
        let name = SnapshotName { number: 3, at_ms: 99 };
        assert_eq!(parse(&name.note_key(&made)), Some((made.as_str(), Name::Snapshot(name))));
        assert_eq!(parse(&name.good_key(&made)), Some((made.as_str(), Name::Good(name))));
        assert_eq!(parse(&name.data_key(&made)), Some((made.as_str(), Name::Data(name))));
        for other in ["files/a/b/c.json", "x/1-1-1.seg", "g1-a/x-1-1.seg", "g1-a/1.seg", ""] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
