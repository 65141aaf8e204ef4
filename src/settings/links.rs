//! Which settings of the interface are which keys of the configuration.
//!
//! One entry for each key, or for each pair that says one thing together. Two functions make the way in both
//! directions: `show` tells what the configuration says in the interface's terms, `take` puts what is stored into a
//! configuration.

use super::config::{Config, S3Addressing, SmtpAuthMethod, SmtpEncryption};
use super::model::{Model, RateRule, S3Model};
use super::rate_limit::{Audience, RateLimit};
use crate::base::IpRange;

/// See the module.
pub(super) struct Link {
    /// The key of the configuration.
    pub key: &'static str,
    /// The settings, by their dotted paths.
    pub paths: &'static [&'static str],
    pub show: fn(&Config, &mut Model),
    pub take: fn(&Model, &mut Config),
}

/// The host that is shown while there is no mail server.
const NO_SMTP_HOST: &str = "smtp.example.com";
const MS_PER_SECOND: u64 = 1000;

macro_rules! link {
    ($key:literal, [$($path:literal),+], $show:expr, $take:expr) => {
        Link { key: $key, paths: &[$($path),+], show: $show, take: $take }
    };
}

#[rustfmt::skip]
pub(super) const LINKS: &[Link] = &[
    link!("superuser_ips", ["superuserIPs"],
        |config, model| model.superuser_ips = texts(&config.superuser_ips),
        |model, config| config.superuser_ips = ranges(&model.superuser_ips)),

    link!("smtp_host", ["smtp.enabled", "smtp.host"],
        |config, model| {
            model.smtp.enabled = !config.smtp_host.is_empty();
            model.smtp.host = if model.smtp.enabled { config.smtp_host.clone() } else { NO_SMTP_HOST.to_owned() };
        },
        |model, config| config.smtp_host = if model.smtp.enabled { model.smtp.host.clone() } else { String::new() }),
    link!("smtp_port", ["smtp.port"],
        |config, model| model.smtp.port = config.smtp_port.into(),
        |model, config| config.smtp_port = model.smtp.port.try_into().unwrap_or_default()),
    link!("smtp_username", ["smtp.username"],
        |config, model| model.smtp.username.clone_from(&config.smtp_username),
        |model, config| config.smtp_username.clone_from(&model.smtp.username)),
    link!("smtp_password", ["smtp.password"],
        |config, model| model.smtp.password = Some(config.smtp_password.clone()),
        |model, config| config.smtp_password = model.smtp.password.clone().unwrap_or_default()),
    link!("smtp_auth_method", ["smtp.authMethod"],
        |config, model| model.smtp.auth_method = auth_method_name(config.smtp_auth_method).to_owned(),
        |model, config| config.smtp_auth_method = auth_method(&model.smtp.auth_method)),
    link!("smtp_encryption", ["smtp.tls"],
        |config, model| model.smtp.tls = config.smtp_encryption == SmtpEncryption::Tls,
        |model, config| {
            config.smtp_encryption = if model.smtp.tls { SmtpEncryption::Tls } else { SmtpEncryption::Auto };
        }),
    link!("smtp_local_name", ["smtp.localName"],
        |config, model| model.smtp.local_name.clone_from(&config.smtp_local_name),
        |model, config| config.smtp_local_name.clone_from(&model.smtp.local_name)),

    link!("backup_cron", ["backups.cron"],
        |config, model| model.backups.cron.clone_from(&config.backup_cron),
        |model, config| config.backup_cron.clone_from(&model.backups.cron)),
    link!("backup_keep", ["backups.cronMaxKeep"],
        |config, model| model.backups.cron_max_keep = whole(config.backup_keep),
        |model, config| config.backup_keep = model.backups.cron_max_keep.try_into().unwrap_or_default()),
    link!("backup_s3_bucket", ["backups.s3.enabled", "backups.s3.bucket"],
        |config, model| show_bucket(&config.backup_s3_bucket, &mut model.backups.s3),
        |model, config| config.backup_s3_bucket = bucket(&model.backups.s3)),
    link!("backup_s3_region", ["backups.s3.region"],
        |config, model| show_region(&config.backup_s3_bucket, &config.backup_s3_region, &mut model.backups.s3),
        |model, config| config.backup_s3_region.clone_from(&model.backups.s3.region)),
    link!("backup_s3_endpoint", ["backups.s3.endpoint"],
        |config, model| model.backups.s3.endpoint = config.backup_s3_endpoint.clone().unwrap_or_default(),
        |model, config| config.backup_s3_endpoint = endpoint(&model.backups.s3)),
    link!("backup_s3_access_key", ["backups.s3.accessKey"],
        |config, model| model.backups.s3.access_key.clone_from(&config.backup_s3_access_key),
        |model, config| config.backup_s3_access_key.clone_from(&model.backups.s3.access_key)),
    link!("backup_s3_secret_key", ["backups.s3.secret"],
        |config, model| model.backups.s3.secret = Some(config.backup_s3_secret_key.clone()),
        |model, config| config.backup_s3_secret_key = model.backups.s3.secret.clone().unwrap_or_default()),
    link!("backup_s3_addressing", ["backups.s3.forcePathStyle"],
        |config, model| show_addressing(&config.backup_s3_bucket, config.backup_s3_addressing, &mut model.backups.s3),
        |model, config| config.backup_s3_addressing = addressing(&model.backups.s3)),

    link!("s3_bucket", ["s3.enabled", "s3.bucket"],
        |config, model| show_bucket(&config.s3_bucket, &mut model.s3),
        |model, config| config.s3_bucket = bucket(&model.s3)),
    link!("s3_region", ["s3.region"],
        |config, model| show_region(&config.s3_bucket, &config.s3_region, &mut model.s3),
        |model, config| config.s3_region.clone_from(&model.s3.region)),
    link!("s3_endpoint", ["s3.endpoint"],
        |config, model| model.s3.endpoint = config.s3_endpoint.clone().unwrap_or_default(),
        |model, config| config.s3_endpoint = endpoint(&model.s3)),
    link!("s3_access_key", ["s3.accessKey"],
        |config, model| model.s3.access_key.clone_from(&config.s3_access_key),
        |model, config| config.s3_access_key.clone_from(&model.s3.access_key)),
    link!("s3_secret_key", ["s3.secret"],
        |config, model| model.s3.secret = Some(config.s3_secret_key.clone()),
        |model, config| config.s3_secret_key = model.s3.secret.clone().unwrap_or_default()),
    link!("s3_addressing", ["s3.forcePathStyle"],
        |config, model| show_addressing(&config.s3_bucket, config.s3_addressing, &mut model.s3),
        |model, config| config.s3_addressing = addressing(&model.s3)),

    link!("accent_color", ["meta.accentColor"],
        |config, model| model.meta.accent_color.clone_from(&config.accent_color),
        |model, config| config.accent_color.clone_from(&model.meta.accent_color)),
    link!("app_name", ["meta.appName"],
        |config, model| model.meta.app_name.clone_from(&config.app_name),
        |model, config| config.app_name.clone_from(&model.meta.app_name)),
    link!("public_url", ["meta.appURL"],
        |config, model| model.meta.app_url = config.base_url(),
        |model, config| config.public_url = Some(model.meta.app_url.trim_end_matches('/').to_owned())),
    link!("mail_from_name", ["meta.senderName"],
        |config, model| model.meta.sender_name = config.sender_name().to_owned(),
        |model, config| config.mail_from_name.clone_from(&model.meta.sender_name)),
    link!("mail_from_address", ["meta.senderAddress"],
        |config, model| model.meta.sender_address.clone_from(&config.mail_from_address),
        |model, config| config.mail_from_address.clone_from(&model.meta.sender_address)),
    link!("hide_controls", ["meta.hideControls"],
        |config, model| model.meta.hide_controls = config.hide_controls,
        |model, config| config.hide_controls = model.meta.hide_controls),

    link!("rate_limits_enabled", ["rateLimits.enabled"],
        |config, model| model.rate_limits.enabled = config.rate_limits_enabled,
        |model, config| config.rate_limits_enabled = model.rate_limits.enabled),
    link!("rate_limits", ["rateLimits.rules"],
        |config, model| model.rate_limits.rules = config.rate_limits.iter().map(RateRule::of).collect(),
        |model, config| config.rate_limits = model.rate_limits.rules.iter().filter_map(RateRule::limit).collect()),
    link!("rate_limits_excluded_ips", ["rateLimits.excludedIPs"],
        |config, model| model.rate_limits.excluded_ips = texts(&config.rate_limits_excluded_ips),
        |model, config| config.rate_limits_excluded_ips = ranges(&model.rate_limits.excluded_ips)),

    link!("trusted_proxy_headers", ["trustedProxy.headers"],
        |config, model| model.trusted_proxy.headers = config.trusted_proxy_headers.clone(),
        |model, config| config.trusted_proxy_headers = named(&model.trusted_proxy.headers)),
    link!("trusted_proxy_leftmost", ["trustedProxy.useLeftmostIP"],
        |config, model| model.trusted_proxy.use_leftmost_ip = config.trusted_proxy_leftmost,
        |model, config| config.trusted_proxy_leftmost = model.trusted_proxy.use_leftmost_ip),

    link!("batch_enabled", ["batch.enabled"],
        |config, model| model.batch.enabled = config.batch_enabled,
        |model, config| config.batch_enabled = model.batch.enabled),
    link!("batch_max_requests", ["batch.maxRequests"],
        |config, model| model.batch.max_requests = whole(config.batch_max_requests),
        |model, config| config.batch_max_requests = model.batch.max_requests.try_into().unwrap_or_default()),
    link!("batch_timeout_ms", ["batch.timeout"],
        |config, model| model.batch.timeout = whole(config.batch_timeout_ms.div_ceil(MS_PER_SECOND)),
        |model, config| config.batch_timeout_ms = model.batch.timeout.unsigned_abs().saturating_mul(MS_PER_SECOND)),
    link!("batch_max_body_mb", ["batch.maxBodySize"],
        // Zero is what the interface calls the built-in size.
        |config, model| {
            let is_set = config.set_by.contains_key("batch_max_body_mb");
            model.batch.max_body_size = if is_set { whole(config.batch_max_body_bytes) } else { 0 };
        },
        |model, config| {
            if model.batch.max_body_size > 0 {
                config.batch_max_body_bytes = model.batch.max_body_size.unsigned_abs();
            }
        }),

    link!("logs_max_data_bytes", ["logs.maxDataSize"],
        |config, model| model.logs.max_data_size = whole(config.logs_max_data_bytes),
        |model, config| config.logs_max_data_bytes = model.logs.max_data_size.try_into().unwrap_or_default()),
    link!("logs_max_days", ["logs.maxDays"],
        |config, model| model.logs.max_days = config.logs_max_days,
        |model, config| config.logs_max_days = model.logs.max_days),
    link!("logs_min_level", ["logs.minLevel"],
        |config, model| model.logs.min_level = config.logs_min_level,
        |model, config| config.logs_min_level = model.logs.min_level),
    link!("logs_log_ip", ["logs.logIP"],
        |config, model| model.logs.log_ip = config.logs_log_ip,
        |model, config| config.logs_log_ip = model.logs.log_ip),
    link!("logs_log_auth_id", ["logs.logAuthId"],
        |config, model| model.logs.log_auth_id = config.logs_log_auth_id,
        |model, config| config.logs_log_auth_id = model.logs.log_auth_id),
];

