//! Puts the sources on top of each other, checking every key on the way.
//!
//! Each value is merged under the name of the place that it came from, so that figment can tell for every key in
//! force where it was set. All problems are collected, not only the first.

use std::net::SocketAddr;
use std::path::Path;

use figment::providers::{Format, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::keys::{KEYS, KeyKind, ROCKET_KEYS, find_key, nearest};
use super::sources::Sources;

/// Where a value comes from that nobody has set.
pub const DEFAULT_ORIGIN: &str = "default";
/// The table of our keys in the configuration file.
const OUR_TABLE: &str = "holdall";
/// Variables that start like ours and are meant for others: test suites name the program under test and their own
/// knobs this way, and the program inherits them.
const TEST_VARIABLE: &str = "HOLDALL_BIN";
/// See [`TEST_VARIABLE`].
const TEST_VARIABLES_START: &str = "HOLDALL_TEST_";
/// Variables that start like Rocket's and are not keys.
const ROCKET_VARIABLES: &[&str] = &["ROCKET_CONFIG", "ROCKET_PROFILE", "ROCKET_CODEGEN_DEBUG"];

/// The stacked values and what was wrong with them.
pub struct Layers {
    /// Our keys.
    pub ours: Figment,
    /// Rocket's keys, without Rocket's own defaults.
    pub rocket: Figment,
    /// One sentence per problem.
    pub problems: Vec<String>,
}

/// Values with the name of the place that they came from.
struct Part<'a> {
    origin: &'a str,
    profile: Profile,
    values: Dict,
}

impl Provider for Part<'_> {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.origin.to_owned())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(self.profile.collect(self.values.clone()))
    }
}

impl Layers {
    /// Stacks defaults, file, environment and flags.
    pub fn stack(sources: &Sources) -> Layers {
        let default_profile = if cfg!(debug_assertions) { "debug" } else { "release" };
        let profile = Profile::new(sources.variable("ROCKET_PROFILE").unwrap_or(default_profile));
        let mut layers = Layers { ours: Figment::new(), rocket: Figment::new().select(profile), problems: Vec::new() };
        layers.add_defaults();
        if let Some(path) = sources.file() {
            layers.add_file(&path);
        }
        for (name, value) in &sources.variables {
            layers.add_variable(name, value, sources);
        }
        layers.add_flags(sources);
        layers
    }

    fn add_defaults(&mut self) {
        for key in KEYS {
            match key.kind.read_text(key.default) {
                Ok(value) => self.put(DEFAULT_ORIGIN, key.name, value),
                Err(takes) => self.problems.push(format!("The default of {} must be {takes}.", key.name)),
            }
        }
    }

