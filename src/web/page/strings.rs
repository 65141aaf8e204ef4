//! The texts of pages, in several languages: `templates/strings.json`, and what a theme's file of that name changes.
//!
//! Called by `page`, for the language that a browser asks for. Invariant: every text is found; what a language lacks is
//! in English, and a key that nobody knows stands for itself (a test keeps that from happening). Not here: texts of the
//! API, which are English.

use std::collections::BTreeMap;

use crate::base::{Error, Result};

/// The language of last resort.
const ENGLISH: &str = "en";

type Texts = BTreeMap<String, String>;

/// The texts of all languages.
#[derive(Clone, Debug, Default)]
pub struct Catalogue(BTreeMap<String, Texts>);

impl Catalogue {
    /// Reads a file of the form `{"en": {"key": "text"}}`.
    ///
    /// # Errors
    /// Says where it isn't of that form.
    pub fn parse(json: &str) -> Result<Catalogue> {
        serde_json::from_str(json).map(Catalogue).map_err(|error| Error::invalid(error.to_string()))
    }

    /// Takes over all texts of `other`, which may bring languages of its own.
    pub fn override_by(&mut self, other: Catalogue) {
        for (language, texts) in other.0 {
            self.0.entry(language).or_default().extend(texts);
        }
    }

    /// The texts in the language that somebody prefers, by their `Accept-Language`.
    pub fn choose(mut self, accept_language: &str) -> Strings {
        let code = preferred(accept_language)
            .find_map(|code| {
                let base = code.split('-').next().unwrap_or_default().to_owned();
                [code, base].into_iter().find(|code| self.0.contains_key(code))
            })
            .unwrap_or_else(|| ENGLISH.to_owned());
        let mut texts = self.0.remove(ENGLISH).unwrap_or_default();
        texts.extend(self.0.remove(&code).unwrap_or_default());
        Strings { code, texts }
    }
}

/// The codes of an `Accept-Language` header in lower case, the one liked best first. `*` is nobody's code.
fn preferred(accept_language: &str) -> impl Iterator<Item = String> {
    let mut codes: Vec<(f32, String)> = accept_language
        .split(',')
        .filter_map(|item| {
            let mut parts = item.split(';');
            let code = parts.next().map(|code| code.trim().to_ascii_lowercase()).filter(|code| !code.is_empty())?;
            let weight = parts.find_map(|part| part.trim().strip_prefix("q=")?.trim().parse().ok()).unwrap_or(1.0);
            (weight > 0.0).then_some((weight, code))
        })
        .collect();
    // Stable: what comes first in the header is preferred among equals.
    codes.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    codes.into_iter().map(|(_, code)| code)
}

/// The texts of one language.
#[derive(Clone, Debug)]
pub struct Strings {
    code: String,
    texts: Texts,
}

impl Strings {
    /// The language's code, as in `lang` attributes.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// A text, if there is one.
    pub fn find(&self, key: &str) -> Option<&str> {
        self.texts.get(key).map(String::as_str)
    }

    /// A text.
    pub fn text(&self, key: &str) -> String {
        self.find(key).unwrap_or(key).to_owned()
    }

