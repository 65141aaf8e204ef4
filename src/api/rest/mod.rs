//! The REST API under `/api`, as the official PocketBase SDKs speak it.
//!
//! Every route follows one pattern: take the [`Caller`], read the body if there is one, call one method of
//! [`crate::app::App`], answer. HEAD is answered by the GET routes; wrong methods and unknown paths end in the catcher.

mod auth;
mod backups;
mod batch;
mod collections;
mod crons;
mod factors;
mod files;
mod forward_auth;
mod health;
mod keys;
mod list;
mod logs;
mod mail_flows;
mod mails;
mod oauth2;
mod passkeys;
mod realtime;
mod records;
mod sessions;
mod settings;
mod sql;
mod uploads;
mod websocket;

use rocket::Data;
use serde_json::{Map, Value as Json};

use crate::app::Caller;
use crate::base::Result;
use crate::base::limits::BODY_MAX_BYTES;
use crate::domain::RequestInfo;
use crate::web::body::{self, FormText};

/// All routes of the REST API, with full paths.
pub fn routes() -> Vec<rocket::Route> {
    let mut routes = health::routes();
    routes.extend(records::routes());
    routes.extend(batch::routes());
    routes.extend(collections::routes());
    routes.extend(files::routes());
    routes.extend(uploads::routes());
    routes.extend(auth::routes());
    routes.extend(oauth2::routes());
    routes.extend(realtime::routes());
    routes.extend(websocket::routes());
    routes.extend(mail_flows::routes());
    routes.extend(mails::routes());
    routes.extend(logs::routes());
    routes.extend(crons::routes());
    routes.extend(backups::routes());
    routes.extend(settings::routes());
    routes.extend(sql::routes());
    routes.extend(factors::routes());
    routes.extend(passkeys::routes());
    routes.extend(sessions::routes());
    routes.extend(keys::routes());
    routes.extend(forward_auth::routes());
    routes
}

/// A request's `?expand=`, if it asks for anything.
fn expand(request: &RequestInfo) -> Option<String> {
    request.query("expand").filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Reads the body of an endpoint whose keys are fixed; these match in any letter case, unlike fields of records.
async fn read_fixed(caller: &mut Caller, data: Data<'_>, text: FormText, keys: &[&str]) -> Result<()> {
    let mut body = body::read(&caller.request, data, BODY_MAX_BYTES, text).await?;
    fold_keys(&mut body, keys);
    caller.request.body = body;
    Ok(())
}

/// Renames keys that differ from a known one only in letter case. A key that is there exactly wins.
fn fold_keys(body: &mut Map<String, Json>, keys: &[&str]) {
    let others: Vec<String> = body.keys().filter(|key| !keys.contains(&key.as_str())).cloned().collect();
    for other in others {
        let Some(known) = keys.iter().find(|key| key.eq_ignore_ascii_case(&other)) else { continue };
        if let Some(value) = body.remove(&other) {
            body.entry(*known).or_insert(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fixed_keys_match_in_any_case() {
        for (body, expect) in [
            (json!({"Identity": 1, "PASSWORD": 2}), json!({"identity": 1, "password": 2})),
            (json!({"IDENTITY": 1, "identity": 2}), json!({"identity": 2})),
            (json!({"other": 1}), json!({"other": 1})),
        ] {
            let mut object = body.as_object().expect("is an object").clone();
            fold_keys(&mut object, &["identity", "password"]);
            assert_eq!(Json::Object(object), expect);
        }
    }
}
