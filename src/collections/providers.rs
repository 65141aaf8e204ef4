//! The OAuth2 providers that can be configured, in the order in which dashboards show them.

use crate::base::json::write_str;
use crate::domain::oauth2::PROVIDERS;

/// The catalogue as a JSON array of `{name, displayName, logo}`; the logo is SVG text.
pub fn oauth2_providers() -> String {
    let mut out = String::new();
    for provider in &PROVIDERS {
        out.push(if out.is_empty() { '[' } else { ',' });
        let badge = provider.badge();
        let members = [
            ("{\"name\":", provider.name),
            (",\"displayName\":", provider.display_name),
            (",\"logo\":", badge.as_str()),
        ];
        for (key, text) in members {
            out.push_str(key);
            write_str(&mut out, text);
        }
        out.push('}');
    }
    out.push(']');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value as Json, json};

    #[test]
    fn the_catalogue_has_the_documented_order() {
        assert!(oauth2_providers().starts_with("[{\"name\":\"apple\",\"displayName\":\"Apple\",\"logo\":"));
        let all: Vec<Json> = serde_json::from_str(&oauth2_providers()).expect("JSON");
        assert_eq!((all.len(), &all[0]["name"], &all[31]["name"]), (32, &json!("apple"), &json!("oidc3")));
        assert!(all.iter().all(|p| p["logo"].as_str().is_some_and(|logo| logo.starts_with("<svg"))));
    }
}
