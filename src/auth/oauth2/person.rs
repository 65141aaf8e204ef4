//! Asking a provider who somebody is, and reading the answer as the table says.

use serde_json::{Value as Json, json};

use super::exchange::Tokens;
use super::{Client, Endpoints, Failure, Identity, Return};
use crate::base::http::Call;
use crate::domain::oauth2::{Asked, Email, Listing, Text};

impl Client {
    /// Who the tokens belong to.
    ///
    /// # Errors
    /// No answer, or an account that the provider has closed.
    pub(super) async fn person(
        &self,
        endpoints: &Endpoints,
        tokens: &Tokens,
        back: &Return,
    ) -> Result<Identity, Failure> {
        let raw = self.ask(endpoints, tokens, back).await?;
        let person = &endpoints.provider.person;
        if let Some((at, wanted)) = person.active
            && text_at(&raw, at) != wanted
        {
            return Err(Failure::new("the account isn't active at the provider"));
        }
        let (email, email_verified) = match person.email {
            Email::Listed(listing) => (self.listed_email(endpoints, tokens, listing).await, true),
            Email::Microsoft => self.microsoft_email(endpoints, tokens, back, &raw).await?,
            how => (read_email(how, &raw, &tokens.rest), true),
        };
        let mut name = read(person.name, &raw);
        if name.is_empty() {
            // Apple's only way: it says it once, in the browser, and never again.
            name.clone_from(&back.name);
        }
        Ok(Identity {
            id: text_at(&raw, person.id),
            name,
            username: read(person.username, &raw),
            email_verified: email_verified && !email.is_empty(),
            email,
            avatar_url: read(person.avatar, &raw),
            access_token: tokens.access_token.clone(),
            refresh_token: tokens.refresh_token.clone(),
            expiry: tokens.expiry.clone(),
            raw,
        })
    }

    /// The answer that describes the person.
    async fn ask(&self, endpoints: &Endpoints, tokens: &Tokens, back: &Return) -> Result<Json, Failure> {
        let url = endpoints.user_info_url.clone();
        let headers = bearer(tokens);
        let id_token = tokens.rest["id_token"].as_str().unwrap_or_default();
        match endpoints.provider.asked {
            Asked::Get(more) => {
                let own = more
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), value.replace("{clientId}", &endpoints.client_id)));
                if url.is_empty() {
                    return Err(Failure::new("the provider needs a userInfoURL"));
                }
                self.get_json(&url, headers.into_iter().chain(own).collect()).await
            }
            Asked::GraphQl(query) => {
                let mut headers = headers;
                headers.push(("Content-Type".to_owned(), "application/json".to_owned()));
                let body = json!({"query": query}).to_string().into_bytes();
                self.call_json(Call { url, headers, body: Some(body) }).await
            }
            Asked::IdToken(_) => self.id_token(endpoints, id_token, back).await,
            Asked::OpenId if url.is_empty() => self.id_token(endpoints, id_token, back).await,
            Asked::OpenId => {
                // The id_token isn't needed, but if there is one it must be about the same sign-in and person.
                let claims = match id_token {
                    "" if back.nonce_required => return Err(Failure::new("the provider sent no id_token")),
                    "" => None,
                    token => Some(self.id_token(endpoints, token, back).await?),
                };
                let answer = self.get_json(&url, headers).await?;
                if claims.is_some_and(|claims| claims["sub"] != answer["sub"]) {
                    return Err(Failure::new("the id_token is about somebody else"));
                }
                Ok(answer)
            }
        }
    }

    /// The verified main address of the list, or nothing if it can't be read: some people don't let it be seen.
    async fn listed_email(&self, endpoints: &Endpoints, tokens: &Tokens, listing: Listing) -> String {
        let own = endpoints.user_info_url.split('?').next().unwrap_or_default();
        let parent = own.strip_suffix(listing.beside).unwrap_or(own);
        match self.get_json(&format!("{parent}/emails"), bearer(tokens)).await {
            Ok(answer) => email_in_list(&answer, listing),
            Err(_) => String::new(),
        }
    }
}

fn bearer(tokens: &Tokens) -> Vec<(String, String)> {
    vec![("Authorization".to_owned(), format!("Bearer {}", tokens.access_token.expose()))]
}

/// The value at a pointer, as text. Numbers count as their digits, which is what ids often are.
pub(super) fn text_at(json: &Json, pointer: &str) -> String {
    match json.pointer(pointer) {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Number(number)) => number.to_string(),
        Some(Json::Bool(flag)) => flag.to_string(),
        _ => String::new(),
    }
}

/// Whether a flag is set. Some providers write it as text or number.
pub(super) fn is_set(json: &Json, pointer: &str) -> bool {
    matches!(text_at(json, pointer).to_ascii_lowercase().as_str(), "true" | "1" | "t")
}

fn read(text: Text, json: &Json) -> String {
    match text {
        Text::No => String::new(),
        Text::At(pointer) => text_at(json, pointer),
        Text::First(pointers) => {
            pointers.iter().map(|at| text_at(json, at)).find(|text| !text.is_empty()).unwrap_or_default()
        }
        Text::If(pointer, flag) if is_set(json, flag) => text_at(json, pointer),
        Text::If(..) => String::new(),
        Text::Words(pointers) => {
            let words: Vec<String> = pointers.iter().map(|at| text_at(json, at)).filter(|w| !w.is_empty()).collect();
            words.join(" ")
        }
        Text::LocalPart(pointer) => text_at(json, pointer).split('@').next().unwrap_or_default().to_owned(),
        Text::Filled(template) => fill(template, json).unwrap_or_default(),
    }
}

fn fill(template: &str, json: &Json) -> Option<String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (pointer, after) = after.split_once('}')?;
        let value = text_at(json, pointer);
        if value.is_empty() {
            return None;
        }
        out.push_str(before);
        out.push_str(&value);
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

/// The address that the provider vouches for, or nothing.
fn read_email(email: Email, json: &Json, token: &Json) -> String {
    match email {
        Email::Verified(pointer) => text_at(json, pointer),
        Email::IfAll(pointer, flags) if flags.iter().all(|flag| is_set(json, flag)) => text_at(json, pointer),
        Email::IfPresent(pointer, proof) if !text_at(json, proof).is_empty() => text_at(json, pointer),
        Email::WithToken(pointer) => text_at(token, pointer),
        _ => String::new(),
    }
}

fn email_in_list(answer: &Json, listing: Listing) -> String {
    let list = answer.pointer(listing.list).and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let wanted = |entry: &&Json| listing.wanted.iter().all(|(at, value)| has(entry, at, value));
    list.iter().find(wanted).map(|entry| text_at(entry, listing.address)).unwrap_or_default()
}

/// Whether a place holds a value, or a list with it.
fn has(entry: &Json, pointer: &str, value: &str) -> bool {
    match entry.pointer(pointer) {
        Some(Json::Array(several)) => several.iter().any(|one| one.as_str() == Some(value)),
        _ => text_at(entry, pointer) == value,
    }
}

#[cfg(test)]
#[path = "person_tests.rs"]
mod tests;
