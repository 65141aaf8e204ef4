//! The table of our own configuration keys, and the list of Rocket's.
//!
//! Defaults, help texts, `config show` and the check for unknown keys all follow from these tables, so that adding a
//! key means adding one line here and one field to [`super::Config`].

use figment::value::Value;

use super::rate_limit::RateLimit;
use crate::base::IpRange;

/// One of our keys: `name` under `[holdall]` in `Rocket.toml`, `HOLDALL_NAME` in the environment.
pub struct Key {
    /// The key's name, in snake case with its unit last.
    pub name: &'static str,
    /// What values it takes.
    pub kind: KeyKind,
    /// The built-in default, as it would be written in the environment.
    pub default: &'static str,
    /// What it does, in one sentence.
    pub doc: &'static str,
    /// Whether the value must not be shown.
    pub secret: bool,
}

/// What values a key takes.
#[derive(Clone, Copy, Debug)]
pub enum KeyKind {
    /// Any text.
    Text,
    /// `ADDRESS:PORT` of a socket.
    Socket,
    /// The same, or empty.
    OptionalSocket,
    /// The start of a URL with `http://` or `https://`; may be empty.
    Url,
    /// Texts, separated by commas where the source has no lists.
    List,
    /// The same, each an IP address or a network such as `10.0.0.0/8`.
    Networks,
    /// The same, each as [`RateLimit`] reads it.
    RateLimits,
    /// A whole number from the first to the second.
    Count(i64, i64),
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// The words that `log_level` takes, quietest first.
pub const LOG_LEVELS: &[&str] = &["off", "error", "warn", "info", "debug", "trace"];
/// The words that `superuser_second_factor` takes.
pub const REQUIREMENTS: &[&str] = &["optional", "required"];
/// The words that `smtp_encryption` takes.
pub const SMTP_ENCRYPTIONS: &[&str] = &["auto", "starttls", "tls", "none"];
/// The words that `smtp_auth_method` takes.
pub const SMTP_AUTH_METHODS: &[&str] = &["auto", "plain", "login"];
/// The words that `s3_addressing` and its likes take.
pub const S3_ADDRESSINGS: &[&str] = &["path", "host"];
/// The words that `front` takes.
pub const FRONTS: &[&str] = &["auto", "always", "never"];
/// The words that `log_format` takes.
pub const LOG_FORMATS: &[&str] = &["auto", "color", "plain", "json"];

const fn key(name: &'static str, kind: KeyKind, default: &'static str, doc: &'static str) -> Key {
    Key { name, kind, default, doc, secret: false }
}

/// All our keys, in the order in which they are shown.
#[rustfmt::skip]
pub const KEYS: &[Key] = &[
    key("data_dir", KeyKind::Text, "holdall_data",
        "Folder of everything that is kept: database, files, backups."),
    key("http", KeyKind::Socket, "127.0.0.1:8090",
        "Address and port to listen on; a short form of Rocket's `address` and `port`."),
    key("public_url", KeyKind::Url, "",
        "Where people reach this server, such as https://api.example.com; empty means the listening address."),
    key("domains", KeyKind::List, "",
        "Names that this server is reached by; with them it gets certificates for HTTPS by ACME and renews them."),
    key("https", KeyKind::Socket, "[::]:443",
        "Address and port to listen on for HTTPS, where there are `domains` or a `tls_cert_file`."),
    key("tls_cert_file", KeyKind::Text, "",
        "A PEM file with a certificate of your own and those behind it, instead of ACME; read again when it changes."),
    key("tls_key_file", KeyKind::Text, "",
        "A PEM file with its private key."),
    key("hsts_seconds", KeyKind::Count(0, 63_072_000), "0",
        "For how long browsers are told to come by HTTPS only, in seconds; 0 doesn't tell them."),
    key("acme_directory_url", KeyKind::Url, "https://acme-v02.api.letsencrypt.org/directory",
        "The service that certificates come from."),
    key("acme_email", KeyKind::Text, "",
        "An address that the service may write to; may be empty."),
    key("acme_ca_file", KeyKind::Text, "",
        "A PEM file with a certificate authority to trust besides the public ones, for such services of your own."),
    key("front", KeyKind::Choice(FRONTS), "auto",
        "Whether slow clients are bounded here; auto does it with HTTPS, and where others than this machine connect."),
    key("client_head_seconds", KeyKind::Count(1, 3600), "10",
        "A client must send the head of its request (and before that, agree on TLS) within this time, in seconds."),
    key("client_idle_seconds", KeyKind::Count(1, 3600), "60",
        "A connection that nothing is asked on is closed after this time, in seconds."),
    key("client_body_seconds", KeyKind::Count(1, 3600), "60",
        "A client that sends a body must not pause for longer than this, in seconds."),
    key("client_write_seconds", KeyKind::Count(1, 3600), "60",
        "A client that takes nothing of its answer for this long is disconnected, in seconds."),
    key("connections_max", KeyKind::Count(0, 1_000_000), "0",
        "Connections at the same time; 0 takes what the system's limit of open files allows, up to 20000."),
    key("connections_per_address", KeyKind::Count(1, 1_000_000), "256",
        "The same from one address (with IPv6, from one /64 network)."),
    key("connections_exempt", KeyKind::Networks, "127.0.0.1, ::1",
        "Addresses and networks, such as 10.0.0.0/8, for which that doesn't count: those of proxies."),
    key("cors_origins", KeyKind::List, "*",
        "Web origins that may call the API from a browser; `*` and `?` stand for any characters."),
    key("readers", KeyKind::Count(0, 256), "0",
        "Threads that read the database; 0 takes two for each processor core, from 4 to 16."),
    key("queue_length", KeyKind::Count(1, 1_000_000), "2048",
        "Reads, and as many writes, that may wait for their turn before further ones are turned away."),
    key("wait_timeout_ms", KeyKind::Count(1, 600_000), "5000",
        "How long a request waits for its turn at the database, in milliseconds."),
    key("statement_timeout_ms", KeyKind::Count(1, 600_000), "15000",
        "How long one request's statements may run, in milliseconds."),
    key("slow_statement_ms", KeyKind::Count(0, 600_000), "500",
        "Statements that take at least this long are logged with their plan, in milliseconds; 0 logs none."),
    key("wal_soft_limit_mb", KeyKind::Count(1, 65_536), "16",
        "Size of the write-ahead log from which it is copied into the database, in megabytes."),
    key("wal_hard_limit_mb", KeyKind::Count(1, 65_536), "64",
        "Size of the write-ahead log that writers wait at, in megabytes."),
    key("bcrypt_max_parallel", KeyKind::Count(0, 256), "0",
        "Passwords that are hashed at the same time; 0 takes the number of processor cores."),
    key("thumb_workers", KeyKind::Count(0, 256), "0",
        "Previews of pictures that are made at the same time; 0 takes the number of processor cores."),
    key("thumb_max_megapixels", KeyKind::Count(1, 60), "50",
        "Larger pictures have no previews; making one needs about four megabytes for each megapixel."),
    key("session_idle_hours", KeyKind::Count(1, 87_600), "168",
        "A session that isn't used for this long ends, in hours."),
    key("session_max_hours", KeyKind::Count(1, 87_600), "720",
        "A session ends after this time even if it is used, in hours."),
    key("superuser_second_factor", KeyKind::Choice(REQUIREMENTS), "optional",
        "Whether superusers need a second factor to sign in."),
    key("login_failures_per_account", KeyKind::Count(1, 1_000_000), "10",
        "Failed attempts to sign in to an account after which further ones have to wait, longer each time."),
    key("login_failures_per_address", KeyKind::Count(1, 1_000_000), "100",
        "The same for all attempts from one address (with IPv6, from one /64 network)."),
    key("realtime_max_clients", KeyKind::Count(1, 1_000_000), "10000",
        "Clients that may listen for realtime messages at the same time; further ones are turned away."),
    key("s3_bucket", KeyKind::Text, "",
        "The bucket of an S3-compatible service that files are kept in; empty keeps them in the data folder."),
    key("s3_endpoint", KeyKind::Url, "",
        "Where that service is, such as https://s3.example.com; empty is Amazon's for the region."),
    key("s3_region", KeyKind::Text, "us-east-1",
        "The region that the service expects to be named."),
    key("s3_access_key", KeyKind::Text, "",
        "The access key id for it."),
    Key { secret: true, ..key("s3_secret_key", KeyKind::Text, "",
        "The secret access key for it.") },
    key("s3_addressing", KeyKind::Choice(S3_ADDRESSINGS), "path",
        "Whether requests name the bucket in the path, or in the host, before that of the endpoint."),
    key("upload_hours", KeyKind::Count(1, 8760), "24",
        "A resumable upload that no record has taken after this time is removed, in hours."),
    key("uploads_per_owner_max_mb", KeyKind::Count(0, 1_048_576), "2048",
        "What one account (or, for guests, one address) may have in unfinished resumable uploads, in megabytes."),
    key("uploads_max_mb", KeyKind::Count(0, 16_777_216), "10240",
        "What everybody together may have in them, in megabytes; 0 turns resumable uploads off."),
    key("realtime_log_changes", KeyKind::Count(100, 1_000_000), "10000",
        "Changes that are remembered for realtime clients that come back and ask what they have missed."),
    key("realtime_log_mb", KeyKind::Count(1, 65_536), "32",
        "The same in megabytes, about."),
    key("batch_enabled", KeyKind::Flag, "false",
        "Whether clients may send several requests at once to /api/batch."),
    key("batch_max_requests", KeyKind::Count(0, 1_000_000), "50",
        "Requests that one batch may hold; 0 turns batches off."),
    key("batch_timeout_ms", KeyKind::Count(1, 600_000), "3000",
        "How long one batch may keep other writers waiting before it is undone, in milliseconds."),
    key("batch_max_body_mb", KeyKind::Count(1, 65_536), "128",
        "Size of the body of one batch with all its files, in megabytes."),
    key("redirect_allow", KeyKind::List, "",
        "Where sign-in pages may lead back to besides this server: origins such as https://app.example.com, or \
         addresses that end in / with everything below them."),
    key("forward_auth_domain", KeyKind::Text, "",
        "The domain, such as example.com, whose hosts share one login by forward-auth; empty keeps it to this host."),
    key("theme_dir", KeyKind::Text, "",
        "Folder with templates that take the place of the built-in ones for hosted pages and mails."),
    key("app_name", KeyKind::Text, "Holdall",
        "What people know this server as; shown on hosted pages and in mails."),
    key("mail_from_address", KeyKind::Text, "holdall@localhost",
        "The sender's address of mails."),
    key("mail_from_name", KeyKind::Text, "",
        "The sender's name of mails; empty takes `app_name`."),
    key("smtp_host", KeyKind::Text, "",
        "The mail server; empty keeps all mail here, in the log and the outbox."),
    key("smtp_port", KeyKind::Count(1, 65_535), "587",
        "Its port."),
    key("smtp_encryption", KeyKind::Choice(SMTP_ENCRYPTIONS), "auto",
        "How the connection to it is protected; auto is starttls, but plain text to a server on this machine that \
         doesn't offer it."),
    key("smtp_auth_method", KeyKind::Choice(SMTP_AUTH_METHODS), "auto",
        "How the user name and password are sent to it; auto takes what it offers."),
    key("smtp_local_name", KeyKind::Text, "",
        "What this server calls itself when it greets it; empty is the machine's name."),
    key("smtp_username", KeyKind::Text, "",
        "The user name for it; empty signs in nowhere."),
    Key { secret: true, ..key("smtp_password", KeyKind::Text, "",
        "The password for it.") },
    key("smtp_ca_file", KeyKind::Text, "",
        "A PEM file with a certificate authority to trust besides the public ones, for mail servers of your own."),
    key("backup_cron", KeyKind::Text, "",
        "When backups are made by themselves, as five fields such as `0 3 * * *` (UTC); empty makes none."),
    key("backup_keep", KeyKind::Count(1, 10_000), "3",
        "Of the backups that were made by themselves, so many of the newest are kept."),
    key("backup_s3_bucket", KeyKind::Text, "",
        "The bucket of an S3-compatible service that backups are kept in; empty keeps them in the data folder."),
    key("backup_s3_endpoint", KeyKind::Url, "",
        "Where that service is, such as https://s3.example.com; empty is Amazon's for the region."),
    key("backup_s3_region", KeyKind::Text, "us-east-1",
        "The region that the service expects to be named."),
    key("backup_s3_access_key", KeyKind::Text, "",
        "The access key id for it."),
    Key { secret: true, ..key("backup_s3_secret_key", KeyKind::Text, "",
        "The secret access key for it.") },
    key("backup_s3_addressing", KeyKind::Choice(S3_ADDRESSINGS), "path",
        "As s3_addressing."),
    key("snapshot_keep", KeyKind::Count(0, 1000), "3",
        "Of the states of the databases that are kept before upgrades, so many of the newest stay; 0 keeps none."),
    key("update_manifest", KeyKind::Text, "",
        "A file, or an address, that names the newest version for `holdall update check`; empty asks nobody."),
    key("update_key", KeyKind::Text, "",
        "The public Ed25519 key in base64 that must have signed that file; empty asks for no signature."),
    key("ship_to", KeyKind::Text, "",
        "Where every change is copied to while the server runs: a folder, or s3://BUCKET/PREFIX; empty copies none."),
    key("ship_interval_ms", KeyKind::Count(10, 600_000), "500",
        "How often that is done while there are changes, in milliseconds."),
    key("ship_snapshot_hours", KeyKind::Count(1, 8760), "24",
        "After so many hours with changes the whole database is copied there, too, in hours."),
    key("ship_retention_hours", KeyKind::Count(1, 87_600), "168",
        "For so long any moment can be restored, in hours."),
    key("ship_s3_endpoint", KeyKind::Url, "",
        "Where the service of that bucket is, such as https://s3.example.com; empty is Amazon's for the region."),
    key("ship_s3_region", KeyKind::Text, "us-east-1",
        "The region that the service expects to be named."),
    key("ship_s3_access_key", KeyKind::Text, "",
        "The access key id for it."),
    Key { secret: true, ..key("ship_s3_secret_key", KeyKind::Text, "",
        "The secret access key for it.") },
    key("ship_s3_addressing", KeyKind::Choice(S3_ADDRESSINGS), "path",
        "As s3_addressing."),
    key("log_level", KeyKind::Choice(LOG_LEVELS), "info",
        "The least important messages that are logged."),
    key("log_format", KeyKind::Choice(LOG_FORMATS), "auto",
        "How log lines look; auto uses colours on a terminal, json writes one object per line."),
    key("metrics_http", KeyKind::OptionalSocket, "",
        "Address and port on which /metrics, /livez and /readyz answer everybody in full; empty for none."),
    key("otlp_endpoint", KeyKind::Url, "",
        "Where traces are sent by OTLP over HTTP, such as http://127.0.0.1:4318; empty for nowhere."),
    key("otlp_service_name", KeyKind::Text, "holdall",
        "What this server is called in traces."),
    key("otlp_sample_percent", KeyKind::Count(0, 100), "100",
        "How many of a hundred requests become traces, unless whoever sends a request has decided that."),
    key("disk_reserve_mb", KeyKind::Count(0, 1_000_000), "64",
        "With less room on the data folder's disk the server says that it isn't ready, in megabytes; 0 for never."),
    key("logs_max_days", KeyKind::Count(0, 36_500), "5",
        "Days for which requests stay in the log that superusers can search; 0 logs none and deletes what is there."),
    key("logs_max_mb", KeyKind::Count(1, 65_536), "64",
        "Size of that log in megabytes, from which the oldest entries make room for new ones."),
    key("logs_max_per_second", KeyKind::Count(1, 1_000_000), "500",
        "Requests of one second that are logged in it, and as many that failed; of others only the number is."),
    key("logs_min_level", KeyKind::Count(-1000, 1000), "0",
        "The lowest level that is kept in it: -4 is debug, 0 info, 4 warn, 8 error."),
    key("logs_max_data_bytes", KeyKind::Count(0, 16_777_216), "0",
        "How much is kept of what is known of one request, in bytes; 0 keeps it all (a few thousand at most)."),
    key("logs_log_ip", KeyKind::Flag, "true",
        "Whether it keeps the addresses that requests came from."),
    key("logs_log_auth_id", KeyKind::Flag, "false",
        "Whether it keeps the ids of the accounts that sent them."),
    key("trusted_proxy_headers", KeyKind::List, "",
        "Headers in which a proxy before this server says where a request comes from, such as X-Forwarded-For; the \
         first that is there counts. Empty believes none."),
    key("trusted_proxy_leftmost", KeyKind::Flag, "false",
        "Whether the first address in such a header counts instead of the last; anybody can write the first."),
    key("trusted_proxy_ips", KeyKind::Networks, "",
        "Addresses or networks of the proxies that are believed, such as 10.0.0.0/8; empty believes whoever connects."),
    key("superuser_ips", KeyKind::Networks, "",
        "Addresses or networks from which superusers are let in; empty is from everywhere."),
    key("rate_limits_enabled", KeyKind::Flag, "false",
        "Whether clients that send too many requests are turned away."),
    key("rate_limits", KeyKind::RateLimits, "*:auth 2/3, *:create 20/5, /api/batch 3/1, /api/ 300/10",
        "How many they may send: what, for whom if not for all (@guest, @auth), requests/seconds."),
    key("rate_limits_excluded_ips", KeyKind::Networks, "",
        "Addresses or networks that aren't counted."),
    key("accent_color", KeyKind::Text, "#1055c9",
        "The colour that dashboards take for buttons and links, as # and six hexadecimal digits; the hosted pages have \
         their own."),
    key("hide_controls", KeyKind::Flag, "false",
        "Whether dashboards are to hide what changes collections and settings."),
    Key { secret: true, ..key("encryption_key", KeyKind::Text, "",
        "With this, settings in the database are encrypted: 32 characters or more, to be kept elsewhere.") },
    Key { secret: true, ..key("encryption_key_before", KeyKind::Text, "",
        "What they are encrypted with now, if encryption_key is a new one.") },
    key("superuser_email", KeyKind::Text, "",
        "Address of the superuser that is created at start while there is none, for unattended installs."),
    Key { secret: true, ..key("superuser_password", KeyKind::Text, "",
        "Password of that superuser.") },
];

/// Rocket's own keys, as far as they are compiled in. They are set in `[default]`, `[debug]`, `[release]` or
/// `[global]` of `Rocket.toml`, or as `ROCKET_NAME` in the environment.
pub const ROCKET_KEYS: &[&str] = &[
    "address",
    "port",
    "workers",
    "max_blocking",
    "ident",
    "limits",
    "temp_dir",
    "keep_alive",
    "shutdown",
    "log_level",
    "cli_colors",
];

/// One of our keys by name.
pub fn find_key(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// A sentence, with a space before it, that names the one of `known` that is spelled most like `name`.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    known
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| format!(" The nearest known one is `{candidate}`."))
        .unwrap_or_default()
}

