//! Models to start from: blank collections of each type, the fields that every collection or every auth collection
//! has, and the system collections of a fresh install.

use serde_json::{Map, Value as Json, json};

use super::wire::to_json;
use crate::base::ids::{ID_ALPHABET, random_text};
use crate::domain::principal::SUPERUSERS;
use crate::domain::{AuthOptions, Collection, CollectionKind, Field, Rules};

/// The id of the collection `users` of a fresh install.
pub const USERS_ID: &str = "_pb_users_auth_";

/// Only the person whom a row belongs to.
const OWNER: &str =
    "@request.auth.id != '' && recordRef = @request.auth.id && collectionRef = @request.auth.collectionId";

/// An empty collection of the given type with its system fields; anything but `auth` and `view` gives a base
/// collection.
pub fn collection(type_name: &str) -> Collection {
    let (kind, fields) = match type_name {
        "auth" => (CollectionKind::Auth(Box::default()), [vec![id_field()], auth_fields()].concat()),
        "view" => (CollectionKind::View(String::new()), Vec::new()),
        _ => (CollectionKind::Base, vec![id_field()]),
    };
    Collection {
        id: String::new(),
        name: String::new(),
        kind,
        system: false,
        rules: Rules::default(),
        fields,
        indexes: Vec::new(),
        created: String::new(),
        updated: String::new(),
    }
}

/// Blank models of all types as JSON, for dashboards.
pub fn scaffolds() -> String {
    let mut auth = collection("auth");
    let suffix = random_text(ID_ALPHABET, 10);
    auth.indexes = vec![
        format!("CREATE UNIQUE INDEX `idx_tokenKey_{suffix}` ON `` (`tokenKey`)"),
        format!("CREATE UNIQUE INDEX `idx_email_{suffix}` ON `` (`email`) WHERE `email` != ''"),
    ];
    format!(
        "{{\"base\":{},\"auth\":{},\"view\":{}}}",
        to_json(&collection("base")),
        to_json(&auth),
        to_json(&collection("view"))
    )
}

/// The field `id` with its default options.
pub fn id_field() -> Field {
    field(json!({
        "type": "text", "name": "id", "system": true, "required": true, "primaryKey": true,
        "min": 15, "max": 15, "pattern": "^[a-z0-9]+$", "autogeneratePattern": "[a-z0-9]{15}",
    }))
}

/// The system fields of auth collections besides `id`, with their default options.
pub fn auth_fields() -> Vec<Field> {
    [
        json!({"type": "password", "name": "password", "system": true, "hidden": true, "required": true, "min": 8}),
        json!({"type": "text", "name": "tokenKey", "system": true, "hidden": true, "required": true,
               "min": 30, "max": 60, "autogeneratePattern": "[a-zA-Z0-9]{50}"}),
        json!({"type": "email", "name": "email", "system": true, "required": true}),
        json!({"type": "bool", "name": "emailVisibility", "system": true}),
        json!({"type": "bool", "name": "verified", "system": true}),
    ]
    .into_iter()
    .map(field)
    .collect()
}

