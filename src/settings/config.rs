//! The configuration in force, typed.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use figment::Figment;
use serde::{Deserialize, Deserializer};

use super::https::FrontUse;
use super::keys::KEYS;
use super::layers::{DEFAULT_ORIGIN, Layers};
use super::location::Location;
use super::rate_limit::RateLimit;
use super::sources::Sources;
use crate::base::{Error, IpRange, Result, Secret};

/// The least length of a key that settings are encrypted with.
const ENCRYPTION_KEY_MIN_CHARS: usize = 32;

/// What a server needs to know before it opens its database. One field per key of [`super::KEYS`]; units and meanings
/// are documented there.
#[derive(Clone, Debug, Deserialize)]
#[allow(missing_docs)]
pub struct Config {
    pub data_dir: PathBuf,
    #[serde(skip, default = "unset_socket")]
    pub http: SocketAddr,
    /// Whether `http` was set by anybody.
    #[serde(skip)]
    pub is_http_set: bool,
    pub domains: Vec<String>,
    pub https: SocketAddr,
    pub tls_cert_file: String,
    pub tls_key_file: String,
    pub hsts_seconds: u64,
    pub acme_directory_url: String,
    pub acme_email: String,
    pub acme_ca_file: String,
    pub front: FrontUse,
    pub client_head_seconds: u64,
    pub client_idle_seconds: u64,
    pub client_body_seconds: u64,
    pub client_write_seconds: u64,
    pub connections_max: usize,
    pub connections_per_address: usize,
    pub connections_exempt: Vec<IpRange>,
    /// Without a slash at its end; `None` when the listening address is also the public one.
    #[serde(deserialize_with = "optional_url")]
    pub public_url: Option<String>,
    pub cors_origins: Vec<String>,
    pub readers: usize,
    pub queue_length: usize,
    pub wait_timeout_ms: u64,
    pub statement_timeout_ms: u64,
    pub slow_statement_ms: u64,
    pub wal_soft_limit_mb: u64,
    pub wal_hard_limit_mb: u64,
    pub bcrypt_max_parallel: usize,
    pub thumb_workers: usize,
    pub thumb_max_megapixels: u64,
    pub session_idle_hours: i64,
    pub session_max_hours: i64,
    pub superuser_second_factor: Requirement,
    pub login_failures_per_account: u32,
    pub login_failures_per_address: u32,
    pub realtime_max_clients: usize,
    #[serde(deserialize_with = "optional_url")]
    pub s3_endpoint: Option<String>,
    pub s3_bucket: String,
    pub s3_region: String,
    pub s3_access_key: String,
    #[serde(deserialize_with = "secret")]
    pub s3_secret_key: Secret,
    pub s3_addressing: S3Addressing,
    pub upload_hours: i64,
    pub uploads_per_owner_max_mb: u64,
    pub uploads_max_mb: u64,
    pub realtime_log_changes: usize,
    pub realtime_log_mb: usize,
    pub batch_enabled: bool,
    pub batch_max_requests: usize,
    pub batch_timeout_ms: u64,
    #[serde(rename = "batch_max_body_mb", deserialize_with = "megabytes")]
    pub batch_max_body_bytes: u64,
    pub redirect_allow: Vec<String>,
    pub forward_auth_domain: String,
    pub theme_dir: String,
    pub app_name: String,
    pub mail_from_address: String,
    pub mail_from_name: String,
    pub smtp_host: String,
    pub smtp_port: u16,
    pub smtp_encryption: SmtpEncryption,
    pub smtp_auth_method: SmtpAuthMethod,
    pub smtp_local_name: String,
    pub smtp_username: String,
    #[serde(deserialize_with = "secret")]
    pub smtp_password: Secret,
    pub smtp_ca_file: String,
    pub backup_cron: String,
    pub backup_keep: usize,
    pub backup_s3_bucket: String,
    #[serde(deserialize_with = "optional_url")]
    pub backup_s3_endpoint: Option<String>,
    pub backup_s3_region: String,
    pub backup_s3_access_key: String,
    #[serde(deserialize_with = "secret")]
    pub backup_s3_secret_key: Secret,
    pub backup_s3_addressing: S3Addressing,
    pub snapshot_keep: usize,
    pub update_manifest: String,
    pub update_key: String,
    pub ship_to: String,
    pub ship_interval_ms: u64,
    pub ship_snapshot_hours: i64,
    pub ship_retention_hours: i64,
    #[serde(deserialize_with = "optional_url")]
    pub ship_s3_endpoint: Option<String>,
    pub ship_s3_region: String,
    pub ship_s3_access_key: String,
    #[serde(deserialize_with = "secret")]
    pub ship_s3_secret_key: Secret,
    pub ship_s3_addressing: S3Addressing,
    pub log_level: LogLevel,
    pub log_format: LogFormat,
    #[serde(deserialize_with = "optional_socket")]
    pub metrics_http: Option<SocketAddr>,
    #[serde(deserialize_with = "optional_url")]
    pub otlp_endpoint: Option<String>,
    pub otlp_service_name: String,
    pub otlp_sample_percent: u64,
    pub disk_reserve_mb: u64,
    pub logs_max_days: i64,
    pub logs_max_mb: u64,
    pub logs_max_per_second: u64,
    pub logs_min_level: i64,
    pub logs_max_data_bytes: usize,
    pub logs_log_ip: bool,
    pub logs_log_auth_id: bool,
    pub trusted_proxy_headers: Vec<String>,
    pub trusted_proxy_leftmost: bool,
    pub trusted_proxy_ips: Vec<IpRange>,
    pub superuser_ips: Vec<IpRange>,
    pub rate_limits_enabled: bool,
    pub rate_limits: Vec<RateLimit>,
    pub rate_limits_excluded_ips: Vec<IpRange>,
    pub accent_color: String,
    pub hide_controls: bool,
    #[serde(deserialize_with = "secret")]
    pub encryption_key: Secret,
    #[serde(deserialize_with = "secret")]
    pub encryption_key_before: Secret,
    pub superuser_email: String,
    #[serde(deserialize_with = "secret")]
    pub superuser_password: Secret,
    /// The keys that somebody has set, with the place: a file, a variable or a flag. Settings in the database give way
    /// to them.
    #[serde(skip)]
    pub set_by: BTreeMap<&'static str, String>,
}

