//! Files and folders that nobody but the user of this process may look into.
//!
//! Called by whoever keeps something of the data folder, or takes something out of it. On systems without the
//! permissions of Unix they are as the folder they are in.

use std::fs::{DirBuilder, File};
use std::io;
use std::path::Path;

/// Makes a folder (`rwx------`), and those above it that aren't there; what is there stays as it is.
///
/// # Errors
/// What the system says.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes a file (`rw-------`) to be written, where there is none.
///
/// # Errors
/// What the system says, also if the file is there.
pub fn create_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn they_are_for_one_user_and_nothing_is_overwritten() {
        let root = tempfile::tempdir().expect("a folder");
        let (folder, file) = (root.path().join("a/b"), root.path().join("a/b/c"));
        make_folder(&folder).expect("it can be made");
        make_folder(&folder).expect("it is there");
        create_file(&file).expect("it can be made");
        assert_eq!(create_file(&file).expect_err("it is there").kind(), io::ErrorKind::AlreadyExists);
        let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!((mode(folder.parent().expect("a")), mode(&folder), mode(&file)), (0o700, 0o700, 0o600));
    }
}
