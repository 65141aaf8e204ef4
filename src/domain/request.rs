//! What rules may know of a request: `@request.*`.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::domain::Upload;

/// Why a rule is evaluated: `@request.context`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Context {
    #[default]
    Default,
    OAuth2,
    Otp,
    Password,
    Realtime,
    ProtectedFile,
    Expand,
    Batch,
}

impl Context {
    /// The value of `@request.context`.
    pub fn name(self) -> &'static str {
        match self {
            Context::Default => "default",
            Context::OAuth2 => "oauth2",
            Context::Otp => "otp",
            Context::Password => "password",
            Context::Realtime => "realtime",
            Context::ProtectedFile => "protectedFile",
            Context::Expand => "expand",
            Context::Batch => "batch",
        }
    }
}

/// The parts of a request that rules can refer to.
#[derive(Clone, Debug, Default)]
pub struct RequestInfo {
    /// The HTTP method in capitals.
    pub method: String,
    /// Why rules are evaluated.
    pub context: Context,
    /// Query parameters, decoded, in order; rules see the first of each name.
    pub query: Vec<(String, String)>,
    /// Headers, names in lower case with `_` for `-`; rules see the first of each name.
    pub headers: Vec<(String, String)>,
    /// The body as it was sent (the record service resolves modifiers and types before rules see it).
    pub body: Map<String, Json>,
    /// The files that came with the body: the key as it was sent (`f`, `f+`, `+f`), in order of arrival.
    pub uploads: Vec<(String, Arc<Upload>)>,
}

impl RequestInfo {
    /// The first query parameter of this name.
    pub fn query(&self, name: &str) -> Option<&str> {
        first(&self.query, name)
    }

    /// The files that were sent under this key.
    pub fn uploads<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Arc<Upload>> {
        self.uploads.iter().filter(move |(sent, _)| sent == key).map(|(_, upload)| upload)
    }

    /// The file that was sent and is to be stored under this name.
    pub fn upload(&self, name: &str) -> Option<&Arc<Upload>> {
        self.uploads.iter().map(|(_, upload)| upload).find(|upload| upload.name == name)
    }

    /// The first header of this name, in its lower-case `_` form.
    pub fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }
}

fn first<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// How large a body may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimits {
    /// All of it.
    pub whole_bytes: u64,
    /// What of it is held in memory: everything but the files of a form.
    pub text_bytes: u64,
}

/// What a list endpoint was asked for; already within its limits.
#[derive(Clone, Debug, Default)]
pub struct ListRequest {
    /// From 1.
    pub page: u64,
    /// Items per page, 1–1000.
    pub per_page: u64,
    /// Don't count.
    pub skip_total: bool,
    /// Count only as far as [`crate::base::limits::TOTAL_CAP`].
    pub capped_total: bool,
    /// Sort expression.
    pub sort: Option<String>,
    /// Filter expression.
    pub filter: Option<String>,
    /// Relations to expand.
    pub expand: Option<String>,
    /// Opaque position; takes the place of `page`. `Some("")` asks for the first page with a cursor.
    pub cursor: Option<String>,
}
