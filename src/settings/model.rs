//! The settings as the interface has them: one object with a part for each subject.
//!
//! Called by the settings' routes, and by whatever reads and writes the stored row. Its shape is that of the reference;
//! what is not in it (the database's threads, say) is configuration only. Not here: which part is which key of the
//! configuration (`links`), what values are right (`validate`).

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value as Json};

use crate::base::{Error, Result, Secret};

/// All settings. The numbers' units are those of the interface: seconds, days, bytes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct Model {
    #[serde(rename = "superuserIPs", deserialize_with = "texts")]
    pub superuser_ips: Vec<String>,
    pub smtp: SmtpModel,
    pub backups: BackupsModel,
    pub s3: S3Model,
    pub meta: MetaModel,
    pub rate_limits: RateLimitsModel,
    pub trusted_proxy: TrustedProxyModel,
    pub batch: BatchModel,
    pub logs: LogsModel,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct SmtpModel {
    pub enabled: bool,
    pub port: i64,
    pub host: String,
    pub username: String,
    /// Never shown; `None` only on the way out.
    #[serde(serialize_with = "exposed", deserialize_with = "secret", skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    pub auth_method: String,
    pub tls: bool,
    pub local_name: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct BackupsModel {
    pub cron: String,
    pub cron_max_keep: i64,
    pub s3: S3Model,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct S3Model {
    pub enabled: bool,
    pub bucket: String,
    pub region: String,
    pub endpoint: String,
    pub access_key: String,
    /// Never shown; `None` only on the way out.
    #[serde(serialize_with = "exposed", deserialize_with = "secret", skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    pub force_path_style: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct MetaModel {
    pub accent_color: String,
    pub app_name: String,
    #[serde(rename = "appURL")]
    pub app_url: String,
    pub sender_name: String,
    pub sender_address: String,
    pub hide_controls: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct RateLimitsModel {
    pub rules: Vec<RateRule>,
    #[serde(rename = "excludedIPs", deserialize_with = "texts")]
    pub excluded_ips: Vec<String>,
    pub enabled: bool,
}

/// A limit as it was sent; [`super::RateLimit`] is one that is right.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs)]
pub struct RateRule {
    pub label: String,
    pub audience: String,
    pub duration: i64,
    pub max_requests: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct TrustedProxyModel {
    #[serde(deserialize_with = "texts")]
    pub headers: Vec<String>,
    #[serde(rename = "useLeftmostIP")]
    pub use_leftmost_ip: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct BatchModel {
    pub enabled: bool,
    pub max_requests: i64,
    pub timeout: i64,
    pub max_body_size: i64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct LogsModel {
    pub max_data_size: i64,
    pub max_days: i64,
    pub min_level: i64,
    #[serde(rename = "logIP")]
    pub log_ip: bool,
    pub log_auth_id: bool,
}

impl Model {
    /// As a tree, with the secrets.
    pub(super) fn to_tree(&self) -> Result<Map<String, Json>> {
        let mut model = self.clone();
        for secret in [&mut model.smtp.password, &mut model.s3.secret, &mut model.backups.s3.secret] {
            secret.get_or_insert_default();
        }
        match serde_json::to_value(model).map_err(Error::internal)? {
            Json::Object(tree) => Ok(tree),
            _ => Err(Error::internal("settings are an object")),
        }
    }

    /// The model of a tree that has every part.
    ///
    /// # Errors
    /// 400 if something in it has another type than it must have.
    pub(super) fn of_tree(tree: Map<String, Json>) -> Result<Model> {
        serde_json::from_value(Json::Object(tree))
            .map_err(|error| Error::invalid("The settings can't be read.").caused_by(error))
    }

    /// As JSON without the secrets. `locked` are paths with the places outside of the database that they are set in;
    /// they are shown under `locked`, if there are any.
    pub fn to_json(&self, locked: &[(&str, String)]) -> Result<String> {
        let mut model = self.clone();
        (model.smtp.password, model.s3.secret, model.backups.s3.secret) = (None, None, None);
        let locked = locked.iter().map(|(path, place)| (*path, place.as_str())).collect();
        serde_json::to_string(&Shown { model, locked }).map_err(Error::internal)
    }
}

#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    model: Model,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    locked: BTreeMap<&'a str, &'a str>,
}

/// The text of a secret.
pub(super) fn text_of(secret: &Option<Secret>) -> &str {
    secret.as_ref().map_or("", Secret::expose)
}

fn exposed<S: Serializer>(secret: &Option<Secret>, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    serializer.serialize_str(text_of(secret))
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Option<Secret>, D::Error> {
    String::deserialize(deserializer).map(|text| Some(Secret::new(text)))
}

/// A list in which nothing (`null`) is the empty text.
fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Vec<String>, D::Error> {
    let texts = Vec::<Option<String>>::deserialize(deserializer)?;
    Ok(texts.into_iter().map(Option::unwrap_or_default).collect())
}
