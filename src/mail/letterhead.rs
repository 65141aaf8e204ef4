//! Mails as they look: a collection's template filled in and put on this server's paper.
//!
//! Called by `auth` for every mail. The paper, `templates/mail/layout.html`, is a template of ours or, if the folder of
//! the configured theme has `mail/layout.html`, the user's. Invariant: links lead to the configured address; nothing of
//! a request takes part. Not here: what is mailed and when (`auth`).

use std::path::Path;

use minijinja::{Environment, context};

use super::placeholders::{escape_html, fill, one_line, value_of};
use super::{MailKind, Outgoing};
use crate::base::{Error, Result};
use crate::domain::Record;
use crate::domain::collection::EmailTemplate;

const LAYOUT: &str = "mail/layout.html";
const OWN_LAYOUT: &str = include_str!("../../templates/mail/layout.html");

/// Lines of the plain text are this long, in characters. Links stay whole.
const TEXT_WIDTH: usize = 78;
/// Longer words are broken after all: nobody's address has so many characters.
const WORD_MAX_CHARS: usize = 4000;
/// What a line across the page is made of, as long as there is room.
const RULE: char = '─';

/// What all mails of this server have in common.
pub struct Letterhead {
    app_name: String,
    app_url: String,
    environment: Environment<'static>,
}

/// What one mail is about.
pub struct Letter<'a> {
    /// The kind of mail.
    pub kind: MailKind,
    /// The recipient's address.
    pub to: &'a str,
    /// Subject and body with placeholders.
    pub template: &'a EmailTemplate,
    /// The account, for `{RECORD:…}` and `{COLLECTION}`.
    pub record: &'a Record,
    /// The values of the other placeholders, such as `TOKEN`.
    pub facts: &'a [(&'a str, &'a str)],
    /// See [`Outgoing::reference`].
    pub reference: &'a str,
}

impl Letterhead {
    /// The letterhead of a server that people know by this name under this address.
    ///
    /// # Errors
    /// 400 if the theme's layout can't be read or isn't a template.
    pub fn new(app_name: &str, app_url: &str, theme_dir: &str) -> Result<Letterhead> {
        let mut environment = Environment::new();
        let own = Path::new(theme_dir).join(LAYOUT);
        let source = match !theme_dir.is_empty() && own.exists() {
            true => std::fs::read_to_string(&own).map_err(|error| unusable(&own, &error))?,
            false => OWN_LAYOUT.to_owned(),
        };
        environment.add_template_owned(LAYOUT, source).map_err(|error| unusable(&own, &error))?;
        let letterhead = Letterhead { app_name: app_name.to_owned(), app_url: app_url.to_owned(), environment };
        letterhead.wrap("", "").map_err(|error| unusable(&own, &error.log_text()))?;
        Ok(letterhead)
    }

    /// The mail, ready to be queued.
    pub fn write(&self, letter: &Letter<'_>) -> Result<Outgoing> {
        let common = [
            ("APP_NAME", self.app_name.as_str()),
            ("APP_URL", self.app_url.as_str()),
            ("COLLECTION", letter.record.collection().name.as_str()),
        ];
        let facts: Vec<(&str, &str)> = common.iter().chain(letter.facts).copied().collect();
        let value = |name: &str| value_of(name, &facts, letter.record);
        let subject = one_line(&fill(&letter.template.subject, value));
        let content = fill(&letter.template.body, |name| value(name).map(|value| escape_html(&value)));
        Ok(Outgoing {
            kind: letter.kind,
            to: letter.to.to_owned(),
            html: self.wrap(&subject, &content)?,
            text: plain_text(&content)?,
            subject,
            reference: letter.reference.to_owned(),
        })
    }

    fn wrap(&self, subject: &str, content: &str) -> Result<String> {
        let layout = self.environment.get_template(LAYOUT).map_err(Error::internal)?;
        let values = context! { subject, content, app_name => &self.app_name, app_url => &self.app_url };
        layout.render(values).map_err(Error::internal)
    }
}

/// The same in plain text, each link with its address on a line of its own below. Nothing is broken inside of a word,
/// which may be an address: where one is longer than a line, lines are as long as it.
fn plain_text(html: &str) -> Result<String> {
    let written = |width: usize| {
        let converter = html2text::config::plain_no_decorate().link_footnotes(true).no_link_wrapping();
        converter.string_from_read(html.as_bytes(), width).map_err(Error::internal)
    };
    let unbroken = written(WORD_MAX_CHARS)?;
    let is_word = |word: &&str| !word.starts_with(RULE);
    let words = unbroken.lines().filter(|line| !is_footnote(line)).flat_map(str::split_whitespace).filter(is_word);
    let longest = words.map(|word| word.chars().count()).max().unwrap_or_default();
    written(longest.max(TEXT_WIDTH))
}

