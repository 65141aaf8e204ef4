//! Points at which tests let the program die, as by a power cut.
//!
//! Called where the order of what is written matters. In a release build nothing of it is left.

/// Ends the process at once, without any clean-up, if `HOLDALL_TEST_DIE_AT` names this point.
pub fn point(name: &str) {
    if cfg!(debug_assertions) && std::env::var_os("HOLDALL_TEST_DIE_AT").is_some_and(|at| at == name) {
        std::process::abort();
    }
}