impl RateRule {
    fn of(limit: &RateLimit) -> RateRule {
        RateRule {
            label: limit.label.clone(),
            audience: limit.audience.as_str().to_owned(),
            duration: limit.duration,
            max_requests: limit.max_requests,
        }
    }

    /// The limit, if it is right.
    pub(super) fn limit(&self) -> Option<RateLimit> {
        let audience = Audience::parse(&self.audience)?;
        Some(RateLimit {
            label: self.label.clone(),
            audience,
            duration: self.duration,
            max_requests: self.max_requests,
        })
    }
}

fn texts(ranges: &[IpRange]) -> Vec<String> {
    ranges.iter().map(IpRange::to_string).collect()
}

fn named(headers: &[String]) -> Vec<String> {
    headers.iter().filter(|name| !name.is_empty()).cloned().collect()
}

/// What is no address was refused before it was stored.
fn ranges(texts: &[String]) -> Vec<IpRange> {
    texts.iter().filter_map(|text| text.parse().ok()).collect()
}

fn whole(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

fn show_bucket(bucket: &str, model: &mut S3Model) {
    model.enabled = !bucket.is_empty();
    model.bucket = bucket.to_owned();
}

/// Without a bucket the interface says nothing of where it would be.
fn show_region(bucket: &str, region: &str, model: &mut S3Model) {
    model.region = if bucket.is_empty() { String::new() } else { region.to_owned() };
}

fn show_addressing(bucket: &str, addressing: S3Addressing, model: &mut S3Model) {
    model.force_path_style = !bucket.is_empty() && addressing == S3Addressing::Path;
}

fn bucket(model: &S3Model) -> String {
    if model.enabled { model.bucket.clone() } else { String::new() }
}

/// The interface takes a host, too; HTTPS is meant then.
fn endpoint(model: &S3Model) -> Option<String> {
    let text = model.endpoint.trim_end_matches('/');
    if text.is_empty() {
        return None;
    }
    Some(if text.contains("://") { text.to_owned() } else { format!("https://{text}") })
}

fn addressing(model: &S3Model) -> S3Addressing {
    if model.force_path_style { S3Addressing::Path } else { S3Addressing::Host }
}

fn auth_method_name(method: SmtpAuthMethod) -> &'static str {
    match method {
        SmtpAuthMethod::Auto => "",
        SmtpAuthMethod::Plain => "PLAIN",
        SmtpAuthMethod::Login => "LOGIN",
    }
}

