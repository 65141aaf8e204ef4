//! The second half of a restoration: what was unpacked takes the place of the data, as a whole or not at all.
//!
//! Called before a data folder is opened, when nobody uses it. Everything happens in the folder `.restore`: `new` has
//! what was unpacked, `old` what is moved aside, and the file `order` says how far it has come. An order is written
//! only once all of `new` is on disk, and each step can be done again from its beginning; so wherever the program
//! dies, the next start goes on, and nobody ever opens a mixture. The old state is kept until the new one has been
//! opened; if it can't be, the old one comes back.
//!
//! Also here: the lock `.lock` in the data folder, shared by all who use the data, so that nothing is moved away under
//! them.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{STORAGE, remove_folder};
use crate::base::{Error, Result, fault, private};
use crate::files::sync_folder;
use crate::store::Database;

/// The folder for restorations within that of all data.
const FOLDER: &str = ".restore";
const NEW: &str = "new";
const OLD: &str = "old";
/// What was new and couldn't be opened.
const FAILED: &str = "failed";
const ORDER: &str = "order";
const LOCK: &str = ".lock";
/// How often somebody who waits for the data folder looks whether it is free.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// What SQLite keeps beside a database. It belongs to that file and to no other.
const BESIDE: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// How far a restoration has come. Each step is named by what is done in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The old state is moved aside.
    Aside,
    /// The new one is moved in.
    In,
    /// The new one is in place and is being opened.
    Try,
    /// The new one is moved out again.
    Out,
    /// The old one is moved back.
    Back,
}

const PHASES: [(Phase, &str); 5] =
    [(Phase::Aside, "aside"), (Phase::In, "in"), (Phase::Try, "try"), (Phase::Out, "out"), (Phase::Back, "back")];

/// What has become of a restoration that was ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// None was.
    Nothing,
    /// The restored state is in place, and has to be opened: then [`finish`], or else [`undo`].
    Swapped,
    /// It couldn't be put in place; the state before is there again.
    Undone,
}

/// Data that is in use, for as long as this lives.
#[derive(Debug)]
pub struct InUse(Option<File>);

impl InUse {
    /// Whether there was a lock to be had.
    pub fn is_held(&self) -> bool {
        self.0.is_some()
    }

    /// Lets others use it too, from having it alone on.
    ///
    /// # Errors
    /// 503 if the lock can't be changed.
    pub fn share(self) -> Result<InUse> {
        if let Some(file) = &self.0 {
            file.lock_shared().map_err(|error| stuck("lock the data folder", error))?;
        }
        Ok(self)
    }
}

/// Says that the data is used from now on. Waits while it is being replaced. Where there is no lock yet, `create` makes
/// it; a folder that may not be one of ours is left alone before it was looked at.
pub fn in_use(data_dir: &Path, create: bool) -> InUse {
    // Whoever can't open the lock can't open the data either, and is told so there.
    let file = lock_file(data_dir, create).ok();
    InUse(file.filter(|file| file.lock_shared().is_ok()))
}

/// The data folder for oneself, for a restoration without a server.
///
/// # Errors
/// 503 while somebody uses it.
pub fn alone(data_dir: &Path) -> Result<InUse> {
    try_alone(data_dir)?.ok_or_else(|| {
        Error::unavailable("A server, or another command, uses this data folder. Stop it first, or restore by its API.")
    })
}

/// The same; `None` while somebody uses it.
///
/// # Errors
/// 503 if it can't be locked.
pub fn try_alone(data_dir: &Path) -> Result<Option<InUse>> {
    private::make_folder(data_dir).map_err(|error| stuck("make the data folder", error))?;
    let file = lock_file(data_dir, true).map_err(|error| stuck("lock the data folder", error))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(InUse(Some(file)))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(stuck("lock the data folder", error)),
    }
}

fn lock_file(data_dir: &Path, create: bool) -> io::Result<File> {
    let path = data_dir.join(LOCK);
    match File::open(&path) {
        Err(error) if create && error.kind() == io::ErrorKind::NotFound => {
            File::options().create(true).truncate(false).write(true).open(path)
        }
        opened => opened,
    }
}

/// An empty folder to unpack to.
///
/// # Errors
/// 400 if a restoration waits for the program's next start; 503 if the folder can't be made.
pub fn make_room(data_dir: &Path) -> Result<PathBuf> {
    let place = Place::of(data_dir);
    if place.read()?.is_some() {
        return Err(Error::invalid("A restoration is about to be finished; try again later."));
    }
    place.clear().map_err(|error| stuck("remove what is left of another restoration", error))?;
    let new = place.root.join(NEW);
    private::make_folder(&new).map_err(super::unwritten)?;
    Ok(new)
}

