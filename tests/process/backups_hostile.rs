//! Archives that somebody has made to do harm: each is refused, says why, and nothing of it is written anywhere.
//!
//! They are built byte by byte, because no program that makes archives would make these.

use std::fs;
use std::io::Read;
use std::path::Path;

use serde_json::{Value as Json, json};

use super::server::{claim, contents, holdall};

const MANIFEST: &str = "manifest.json";
const PLAIN_FILE: u32 = 0o100_600;
const SYMLINK: u32 = 0o120_777;
const FOLDER: u32 = 0o040_755;

/// An entry as it is written.
#[derive(Clone)]
struct Entry {
    name: Vec<u8>,
    content: Vec<u8>,
    /// What the archive says of its size when unpacked, if that isn't true.
    claimed: Option<u32>,
    method: u16,
    flags: u16,
    mode: u32,
    crc32: Option<u32>,
    /// It is said to lie where this other entry lies.
    at_entry: Option<usize>,
}

impl Entry {
    fn new(name: &str, content: &[u8]) -> Entry {
        Entry {
            name: name.as_bytes().to_vec(),
            content: content.to_vec(),
            claimed: None,
            method: 0,
            flags: 0,
            mode: PLAIN_FILE,
            crc32: None,
            at_entry: None,
        }
    }

    /// What stands in both headers: from the version on, up to the lengths.
    fn common(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for number in [20, self.flags, self.method, 0, 0x21] {
            bytes.extend(number.to_le_bytes());
        }
        let size = u32::try_from(self.content.len()).expect("it is small");
        bytes.extend(self.crc32.unwrap_or_else(|| crc32fast::hash(&self.content)).to_le_bytes());
        bytes.extend(size.to_le_bytes());
        bytes.extend(self.claimed.unwrap_or(size).to_le_bytes());
        bytes.extend(u16::try_from(self.name.len()).expect("it is short").to_le_bytes());
        bytes.extend([0, 0]);
        bytes
    }
}

