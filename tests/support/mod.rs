//! What the integration tests share: random worlds, the slow evaluator, and a database for them.

pub mod database;
pub mod evaluate;
pub mod generate;
mod names;
mod values;
pub mod world;