/// Removes what was unpacked and isn't ordered. What can't be removed goes with the next restoration.
pub fn discard(data_dir: &Path) {
    let place = Place::of(data_dir);
    if matches!(place.read(), Ok(None))
        && let Err(error) = place.clear()
    {
        tracing::warn!(%error, "what is left of a restoration can't be removed");
    }
}

/// Orders what was unpacked to be put in place at the program's next start: these databases, of which some may not be
/// there any more then, and the files of records, if they were unpacked.
///
/// # Errors
/// 503 if that can't be written.
pub fn order(data_dir: &Path, databases: &[&str]) -> Result<()> {
    let place = Place::of(data_dir);
    let mut names: Vec<String> = databases.iter().flat_map(|file| BESIDE.map(|end| format!("{file}{end}"))).collect();
    if place.root.join(NEW).join(STORAGE).exists() {
        names.push(STORAGE.to_owned());
    }
    sync_folder(&place.root).map_err(super::unwritten)?;
    place.write(Phase::Aside, &names).map_err(super::unwritten)
}

/// The same with all databases that there are.
///
/// # Errors
/// As [`order`].
pub fn order_all(data_dir: &Path) -> Result<()> {
    order(data_dir, &[Database::Data, Database::Logs].map(Database::file_name))
}

/// Whether a restoration is ordered.
pub fn is_ordered(data_dir: &Path) -> bool {
    Place::of(data_dir).root.join(ORDER).exists()
}

/// Does what was ordered. It waits until nobody uses the data.
///
/// # Errors
/// 503 if neither the restored state nor the one before can be put in place.
pub fn settle(data_dir: &Path) -> Result<Settled> {
    let mut has_waited = false;
    while is_ordered(data_dir) {
        let file = lock_file(data_dir, true).map_err(|error| stuck("lock the data folder", error))?;
        match file.try_lock() {
            Ok(()) => return Place::of(data_dir).settle(),
            Err(TryLockError::Error(error)) => return Err(stuck("lock the data folder", error)),
            // Whoever has it may be about to end, or be the one who does what was ordered, and go on with it.
            Err(TryLockError::WouldBlock) => {
                if !std::mem::replace(&mut has_waited, true) {
                    tracing::info!("waiting for another program that uses the data folder");
                }
                std::thread::sleep(LOOK_AGAIN);
            }
        }
    }
    Ok(Settled::Nothing)
}

/// The restored state was opened: the one before goes.
pub fn finish(data_dir: &Path) {
    let place = Place::of(data_dir);
    // First the order: without it, the rest is only something to be removed.
    let finished = place.forget().and_then(|()| {
        fault::point("restore finished");
        place.clear()
    });
    if let Err(error) = finished {
        tracing::warn!(%error, "the state before the restoration can't be removed yet");
    }
}

/// The restored state can't be opened: the one before comes back.
///
/// # Errors
/// 503 if it can't be put in place.
pub fn undo(data_dir: &Path) -> Result<()> {
    let place = Place::of(data_dir);
    if let Some((Phase::Try, names)) = place.read()? {
        place.write(Phase::Out, &names).map_err(|error| stuck("undo the restoration", error))?;
    }
    settle(data_dir).map(|_| ())
}

/// The folder for restorations of a data folder.
struct Place {
    data_dir: PathBuf,
    root: PathBuf,
}

impl Place {
    fn of(data_dir: &Path) -> Place {
        Place { data_dir: data_dir.to_owned(), root: data_dir.join(FOLDER) }
    }

    fn settle(&self) -> Result<Settled> {
        let mut ended = Settled::Nothing;
        loop {
            let Some((phase, names)) = self.read()? else { return Ok(ended) };
            if phase == Phase::Try {
                return Ok(Settled::Swapped);
            }
            let next = match self.step(phase, &names) {
                Ok(next) => next,
                Err(error) => match phase {
                    Phase::Aside | Phase::In => {
                        tracing::error!(%error, "the restored state can't be put in place; the one before comes back");
                        Some(if phase == Phase::Aside { Phase::Back } else { Phase::Out })
                    }
                    _ => return Err(stuck("put the state before the restoration in place", error)),
                },
            };
            match next {
                Some(next) => self.write(next, &names).map_err(|error| stuck("note how far it has come", error))?,
                None => self.forget().map_err(|error| stuck("end the restoration", error))?,
            }
            if next.is_none() {
                discard(&self.data_dir);
                ended = Settled::Undone;
            }
        }
    }