fn auth_method(name: &str) -> SmtpAuthMethod {
    match name {
        "PLAIN" => SmtpAuthMethod::Plain,
        "LOGIN" => SmtpAuthMethod::Login,
        _ => SmtpAuthMethod::Auto,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::base::Secret;
    use crate::settings::keys::find_key;
    use crate::settings::patch::{Tree, changes};
    use crate::settings::{Settings, Sources};

    #[test]
    fn every_setting_is_a_key_and_only_one() {
        let mut paths = BTreeSet::new();
        for link in LINKS {
            assert!(find_key(link.key).is_some(), "{}", link.key);
            for path in link.paths {
                assert!(paths.insert((*path).to_owned()), "{path} twice");
            }
        }
        // Every leaf of the model is on the list.
        let leaves = changes(&blank_parts(), &Model::default().to_tree().expect("a tree"));
        assert_eq!(leaves.into_iter().collect::<BTreeSet<_>>(), paths);
    }

    /// The parts without their leaves.
    fn blank_parts() -> Tree {
        fn parts(tree: Tree) -> Tree {
            let inner = tree.into_iter().filter_map(|(name, value)| match value {
                serde_json::Value::Object(inner) => Some((name, serde_json::Value::Object(parts(inner)))),
                _ => None,
            });
            inner.collect()
        }
        parts(Model::default().to_tree().expect("a tree"))
    }

    #[test]
    fn what_is_shown_can_be_taken_back() {
        let text = "[holdall]\nsmtp_host = 'mail.example.com'\nsmtp_encryption = 'tls'\nsmtp_auth_method = 'login'\n\
                    s3_bucket = 'b'\ns3_access_key = 'a'\ns3_secret_key = 's'\nbackup_s3_bucket = 'c'\n\
                    backup_s3_access_key = 'a'\nbackup_s3_secret_key = 's'\nsuperuser_ips = ['10.0.0.0/8']\n\
                    rate_limits = ['/api/ @guest 5/6']\n\
                    trusted_proxy_headers = ['X-Real-IP']\nbatch_timeout_ms = 7000\n";
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("Rocket.toml"), text).expect("is written");
        let sources = Sources { folders: vec![folder.path().to_owned()], ..Sources::default() };
        let config = Settings::load(&sources).expect("a configuration").config;
        let mut model = Model::default();
        LINKS.iter().for_each(|link| (link.show)(&config, &mut model));
        let mut taken = Settings::load(&Sources::default()).expect("the defaults").config;
        LINKS.iter().for_each(|link| (link.take)(&model, &mut taken));
        let mut again = Model::default();
        LINKS.iter().for_each(|link| (link.show)(&taken, &mut again));
        assert_eq!(model, again);
        assert_eq!(taken.s3_secret_key, Secret::new("s"));
        assert_eq!(taken.rate_limits, config.rate_limits);
    }
}
