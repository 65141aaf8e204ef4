//! The pages that show nothing of their own until their module has asked for it, and those that belong to a collection.

use std::sync::Arc;

use rocket::{Route, State, get, routes};
use serde_json::json;

use super::actions;
use super::visit::Visit;
use crate::app::App;
use crate::base::Error;
use crate::domain::Collection;
use crate::web::page::reply::{Answer, Reply};

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![overview, screen, records, edit, api]
}

/// A page: the end of its address, which is its place in the frame as well; its title.
struct Screen {
    name: &'static str,
    title: &'static str,
}

/// The pages; each has a template of its name.
const SCREENS: &[Screen] = &[
    Screen { name: "collections", title: "Collections" },
    Screen { name: "new-collection", title: "New collection" },
    Screen { name: "transfer", title: "Import and export" },
    Screen { name: "access", title: "Access" },
    Screen { name: "people", title: "People and keys" },
    Screen { name: "sql", title: "SQL" },
    Screen { name: "logs", title: "Logs" },
    Screen { name: "backups", title: "Backups" },
    Screen { name: "jobs", title: "Jobs" },
    Screen { name: "mail", title: "Mail" },
    Screen { name: "settings", title: "Settings" },
];

/// What the program is made of, to look at while working on it.
const COMPONENTS: Screen = Screen { name: "components", title: "Components" };

#[get("/_")]
fn overview(app: &State<App>, visit: Visit) -> Answer {
    let context = json!({"is_new": actions::is_new(app)});
    Ok(visit.page("overview", "Overview", "admin/overview.html", context)?.into())
}

#[get("/_/<name>")]
fn screen(visit: Visit, name: &str) -> Answer {
    let more = cfg!(debug_assertions).then_some(&COMPONENTS);
    let screen = SCREENS.iter().chain(more).find(|screen| screen.name == name).ok_or_else(Error::not_found)?;
    let template = format!("admin/{}.html", screen.name);
    Ok(visit.page(screen.name, screen.title, &template, json!({}))?.into())
}

#[get("/_/collections/<collection>")]
fn records(app: &State<App>, visit: Visit, collection: &str) -> Answer {
    of_collection(app, &visit, collection, "admin/records.html")
}

#[get("/_/collections/<collection>/edit")]
fn edit(app: &State<App>, visit: Visit, collection: &str) -> Answer {
    of_collection(app, &visit, collection, "admin/collection.html")
}

#[get("/_/collections/<collection>/api")]
fn api(app: &State<App>, visit: Visit, collection: &str) -> Answer {
    of_collection(app, &visit, collection, "admin/api.html")
}

fn of_collection(app: &App, visit: &Visit, collection: &str, template: &str) -> Answer {
    let found: Arc<Collection> = app.schema().find(collection).cloned().ok_or_else(Error::not_found)?;
    let context =
        json!({"collection": {"id": found.id, "name": found.name, "kind": found.kind.name(), "system": found.system}});
    Ok(Reply::from(visit.page(&format!("collection {}", found.id), &found.name, template, context)?))
}
