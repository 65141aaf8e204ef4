//! What would happen if somebody asked for something: whether they may, and which clause of the rule decides.
//!
//! Called by the dashboard. The answer is that of the functions that real requests go through, up to where these would
//! write. Beside it the rule is taken apart (`records::explain`), in the same snapshot. Not looked at: what isn't about
//! this request, such as rate limits, and what would follow from a deletion.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::who::Somebody;
use super::{action_name, method, rule_name};
use crate::app::{App, Caller};
use crate::auth::sign_in;
use crate::base::{Error, FieldError, FieldErrors, Result, SqlValue};
use crate::domain::principal::SUPERUSERS_ID;
use crate::domain::{Collection, Context, ListRequest, Principal, RequestInfo, RuleKind, Verb};
use crate::records::access::{self, Access};
use crate::records::{self, Clause, Cx, Explained, Find, Join, Tested, Told};
use crate::rules::{Literal, Operand};
use crate::store::ReadTx;

/// Every context that rules may ask for.
const CONTEXTS: [Context; 8] = [
    Context::Default,
    Context::OAuth2,
    Context::Otp,
    Context::Password,
    Context::Realtime,
    Context::ProtectedFile,
    Context::Expand,
    Context::Batch,
];

/// What can be asked for.
const ACTIONS: [RuleKind; 7] = [
    RuleKind::List,
    RuleKind::View,
    RuleKind::Create,
    RuleKind::Update,
    RuleKind::Delete,
    RuleKind::Auth,
    RuleKind::Manage,
];

impl App {
    /// What would happen if somebody asked for something, as the caller's body says: `who` (see `Somebody::find`),
    /// `action`, `collection`, `record`, `body`, `query`, `headers`, `context`. Nothing is written.
    ///
    /// The answer is JSON: `allowed`, `status` (what a real request would be answered), `reason` (a sentence), `who`,
    /// `rule` with its text, `clauses` (a tree with places in UTF-16 code units), `counts` of a list, `shown` (the
    /// record as they would see it), `answer` (the error they would get), `notes`.
    ///
    /// # Errors
    /// 401 and 403 for everybody but superusers; 400 with what can't be asked.
    pub async fn simulate_access(&self, caller: Caller) -> Result<String> {
        self.read(Arc::new(caller), |tx, cx| {
            access::require_superuser(cx.principal)?;
            let asked = Asked::read(tx, &cx.request.body)?;
            let somebody = Somebody::find(tx, cx, cx.request.body.get("who"))?;
            let theirs = somebody.identity.cx(&asked.request, cx.plans);
            let mut told = asked.simulate(tx, &theirs)?;
            told["who"] = somebody.told;
            told["notes"] = somebody.note.into_iter().collect();
            Ok(told.to_string())
        })
        .await
    }
}

/// What is asked for.
struct Asked {
    kind: RuleKind,
    collection: Arc<Collection>,
    /// Its id; empty if it is about none.
    record: String,
    request: RequestInfo,
}

impl Asked {
    fn read(tx: &ReadTx<'_>, form: &Map<String, Json>) -> Result<Asked> {
        let mut problems = FieldErrors::new();
        let mut refuse = |name: &str, message: &'static str| problems.add(name, FieldError::invalid(message));
        let text = |name: &str| form.get(name).and_then(Json::as_str).unwrap_or_default();
        let kind = ACTIONS.into_iter().find(|kind| action_name(*kind) == text("action"));
        let collection = tx.schema().find(text("collection")).cloned();
        let context = CONTEXTS.into_iter().find(|context| context.name() == text("context"));
        if kind.is_none() {
            refuse("action", "This must be list, view, create, update, delete, auth or manage.");
        }
        match (&collection, kind) {
            (None, _) => refuse("collection", "There is no such collection."),
            (Some(found), Some(RuleKind::Auth | RuleKind::Manage)) if !found.is_auth() => {
                refuse("action", "Only accounts sign in and are managed.");
            }
            _ => {}
        }
        let needs_record = !matches!(kind, None | Some(RuleKind::List | RuleKind::Create));
        if needs_record && text("record").is_empty() {
            refuse("record", "This needs the id of a record.");
        }
        if context.is_none() && !text("context").is_empty() {
            refuse("context", "There is no such context.");
        }
        let body = match form.get("body") {
            None | Some(Json::Null) => Map::new(),
            Some(Json::Object(body)) => body.clone(),
            Some(_) => {
                refuse("body", "This must be an object.");
                Map::new()
            }
        };
        let query = pairs(form.get("query"), str::to_owned);
        let headers = pairs(form.get("headers"), |name| name.to_ascii_lowercase().replace('-', "_"));
        if query.is_none() {
            refuse("query", "This must be an object of texts.");
        }
        if headers.is_none() {
            refuse("headers", "This must be an object of texts.");
        }
        problems.into_result("This can't be asked.")?;
        let (Some(kind), Some(collection)) = (kind, collection) else {
            return Err(Error::internal("a question without action or collection wasn't refused"));
        };
        let request = RequestInfo {
            method: method(kind).to_owned(),
            context: context.unwrap_or_default(),
            query: query.unwrap_or_default(),
            headers: headers.unwrap_or_default(),
            body: if matches!(kind, RuleKind::Create | RuleKind::Update) { body } else { Map::new() },
            uploads: Vec::new(),
        };
        let record = if kind == RuleKind::Create { String::new() } else { text("record").to_owned() };
        Ok(Asked { kind, collection, record, request })
    }

