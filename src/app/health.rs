//! Whether the server is well.

use std::sync::Arc;

use serde::Serialize;

use super::{App, Caller, Cookie};
use crate::base::{Error, Result};

/// What everybody gets but superusers.
const HEALTHY: &str = "{\"message\":\"The server is healthy.\",\"code\":200,\"data\":{}}";

impl App {
    /// The health check as JSON; superusers also learn how the server sees their address.
    pub async fn health(&self, caller: Caller) -> Result<String> {
        if caller.token.is_none() && !matches!(caller.cookie, Cookie::Session(_)) {
            return Ok(HEALTHY.to_owned());
        }
        let caller = Arc::new(caller);
        let real_ip = caller.client_ip.to_string();
        let proxy_header = ["cf_connecting_ip", "fly_client_ip"]
            .into_iter()
            .find(|name| caller.request.header(name).is_some_and(|value| !value.is_empty()))
            .map_or(String::new(), header_name);
        let superuser = self.read(caller, |_, cx| Ok(cx.principal.is_superuser())).await?;
        if !superuser {
            return Ok(HEALTHY.to_owned());
        }
        let is_busy = self.live().shelf.folder().is_busy();
        let data = Figures { can_backup: !is_busy, real_ip, possible_proxy_header: proxy_header };
        serde_json::to_string(&Health { message: "The server is healthy.", code: 200, data }).map_err(Error::internal)
    }
}

#[derive(Serialize)]
struct Health {
    message: &'static str,
    code: u16,
    data: Figures,
}

#[derive(Serialize)]
struct Figures {
    #[serde(rename = "canBackup")]
    can_backup: bool,
    #[serde(rename = "realIP")]
    real_ip: String,
    #[serde(rename = "possibleProxyHeader")]
    possible_proxy_header: String,
}

fn header_name(name: &str) -> String {
    match name {
        "cf_connecting_ip" => "CF-Connecting-IP".to_owned(),
        _ => "Fly-Client-IP".to_owned(),
    }
}
