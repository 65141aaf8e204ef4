//! Who somebody is: passwords, signed tokens, sign-in.
//!
//! Called by the app for every request (to turn a token into a principal) and for the sign-in endpoints. Reads records
//! through `records`. Not here: what a principal may do (`records::access`).

pub mod delegated;
pub mod digest;
pub mod password;
pub mod second_factor;
pub mod sessions;
pub mod sign_in;
pub mod throttle;
pub mod token;

pub use password::Passwords;
