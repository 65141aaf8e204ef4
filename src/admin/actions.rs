//! What pages of the dashboard ask that the REST API has no route for. Answers are JSON, but for one part of a page.

use rocket::{Data, Route, State, get, post, routes};
use serde_json::{Value as Json, json};

use super::visit::Visit;
use crate::app::doctor::{Finding, Grade};
use crate::app::{App, TableUpload};
use crate::base::limits::IMPORT_UPLOAD_MAX_BYTES;
use crate::base::{Error, ErrorKind, Result};
use crate::collections::USERS_ID;
use crate::demo;
use crate::web::page::reply::Answer;
use crate::web::respond::JsonText;

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![session, findings, load_demo, check_rule, preview_mail, import]
}

/// Whose session it is, for a page that is there already: in another tab, somebody may have signed out, or in again.
#[get("/_/session")]
fn session(visit: Option<Visit>) -> Result<JsonText> {
    visit.map(|visit| JsonText::new(visit.told().to_string())).ok_or_else(Error::unauthenticated)
}

/// What `holdall doctor` says of this server, for a page that is there already: it may take some seconds.
#[get("/_/findings")]
async fn findings(app: &State<App>, visit: Visit) -> Answer {
    let findings = app.findings().await?;
    let (fine, told): (Vec<_>, Vec<_>) = findings.iter().partition(|finding| finding.grade == Grade::Good);
    let shown = |finding: &&Finding| {
        let Finding { check, grade, message, advice } = finding;
        json!({"check": check, "grade": grade.name(), "message": message, "advice": advice})
    };
    let told: Vec<Json> = told.iter().map(shown).collect();
    Ok(visit.part("admin/findings.html", json!({"told": told, "fine": fine.len()}))?.into())
}

/// Whether there is nothing yet but what every server begins with.
pub fn is_new(app: &App) -> bool {
    app.schema().collections().iter().all(|found| found.system || found.id == USERS_ID)
}

/// Fills a server that has nothing of its own yet with the example.
#[post("/_/demo", data = "<data>")]
async fn load_demo(app: &State<App>, visit: Visit, data: Data<'_>) -> Result<JsonText> {
    visit.proven(data).await?;
    if !is_new(app) {
        return Err(Error::invalid("The example is for servers that have no collections yet."));
    }
    let records = demo::records().into_iter().map(|record| (record.collection.to_owned(), record.body)).collect();
    app.seed(&demo::collections(), records).await?;
    let member = json!({"email": demo::MEMBER_EMAIL, "password": demo::PASSWORD});
    Ok(JsonText::new(member.to_string()))
}

#[post("/_/check-rule", data = "<data>")]
async fn check_rule(app: &State<App>, visit: Visit, data: Data<'_>) -> Result<JsonText> {
    let caller = visit.with_json(data).await?;
    Ok(JsonText::new(app.check_rule(caller).await?))
}

#[post("/_/preview-mail", data = "<data>")]
async fn preview_mail(app: &State<App>, visit: Visit, data: Data<'_>) -> Result<JsonText> {
    let caller = visit.with_json(data).await?;
    Ok(JsonText::new(app.preview_mail(caller).await?))
}

/// The body is the file itself; with `dryRun` it is only tried.
#[post("/_/collections/<collection>/import?<format>&<key>", data = "<data>")]
async fn import(
    app: &State<App>,
    visit: Visit,
    collection: &str,
    format: &str,
    key: Option<&str>,
    data: Data<'_>,
) -> Result<JsonText> {
    let data = visit.proven(data).await?;
    let upload = TableUpload {
        collection: collection.to_owned(),
        format: format.parse()?,
        key: key.filter(|key| !key.is_empty()).map(str::to_owned),
        dry_run: matches!(visit.caller.request.query("dryRun"), Some("1" | "true")),
    };
    let file = app.table_file();
    let taken = data.open(IMPORT_UPLOAD_MAX_BYTES.into()).into_file(file.path()).await;
    let taken = taken.map_err(|error| Error::unavailable(format!("The file can't be kept: {error}.")))?;
    if !taken.is_complete() {
        return Err(Error::new(
            ErrorKind::TooLarge,
            format!(
                "A table may have {} MB; larger ones are imported by `holdall import`.",
                IMPORT_UPLOAD_MAX_BYTES >> 20
            ),
        ));
    }
    Ok(JsonText::new(app.import_uploaded(visit.caller, upload, file).await?))
}