impl KeyKind {
    /// Reads a value as it stands in a TOML file.
    ///
    /// # Errors
    /// Says what the key takes.
    pub fn read(self, value: &Value) -> Result<Value, String> {
        match (self, value) {
            (_, Value::String(_, text)) => self.read_text(text),
            (KeyKind::Count(..), Value::Num(..)) => match value.to_i128() {
                Some(number) => self.read_text(&number.to_string()),
                None => Err(self.takes()),
            },
            (KeyKind::Flag, Value::Bool(..)) => Ok(value.clone()),
            (KeyKind::List | KeyKind::Networks | KeyKind::RateLimits, Value::Array(_, items)) => {
                let texts: Option<Vec<&str>> = items.iter().map(|item| item.as_str()).collect();
                texts.filter(|texts| self.takes_all(texts)).map(|_| value.clone()).ok_or_else(|| self.takes())
            }
            _ => Err(self.takes()),
        }
    }

    /// Reads a value from text, as in the environment.
    ///
    /// # Errors
    /// Says what the key takes.
    pub fn read_text(self, text: &str) -> Result<Value, String> {
        let valid = match self {
            KeyKind::Text => true,
            KeyKind::Socket => text.parse::<std::net::SocketAddr>().is_ok(),
            KeyKind::OptionalSocket => text.is_empty() || text.parse::<std::net::SocketAddr>().is_ok(),
            KeyKind::Url => text.is_empty() || is_web_url(text),
            KeyKind::List | KeyKind::Networks | KeyKind::RateLimits => {
                let items = split_list(text);
                return if self.takes_all(&items) { Ok(Value::from(items)) } else { Err(self.takes()) };
            }
            KeyKind::Flag => return text.trim().parse::<bool>().map(Value::from).map_err(|_| self.takes()),
            KeyKind::Count(min, max) => {
                return match text.trim().parse::<i64>() {
                    Ok(number) if (min..=max).contains(&number) => Ok(Value::from(number)),
                    _ => Err(self.takes()),
                };
            }
            KeyKind::Choice(words) => words.contains(&text),
        };
        if valid { Ok(Value::from(text)) } else { Err(self.takes()) }
    }

