//! What stands open to whom: for each collection and action, whether guests and signed-in accounts may.
//!
//! Called for the report ([`super::Report`]) and by the doctor. A rule that says the same of a principal whatever the
//! record and the request, such as `@request.auth.id != ""` of guests, counts as what it says.

use std::sync::Arc;

use super::method;
use crate::app::identity::Identity;
use crate::base::Result;
use crate::base::limits::TOTAL_CAP;
use crate::domain::principal::SUPERUSERS_ID;
use crate::domain::{Collection, Credential, FieldKind, Principal, Record, RequestInfo, RuleKind, Value};
use crate::records::access::{self, Access};
use crate::records::{self, Cx, Plans};
use crate::store::ReadTx;

/// Auth collections whose accounts are looked at.
const ACCOUNTS_MAX: usize = 8;

/// The actions, in the order in which they are told.
const ACTIONS: [RuleKind; 5] = [RuleKind::List, RuleKind::View, RuleKind::Create, RuleKind::Update, RuleKind::Delete];

/// How far something stands open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Whatever the record and the request.
    Open,
    /// It depends on these.
    Conditional,
    /// Never.
    Closed,
    /// There is no such action.
    Absent,
}

impl Level {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Level::Open => "open",
            Level::Conditional => "conditional",
            Level::Closed => "closed",
            Level::Absent => "absent",
        }
    }
}

/// What somebody may do to the records of a collection.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The action.
    pub kind: RuleKind,
    /// How far it stands open.
    pub level: Level,
    /// For how many records a condition holds as things are, whatever it takes in the request; up to [`TOTAL_CAP`].
    pub reach: Option<i64>,
}

/// A collection, with what stands open of it.
pub struct Exposed {
    /// It.
    pub collection: Arc<Collection>,
    /// How many records it has, if they were counted.
    pub total: Option<i64>,
    /// What guests may do.
    pub guests: Vec<Opening>,
    /// What any account of an auth collection may do, by the collection's name; with managing, for auth collections.
    pub accounts: Vec<(String, Vec<Opening>)>,
    /// What others than superusers see of a record that they reach.
    pub fields: Vec<String>,
    /// Fields whose files everybody gets who knows their address, whatever the rules say.
    pub open_files: Vec<String>,
}

impl Exposed {
    /// How far an action stands open to guests.
    pub fn to_guests(&self, kind: RuleKind) -> Level {
        level_in(&self.guests, kind)
    }

    /// Whether everybody can make an account.
    pub fn has_open_sign_up(&self) -> bool {
        self.collection.is_auth() && self.to_guests(RuleKind::Create) == Level::Open
    }
}

/// How far an action stands open.
pub fn level_in(openings: &[Opening], kind: RuleKind) -> Level {
    openings.iter().find(|opening| opening.kind == kind).map_or(Level::Absent, |opening| opening.level)
}

/// Looks at all collections; `counts` says whether records are counted, which takes its time with large tables.
///
/// # Errors
/// Those of the store.
pub fn look(tx: &ReadTx<'_>, plans: &Plans, counts: bool) -> Result<Vec<Exposed>> {
    let schema = tx.schema().clone();
    let accounts = schema.collections().iter().filter(|found| found.is_auth() && found.id != SUPERUSERS_ID);
    let accounts: Vec<(String, Identity)> =
        accounts.take(ACCOUNTS_MAX).map(|found| (found.name.clone(), account_of(found))).collect();
    let request = RequestInfo::default();
    let guest = Identity::GUEST;
    let mut all = Vec::new();
    for collection in schema.collections() {
        let total = if counts { records::count(tx, &guest.cx(&request, plans), &collection.id).ok() } else { None };
        let mut openings = openings(tx, &guest, plans, collection)?;
        if counts {
            openings.iter_mut().for_each(|opening| opening.reach = reach(tx, &guest, plans, collection, opening));
        }
        let mut theirs = Vec::new();
        for (name, identity) in &accounts {
            theirs.push((name.clone(), openings_of_accounts(tx, identity, plans, collection)?));
        }
        let layout = plans.layout(&schema, collection, &guest.principal);
        let fields = layout.shown_fields().map(str::to_owned).collect();
        let open_files = collection.fields.iter().filter(|field| match &field.kind {
            FieldKind::File(options) => !options.protected,
            _ => false,
        });
        all.push(Exposed {
            total,
            guests: openings,
            accounts: theirs,
            fields,
            open_files: open_files.map(|field| field.name.clone()).collect(),
            collection: collection.clone(),
        });
    }
    Ok(all)
}

/// Any account of a collection: what is known of it is only that it is one.
fn account_of(collection: &Arc<Collection>) -> Identity {
    let mut record = Record::blank(collection.clone());
    record.set("id", Value::Text("anyaccount".to_owned()));
    Identity { principal: Principal::Record(Arc::new(record)), credential: Credential::Token }
}

/// A request for an action, with nothing in it.
fn asking(kind: RuleKind) -> RequestInfo {
    RequestInfo { method: method(kind).to_owned(), ..RequestInfo::default() }
}

fn openings(tx: &ReadTx<'_>, identity: &Identity, plans: &Plans, collection: &Arc<Collection>) -> Result<Vec<Opening>> {
    let opening = |kind| {
        let level = level(tx, &identity.cx(&asking(kind), plans), collection, kind)?;
        Ok(Opening { kind, level, reach: None })
    };
    ACTIONS.into_iter().map(opening).collect()
}

fn openings_of_accounts(
    tx: &ReadTx<'_>,
    identity: &Identity,
    plans: &Plans,
    collection: &Arc<Collection>,
) -> Result<Vec<Opening>> {
    let mut openings = openings(tx, identity, plans, collection)?;
    if collection.is_auth() {
        let level = match collection.rule(RuleKind::Manage) {
            None | Some("") => Level::Closed,
            Some(rule) => {
                let request = asking(RuleKind::Manage);
                by_rule(tx, &identity.cx(&request, plans), collection, (RuleKind::Manage, rule))?
            }
        };
        openings.push(Opening { kind: RuleKind::Manage, level, reach: None });
    }
    Ok(openings)
}

fn level(tx: &ReadTx<'_>, cx: &Cx<'_>, collection: &Arc<Collection>, kind: RuleKind) -> Result<Level> {
    if collection.is_view() && !matches!(kind, RuleKind::List | RuleKind::View) {
        return Ok(Level::Absent);
    }
    match access::decide(cx.principal, collection, kind) {
        Err(_) => Ok(Level::Closed),
        Ok(Access::All) => Ok(Level::Open),
        Ok(Access::Where(rule)) => by_rule(tx, cx, collection, (kind, rule)),
    }
}

fn by_rule(tx: &ReadTx<'_>, cx: &Cx<'_>, collection: &Arc<Collection>, rule: (RuleKind, &str)) -> Result<Level> {
    Ok(match records::foregone(tx, cx, collection, rule)? {
        Some(true) => Level::Open,
        Some(false) => Level::Closed,
        None => Level::Conditional,
    })
}

/// How many records a condition lets guests reach; `None` also where that takes too long to find out.
fn reach(
    tx: &ReadTx<'_>,
    guest: &Identity,
    plans: &Plans,
    collection: &Arc<Collection>,
    opening: &Opening,
) -> Option<i64> {
    let rule = collection.rule(opening.kind)?;
    if opening.level != Level::Conditional || opening.kind == RuleKind::Create {
        return None;
    }
    let request = asking(opening.kind);
    records::reach(tx, &guest.cx(&request, plans), collection, (opening.kind, rule), TOTAL_CAP).ok().flatten()
}
