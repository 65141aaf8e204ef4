//! The OAuth2 providers that can be configured, in the order in which dashboards show them.

use serde_json::{Value as Json, json};

use crate::domain::oauth2::PROVIDERS;

/// The catalogue as a JSON array of `{name, displayName, logo}`; the logo is SVG text.
pub fn oauth2_providers() -> String {
    let catalogue: Json = PROVIDERS
        .iter()
        .map(|(name, display, colour)| json!({"name": name, "displayName": display, "logo": badge(display, colour)}))
        .collect();
    let mut out = String::new();
    crate::base::json::write_json(&mut out, &catalogue);
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

    #[test]
    fn the_catalogue_has_the_documented_order() {
        let all: Vec<Json> = serde_json::from_str(&oauth2_providers()).expect("JSON");
        assert_eq!((all.len(), &all[0]["name"], &all[31]["name"]), (32, &json!("apple"), &json!("oidc3")));
        assert!(all.iter().all(|p| p["logo"].as_str().is_some_and(|logo| logo.starts_with("<svg"))));
    }
}
