//! The body of auth-with-oauth2.

use serde_json::{Map, Value as Json};

use super::Return;
use crate::base::{Error, FieldError, FieldErrors, Result, Secret};
use crate::domain::collection::{OAuth2Options, OAuth2Provider};

/// Longest name of a provider, in characters.
const PROVIDER_MAX_CHARS: usize = 100;

/// What a client sends when somebody comes back from a provider.
pub struct Form {
    /// The provider as the collection has it.
    pub provider: OAuth2Provider,
    /// What it gave.
    pub back: Return,
    /// What a new account is to have.
    pub create_data: Map<String, Json>,
}

impl Form {
    /// Reads the body.
    ///
    /// # Errors
    /// 400 with the codes of `provider` and `code`; with empty `data` for values of the wrong type.
    pub fn read(body: &Map<String, Json>, options: &OAuth2Options) -> Result<Form> {
        let text = |name: &str| match body.get(name) {
            None | Some(Json::Null) => Ok(""),
            Some(Json::String(text)) => Ok(text.as_str()),
            Some(_) => Err(malformed()),
        };
        let create_data = match body.get("createData") {
            None | Some(Json::Null) => Map::new(),
            Some(Json::Object(map)) => map.clone(),
            Some(_) => return Err(malformed()),
        };
        let (name, code) = (text("provider")?, text("code")?);
        let redirect_url = [text("redirectURL")?, text("redirectUrl")?].into_iter().find(|url| !url.is_empty());
        let back = Return {
            code: code.to_owned(),
            code_verifier: Secret::new(text("codeVerifier")?),
            redirect_url: redirect_url.unwrap_or_default().to_owned(),
            name: String::new(),
            nonce_required: false,
        };
        let mut errors = FieldErrors::new();
        let provider = options.providers.iter().find(|provider| provider.name == name);
        match provider {
            _ if name.is_empty() => errors.add("provider", FieldError::required()),
            _ if name.chars().count() > PROVIDER_MAX_CHARS => {
                errors.add("provider", FieldError::too_long("This is too long.", PROVIDER_MAX_CHARS))
            }
            None => {
                let error = FieldError::new("validation_invalid_provider", "Nobody can sign in with this provider.");
                errors.add("provider", error.with("name", name));
            }
            Some(_) => {}
        }
        if code.is_empty() {
            errors.add("code", FieldError::required());
        }
        errors.into_result("The sign-in form isn't valid.")?;
        let provider = provider.cloned().ok_or_else(malformed)?;
        Ok(Form { provider, back, create_data })
    }
}

fn malformed() -> Error {
    Error::invalid("The sign-in form isn't valid.")
}
