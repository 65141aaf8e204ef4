//! Checks of the options that only auth collections have.

use std::collections::HashSet;

use super::validate::{Site, check_rule, system_rule_change};
use crate::base::{FieldError, FieldErrors};
use crate::domain::collection::{EmailTemplate, OAuth2Options, PasswordAuth, SessionOptions, TokenOptions};
use crate::domain::oauth2::is_known_provider;
use crate::domain::{AuthOptions, Collection};

/// Lives of codes, in seconds.
const CODE_SECONDS: (i64, i64) = (10, 86_400);
/// Lives of tokens, in seconds: three years at most.
const TOKEN_SECONDS: (i64, i64) = (10, 94_670_856);
/// Lives of sessions, in seconds: two minutes at least, because their use is noted once a minute.
const SESSION_SECONDS: (i64, i64) = (120, 94_670_856);
const SECRET_CHARS: (usize, usize) = (30, 255);
const OTP_MIN_DIGITS: i64 = 4;
const URL_SCHEMES: [&str; 2] = ["http://", "https://"];

/// Checks the options; paths are those of the collection's JSON.
pub fn check(collection: &Collection, options: &AuthOptions, site: Site<'_>) -> FieldErrors {
    let mut errors = FieldErrors::new();
    check_rules(&mut errors, collection, options, site);
    check_template(&mut errors, "authAlert.emailTemplate", &options.auth_alert.email_template);
    check_template(&mut errors, "otp.emailTemplate", &options.otp.email_template);
    check_template(&mut errors, "verificationTemplate", &options.verification_template);
    check_template(&mut errors, "resetPasswordTemplate", &options.reset_password_template);
    check_template(&mut errors, "confirmEmailChangeTemplate", &options.confirm_email_change_template);
    for (key, token) in [
        ("authToken", &options.auth_token),
        ("passwordResetToken", &options.password_reset_token),
        ("emailChangeToken", &options.email_change_token),
        ("verificationToken", &options.verification_token),
        ("fileToken", &options.file_token),
    ] {
        check_token(&mut errors, key, token);
    }
    if options.password_auth.enabled {
        errors.check("passwordAuth.identityFields", check_identity_fields(collection, &options.password_auth));
    }
    if options.oauth2.enabled {
        check_providers(&mut errors, &options.oauth2);
    }
    if options.otp.enabled {
        errors.check("otp.duration", check_range(options.otp.duration, CODE_SECONDS));
        errors.check("otp.length", check_range(options.otp.length, (OTP_MIN_DIGITS, i64::MAX)));
    }
    if options.mfa.enabled {
        check_mfa(&mut errors, collection, options, site);
    }
    check_sessions(&mut errors, collection, &options.sessions);
    errors
}

fn check_rules(errors: &mut FieldErrors, collection: &Collection, options: &AuthOptions, site: Site<'_>) {
    let old = site.old.filter(|old| old.system).and_then(Collection::auth);
    if options.manage_rule.as_deref() == Some("") {
        let message = "This must be null or a rule; an empty one would let everybody manage everybody.";
        errors.add("manageRule", FieldError::new("validation_nil_or_not_empty_required", message));
    }
    for (key, rule, before) in [
        ("authRule", &options.auth_rule, old.map(|old| &old.auth_rule)),
        ("manageRule", &options.manage_rule, old.map(|old| &old.manage_rule)),
    ] {
        if before.is_some_and(|before| before != rule) {
            errors.add(key, system_rule_change());
        } else {
            errors.check(key, check_rule(collection, rule.as_deref(), site.schema));
        }
    }
}

fn check_template(errors: &mut FieldErrors, path: &str, template: &EmailTemplate) {
    errors.check(&format!("{path}.subject"), required(&template.subject));
    errors.check(&format!("{path}.body"), required(&template.body));
}

fn required(text: &str) -> Result<(), FieldError> {
    if text.is_empty() { Err(FieldError::required()) } else { Ok(()) }
}

fn check_token(errors: &mut FieldErrors, key: &str, token: &TokenOptions) {
    errors.check(&format!("{key}.duration"), check_range(token.duration, TOKEN_SECONDS));
    let (min, max) = SECRET_CHARS;
    let length = token.secret.expose().chars().count();
    let secret = match length {
        0 => Err(FieldError::required()),
        _ if (min..=max).contains(&length) => Ok(()),
        _ => Err(FieldError::new("validation_length_out_of_range", format!("Use {min} to {max} characters."))
            .with("min", min)
            .with("max", max)),
    };
    errors.check(&format!("{key}.secret"), secret);
}

