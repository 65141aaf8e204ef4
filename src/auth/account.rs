//! Which account a request about sessions or API keys is about, and what all of those have in common.
//!
//! Called by the services behind `/api/session`, `/api/sessions` and `/api/keys`. Invariant: nobody but superusers
//! reaches another one's account, and nobody with an API key reaches any.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::base::{Error, FieldError, FieldErrors, Result, SqlValue, ids};
use crate::domain::{Record, RequestInfo, Value};
use crate::records::{self, Cx, Find, access};
use crate::store::{ReadTx, WriteTx};

/// Names an account by its collection's id or name and its own id.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Named {
    pub collection: String,
    pub record: String,
}

impl Named {
    /// The account that `collection` and `record` of the query, or else of the body, name; `None` if neither is there.
    ///
    /// # Errors
    /// 400 if only one of them is there, or one isn't a text.
    pub fn of(request: &RequestInfo) -> Result<Option<Named>> {
        let text = |name: &str| match (request.query(name), request.body.get(name)) {
            (Some(text), _) => Ok(text.to_owned()),
            (None, None | Some(Json::Null)) => Ok(String::new()),
            (None, Some(Json::String(text))) => Ok(text.clone()),
            (None, Some(_)) => Err(Error::field(name, FieldError::invalid("This must be a text."))),
        };
        let (collection, record) = (text("collection")?, text("record")?);
        let mut errors = FieldErrors::new();
        match (collection.is_empty(), record.is_empty()) {
            (true, true) => return Ok(None),
            (false, false) => return Ok(Some(Named { collection, record })),
            (true, false) => errors.add("collection", FieldError::required()),
            (false, true) => errors.add("record", FieldError::required()),
        }
        Err(Error::invalid("An account is named by collection and record.").with_fields(errors))
    }
}

/// The account that a caller's request is about: the one that is named, or else their own.
///
/// # Errors
/// 401 for guests; 403 with an API key, and for another one's account unless the caller is a superuser; 404 if there is
/// no such account.
pub fn find(tx: &ReadTx<'_>, cx: &Cx<'_>, named: Option<&Named>) -> Result<Arc<Record>> {
    let own = cx.principal.record().ok_or_else(Error::unauthenticated)?;
    access::refuse_key(cx)?;
    let Some(named) = named else { return Ok(own.clone()) };
    let collection = tx.schema().find(&named.collection);
    if collection.is_some_and(|collection| cx.principal.is(&collection.id, &named.record)) {
        return Ok(own.clone());
    }
    access::require_superuser(cx.principal)?;
    let collection = collection.filter(|collection| collection.is_auth()).ok_or_else(Error::not_found)?;
    let record = records::find(tx, cx, collection, Find::Id, SqlValue::from(named.record.as_str()))?;
    record.map(Arc::new).ok_or_else(Error::not_found)
}

/// Gives an account a new token key, which ends all of its sessions, tokens and API keys.
pub fn end_everything(tx: &mut WriteTx<'_>, cx: &Cx<'_>, record: &Record) -> Result<Record> {
    records::change(tx, cx, record, &[("tokenKey", Value::Text(ids::secret()))])
}