    fn simulate(&self, tx: &ReadTx<'_>, cx: &Cx<'_>) -> Result<Json> {
        let outcome = self.ask(tx, cx)?;
        let explained = self.explain(tx, cx)?;
        let (allowed, status) = match &outcome {
            Ok(answer) => (answer.reached, if self.kind == RuleKind::Delete { 204 } else { 200 }),
            Err(error) => (false, error.kind().status()),
        };
        let mut told = json!({
            "allowed": allowed,
            "status": status,
            "action": action_name(self.kind),
            "collection": self.collection.name,
            "record": self.record,
            "rule": {
                "name": rule_name(self.kind),
                "text": self.collection.rule(self.kind),
                "applies": explained.rule.is_some(),
            },
            "reason": explained.reason(&self.collection, allowed, outcome.as_ref().err()),
            "clauses": explained.clauses_json(),
            "counts": explained.counts.map(|(matches, total)| json!({"matches": matches, "total": total})),
        });
        match outcome {
            Ok(answer) => told["shown"] = answer.shown.unwrap_or(Json::Null),
            Err(error) => told["answer"] = serde_json::to_value(&error).map_err(Error::internal)?,
        }
        Ok(told)
    }

    /// Goes the way of a real request as far as that only reads. The outer error is that of the machine, the inner one
    /// what they would be answered.
    fn ask(&self, tx: &ReadTx<'_>, cx: &Cx<'_>) -> Result<Result<Answer>> {
        let (collection, id) = (self.collection.id.as_str(), self.record.as_str());
        let outcome = match self.kind {
            RuleKind::List => self.list(tx, cx),
            RuleKind::View => records::view(tx, cx, collection, id, None).map(|shown| Answer::shows(&shown.json)),
            RuleKind::Create => records::draft_create(tx, cx, collection).map(|_| Answer::REACHED),
            RuleKind::Update => records::draft_update(tx, cx, collection, id).map(|_| Answer::REACHED),
            RuleKind::Delete => records::deletable(tx, cx, collection, id).map(|_| Answer::REACHED),
            RuleKind::Auth | RuleKind::Manage | RuleKind::Mfa => self.reach_account(tx, cx),
        };
        match outcome {
            Err(error) if error.kind().status() >= 500 || error.kind().status() == 408 => Err(error),
            outcome => Ok(outcome),
        }
    }

    fn list(&self, tx: &ReadTx<'_>, cx: &Cx<'_>) -> Result<Answer> {
        let mut request = ListRequest { page: 1, per_page: 1, skip_total: true, ..ListRequest::default() };
        if !self.record.is_empty() {
            let id = Operand::Text(Literal { value: self.record.clone(), slot: 0, span: 0..0 });
            request.filter = Some(format!("id = {id}"));
        }
        let page = records::list(tx, cx, &self.collection.id, &request)?;
        let page: Json = serde_json::from_str(&page).map_err(Error::internal)?;
        let shown = page["items"].get(0).filter(|_| !self.record.is_empty()).cloned();
        Ok(Answer { reached: self.record.is_empty() || shown.is_some(), shown })
    }

    /// Signing in, and managing an account, as far as it is a matter of rules.
    fn reach_account(&self, tx: &ReadTx<'_>, cx: &Cx<'_>) -> Result<Answer> {
        let found = records::find(tx, cx, &self.collection, Find::Id, SqlValue::from(self.record.as_str()))?;
        let record = found.ok_or_else(Error::not_found)?;
        if self.kind == RuleKind::Auth {
            sign_in::check_auth_rule(tx, cx, &record)?;
        } else if !records::is_manager(tx, cx, &record)? {
            return Err(Error::forbidden("The manage rule doesn't hold."));
        }
        Ok(Answer::REACHED)
    }

