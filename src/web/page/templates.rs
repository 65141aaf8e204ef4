//! Page templates: those inside of the program, and those of a theme that take their places.
//!
//! Called by `page`. A theme is a folder with files of the same names as in `templates/`. Invariant: a page can always
//! be made, for a theme's file that can't be used is named in the log and the built-in one taken. Files are read anew
//! for each page: they are few, their pages are opened by people and not by programs, and so a change of a theme shows
//! at once.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use minijinja::value::{Kwargs, Serde, ValueKind};
use minijinja::{AutoEscape, Environment, Error as TemplateError, Value};
use rust_embed::RustEmbed;
use serde::Serialize;

use crate::base::limits::THEME_FILE_MAX_BYTES;
use crate::base::{Error, Result};
use crate::web::assets;
use crate::web::page::Root;
use crate::web::page::strings::{Catalogue, Strings};

#[derive(RustEmbed)]
#[folder = "templates/"]
struct BuiltIn;

/// The file of texts.
const STRINGS: &str = "strings.json";
/// What every page may be made with.
const SHARED: [&str; 2] = ["layout.html", "form.html"];
/// The same for those of the dashboard.
const DASHBOARD: [&str; 3] = ["admin/layout.html", "admin/ui.html", "admin/icons.svg"];

/// A folder with templates, if there is one. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Theme(Option<Arc<Path>>);

impl Theme {
    /// The theme in a folder; none if the name is empty. What is wrong with its files is logged now, and again when
    /// one of them would have been used.
    pub fn open(folder: &str) -> Theme {
        let theme = Theme((!folder.is_empty()).then(|| PathBuf::from(folder).into()));
        if let Some(folder) = &theme.0 {
            if !folder.is_dir() {
                tracing::error!("theme_dir {} isn't a folder; pages look as they do without it", folder.display());
            }
            theme.catalogue();
            for name in BuiltIn::iter().filter(|name| name.ends_with(".html") && !name.starts_with("admin/")) {
                let sources = theme.own(&name).map(|source| vec![(name.to_string(), source)]).unwrap_or_default();
                if let Err(error) = environment(&sources, None) {
                    theme.complain(&name, &error);
                }
            }
        }
        theme
    }

    /// The texts of all languages.
    pub fn catalogue(&self) -> Catalogue {
        let mut catalogue = builtin(STRINGS).and_then(|json| Catalogue::parse(&json)).unwrap_or_else(|error| {
            tracing::error!("the built-in texts can't be read: {}", error.log_text());
            Catalogue::default()
        });
        match self.own(STRINGS).map(|json| Catalogue::parse(&json)) {
            Some(Ok(own)) => catalogue.override_by(own),
            Some(Err(error)) => self.complain(STRINGS, &error),
            None => {}
        }
        catalogue
    }

    /// The page that is made of the template `name` and `context`.
    pub fn render(&self, name: &str, strings: &Strings, root: &Root, context: &impl Serialize) -> Result<String> {
        let context = Value::from(Serde(context));
        if self.0.is_some() {
            match self.sources(name).and_then(|sources| fill(&sources, name, strings, root, &context)) {
                Ok(page) => return Ok(page),
                Err(error) => self.complain(name, &error),
            }
        }
        fill(&Theme::default().sources(name)?, name, strings, root, &context)
    }

    /// A template with all that it may refer to.
    fn sources(&self, name: &str) -> Result<Vec<(String, String)>> {
        let source = |name: &str| Ok((name.to_owned(), self.own(name).map_or_else(|| builtin(name), Ok)?));
        let dashboard = if name.starts_with("admin/") { &DASHBOARD[..] } else { &[] };
        SHARED.iter().chain(dashboard).copied().chain([name]).map(source).collect()
    }

    /// The theme's own file of this name.
    fn own(&self, name: &str) -> Option<String> {
        let path = self.0.as_ref()?.join(name);
        let meta = fs::metadata(&path).ok()?;
        if meta.len() > THEME_FILE_MAX_BYTES {
            self.complain(name, &Error::invalid(format!("it is larger than {THEME_FILE_MAX_BYTES} bytes")));
            return None;
        }
        fs::read_to_string(&path).map_err(|error| self.complain(name, &Error::internal(error))).ok()
    }

    fn complain(&self, name: &str, error: &Error) {
        let folder = self.0.as_deref().unwrap_or(Path::new("")).display();
        tracing::error!("the theme in {folder} has a {name} that can't be used: {}", error.log_text());
    }
}

