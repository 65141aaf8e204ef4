//! Who somebody is: passwords, signed tokens, sign-in.
//!
//! Called by the app for every request (to turn a token into a principal) and for the sign-in endpoints. Reads records
//! through `records`. Not here: what a principal may do (`records::access`).

pub mod account;
pub mod attempts;
pub mod delegated;
pub mod devices;
pub mod digest;
pub mod email_change;
pub mod factors;
mod forms;
pub mod key_form;
pub mod keys;
pub mod letters;
pub mod oauth2;
pub mod one_time_code;
mod origins;
pub mod own_sessions;
pub mod passkeys;
pub mod password;
pub mod password_reset;
pub mod recovery;
pub mod second_factor;
pub mod sessions;
pub mod sign_in;
pub mod throttle;
pub mod token;
pub mod totp;
pub mod verification;

pub use password::Passwords;
