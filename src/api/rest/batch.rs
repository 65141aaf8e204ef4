//! `/api/batch`: several requests about records, of which all take effect or none.
//!
//! Here the body becomes requests, each as its own route would have got it, and their answers become one. The form of
//! the whole is checked at once; what is wrong with one request alone is told when its turn comes, after those before
//! it have shown that they would succeed.

use std::sync::Arc;

use rocket::http::CookieJar;
use rocket::{Data, Route, State, post, routes};
use serde_json::{Map, Value as Json};

use crate::api::rest::{expand, fold_keys};
use crate::app::{App, BatchAction, BatchItem, Caller, FileKeys};
use crate::base::limits::BATCH_URL_MAX_BYTES;
use crate::base::{Error, FieldError, FieldErrors, Result};
use crate::domain::{BodyLimits, Context, RequestInfo, Upload};
use crate::files::Intake;
use crate::web::address::RecordAddress;
use crate::web::body::{self, FormText};
use crate::web::guards::header_key;
use crate::web::pick::Shape;
use crate::web::respond::{Answer, Picker};
use crate::web::site;

/// The methods that the form takes; that of GET is none that a batch can carry out.
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
/// What rules see as `@request.headers.content_type`, whichever form the batch has come in.
const CONTENT_TYPE: &str = "multipart/form-data";

/// The routes of this module.
pub fn routes() -> Vec<Route> {
    routes![batch]
}

#[post("/api/batch", data = "<data>")]
async fn batch(app: &State<App>, jar: &CookieJar<'_>, caller: Caller, data: Data<'_>) -> Answer {
    let limits = match app.batch_limits() {
        Ok(limits) => limits,
        Err(error) => {
            body::discard(data).await;
            return Err(error);
        }
    };
    let (mut sent, uploads) = read_body(app, &caller, data, limits.max_body_bytes).await?;
    fold_keys(&mut sent, &["requests"]);
    let mut forms = forms(sent.remove("requests").unwrap_or_default(), limits.max_requests)?;
    for (key, upload) in uploads {
        // What belongs to no request is left out.
        if let Some((form, key)) = form_key(&key).and_then(|(at, key)| Some((forms.get_mut(at)?, key))) {
            form.uploads.push((key.to_owned(), upload));
        }
    }
    let picker = Picker::of(&caller, Shape::Whole)?;
    let (mut items, mut pickers) = (Vec::with_capacity(forms.len()), Vec::with_capacity(forms.len()));
    let outer = outer_headers(&caller.request);
    for form in forms {
        let understood = form.understand(&outer).and_then(|item| {
            pickers.push(Picker::of_request(&item.request, Shape::Whole)?);
            Ok(item)
        });
        items.push(understood);
    }
    let answer = app.batch(caller, items).await?;
    if let Some(session) = answer.session {
        site::keep(app, jar, &session);
    }
    // All were understood, or the batch would have failed; so there is a picker for each.
    picker.answer(answers(answer.bodies.into_iter().zip(pickers)))
}

/// The body, with the files that come with it.
async fn read_body(app: &App, caller: &Caller, data: Data<'_>, max_bytes: u64) -> Result<(Map<String, Json>, Uploads)> {
    let mut keys = FileKeys::default();
    if body::is_multipart(&caller.request) {
        match app.batch_file_keys(caller).await {
            Ok(found) => keys = found,
            Err(error) => {
                body::discard(data).await;
                return Err(error);
            }
        }
    }
    let accept = |key: &str| form_key(key).and_then(|(_, key)| keys.max_bytes(key));
    let intake = Intake { spool: app.spool(), accept: &accept };
    let limits = BodyLimits { whole_bytes: max_bytes, text_bytes: max_bytes };
    let content = body::read_with_files(&caller.request, data, limits, FormText::Verbatim, Some(&intake)).await?;
    Ok((content.object, content.uploads))
}

/// The request that a file is for, and its key there: of `requests.N.key` or `requests[N].key`.
fn form_key(key: &str) -> Option<(usize, &str)> {
    let rest = key.strip_prefix("requests")?;
    let (at, key) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once("].")?,
        None => rest.strip_prefix('.')?.split_once('.')?,
    };
    Some((at.parse().ok()?, key))
}

/// The list of what the requests were answered.
fn answers(bodies: impl Iterator<Item = (Option<String>, Picker)>) -> Result<String> {
    let mut out = String::from("[");
    for (at, (body, picker)) in bodies.enumerate() {
        if at > 0 {
            out.push(',');
        }
        match body {
            Some(body) => {
                out.push_str("{\"body\":");
                out.push_str(&picker.pick(body)?);
                out.push_str(",\"status\":200}");
            }
            None => out.push_str("{\"body\":null,\"status\":204}"),
        }
    }
    out.push(']');
    Ok(out)
}

/// One request as it stands in the body.
struct Form {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Map<String, Json>,
    uploads: Uploads,
}

/// Files with the keys that they have in their request.
type Uploads = Vec<(String, Arc<Upload>)>;

