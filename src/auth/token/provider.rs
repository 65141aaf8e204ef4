//! Signatures by ring for jsonwebtoken, which brings no cryptography of its own. ring is the one provider of the
//! program: HMAC-SHA256 for our own tokens, and the checks of public-key signatures for those of other services.
//!
//! Invariant: a key works for the algorithms of its own family only. So a public key never serves as the secret of an
//! HMAC, whatever algorithm a token names. Which algorithms a token may name at all is decided where it is read.

use std::sync::Once;

use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind, Result};
use jsonwebtoken::signature::{self, Signer, Verifier};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind, EncodingKey};
use ring::hmac::{self, HMAC_SHA256};
use ring::signature as public;

static PROVIDER: CryptoProvider =
    CryptoProvider { signer_factory: signer, verifier_factory: verifier, key_utils: KeyUtils::new_unimplemented() };

/// Makes this the process's provider; every call after the first does nothing.
pub fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = PROVIDER.install_default();
    });
}

struct Hs256(hmac::Key);

fn signer(algorithm: &Algorithm, key: &EncodingKey) -> Result<Box<dyn JwtSigner>> {
    match algorithm {
        Algorithm::HS256 => Ok(Box::new(Hs256(hmac::Key::new(HMAC_SHA256, key.as_bytes())))),
        _ => Err(Error::from(ErrorKind::InvalidAlgorithm)),
    }
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>> {
    let family = match algorithm {
        Algorithm::HS256 => AlgorithmFamily::Hmac,
        Algorithm::RS256 | Algorithm::RS384 | Algorithm::RS512 => AlgorithmFamily::Rsa,
        Algorithm::PS256 | Algorithm::PS384 | Algorithm::PS512 => AlgorithmFamily::Rsa,
        Algorithm::ES256 | Algorithm::ES384 => AlgorithmFamily::Ec,
        Algorithm::EdDSA => AlgorithmFamily::Ed,
        _ => return Err(Error::from(ErrorKind::InvalidAlgorithm)),
    };
    if key.family() != family {
        return Err(Error::from(ErrorKind::InvalidKeyFormat));
    }
    Ok(match family {
        AlgorithmFamily::Hmac => Box::new(Hs256(hmac::Key::new(HMAC_SHA256, key.try_get_as_bytes()?))),
        _ => Box::new(PublicKey { algorithm: *algorithm, key: key.clone() }),
    })
}

/// A public key together with the algorithm that it is used for.
struct PublicKey {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl PublicKey {
    fn holds(&self, message: &[u8], signature: &[u8]) -> std::result::Result<(), ring::error::Unspecified> {
        let rsa = |parameters: &public::RsaParameters| match self.key.kind() {
            DecodingKeyKind::RsaModulusExponent { n, e } => {
                public::RsaPublicKeyComponents { n, e }.verify(parameters, message, signature)
            }
            DecodingKeyKind::SecretOrDer(_) => Err(ring::error::Unspecified),
        };
        let plain = |algorithm: &'static dyn public::VerificationAlgorithm| {
            let key = self.key.try_get_as_bytes().map_err(|_| ring::error::Unspecified)?;
            public::UnparsedPublicKey::new(algorithm, key).verify(message, signature)
        };
        match self.algorithm {
            Algorithm::RS256 => rsa(&public::RSA_PKCS1_2048_8192_SHA256),
            Algorithm::RS384 => rsa(&public::RSA_PKCS1_2048_8192_SHA384),
            Algorithm::RS512 => rsa(&public::RSA_PKCS1_2048_8192_SHA512),
            Algorithm::PS256 => rsa(&public::RSA_PSS_2048_8192_SHA256),
            Algorithm::PS384 => rsa(&public::RSA_PSS_2048_8192_SHA384),
            Algorithm::PS512 => rsa(&public::RSA_PSS_2048_8192_SHA512),
            Algorithm::ES256 => plain(&public::ECDSA_P256_SHA256_FIXED),
            Algorithm::ES384 => plain(&public::ECDSA_P384_SHA384_FIXED),
            Algorithm::EdDSA => plain(&public::ED25519),
            _ => Err(ring::error::Unspecified),
        }
    }
}

impl Verifier<Vec<u8>> for PublicKey {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> std::result::Result<(), signature::Error> {
        self.holds(message, signature).map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for PublicKey {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> std::result::Result<Vec<u8>, signature::Error> {
        Ok(hmac::sign(&self.0, message).as_ref().to_vec())
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], tag: &Vec<u8>) -> std::result::Result<(), signature::Error> {
        hmac::verify(&self.0, message, tag).map_err(|_| signature::Error::new())
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}
