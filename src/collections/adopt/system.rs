//! The system collections of another program made ours.
//!
//! Their rules and the flags of their system fields decide who is a superuser and who may see what accounts are entered
//! with, so these are never taken over. Their ids, secrets, durations and additional fields are.

use super::Remarks;
use crate::collections::blank;
use crate::domain::principal::{SUPERUSERS, SUPERUSERS_ID};
use crate::domain::{Collection, CollectionKind, Field};

/// Links in mails that lead to pages of the other program's dashboard, with the pages that do the same here.
const LINKS: [(&str, &str); 3] = [
    ("{APP_URL}/_/#/auth/confirm-verification/{TOKEN}", "{APP_URL}/auth/{COLLECTION}/verify?token={TOKEN}"),
    ("{APP_URL}/_/#/auth/confirm-password-reset/{TOKEN}", "{APP_URL}/auth/{COLLECTION}/reset?token={TOKEN}"),
    ("{APP_URL}/_/#/auth/confirm-email-change/{TOKEN}", "{APP_URL}/auth/{COLLECTION}/change-email?token={TOKEN}"),
];

/// Puts a definition in order that has just been read.
pub(super) fn settle(made: &mut Collection, remarks: &mut Remarks) {
    mend_links(made, remarks);
    let Some(own) = blank::system_collections().into_iter().find(|own| own.name.eq_ignore_ascii_case(&made.name))
    else {
        return;
    };
    if own.kind.name() != made.kind.name() {
        remarks.changed(&own.name, "type", "A system collection has the type that the program needs.");
        made.kind = own.kind.clone();
        made.fields.clone_from(&own.fields);
    }
    (made.name, made.system) = (own.name.clone(), true);
    if made.rules != own.rules {
        remarks.changed(&own.name, "rules", "A system collection has the rules that the program needs.");
        made.rules = own.rules.clone();
    }
    if made.name == SUPERUSERS && made.id != SUPERUSERS_ID {
        remarks.changed(SUPERUSERS, "id", "Superusers have to sign in anew: their collection has another id here.");
        made.id = SUPERUSERS_ID.to_owned();
    }
    settle_fields(made, &own, remarks);
    if let (CollectionKind::Auth(options), CollectionKind::Auth(ours)) = (&mut made.kind, &own.kind) {
        options.auth_rule.clone_from(&ours.auth_rule);
        options.manage_rule.clone_from(&ours.manage_rule);
    }
    let has = |index: &String| made.indexes.contains(index);
    if !own.indexes.iter().all(has) && !covers(made, &own) {
        remarks.changed(&own.name, "indexes", "A system collection has the indexes that the program needs.");
        made.indexes.clone_from(&own.indexes);
    }
}

/// Our system fields are all there, with our flags; what else there is stays.
fn settle_fields(made: &mut Collection, own: &Collection, remarks: &mut Remarks) {
    let same = |fields: &[Field], wanted: &Field| {
        fields.iter().position(|field| field.name == wanted.name && field.kind.type_name() == wanted.kind.type_name())
    };
    for wanted in &own.fields {
        match same(&made.fields, wanted) {
            Some(at) => {
                let field = &mut made.fields[at];
                (field.system, field.hidden, field.required) = (true, wanted.hidden, wanted.required);
                (field.nullable, field.default) = (false, None);
            }
            None => {
                remarks.changed(&own.name, &wanted.name, "A system collection has the fields that the program needs.");
                made.fields.retain(|field| !field.name.eq_ignore_ascii_case(&wanted.name) && field.id != wanted.id);
                made.fields.push(wanted.clone());
            }
        }
    }
}

/// Whether every unique index of ours has one over the same columns.
fn covers(made: &Collection, own: &Collection) -> bool {
    let columns = |collection: &Collection| -> Vec<Vec<String>> {
        let parsed = collection.indexes.iter().filter_map(|statement| crate::domain::index::parse(statement));
        let unique = parsed.filter(|index| index.unique);
        unique.map(|index| index.columns.iter().map(|column| column.name.to_lowercase()).collect()).collect()
    };
    let theirs = columns(made);
    columns(own).iter().all(|wanted| theirs.contains(wanted))
}

/// Mails lead to pages that are there.
fn mend_links(made: &mut Collection, remarks: &mut Remarks) {
    let CollectionKind::Auth(options) = &mut made.kind else { return };
    let mut is_mended = false;
    for template in [
        &mut options.verification_template,
        &mut options.reset_password_template,
        &mut options.confirm_email_change_template,
    ] {
        for (theirs, ours) in LINKS {
            is_mended |= template.body.contains(theirs);
            template.body = template.body.replace(theirs, ours);
        }
    }
    if is_mended {
        let text =
            "The links in its mails led to pages of the other program's dashboard, and now to those of this one.";
        remarks.changed(&made.name, "templates", text);
    }
}
