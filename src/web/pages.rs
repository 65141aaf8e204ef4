//! The start page and static files.
//!
//! Called by Rocket; mounted by [`super::server`]. Not here: the set-up (`setup`), pages for people with accounts
//! (`hosted`), the dashboard (`admin`).

use std::path::PathBuf;

use rocket::{Route, get, routes};
use serde_json::json;

use crate::web::assets::StaticFile;
use crate::web::page::Look;
use crate::web::page::reply::Answer;

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![start, static_file]
}

#[get("/")]
fn start(look: Look) -> Answer {
    Ok(look.page("start.html", look.text("start.title"), json!({"version": env!("CARGO_PKG_VERSION")}))?.into())
}

#[get("/static/<path..>?<v>")]
fn static_file(path: PathBuf, v: Option<&str>) -> Option<StaticFile> {
    // Rocket has refused everything that leads out of the folder or to hidden files.
    StaticFile::find(path.to_str()?, v)
}
