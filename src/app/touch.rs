//! Notes when sessions and API keys are used, so that sessions in use go on and people see which keys are: at most once
//! a minute for each, and never in the way of the request.

use std::time::Duration;

use moka::sync::Cache;

use super::identity::Identity;
use super::{App, Caller};
use crate::auth::keys::{self, Key};
use crate::auth::sessions::{self, Lifetime, Session};
use crate::base::{Result, Timestamp};
use crate::domain::{Credential, Principal, Record, RequestInfo};
use crate::records::{self, Cx};
use crate::store::WriteTx;

/// How exactly the last use is known.
const PRECISION: Duration = Duration::from_secs(60);
/// How many are remembered for that; those beyond are noted more often.
const REMEMBERED: u64 = 100_000;

/// What was noted just now, by id.
pub(super) struct Touched(Cache<String, ()>);

impl Touched {
    pub fn new() -> Touched {
        Touched(Cache::builder().max_capacity(REMEMBERED).time_to_live(PRECISION).build())
    }
}

impl App {
    /// How long sessions last.
    pub(super) fn session_lifetime(&self) -> Lifetime {
        let config = &self.live().config;
        Lifetime { idle_seconds: config.session_idle_hours * 3600, max_seconds: config.session_max_hours * 3600 }
    }

    /// Notes, in the background, that a session is used, and ends it if its account may not sign in any more: an auth
    /// rule may ask for what stands in other records, or for the time.
    pub(super) fn session_was_used(&self, now: Timestamp, session: &Session, record: &Record, caller: &Caller) {
        if self.was_noted(now, &session.id, &session.last_used) {
            return;
        }
        let (id, device, lifetime) = (session.id.clone(), caller.device(), self.session_lifetime().of(record));
        let record = record.clone();
        self.note(move |tx, cx| match records::satisfies_auth_rule(tx, cx, &record)? {
            true => sessions::touch(tx, cx, &id, &device, lifetime),
            false => sessions::end(tx, cx, &record, &id).map(|_| ()),
        });
    }

    /// The same for an API key.
    pub(super) fn key_was_used(&self, now: Timestamp, key: &Key, record: &Record) {
        if self.was_noted(now, &key.id, &key.last_used) {
            return;
        }
        let (id, record) = (key.id.clone(), record.clone());
        self.note(move |tx, cx| match records::satisfies_auth_rule(tx, cx, &record)? {
            true => keys::touch(tx, cx, &id),
            false => keys::end(tx, cx, &id),
        });
    }

    /// Whether the last use is known exactly enough; if not, it counts as noted from now on.
    fn was_noted(&self, now: Timestamp, id: &str, last_used: &str) -> bool {
        let noted = Timestamp::parse(last_used).map_or(0, Timestamp::unix_seconds);
        if now.unix_seconds() - noted < PRECISION.as_secs().cast_signed() || self.0.touched.0.contains_key(id) {
            return true;
        }
        self.0.touched.0.insert(id.to_owned(), ());
        false
    }

    /// Writes a note. One that gets lost costs nothing: the next use makes another.
    fn note(&self, write: impl FnOnce(&mut WriteTx<'_>, &Cx<'_>) -> Result<()> + Send + 'static) {
        let app = self.clone();
        self.spawn(async move {
            let services = app.0.clone();
            let noting = app.commit(move |tx| {
                let request = RequestInfo::default();
                let identity = Identity { principal: Principal::Guest, credential: Credential::Owner };
                write(tx, &identity.cx(&request, &services.plans))
            });
            if let Err(error) = noting.await {
                tracing::debug!("the use of a session or API key wasn't noted: {}", error.log_text());
            }
        });
    }
}
