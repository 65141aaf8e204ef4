//! Which snapshot and which segments make up a moment.
//!
//! The moment that a time means is the state after the last commit, in the order in which they were made, whose time
//! isn't after it. So everything is in it that was committed up to then by the clock of the server; where that was set
//! back, what was committed under its earlier time is in it, too.

use super::names::{SegmentName, SnapshotName};
use super::restore::Wanted;
use super::target::Generation;
use crate::base::{Error, Result, Timestamp};

/// What has to be put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// In which generation.
    pub generation: String,
    /// With which of these the work may begin, the best one first.
    pub snapshots: Vec<SnapshotName>,
    /// The segment in which the moment lies; `None` if it is that of the snapshot.
    pub last: Option<SegmentName>,
    /// When the next generation begins, if the moment lies between this one's end and that.
    pub unknown_until: Option<Timestamp>,
}

/// A stretch of time of which any moment can be restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The earliest moment.
    pub from: Moment,
    /// The latest one.
    pub to: Moment,
}

/// A moment in milliseconds since the Unix epoch.
pub type Moment = i64;

/// Finds what makes up a moment.
///
/// # Errors
/// 400 if there is no such moment.
pub fn find(generations: &[Generation], wanted: Wanted) -> Result<Plan> {
    let until_ms = wanted.until_ms();
    let mut next_begins: Option<i64> = None;
    for generation in generations.iter().rev() {
        let Some(first) = generation.snapshots.first() else { continue };
        // Segments before the first snapshot can't be used any more.
        let begun = |segment: &&SegmentName| segment.number > first.number;
        let within = |segment: &&SegmentName| segment.span.is_some_and(|(earliest, _)| earliest <= until_ms);
        let last = generation.segments.iter().rev().filter(begun).find(within).copied();
        if last.is_none() && first.at_ms > until_ms {
            next_begins = Some(first.at_ms);
            continue;
        }
        let usable = |snapshot: &&SnapshotName| match last {
            // One in which the whole segment is fits only if the moment is at the segment's end, or behind it.
            Some(last) if snapshot.number == last.number => last.span.is_some_and(|(_, latest)| latest <= until_ms),
            Some(last) => snapshot.number < last.number,
            None => snapshot.at_ms <= until_ms,
        };
        let snapshots: Vec<SnapshotName> = generation.snapshots.iter().rev().filter(usable).copied().collect();
        let is_at_end = last.map(|last| last.number) == generation.segments.last().map(|segment| segment.number);
        let unknown_until = next_begins.filter(|_| is_at_end).and_then(time);
        return Ok(Plan { generation: generation.name.clone(), snapshots, last, unknown_until });
    }
    Err(Error::invalid(match stretches(generations).first() {
        None => "There is nothing to restore there yet.".to_owned(),
        Some(first) => {
            let from = time(first.from).map_or_else(String::new, |at| at.to_string());
            format!("The earliest moment that can be restored is {from}.")
        }
    }))
}

/// The moments that can be restored, the oldest first. What is missing or damaged in between shows only then.
pub fn stretches(generations: &[Generation]) -> Vec<Stretch> {
    let stretch = |generation: &Generation| {
        let from = generation.snapshots.first()?.at_ms;
        let ends = generation.segments.iter().filter_map(|segment| segment.span.map(|(_, latest)| latest));
        let snapshots = generation.snapshots.iter().map(|snapshot| snapshot.at_ms);
        let to = ends.chain(snapshots).max().unwrap_or(from);
        Some(Stretch { from, to })
    };
    generations.iter().filter_map(stretch).collect()
}

/// A moment as a time.
pub fn time(at_ms: i64) -> Option<Timestamp> {
    Timestamp::from_unix_millis(at_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generation(name: &str, snapshots: &[(u64, i64)], segments: &[(u64, i64, i64)]) -> Generation {
        let snapshots = snapshots.iter().map(|&(number, at_ms)| SnapshotName { number, at_ms }).collect();
        let segments = segments.iter().map(|&(number, from, to)| SegmentName { number, span: Some((from, to)) });
        Generation { name: name.into(), snapshots, good: Vec::new(), segments: segments.collect() }
    }

    #[track_caller]
    fn check(generations: &[Generation], wanted: Wanted, expect: (&str, u64, Option<u64>, Option<i64>)) {
        let plan = find(generations, wanted).expect("there is one");
        let found = (
            plan.generation.as_str(),
            plan.snapshots.first().expect("one").number,
            plan.last.map(|last| last.number),
            plan.unknown_until.map(Timestamp::unix_millis),
        );
        assert_eq!(found, expect, "{wanted:?}");
    }

    #[test]
    fn a_time_means_the_last_commit_up_to_it() {
        let one = [generation("a", &[(0, 100), (2, 350)], &[(1, 200, 210), (2, 300, 310), (3, 400, 410)])];
        for (at_ms, expect) in [
            (100, ("a", 0, None, None)),
            (199, ("a", 0, None, None)),
            (200, ("a", 0, Some(1), None)),
            (299, ("a", 0, Some(1), None)),
            // In the middle of the second, whose end the later snapshot has.
            (305, ("a", 0, Some(2), None)),
            (310, ("a", 2, Some(2), None)),
            (399, ("a", 2, Some(2), None)),
            (400, ("a", 2, Some(3), None)),
            (999, ("a", 2, Some(3), None)),
        ] {
            check(&one, Wanted::At(at_ms), expect);
        }
        check(&one, Wanted::Latest, ("a", 2, Some(3), None));
        let error = find(&one, Wanted::At(99)).expect_err("it is too early");
        assert!(error.message().contains("1970-01-01 00:00:00.100Z"), "{}", error.message());
        find(&[], Wanted::Latest).expect_err("there is nothing");
    }

    #[test]
    fn a_clock_that_was_set_back_leaves_nothing_out() {
        let one = [generation("a", &[(0, 100)], &[(1, 200, 5000), (2, 300, 310), (3, 400, 410)])];
        check(&one, Wanted::At(250), ("a", 0, Some(1), None));
        check(&one, Wanted::At(305), ("a", 0, Some(2), None));
        check(&one, Wanted::At(4000), ("a", 0, Some(3), None));
    }

    #[test]
    fn between_two_generations_nothing_is_known() {
        let two = [generation("a", &[(0, 100)], &[(1, 200, 210)]), generation("b", &[(0, 500)], &[(1, 600, 610)])];
        check(&two, Wanted::At(205), ("a", 0, Some(1), Some(500)));
        check(&two, Wanted::At(400), ("a", 0, Some(1), Some(500)));
        check(&two, Wanted::At(500), ("b", 0, None, None));
        check(&two, Wanted::Latest, ("b", 0, Some(1), None));
        let ends: Vec<_> = stretches(&two).iter().map(|stretch| (stretch.from, stretch.to)).collect();
        assert_eq!(ends, [(100, 210), (500, 610)]);
    }

    #[test]
    fn segments_without_their_snapshot_are_of_no_use() {
        let one = [generation("a", &[(5, 300)], &[(4, 200, 210), (6, 400, 410)])];
        find(&one, Wanted::At(250)).expect_err("it is too early");
        check(&one, Wanted::At(400), ("a", 5, Some(6), None));
        // The first copy of a generation isn't there yet.
        let two = [generation("a", &[(0, 100)], &[(1, 200, 210)]), generation("b", &[], &[(1, 600, 610)])];
        check(&two, Wanted::Latest, ("a", 0, Some(1), None));
    }
}