/// Whether a line is the address of a link, which is never broken: `[1]: https://…`.
fn is_footnote(line: &str) -> bool {
    let number = line.strip_prefix('[').and_then(|rest| rest.split_once("]: ")).map(|(number, _)| number);
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn unusable(file: &Path, error: &dyn std::fmt::Display) -> Error {
    Error::invalid(format!("theme_dir: {} can't be used: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::field::number::NumberOptions;
    use crate::domain::field::password::PasswordOptions;
    use crate::domain::field::text::TextOptions;
    use crate::domain::{Collection, CollectionKind, Field, FieldKind, Rules, Value};

    fn person() -> Record {
        let text = |name: &str| Field::new(name, FieldKind::Text(TextOptions::default()));
        let fields = vec![
            text("name"),
            Field { hidden: true, ..text("badge") },
            Field::new("pin", FieldKind::Password(PasswordOptions::default())),
            Field::new("age", FieldKind::Number(NumberOptions::default())),
        ];
        let collection = Collection {
            id: "c_people".to_owned(),
            name: "people".to_owned(),
            kind: CollectionKind::Auth(Box::default()),
            system: false,
            rules: Rules::default(),
            fields,
            indexes: Vec::new(),
            created: String::new(),
            updated: String::new(),
        };
        let values = [Value::Text("<i>{TOKEN}{{ 7 * 7 }}\r\nBcc: eve@x.y".to_owned()), Value::Text("B".to_owned())];
        let more = [Value::Text("$2a$".to_owned()), Value::Number(7.0)];
        Record::new(Arc::new(collection), [values, more].concat())
    }

    fn written(subject: &str, body: &str) -> Outgoing {
        let letterhead = Letterhead::new("A & B", "https://app.example.com", "").expect("the layout is a template");
        let template = EmailTemplate { subject: subject.to_owned(), body: body.to_owned() };
        let facts = [("TOKEN", "t0k3n")];
        let record = person();
        let letter = Letter {
            kind: MailKind::Verification,
            to: "ada@x.y",
            template: &template,
            record: &record,
            facts: &facts,
            reference: "",
        };
        letterhead.write(&letter).expect("the mail can be written")
    }

    #[test]
    fn values_are_text_and_never_markup_or_templates() {
        let mail = written("{RECORD:name} at {APP_NAME}", "<p>{RECORD:name} {RECORD:age} {APP_NAME}</p>");
        assert_eq!(mail.subject, "<i>{TOKEN}{{ 7 * 7 }}  Bcc: eve@x.y at A & B");
        let body = "&lt;i&gt;{TOKEN}{{ 7 * 7 }}\r\nBcc: eve@x.y 7 A &amp; B";
        assert!(mail.html.contains(body), "{}", mail.html);
        assert!(mail.html.contains("<title>&lt;i&gt;{TOKEN}"), "{}", mail.html);
    }

    #[test]
    fn hidden_values_stay_hidden() {
        let body = "{RECORD:badge} {RECORD:pin} {RECORD:tokenKey} {RECORD:missing} {OTP}";
        let mail = written("{RECORD:badge}", body);
        assert!(mail.html.contains(body) && mail.subject == "{RECORD:badge}", "{}", mail.html);
    }

    #[test]
    fn links_stay_whole_in_plain_text() {
        let link = format!("https://app.example.com/auth/people/verify?token={}", "t".repeat(300));
        let mail = written("s", &format!("<p>Hello</p><p><a class=\"btn\" href=\"{link}\">Confirm</a></p>"));
        assert_eq!(mail.text, format!("Hello\n\n[Confirm][1]\n\n[1]: {link}\n"));
    }

    #[test]
    fn addresses_that_are_no_links_stay_whole_too() {
        let token = "x".repeat(300);
        let words = "word ".repeat(40);
        let mail = written("s", &format!("<p>{words}</p><hr><p>https://a.example/reset?token={token}</p>"));
        assert!(
            mail.text.lines().any(|line| line == format!("https://a.example/reset?token={token}")),
            "{}",
            mail.text
        );
        let short = written("s", &format!("<p>{words}</p><hr><p><a href=\"https://a.example/{token}\">x</a></p>"));
        let footnote = |line: &&str| !line.contains("https://");
        let longest = short.text.lines().filter(footnote).map(|line| line.chars().count()).max();
        assert!(longest <= Some(TEXT_WIDTH), "{}", short.text);
    }

    #[test]
    fn a_theme_has_its_own_paper() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let theme = folder.path().to_str().expect("a path in UTF-8");
        assert!(Letterhead::new("A", "https://x.y", theme).is_ok(), "a theme without one takes ours");
        std::fs::create_dir(folder.path().join("mail")).expect("a folder can be made");
        let layout = folder.path().join(LAYOUT);
        std::fs::write(&layout, "{{ app_name }}|{{ content|safe }}").expect("a file can be written");
        let letterhead = Letterhead::new("<A>", "https://x.y", theme).expect("a template");
        assert_eq!(letterhead.wrap("", "<b>").expect("a mail"), "&lt;A&gt;|<b>");
        std::fs::write(&layout, "{% if").expect("a file can be written");
        let error = Letterhead::new("A", "https://x.y", theme).err().expect("not a template");
        assert!(error.message().starts_with("Theme_dir: "), "{}", error.message());
    }
}