    fn explain(&self, tx: &ReadTx<'_>, cx: &Cx<'_>) -> Result<Why<'_>> {
        let unbound = self.unbound(cx.principal);
        let mut why = Why { barrier: None, unbound, rule: None, explained: None, is_missing: false, counts: None };
        let is_write = matches!(self.kind, RuleKind::Create | RuleKind::Update | RuleKind::Delete);
        if is_write && self.collection.is_view() {
            why.barrier = Some("Records of a view can't be written.".to_owned());
            return Ok(why);
        }
        why.barrier = self.barrier(cx);
        let rule = match access_to(cx.principal, &self.collection, self.kind) {
            Some(Access::Where(rule)) if why.barrier.is_none() => rule,
            _ => {
                why.is_missing = why.barrier.is_none() && self.names_nothing(tx, cx)?;
                return Ok(why);
            }
        };
        why.rule = Some(rule);
        let id = self.record.as_str();
        let tested = match self.kind {
            RuleKind::Create => Tested::New,
            RuleKind::List if id.is_empty() => Tested::Every,
            RuleKind::Update => Tested::Changed(id),
            _ => Tested::Stored(id),
        };
        if self.names_nothing(tx, cx)? {
            why.is_missing = true;
            return Ok(why);
        }
        let explained = records::explain(tx, cx, &self.collection, (self.kind, rule), tested)?;
        if let (Tested::Every, Explained::Clause(Clause { told: Told::Matches(matches), .. })) = (tested, &explained) {
            why.counts = Some((*matches, records::count(tx, cx, &self.collection.id)?));
        }
        why.explained = Some(explained);
        Ok(why)
    }

    /// What keeps them out, or lets them in, before any rule is looked at.
    fn barrier(&self, cx: &Cx<'_>) -> Option<String> {
        let (principal, action) = (cx.principal, action_name(self.kind));
        let name = &self.collection.name;
        if let Principal::Scoped(_, scope) = principal {
            let verb = verb(self.kind);
            if !verb.is_some_and(|verb| scope.allows(&self.collection, verb)) && self.kind != RuleKind::Manage {
                return Some(format!("The key's scope does not allow {action} in {name}."));
            }
        }
        let is_write = matches!(self.kind, RuleKind::Create | RuleKind::Update | RuleKind::Delete);
        if is_write && access::check_key(cx, &self.collection).is_err() {
            return Some(format!("{name} is a system collection, and API keys don't write to these."));
        }
        if self.kind == RuleKind::Manage && !principal.is_superuser() {
            if principal.record().is_none() {
                return Some("Guests manage nobody.".to_owned());
            }
            if self.collection.rule(RuleKind::Manage).is_none_or(str::is_empty) {
                return Some("There is no manage rule, so only superusers manage accounts.".to_owned());
            }
            return None;
        }
        match access::decide(principal, &self.collection, self.kind) {
            Err(_) => Some(format!("There is no {}, so only superusers may do this.", rule_name(self.kind))),
            Ok(_) => None,
        }
    }

    /// Why no rule binds them, if none does.
    fn unbound(&self, principal: &Principal) -> &'static str {
        match principal {
            Principal::Scoped(owner, _) if owner.collection().id == SUPERUSERS_ID => {
                "The key's scope allows this, and its owner is a superuser, whom no rule binds."
            }
            _ if principal.is_superuser() => "Superusers may do everything.",
            _ if self.kind == RuleKind::Auth => "The rule is empty, so every account may sign in.",
            _ => "The rule is empty, which lets everybody do this.",
        }
    }

    /// Whether it is about a record that isn't there.
    fn names_nothing(&self, tx: &ReadTx<'_>, cx: &Cx<'_>) -> Result<bool> {
        Ok(!self.record.is_empty() && !records::exists(tx, cx, &self.collection, &self.record)?)
    }
}

/// How far a request comes that isn't refused.
struct Answer {
    /// Whether it reaches the record.
    reached: bool,
    /// The record as they see it.
    shown: Option<Json>,
}

impl Answer {
    const REACHED: Answer = Answer { reached: true, shown: None };

    fn shows(json: &str) -> Answer {
        Answer { reached: true, shown: serde_json::from_str(json).ok() }
    }
}

/// Why it is so.
struct Why<'a> {
    /// What decides before any rule does.
    barrier: Option<String>,
    /// What is said if nothing does.
    unbound: &'static str,
    /// The rule, if one decides.
    rule: Option<&'a str>,
    explained: Option<Explained>,
    is_missing: bool,
    /// For how many records the rule holds, and how many there are.
    counts: Option<(i64, i64)>,
}

