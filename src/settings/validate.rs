//! What values settings may have. All problems are found, each under its path.

use super::model::{
    BackupsModel, BatchModel, LogsModel, MetaModel, Model, RateLimitsModel, S3Model, SmtpModel, text_of,
};
use super::rate_limit::{self, Audience};
use crate::base::limits::{
    BATCH_BODY_MAX_BYTES, BATCH_REQUESTS_MAX, BATCH_TIMEOUT_MAX_SECONDS, LOG_DATA_MAX_BYTES, LOG_DAYS_MAX,
};
use crate::base::{FieldError, FieldErrors, IpRange};
use crate::domain::field::{email, url};

const NAME_MAX_CHARS: usize = 255;
/// `#` and six digits.
const COLOR_CHARS: usize = 7;
const PORT_MAX: i64 = 65_535;

/// What is wrong with the parts of the settings that `changed` are in. Others may be as the configuration has them,
/// which may be what nobody could set here; that mustn't stand in the way.
pub(super) fn check(model: &Model, changed: &[String]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    let mut check = |part: &str, found: FieldErrors| {
        let is_in =
            |path: &String| path.strip_prefix(part).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        if changed.iter().any(is_in) {
            errors.add_all(part, found);
        }
    };
    check("meta", meta(&model.meta));
    check("smtp", smtp(&model.smtp));
    check("s3", s3(&model.s3));
    check("backups", backups(&model.backups, changed));
    check("batch", batch(&model.batch));
    check("logs", logs(&model.logs));
    check("rateLimits", rate_limits(&model.rate_limits));
    check("superuserIPs", networks(&model.superuser_ips));
    errors
}

fn meta(meta: &MetaModel) -> FieldErrors {
    let mut errors = FieldErrors::new();
    errors.check("appName", name(&meta.app_name));
    errors.check("senderName", name(&meta.sender_name));
    errors.check("appURL", required(&meta.app_url).and_then(|()| web_url(&meta.app_url)));
    errors.check("senderAddress", required(&meta.sender_address).and_then(|()| address(&meta.sender_address)));
    errors.check("accentColor", color(&meta.accent_color));
    errors
}

fn smtp(smtp: &SmtpModel) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if smtp.enabled {
        errors.check("host", required(&smtp.host).and_then(|()| host(&smtp.host)));
        errors.check("port", present(smtp.port).and_then(|()| between(smtp.port, 0, PORT_MAX)));
        errors.check("localName", if smtp.local_name.is_empty() { Ok(()) } else { host(&smtp.local_name) });
        if !matches!(smtp.auth_method.as_str(), "" | "PLAIN" | "LOGIN") {
            errors.add("authMethod", one_of("PLAIN and LOGIN"));
        }
    }
    errors
}

fn s3(s3: &S3Model) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if s3.enabled {
        errors.check("bucket", required(&s3.bucket));
        errors.check("region", required(&s3.region));
        errors.check("accessKey", required(&s3.access_key));
        errors.check("secret", required(text_of(&s3.secret)));
        errors.check("endpoint", required(&s3.endpoint).and_then(|()| url_or_host(&s3.endpoint)));
    }
    errors
}

/// Whether `cron` is an expression, jobs know.
fn backups(backups: &BackupsModel, changed: &[String]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if changed.iter().any(|path| path.starts_with("backups.s3.")) {
        errors.add_all("s3", s3(&backups.s3));
    }
    if !backups.cron.is_empty() {
        errors.check("cronMaxKeep", present(backups.cron_max_keep).and_then(|()| at_least(backups.cron_max_keep, 1)));
    }
    errors
}

fn batch(batch: &BatchModel) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (name, number, max) in [
        ("maxRequests", batch.max_requests, BATCH_REQUESTS_MAX),
        ("timeout", batch.timeout, BATCH_TIMEOUT_MAX_SECONDS),
        ("maxBodySize", batch.max_body_size, BATCH_BODY_MAX_BYTES),
    ] {
        let needed = batch.enabled && name != "maxBodySize";
        errors.check(name, if needed { present(number) } else { Ok(()) }.and_then(|()| between(number, 0, max)));
    }
    errors
}

fn logs(logs: &LogsModel) -> FieldErrors {
    let mut errors = FieldErrors::new();
    errors.check("maxDays", between(logs.max_days, 0, LOG_DAYS_MAX));
    errors.check("maxDataSize", between(logs.max_data_size, 0, LOG_DATA_MAX_BYTES));
    errors
}

