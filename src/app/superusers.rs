//! Superusers managed by whoever runs the program.

use serde_json::{Map, Value as Json};

use super::App;
use crate::base::{Error, Result, Secret, SqlValue};
use crate::domain::Record;
use crate::domain::principal::SUPERUSERS;
use crate::records::{self, Cx, Find};
use crate::store::ReadTx;

/// Creates a superuser.
///
/// # Errors
/// 400 with the codes of `email` and `password`, also if there is one with this address.
pub async fn create(app: &App, email: &str, password: Secret) -> Result<()> {
    app.create_as_owner(SUPERUSERS, body(email, &password)).await
}

/// Creates a superuser, or sets the password of the one with this address.
///
/// # Errors
/// As [`create`].
pub async fn upsert(app: &App, email: &str, password: Secret) -> Result<()> {
    match find_id(app, email).await? {
        Some(id) => set_password(app, id, email, password).await,
        None => create(app, email, password).await,
    }
}

/// Sets a superuser's password, which ends all of their tokens.
///
/// # Errors
/// 404 if there is no superuser with this address; 400 with the code of `password`.
pub async fn update(app: &App, email: &str, password: Secret) -> Result<()> {
    let id = find_id(app, email).await?.ok_or_else(|| unknown(email))?;
    set_password(app, id, email, password).await
}

/// Deletes a superuser.
///
/// # Errors
/// 404 if there is no superuser with this address; 400 if it is the last one.
pub async fn delete(app: &App, email: &str) -> Result<()> {
    let id = find_id(app, email).await?.ok_or_else(|| unknown(email))?;
    app.write_as_owner(Map::new(), move |tx, cx| records::delete(tx, cx, SUPERUSERS, &id)).await
}

/// Removes all second factors of a superuser who has lost them; whether there were any.
///
/// # Errors
/// 404 if there is no superuser with this address.
pub async fn reset_factors(app: &App, email: &str) -> Result<bool> {
    let id = find_id(app, email).await?.ok_or_else(|| unknown(email))?;
    super::factors::reset_as_owner(app, SUPERUSERS, id).await
}

/// The addresses of all superusers, sorted.
pub async fn list(app: &App) -> Result<Vec<String>> {
    app.read_as_owner(Map::new(), |tx, cx| {
        let collection = records::find_collection(tx.schema(), SUPERUSERS)?;
        let mut emails: Vec<String> =
            records::every(tx, cx, collection)?.iter().map(|record| record.text("email").to_owned()).collect();
        emails.sort();
        Ok(emails)
    })
    .await
}

/// The body that creates a superuser or changes its password.
pub(super) fn body(email: &str, password: &Secret) -> Map<String, Json> {
    [("email", email), ("password", password.expose()), ("passwordConfirm", password.expose())]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), Json::from(value)))
        .collect()
}

async fn set_password(app: &App, id: String, email: &str, password: Secret) -> Result<()> {
    let body = body(email, &password);
    let key = id.clone();
    let draft = app.read_as_owner(body.clone(), move |tx, cx| records::draft_update(tx, cx, SUPERUSERS, &key)).await?;
    let proof = app.0.passwords.prove(draft).await?;
    app.write_as_owner(body, move |tx, cx| records::update(tx, cx, SUPERUSERS, &id, None, proof)).await.map(|_| ())
}

/// The id of the superuser with this address.
pub(super) async fn find_id(app: &App, email: &str) -> Result<Option<String>> {
    let email = email.to_owned();
    app.read_as_owner(Map::new(), move |tx, cx| Ok(find(tx, cx, &email)?.map(|record| record.id().to_owned()))).await
}

fn find(tx: &ReadTx<'_>, cx: &Cx<'_>, email: &str) -> Result<Option<Record>> {
    let collection = records::find_collection(tx.schema(), SUPERUSERS)?;
    let position = collection.position("email").ok_or_else(|| Error::internal("superusers without e-mail"))?;
    records::find(tx, cx, collection, Find::EqualNoCase(position), SqlValue::from(email))
}

/// 404 that names the address.
pub(super) fn unknown(email: &str) -> Error {
    Error::new(crate::base::ErrorKind::NotFound, format!("There is no superuser with the address {email}."))
}
