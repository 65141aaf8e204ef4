//! Data folders that can't be used: the program refuses to start, names the file, says what to do, changes nothing.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use super::server::{Server, claim, contents, holdall, open_collection, program, run};

/// The number of the user that nobody is.
const NOBODY: u32 = 65_534;

/// A data folder with a superuser and some records, with nobody using it.
fn used_folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    claim(&data);
    let server = Server::start(&data);
    let fields = json!([{"name": "text", "type": "text"}]);
    server.superuser().post("/api/collections", &open_collection("notes", fields)).expect(200);
    let mut client = server.client();
    for _ in 0..50 {
        client.post("/api/collections/notes/records", &json!({"text": "x".repeat(2000)})).expect(200);
    }
    let (status, printed) = server.terminate();
    assert!(status.success(), "{printed}");
    (folder, data)
}

/// Makes sure that neither serving nor a command touches the folder, and that all of `hints` are in the message.
#[track_caller]
fn expect_refused(data: &Path, hints: &[&str]) {
    let before = contents(data);
    for arguments in [["serve", "--http", "127.0.0.1:0"].as_slice(), &["superuser", "list"]] {
        let message = holdall(data, arguments).failed();
        for hint in hints {
            assert!(message.contains(hint), "{hint:?} is missing: {message}");
        }
        let after = contents(data);
        let names = |files: &std::collections::BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&after), names(&before), "{arguments:?}");
        assert!(after == before, "{arguments:?} has changed a file");
    }
}

/// Changes a file's bytes.
fn edit(file: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(file).expect("the file is there");
    change(&mut bytes);
    fs::write(file, bytes).expect("the file is ours");
}

#[test]
fn a_file_that_is_no_database_is_refused() {
    let (_folder, data) = used_folder();
    let file = data.join("data.db");
    let hints = [file.to_str().expect("UTF-8"), "Nothing was changed", "backup", ".recover"];
    edit(&file, |bytes| bytes[..16].copy_from_slice(b"something else!!"));
    expect_refused(&data, &hints);
    edit(&file, |bytes| *bytes = b"hello".to_vec());
    expect_refused(&data, &hints);
}

#[test]
fn damage_inside_of_the_file_is_refused() {
    let (_folder, data) = used_folder();
    let file = data.join("data.db");
    let sound = fs::read(&file).expect("the file is there");
    let hints = [file.to_str().expect("UTF-8"), "Nothing was changed", "backup", ".recover"];
    let middle = sound.len() / 2;
    edit(&file, |bytes| bytes[middle..middle + 5000].fill(0xa5));
    expect_refused(&data, &hints);
    // The rest of the header, behind the words that it starts with.
    edit(&file, |bytes| *bytes = [&sound[..16], &[0xff; 84], &sound[100..]].concat());
    expect_refused(&data, &hints);
    // Half of the file is missing.
    edit(&file, |bytes| *bytes = sound[..middle].to_vec());
    expect_refused(&data, &hints);
    // And with the sound file back in its place, all is well.
    fs::write(&file, sound).expect("the file is ours");
    Server::start(&data).client().get("/api/collections/notes/records").expect(200);
}

#[test]
fn a_damaged_log_database_is_refused() {
    let (_folder, data) = used_folder();
    let file = data.join("logs.db");
    edit(&file, |bytes| bytes[..16].copy_from_slice(b"something else!!"));
    expect_refused(&data, &[file.to_str().expect("UTF-8"), "Nothing was changed"]);
}

#[test]
fn data_of_a_newer_version_is_refused() {
    let (_folder, data) = used_folder();
    let file = data.join("data.db");
    let database = rusqlite::Connection::open(&file).expect("the file can be opened");
    database.pragma_update(None, "user_version", 9999).expect("the file can be changed");
    let version = "UPDATE _holdall_meta SET value = '98.7.6' WHERE key = 'program_version'";
    assert_eq!(database.execute(version, []).expect("the table is there"), 1);
    database.close().expect("nothing is open");
    expect_refused(&data, &[file.to_str().expect("UTF-8"), "98.7.6", "9999", env!("CARGO_PKG_VERSION"), "newer"]);
}

#[test]
fn a_database_of_another_program_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = folder.path().join("data");
    fs::create_dir(&data).expect("the folder is ours");
    let file = data.join("data.db");
    let database = rusqlite::Connection::open(&file).expect("a database can be made");
    database.execute_batch("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1);").expect("it is ours to change");
    database.close().expect("nothing is open");
    expect_refused(&data, &[file.to_str().expect("UTF-8"), "another program", "Choose another"]);
}

#[test]
fn a_folder_that_cannot_be_made_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let in_the_way = folder.path().join("file");
    fs::write(&in_the_way, "").expect("the folder is ours");
    let data = in_the_way.join("data");
    let refused = run(program(&folder.path().join("unused")).arg("--data").arg(&data).args(["superuser", "list"]));
    let message = refused.failed();
    assert!(message.contains(data.to_str().expect("UTF-8")), "{message}");
    assert_eq!(contents(folder.path()).keys().collect::<Vec<_>>(), ["file"]);
}

/// Root may write everywhere, so when the tests are run by root the program is run by nobody.
#[test]
fn a_folder_that_cannot_be_written_is_refused() {
    let (folder, data) = used_folder();
    let am_root = fs::metadata(&data).expect("it is there").uid() == 0;
    for path in [folder.path(), &data, &data.join("storage"), &data.join("backups")] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o555)).expect("it is ours");
    }
    for name in ["data.db", "logs.db"] {
        fs::set_permissions(data.join(name), fs::Permissions::from_mode(0o444)).expect("it is ours");
    }
    // Nobody may not even read the folder that cargo builds in, perhaps.
    let programs = tempfile::tempdir().expect("a temporary folder");
    fs::set_permissions(programs.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    let copy = programs.path().join("holdall");
    fs::copy(env!("CARGO_BIN_EXE_holdall"), &copy).expect("there is room for a copy");
    if am_root {
        chown(&copy, Some(NOBODY), None).expect("root may");
    }
    let before = contents(&data);
    let mut command = Command::new(&copy);
    command.args(["serve", "--http", "127.0.0.1:0", "--data"]).arg(&data).current_dir(folder.path());
    if am_root {
        command.uid(NOBODY).gid(NOBODY);
    }
    let message = run(&mut command).failed();
    for path in [folder.path(), &data, &data.join("storage"), &data.join("backups")] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("it is ours");
    }
    assert!(message.contains(data.to_str().expect("UTF-8")), "it doesn't say which file: {message}");
    assert!(contents(&data) == before, "something was changed");
}
