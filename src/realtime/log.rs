//! The latest changes, numbered in the order in which they were committed.
//!
//! Called by the hub: the dispatcher reads on from where it was, and clients that come back get what they have missed.
//! Invariants: it is bounded in number and in bytes, the oldest changes go first; a position from which something is
//! missing is never mistaken for one that it isn't.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::base::ids;
use crate::domain::{Action, Record};

/// How many characters tell one run of the program from another.
const EPOCH_CHARS: usize = 10;

/// A change with its place in the log.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its number, from 1.
    pub number: u64,
    /// What was done.
    pub action: Action,
    /// The record as it is after that; as it was, if it was deleted.
    pub record: Arc<Record>,
}

/// How far somebody has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The last change of which something was delivered.
    pub number: u64,
    /// Of the topics of that change, in the order of their texts, so many have been delivered; 0 stands for all.
    pub part: u32,
}

impl Position {
    /// After everything up to this change.
    pub fn after(number: u64) -> Position {
        Position { number, part: 0 }
    }
}

/// Why what was missed can't be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// The position is of another run of the program, or no position at all.
    Restart,
    /// The log doesn't reach back that far.
    Expired,
}

impl Gap {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Gap::Restart => "restart",
            Gap::Expired => "expired",
        }
    }
}

/// See the module.
pub struct Log {
    epoch: String,
    changes: VecDeque<Change>,
    size_bytes: usize,
    /// The number of the latest change.
    last: u64,
    /// Everything up to this number is gone or was never kept.
    gone: u64,
    /// The number that stands for the latest interruption.
    interrupted: Option<u64>,
    /// The latest change that had to go because the log was full.
    pushed_out: u64,
    max_changes: usize,
    max_bytes: usize,
}

impl Log {
    /// An empty log with these bounds.
    pub fn new(max_changes: usize, max_bytes: usize) -> Log {
        let epoch = ids::random_text(ids::SECRET_ALPHABET, EPOCH_CHARS);
        let changes = VecDeque::new();
        Log {
            epoch,
            changes,
            size_bytes: 0,
            last: 0,
            gone: 0,
            interrupted: None,
            pushed_out: 0,
            max_changes,
            max_bytes,
        }
    }

    /// The number of the latest change.
    pub fn last(&self) -> u64 {
        self.last
    }

    /// The number up to which everything is gone.
    pub fn gone(&self) -> u64 {
        self.gone
    }

    /// Adds a change. The latest one is kept whatever its size.
    pub fn push(&mut self, action: Action, record: Arc<Record>) {
        self.last += 1;
        self.size_bytes += record.size_bytes();
        self.changes.push_back(Change { number: self.last, action, record });
        while self.changes.len() > 1 && (self.changes.len() > self.max_changes || self.size_bytes > self.max_bytes) {
            self.pushed_out = self.drop_oldest();
        }
    }

    /// Forgets changes up to this number, which nobody will ask for.
    pub fn forget(&mut self, number: u64) {
        while self.changes.front().is_some_and(|change| change.number <= number) {
            self.drop_oldest();
        }
    }

    /// From here on changes happen that aren't told to the log: no position from before is any good afterwards.
    pub fn interrupt(&mut self) {
        if self.interrupted != Some(self.last) {
            self.forget(self.last);
            self.last += 1;
            self.gone = self.last;
            self.interrupted = Some(self.last);
        }
    }

    fn drop_oldest(&mut self) -> u64 {
        if let Some(change) = self.changes.pop_front() {
            self.size_bytes -= change.record.size_bytes();
            self.gone = change.number;
        }
        self.gone
    }

    /// Up to `max` changes after this number, and whether some are missing because they had to make room.
    pub fn after(&self, number: u64, max: usize) -> (Vec<Change>, bool) {
        (self.range(number, u64::MAX).take(max).cloned().collect(), self.pushed_out > number)
    }

    /// The first `max` changes of which somebody at this position hasn't been told, up to the one numbered `until`.
    ///
    /// # Errors
    /// Why it can't be said.
    pub fn missed(&self, from: Position, until: u64, max: usize) -> Result<Vec<Change>, Gap> {
        // Of a change of which only parts were delivered, the rest is still to come.
        let after = if from.part == 0 { from.number } else { from.number.saturating_sub(1) };
        if from.number > self.last {
            return Err(Gap::Restart);
        }
        if after < self.gone && self.gone > 0 {
            return Err(Gap::Expired);
        }
        Ok(self.range(after, until).take(max).cloned().collect())
    }

