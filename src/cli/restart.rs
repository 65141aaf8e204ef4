//! Starting the program anew in the place of itself, with the same arguments, as a restored backup needs it.

use crate::base::Error;

/// Replaces the process; it comes back only if that is impossible. Whatever was ordered is done at the next start.
pub fn restart() -> Error {
    let message = "The program can't start itself anew. Start it again: the restored backup is put in place then.";
    match exec() {
        Some(cause) => Error::unavailable(message).caused_by(cause),
        None => Error::unavailable(message),
    }
}

#[cfg(unix)]
fn exec() -> Option<std::io::Error> {
    use std::os::unix::process::CommandExt;

    let mut arguments = std::env::args_os();
    let called = arguments.next();
    // The file may have been replaced meanwhile, by a newer version say; then the way it was called leads to that.
    let program = std::env::current_exe().ok().filter(|path| path.exists()).or(called.map(Into::into))?;
    Some(std::process::Command::new(program).args(arguments).exec())
}

#[cfg(not(unix))]
fn exec() -> Option<std::io::Error> {
    None
}
