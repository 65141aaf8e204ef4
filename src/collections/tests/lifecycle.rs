//! Create, update, delete, and what is refused.

use super::*;

#[test]
fn a_fresh_install_has_its_collections_and_starting_again_changes_nothing() {
    let install = install();
    let ids: Vec<_> = install.store.schema().collections().iter().map(|c| format!("{} {}", c.name, c.id)).collect();
    assert_eq!(
        ids,
        [
            "_mfas pbc_2279338944",
            "_otps pbc_1638494021",
            "_externalAuths pbc_2281828961",
            "_authOrigins pbc_4275539003",
            "_superusers pbc_3142635823",
            "users _pb_users_auth_"
        ]
    );
    let before = sorted(&install.store.schema());
    install.write(bootstrap).expect("idempotent");
    assert_eq!(sorted(&install.store.schema()), before);
    install.delete("users").expect("users is not a system collection");
    install.write(bootstrap).expect("idempotent");
    assert!(install.store.schema().find("users").is_none(), "a deleted collection stays deleted");
    assert_eq!(install.get("_superusers").auth().expect("auth").auth_token.duration, 86_400);
}

#[test]
fn names_and_ids_are_checked_before_they_reach_sql() {
    let install = install();
    let long = "a".repeat(256);
    for (body, expect) in [
        (json!({}), "name validation_required"),
        (json!({"name": "a b"}), "name validation_match_invalid"),
        (json!({"name": "a\"; drop table users; --"}), "name validation_match_invalid"),
        (json!({"name": "a'b"}), "name validation_match_invalid"),
        (json!({"name": "a`b"}), "name validation_match_invalid"),
        (json!({"name": "a\u{0}b"}), "name validation_match_invalid"),
        (json!({"name": "é"}), "name validation_match_invalid"),
        (json!({ "name": long }), "name validation_length_out_of_range"),
        (json!({"name": "x_VIA_y"}), "name validation_found_via"),
        (json!({"name": "_params"}), "name validation_collection_name_invalid"),
        (json!({"name": "SQLITE_master"}), "name validation_collection_name_invalid"),
        (json!({"name": "idx_email__pb_users_auth_"}), "name validation_collection_name_invalid"),
        (json!({"name": "Users"}), "name validation_collection_name_exists"),
        (json!({"name": "_pb_users_auth_"}), "name validation_collection_name_id_duplicate"),
        (json!({"name": "c", "id": "a-b"}), "id validation_match_invalid"),
        (json!({"name": "c", "id": "a\"b"}), "id validation_match_invalid"),
        (json!({"name": "c", "id": "a".repeat(101)}), "id validation_length_out_of_range"),
        (json!({"name": "c", "id": "_pb_users_auth_"}), "id validation_invalid_or_existing_id"),
        (json!({"name": "c", "id": "users"}), "id validation_invalid_or_existing_id"),
        (json!({"name": "c", "type": "foo"}), "type validation_in_invalid"),
    ] {
        expect_errors(install.try_create(body), &[expect]);
    }
}

#[test]
fn errors_of_both_levels_come_together() {
    let install = install();
    expect_errors(
        install.try_create(
            json!({"name": "users", "listRule": "zz = 1", "viewRule": "((", "fields": [{"name": "", "type": "text"}]}),
        ),
        &[
            "name validation_collection_name_exists",
            "fields.1.name validation_required",
            "listRule validation_invalid_rule",
            "viewRule validation_invalid_rule",
        ],
    );
    expect_errors(
        install.try_update(
            "users",
            json!({"name": "_otps", "passwordAuth": {"identityFields": ["foo"]}, "authToken": {"duration": 1, "secret": "a"},
                "mfa": {"enabled": true, "duration": 3}, "otp": {"enabled": true, "duration": 1, "length": 1, "emailTemplate": {"subject": ""}},
                "authAlert": {"emailTemplate": {"body": ""}}, "manageRule": "", "authRule": "zz=2", "fileToken": null,
                "oauth2": {"enabled": true, "providers": [{"name": "foo"}, {"name": "google", "clientId": "a", "clientSecret": "b", "authURL": "a b"}]}}),
        ),
        &[
            "authAlert.emailTemplate.body validation_required",
            "authRule validation_invalid_rule",
            "authToken.duration validation_min_greater_equal_than_required",
            "authToken.secret validation_length_out_of_range",
            "fileToken.duration validation_required",
            "fileToken.secret validation_required",
            "manageRule validation_nil_or_not_empty_required",
            "mfa.duration validation_min_greater_equal_than_required",
            "name validation_collection_name_exists",
            "oauth2.providers.0.name validation_missing_provider",
            "oauth2.providers.0.clientId validation_required",
            "oauth2.providers.0.clientSecret validation_required",
            "oauth2.providers.1.authURL validation_is_url",
            "otp.duration validation_min_greater_equal_than_required",
            "otp.emailTemplate.subject validation_required",
            "otp.length validation_min_greater_equal_than_required",
            "passwordAuth.identityFields validation_missing_field",
        ],
    );
    expect_errors(
        install.try_update("users", json!({"mfa": {"enabled": true}})),
        &["mfa.enabled validation_mfa_not_enough_auths"],
    );
    expect_errors(
        install.try_update("users", json!({"passwordAuth": {"identityFields": ["name"]}})),
        &["passwordAuth.identityFields validation_missing_unique_constraint"],
    );
}

