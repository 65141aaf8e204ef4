//! The body with which a client says what it listens to.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::base::limits::{REALTIME_TOPIC_MAX_BYTES, REALTIME_TOPICS_MAX};
use crate::base::{Error, FieldError, FieldErrors, Result};

/// Longest id of a client that is looked up, in bytes.
const CLIENT_ID_MAX_BYTES: usize = 255;

/// What a client wants to listen to from now on, instead of everything before.
#[derive(Debug)]
pub struct Subscription {
    /// The client's id.
    pub client_id: String,
    /// The topics as they were sent, without empty ones; `None` leaves them as they are.
    pub topics: Option<Vec<Arc<str>>>,
}

impl Subscription {
    /// Reads the body.
    ///
    /// # Errors
    /// 400 with the codes of `clientId`, `subscriptions` and `subscriptions.N`.
    pub fn read(body: &Map<String, Json>) -> Result<Subscription> {
        let malformed = || Error::invalid("The subscription isn't valid.");
        let client_id = match body.get("clientId") {
            None | Some(Json::Null) => String::new(),
            Some(Json::String(id)) => id.clone(),
            Some(_) => return Err(malformed()),
        };
        let topics: Vec<&str> = match body.get("subscriptions") {
            None | Some(Json::Null) => Vec::new(),
            // A form with one topic.
            Some(Json::String(topic)) => vec![topic],
            Some(Json::Array(items)) => {
                let topics = items.iter().map(|item| match item {
                    Json::Null => Some(""),
                    item => item.as_str(),
                });
                topics.collect::<Option<_>>().ok_or_else(malformed)?
            }
            Some(_) => return Err(malformed()),
        };
        check(&client_id, &topics)?;
        let topics = topics.into_iter().filter(|topic| !topic.is_empty()).map(Arc::from).collect();
        Ok(Subscription { client_id, topics: Some(topics) })
    }
}

fn check(client_id: &str, topics: &[&str]) -> Result<()> {
    let mut errors = FieldErrors::new();
    if client_id.is_empty() {
        errors.add("clientId", FieldError::required());
    } else if client_id.len() > CLIENT_ID_MAX_BYTES {
        let error = FieldError::new("validation_length_out_of_range", "This is too long.");
        errors.add("clientId", error.with("min", 1).with("max", CLIENT_ID_MAX_BYTES));
    }
    if topics.len() > REALTIME_TOPICS_MAX {
        errors.add("subscriptions", FieldError::too_long("There are too many topics.", REALTIME_TOPICS_MAX));
    } else {
        for (at, topic) in topics.iter().enumerate() {
            if topic.len() > REALTIME_TOPIC_MAX_BYTES {
                errors.add(
                    &format!("subscriptions.{at}"),
                    FieldError::too_long("This is too long.", REALTIME_TOPIC_MAX_BYTES),
                );
            }
        }
    }
    errors.into_result("The subscription isn't valid.")
}
