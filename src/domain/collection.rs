//! Collections: what base, auth and view collections have in common, and the options of each.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::base::Secret;
use crate::domain::{Field, index};

/// The five rules of a collection. `None` lets only superusers in, `""` everyone.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Rules {
    pub list: Option<String>,
    pub view: Option<String>,
    pub create: Option<String>,
    pub update: Option<String>,
    pub delete: Option<String>,
}

/// Names one of a collection's rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum RuleKind {
    List,
    View,
    Create,
    Update,
    Delete,
    Auth,
    Manage,
    Mfa,
}

/// What distinguishes the types of collections.
#[derive(Clone, Debug, PartialEq)]
pub enum CollectionKind {
    /// Plain records.
    Base,
    /// Records that can sign in.
    Auth(Box<AuthOptions>),
    /// A stored SELECT; its fields follow from the query.
    View(String),
}

impl CollectionKind {
    /// `base`, `auth` or `view`.
    pub fn name(&self) -> &'static str {
        match self {
            CollectionKind::Base => "base",
            CollectionKind::Auth(_) => "auth",
            CollectionKind::View(_) => "view",
        }
    }
}

/// A collection of records. Invariant: once stored, it has a field `id` and its field names are unique in any case.
#[derive(Clone, Debug, PartialEq)]
pub struct Collection {
    /// Stable identity.
    pub id: String,
    /// Name, also of the table.
    pub name: String,
    /// Type with its options.
    pub kind: CollectionKind,
    /// Can't be renamed or deleted, and its rules can't change.
    pub system: bool,
    /// Who may do what.
    pub rules: Rules,
    /// The fields in display order.
    pub fields: Vec<Field>,
    /// `CREATE INDEX` statements.
    pub indexes: Vec<String>,
    /// When it was made, in the interface's date form.
    pub created: String,
    /// When it was last saved.
    pub updated: String,
}

impl Collection {
    /// The position of a field by its exact name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// A field by its exact name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The unique index over nothing but this column, if there is one. Conditions of partial indexes don't count.
    pub fn unique_index_on(&self, column: &str) -> Option<UniqueIndex> {
        self.indexes.iter().filter_map(|statement| index::parse(statement)).find_map(|index| {
            let only = index.single_column().filter(|only| index.unique && only.name.eq_ignore_ascii_case(column))?;
            let collation = only.collate.trim_matches(['`', '"', '[', ']']);
            Some(UniqueIndex { nocase: collation.eq_ignore_ascii_case("nocase") })
        })
    }

    /// Whether no two records can have the same value in this column.
    pub fn has_unique_index_on(&self, column: &str) -> bool {
        self.unique_index_on(column).is_some()
    }

    /// The options of an auth collection.
    pub fn auth(&self) -> Option<&AuthOptions> {
        match &self.kind {
            CollectionKind::Auth(options) => Some(options),
            _ => None,
        }
    }

    /// Whether records of this collection can sign in.
    pub fn is_auth(&self) -> bool {
        matches!(self.kind, CollectionKind::Auth(_))
    }

    /// Whether this is a stored SELECT.
    pub fn is_view(&self) -> bool {
        matches!(self.kind, CollectionKind::View(_))
    }

    /// One of its rules; `None` also where the type has no such rule.
    pub fn rule(&self, kind: RuleKind) -> Option<&str> {
        match kind {
            RuleKind::List => self.rules.list.as_deref(),
            RuleKind::View => self.rules.view.as_deref(),
            RuleKind::Create => self.rules.create.as_deref(),
            RuleKind::Update => self.rules.update.as_deref(),
            RuleKind::Delete => self.rules.delete.as_deref(),
            RuleKind::Auth => self.auth().and_then(|auth| auth.auth_rule.as_deref()),
            RuleKind::Manage => self.auth().and_then(|auth| auth.manage_rule.as_deref()),
            RuleKind::Mfa => self.auth().map(|auth| auth.mfa.rule.as_str()),
        }
    }
}

/// What is known of a unique index over one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UniqueIndex {
    /// Whether it compares without regard to letter case (`COLLATE NOCASE`).
    pub nocase: bool,
}

/// The kinds of signed tokens, each with a secret and a duration per collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum TokenKind {
    Auth,
    File,
    Verification,
    PasswordReset,
    EmailChange,
}

impl TokenKind {
    /// The value of the `type` claim.
    pub fn claim(self) -> &'static str {
        match self {
            TokenKind::Auth => "auth",
            TokenKind::File => "file",
            TokenKind::Verification => "verification",
            TokenKind::PasswordReset => "passwordReset",
            TokenKind::EmailChange => "emailChange",
        }
    }
}

