//! The `holdall` program. Everything is in the library; see `holdall::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    holdall::cli::main()
}