    fn add_file(&mut self, path: &Path) {
        let shown = path.display();
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => return self.problems.push(format!("The configuration file {shown} can't be read: {error}.")),
        };
        let tables: Dict = match Toml::from_str(&text) {
            Ok(tables) => tables,
            Err(error) => {
                return self.problems.push(format!("The configuration file {shown} isn't valid TOML: {error}"));
            }
        };
        let origin = shown.to_string();
        for (name, table) in tables {
            match table {
                Value::Dict(_, table) if name == OUR_TABLE => self.add_our_table(&origin, table),
                Value::Dict(_, table) => self.add_rocket_table(&origin, &name, table),
                _ => self.problems.push(format!(
                    "{origin}: `{name}` must stand in a table: [{OUR_TABLE}] for Holdall's keys, [default] for \
                     Rocket's."
                )),
            }
        }
    }

    fn add_our_table(&mut self, origin: &str, table: Dict) {
        for (name, value) in table {
            let Some(key) = find_key(&name) else {
                let hint = nearest(&name, KEYS.iter().map(|key| key.name));
                self.problems.push(format!("{origin}: there is no key `{name}` in [{OUR_TABLE}].{hint}"));
                continue;
            };
            match key.kind.read(&value) {
                Ok(value) => self.put(origin, key.name, value),
                Err(takes) => self.problems.push(format!("{origin}: `{name}` in [{OUR_TABLE}] must be {takes}.")),
            }
        }
    }

    fn add_rocket_table(&mut self, origin: &str, profile: &str, table: Dict) {
        let known = ["default", "debug", "release", "global", OUR_TABLE];
        if !known.contains(&profile) && self.rocket.profile() != profile {
            let hint = nearest(profile, known.into_iter());
            return self.problems.push(format!("{origin}: there is no table [{profile}].{hint}"));
        }
        for (name, value) in table {
            if ROCKET_KEYS.contains(&name.as_str()) {
                self.put_rocket(origin, Profile::new(profile), &name, value);
            } else {
                let hint = nearest(&name, ROCKET_KEYS.iter().copied());
                let place = if find_key(&name).is_some() { " It belongs in [holdall]." } else { hint.as_str() };
                self.problems.push(format!("{origin}: there is no key `{name}` in [{profile}].{place}"));
            }
        }
    }

    fn add_variable(&mut self, variable: &str, value: &str, sources: &Sources) {
        let for_tests = variable == TEST_VARIABLE || variable.starts_with(TEST_VARIABLES_START);
        if for_tests || ROCKET_VARIABLES.contains(&variable) {
            return;
        }
        if let Some(name) = variable.strip_prefix("ROCKET_").map(str::to_lowercase) {
            if ROCKET_KEYS.contains(&name.as_str()) {
                // Rocket reads its variables in figment's notation: numbers, booleans, {tables}, plain text.
                let value = value.parse().unwrap_or_else(|never| match never {});
                self.put_rocket(variable, Profile::Global, &name, value);
            } else {
                self.unknown_variable(variable, "ROCKET_", ROCKET_KEYS.iter().copied());
            }
            return;
        }
        let name = variable.strip_prefix("HOLDALL_").unwrap_or(variable).to_lowercase();
        if let Some(key) = find_key(&name) {
            self.put_text(variable, key.name, key.kind, value);
        } else if let Some(key) = name.strip_suffix("_file").and_then(find_key) {
            self.add_value_file(variable, key.name, key.kind, Path::new(value), sources);
        } else {
            self.unknown_variable(variable, "HOLDALL_", KEYS.iter().map(|key| key.name));
        }
    }

    /// `HOLDALL_X_FILE` names a file whose text is the value of `x`, so that secrets needn't stand in an environment.
    fn add_value_file(&mut self, variable: &str, name: &'static str, kind: KeyKind, path: &Path, sources: &Sources) {
        let direct = format!("HOLDALL_{}", name.to_uppercase());
        if sources.variable(&direct).is_some() {
            return self.problems.push(format!("{direct} and {variable} are both set; set only one of them."));
        }
        match std::fs::read_to_string(path) {
            Ok(text) => self.put_text(variable, name, kind, text.trim_end_matches(['\r', '\n'])),
            Err(error) => {
                self.problems
                    .push(format!("The file {} that {variable} names can't be read: {error}.", path.display()));
            }
        }
    }

    fn add_flags(&mut self, sources: &Sources) {
        if let Some(path) = &sources.flags.data {
            match path.to_str() {
                Some(text) => self.put("--data", "data_dir", Value::from(text)),
                None => self.problems.push("The folder given with --data must have a name in UTF-8.".to_owned()),
            }
        }
        if let Some(http) = sources.flags.http {
            self.put("--http", "http", Value::from(http.to_string()));
        }
        if !sources.flags.domains.is_empty() {
            self.put("--domain", "domains", Value::from(sources.flags.domains.clone()));
        }
    }

    fn unknown_variable<'a>(&mut self, variable: &str, prefix: &str, known: impl Iterator<Item = &'a str>) {
        let names: Vec<String> = known.map(|name| format!("{prefix}{}", name.to_uppercase())).collect();
        let hint = nearest(variable, names.iter().map(String::as_str));
        self.problems.push(format!("The environment variable {variable} sets nothing.{hint}"));
    }

    fn put_text(&mut self, origin: &str, name: &'static str, kind: KeyKind, text: &str) {
        match kind.read_text(text) {
            Ok(value) => self.put(origin, name, value),
            Err(takes) => self.problems.push(format!("{origin} must be {takes}.")),
        }
    }

    /// Sets one of our keys. `http` is split into Rocket's two keys at once, so that a later layer may change either.
    fn put(&mut self, origin: &str, name: &str, value: Value) {
        let socket = value.as_str().filter(|_| name == "http").and_then(|text| text.parse::<SocketAddr>().ok());
        if let Some(socket) = socket {
            // The built-in default must give way to every table of a file, a value that was given must not.
            let profile = if origin == DEFAULT_ORIGIN { Profile::Default } else { Profile::Global };
            self.put_rocket(origin, profile.clone(), "address", Value::from(socket.ip().to_string()));
            self.put_rocket(origin, profile, "port", Value::from(socket.port()));
            return;
        }
        let part = Part { origin, profile: Profile::Default, values: Dict::from([(name.to_owned(), value)]) };
        self.ours = std::mem::take(&mut self.ours).merge(part);
    }

    fn put_rocket(&mut self, origin: &str, profile: Profile, name: &str, value: Value) {
        let part = Part { origin, profile, values: Dict::from([(name.to_owned(), value)]) };
        self.rocket = std::mem::take(&mut self.rocket).merge(part);
    }
}
