//! Lists of allowed and forbidden domains, which `email` and `url` fields have in common.

use crate::base::{FieldError, FieldErrors};

/// The longest name the domain name system has, and its longest label.
const DOMAIN_MAX_BYTES: usize = 253;
const LABEL_MAX_BYTES: usize = 63;

/// Whether the lists let `domain` pass; compared exactly, in its letter case.
pub(super) fn allow(domain: &str, only: &[String], except: &[String]) -> bool {
    (only.is_empty() || only.iter().any(|item| item == domain)) && !except.iter().any(|item| item == domain)
}

/// Refuses two lists at once and elements that aren't domain names.
pub(super) fn check_lists(only: &[String], except: &[String]) -> FieldErrors {
    let mut errors = FieldErrors::new();
    for (name, list, other) in [("onlyDomains", only, except), ("exceptDomains", except, only)] {
        if !list.is_empty() && !other.is_empty() {
            errors.add(name, FieldError::new("validation_empty", "Use one of the two domain lists only."));
            continue;
        }
        for (at, _) in list.iter().enumerate().filter(|(_, item)| !item.is_empty() && !is_domain(item)) {
            errors.add(&format!("{name}.{at}"), FieldError::new("validation_is_domain", "This isn't a domain name."));
        }
    }
    errors
}

/// At least two labels of ASCII letters, digits and inner hyphens; the last one starts with a letter.
fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= LABEL_MAX_BYTES
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    match text.rsplit_once('.') {
        Some((rest, last)) => {
            text.len() <= DOMAIN_MAX_BYTES
                && rest.split('.').all(is_label)
                && is_label(last)
                && last.starts_with(|c: char| c.is_ascii_alphabetic())
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(items: &[&str]) -> Vec<String> {
        items.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn elements_are_domain_names() {
        for (item, expect) in [
            ("a.b", true),
            ("A.B", true),
            ("xn--p1ai.co", true),
            ("b.xn--p1ai", true),
            ("", true),
            ("localhost", false),
            ("a.b:80", false),
            ("a b.co", false),
            ("é.co", false),
            ("a_b.co", false),
            ("1.2.3.4", false),
            ("a.b.", false),
            ("-a.b", false),
            ("a-.b", false),
            ("a..b", false),
        ] {
            let errors = check_lists(&list(&["ok.com", item]), &[]);
            assert_eq!(errors.code("onlyDomains.1"), (!expect).then_some("validation_is_domain"), "{item}");
            let errors = check_lists(&[], &list(&[item]));
            assert_eq!(errors.code("exceptDomains.0"), (!expect).then_some("validation_is_domain"), "{item}");
        }
    }

    #[test]
    fn the_lists_exclude_each_other() {
        let errors = check_lists(&list(&["a.b"]), &list(&["c.d"]));
        assert_eq!(errors.code("onlyDomains"), Some("validation_empty"));
        assert_eq!(errors.code("exceptDomains"), Some("validation_empty"));
    }

    #[test]
    fn domains_are_compared_exactly() {
        let (both, none) = (list(&["b.co", "X.com"]), Vec::new());
        for (domain, only, except) in
            [("b.co", true, false), ("B.co", false, true), ("X.com", true, false), ("c.d", false, true)]
        {
            assert_eq!(allow(domain, &both, &none), only, "{domain}");
            assert_eq!(allow(domain, &none, &both), except, "{domain}");
        }
        assert!(allow("anything", &none, &none));
    }
}
