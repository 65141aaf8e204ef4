//! The signed statement of a provider about who somebody is (OpenID Connect Core 1.0, section 3.1.3.7).
//!
//! Invariant: its claims are believed only if it was made for this client, by the right issuer, not long ago, and,
//! where the provider's keys are known, if one of them signed it. Where they aren't, it must have come over TLS
//! straight from the provider's token address, which is what the standard allows then.

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value as Json};

use super::{Client, Endpoints, Failure, Return, offer};
use crate::auth::token::provider;
use crate::base::Timestamp;

/// How far the provider's clock may be from ours.
const LEEWAY_SECONDS: i64 = 5 * 60;

/// Signatures by public keys. A token that names another algorithm, such as an HMAC with the public key as its secret,
/// or none, isn't looked at any further.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// What claims have to say.
struct Wanted<'a> {
    client_id: &'a str,
    issuers: &'a [String],
    nonce: Option<String>,
    nonce_required: bool,
    now_unix_seconds: i64,
}

impl Client {
    /// The claims of an id_token that came with the access token.
    ///
    /// # Errors
    /// Whatever is wrong with it.
    pub(super) async fn id_token(&self, endpoints: &Endpoints, token: &str, back: &Return) -> Result<Json, Failure> {
        let claims = match &endpoints.jwks_url {
            Some(url) => self.verified(token, url).await?,
            None => jsonwebtoken::dangerous::insecure_decode_claims::<Map<String, Json>>(token).map_err(unreadable)?,
        };
        let verifier = back.code_verifier.expose();
        let wanted = Wanted {
            client_id: &endpoints.client_id,
            issuers: &endpoints.issuers,
            nonce: (!verifier.is_empty()).then(|| offer::nonce(verifier)),
            nonce_required: back.nonce_required && endpoints.is_open_id() && !verifier.is_empty(),
            now_unix_seconds: Timestamp::now().unix_seconds(),
        };
        check(&claims, &wanted).map_err(Failure::new)?;
        Ok(Json::Object(claims))
    }

    /// The claims of a token that one of the keys at `url` signed. Keys change, so if none fits they are fetched anew.
    async fn verified(&self, token: &str, url: &str) -> Result<Map<String, Json>, Failure> {
        let known = self.document(url, false).await?;
        match verify(token, &known) {
            Err(Unverified::NoKey) => verify(token, &*self.document(url, true).await?).map_err(Failure::from),
            other => other.map_err(Failure::from),
        }
    }
}

fn unreadable(_: jsonwebtoken::errors::Error) -> Failure {
    Failure::new("the id_token can't be read")
}

/// Why a token isn't verified.
#[derive(Debug, PartialEq)]
enum Unverified {
    /// None of the keys fits what the token says about its key.
    NoKey,
    Unreadable,
    Algorithm,
    Signature,
}

impl From<Unverified> for Failure {
    fn from(why: Unverified) -> Failure {
        Failure::new(match why {
            Unverified::NoKey => "none of the provider's keys is the one that signed the id_token",
            Unverified::Unreadable => "the id_token can't be read",
            Unverified::Algorithm => "the id_token is signed in a way that isn't accepted",
            Unverified::Signature => "the id_token's signature is wrong",
        })
    }
}

fn verify(token: &str, keys: &Json) -> Result<Map<String, Json>, Unverified> {
    provider::install();
    let header = jsonwebtoken::decode_header(token).map_err(|_| Unverified::Unreadable)?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(Unverified::Algorithm);
    }
    // Keys of kinds that we don't know are no reason to refuse the others.
    let keys = keys["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
    let keys = keys.iter().filter_map(|key| serde_json::from_value::<Jwk>(key.clone()).ok());
    let mut fits = keys.filter(|key| key_fits(key, header.kid.as_deref(), header.alg)).peekable();
    if fits.peek().is_none() {
        return Err(Unverified::NoKey);
    }
    let mut validation = Validation::new(header.alg);
    // What the claims have to say is checked in one place, whether or not there are keys.
    validation.required_spec_claims.clear();
    (validation.validate_exp, validation.validate_aud) = (false, false);
    fits.filter_map(|key| DecodingKey::from_jwk(&key).ok())
        .find_map(|key| jsonwebtoken::decode::<Map<String, Json>>(token, &key, &validation).ok())
        .map(|decoded| decoded.claims)
        .ok_or(Unverified::Signature)
}