/// An archive with these entries.
fn archive(entries: &[Entry]) -> Vec<u8> {
    let (mut bytes, mut places) = (Vec::new(), Vec::new());
    for entry in entries {
        places.push(match entry.at_entry {
            Some(other) => places[other],
            None => u32::try_from(bytes.len()).expect("it is small"),
        });
        if entry.at_entry.is_none() {
            bytes.extend(b"PK\x03\x04");
            bytes.extend(entry.common());
            bytes.extend(&entry.name);
            bytes.extend(&entry.content);
        }
    }
    let start = bytes.len();
    for (entry, place) in entries.iter().zip(&places) {
        bytes.extend(b"PK\x01\x02");
        // Made on Unix, so that the mode counts.
        bytes.extend([20, 3]);
        bytes.extend(entry.common());
        bytes.extend([0; 6]);
        bytes.extend((entry.mode << 16).to_le_bytes());
        bytes.extend(place.to_le_bytes());
        bytes.extend(&entry.name);
    }
    let size = u32::try_from(bytes.len() - start).expect("it is small");
    let count = u16::try_from(entries.len()).expect("there are few");
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend(count.to_le_bytes());
    bytes.extend(count.to_le_bytes());
    bytes.extend(size.to_le_bytes());
    bytes.extend(u32::try_from(start).expect("it is small").to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}

/// The entries of a backup that is right, the manifest last.
struct Good {
    entries: Vec<Entry>,
    manifest: Json,
}

impl Good {
    fn of(file: &Path) -> Good {
        let mut zip = zip::ZipArchive::new(fs::File::open(file).expect("it is there")).expect("it is an archive");
        let mut good = Good { entries: Vec::new(), manifest: Json::Null };
        for at in 0..zip.len() {
            let mut entry = zip.by_index(at).expect("it can be read");
            let mut content = Vec::new();
            entry.read_to_end(&mut content).expect("it can be read");
            let name = String::from_utf8(entry.name_raw().to_vec()).expect("it is UTF-8");
            match name.as_str() {
                MANIFEST => good.manifest = serde_json::from_slice(&content).expect("it is JSON"),
                name => good.entries.push(Entry::new(name, &content)),
            }
        }
        good
    }

    /// Adds an entry, and says so in the manifest.
    fn add(&mut self, entry: Entry) {
        let hash: String = ring_sha256(&entry.content);
        let name = String::from_utf8_lossy(&entry.name).into_owned();
        let size = entry.claimed.map_or(entry.content.len() as u64, u64::from);
        let listed = self.manifest["entries"].as_array_mut().expect("it is a list");
        listed.push(json!({"name": name, "sizeBytes": size, "sha256": hash}));
        self.entries.push(entry);
    }

    fn bytes(mut self) -> Vec<u8> {
        let manifest = self.manifest.to_string();
        self.entries.push(Entry::new(MANIFEST, manifest.as_bytes()));
        archive(&self.entries)
    }
}

fn ring_sha256(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is wrong with an archive: how it is made of a good one, and a part of what is said of it.
type Case = (&'static str, fn(Good) -> Vec<u8>, &'static str);

fn with(mut good: Good, entry: Entry) -> Vec<u8> {
    good.add(entry);
    good.bytes()
}

fn named(good: Good, name: &str) -> Vec<u8> {
    with(good, Entry::new(name, b"x"))
}

const CASES: &[Case] = &[
    ("an absolute path", |good| named(good, "/tmp/holdall-evil"), "an entry that none has"),
    ("a way up", |good| named(good, "../evil"), "an entry that none has"),
    ("a way up within the files", |good| named(good, "storage/../../evil"), "an entry that none has"),
    ("a way up in the last part", |good| named(good, "storage/c/r/.."), "an entry that none has"),
    ("backslashes", |good| named(good, "storage/c/r/..\\..\\evil"), "an entry that none has"),
    ("a drive", |good| named(good, "storage/C:/r/evil"), "an entry that none has"),
    ("NUL in a name", |good| named(good, "storage/c/r/a\0b"), "an entry that none has"),
    ("a log beside the database", |good| named(good, "data.db-wal"), "an entry that none has"),
    ("a program", |good| named(good, "holdall"), "an entry that none has"),
    (
        "a folder",
        |good| with(good, Entry { mode: FOLDER, ..Entry::new("storage/c/r/", b"") }),
        "an entry that none has",
    ),
    (
        "a folder that looks like a file",
        |good| with(good, Entry { mode: FOLDER, ..Entry::new("storage/c/r/a", b"") }),
        "no plain file",
    ),
    (
        "a link",
        |good| with(good, Entry { mode: SYMLINK, ..Entry::new("storage/c/r/a", b"/etc/passwd") }),
        "no plain file",
    ),
    (
        "a link in the place of the database",
        |mut good| {
            good.entries[0].mode = SYMLINK;
            good.bytes()
        },
        "no plain file",
    ),
    (
        "an entry twice",
        |mut good| {
            let again = good.entries[0].clone();
            good.entries.push(again);
            good.bytes()
        },
        "an entry twice",
    ),
    (
        "an entry that the manifest doesn't have",
        |mut good| {
            good.entries.push(Entry::new("storage/c/r/a", b"x"));
            good.bytes()
        },
        "isn't what its manifest says",
    ),
    (
        "an entry that only the manifest has",
        |mut good| {
            good.add(Entry::new("storage/c/r/a", b"x"));
            good.entries.pop();
            good.bytes()
        },
        "isn't what its manifest says",
    ),
    ("a file that no record names", |good| named(good, "storage/c/r/a"), "no record names"),
    ("no manifest", |good| archive(&good.entries), "no manifest"),
    (
        "a backup of PocketBase",
        |mut good| {
            good.entries.push(Entry::new("auxiliary.db", b"x"));
            archive(&good.entries)
        },
        "holdall import pocketbase",
    ),
    (
        "no database",
        |mut good| {
            good.entries.clear();
            good.manifest["entries"] = json!([]);
            good.bytes()
        },
        "no database",
    ),
    (
        "another content",
        |mut good| {
            let at = good.entries[0].content.len() / 2;
            good.entries[0].content[at] ^= 1;
            good.bytes()
        },
        "damaged in the entry data.db",
    ),
    (
        "a wrong checksum of the archive",
        |mut good| {
            good.entries[0].crc32 = Some(5);
            good.bytes()
        },
        "damaged in the entry data.db",
    ),
    (
        "a wrong size",
        |mut good| {
            let less = u32::try_from(good.entries[0].content.len() - 1).expect("it is small");
            good.entries[0].claimed = Some(less);
            good.bytes()
        },
        "isn't what its manifest says",
    ),
    (
        "something else than a database",
        |mut good| {
            good.entries[0].content = vec![b'x'; 5000];
            good.manifest["entries"][0]["sizeBytes"] = json!(5000);
            good.manifest["entries"][0]["sha256"] = json!(ring_sha256(&good.entries[0].content));
            good.bytes()
        },
        "data.db isn't usable",
    ),
    (
        "a bomb by its size",
        |good| with(good, Entry { claimed: Some(u32::MAX - 1), method: 8, ..Entry::new("storage/c/r/a", b"\x03\0") }),
        "far more than it can hold",
    ),
    (
        "entries in the same place",
        |mut good| {
            let (name, content) = ("storage/c/r/a", good.entries[0].content.clone());
            good.add(Entry { at_entry: Some(0), ..Entry::new(name, &content) });
            good.bytes()
        },
        "overlap",
    ),
    ("encryption", |good| with(good, Entry { flags: 1, ..Entry::new("storage/c/r/a", b"x") }), ""),
    ("another way of packing", |good| with(good, Entry { method: 12, ..Entry::new("storage/c/r/a", b"x") }), ""),
    (
        "a newer form",
        |mut good| {
            good.manifest["formatVersion"] = json!(2);
            good.bytes()
        },
        "newer version",
    ),
    (
        "another version of the database",
        |mut good| {
            good.manifest["dataVersion"] = json!(1);
            good.bytes()
        },
        "isn't of the version",
    ),
    (
        "a manifest that isn't one",
        |good| {
            let mut entries = good.entries;
            entries.push(Entry::new(MANIFEST, b"[[[[[[[["));
            archive(&entries)
        },
        "manifest can't be read",
    ),
    ("a comment behind it", |good| [good.bytes(), b"x".to_vec()].concat(), "complete zip archive"),
    ("no archive", |_| vec![b'x'; 100_000], "complete zip archive"),
    ("nothing", |_| Vec::new(), "complete zip archive"),
];

#[test]
fn hostile_archives_are_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    claim(&data);
    holdall(&data, &["backup", "create", "good.zip"]).ok();
    let good = data.join("backups/good.zip");
    // The way to build them is right: what is built of a good one and not changed is good.
    let (evil, other) = (data.join("backups/evil.zip"), folder.path().join("other"));
    fs::write(&evil, Good::of(&good).bytes()).expect("it can be written");
    assert!(holdall(&data, &["backup", "verify", "evil.zip"]).ok().contains("good"));
    let path = evil.to_str().expect("UTF-8");
    for (what, make, why) in CASES {
        fs::write(&evil, make(Good::of(&good))).expect("it can be written");
        let outside = contents(folder.path());
        let tested = holdall(&data, &["backup", "verify", "evil.zip"]);
        assert!(!tested.status.success() && tested.stdout.contains("can't be restored"), "{what}: {tested:?}");
        assert!(tested.stdout.contains(why) && !tested.stderr.contains("panicked"), "{what}: {tested:?}");
        for arguments in [["backup", "restore", "evil.zip", "--yes"], ["backup", "restore", path, "--yes"]] {
            let restored = holdall(&data, &arguments);
            assert!(!restored.status.success() && !restored.stderr.contains("panicked"), "{what}: {restored:?}");
            assert!(restored.stderr.contains(why), "{what}: {restored:?}");
        }
        let refused = holdall(&other, &["backup", "restore", path]);
        assert!(!refused.status.success() && !other.join("data.db").exists(), "{what}: {refused:?}");
        let _ = fs::remove_dir_all(&other);
        let mut after = contents(folder.path());
        // What came of the test is noted, and nothing else.
        let is_note = |name: &String| name.starts_with("data/backups/.checks") || name.starts_with("data/.restore");
        after.retain(|name, _| !is_note(name) || outside.contains_key(name));
        let changed: Vec<&String> = after
            .iter()
            .filter(|(name, bytes)| !is_note(name) && outside.get(*name) != Some(bytes))
            .map(|(name, _)| name)
            .collect();
        assert!(changed.is_empty(), "{what}: {changed:?}");
        assert!(!data.join(".restore").exists(), "{what}");
        assert!(!Path::new("/tmp/holdall-evil").exists(), "{what}");
    }
}