    fn range(&self, after: u64, until: u64) -> impl Iterator<Item = &Change> {
        // The numbers in the log have no holes.
        let first = self.changes.front().map_or(0, |change| change.number);
        let skipped = usize::try_from((after + 1).saturating_sub(first)).unwrap_or(usize::MAX);
        self.changes.iter().skip(skipped).take_while(move |change| change.number <= until)
    }

    /// A position as clients keep it.
    pub fn write(&self, position: Position) -> String {
        match position.part {
            0 => format!("{}-{}", self.epoch, position.number),
            part => format!("{}-{}.{part}", self.epoch, position.number),
        }
    }

    /// Reads what [`Log::write`] has written; `None` for a position of another run, and for anything else.
    pub fn read(&self, text: &str) -> Option<Position> {
        let (epoch, rest) = text.split_once('-')?;
        let (number, part) = rest.split_once('.').unwrap_or((rest, "0"));
        let position = Position { number: number.parse().ok()?, part: part.parse().ok()? };
        (epoch == self.epoch).then_some(position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Value;
    use crate::rules::resolve::testing::schema;

    fn record(size_bytes: usize) -> Arc<Record> {
        let rooms = schema().find("rooms").expect("there are rooms").clone();
        let mut record = Record::blank(rooms);
        record.set("name", Value::Text("x".repeat(size_bytes)));
        Arc::new(record)
    }

    fn log(changes: usize) -> Log {
        let mut log = Log::new(5, 1 << 20);
        (0..changes).for_each(|_| log.push(Action::Create, record(1)));
        log
    }

    fn numbers(changes: Vec<Change>) -> Vec<u64> {
        changes.into_iter().map(|change| change.number).collect()
    }

    #[test]
    fn a_position_leads_to_what_came_after_it() {
        let log = log(4);
        let missed = |number, part, until| log.missed(Position { number, part }, until, 9).map(numbers);
        assert_eq!(missed(0, 0, 4), Ok(vec![1, 2, 3, 4]));
        assert_eq!(missed(2, 0, 3), Ok(vec![3]));
        assert_eq!(missed(2, 1, 4), Ok(vec![2, 3, 4]), "the rest of the second comes again");
        assert_eq!(missed(4, 0, 4), Ok(vec![]));
        assert_eq!(missed(5, 0, 4), Err(Gap::Restart), "nobody was given that");
        assert_eq!(numbers(log.after(2, 1).0), [3]);
    }

    #[test]
    fn what_had_to_go_is_a_gap() {
        let log = log(8);
        let missed = |number, part| log.missed(Position { number, part }, 8, 9).map(numbers);
        assert_eq!(missed(3, 0), Ok(vec![4, 5, 6, 7, 8]));
        assert_eq!(missed(3, 1), Err(Gap::Expired));
        assert_eq!(missed(2, 0), Err(Gap::Expired));
        assert!(!log.after(3, 9).1);
        assert!(log.after(2, 9).1);
    }

    #[test]
    fn it_is_bounded_in_bytes() {
        let mut log = Log::new(1000, 10_000);
        (0..100).for_each(|_| log.push(Action::Create, record(1000)));
        assert!((3..10).contains(&log.changes.len()), "{}", log.changes.len());
        log.push(Action::Create, record(50_000));
        assert_eq!(log.changes.len(), 1, "the latest one is kept");
        log.push(Action::Create, record(1));
        assert_eq!(log.changes.len(), 1);
        log.forget(log.last());
        assert_eq!((log.changes.len(), log.size_bytes), (0, 0));
    }

    #[test]
    fn nothing_from_before_an_interruption_is_any_good() {
        for changes in [0, 3] {
            let mut log = log(changes);
            let before = Position::after(log.last());
            log.forget(log.last());
            log.interrupt();
            assert_eq!(log.missed(before, log.last(), 9).map(numbers), Err(Gap::Expired), "{changes}");
            let here = Position::after(log.last());
            log.interrupt();
            assert_eq!(Position::after(log.last()), here, "once is enough");
            log.push(Action::Create, record(1));
            assert_eq!(log.missed(here, log.last(), 9).map(numbers), Ok(vec![log.last()]));
            assert!(!log.after(before.number, 9).1, "nothing had to make room");
        }
    }

    #[test]
    fn positions_are_written_and_read() {
        let (log, other) = (log(1), log(1));
        for position in [Position::after(0), Position::after(17), Position { number: 3, part: 2 }] {
            let text = log.write(position);
            assert_eq!(log.read(&text), Some(position), "{text}");
            assert_eq!(other.read(&text), None, "another run");
        }
        for text in ["", "-", "x", "x-1", &format!("{}-x", log.epoch), &format!("{}-1.x", log.epoch), "1"] {
            assert_eq!(log.read(text), None, "{text}");
        }
    }
}