/// Whether something has to be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Requirement {
    Optional,
    Required,
}

/// Where requests to an S3 storage name the bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum S3Addressing {
    /// In the path: `https://endpoint/bucket/key`.
    Path,
    /// In the host: `https://bucket.endpoint/key`, where the endpoint is given with the bucket.
    Host,
}

/// How the connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpEncryption {
    /// As `StartTls`; plain text is allowed to a server on this machine that doesn't offer it.
    Auto,
    /// It begins in plain text and must change to TLS.
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// Not at all.
    None,
}

/// How a user name and a password are sent to a mail server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpAuthMethod {
    /// Whichever the server offers.
    Auto,
    /// RFC 4616.
    Plain,
    /// An older one that some services still want.
    Login,
}

/// The least important messages that are logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum LogLevel {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Colours if standard error is a terminal.
    Auto,
    /// Colours always.
    Color,
    /// Colours never.
    Plain,
    /// One JSON object per line, for programs.
    Json,
}

/// The configuration together with where it came from.
pub struct Settings {
    /// The typed values.
    pub config: Config,
    /// The file that took part, if one did.
    pub file: Option<PathBuf>,
    pub(super) ours: Figment,
    pub(super) rocket: Figment,
    workers: usize,
    max_blocking: usize,
}

impl Settings {
    /// Reads, checks and stacks all sources.
    ///
    /// # Errors
    /// [`crate::base::ErrorKind::Invalid`] with one line per problem.
    pub fn load(sources: &Sources) -> Result<Settings> {
        let Layers { ours, rocket, mut problems } = Layers::stack(sources);
        let cores = std::thread::available_parallelism().map_or(2, NonZeroUsize::get);
        let ip: Option<IpAddr> = rocket_value(&rocket, &mut problems, "address", "an IP address");
        let port: Option<u16> = rocket_value(&rocket, &mut problems, "port", "a whole number from 0 to 65535");
        let workers = rocket_value(&rocket, &mut problems, "workers", "a whole number").unwrap_or(cores);
        let max_blocking = rocket_value(&rocket, &mut problems, "max_blocking", "a whole number").unwrap_or(512);
        if !problems.is_empty() {
            return Err(Error::invalid(problems.join("\n")));
        }
        let mut config: Config = ours.extract().map_err(|error| Error::invalid(error.to_string()))?;
        if let (Some(ip), Some(port)) = (ip, port) {
            config.http = SocketAddr::new(ip, port);
        }
        config.set_by = set_by(&ours);
        let is_set = |name| rocket.find_metadata(name).is_some_and(|place| place.name != DEFAULT_ORIGIN);
        config.is_http_set = is_set("address") || is_set("port");
        config.check()?;
        config.fill_in(cores);
        // Tokio refuses to run with none at all.
        let (workers, max_blocking) = (workers.max(1), max_blocking.max(1));
        Ok(Settings { config, file: sources.file(), ours, rocket, workers, max_blocking })
    }

