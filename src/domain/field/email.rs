//! `email`: one address, kept in its letter case.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::checks::is_present;
use super::{Field, Kind, OptionSite, Storage, coerce, domains};
use crate::base::{FieldError, FieldErrors};
use crate::domain::Value;

/// Options of an `email` field. At most one of the lists is in use.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct EmailOptions {
    /// Domains that addresses must not have.
    pub except_domains: Vec<String>,
    /// The only domains that addresses may have; empty is any.
    pub only_domains: Vec<String>,
}

impl Kind for EmailOptions {
    fn storage(&self) -> Storage {
        Storage::Text
    }

    fn zero(&self) -> Value {
        Value::Text(String::new())
    }

    fn coerce(&self, input: &Json) -> Value {
        Value::Text(coerce::text(input))
    }

    fn check(&self, field: &Field, value: &Value) -> Result<(), FieldError> {
        if !is_present(field, value)? {
            return Ok(());
        }
        let domain = domain_of(value.as_text())
            .ok_or_else(|| FieldError::new("validation_is_email", "This isn't an email address."))?;
        if !domains::allow(domain, &self.only_domains, &self.except_domains) {
            return Err(FieldError::new(
                "validation_email_domain_not_allowed",
                "Addresses of this domain aren't allowed.",
            ));
        }
        Ok(())
    }

    fn check_options(&self, _field: &Field, _site: &OptionSite<'_>) -> FieldErrors {
        domains::check_lists(&self.only_domains, &self.except_domains)
    }
}

/// Whether `text` is a plain address: `local@domain`, with a dot in the domain.
pub fn is_email(text: &str) -> bool {
    domain_of(text).is_some()
}

/// The domain of an address, or `None` if this isn't one.
fn domain_of(text: &str) -> Option<&str> {
    let (local, domain) = text.rsplit_once('@')?;
    (is_local_part(local) && is_mail_domain(domain)).then_some(domain)
}

/// Words with single dots between them, or one word in quotes.
fn is_local_part(local: &str) -> bool {
    if let Some(quoted) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return quoted.chars().all(|c| (c.is_ascii_graphic() || is_international(c)) && c != '"' && c != '\\');
    }
    let is_word_char = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_international(c);
    local.split('.').all(|word| !word.is_empty() && word.chars().all(is_word_char))
}

/// Two labels or more; the last one starts and ends with a letter, so addresses in figures are refused. One dot may
/// follow.
fn is_mail_domain(domain: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphabetic() || is_international(c);
    let is_edge = |c: char| is_letter(c) || c.is_ascii_digit();
    let is_label = |label: &str| {
        label.starts_with(is_edge) && label.ends_with(is_edge) && label.chars().all(|c| is_edge(c) || "-_~".contains(c))
    };
    match domain.strip_suffix('.').unwrap_or(domain).rsplit_once('.') {
        Some((rest, last)) => {
            rest.split('.').all(is_label) && is_label(last) && last.starts_with(is_letter) && last.ends_with(is_letter)
        }
        None => false,
    }
}

/// What international addresses add to ASCII.
fn is_international(c: char) -> bool {
    matches!(c, '\u{a0}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{ffef}')
}

#[cfg(test)]
mod tests {
    use super::super::checks::testing::{check_options, check_values, field};
    use super::*;
    use serde_json::json;

    #[test]
    fn addresses_are_told_from_other_text() {
        for text in [
            "a@b.c",
            "A@B.Com",
            "a.b+c@d.e",
            "\"a\"@c.d",
            "é@b.co",
            "a@é.co",
            "a@b.é",
            "я@я.рф",
            "a@b.co.",
            "a@b_c.co",
            "a'b@c.co",
            "a!#$%&*+-/=?^_`{|}~@c.co",
            "a@xn--p1ai.com",
            "a@b.xn--p1ai",
            "a@b.c_d",
            "a@b~c.co",
            "a@1.co",
        ] {
            assert!(is_email(text), "{text}");
        }
        for text in [
            "a",
            "a@b",
            "a@localhost",
            "@b.c",
            "a@",
            "a b@c.d",
            "a@b c.d",
            ".a@b.c",
            "a.@b.c",
            "a..b@c.d",
            "\"a b\"@c.d",
            "a@[1.2.3.4]",
            "a@1.2.3.4",
            "a@-b.co",
            "a@b-.co",
            "a@b..co",
            "a@.co",
            "a@b.",
            "a@b.-c",
            "a@b.c-",
            "a@b.c1",
            "a@b.1",
            " a@b.co",
            "a@b.co ",
            "a@b.co\n",
            "<a@b.co>",
            "A <a@b.co>",
            "a@@b.co",
            "a@b@c.co",
            "a(c)@b.co",
            "a,b@c.co",
            "a;b@c.co",
            "a:b@c.co",
            "a\\b@c.co",
            "a\"b@c.co",
            "\"@b.co",
            "a\u{1}@b.co",
            "👍@b.co",
            "a@b%c.co",
            "a@b.co,c@d.e",
        ] {
            assert!(!is_email(text), "{text}");
        }
    }

    #[test]
    fn domains_are_allowed_by_exact_name() {
        let refused = || Some(("validation_email_domain_not_allowed", json!(null)));
        check_values(
            json!({"type": "email", "onlyDomains": ["b.co"]}),
            &[(json!("a@b.co"), None), (json!("a@B.co"), refused()), (json!("a@c.co"), refused()), (json!(""), None)],
        );
        check_values(
            json!({"type": "email", "exceptDomains": ["b.co"]}),
            &[(json!("a@b.co"), refused()), (json!("a@B.co"), None), (json!("a@c.b.co"), None)],
        );
    }

    #[test]
    fn other_text_is_refused() {
        check_values(
            json!({"type": "email", "required": true}),
            &[
                (json!(1), Some(("validation_is_email", json!(null)))),
                (json!(true), Some(("validation_is_email", json!(null)))),
                (json!([]), Some(("validation_required", json!(null)))),
            ],
        );
    }

    #[test]
    fn lists_are_checked_and_null_is_no_list() {
        check_options(&[
            (json!({"type": "email", "onlyDomains": ["a.b", ""]}), json!({})),
            (json!({"type": "email", "onlyDomains": ["x"]}), json!({"onlyDomains": {"0": "validation_is_domain"}})),
            (
                json!({"type": "email", "onlyDomains": ["a.b"], "exceptDomains": ["c.d"]}),
                json!({"onlyDomains": "validation_empty", "exceptDomains": "validation_empty"}),
            ),
        ]);
        let unset = field(json!({"type": "email", "onlyDomains": null})).to_json();
        assert_eq!((&unset["onlyDomains"], &unset["exceptDomains"]), (&json!([]), &json!([])));
    }
}