impl Why<'_> {
    fn reason(&self, collection: &Collection, allowed: bool, refused: Option<&Error>) -> String {
        if let Some(barrier) = &self.barrier {
            return barrier.clone();
        }
        if self.is_missing {
            return "There is no record with this id.".to_owned();
        }
        let holds = match (&self.explained, self.rule) {
            (Some(Explained::Unusable(why)), _) => {
                return format!("The rule can't be used, so it lets nobody in: {why}");
            }
            (Some(Explained::Clause(clause)), Some(rule)) => match clause.told {
                Told::Matches(_) => {
                    let (matches, total) = self.counts.unwrap_or_default();
                    return format!("The rule lets through {matches} of {total} records of {}.", collection.name);
                }
                Told::Holds(false) => return told_of(clause, rule),
                Told::Holds(true) => told_of(clause, rule),
            },
            _ => self.unbound.to_owned(),
        };
        match refused {
            Some(error) if !allowed => format!("{holds} But the request would be refused: {}", error.message()),
            _ => holds,
        }
    }

    fn clauses_json(&self) -> Json {
        match (&self.explained, self.rule) {
            (Some(Explained::Clause(clause)), Some(rule)) => clause_json(clause, rule),
            _ => Json::Null,
        }
    }
}

/// In a sentence, which clauses make a rule hold or fail.
fn told_of(clause: &Clause, rule: &str) -> String {
    let holds = clause.told == Told::Holds(true);
    let mut found = Vec::new();
    deciding(clause, holds, &mut found);
    let parts: Vec<String> = found.iter().map(|part| format!("`{}`", &rule[part.span.clone()])).collect();
    let are = match (parts.len(), holds) {
        (1, true) => "is true",
        (1, false) => "is false",
        (_, true) => "are true",
        (_, false) => "are false",
    };
    let clauses = if parts.len() == 1 { "Clause" } else { "Clauses" };
    match found.as_slice() {
        [only] if only.apart => {
            format!("In {} each part holds for some related record, but no single one for all of them.", parts[0])
        }
        _ => format!("{clauses} {} {are} for this record.", parts.join(" and ")),
    }
}

/// The comparisons that make a clause what it is.
fn deciding<'c>(clause: &'c Clause, holds: bool, found: &mut Vec<&'c Clause>) {
    if clause.join == Join::None || clause.apart {
        found.push(clause);
        return;
    }
    for part in clause.parts.iter().filter(|part| part.needed && part.told == Told::Holds(holds)) {
        deciding(part, holds, found);
    }
}

fn clause_json(clause: &Clause, rule: &str) -> Json {
    let units = |end: usize| rule.get(..end).unwrap_or(rule).encode_utf16().count();
    let (holds, matches) = match clause.told {
        Told::Holds(holds) => (Some(holds), None),
        Told::Matches(matches) => (None, Some(matches)),
    };
    let value = |value: &Option<SqlValue>| match value {
        None => Json::Null,
        Some(SqlValue::Null) => json!({"value": null}),
        Some(SqlValue::Integer(number)) => json!({"value": number}),
        Some(SqlValue::Real(number)) => json!({"value": number}),
        Some(SqlValue::Text(text)) => json!({"value": text}),
    };
    json!({
        "from": units(clause.span.start),
        "to": units(clause.span.end),
        "text": &rule[clause.span.clone()],
        "join": match clause.join {
            Join::None => Json::Null,
            Join::All => "&&".into(),
            Join::Any => "||".into(),
        },
        "holds": holds,
        "matches": matches,
        "needed": clause.needed,
        "apart": clause.apart,
        "left": value(&clause.values[0]),
        "right": value(&clause.values[1]),
        "parts": clause.parts.iter().map(|part| clause_json(part, rule)).collect::<Vec<_>>(),
    })
}

/// What decides about this kind of action, if anything lets them in at all.
fn access_to<'c>(principal: &Principal, collection: &'c Collection, kind: RuleKind) -> Option<Access<'c>> {
    match kind {
        RuleKind::Manage if principal.is_superuser() => Some(Access::All),
        RuleKind::Manage => collection.rule(kind).map(Access::Where),
        _ => access::decide(principal, collection, kind).ok(),
    }
}

fn verb(kind: RuleKind) -> Option<Verb> {
    Some(match kind {
        RuleKind::List => Verb::List,
        RuleKind::View => Verb::View,
        RuleKind::Create => Verb::Create,
        RuleKind::Update => Verb::Update,
        RuleKind::Delete => Verb::Delete,
        RuleKind::Auth | RuleKind::Manage | RuleKind::Mfa => return None,
    })
}

/// The members of an object as pairs of texts; `None` if it is something else.
fn pairs(object: Option<&Json>, name: impl Fn(&str) -> String) -> Option<Vec<(String, String)>> {
    match object {
        None | Some(Json::Null) => Some(Vec::new()),
        Some(Json::Object(object)) => {
            object.iter().map(|(key, value)| Some((name(key), value.as_str()?.to_owned()))).collect()
        }
        Some(_) => None,
    }
}
