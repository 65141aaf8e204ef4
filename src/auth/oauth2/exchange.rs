//! A code made tokens (RFC 6749, section 4.1.3).

use std::fmt;
use std::pin::Pin;

use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AsyncHttpClient, AuthType, AuthorizationCode, ClientId, ClientSecret, ExtraTokenFields, HttpRequest, HttpResponse,
    PkceCodeVerifier, RequestTokenError, StandardRevocableToken, StandardTokenResponse, TokenResponse, TokenUrl, http,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::{Client, Endpoints, Failure, Return};
use crate::base::http::{Call, Http};
use crate::base::{Secret, Timestamp};

/// What a provider gives for a code.
pub struct Tokens {
    /// For calls in the person's name.
    pub access_token: Secret,
    /// For a new access token.
    pub refresh_token: Secret,
    /// When the access token ends, in the interface's date form, or empty.
    pub expiry: String,
    /// Whatever else came along, such as an id_token.
    pub rest: Json,
}

/// What an answer has besides the standard's keys. It may hold an id_token, so it isn't shown.
#[derive(Clone, Serialize, Deserialize)]
struct Rest(Map<String, Json>);

impl fmt::Debug for Rest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rest(…)")
    }
}

impl ExtraTokenFields for Rest {}

type Exchange = oauth2::Client<
    BasicErrorResponse,
    StandardTokenResponse<Rest, BasicTokenType>,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
>;

impl Client {
    /// Turns a code into tokens. Our credentials go into the header first, as the standard wants it, and for providers
    /// that don't like that into the body.
    pub(super) async fn exchange(&self, endpoints: &Endpoints, back: &Return) -> Result<Tokens, Failure> {
        let url = &endpoints.token_url;
        if self.credentials_in_body.contains_key(url) {
            return self.try_exchange(endpoints, back, AuthType::RequestBody).await.map_err(|(failure, _)| failure);
        }
        let first = match self.try_exchange(endpoints, back, AuthType::BasicAuth).await {
            // Without an answer there is no reason to believe that it would be another one.
            Err((failure, true)) => failure,
            Err((failure, false)) => return Err(failure),
            Ok(tokens) => return Ok(tokens),
        };
        let tokens = self.try_exchange(endpoints, back, AuthType::RequestBody).await.map_err(|_| first)?;
        self.credentials_in_body.insert(url.clone(), ());
        Ok(tokens)
    }

    /// One attempt; whether an answer came says the second half of the error.
    async fn try_exchange(
        &self,
        endpoints: &Endpoints,
        back: &Return,
        credentials: AuthType,
    ) -> Result<Tokens, (Failure, bool)> {
        let token_url = TokenUrl::new(endpoints.token_url.clone())
            .map_err(|_| (Failure::new("the provider's tokenURL isn't an address"), false))?;
        let client = Exchange::new(ClientId::new(endpoints.client_id.clone()))
            .set_client_secret(ClientSecret::new(endpoints.client_secret.expose().to_owned()))
            .set_auth_type(credentials)
            .set_token_uri(token_url);
        let mut request = client.exchange_code(AuthorizationCode::new(back.code.clone()));
        if !back.redirect_url.is_empty() {
            // As it was sent: the provider compares it with what the client gave it, letter by letter.
            request = request.add_extra_param("redirect_uri", back.redirect_url.clone());
        }
        if endpoints.pkce {
            request = request.set_pkce_verifier(PkceCodeVerifier::new(back.code_verifier.expose().to_owned()));
        }
        let answer = request.request_async(&self.http).await.map_err(|error| {
            let answered = !matches!(error, RequestTokenError::Request(_));
            let reason = match &error {
                RequestTokenError::Request(failure) => failure.to_string(),
                other => other.to_string(),
            };
            (Failure::new(format!("no token for the code: {reason}")), answered)
        })?;
        let expires = |lasts: std::time::Duration| {
            Timestamp::now().plus_seconds(i64::try_from(lasts.as_secs()).unwrap_or(0)).to_string()
        };
        Ok(Tokens {
            access_token: Secret::new(answer.access_token().secret().as_str()),
            refresh_token: Secret::new(answer.refresh_token().map_or("", |token| token.secret().as_str())),
            expiry: answer.expires_in().map(expires).unwrap_or_default(),
            rest: Json::Object(answer.extra_fields().0.clone()),
        })
    }
}

impl<'c> AsyncHttpClient<'c> for Http {
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Failure>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(deliver(self, request))
    }
}

/// Sends a request of the OAuth2 library by our client, and gives it the answer in the form that the standard wants.
async fn deliver(http: &Http, request: HttpRequest) -> Result<HttpResponse, Failure> {
    let (head, body) = request.into_parts();
    let text = |value: &http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    let headers = head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let reply = http.send(Call { url: head.uri.to_string(), headers, body: Some(body) }).await?;
    let status = if reply.is_success() { 200 } else { reply.status };
    http::Response::builder()
        .status(status)
        .body(standard(&reply.body))
        .map_err(|_| Failure::new("the provider's answer has no valid status"))
}

/// The answer as JSON with the standard's types. Some providers send forms, numbers as texts, lists of scopes, or no
/// type of token.
fn standard(body: &[u8]) -> Vec<u8> {
    let mut map = match serde_json::from_slice(body) {
        Ok(Json::Object(map)) => map,
        Ok(_) => return body.to_vec(),
        Err(_) => form_urlencoded::parse(body)
            .map(|(name, value)| (name.into_owned(), Json::from(value.into_owned())))
            .collect(),
    };
    if map.get("access_token").and_then(Json::as_str).is_some_and(|token| !token.is_empty()) {
        map.insert("token_type".to_owned(), Json::from("bearer"));
        let seconds = map.remove("expires_in").and_then(|value| match value {
            Json::Number(number) => number.as_u64().or_else(|| number.as_f64().map(|seconds| seconds.max(0.0) as u64)),
            Json::String(text) => text.parse().ok(),
            _ => None,
        });
        if let Some(seconds) = seconds.filter(|seconds| *seconds > 0) {
            map.insert("expires_in".to_owned(), Json::from(seconds));
        }
        map.remove("scope");
        if !map.get("refresh_token").is_some_and(Json::is_string) {
            map.remove("refresh_token");
        }
    } else {
        map.remove("access_token");
    }
    Json::Object(map).to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn answers_are_brought_into_the_standards_form() {
        let bearer = json!({"access_token": "a", "token_type": "bearer"});
        for (body, expect) in [
            (r#"{"access_token":"a"}"#, bearer.clone()),
            (r#"{"access_token":"a","token_type":"user","scope":["x"],"refresh_token":null}"#, bearer.clone()),
            ("access_token=a&scope=x", bearer.clone()),
            (r#"{"access_token":"a","expires_in":0}"#, bearer),
            (
                r#"{"access_token":"a","expires_in":"60","refresh_token":"r","email":"e"}"#,
                json!({"access_token": "a", "token_type": "bearer", "expires_in": 60, "refresh_token": "r",
                    "email": "e"}),
            ),
            (r#"{"access_token":""}"#, json!({})),
            (r#"{"access_token":5}"#, json!({})),
            (r#"{"error":"bad"}"#, json!({"error": "bad"})),
        ] {
            let made: Json = serde_json::from_slice(&standard(body.as_bytes())).expect("JSON");
            assert_eq!(made, expect, "{body}");
        }
    }
}
