//! `/api/files/{collection}/{record}/{name}`: the files of records. Tokens for them are made in `auth`.

use rocket::{Route, State, get, routes};

use crate::app::{App, Caller};
use crate::base::Result;
use crate::web::download::{Download, Presentation};

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![download]
}

#[get("/api/files/<collection>/<id>/<name>")]
async fn download(app: &State<App>, caller: Caller, collection: &str, id: &str, name: &str) -> Result<Download> {
    let request = caller.request;
    let found = app.find_file(request.clone(), collection.to_owned(), id.to_owned(), name.to_owned()).await?;
    let shown = Presentation {
        download: matches!(request.query("download"), Some("1" | "t" | "T" | "true" | "TRUE" | "True")),
        protected: found.options.protected,
    };
    Download::of(app, &request, found.file, shown).await
}
