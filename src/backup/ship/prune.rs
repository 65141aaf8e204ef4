//! What was shipped and isn't needed any more goes.
//!
//! Needed is whatever makes up a moment of the retention: the latest snapshot from before it that could be restored,
//! and everything behind that. As long as there is none, everything stays. Files of records go once nobody has named
//! them for as long as the retention.

use futures_util::TryStreamExt;

use super::names::SnapshotName;
use super::target::{Generation, Target};
use crate::base::{Result, Timestamp};

/// For how long everything is kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// The time.
    pub now: Timestamp,
    /// Hours before it.
    pub hours: i64,
}

impl Retention {
    /// Since when everything is kept.
    pub fn since(self) -> Timestamp {
        self.now.plus_seconds(self.hours.saturating_mul(-3600))
    }
}

/// Removes what isn't needed.
///
/// # Errors
/// 503 if the target can't be read or changed.
pub async fn prune(target: &Target, retention: Retention) -> Result<()> {
    let generations = target.generations().await?;
    let Some((at, first)) = first_needed(&generations, retention) else { return Ok(()) };
    for generation in &generations[..at] {
        target.storage().remove_below(&generation.name).await?;
        tracing::info!(generation = generation.name, "what was shipped long ago was removed");
    }
    let generation = &generations[at];
    for segment in generation.segments.iter().filter(|segment| segment.number <= first.number) {
        target.storage().remove(&segment.key(&generation.name)).await?;
    }
    for snapshot in generation.snapshots.iter().filter(|snapshot| snapshot.number < first.number) {
        // The note first: without it, the rest means nothing.
        for key in [snapshot.note_key(&generation.name), snapshot.good_key(&generation.name)] {
            target.storage().remove(&key).await?;
        }
        target.storage().remove(&snapshot.data_key(&generation.name)).await?;
    }
    Ok(())
}

/// The snapshot that the earliest moment of the retention is made of, and the position of its generation.
fn first_needed(generations: &[Generation], retention: Retention) -> Option<(usize, SnapshotName)> {
    let since_ms = retention.since().unix_millis();
    let is_before = |snapshot: &&SnapshotName| snapshot.at_ms <= since_ms;
    generations.iter().enumerate().rev().find_map(|(at, generation)| {
        let sound = generation.snapshots.iter().rev().filter(|snapshot| generation.good.contains(snapshot));
        sound.copied().find(|snapshot| is_before(&snapshot)).map(|snapshot| (at, snapshot))
    })
}

/// Removes files that have been noted as removed since before the retention.
///
/// # Errors
/// 503 if the target can't be read or changed.
pub async fn prune_files(target: &Target, retention: Retention) -> Result<()> {
    let since_seconds = retention.since().unix_seconds();
    let noted: Vec<_> = target.storage().list(Some(super::names::REMOVED))?.try_collect().await?;
    for note in noted.into_iter().filter(|note| note.modified_seconds <= since_seconds) {
        if let Some((_, key)) = note.key.split_once('/') {
            // The file first: should the note go alone, the file would stay for another retention.
            target.storage().remove(&format!("{}/{key}", super::names::FILES)).await?;
            target.storage().remove(&note.key).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_up_the_retention_stays() {
        let hour = 3_600_000;
        let generation = |snapshots: &[(u64, i64, bool)]| {
            let name = |&(number, at, _): &(u64, i64, bool)| SnapshotName { number, at_ms: at * hour };
            let good = snapshots.iter().filter(|snapshot| snapshot.2).map(name).collect();
            Generation { snapshots: snapshots.iter().map(name).collect(), good, ..Generation::default() }
        };
        let generations = [generation(&[(0, 1, true)]), generation(&[(0, 10, true), (5, 20, true), (9, 30, false)])];
        let first = |now: i64, hours: i64| {
            let now = Timestamp::from_unix_millis(now * hour).expect("a time");
            first_needed(&generations, Retention { now, hours }).map(|(at, snapshot)| (at, snapshot.number))
        };
        assert_eq!(first(25, 24), Some((0, 0)));
        assert_eq!(first(24, 24), None, "nothing is old enough");
        assert_eq!(first(34, 24), Some((1, 0)));
        assert_eq!(first(43, 24), Some((1, 0)));
        assert_eq!(first(44, 24), Some((1, 5)));
        assert_eq!(first(90, 24), Some((1, 5)), "the newest one was never good");
    }
}