/// Options of an auth collection. Serialised **with secrets** (that is the stored form); [`AuthOptions::public_json`]
/// is what clients get.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct AuthOptions {
    pub auth_rule: Option<String>,
    pub manage_rule: Option<String>,
    pub auth_alert: AuthAlert,
    pub oauth2: OAuth2Options,
    pub password_auth: PasswordAuth,
    pub mfa: MfaOptions,
    pub otp: OtpOptions,
    pub auth_token: TokenOptions,
    pub password_reset_token: TokenOptions,
    pub email_change_token: TokenOptions,
    pub verification_token: TokenOptions,
    pub file_token: TokenOptions,
    pub verification_template: EmailTemplate,
    pub reset_password_template: EmailTemplate,
    pub confirm_email_change_template: EmailTemplate,
    pub sessions: SessionOptions,
}

/// Sessions of browsers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SessionOptions {
    /// How long a session may rest, in seconds; 0 takes the configuration's.
    pub idle_duration: i64,
    /// How long it lasts at most, in seconds; 0 takes the configuration's.
    pub max_duration: i64,
    /// Fields, such as a role, that a session must not outlive: a new value ends all sessions, tokens and API keys of
    /// the record, as a new password does.
    pub end_on_change: Vec<String>,
}

/// A mail about a sign-in from a new place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct AuthAlert {
    pub enabled: bool,
    pub email_template: EmailTemplate,
}

/// Sign-in by other services.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct OAuth2Options {
    pub providers: Vec<OAuth2Provider>,
    pub mapped_fields: OAuth2MappedFields,
    pub enabled: bool,
}

/// One configured OAuth2 provider.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct OAuth2Provider {
    pub pkce: Option<bool>,
    pub name: String,
    pub client_id: String,
    #[serde(with = "secret_text")]
    pub client_secret: Secret,
    #[serde(rename = "authURL")]
    pub auth_url: String,
    #[serde(rename = "tokenURL")]
    pub token_url: String,
    #[serde(rename = "userInfoURL")]
    pub user_info_url: String,
    pub display_name: String,
    pub extra: Option<Map<String, Json>>,
}

/// Which fields take what a provider tells about a person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct OAuth2MappedFields {
    pub id: String,
    pub name: String,
    pub username: String,
    #[serde(rename = "avatarURL")]
    pub avatar_url: String,
}

/// Sign-in by password.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct PasswordAuth {
    pub enabled: bool,
    pub identity_fields: Vec<String>,
}

/// Second factors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct MfaOptions {
    pub enabled: bool,
    /// Seconds.
    pub duration: i64,
    pub rule: String,
}

/// One-time codes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct OtpOptions {
    pub enabled: bool,
    /// Seconds.
    pub duration: i64,
    /// Digits.
    pub length: i64,
    pub email_template: EmailTemplate,
}

/// Secret and life of one kind of token.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct TokenOptions {
    #[serde(with = "secret_text")]
    pub secret: Secret,
    /// Seconds.
    pub duration: i64,
}

/// Subject and body of a mail, with placeholders in braces.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
#[allow(missing_docs)]
pub struct EmailTemplate {
    pub subject: String,
    pub body: String,
}

impl AuthOptions {
    /// Secret and life of one kind of token.
    pub fn token(&self, kind: TokenKind) -> &TokenOptions {
        match kind {
            TokenKind::Auth => &self.auth_token,
            TokenKind::File => &self.file_token,
            TokenKind::Verification => &self.verification_token,
            TokenKind::PasswordReset => &self.password_reset_token,
            TokenKind::EmailChange => &self.email_change_token,
        }
    }

    /// All token options, for generating and replacing secrets.
    pub fn tokens_mut(&mut self) -> [&mut TokenOptions; 5] {
        [
            &mut self.auth_token,
            &mut self.password_reset_token,
            &mut self.email_change_token,
            &mut self.verification_token,
            &mut self.file_token,
        ]
    }

    /// The options as clients see them: no token secrets, no provider secrets; `sessions` only if it says something,
    /// because clients of the reference don't know it.
    pub fn public_json(&self) -> Map<String, Json> {
        let mut map = match serde_json::to_value(self) {
            Ok(Json::Object(map)) => map,
            _ => Map::new(),
        };
        for key in ["authToken", "passwordResetToken", "emailChangeToken", "verificationToken", "fileToken"] {
            if let Some(Json::Object(token)) = map.get_mut(key) {
                token.remove("secret");
            }
        }
        if let Some(Json::Array(providers)) = map.get_mut("oauth2").and_then(|oauth2| oauth2.get_mut("providers")) {
            for provider in providers.iter_mut().filter_map(Json::as_object_mut) {
                provider.remove("clientSecret");
            }
        }
        if self.sessions == SessionOptions::default() {
            map.remove("sessions");
        }
        map
    }
}

/// Secrets are plain text in the database, and nowhere else.
mod secret_text {
    use super::Secret;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(secret.expose())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        String::deserialize(deserializer).map(Secret::new)
    }
}
