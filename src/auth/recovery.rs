//! Recovery codes: what lets people in who have lost their second factor. Shown once, stored as hashes, each good for
//! one use.

use super::digest;
use super::sessions::owned_by;
use crate::base::limits::RECOVERY_CODES;
use crate::base::{Result, ids};
use crate::domain::Record;
use crate::query::table::{Table, Where};
use crate::records::Cx;
use crate::store::{ReadTx, WriteTx};

const CODES: Table = Table::new("_recoveryCodes");

/// Without what looks alike on paper: 0 and o, 1, i and l.
const ALPHABET: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
/// Enough (79 bits) that a fast hash keeps the codes secret even from somebody who has read the database.
const CODE_CHARS: usize = 16;
/// Codes are shown in groups of this many characters.
const GROUP_CHARS: usize = 4;

/// Gives an account new codes; all earlier ones end.
pub fn renew(tx: &mut WriteTx<'_>, cx: &Cx<'_>, record: &Record) -> Result<Vec<String>> {
    remove(tx, cx, record)?;
    let mut shown = Vec::with_capacity(RECOVERY_CODES);
    for _ in 0..RECOVERY_CODES {
        let code = ids::random_text(ALPHABET, CODE_CHARS);
        let row = vec![
            ("collectionRef", record.collection().id.as_str().into()),
            ("recordRef", record.id().into()),
            ("codeHash", digest::sha256(&code).into()),
        ];
        tx.execute(&CODES.insert(cx.plans.dialect(), row))?;
        shown.push(in_groups(&code));
    }
    Ok(shown)
}

/// How many codes the account has left.
pub fn count(tx: &ReadTx<'_>, cx: &Cx<'_>, record: &Record) -> Result<usize> {
    let mut count = 0;
    tx.rows(&CODES.select(cx.plans.dialect(), &["codeHash"], &owned_by(record)), |_| {
        count += 1;
        Ok(())
    })?;
    Ok(count)
}

/// Whether this is one of the account's codes; from now on it isn't.
pub fn take(tx: &mut WriteTx<'_>, cx: &Cx<'_>, record: &Record, code: &str) -> Result<bool> {
    let [collection, owner] = owned_by(record);
    let hash = Where::Is("codeHash", digest::sha256(&plain(code)).into());
    Ok(tx.execute(&CODES.delete(cx.plans.dialect(), &[collection, owner, hash]))? > 0)
}

/// Ends all codes of the account.
pub fn remove(tx: &mut WriteTx<'_>, cx: &Cx<'_>, record: &Record) -> Result<()> {
    tx.execute(&CODES.delete(cx.plans.dialect(), &owned_by(record))).map(|_| ())
}

fn in_groups(code: &str) -> String {
    let groups: Vec<String> =
        code.as_bytes().chunks(GROUP_CHARS).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
    groups.join("-")
}

/// A code as people type it, without hyphens and spaces and in any letter case.
fn plain(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_people_type_them() {
        let code = "abcdefghjkmn2345";
        assert_eq!(in_groups(code), "abcd-efgh-jkmn-2345");
        for typed in ["abcd-efgh-jkmn-2345", "ABCD EFGH JKMN 2345", " abcdefghjkmn2345 "] {
            assert_eq!(plain(typed), code, "{typed:?}");
        }
    }
}