    /// A text with values in the places of `{name}`.
    pub fn filled<'v>(&self, key: &str, values: impl IntoIterator<Item = (&'v str, String)>) -> String {
        let template = self.text(key);
        let values: BTreeMap<&str, String> = values.into_iter().collect();
        let mut out = String::with_capacity(template.len());
        let mut rest = template.as_str();
        // One pass: a value that looks like a place isn't one.
        while let Some((before, after)) = rest.split_once('{') {
            out.push_str(before);
            match after.split_once('}').and_then(|(name, after)| Some((values.get(name)?, after))) {
                Some((value, after)) => {
                    out.push_str(value);
                    rest = after;
                }
                None => {
                    out.push('{');
                    rest = after;
                }
            }
        }
        out + rest
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::web::page::templates;

    fn builtin() -> Catalogue {
        Catalogue::parse(&templates::builtin("strings.json").expect("the file is there")).expect("the file is valid")
    }

    #[test]
    fn the_language_is_the_first_that_is_wanted_and_there() {
        for (header, expect) in [
            ("", "en"),
            ("de", "de"),
            ("de-AT,de;q=0.9,en;q=0.8", "de"),
            ("DE-ch", "de"),
            ("fr, de;q=0.5, en;q=0.7", "en"),
            ("fr;q=1, de;q=0.5, en;q=0.2", "de"),
            ("de;q=0, en", "en"),
            ("*", "en"),
            (";;,=;q=x,\u{1F600}", "en"),
            ("de;q=NaN", "en"),
        ] {
            assert_eq!(builtin().choose(header).code(), expect, "{header:?}");
        }
    }

    #[test]
    fn themes_change_single_texts_and_bring_languages() {
        let mut catalogue = builtin();
        let theme = r#"{"en": {"sign_in.title": "Come in"}, "eo": {"sign_in.title": "Ensaluti"}}"#;
        catalogue.override_by(Catalogue::parse(theme).expect("is valid"));
        assert_eq!(catalogue.clone().choose("en").text("sign_in.title"), "Come in");
        assert_eq!(
            catalogue.clone().choose("en").text("sign_in.submit"),
            builtin().choose("en").text("sign_in.submit")
        );
        let esperanto = catalogue.choose("eo");
        assert_eq!((esperanto.code(), esperanto.text("sign_in.title").as_str()), ("eo", "Ensaluti"));
        assert_eq!(esperanto.text("sign_in.submit"), builtin().choose("en").text("sign_in.submit"));
        assert!(Catalogue::parse(r#"{"en": {"a": 1}}"#).is_err());
    }

    #[test]
    fn places_are_filled_once() {
        let theme = r#"{"en": {"x": "{a} and {b}, {c} {"}}"#;
        let strings = Catalogue::parse(theme).expect("is valid").choose("en");
        let filled = strings.filled("x", [("a", "{b}".to_owned()), ("b", "2".to_owned())]);
        assert_eq!(filled, "{b} and 2, {c} {");
    }

    #[test]
    fn every_language_has_every_key_with_the_same_places() {
        let Catalogue(languages) = builtin();
        let places = |text: &str| -> BTreeSet<String> {
            text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(name, _)| name.to_owned()).collect()
        };
        let english = &languages[ENGLISH];
        assert!(languages.len() >= 2);
        for (language, texts) in &languages {
            let keys = |texts: &Texts| texts.keys().cloned().collect::<BTreeSet<_>>();
            assert_eq!(keys(texts), keys(english), "{language}");
            for (key, text) in texts {
                assert!(!text.trim().is_empty(), "{language}: {key}");
                assert_eq!(places(text), places(&english[key]), "{language}: {key}");
            }
        }
    }

    /// Keys are written where they are used, as `text("key")`, `t("key")` and the like, so that this test finds them.
    #[test]
    fn every_key_that_is_used_exists_and_every_key_is_used() {
        let Catalogue(languages) = builtin();
        let english = &languages[ENGLISH];
        let mut used = BTreeSet::new();
        for folder in ["src/web", "src/admin", "templates"] {
            quoted_in(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut used);
        }
        let sections: BTreeSet<&str> = english.keys().filter_map(|key| key.split_once('.')).map(|(s, _)| s).collect();
        let looks_like_key = |text: &&String| {
            let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
            text.split_once('.').is_some_and(|(section, rest)| {
                sections.contains(section)
                    && !rest.is_empty()
                    && rest.chars().all(plain)
                    && !["html", "css", "js"].contains(&rest)
            })
        };
        let keys: BTreeSet<&String> = english.keys().collect();
        let missing: Vec<_> = used.iter().filter(looks_like_key).filter(|key| !keys.contains(key)).collect();
        assert!(missing.is_empty(), "used, but not in strings.json: {missing:?}");
        // Codes of errors and results of actions are looked up by what happened.
        let by_name =
            |key: &str| ["error.", "done.", "failed.", "field."].iter().any(|section| key.starts_with(section));
        let unused: Vec<_> = keys.iter().filter(|key| !by_name(key) && !used.contains(**key)).collect();
        assert!(unused.is_empty(), "in strings.json, but not used: {unused:?}");
    }

    /// Collects what stands between quotation marks in the files of a folder.
    fn quoted_in(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).expect("the folder can be read") {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() {
                quoted_in(&path, found);
            } else if path.file_name().is_some_and(|name| name != "strings.json" && name != "strings.rs") {
                let text = fs::read_to_string(&path).unwrap_or_default();
                for mark in ['"', '\''] {
                    found.extend(text.split(mark).map(str::to_owned));
                }
            }
        }
    }
}
