//! Notes when sessions are used, so that those in use go on: at most once a minute for each, and never in the way of
//! the request.

use std::time::Duration;

use moka::sync::Cache;

use super::identity::Identity;
use super::{App, Caller};
use crate::auth::sessions::{self, Lifetime, Session};
use crate::base::Timestamp;
use crate::domain::{Credential, Principal, RequestInfo};

/// How exactly the last use of a session is known.
const PRECISION: Duration = Duration::from_secs(60);
/// How many sessions are remembered for that; those beyond are noted more often.
const REMEMBERED: u64 = 100_000;

/// Sessions that were noted just now.
pub(super) struct Touched(Cache<String, ()>);

impl Touched {
    pub fn new() -> Touched {
        Touched(Cache::builder().max_capacity(REMEMBERED).time_to_live(PRECISION).build())
    }
}

impl App {
    /// How long sessions last.
    pub(super) fn session_lifetime(&self) -> Lifetime {
        let config = &self.0.config;
        Lifetime { idle_seconds: config.session_idle_hours * 3600, max_seconds: config.session_max_hours * 3600 }
    }

    /// Notes, in the background, that a session is used.
    pub(super) fn session_was_used(&self, now: Timestamp, session: &Session, caller: &Caller) {
        let noted = Timestamp::parse(&session.last_used).map_or(0, Timestamp::unix_seconds);
        let recently = now.unix_seconds() - noted < PRECISION.as_secs().cast_signed();
        if recently || self.0.touched.0.contains_key(&session.id) {
            return;
        }
        self.0.touched.0.insert(session.id.clone(), ());
        let (app, id, device, lifetime) = (self.clone(), session.id.clone(), caller.device(), self.session_lifetime());
        // A note that gets lost costs nothing: the next use makes another.
        self.spawn(async move {
            let plans = app.0.clone();
            let noting = app.commit(move |tx| {
                let request = RequestInfo::default();
                let identity = Identity { principal: Principal::Guest, credential: Credential::Owner };
                sessions::touch(tx, &identity.cx(&request, &plans.plans), &id, &device, lifetime)
            });
            if let Err(error) = noting.await {
                tracing::debug!("the use of a session wasn't noted: {}", error.log_text());
            }
        });
    }
}