/// The system collections, which are always there.
pub fn system_collections() -> Vec<Collection> {
    let text = |name: &str| json!({"type": "text", "name": name, "system": true, "required": true});
    let reference = |name: &str, own: Vec<Json>, delete: Option<&str>, indexes: &[&str]| {
        let mut made = collection("base");
        made.system = true;
        made.name = name.to_owned();
        made.rules.list = Some(OWNER.to_owned());
        made.rules.view = Some(OWNER.to_owned());
        made.rules.delete = delete.map(str::to_owned);
        let fields = [text("collectionRef"), text("recordRef")].into_iter().chain(own).map(field);
        made.fields.extend(fields.chain(dates(true)));
        made.indexes = indexes.iter().map(|index| (*index).to_owned()).collect();
        made
    };
    let mut superusers = collection("auth");
    superusers.system = true;
    superusers.name = SUPERUSERS.to_owned();
    superusers.fields.extend(dates(true));
    if let CollectionKind::Auth(options) = &mut superusers.kind {
        options.auth_token.duration = 86_400;
    }
    let code =
        json!({"type": "password", "name": "password", "system": true, "hidden": true, "required": true, "cost": 8});
    let sent_to = json!({"type": "text", "name": "sentTo", "system": true, "hidden": true});
    vec![
        reference(
            "_mfas",
            vec![text("method")],
            None,
            &["CREATE INDEX `idx_mfas_collectionRef_recordRef` ON `_mfas` (collectionRef,recordRef)"],
        ),
        reference(
            "_otps",
            vec![code, sent_to],
            None,
            &["CREATE INDEX `idx_otps_collectionRef_recordRef` ON `_otps` (collectionRef, recordRef)"],
        ),
        reference(
            "_externalAuths",
            vec![text("provider"), text("providerId")],
            Some(OWNER),
            &[
                "CREATE UNIQUE INDEX `idx_externalAuths_record_provider` \
                 ON `_externalAuths` (collectionRef, recordRef, provider)",
                "CREATE UNIQUE INDEX `idx_externalAuths_collection_provider` \
                 ON `_externalAuths` (collectionRef, provider, providerId)",
            ],
        ),
        reference(
            "_authOrigins",
            vec![text("fingerprint")],
            Some(OWNER),
            &["CREATE UNIQUE INDEX `idx_authOrigins_unique_pairs` \
                 ON `_authOrigins` (collectionRef, recordRef, fingerprint)"],
        ),
        superusers,
    ]
}

/// The collection `users`, which a fresh install has and which may be deleted.
pub fn users() -> Collection {
    let own = Some("id = @request.auth.id".to_owned());
    let mut users = collection("auth");
    users.id = USERS_ID.to_owned();
    users.name = "users".to_owned();
    users.rules =
        Rules { list: own.clone(), view: own.clone(), create: Some(String::new()), update: own.clone(), delete: own };
    users.fields.push(field(json!({"type": "text", "name": "name", "max": 255})));
    users.fields.push(field(json!({
        "type": "file", "name": "avatar", "maxSelect": 1,
        "mimeTypes": ["image/jpeg", "image/png", "image/svg+xml", "image/gif", "image/webp"],
    })));
    users.fields.extend(dates(false));
    if let CollectionKind::Auth(options) = &mut users.kind {
        options.oauth2.mapped_fields.name = "name".to_owned();
        options.oauth2.mapped_fields.avatar_url = "avatar".to_owned();
    }
    users
}

/// The fields `created` and `updated`.
fn dates(system: bool) -> Vec<Field> {
    [("created", false), ("updated", true)]
        .into_iter()
        .map(|(name, on_update)| {
            field(json!({"type": "autodate", "name": name, "system": system, "onCreate": true, "onUpdate": on_update}))
        })
        .collect()
}

/// A field from a definition that is written in the program.
pub(super) fn field(definition: Json) -> Field {
    let map = match definition {
        Json::Object(map) => map,
        _ => Map::new(),
    };
    let mut field = Field::from_json(&map).expect("the program's own field definitions are well-formed");
    if field.id.is_empty() {
        field.id = Field::generated_id(field.kind.type_name(), &field.name);
    }
    field
}

/// The options of a blank auth collection as JSON, secrets included: the base for what a client sends.
pub fn auth_options_json(options: &AuthOptions) -> Json {
    serde_json::to_value(options).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_ids_are_the_well_known_ones() {
        for (type_name, name, expect) in [
            ("text", "id", "text3208210256"),
            ("password", "password", "password901924565"),
            ("text", "tokenKey", "text2504183744"),
            ("email", "email", "email3885137012"),
            ("bool", "emailVisibility", "bool1547992806"),
            ("bool", "verified", "bool256245529"),
            ("autodate", "created", "autodate2990389176"),
        ] {
            assert_eq!(Field::generated_id(type_name, name), expect);
        }
    }

    #[test]
    fn scaffolds_have_no_identity() {
        let all: Json = serde_json::from_str(&scaffolds()).expect("JSON");
        for kind in ["base", "auth", "view"] {
            for key in ["id", "name", "created", "updated"] {
                assert_eq!(all[kind][key], "", "{kind}.{key}");
            }
            assert_eq!(all[kind]["type"], kind);
        }
        assert_eq!(all["view"]["viewQuery"], "");
        assert_eq!(all["auth"]["fields"].as_array().map(Vec::len), Some(6));
    }
}