    /// Whether all entries of a list are valid.
    fn takes_all<T: AsRef<str>>(self, items: &[T]) -> bool {
        items.iter().map(AsRef::as_ref).all(|item: &str| match self {
            KeyKind::Networks => item.parse::<IpRange>().is_ok(),
            KeyKind::RateLimits => item.parse::<RateLimit>().is_ok(),
            _ => true,
        })
    }

    /// What values the kind takes, to complete "must be …".
    pub fn takes(self) -> String {
        match self {
            KeyKind::Text => "text".to_owned(),
            KeyKind::Socket => "an address and a port, such as 127.0.0.1:8090 or [::1]:8090".to_owned(),
            KeyKind::OptionalSocket => "empty or an address and a port, such as 127.0.0.1:9090".to_owned(),
            KeyKind::Url => "empty or a URL that starts with http:// or https://".to_owned(),
            KeyKind::List => "a list of texts".to_owned(),
            KeyKind::Networks => "a list of IP addresses and networks, such as 10.0.0.0/8".to_owned(),
            KeyKind::RateLimits => "a list of limits, such as `*:auth 2/3` or `POST /api/x @guest 20/5`".to_owned(),
            KeyKind::Flag => "true or false".to_owned(),
            KeyKind::Count(min, max) => format!("a whole number from {min} to {max}"),
            KeyKind::Choice(words) => format!("one of {}", words.join(", ")),
        }
    }
}