fn rate_limits(limits: &RateLimitsModel) -> FieldErrors {
    let mut errors = FieldErrors::new();
    if limits.enabled && limits.rules.is_empty() {
        errors.add("rules", FieldError::required());
    }
    for (at, rule) in limits.rules.iter().enumerate() {
        let path = |name: &str| format!("rules.{at}.{name}");
        errors.check(&path("label"), required(&rule.label).and_then(|()| label(&rule.label)));
        errors.check(&path("maxRequests"), present(rule.max_requests).and_then(|()| at_least(rule.max_requests, 1)));
        errors.check(&path("duration"), present(rule.duration).and_then(|()| at_least(rule.duration, 1)));
        let Some(audience) = Audience::parse(&rule.audience) else {
            errors.add(&path("audience"), one_of("nothing, @guest and @auth"));
            continue;
        };
        let others = limits.rules[..at].iter().filter(|other| other.label == rule.label);
        if others.filter_map(|other| Audience::parse(&other.audience)).any(|other| other.overlaps(audience)) {
            let message = format!("There is a limit for {} already that counts the same requests.", rule.label);
            let conflict = FieldError::new("validation_conflicting_rate_limit_rule", message);
            errors.add(&path("label"), conflict.with("label", rule.label.as_str()));
        }
    }
    errors.add_all("excludedIPs", networks(&limits.excluded_ips));
    errors
}

fn networks(texts: &[String]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (at, text) in texts.iter().enumerate() {
        let valid = text.parse::<IpRange>().map(|_| ());
        // The code is spelled as the interface has it.
        let wrong = |message| FieldError::new("validation_invlaid_ip_or_subnet", format!("{message}."));
        errors.check(&at.to_string(), required(text).and_then(|()| valid.map_err(wrong)));
    }
    errors
}

fn required(text: &str) -> Result<(), FieldError> {
    if text.is_empty() { Err(FieldError::required()) } else { Ok(()) }
}

fn present(number: i64) -> Result<(), FieldError> {
    if number == 0 { Err(FieldError::required()) } else { Ok(()) }
}

fn at_least(number: i64, min: i64) -> Result<(), FieldError> {
    between(number, min, i64::MAX)
}

fn between(number: i64, min: i64, max: i64) -> Result<(), FieldError> {
    let wrong = |code, message, threshold: i64| Err(FieldError::new(code, message).with("threshold", threshold));
    if number < min {
        return wrong("validation_min_greater_equal_than_required", format!("This must be {min} or more."), min);
    }
    if number > max {
        return wrong("validation_max_less_equal_than_required", format!("This must be {max} or less."), max);
    }
    Ok(())
}

fn name(text: &str) -> Result<(), FieldError> {
    required(text)?;
    if text.chars().count() > NAME_MAX_CHARS {
        let error = FieldError::new("validation_length_out_of_range", "This is too long.");
        return Err(error.with("min", 1).with("max", NAME_MAX_CHARS));
    }
    Ok(())
}

fn web_url(text: &str) -> Result<(), FieldError> {
    let scheme = text.starts_with("http://") || text.starts_with("https://");
    if scheme && url::is_url(text) { Ok(()) } else { Err(not_a_url()) }
}

fn url_or_host(text: &str) -> Result<(), FieldError> {
    if text.contains("://") { web_url(text) } else { web_url(&format!("https://{text}")) }
}

fn not_a_url() -> FieldError {
    FieldError::new("validation_is_url", "This isn't a web address.")
}

/// An address, also one on this machine alone.
fn address(text: &str) -> Result<(), FieldError> {
    let local = text.strip_suffix("@localhost").map(|name| format!("{name}@example.com"));
    if email::is_email(local.as_deref().unwrap_or(text)) {
        return Ok(());
    }
    Err(FieldError::new("validation_is_email", "This isn't an email address."))
}

fn host(text: &str) -> Result<(), FieldError> {
    let bracketed = text.parse::<std::net::Ipv6Addr>().map(|ip| format!("[{ip}]"));
    if url::is_host(bracketed.as_deref().unwrap_or(text)) {
        return Ok(());
    }
    Err(FieldError::new("validation_is_host", "This is neither a host's name nor an IP address."))
}

fn color(text: &str) -> Result<(), FieldError> {
    if text.is_empty() {
        return Ok(());
    }
    if text.chars().count() != COLOR_CHARS {
        let error = FieldError::new("validation_length_invalid", "This must have 7 characters, such as #1055c9.");
        return Err(error.with("min", COLOR_CHARS).with("max", COLOR_CHARS));
    }
    let digits = text.strip_prefix('#').is_some_and(|digits| digits.chars().all(|c| c.is_ascii_hexdigit()));
    if digits {
        Ok(())
    } else {
        Err(FieldError::new("validation_is_hex_color", "This isn't a colour such as #1055c9."))
    }
}

fn label(text: &str) -> Result<(), FieldError> {
    if rate_limit::is_label(text) {
        return Ok(());
    }
    Err(FieldError::new(
        "validation_match_invalid",
        "This must be a path, a method and a path, `collection:tag`, `*:tag`, or a collection.",
    ))
}

fn one_of(what: &str) -> FieldError {
    FieldError::new("validation_in_invalid", format!("This must be one of {what}."))
}
