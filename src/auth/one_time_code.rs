//! One-time codes: digits that are sent by mail and work once, for a short time.
//!
//! Invariants: only a code's bcrypt hash is stored; a code is proof of an address only if the mail with it went there
//! (`sentTo`). Asking for a code and using one take as long for an unknown account as for a known one. Not here: how
//! many attempts there are (`app`), which knows the address of the client.

use super::forms::{Form, TEXT_MAX_CHARS};
use super::letters::{self, Addressee};
use super::password;
use super::sign_in::find_auth_collection;
use crate::base::{Error, Result, Secret, SqlValue, SqlValueRef, Timestamp, ids};
use crate::domain::collection::OtpOptions;
use crate::domain::{Collection, Record, Value};
use crate::mail::{self, Letterhead, Outgoing};
use crate::query::table::{Direction, Table, Where};
use crate::records::{self, Cx, Find};
use crate::store::{ReadTx, WriteTx};

const OTPS: &str = "_otps";
/// bcrypt's cost for codes, which live shorter than passwords.
pub const COST: u32 = 8;
/// bcrypt reads no further than this.
const CODE_MAX_CHARS: usize = 71;
/// An account has no more codes than this at a time; who asks for more gets the id of the last one again.
pub const LIVE_MAX: usize = 10;

/// A code that was asked for.
pub struct Request {
    /// The account, or a stand-in for it.
    pub addressee: Addressee,
    /// The address that was given.
    pub email: String,
    /// The code.
    pub code: Secret,
    /// How long it works, in seconds.
    pub duration_seconds: i64,
    /// How many codes the account has that work.
    pub live: usize,
    /// Its id.
    id: String,
    mail: Outgoing,
}

/// Makes a code for the account with the address of the body.
///
/// # Errors
/// 404; 403 if the collection has no one-time codes; 400 with the code of `email`.
pub fn request(tx: &ReadTx<'_>, cx: &Cx<'_>, letterhead: &Letterhead, collection: &str) -> Result<Request> {
    let collection = find_auth_collection(tx, collection)?.clone();
    let options = enabled(&collection)?;
    let mut form = Form::new(&cx.request.body);
    let email = form.email("email")?;
    form.finish()?;
    let length = usize::try_from(options.length).unwrap_or_default().min(CODE_MAX_CHARS);
    let (id, code) = (ids::record_id(), ids::random_text(b"0123456789", length));
    let addressee = letters::addressee(tx, cx, &collection, &email)?;
    let mail = letters::code(letterhead, &addressee.record, &id, &code)?;
    let duration_seconds = options.duration;
    let live = live_ids(tx, cx, &addressee.record, duration_seconds)?.len();
    Ok(Request { addressee, email, code: Secret::new(code), duration_seconds, live, id, mail })
}

/// Stores the code's hash and queues its mail; yields the id. For a stand-in nothing of that stays.
pub fn store(tx: &mut WriteTx<'_>, cx: &Cx<'_>, request: &Request, hash: &Secret) -> Result<String> {
    let record = &request.addressee.record;
    let live = live_ids(tx, cx, record, request.duration_seconds)?;
    let values = [
        ("id", Value::Text(request.id.clone())),
        ("collectionRef", Value::Text(record.collection().id.clone())),
        ("recordRef", Value::Text(record.id().to_owned())),
        ("password", Value::Text(hash.expose().to_owned())),
    ];
    let stored = records::insert(tx, cx, OTPS, &values)?;
    if request.addressee.is_stand_in || live.len() >= LIVE_MAX {
        records::remove(tx, cx, &stored)?;
        mail::pretend_to_queue(tx, cx.plans.dialect(), &request.mail)?;
        return Ok(live.into_iter().next().unwrap_or_else(|| request.id.clone()));
    }
    mail::queue(tx, cx.plans.dialect(), &request.mail)?;
    Ok(request.id.clone())
}

/// A code that was sent in, before it is checked.
pub struct Attempt {
    /// The stored code and its account, if there is one that still works.
    pub found: Option<(Record, Record)>,
    /// The id that was sent.
    pub id: String,
    /// The code that was sent.
    pub code: Secret,
    /// How long codes of the collection work, in seconds.
    pub duration_seconds: i64,
}

/// Finds the code that the body is about.
///
/// # Errors
/// 404; 403 if the collection has no one-time codes; 400 with the codes of `otpId` and `password`.
pub fn find(tx: &ReadTx<'_>, cx: &Cx<'_>, collection: &str) -> Result<Attempt> {
    let collection = find_auth_collection(tx, collection)?;
    let options = enabled(collection)?;
    let mut form = Form::new(&cx.request.body);
    let id = form.required("otpId", TEXT_MAX_CHARS)?;
    let code = Secret::new(form.required("password", CODE_MAX_CHARS)?);
    form.finish()?;
    let otp = find_otp(tx, cx, &id)?.filter(|otp| {
        otp.text("collectionRef") == collection.id && lives(otp.text("created"), options.duration, tx.now())
    });
    let found = match otp {
        None => None,
        Some(otp) => {
            let owner = SqlValue::from(otp.text("recordRef"));
            records::find(tx, cx, collection, Find::Id, owner)?.map(|owner| (otp, owner))
        }
    };
    Ok(Attempt { found, id, code, duration_seconds: options.duration })
}