fn key_fits(key: &Jwk, id: Option<&str>, algorithm: Algorithm) -> bool {
    let kind = match &key.algorithm {
        AlgorithmParameters::RSA(_) => format!("{algorithm:?}").starts_with(['R', 'P']),
        AlgorithmParameters::EllipticCurve(_) => matches!(algorithm, Algorithm::ES256 | Algorithm::ES384),
        AlgorithmParameters::OctetKeyPair(_) => algorithm == Algorithm::EdDSA,
        _ => false,
    };
    let common = &key.common;
    let same_algorithm = common.key_algorithm.as_ref().is_none_or(|own| own.to_string() == format!("{algorithm:?}"));
    let for_signatures = !matches!(common.public_key_use, Some(PublicKeyUse::Encryption));
    let named = id.is_none() || common.key_id.is_none() || common.key_id.as_deref() == id;
    kind && same_algorithm && for_signatures && named
}

/// Whether claims are about a sign-in with us, now.
fn check(claims: &Map<String, Json>, wanted: &Wanted<'_>) -> Result<(), &'static str> {
    let text = |name: &str| claims.get(name).and_then(Json::as_str);
    let seconds = |name: &str| claims.get(name).and_then(Json::as_f64).map(|seconds| seconds as i64);
    let audience: Vec<&str> = match claims.get("aud") {
        Some(Json::String(one)) => vec![one],
        Some(Json::Array(several)) => several.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    };
    if !audience.contains(&wanted.client_id) || text("azp").is_some_and(|party| party != wanted.client_id) {
        return Err("the id_token was made for another client");
    }
    if !wanted.issuers.is_empty() && !text("iss").is_some_and(|issuer| wanted.issuers.iter().any(|w| w == issuer)) {
        return Err("the id_token was made by another issuer");
    }
    if seconds("exp").is_none_or(|end| end.saturating_add(LEEWAY_SECONDS) <= wanted.now_unix_seconds) {
        return Err("the id_token has expired");
    }
    if seconds("nbf").is_some_and(|start| start.saturating_sub(LEEWAY_SECONDS) > wanted.now_unix_seconds) {
        return Err("the id_token isn't valid yet");
    }
    match text("nonce").filter(|nonce| !nonce.is_empty()) {
        None if wanted.nonce_required => Err("the id_token has no nonce"),
        None => Ok(()),
        Some(nonce) if wanted.nonce.as_deref() == Some(nonce) => Ok(()),
        Some(_) => Err("the id_token belongs to another sign-in"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonwebtoken::EncodingKey;
    use ring::signature::{Ed25519KeyPair, KeyPair};
    use serde_json::json;

    fn base64url(bytes: &[u8]) -> String {
        const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut text = String::new();
        for chunk in bytes.chunks(3) {
            let word = chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
            for at in 0..=chunk.len() {
                text.push(char::from(ALPHABET[(word >> (18 - 6 * at) & 63) as usize]));
            }
        }
        text
    }

    fn unsigned(algorithm: &str) -> String {
        let header = json!({"alg": algorithm, "typ": "JWT", "kid": "one"}).to_string();
        format!("{}.{}", base64url(header.as_bytes()), base64url(br#"{"sub":"1"}"#))
    }

    #[test]
    fn only_public_key_signatures_of_known_keys_count() {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("32 bytes are a seed");
        let public = pair.public_key().as_ref();
        let x = base64url(public);
        let key = json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": "one", "alg": "EdDSA", "use": "sig"});
        let keys = json!({"keys": [{"kty": "new", "kid": "one"}, key]});
        let signed = |algorithm: &str| {
            let message = unsigned(algorithm);
            format!("{message}.{}", base64url(pair.sign(message.as_bytes()).as_ref()))
        };
        assert_eq!(verify(&signed("EdDSA"), &keys).expect("it is signed by the key")["sub"], "1");
        // The public key as the secret of an HMAC, and no signature at all.
        provider::install();
        let hmac = jsonwebtoken::encode(
            &jsonwebtoken::Header::new(Algorithm::HS256),
            &json!({"sub": "1"}),
            &EncodingKey::from_secret(public),
        )
        .expect("any secret will do");
        let secret = json!({"keys": [{"kty": "oct", "k": x, "kid": "one"}]});
        for (token, keys, expect) in [
            (hmac.clone(), &keys, Unverified::Algorithm),
            (hmac, &secret, Unverified::Algorithm),
            (format!("{}.", unsigned("none")), &keys, Unverified::Unreadable),
            (format!("{}.", unsigned("EdDSA")), &keys, Unverified::Signature),
            (format!("{}x", signed("EdDSA")), &keys, Unverified::Signature),
            // An algorithm that the key isn't for, and keys that are for something else.
            (signed("RS256"), &keys, Unverified::NoKey),
            (signed("EdDSA"), &secret, Unverified::NoKey),
            (signed("EdDSA"), &json!({"keys": []}), Unverified::NoKey),
            (signed("EdDSA"), &json!([]), Unverified::NoKey),
            (
                signed("EdDSA"),
                &json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": x, "kid": "two"}]}),
                Unverified::NoKey,
            ),
            (
                signed("EdDSA"),
                &json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": x, "kid": "one", "use": "enc"}]}),
                Unverified::NoKey,
            ),
            ("a.b".to_owned(), &keys, Unverified::Unreadable),
            (String::new(), &keys, Unverified::Unreadable),
        ] {
            assert_eq!(verify(&token, keys), Err(expect), "{token} {keys}");
        }
    }

    #[test]
    fn claims_must_be_about_us_and_now() {
        let issuers = ["https://id.example".to_owned()];
        let wanted = Wanted {
            client_id: "me",
            issuers: &issuers,
            nonce: Some("n".to_owned()),
            nonce_required: false,
            now_unix_seconds: 1000,
        };
        let good = json!({"aud": "me", "iss": "https://id.example", "exp": 1000, "nonce": "n"});
        let with = |change: Json| {
            let mut claims = good.as_object().cloned().expect("an object");
            for (name, value) in change.as_object().cloned().expect("an object") {
                match value {
                    Json::Null => drop(claims.remove(&name)),
                    value => drop(claims.insert(name, value)),
                }
            }
            claims
        };
        for (change, fine) in [
            (json!({}), true),
            (json!({"aud": ["you", "me"], "azp": "me"}), true),
            (json!({"exp": 701}), true),
            (json!({"nbf": 1300}), true),
            (json!({"nonce": null}), true),
            // Times that no number of seconds holds.
            (json!({"exp": 1e300}), true),
            (json!({"nbf": -1e300}), true),
            (json!({"aud": "you"}), false),
            (json!({"aud": ["you"]}), false),
            (json!({"aud": ["you", "me"], "azp": "you"}), false),
            (json!({"aud": null}), false),
            (json!({"iss": "https://id.example/"}), false),
            (json!({"iss": null}), false),
            (json!({"exp": 700}), false),
            (json!({"exp": "2000"}), false),
            (json!({"exp": null}), false),
            (json!({"nbf": 1301}), false),
            (json!({"exp": -1e300}), false),
            (json!({"nbf": 1e300}), false),
            (json!({"nonce": "m"}), false),
        ] {
            assert_eq!(check(&with(change.clone()), &wanted).is_ok(), fine, "{change}");
        }
        let strict = Wanted { nonce_required: true, ..wanted };
        assert!(check(&with(json!({})), &strict).is_ok());
        assert!(check(&with(json!({"nonce": null})), &strict).is_err());
        // Whoever has no verifier can't have made a nonce.
        let without = Wanted { nonce: None, nonce_required: false, ..strict };
        assert!(check(&with(json!({})), &without).is_err());
    }
}