    /// Rocket's part, to be merged over Rocket's own defaults.
    pub fn rocket(&self) -> Figment {
        self.rocket.clone()
    }

    /// How many threads answer requests: Rocket's `workers`.
    pub fn workers(&self) -> usize {
        self.workers
    }

    /// How many threads may run blocking tasks: Rocket's `max_blocking`.
    pub fn max_blocking(&self) -> usize {
        self.max_blocking
    }
}

impl Config {
    /// The superuser that is created at start while there is none.
    pub fn first_superuser(&self) -> Option<(&str, &Secret)> {
        (!self.superuser_email.is_empty()).then_some((self.superuser_email.as_str(), &self.superuser_password))
    }

    /// The sender's name of mails.
    pub fn sender_name(&self) -> &str {
        if self.mail_from_name.is_empty() { &self.app_name } else { &self.mail_from_name }
    }

    /// Where people reach the server, without a slash at the end. An address that means "every interface" is shown as
    /// the loopback one, because browsers can't open it.
    pub fn base_url(&self) -> String {
        if let Some(url) = &self.public_url {
            return url.clone();
        }
        if let Some(domain) = self.domains.first() {
            let port = self.https.port();
            return if port == 443 { format!("https://{domain}") } else { format!("https://{domain}:{port}") };
        }
        let ip = match self.http.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from(std::net::Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        format!("http://{}", SocketAddr::new(ip, self.http.port()))
    }

    /// Scheme, host and port of [`Config::base_url`].
    pub fn origin(&self) -> String {
        let url = self.base_url();
        let host_from = url.find("://").map_or(0, |at| at + 3);
        let end = url[host_from..].find(['/', '?', '#']).map_or(url.len(), |at| host_from + at);
        url[..end].to_owned()
    }

    /// Checks what single keys can't tell.
    pub(super) fn check(&self) -> Result<()> {
        let mut problems = Vec::new();
        if self.data_dir.as_os_str().is_empty() {
            problems.push("data_dir can't be empty.");
        }
        if self.wal_hard_limit_mb < self.wal_soft_limit_mb {
            problems.push("wal_hard_limit_mb can't be smaller than wal_soft_limit_mb.");
        }
        // The other way round is fine: `holdall superuser create EMAIL` takes the password from here, too.
        if !self.superuser_email.is_empty() && self.superuser_password.is_empty() {
            problems.push("superuser_email needs superuser_password beside it.");
        }
        if !self.s3_bucket.is_empty() && (self.s3_access_key.is_empty() || self.s3_secret_key.is_empty()) {
            problems.push("s3_bucket needs s3_access_key and s3_secret_key beside it.");
        }
        let lacks = |access: &str, secret: &Secret| access.is_empty() || secret.is_empty();
        if !self.backup_s3_bucket.is_empty() && lacks(&self.backup_s3_access_key, &self.backup_s3_secret_key) {
            problems.push("backup_s3_bucket needs backup_s3_access_key and backup_s3_secret_key beside it.");
        }
        if let Some(Location::Bucket(bucket)) = self.ship_location()
            && (bucket.name.is_empty() || lacks(&bucket.access_key, &bucket.secret_key))
        {
            problems
                .push("ship_to needs a bucket behind s3://, and ship_s3_access_key and ship_s3_secret_key beside it.");
        }
        if [&self.encryption_key, &self.encryption_key_before].iter().any(|key| is_short(key)) {
            problems.push("encryption_key and encryption_key_before need 32 characters or more.");
        }
        self.check_https(&mut problems);
        if self.otlp_endpoint.is_some() && !cfg!(feature = "otlp") {
            problems.push("otlp_endpoint needs a program that was built with `--features otlp`.");
        }
        self.check_forward_auth(&mut problems);
        if problems.is_empty() { Ok(()) } else { Err(Error::invalid(problems.join("\n"))) }
    }

    /// Browsers take a cookie for a domain only from a host of that domain.
    fn check_forward_auth(&self, problems: &mut Vec<&str>) {
        let domain = self.forward_auth_domain.trim_start_matches('.');
        let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        if domain.is_empty() {
            return;
        }
        if !domain.contains('.') || !domain.chars().all(letters) {
            problems.push("forward_auth_domain must be a domain, such as example.com.");
        }
        let origin = self.origin();
        let authority = origin.split_once("://").map_or("", |(_, authority)| authority);
        let host = authority.split(':').next().unwrap_or_default().to_ascii_lowercase();
        let domain = domain.to_ascii_lowercase();
        if host != domain && !host.strip_suffix(domain.as_str()).is_some_and(|below| below.ends_with('.')) {
            problems.push("forward_auth_domain needs a public_url whose host is in that domain.");
        }
    }

    /// Replaces the zeros that stand for "as this machine is".
    fn fill_in(&mut self, cores: usize) {
        if self.readers == 0 {
            self.readers = (cores * 2).clamp(4, 16);
        }
        if self.bcrypt_max_parallel == 0 {
            self.bcrypt_max_parallel = cores;
        }
        if self.thumb_workers == 0 {
            self.thumb_workers = cores;
        }
    }
}

/// One of Rocket's values, if it is set; a value of the wrong type is a problem.
fn rocket_value<'de, T: Deserialize<'de>>(
    rocket: &Figment,
    problems: &mut Vec<String>,
    name: &str,
    takes: &str,
) -> Option<T> {
    let value = rocket.find_value(name).ok()?;
    let origin = rocket.get_metadata(value.tag()).map_or("", |metadata| metadata.name.as_ref());
    let read = value.deserialize();
    if read.is_err() {
        problems.push(format!("{origin}: Rocket's key `{name}` must be {takes}."));
    }
    read.ok()
}

/// The keys that aren't as they are built in, with the places in which they were set.
fn set_by(ours: &Figment) -> BTreeMap<&'static str, String> {
    let origin = |name| ours.find_metadata(name).map(|metadata| metadata.name.to_string());
    let set = KEYS.iter().filter_map(|key| Some((key.name, origin(key.name)?)));
    set.filter(|(_, origin)| origin != DEFAULT_ORIGIN).collect()
}

fn is_short(key: &Secret) -> bool {
    !key.is_empty() && key.expose().chars().count() < ENCRYPTION_KEY_MIN_CHARS
}

fn unset_socket() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn optional_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    Ok((!text.is_empty()).then(|| text.trim_end_matches('/').to_owned()))
}

fn megabytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    u64::deserialize(deserializer).map(|megabytes| megabytes << 20)
}

fn optional_socket<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SocketAddr>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let socket = (!text.is_empty()).then(|| text.parse()).transpose();
    socket.map_err(serde::de::Error::custom)
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    String::deserialize(deserializer).map(Secret::new)
}
