//! The client secret that Apple wants: a token signed with the developer's own key.
//!
//! Source: Apple's documentation of "Creating a client secret": a JWT (RFC 7519) signed with ES256, with the key's id
//! in the header. Nothing is stored. Pure.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Map, Value as Json, json};

use crate::base::{Error, FieldError, FieldErrors, Result, Timestamp, tls};

/// Who reads the token.
const AUDIENCE: &str = "https://appleid.apple.com";
/// How long the ids are that Apple gives to teams and keys, in characters.
const ID_CHARS: usize = 10;
/// The longest life that Apple takes, in seconds: half a year.
const DURATION_MAX_SECONDS: i64 = 15_777_000;
const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";

/// The keys of the body that [`client_secret`] reads.
pub const KEYS: [&str; 5] = ["clientId", "teamId", "keyId", "privateKey", "duration"];

/// Makes the secret of what `body` says.
///
/// # Errors
/// 400 with the problems of each key; 400 with an empty `data` for a private key that can't be used.
pub fn client_secret(body: &Map<String, Json>, now: Timestamp) -> Result<String> {
    let text = |name: &str| body.get(name).and_then(Json::as_str).unwrap_or_default().trim();
    let duration = body.get("duration").and_then(Json::as_i64).unwrap_or_default();
    let mut errors = FieldErrors::new();
    errors.check("clientId", required(text("clientId")));
    errors.check("teamId", required(text("teamId")).and_then(|()| id(text("teamId"))));
    errors.check("keyId", required(text("keyId")).and_then(|()| id(text("keyId"))));
    errors.check("privateKey", required(text("privateKey")).and_then(|()| pem(text("privateKey"))));
    errors.check("duration", lifetime(duration));
    errors.into_result("The client secret can't be made of this.")?;
    let issued = now.unix_seconds();
    let header = json!({ "alg": "ES256", "kid": text("keyId"), "typ": "JWT" });
    let claims = json!({
        "iss": text("teamId"),
        "sub": text("clientId"),
        "aud": AUDIENCE,
        "iat": issued,
        "exp": issued + duration,
    });
    sign(&header, &claims, text("privateKey"))
}

fn sign(header: &Json, claims: &Json, private_key: &str) -> Result<String> {
    let unusable =
        || Error::invalid("The private key can't be used: it must be an EC key on P-256, as PKCS #8 in PEM.");
    let der = tls::pkcs8_of_pem(private_key).ok_or_else(unusable)?;
    let random = SystemRandom::new();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &random).map_err(|_| unusable())?;
    let encode = |value: &Json| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = pair.sign(&random, message.as_bytes()).map_err(|_| Error::internal("the token can't be signed"))?;
    Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn required(text: &str) -> Result<(), FieldError> {
    if text.is_empty() { Err(FieldError::required()) } else { Ok(()) }
}

fn id(text: &str) -> Result<(), FieldError> {
    if text.chars().count() == ID_CHARS {
        return Ok(());
    }
    let error = FieldError::new("validation_length_invalid", "This must have 10 characters.");
    Err(error.with("min", ID_CHARS).with("max", ID_CHARS))
}

fn pem(text: &str) -> Result<(), FieldError> {
    if text.starts_with(PEM_BEGIN) && text.ends_with(PEM_END) {
        return Ok(());
    }
    Err(FieldError::new("validation_match_invalid", "This must be a private key in PEM form."))
}

fn lifetime(seconds: i64) -> Result<(), FieldError> {
    let bound =
        |code, message: String, threshold: i64| Err(FieldError::new(code, message).with("threshold", threshold));
    match seconds {
        0 => Err(FieldError::required()),
        ..0 => bound("validation_min_greater_equal_than_required", "This must be 1 or more.".to_owned(), 1),
        1..=DURATION_MAX_SECONDS => Ok(()),
        _ => bound(
            "validation_max_less_equal_than_required",
            format!("This must be {DURATION_MAX_SECONDS} or less."),
            DURATION_MAX_SECONDS,
        ),
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use ring::signature::{ECDSA_P256_SHA256_FIXED, KeyPair, UnparsedPublicKey};

    use super::*;

    fn key() -> (String, Vec<u8>) {
        let random = SystemRandom::new();
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.as_ref(), &random).expect("a pair");
        (format!("{PEM_BEGIN}\n{}\n{PEM_END}", STANDARD.encode(der.as_ref())), pair.public_key().as_ref().to_vec())
    }

    fn body(private_key: &str) -> Map<String, Json> {
        let body = json!({
            "clientId": "app", "teamId": "TEAM567890", "keyId": "KEY4567890", "privateKey": private_key, "duration": 60,
        });
        body.as_object().expect("an object").clone()
    }

    #[test]
    fn the_secret_is_a_token_that_the_key_has_signed() {
        let (pem, public) = key();
        let now = Timestamp::now();
        let secret = client_secret(&body(&pem), now).expect("a secret");
        let (message, signature) = secret.rsplit_once('.').expect("three parts");
        let bytes = URL_SAFE_NO_PAD.decode(signature).expect("base64");
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public)
            .verify(message.as_bytes(), &bytes)
            .expect("signed by it");
        let part = |text: &str| -> Json {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).expect("base64")).expect("JSON")
        };
        let (header, claims) = message.split_once('.').expect("two parts");
        assert_eq!(part(header), json!({ "alg": "ES256", "kid": "KEY4567890", "typ": "JWT" }));
        let (iat, exp) = (now.unix_seconds(), now.unix_seconds() + 60);
        let expect = json!({ "iss": "TEAM567890", "sub": "app", "aud": AUDIENCE, "iat": iat, "exp": exp });
        assert_eq!(part(claims), expect);
    }

    #[test]
    fn a_key_that_is_none_is_refused() {
        let broken = format!("{PEM_BEGIN}\nAAAA\n{PEM_END}");
        for pem in [broken.as_str(), &format!("{PEM_BEGIN}{PEM_END}")] {
            let error = client_secret(&body(pem), Timestamp::now()).expect_err("isn't a key");
            assert!(error.fields().is_empty() && error.message().contains("P-256"), "{error}");
        }
        let error = client_secret(&body("AAAA"), Timestamp::now()).expect_err("isn't PEM");
        assert_eq!(error.fields().code("privateKey"), Some("validation_match_invalid"));
    }
}
