//! Forms of pages: what is in them, which values were sent, and what was wrong with these.
//!
//! Called by `setup` and `hosted`; `templates/form.html` draws all of them. Invariant: a password that was sent never
//! comes back.

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::strings::Strings;
use crate::base::Error;
use crate::domain::{Collection, FieldKind};

/// A form to be drawn.
#[derive(Clone, Debug, Serialize)]
pub struct Form {
    /// Where it is sent.
    action: String,
    /// Tells the fields of several forms on a page apart.
    id: String,
    hidden: Vec<(String, String)>,
    fields: Vec<Field>,
    submit: String,
    /// `main`, `quiet` or `danger`.
    style: &'static str,
}

/// What a field takes, as `input` elements name it where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Kind {
    Text,
    Email,
    Password,
    Number,
    Url,
    Date,
    Checkbox,
    Select,
    /// A code of digits.
    Code,
    /// An archive from the visitor's machine.
    File,
}

/// A field of a form.
#[derive(Clone, Debug, Serialize)]
pub struct Field {
    name: String,
    label: String,
    kind: Kind,
    value: String,
    autocomplete: &'static str,
    required: bool,
    /// What can be chosen.
    options: Vec<String>,
    hint: Option<String>,
    problem: Option<String>,
    autofocus: bool,
}

impl Form {
    /// A form that is sent to `action`.
    pub fn new(action: impl Into<String>, submit: String) -> Form {
        Form { action: action.into(), id: String::new(), hidden: Vec::new(), fields: Vec::new(), submit, style: "main" }
    }

    /// The same with a name of its own.
    pub fn named(mut self, id: &str) -> Form {
        id.clone_into(&mut self.id);
        self
    }

    /// The same with a button that isn't the page's main one: `quiet` or `danger`.
    pub fn styled(mut self, style: &'static str) -> Form {
        self.style = style;
        self
    }

    /// The same with a value that nobody sees.
    pub fn with_hidden(mut self, name: &str, value: &str) -> Form {
        self.hidden.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with one more field.
    pub fn with(mut self, field: Field) -> Form {
        self.fields.push(field);
        self
    }

    /// The same with more fields.
    pub fn with_all(self, fields: impl IntoIterator<Item = Field>) -> Form {
        fields.into_iter().fold(self, Form::with)
    }

    /// The same, ready to be typed into: the first field that has a problem, or the first of all.
    pub fn focused(mut self) -> Form {
        let problem = self.fields.iter().position(|field| field.problem.is_some());
        if let Some(field) = self.fields.get_mut(problem.unwrap_or(0)) {
            field.autofocus = true;
        }
        self
    }

    /// The same with the values that were sent, but for passwords and codes.
    pub fn filled(mut self, sent: &Sent) -> Form {
        for field in &mut self.fields {
            if !matches!(field.kind, Kind::Password | Kind::Code) {
                sent.text(&field.name).clone_into(&mut field.value);
            }
        }
        self
    }

    /// Writes what was wrong beside each field; yields what belongs to none of them.
    pub fn explain(&mut self, error: &Error, strings: &Strings) -> Option<String> {
        let problems = serde_json::to_value(error.fields()).unwrap_or_default();
        let mut explained = 0;
        for field in &mut self.fields {
            if let Some(problem) = problems.get(&field.name) {
                field.problem = Some(message(problem, strings));
                explained += 1;
            }
        }
        let all = problems.as_object().map_or(0, Map::len);
        (all == 0 || explained < all).then(|| error.message())
    }

    /// Writes what was wrong beside one field.
    pub fn mark(&mut self, name: &str, problem: String) {
        for field in self.fields.iter_mut().filter(|field| field.name == name) {
            field.problem = Some(problem.clone());
        }
    }
}

/// The two fields in which the password of an account is chosen, the first with this label.
pub fn new_password(strings: &Strings, collection: &Collection, label: &str) -> [Field; 2] {
    let least = match collection.field("password").map(|field| &field.kind) {
        Some(FieldKind::Password(options)) if options.min > 0 => Some(options.min),
        _ => None,
    };
    let hint = least.map(|count| strings.filled("form.min_chars", [("count", count.to_string())]));
    let field = |name, label| Field::new(name, strings.text(label), Kind::Password).autocompleted("new-password");
    [field("password", label).hinted(hint), field("passwordConfirm", "form.password_again")]
}

/// A field's problem in the visitor's language, as far as its code is known there.
fn message(problem: &Json, strings: &Strings) -> String {
    let code = problem["code"].as_str().unwrap_or_default();
    let key = format!("error.{}", code.trim_start_matches("validation_"));
    if strings.find(&key).is_none() {
        return problem["message"].as_str().unwrap_or_default().to_owned();
    }
    let params = problem["params"].as_object();
    let values = params.into_iter().flatten().map(|(name, value)| (name.as_str(), plain(value)));
    strings.filled(&key, values)
}

fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Field {
    /// A field that must be filled in.
    pub fn new(name: &str, label: String, kind: Kind) -> Field {
        Field {
            name: name.to_owned(),
            label,
            kind,
            value: String::new(),
            autocomplete: "off",
            required: true,
            options: Vec::new(),
            hint: None,
            problem: None,
            autofocus: false,
        }
    }

    /// The same with what browsers may fill in.
    pub fn autocompleted(mut self, what: &'static str) -> Field {
        self.autocomplete = what;
        self
    }

    /// The same, which may be left empty.
    pub fn optional(mut self) -> Field {
        self.required = false;
        self
    }

    /// The same with a value.
    pub fn with_value(mut self, value: &str) -> Field {
        value.clone_into(&mut self.value);
        self
    }

    /// The same with what can be chosen.
    pub fn choosing(mut self, options: &[String]) -> Field {
        self.options = options.to_vec();
        self
    }

    /// The same with an explanation.
    pub fn hinted(mut self, hint: Option<String>) -> Field {
        self.hint = hint.filter(|hint| !hint.is_empty());
        self
    }
}

/// The pairs of a form that was sent.
pub struct Sent(pub Vec<(String, String)>);

impl Sent {
    /// The first value of this name; empty if there is none.
    pub fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The body of a request with these values, by the names of the interface.
    pub fn body(&self, names: &[&str]) -> Map<String, Json> {
        names.iter().map(|name| ((*name).to_owned(), Json::from(self.text(name)))).collect()
    }
}