#[test]
fn what_can_not_change() {
    let install = install();
    install.create(json!({"name": "a"}));
    expect_errors(install.try_update("a", json!({"id": "other"})), &[]);
    expect_errors(
        install.try_update("a", json!({"name": "users", "type": "auth"})),
        &["name validation_collection_name_exists", "type validation_collection_type_change"],
    );
    expect_errors(
        install.try_update("a", json!({"system": true})),
        &["system validation_collection_system_flag_change"],
    );
    expect_errors(
        install.try_update("_mfas", json!({"name": "m", "listRule": ""})),
        &["name validation_collection_system_name_change", "listRule validation_collection_system_rule_change"],
    );
    expect_errors(
        install.try_update("_superusers", json!({"authRule": "id != ''"})),
        &["authRule validation_collection_system_rule_change"],
    );
    expect_errors(
        install.try_update("_externalAuths", json!({"indexes": []})),
        &["indexes validation_invalid_unique_system_field_index"],
    );
    assert_eq!(install.try_update("nope", json!({})).expect_err("unknown").kind().status(), 404);
}

#[test]
fn indexes_are_made_by_the_database_and_their_faults_reported_by_position() {
    let install = install();
    install.create(
        json!({"name": "a", "fields": [{"name": "t", "type": "text"}], "indexes": ["create index ia on other (t)"]}),
    );
    assert_eq!(install.get("a").indexes, ["CREATE INDEX `ia` ON `a` (`t`)"]);
    assert_eq!(install.column("select sql from sqlite_master where name = 'ia'"), ["CREATE INDEX `ia` ON `a` (`t`)"]);
    expect_errors(
        install.try_update("a", json!({"indexes": ["create index ia on a (t)", "create index ib on a (nope)"]})),
        &["indexes.1 validation_invalid_index_expression"],
    );
    install.run("insert into a (id, t) values ('1', 'x'), ('2', 'x')");
    expect_errors(
        install.try_update("a", json!({"indexes": ["create unique index ia on a (t)"]})),
        &["indexes.0 validation_invalid_index_expression"],
    );
    assert_eq!(install.column("select name from sqlite_master where name = 'ia'"), ["ia"], "nothing is half done");
    expect_errors(
        install.try_update("a", json!({"indexes": ["create index idx_tokenKey__pb_users_auth_ on a (t)"]})),
        &["indexes.0 validation_existing_index_name"],
    );
    expect_errors(
        install.try_update("a", json!({"indexes": ["create index i on a (t); drop table a"]})),
        &["indexes.0 validation_invalid_index_expression"],
    );
    install.update("a", json!({"indexes": []}));
    assert!(install.column("select name from sqlite_master where name = 'ia'").is_empty());
}

#[test]
fn deleting_is_refused_while_needed_and_takes_references_along() {
    let install = install();
    let target = install.create(json!({"name": "target"}));
    install.create(
        json!({"name": "source", "fields": [{"name": "r", "type": "relation", "collectionId": target.id.clone()}]}),
    );
    expect_errors(install.delete("target"), &[]);
    expect_errors(install.delete("_mfas"), &[]);
    install.create(json!({"name": "v", "type": "view", "viewQuery": "select id, r from source"}));
    expect_errors(install.delete("source"), &[]);
    install.delete("v").expect("a view");
    install.delete("source").expect("nothing needs it");
    install.delete("target").expect("nothing needs it");
    install.run("insert into _mfas (id, collectionRef) values ('1', '_pb_users_auth_'), ('2', 'pbc_3142635823')");
    install.delete("users").expect("nothing needs it");
    assert_eq!(install.column("select id from _mfas"), ["2"]);
    assert!(
        install.column("select name from sqlite_master where name in ('users', 'v', 'source', 'target')").is_empty()
    );
}

#[test]
fn a_failed_change_leaves_nothing() {
    let install = install();
    install.create(json!({"name": "a", "fields": [{"name": "t", "type": "text", "id": "ft"}]}));
    let before = sorted(&install.store.schema());
    let columns = install.column("select sql from sqlite_master order by name");
    expect_errors(
        install.try_update("a", json!({"name": "b", "fields": [{"name": "u", "type": "text", "id": "ft", }, {"name": "v", "type": "number"}], "indexes": ["create index i on b (zz)"]})),
        &["indexes.0 validation_invalid_index_expression"],
    );
    assert_eq!(sorted(&install.store.schema()), before);
    assert_eq!(install.column("select sql from sqlite_master order by name"), columns);
}