/// The requests of a batch, if all of them have the right form.
fn forms(requests: Json, max_requests: usize) -> Result<Vec<Form>> {
    let requests = match requests {
        Json::Null => Vec::new(),
        Json::Array(requests) => requests,
        _ => return Err(malformed("requests must be a list")),
    };
    if requests.is_empty() {
        return Err(Error::field("requests", FieldError::required()));
    }
    if requests.len() > max_requests {
        return Err(Error::field("requests", too_long(max_requests)));
    }
    let forms: Vec<Form> = requests.into_iter().map(Form::read).collect::<Result<_>>()?;
    let mut errors = FieldErrors::new();
    for (at, form) in forms.iter().enumerate() {
        form.check(&format!("requests.{at}"), &mut errors);
    }
    errors.into_result("Something in the batch isn't acceptable.")?;
    Ok(forms)
}

impl Form {
    fn read(request: Json) -> Result<Form> {
        let Json::Object(mut request) = request else { return Err(malformed("a request must be an object")) };
        fold_keys(&mut request, &["method", "url", "headers", "body"]);
        let mut take = |key: &str| request.remove(key).unwrap_or_default();
        let headers = object(take("headers"), "headers")?.into_iter().map(|(name, value)| {
            let key = header_key(&name);
            text(value, "headers").map(|value| (key, value))
        });
        Ok(Form {
            headers: headers.collect::<Result<_>>()?,
            method: text(take("method"), "method")?,
            url: text(take("url"), "url")?,
            body: object(take("body"), "body")?,
            uploads: Vec::new(),
        })
    }

    fn check(&self, path: &str, errors: &mut FieldErrors) {
        if self.method.is_empty() {
            errors.add(&format!("{path}.method"), FieldError::required());
        } else if !METHODS.contains(&self.method.as_str()) {
            let message = "This must be a method of HTTP in capitals.";
            errors.add(&format!("{path}.method"), FieldError::new("validation_in_invalid", message));
        }
        if self.url.is_empty() {
            errors.add(&format!("{path}.url"), FieldError::required());
        } else if self.url.len() > BATCH_URL_MAX_BYTES {
            errors.add(&format!("{path}.url"), too_long(BATCH_URL_MAX_BYTES));
        }
    }

    /// The request as its route would have got it.
    ///
    /// # Errors
    /// 400 if there is no such route in a batch.
    fn understand(mut self, outer: &[(String, String)]) -> Result<BatchItem> {
        let unknown = || Error::invalid("A batch can create, update, upsert and delete records, and nothing else.");
        let RecordAddress { collection, id, query } = RecordAddress::parse(&self.url).ok_or_else(unknown)?;
        let action = match (self.method.as_str(), id) {
            ("POST", None) => BatchAction::Create { collection },
            ("PUT", None) => BatchAction::Upsert { collection },
            ("PATCH", Some(id)) => BatchAction::Update { collection, id },
            ("DELETE", Some(id)) => BatchAction::Delete { collection, id },
            _ => return Err(unknown()),
        };
        let headers = merge_headers(std::mem::take(&mut self.headers), outer);
        let Form { method, body, uploads, .. } = self;
        let request = RequestInfo { method, context: Context::Batch, query, headers, body, uploads };
        Ok(BatchItem { action, expand: expand(&request), request })
    }
}

/// Those of the outer request's headers that say something of its items, too: what its body is, and which state of a
/// record a change is meant for, each item says by itself.
fn outer_headers(outer: &RequestInfo) -> Vec<(String, String)> {
    let counts = |name: &str| !matches!(name, "content_type" | "if_match" | "if_none_match");
    outer.headers.iter().filter(|(name, _)| counts(name)).cloned().collect()
}

/// An item's headers before those of the outer request that it doesn't have itself. Who asks is the same for all.
fn merge_headers(mut own: Vec<(String, String)>, outer: &[(String, String)]) -> Vec<(String, String)> {
    own.retain(|(name, _)| !matches!(name.as_str(), "authorization" | "content_type"));
    let from_outer: Vec<_> = outer.iter().filter(|(name, _)| !own.iter().any(|(own, _)| own == name)).collect();
    let mut headers = Vec::with_capacity(own.len() + 1 + from_outer.len());
    headers.push(("content_type".to_owned(), CONTENT_TYPE.to_owned()));
    headers.extend(from_outer.into_iter().cloned());
    headers.append(&mut own);
    headers
}

fn text(value: Json, what: &str) -> Result<String> {
    match value {
        Json::Null => Ok(String::new()),
        Json::String(text) => Ok(text),
        _ => Err(malformed(&format!("{what} of a request must be text"))),
    }
}

fn object(value: Json, what: &str) -> Result<Map<String, Json>> {
    match value {
        Json::Null => Ok(Map::new()),
        Json::Object(object) => Ok(object),
        _ => Err(malformed(&format!("{what} of a request must be an object"))),
    }
}

fn malformed(what: &str) -> Error {
    Error::invalid(format!("The batch isn't well-formed: {what}."))
}

fn too_long(max: usize) -> FieldError {
    FieldError::too_long(format!("This must be no longer than {max}."), max)
}
