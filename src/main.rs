//! The `holdall` program. Everything is in the library; see `holdall::cli`.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// Requests, readers and the writer are threads that free what the others allocated, which the C library's allocator
/// does under locks. Without huge pages, because these would double the memory of an idle server.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    holdall::cli::main()
}
