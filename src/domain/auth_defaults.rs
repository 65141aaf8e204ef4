//! What a new auth collection starts with: lives of tokens, bounds of codes, texts of mails.
//!
//! The secrets stay empty; the collections service generates them when a collection is saved.

use crate::domain::AuthOptions;
use crate::domain::collection::{
    AuthAlert, EmailTemplate, MfaOptions, OAuth2Options, OtpOptions, PasswordAuth, SessionOptions, TokenOptions,
};

impl Default for AuthOptions {
    fn default() -> Self {
        AuthOptions {
            auth_rule: Some(String::new()),
            manage_rule: None,
            auth_alert: AuthAlert::default(),
            oauth2: OAuth2Options::default(),
            password_auth: PasswordAuth::default(),
            mfa: MfaOptions::default(),
            otp: OtpOptions::default(),
            auth_token: lasting(432_000),
            password_reset_token: lasting(1800),
            email_change_token: lasting(1800),
            verification_token: lasting(86_400),
            file_token: lasting(180),
            verification_template: template(
                "Confirm your e-mail address for {APP_NAME}",
                "<p>Welcome to {APP_NAME}!</p>\n<p>Please confirm that this e-mail address is yours:</p>\n\
                 <p><a class=\"btn\" href=\"{APP_URL}/auth/{COLLECTION}/verify?token={TOKEN}\" target=\"_blank\" \
                 rel=\"noopener\">Confirm address</a></p>\n\
                 <p><i>If you haven't signed up, there is nothing to do.</i></p>\n<p>{APP_NAME}</p>",
            ),
            reset_password_template: template(
                "Choose a new password for {APP_NAME}",
                "<p>Somebody, hopefully you, asked for a new password.</p>\n\
                 <p><a class=\"btn\" href=\"{APP_URL}/auth/{COLLECTION}/reset?token={TOKEN}\" target=\"_blank\" \
                 rel=\"noopener\">Choose a password</a></p>\n\
                 <p><i>If it wasn't you, your password stays as it is.</i></p>\n<p>{APP_NAME}</p>",
            ),
            confirm_email_change_template: template(
                "Confirm your new e-mail address for {APP_NAME}",
                "<p>Please confirm that you want to use this e-mail address from now on:</p>\n\
                 <p><a class=\"btn\" href=\"{APP_URL}/auth/{COLLECTION}/change-email?token={TOKEN}\" target=\"_blank\" \
                 rel=\"noopener\">Use this address</a></p>\n\
                 <p><i>If you haven't asked for this, there is nothing to do.</i></p>\n<p>{APP_NAME}</p>",
            ),
            sessions: SessionOptions::default(),
        }
    }
}

impl Default for AuthAlert {
    fn default() -> Self {
        AuthAlert {
            enabled: true,
            email_template: template(
                "New sign-in to {APP_NAME}",
                "<p>Your {APP_NAME} account was used from a place that we haven't seen before:</p>\n\
                 <p><em>{ALERT_INFO}</em></p>\n\
                 <p><strong>If it wasn't you, change your password now; that ends all other sessions.</strong></p>\n\
                 <p>{APP_NAME}</p>",
            ),
        }
    }
}

impl Default for PasswordAuth {
    fn default() -> Self {
        PasswordAuth { enabled: true, identity_fields: vec!["email".to_owned()] }
    }
}

impl Default for MfaOptions {
    fn default() -> Self {
        MfaOptions { enabled: false, duration: 600, rule: String::new() }
    }
}

impl Default for OtpOptions {
    fn default() -> Self {
        OtpOptions {
            enabled: false,
            duration: 180,
            length: 8,
            email_template: template(
                "Your code for {APP_NAME}",
                "<p>Your one-time code is <strong>{OTP}</strong>.</p>\n\
                 <p><i>If you haven't asked for one, there is nothing to do.</i></p>\n<p>{APP_NAME}</p>",
            ),
        }
    }
}

/// A token's life in seconds, without a secret.
fn lasting(duration: i64) -> TokenOptions {
    TokenOptions { duration, ..TokenOptions::default() }
}

fn template(subject: &str, body: &str) -> EmailTemplate {
    EmailTemplate { subject: subject.to_owned(), body: body.to_owned() }
}
