//! What comes from outside as a whole: the data folder of another program, and tables of records.
//!
//! Called by the app for the command line. [`pocketbase`] takes over a data folder into a store that is empty;
//! [`table`] reads CSV and JSON row by row and makes of each the body of an ordinary request. Invariants: what is read
//! is never changed; its size costs no memory; whatever can't be taken is reported. Not here: which folder it goes to
//! and what happens if it fails (`app`), the writing of ordinary records (`records`).

pub mod pocketbase;
pub mod table;