fn check_sessions(errors: &mut FieldErrors, collection: &Collection, options: &SessionOptions) {
    for (key, seconds) in [("idleDuration", options.idle_duration), ("maxDuration", options.max_duration)] {
        if seconds != 0 {
            errors.check(&format!("sessions.{key}"), check_range(seconds, SESSION_SECONDS));
        }
    }
    if let Some(name) = options.end_on_change.iter().find(|name| collection.field(name).is_none()) {
        let error = FieldError::new("validation_missing_field", "There is no such field.");
        errors.add("sessions.endOnChange", error.with("fieldName", name.clone()));
    }
}

fn check_range(number: i64, (min, max): (i64, i64)) -> Result<(), FieldError> {
    let (code, threshold, message) = match number {
        0 => return Err(FieldError::required()),
        _ if number < min => ("validation_min_greater_equal_than_required", min, format!("Use {min} or more.")),
        _ if number > max => ("validation_max_less_equal_than_required", max, format!("Use {max} or less.")),
        _ => return Ok(()),
    };
    Err(FieldError::new(code, message).with("threshold", threshold))
}

fn check_identity_fields(collection: &Collection, options: &PasswordAuth) -> Result<(), FieldError> {
    if options.identity_fields.is_empty() {
        return Err(FieldError::required());
    }
    for name in &options.identity_fields {
        if collection.field(name).is_none() {
            let error = FieldError::new("validation_missing_field", "There is no such field.");
            return Err(error.with("fieldName", name.clone()));
        }
        if !collection.has_unique_index_on(name) {
            let message = format!("The field {name} needs a unique index of its own.");
            let error = FieldError::new("validation_missing_unique_constraint", message);
            return Err(error.with("fieldName", name.clone()));
        }
    }
    Ok(())
}

fn check_providers(errors: &mut FieldErrors, options: &OAuth2Options) {
    let mut seen = HashSet::new();
    for (at, provider) in options.providers.iter().enumerate() {
        if !provider.name.is_empty() && !seen.insert(&provider.name) {
            let error = FieldError::new("validation_duplicated_provider", "This provider is listed twice.");
            errors.add(&format!("oauth2.providers.{at}.name"), error.with("name", provider.name.clone()));
            return;
        }
    }
    for (at, provider) in options.providers.iter().enumerate() {
        let path = |key: &str| format!("oauth2.providers.{at}.{key}");
        let name = required(&provider.name).and_then(|()| match is_known_provider(&provider.name) {
            true => Ok(()),
            false => Err(FieldError::new("validation_missing_provider", "There is no such provider.")
                .with("name", provider.name.clone())),
        });
        errors.check(&path("name"), name);
        errors.check(&path("clientId"), required(&provider.client_id));
        errors.check(&path("clientSecret"), required(provider.client_secret.expose()));
        errors.check(&path("authURL"), check_url(&provider.auth_url));
        errors.check(&path("tokenURL"), check_url(&provider.token_url));
        errors.check(&path("userInfoURL"), check_url(&provider.user_info_url));
    }
}

/// Empty, or something that a browser or client could call.
fn check_url(url: &str) -> Result<(), FieldError> {
    let host = URL_SCHEMES.iter().find_map(|scheme| url.strip_prefix(scheme)).unwrap_or_default();
    let clean = !url.contains(|c: char| c.is_whitespace() || c.is_control());
    if url.is_empty() || clean && !host.is_empty() && !host.starts_with('/') {
        return Ok(());
    }
    Err(FieldError::new("validation_is_url", "This must be a URL."))
}

fn check_mfa(errors: &mut FieldErrors, collection: &Collection, options: &AuthOptions, site: Site<'_>) {
    let methods = [options.password_auth.enabled, options.oauth2.enabled, options.otp.enabled];
    if methods.into_iter().filter(|enabled| *enabled).count() < 2 {
        let message = "Two of password, OAuth2 and one-time code must be enabled.";
        errors.add("mfa.enabled", FieldError::new("validation_mfa_not_enough_auths", message));
    }
    errors.check("mfa.duration", check_range(options.mfa.duration, CODE_SECONDS));
    errors.check("mfa.rule", check_rule(collection, Some(&options.mfa.rule), site.schema));
}