    /// Does a step and says which one is next, if one is.
    fn step(&self, phase: Phase, names: &[String]) -> io::Result<Option<Phase>> {
        let [new, old, failed] = [NEW, OLD, FAILED].map(|folder| self.root.join(folder));
        match phase {
            Phase::Aside => move_all(&self.data_dir, &old, names).map(|()| Some(Phase::In)),
            Phase::In => move_all(&new, &self.data_dir, names).map(|()| Some(Phase::Try)),
            Phase::Try => Ok(Some(Phase::Try)),
            Phase::Out => move_all(&self.data_dir, &failed, names).map(|()| Some(Phase::Back)),
            Phase::Back => move_all(&old, &self.data_dir, names).map(|()| None),
        }
    }

    /// How far it has come, and which names it is about.
    fn read(&self) -> Result<Option<(Phase, Vec<String>)>> {
        let text = match fs::read_to_string(self.root.join(ORDER)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(|error| stuck("read how far it has come", error))?,
        };
        let mut lines = text.lines();
        let word = lines.next().unwrap_or_default();
        let phase = PHASES.iter().find(|(_, name)| *name == word).map(|(phase, _)| *phase);
        let phase = phase.ok_or_else(|| stuck("read how far it has come", io::ErrorKind::InvalidData.into()))?;
        Ok(Some((phase, lines.map(str::to_owned).collect())))
    }

    fn write(&self, phase: Phase, names: &[String]) -> io::Result<()> {
        let word = PHASES.iter().find(|(other, _)| *other == phase).map_or("", |(_, word)| word);
        let part = self.root.join("order.part");
        let mut file = File::create(&part)?;
        file.write_all(format!("{word}\n{}\n", names.join("\n")).as_bytes())?;
        file.sync_all()?;
        drop(file);
        fs::rename(part, self.root.join(ORDER))?;
        sync_folder(&self.root)?;
        sync_folder(&self.data_dir)?;
        fault::point(&format!("restore {word}"));
        Ok(())
    }

    fn forget(&self) -> io::Result<()> {
        fs::remove_file(self.root.join(ORDER))?;
        sync_folder(&self.root)
    }

    fn clear(&self) -> io::Result<()> {
        remove_folder(&self.root)
    }
}

/// Moves what is there of `names`, never over anything. Whoever calls it again after it was interrupted goes on.
fn move_all(from: &Path, to: &Path, names: &[String]) -> io::Result<()> {
    private::make_folder(to)?;
    for name in names {
        let (source, target) = (from.join(name), to.join(name));
        if fs::symlink_metadata(&source).is_err() {
            continue;
        }
        if fs::symlink_metadata(&target).is_ok() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{} is in the way", target.display())));
        }
        fs::rename(source, target)?;
        fault::point(&format!("restore moved {name}"));
    }
    sync_folder(to)?;
    sync_folder(from)
}

