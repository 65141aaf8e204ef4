//! The exposure report: openings and findings of one moment, as JSON and for the command line.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::exposure::{self, Exposed, Level, Opening};
use super::findings::{Class, Finding, Severity, findings};
use super::{action_name, rule_name};
use crate::app::doctor::data;
use crate::app::{App, Caller};
use crate::base::{Error, Result, Timestamp};
use crate::domain::{Collection, RuleKind};
use crate::query::dialect::Dialect;
use crate::records::{Plans, access};
use crate::settings::Config;
use crate::store::{Database, ReadTx};

/// What stands open, and what of it is worth knowing.
pub struct Report {
    made: Timestamp,
    exposed: Vec<Exposed>,
    /// The findings, the gravest first.
    pub findings: Vec<Finding>,
}

impl App {
    /// The exposure report as JSON, for superusers.
    ///
    /// # Errors
    /// 401 and 403 for everybody else.
    pub async fn exposure(&self, caller: Caller) -> Result<String> {
        self.read(Arc::new(caller), |tx, cx| {
            access::require_superuser(cx.principal)?;
            Ok(Report::make(tx, cx.plans)?.to_json().to_string())
        })
        .await
    }
}

impl Report {
    /// That of the data which the configuration names. Nothing is changed, and a server may run meanwhile.
    ///
    /// # Errors
    /// 404 if there are no data; whatever keeps them from being read.
    pub fn examine(config: &Config) -> Result<Report> {
        let missing = || {
            let folder = config.data_dir.display();
            Error::new(crate::base::ErrorKind::NotFound, format!("There is no database in {folder}."))
        };
        let copy = data::open(config, Database::Data).ok_or_else(missing)??;
        let schema = data::schema(&copy)?;
        copy.read_with(schema, |tx| Report::make(tx, &Plans::new(Dialect::Sqlite)))
    }

    fn make(tx: &ReadTx<'_>, plans: &Plans) -> Result<Report> {
        let exposed = exposure::look(tx, plans, true)?;
        let findings = findings(&exposed);
        Ok(Report { made: tx.now(), exposed, findings })
    }

    /// The report as JSON.
    pub fn to_json(&self) -> Json {
        let count = |severity| self.findings.iter().filter(|finding| finding.severity == severity).count();
        let mut collections: Vec<&Exposed> = self.exposed.iter().collect();
        collections.sort_by_key(|exposed| (exposed.collection.system, exposed.collection.name.to_lowercase()));
        json!({
            "made": self.made.to_string(),
            "summary": {
                "high": count(Severity::High),
                "medium": count(Severity::Medium),
                "low": count(Severity::Low),
            },
            "findings": self.findings.iter().map(finding_json).collect::<Vec<_>>(),
            "collections": collections.into_iter().map(exposed_json).collect::<Vec<_>>(),
        })
    }

    /// Whether there are findings of one of the classes, but for those about some collections.
    pub fn has(&self, classes: &[Class], except: &[String]) -> bool {
        let counts = |finding: &Finding| !except.iter().any(|name| finding.collection.eq_ignore_ascii_case(name));
        self.findings.iter().any(|finding| classes.contains(&finding.class) && counts(finding))
    }

    /// Rows of names: the collection, its type, and what guests may list, view, create, update and delete. System
    /// collections are only listed if something of them isn't closed.
    pub fn rows(&self) -> Vec<Vec<String>> {
        let is_shown = |exposed: &&Exposed| {
            let is_closed = |opening: &Opening| matches!(opening.level, Level::Closed | Level::Absent);
            !exposed.collection.system || !exposed.guests.iter().all(is_closed)
        };
        let row = |exposed: &Exposed| {
            let levels = exposed.guests.iter().map(|opening| match opening.level {
                Level::Absent => "-".to_owned(),
                level => level.name().to_owned(),
            });
            let head = [exposed.collection.name.clone(), exposed.collection.kind.name().to_owned()];
            head.into_iter().chain(levels).collect()
        };
        self.exposed.iter().filter(is_shown).map(row).collect()
    }
}

fn finding_json(finding: &Finding) -> Json {
    json!({
        "class": finding.class.name(),
        "severity": finding.severity.name(),
        "collection": finding.collection,
        "message": finding.message,
        "advice": finding.advice,
    })
}

fn exposed_json(exposed: &Exposed) -> Json {
    let collection = &exposed.collection;
    let kinds = exposed.guests.iter().chain(exposed.accounts.iter().flat_map(|(_, openings)| openings));
    let rules = kinds.map(|opening| (rule_name(opening.kind).to_owned(), json!(collection.rule(opening.kind))));
    let accounts = exposed.accounts.iter().map(|(name, openings)| (name.clone(), openings_json(openings)));
    json!({
        "id": collection.id,
        "name": collection.name,
        "type": collection.kind.name(),
        "system": collection.system,
        "records": exposed.total,
        "rules": rules.collect::<serde_json::Map<_, _>>(),
        "guests": openings_json(&exposed.guests),
        "accounts": accounts.collect::<serde_json::Map<_, _>>(),
        "fields": exposed.fields,
        "email": collection.is_auth().then_some("only where emailVisibility is true"),
        "openFiles": exposed.open_files,
        "signUp": collection.is_auth().then(|| level_name(exposed, RuleKind::Create)),
        "signIn": sign_in(collection),
    })
}

fn level_name(exposed: &Exposed, kind: RuleKind) -> &'static str {
    exposed.to_guests(kind).name()
}

fn openings_json(openings: &[Opening]) -> Json {
    let opening = |opening: &Opening| {
        (action_name(opening.kind).to_owned(), json!({"level": opening.level.name(), "reach": opening.reach}))
    };
    Json::Object(openings.iter().map(opening).collect())
}

/// The ways to sign in that are offered to guests.
fn sign_in(collection: &Collection) -> Json {
    let Some(auth) = collection.auth() else { return Json::Null };
    let providers = auth.oauth2.providers.iter().map(|provider| provider.name.as_str());
    json!({
        "password": auth.password_auth.enabled.then_some(&auth.password_auth.identity_fields),
        "oneTimeCode": auth.otp.enabled,
        "oauth2": if auth.oauth2.enabled { providers.collect::<Vec<_>>() } else { Vec::new() },
        "secondFactor": auth.mfa.enabled,
        "rule": auth.auth_rule,
    })
}
