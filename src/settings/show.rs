//! The configuration as people see it: every key, its value, and where the value was set.

use std::path::PathBuf;

use figment::Figment;
use figment::value::Value;

use super::config::Settings;
use super::keys::{KEYS, Key, ROCKET_KEYS};

/// What stands in the place of a secret.
const MASK: &str = "********";

/// One line of `holdall config show`.
#[derive(Debug, PartialEq)]
pub struct Row {
    /// The key; Rocket's keys start with `rocket.`.
    pub key: String,
    /// The value as text, masked if it is a secret.
    pub value: String,
    /// The place that it was set in: `default`, a file, a variable or a flag.
    pub origin: String,
}

impl Settings {
    /// Every key of ours in the order of the table, then the keys of Rocket's that were set.
    pub fn rows(&self) -> Vec<Row> {
        let ours = KEYS.iter().map(|key| match key.name {
            "http" => self.http_row(),
            name => {
                let value = self.ours.find_value(name).map_or(String::new(), |value| shown(&value));
                let value = if key.secret && !value.is_empty() { MASK.to_owned() } else { value };
                Row { key: name.to_owned(), value, origin: origin(&self.ours, name) }
            }
        });
        let rockets = ROCKET_KEYS.iter().filter(|name| !matches!(**name, "address" | "port")).filter_map(|name| {
            let value = self.rocket.find_value(name).ok()?;
            Some(Row { key: format!("rocket.{name}"), value: shown(&value), origin: origin(&self.rocket, name) })
        });
        ours.chain(rockets).collect()
    }

    /// The configuration file, if there are secrets in it.
    pub fn file_with_secrets(&self) -> Option<PathBuf> {
        let file = self.file.clone()?;
        let is_there = |key: &Key| {
            let value = self.ours.find_value(key.name).map_or(String::new(), |value| shown(&value));
            key.secret && !value.is_empty() && origin(&self.ours, key.name) == file.display().to_string()
        };
        KEYS.iter().any(is_there).then_some(file)
    }

    /// `http` stands for two keys of Rocket's, which may come from different places.
    fn http_row(&self) -> Row {
        let (address, port) = (origin(&self.rocket, "address"), origin(&self.rocket, "port"));
        let origin = if address == port { address } else { format!("{address} for the address, {port} for the port") };
        Row { key: "http".to_owned(), value: self.config.http.to_string(), origin }
    }
}

fn origin(figment: &Figment, name: &str) -> String {
    figment.find_metadata(name).map_or(String::new(), |metadata| metadata.name.to_string())
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(_, text) => text.clone(),
        Value::Char(_, c) => c.to_string(),
        Value::Bool(_, truth) => truth.to_string(),
        Value::Num(_, number) => match (number.to_i128(), number.to_u128(), number.to_f64()) {
            (Some(whole), _, _) => whole.to_string(),
            (_, Some(whole), _) => whole.to_string(),
            (_, _, fraction) => fraction.map_or(String::new(), |fraction| fraction.to_string()),
        },
        Value::Array(_, items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Dict(_, table) => {
            let pairs: Vec<String> = table.iter().map(|(key, value)| format!("{key} = {}", shown(value))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        Value::Empty(..) => String::new(),
    }
}