fn stuck(what: &str, error: io::Error) -> Error {
    Error::unavailable(format!("It isn't possible to {what}: {error}")).caused_by(error)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::backup::{DATA, LOGS};

    type Contents = BTreeMap<String, String>;

    /// The state that belongs to a word: two databases, a log beside one of them, and a file of a record.
    fn state(word: &str) -> Contents {
        let names = match word {
            "old" => vec!["data.db", "data.db-wal", "logs.db", "storage/c/r/a"],
            _ => vec!["data.db", "storage/c/r/b"],
        };
        names.into_iter().map(|name| (name.to_owned(), word.to_owned())).collect()
    }

    fn write(folder: &Path, contents: &Contents) {
        for (name, text) in contents {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().expect("it has one")).expect("it can be made");
            fs::write(path, text).expect("it can be written");
        }
    }

    /// What a data folder has, but for what isn't data.
    fn read(data: &Path) -> Contents {
        let mut found = Contents::new();
        let mut folders = vec![data.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("it can be read") {
                let path = entry.expect("it can be read").path();
                let name = path.strip_prefix(data).expect("it is below").display().to_string();
                match name.starts_with('.') {
                    true => {}
                    false if path.is_dir() => folders.push(path),
                    false => drop(found.insert(name, fs::read_to_string(path).expect("it can be read"))),
                }
            }
        }
        found
    }

    /// A folder with the old state, and the new one ordered.
    fn ordered() -> tempfile::TempDir {
        let data = tempfile::tempdir().expect("a temporary folder");
        write(data.path(), &state("old"));
        let new = make_room(data.path()).expect("there is room");
        write(&new, &state("new"));
        order(data.path(), &[DATA, LOGS]).expect("it can be ordered");
        data
    }

    #[test]
    fn the_new_state_takes_the_place_of_the_old_one() {
        let data = ordered();
        assert_eq!(read(data.path()), state("old"), "nothing happens before the next start");
        make_room(data.path()).expect_err("one at a time");
        assert_eq!(settle(data.path()).expect("it can be moved"), Settled::Swapped);
        assert_eq!(read(data.path()), state("new"));
        assert_eq!(settle(data.path()).expect("nothing is left to do"), Settled::Swapped, "until it was opened");
        finish(data.path());
        assert_eq!(settle(data.path()).expect("nothing is left to do"), Settled::Nothing);
        assert_eq!(read(data.path()), state("new"));
        assert!(!data.path().join(FOLDER).exists());
    }

    #[test]
    fn the_old_state_comes_back_if_the_new_one_is_no_good() {
        let data = ordered();
        settle(data.path()).expect("it can be moved");
        undo(data.path()).expect("it can be moved back");
        assert_eq!(read(data.path()), state("old"));
        assert!(!data.path().join(FOLDER).exists());
    }

    #[test]
    fn what_is_in_the_way_ends_the_restoration_and_not_the_data() {
        let data = ordered();
        fs::write(data.path().join(FOLDER).join(OLD), "a file where a folder has to be").expect("it can be written");
        assert_eq!(settle(data.path()).expect("the old state can stay"), Settled::Undone);
        assert_eq!(read(data.path()), state("old"));
        assert!(!data.path().join(FOLDER).exists());

        let data = ordered();
        let place = Place::of(data.path());
        let names = place.read().expect("it can be read").expect("it is ordered").1;
        move_all(data.path(), &place.root.join(OLD), &names).expect("it can be moved");
        place.write(Phase::In, &names).expect("it can be written");
        write(data.path(), &BTreeMap::from([("storage/c/r/x".to_owned(), "in the way".to_owned())]));
        assert_eq!(settle(data.path()).expect("the old state can come back"), Settled::Undone);
        assert_eq!(read(data.path()), state("old"));
    }

    #[test]
    fn each_step_goes_on_where_it_was_interrupted() {
        let names: Vec<String> = ["data.db", "data.db-wal", "logs.db", "storage"].map(str::to_owned).to_vec();
        for moved in 0..=names.len() {
            let data = ordered();
            let place = Place::of(data.path());
            let old = place.root.join(OLD);
            move_all(data.path(), &old, &names[..moved]).expect("it can be moved");
            assert_eq!(settle(data.path()).expect("it can be moved"), Settled::Swapped);
            assert_eq!(read(data.path()), state("new"), "{moved} were aside");
            finish(data.path());

            let data = ordered();
            let place = Place::of(data.path());
            let all = place.read().expect("it can be read").expect("it is ordered").1;
            move_all(data.path(), &place.root.join(OLD), &all).expect("it can be moved");
            place.write(Phase::In, &all).expect("it can be written");
            move_all(&place.root.join(NEW), data.path(), &names[..moved]).expect("it can be moved");
            assert_eq!(settle(data.path()).expect("it can be moved"), Settled::Swapped);
            assert_eq!(read(data.path()), state("new"), "{moved} were in");
        }
    }

    #[test]
    fn whoever_comes_later_goes_on_once_somebody_else_has_done_it() {
        let data = ordered();
        settle(data.path()).expect("it can be moved");
        // As the one who has opened the restored state, and keeps it open.
        let used = in_use(data.path(), false);
        let path = data.path().to_owned();
        let later = std::thread::spawn(move || settle(&path));
        finish(data.path());
        let found = later.join().expect("it doesn't panic").expect("it isn't stuck");
        assert_eq!(found, Settled::Nothing);
        assert_eq!(read(data.path()), state("new"));
        drop(used);
    }

    #[test]
    fn whoever_uses_the_data_keeps_it_where_it_is() {
        let data = tempfile::tempdir().expect("a temporary folder");
        assert!(in_use(data.path(), false).0.is_none(), "there is no lock yet");
        let used = in_use(data.path(), true);
        let also = in_use(data.path(), false);
        assert!(alone(data.path()).is_err());
        drop((used, also));
        let shared = alone(data.path()).expect("nobody uses it").share().expect("it can be shared");
        assert!(in_use(data.path(), false).is_held());
        assert!(alone(data.path()).is_err());
        drop(shared);
    }
}
