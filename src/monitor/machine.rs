//! What the machine says: of the process, of the disk behind a folder, of who may read a file.
//!
//! Used for metrics, for the question whether the server is ready, and by the doctor. Whatever a system doesn't tell is
//! `None`: of the process only Linux does, of disks and files every Unix.

use std::path::Path;

/// The room on a disk, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// What this user may still fill.
    pub free: u64,
    /// All of it.
    pub total: u64,
}

/// What the process takes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Process {
    /// Memory that is in RAM, in bytes.
    pub resident_bytes: u64,
    /// Memory that is addressed, in bytes.
    pub virtual_bytes: u64,
    /// Time on processors, in seconds.
    pub cpu_seconds: f64,
    /// Files, sockets and the like that are open.
    pub open_files: u64,
    /// Threads.
    pub threads: u64,
}

/// Who may do what with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permissions {
    /// The number of its owner.
    pub owner: u32,
    /// The usual nine bits.
    pub mode: u32,
}

/// The room on the disk of a folder.
pub fn room(folder: &Path) -> Option<Room> {
    #[cfg(unix)]
    {
        let found = rustix::fs::statvfs(folder).ok()?;
        let bytes = |blocks: u64| blocks.saturating_mul(found.f_frsize);
        Some(Room { free: bytes(found.f_bavail), total: bytes(found.f_blocks) })
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        None
    }
}

/// How many files the process may have open; `None` also if there is no limit.
pub fn open_files_max() -> Option<u64> {
    #[cfg(unix)]
    return rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    #[cfg(not(unix))]
    None
}

/// The number of the user that the process acts for.
pub fn user() -> Option<u32> {
    #[cfg(unix)]
    return Some(rustix::process::geteuid().as_raw());
    #[cfg(not(unix))]
    None
}

/// Who may do what with a file or folder.
pub fn permissions(path: &Path) -> Option<Permissions> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let found = std::fs::metadata(path).ok()?;
        Some(Permissions { owner: found.uid(), mode: found.mode() & 0o777 })
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// What this process takes.
pub fn process() -> Option<Process> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let open_files = std::fs::read_dir("/proc/self/fd").map(|entries| entries.count() as u64).unwrap_or(0);
    Some(Process { open_files, ..parse_stat(&stat, ticks_per_second(), page_bytes())? })
}

/// Reads `/proc/self/stat`, whose second value is a name with whatever in it, in brackets.
fn parse_stat(stat: &str, ticks_per_second: f64, page_bytes: u64) -> Option<Process> {
    let (_, rest) = stat.rsplit_once(')')?;
    // The first one is the third of the manual page.
    let values: Vec<&str> = rest.split_whitespace().collect();
    let number = |place: usize| values.get(place - 3)?.parse::<u64>().ok();
    Some(Process {
        cpu_seconds: (number(14)? + number(15)?) as f64 / ticks_per_second,
        threads: number(20)?,
        virtual_bytes: number(23)?,
        resident_bytes: number(24)? * page_bytes,
        open_files: 0,
    })
}

#[cfg(unix)]
fn ticks_per_second() -> f64 {
    rustix::param::clock_ticks_per_second() as f64
}

#[cfg(unix)]
fn page_bytes() -> u64 {
    rustix::param::page_size() as u64
}

#[cfg(not(unix))]
fn ticks_per_second() -> f64 {
    100.0
}

#[cfg(not(unix))]
fn page_bytes() -> u64 {
    4096
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_processes_may_be_anything() {
        let stat = "1234 (a ) b) S 1 1 1 0 -1 4194560 9 0 0 0 250 150 0 0 20 0 7 0 99 8192 3 18446744073709551615";
        let expect =
            Process { resident_bytes: 3 * 4096, virtual_bytes: 8192, cpu_seconds: 4.0, open_files: 0, threads: 7 };
        assert_eq!(parse_stat(stat, 100.0, 4096), Some(expect));
        assert_eq!(parse_stat("1 (x) S 1", 100.0, 4096), None);
    }

    #[test]
    fn the_machine_tells() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        if cfg!(unix) {
            let room = room(folder.path()).expect("Unix tells");
            assert!(room.total > 0 && room.free <= room.total, "{room:?}");
            let file = folder.path().join("file");
            std::fs::write(&file, "").expect("the folder is ours");
            let mut mode = std::fs::metadata(&file).expect("it is there").permissions();
            mode.set_readonly(true);
            std::fs::set_permissions(&file, mode).expect("the file is ours");
            let found = permissions(&file).expect("Unix tells");
            assert_eq!((Some(found.owner), found.mode & 0o222), (user(), 0));
            assert_eq!(super::room(&folder.path().join("nothing")), None);
        }
        if cfg!(target_os = "linux") {
            let process = process().expect("Linux tells");
            assert!(process.resident_bytes > 1 << 20 && process.threads >= 1 && process.open_files >= 3, "{process:?}");
        }
    }
}
