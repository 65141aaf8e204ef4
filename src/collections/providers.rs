//! The OAuth2 providers that can be configured, in the order in which dashboards show them.

use crate::base::json::write_str;
use crate::domain::oauth2::PROVIDERS;

/// The catalogue as a JSON array of `{name, displayName, logo}`; the logo is SVG text.
pub fn oauth2_providers() -> String {
    let mut out = String::new();
    for (name, display, colour) in PROVIDERS {
        out.push(if out.is_empty() { '[' } else { ',' });
        let members = [("{\"name\":", name), (",\"displayName\":", display), (",\"logo\":", &badge(display, colour))];
        for (key, text) in members {
            out.push_str(key);
            write_str(&mut out, text);
        }
        out.push('}');
    }
    out.push(']');
    out
}

/// The first letter on a coloured square.
fn badge(display: &str, colour: &str) -> String {
    let letter = display.chars().next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\"><rect width=\"32\" height=\"32\" rx=\"7\" \
         fill=\"{colour}\"/><text x=\"16\" y=\"22\" font-family=\"sans-serif\" font-size=\"18\" font-weight=\"700\" \
         text-anchor=\"middle\" fill=\"#ffffff\">{letter}</text></svg>"
    )
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