/// The text of a built-in template.
pub(super) fn builtin(name: &str) -> Result<String> {
    let file = BuiltIn::get(name).ok_or_else(|| Error::internal(format!("there is no template {name}")))?;
    String::from_utf8(file.data.into_owned()).map_err(Error::internal)
}

fn fill(sources: &[(String, String)], name: &str, strings: &Strings, root: &Root, context: &Value) -> Result<String> {
    let environment = environment(sources, Some((strings, root)))?;
    let template = environment.get_template(name).map_err(Error::internal)?;
    template.render(context).map_err(Error::internal)
}

/// Where templates are compiled. Values are escaped for HTML, whatever the template's name is.
fn environment<'s>(sources: &'s [(String, String)], page: Option<(&Strings, &Root)>) -> Result<Environment<'s>> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    if let Some((strings, root)) = page {
        let strings = strings.clone();
        environment.add_function("t", move |key: &str, values: Kwargs| text(&strings, key, &values));
        let (to_page, to_file) = (root.clone(), root.clone());
        environment.add_function("to", move |address: Option<&str>| to_page.to(address.unwrap_or_default()));
        environment.add_function("asset", move |path: &str| to_file.to(&assets::address(path)));
    }
    for (name, source) in sources {
        environment.add_template(name, source).map_err(|error| Error::invalid(error.to_string()))?;
    }
    Ok(environment)
}

/// In templates: a text, with values for its places.
fn text(strings: &Strings, key: &str, values: &Kwargs) -> std::result::Result<String, TemplateError> {
    let mut places = Vec::new();
    for name in values.args() {
        let value: Value = values.get(name)?;
        places.push((name, if value.kind() == ValueKind::Undefined { String::new() } else { value.to_string() }));
    }
    values.assert_all_used()?;
    Ok(strings.filled(key, places))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn theme(files: &[(&str, &str)]) -> (tempfile::TempDir, Theme) {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("files can be written");
        }
        let theme = Theme::open(folder.path().to_str().expect("its name is text"));
        (folder, theme)
    }

    fn page(theme: &Theme) -> String {
        let strings = theme.catalogue().choose("en");
        let context = json!({"title": "<b>", "text": "\"><script>"});
        theme.render("message.html", &strings, &Root::from("/"), &context).expect("a page can always be made")
    }

    #[test]
    fn templates_escape_what_they_are_given() {
        let page = page(&Theme::default());
        assert!(page.contains("&quot;&gt;&lt;script&gt;") && page.contains("<h1>&lt;b&gt;</h1>"), "{page}");
    }

    #[test]
    fn every_template_is_valid_and_bears_an_empty_context() {
        let strings = Theme::default().catalogue().choose("en");
        for name in BuiltIn::iter().filter(|name| name.ends_with(".html")) {
            // Around a page of the dashboard there always is a frame.
            let context = if name.starts_with("admin/") { json!({"frame": {}, "collection": {}}) } else { json!({}) };
            let rendered = Theme::default().render(&name, &strings, &Root::from("/"), &context);
            rendered.unwrap_or_else(|error| panic!("{name}: {}", error.log_text()));
        }
    }

    #[test]
    fn a_themes_templates_take_the_place_of_the_built_in_ones() {
        let (_folder, theme) = theme(&[("layout.html", "<i>{{ title }}</i>{% block content %}{% endblock %}")]);
        let page = page(&theme);
        assert!(page.starts_with("<i>&lt;b&gt;</i>") && page.contains("&quot;&gt;&lt;script&gt;"), "{page}");
    }

    #[test]
    fn what_is_wrong_in_a_theme_leaves_the_built_in_page() {
        let expect = page(&Theme::default());
        for files in [
            &[("message.html", "{% if %}")][..],
            &[("message.html", "{{ missing.deeper.still }}")],
            &[("message.html", "{% extends 'nothing.html' %}")],
            &[("layout.html", "{% block content %}")],
            &[("strings.json", "{\"en\": 1}")],
            &[("other.html", "{% if %}")],
            &[],
        ] {
            assert_eq!(page(&theme(files).1), expect, "{files:?}");
        }
        assert_eq!(page(&Theme::open("/nowhere/at/all")), expect);
        let (_folder, large) = theme(&[("message.html", &"x".repeat(2 << 20))]);
        assert_eq!(page(&large), expect);
    }

    #[test]
    fn a_themes_texts_are_used() {
        let (_folder, theme) = theme(&[("strings.json", r#"{"en": {"page.start": "Back to the <start>"}}"#)]);
        assert!(page(&theme).contains("Back to the &lt;start&gt;"));
    }
}
