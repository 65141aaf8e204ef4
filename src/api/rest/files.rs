//! `/api/files/{collection}/{record}/{name}`: the files of records. Tokens for them are made in `auth`.

use rocket::{Route, State, get, routes};

use crate::app::{App, Caller};
use crate::base::Result;
use crate::files::previews::Outcome;
use crate::web::download::{Download, Presentation, Served};

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![download]
}

#[get("/api/files/<collection>/<id>/<name>")]
async fn download(app: &State<App>, caller: Caller, collection: &str, id: &str, name: &str) -> Result<Download> {
    let request = caller.request;
    let wanted = (collection.to_owned(), id.to_owned(), name.to_owned());
    let found = app.find_file(caller.client_ip, request.clone(), wanted.0, wanted.1, wanted.2).await?;
    let shown = Presentation {
        download: matches!(request.query("download"), Some("1" | "t" | "T" | "true" | "TRUE" | "True")),
        protected: found.options.protected,
    };
    let served = match request.query("thumb").filter(|size| !size.is_empty()) {
        None => Served::original(found.file),
        Some(size) => match app.preview(&found, size, request.query("format") == Some("webp")).await {
            Outcome::Ready(preview) => Served::preview(&found.file, preview),
            Outcome::Never => Served::original(found.file),
            Outcome::NotNow => Served::for_now(found.file),
        },
    };
    Download::of(app, &request, served, shown).await
}
