//! Whether signing in takes a second step, and whether it was made.

use super::sign_in::Method;
use crate::base::{Error, Result};
use crate::domain::{Record, RuleKind};
use crate::records::{self, Cx};
use crate::store::WriteTx;

/// The body of the 401 that asks for a second factor; `None` if there is nothing more to ask for.
///
/// # Errors
/// 403 for an account that needs a second factor.
pub fn demand(
    tx: &mut WriteTx<'_>,
    cx: &Cx<'_>,
    record: &Record,
    _method: Method,
    _mfa_id: Option<&str>,
) -> Result<Option<String>> {
    let Some(options) = record.collection().auth().filter(|options| options.mfa.enabled) else { return Ok(None) };
    if records::matches_rule(tx, cx, record, RuleKind::Mfa, &options.mfa.rule)? {
        return Err(Error::forbidden("This account needs a second factor, which this version doesn't offer yet."));
    }
    Ok(None)
}