fn is_web_url(text: &str) -> bool {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && !rest.contains(char::is_whitespace))
}

fn split_list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_valid_and_every_name_is_unique() {
        for (at, key) in KEYS.iter().enumerate() {
            assert!(key.kind.read_text(key.default).is_ok(), "{}", key.name);
            assert!(!KEYS[..at].iter().any(|other| other.name == key.name), "{}", key.name);
            assert!(key.doc.ends_with('.'), "{}", key.name);
        }
    }

    #[test]
    fn kinds_refuse_what_they_do_not_take() {
        let cases: &[(KeyKind, &str, bool)] = &[
            (KeyKind::Count(1, 10), "10", true),
            (KeyKind::Count(1, 10), "11", false),
            (KeyKind::Count(1, 10), "0", false),
            (KeyKind::Count(1, 10), "ten", false),
            (KeyKind::Socket, "[::1]:80", true),
            (KeyKind::Socket, "8090", false),
            (KeyKind::Url, "https://a.example", true),
            (KeyKind::Url, "a.example", false),
            (KeyKind::Url, "http://", false),
            (KeyKind::Flag, "true", true),
            (KeyKind::Flag, "yes", false),
            (KeyKind::Choice(LOG_LEVELS), "warn", true),
            (KeyKind::Choice(LOG_LEVELS), "WARN", false),
        ];
        for (kind, text, valid) in cases {
            assert_eq!(kind.read_text(text).is_ok(), *valid, "{kind:?} {text}");
        }
    }

    #[test]
    fn numbers_in_files_may_be_numbers_or_text() {
        let kind = KeyKind::Count(1, 10);
        assert!(kind.read(&Value::from(7)).is_ok());
        assert!(kind.read(&Value::from("7")).is_ok());
        assert!(kind.read(&Value::from(7.5)).is_err());
        assert!(kind.read(&Value::from(true)).is_err());
    }

    #[test]
    fn flags_in_files_may_be_flags_or_text() {
        let truth = |value: Value| KeyKind::Flag.read(&value).ok().and_then(|value| value.to_bool());
        assert_eq!(truth(Value::from(true)), Some(true));
        assert_eq!(truth(Value::from("false")), Some(false));
        assert_eq!(truth(Value::from(1)), None);
    }
}
