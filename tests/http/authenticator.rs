//! A passkey in software: what a browser and an authenticator do together, with a key of ECDSA over P-256 and the
//! attestation format "none" (WebAuthn level 2, sections 6.1 and 8.7).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value as Json, json};

/// Flags of authenticator data: the user is there, has been verified, and there is a new key in it.
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const NEW_KEY: u8 = 0x40;

/// An authenticator that holds one passkey.
pub struct Passkey {
    key: EcdsaKeyPair,
    id: Vec<u8>,
    /// What it knows the account by, in Base64url; sent along when somebody signs in.
    pub user_handle: Option<String>,
    /// How often it has signed.
    pub counter: u32,
    /// Whether it verifies its user.
    pub verifies: bool,
    /// The page that the browser is on.
    pub origin: String,
    /// What the passkey is bound to.
    pub rp_id: String,
}

impl Passkey {
    /// Makes a passkey as `publicKey` of the options asks for it, and what the browser sends back.
    pub fn create(options: &Json, origin: &str) -> (Passkey, Json) {
        let random = SystemRandom::new();
        let secret = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).expect("a key");
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, secret.as_ref(), &random).expect("a key");
        let mut id = vec![0; 32];
        random.fill(&mut id).expect("random bytes");
        let passkey = Passkey {
            key,
            id,
            user_handle: options["user"]["id"].as_str().map(str::to_owned),
            counter: 0,
            verifies: true,
            origin: origin.to_owned(),
            rp_id: options["rp"]["id"].as_str().expect("a name").to_owned(),
        };
        let made = passkey.attestation(options);
        (passkey, made)
    }

    /// Its id, in Base64url.
    pub fn id(&self) -> String {
        BASE64.encode(&self.id)
    }

    /// What the browser sends back for options of a registration.
    pub fn attestation(&self, options: &Json) -> Json {
        let mut data = self.authenticator_data(NEW_KEY);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).expect("short").to_be_bytes());
        data.extend(&self.id);
        data.extend(self.public_key());
        let mut object = vec![0xa3];
        object.extend(cbor_text("fmt"));
        object.extend(cbor_text("none"));
        object.extend(cbor_text("attStmt"));
        object.push(0xa0);
        object.extend(cbor_text("authData"));
        object.extend(cbor_bytes(&data));
        let client_data = self.client_data("webauthn.create", options);
        self.sent(json!({
            "clientDataJSON": BASE64.encode(client_data), "attestationObject": BASE64.encode(object),
            "transports": ["internal", "hybrid"],
        }))
    }

    /// Signs in as `publicKey` of the options asks for it: what the browser sends back.
    pub fn assertion(&mut self, options: &Json) -> Json {
        self.counter += 1;
        let data = self.authenticator_data(0);
        let client_data = self.client_data("webauthn.get", options);
        let signed = [data.as_slice(), digest(&SHA256, &client_data).as_ref()].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).expect("it can sign");
        self.sent(json!({
            "clientDataJSON": BASE64.encode(client_data), "authenticatorData": BASE64.encode(data),
            "signature": BASE64.encode(signature), "userHandle": self.user_handle,
        }))
    }

    fn sent(&self, response: Json) -> Json {
        let id = self.id();
        json!({"id": id, "rawId": id, "type": "public-key", "response": response, "extensions": {}})
    }

    fn client_data(&self, kind: &str, options: &Json) -> Vec<u8> {
        let data =
            json!({"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": false});
        data.to_string().into_bytes()
    }

    fn authenticator_data(&self, more: u8) -> Vec<u8> {
        let mut data = digest(&SHA256, self.rp_id.as_bytes()).as_ref().to_vec();
        data.push(PRESENT | more | if self.verifies { VERIFIED } else { 0 });
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// The public key in COSE's form (RFC 9053, section 7.1.1): an EC2 key for ES256 on P-256.
    fn public_key(&self) -> Vec<u8> {
        let point = self.key.public_key().as_ref();
        let mut key = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21];
        key.extend(cbor_bytes(&point[1..33]));
        key.push(0x22);
        key.extend(cbor_bytes(&point[33..]));
        key
    }
}

fn cbor_text(text: &str) -> Vec<u8> {
    [&cbor_head(0x60, text.len()), text.as_bytes()].concat()
}

fn cbor_bytes(bytes: &[u8]) -> Vec<u8> {
    [&cbor_head(0x40, bytes.len()), bytes].concat()
}

/// Major type and length (RFC 8949, section 3).
fn cbor_head(kind: u8, length: usize) -> Vec<u8> {
    match u8::try_from(length) {
        Ok(short @ 0..24) => vec![kind | short],
        Ok(byte) => vec![kind | 24, byte],
        Err(_) => [&[kind | 25][..], &u16::try_from(length).expect("below 64 KiB").to_be_bytes()].concat(),
    }
}