/// The answer to whatever is wrong with a code.
pub fn refused() -> Error {
    Error::invalid("The code is wrong or doesn't work any more.")
}

/// Uses up a code that was checked and yields the account that it signs in to: verified, if the code was sent to its
/// address. Whoever set a password before that may not be whose address it is, so without second factors the password
/// goes as well.
///
/// # Errors
/// As [`refused`] if the code isn't there any more.
pub fn redeem(tx: &mut WriteTx<'_>, cx: &Cx<'_>, collection: &str, checked: &Record) -> Result<Record> {
    let attempt = find(tx, cx, collection)?;
    let same = |otp: &Record| otp.id() == checked.id() && otp.text("password") == checked.text("password");
    let Some((otp, record)) = attempt.found.filter(|(otp, _)| same(otp)) else { return Err(refused()) };
    records::remove(tx, cx, &otp)?;
    let sent_to = otp.text("sentTo");
    if record.truth("verified") || sent_to.is_empty() || sent_to != record.text("email") {
        return Ok(record);
    }
    let mut changes = vec![("verified", Value::Bool(true))];
    if record.collection().auth().is_some_and(|options| !options.mfa.enabled) {
        changes.push(("password", password::unusable_hash(record.collection())));
    }
    records::change(tx, cx, &record, &changes)
}

/// Whether there is a code with this id that still works.
pub fn is_live(tx: &ReadTx<'_>, cx: &Cx<'_>, id: &str) -> Result<bool> {
    let Some(otp) = find_otp(tx, cx, id)? else { return Ok(false) };
    let collection = tx.schema().by_id(otp.text("collectionRef"));
    let options = collection.and_then(|collection| collection.auth());
    Ok(options.is_some_and(|options| lives(otp.text("created"), options.otp.duration, tx.now())))
}

/// Notes where a code was sent to.
pub fn was_sent(tx: &mut WriteTx<'_>, cx: &Cx<'_>, id: &str, to: &str) -> Result<()> {
    match find_otp(tx, cx, id)?.filter(|otp| otp.text("sentTo").is_empty()) {
        Some(otp) => records::change(tx, cx, &otp, &[("sentTo", Value::Text(to.to_owned()))]).map(|_| ()),
        None => Ok(()),
    }
}

/// Deletes a code that couldn't be sent.
pub fn forget(tx: &mut WriteTx<'_>, cx: &Cx<'_>, id: &str) -> Result<()> {
    match find_otp(tx, cx, id)? {
        Some(otp) => records::remove(tx, cx, &otp),
        None => Ok(()),
    }
}

/// Deletes the codes that have had their time.
pub fn forget_expired(tx: &mut WriteTx<'_>, cx: &Cx<'_>) -> Result<()> {
    let collections = tx.schema().clone();
    for collection in collections.collections() {
        let Some(options) = collection.auth() else { continue };
        let bound = tx.now().plus_seconds(-options.otp.duration).to_string();
        let expired = [Where::Is("collectionRef", collection.id.as_str().into()), Where::UpTo("created", bound.into())];
        tx.execute(&Table::new(OTPS).delete(cx.plans.dialect(), &expired))?;
    }
    Ok(())
}

fn enabled(collection: &Collection) -> Result<&OtpOptions> {
    let options = collection.auth().map(|options| &options.otp).filter(|options| options.enabled);
    options.ok_or_else(|| Error::forbidden("This collection has no one-time codes."))
}

/// The ids of an account's codes that still work, the newest first.
fn live_ids(tx: &ReadTx<'_>, cx: &Cx<'_>, record: &Record, duration_seconds: i64) -> Result<Vec<String>> {
    let own = [
        Where::Is("collectionRef", record.collection().id.as_str().into()),
        Where::Is("recordRef", record.id().into()),
    ];
    let order = Some(("created", Direction::Descending));
    let mut live = Vec::new();
    tx.rows(&Table::new(OTPS).page(cx.plans.dialect(), &["id", "created"], &own, order, None), |row| {
        if let (SqlValueRef::Text(id), SqlValueRef::Text(created)) = (row.get(0)?, row.get(1)?)
            && lives(created, duration_seconds, tx.now())
        {
            live.push(id.to_owned());
        }
        Ok(())
    })?;
    Ok(live)
}

fn find_otp(tx: &ReadTx<'_>, cx: &Cx<'_>, id: &str) -> Result<Option<Record>> {
    let otps = records::find_collection(tx.schema(), OTPS)?.clone();
    records::find(tx, cx, &otps, Find::Id, SqlValue::from(id))
}

fn lives(created: &str, duration_seconds: i64, now: Timestamp) -> bool {
    created > now.plus_seconds(-duration_seconds).to_string().as_str()
}
