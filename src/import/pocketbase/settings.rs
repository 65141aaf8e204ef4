//! The settings of the source: plain JSON, or that JSON encrypted with AES-256-GCM.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde_json::Value as Json;

use super::Source;
use crate::base::{Error, Result, Secret, SqlValueRef};
use crate::query::dialect::Dialect;
use crate::query::table::{Table, Where};

const PARAMS: Table = Table::new("_params");
/// Keys that are nobody's to see.
const SECRETS: [&str; 3] = ["password", "secret", "clientSecret"];

/// A bucket with what is needed to get there.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// Of the service.
    pub endpoint: String,
    /// Where it is.
    pub region: String,
    /// Who asks.
    pub access_key: String,
    /// By what that is known.
    pub secret: Secret,
    /// Whether the bucket's name is in the path of addresses, not in the host.
    pub path_style: bool,
}

/// The settings.
///
/// # Errors
/// 400 if they are encrypted and `key` isn't what opens them.
pub(super) fn read(source: &Source, key: Option<&Secret>) -> Result<Option<Json>> {
    if source.columns("_params").is_none_or(|columns| !columns.contains_key("value")) {
        return Ok(None);
    }
    let statement = PARAMS.select(Dialect::Sqlite, &["value"], &[Where::Is("id", "settings".into())]);
    let stored = source.read(|tx| {
        tx.first(&statement, |row| match row.get_foreign(0)? {
            SqlValueRef::Text(text) => Ok(Some(text.to_owned())),
            // Plain settings are stored as bytes.
            SqlValueRef::Blob(bytes) => Ok(std::str::from_utf8(bytes).ok().map(str::to_owned)),
            _ => Ok(None),
        })
    })?;
    stored.flatten().map(|text| open(&text, key)).transpose()
}

fn open(text: &str, key: Option<&Secret>) -> Result<Json> {
    if let Ok(settings @ Json::Object(_)) = serde_json::from_str(text) {
        return Ok(settings);
    }
    let Some(key) = key else {
        return Err(Error::invalid(
            "The settings are encrypted. Name the environment variable that holds their key, which is what PocketBase \
             was started with: --encryption-env NAME. Or leave the settings out: --without-settings.",
        ));
    };
    let wrong = || Error::invalid("The settings can't be decrypted with this key.");
    let plain = decrypt(text.trim().trim_matches('"'), key).ok_or_else(wrong)?;
    match serde_json::from_slice(&plain) {
        Ok(settings @ Json::Object(_)) => Ok(settings),
        _ => Err(wrong()),
    }
}

/// Opens base64 of nonce, ciphertext and tag.
fn decrypt(text: &str, key: &Secret) -> Option<Vec<u8>> {
    let mut sealed = STANDARD.decode(text).ok()?;
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key.expose().as_bytes()).ok()?);
    if sealed.len() < NONCE_LEN {
        return None;
    }
    let mut content = sealed.split_off(NONCE_LEN);
    let nonce = Nonce::try_assume_unique_for_key(&sealed).ok()?;
    key.open_in_place(nonce, Aad::empty(), &mut content).ok().map(|plain| plain.to_vec())
}

/// Where files are, if that is a bucket.
pub(super) fn bucket(settings: &Json) -> Option<Bucket> {
    let s3 = &settings["s3"];
    let text = |key: &str| s3[key].as_str().unwrap_or_default().to_owned();
    (s3["enabled"] == true).then(|| Bucket {
        name: text("bucket"),
        endpoint: text("endpoint"),
        region: text("region"),
        access_key: text("accessKey"),
        secret: Secret::new(text("secret")),
        path_style: s3["forcePathStyle"] == true,
    })
}

/// All values with their paths, secrets masked: for the report.
pub fn listed(settings: &Json) -> Vec<(String, String)> {
    let mut out = Vec::new();
    list(settings, String::new(), &mut out);
    out
}

fn list(node: &Json, path: String, out: &mut Vec<(String, String)>) {
    match node {
        Json::Object(map) => {
            for (key, value) in map {
                let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let is_set = value.as_str().is_some_and(|text| !text.is_empty());
                match SECRETS.contains(&key.as_str()) && is_set {
                    true => out.push((inner, "(a secret)".to_owned())),
                    false => list(value, inner, out),
                }
            }
        }
        other => out.push((path, other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const KEY: &str = "0123456789abcdefghijklmnopqrstuv";

    fn sealed(plain: &str) -> String {
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, KEY.as_bytes()).expect("32 bytes"));
        let nonce = [7; NONCE_LEN];
        let mut content = plain.as_bytes().to_vec();
        let unique = Nonce::assume_unique_for_key(nonce);
        key.seal_in_place_append_tag(unique, Aad::empty(), &mut content).expect("it can be sealed");
        STANDARD.encode([&nonce[..], &content].concat())
    }

    #[test]
    fn settings_are_read_plain_or_with_their_key_only() {
        let settings = json!({"meta": {"appName": "Acme"}});
        let text = settings.to_string();
        assert_eq!(open(&text, None).expect("plain"), settings);
        let (right, wrong) = (Secret::new(KEY), Secret::new(KEY.replace('0', "x")));
        assert_eq!(open(&sealed(&text), Some(&right)).expect("the right key"), settings);
        for (text, key) in [
            (sealed(&text), Some(&wrong)),
            (sealed(&text), None),
            (sealed(&text), Some(&Secret::new("short"))),
            (sealed("no JSON"), Some(&right)),
            ("AAAA".to_owned(), Some(&right)),
            ("not base64!".to_owned(), Some(&right)),
            (String::new(), Some(&right)),
        ] {
            assert!(open(&text, key).is_err(), "{text}");
        }
    }

    #[test]
    fn lists_show_no_secrets() {
        let settings = json!({"smtp": {"password": "hush", "port": 587}, "s3": {"secret": ""}, "superuserIPs": []});
        let expect =
            [("s3.secret", "\"\""), ("smtp.password", "(a secret)"), ("smtp.port", "587"), ("superuserIPs", "[]")];
        assert_eq!(listed(&settings), expect.map(|(path, value)| (path.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_bucket_counts_only_where_it_is_in_use() {
        let s3 = |enabled: bool| json!({"s3": {"enabled": enabled, "bucket": "b", "forcePathStyle": true}});
        assert!(bucket(&s3(false)).is_none() && bucket(&json!({})).is_none());
        let found = bucket(&s3(true)).expect("in use");
        assert!(found.name == "b" && found.path_style && found.endpoint.is_empty());
    }
}
