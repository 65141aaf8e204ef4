//! The settings in the database: one row of `_params`, with what somebody has changed, and what comes of it.
//!
//! Called by the app when it starts and when settings change. Invariants: the row has only what differs from the
//! configuration; what is set in a file, a variable or a flag isn't changed by it; with an encryption key it is never
//! on disk in plain text. Not here: checks that need other services (expressions of jobs), and what a change does.

use serde_json::{Map, Value as Json};

use super::config::Config;
use super::links::{LINKS, Link};
use super::model::Model;
use super::patch::{self, Tree, changes, leaf};
use super::{seal, validate};
use crate::base::{Error, FieldError, FieldErrors, Result, SqlValue};
use crate::query::dialect::Dialect;
use crate::query::table::{Table, Where};
use crate::store::{ReadTx, WriteTx};

const PARAMS: Table = Table::new("_params");
const ID: &str = "settings";
/// Where the rate limits are.
const LIMITS: &str = "rateLimits.rules";

/// What is stored.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stored {
    tree: Tree,
    /// The row's value as it is.
    raw: String,
}

/// Settings and the configuration that they give.
#[derive(Clone, Debug)]
pub struct InForce {
    /// As the interface has them.
    pub model: Model,
    /// With everything that only the configuration has.
    pub config: Config,
}

/// Changed settings that aren't stored yet.
pub struct Change {
    stored: Stored,
    /// What will be in force.
    pub after: InForce,
    /// The paths of what differs.
    pub paths: Vec<String>,
    /// What is wrong with it. There may be more: see the module.
    pub errors: FieldErrors,
}

impl Stored {
    /// Reads the row; without one, nothing is stored.
    ///
    /// # Errors
    /// 400 if it is encrypted and `config` hasn't the key.
    pub fn load(tx: &ReadTx<'_>, dialect: Dialect, config: &Config) -> Result<Stored> {
        let row = PARAMS.select(dialect, &["value"], &[Where::Is("id", ID.into())]);
        let Some(raw) = tx.first(&row, |row| Ok(row.text(0)?.to_owned()))? else { return Ok(Stored::default()) };
        let text = if seal::is_sealed(&raw) { opened(&raw, config)? } else { raw.clone() };
        match serde_json::from_str(&text) {
            Ok(Json::Object(tree)) => Ok(Stored { tree, raw }),
            _ => Err(Error::internal("the stored settings aren't a JSON object")),
        }
    }

    /// Whether the row isn't encrypted as `config` wants it.
    pub fn needs_sealing(&self, config: &Config) -> bool {
        let is_open = seal::is_sealed(&self.raw) && seal::open(&self.raw, &config.encryption_key).is_some();
        !self.raw.is_empty() && !config.encryption_key.is_empty() && !is_open
    }

    /// Writes the row, over what `before` has read.
    ///
    /// # Errors
    /// 409 if there is something else now.
    pub fn save(&self, tx: &mut WriteTx<'_>, dialect: Dialect, config: &Config, before: &Stored) -> Result<Stored> {
        if Stored::load(tx, dialect, config)?.raw != before.raw {
            return Err(Error::new(
                crate::base::ErrorKind::Conflict,
                "Somebody else has changed the settings in the meantime.",
            ));
        }
        let text = serde_json::to_string(&self.tree).map_err(Error::internal)?;
        let raw = if config.encryption_key.is_empty() { text } else { seal::seal(&text, &config.encryption_key)? };
        let now = tx.now().to_string();
        let row: Vec<(&str, SqlValue)> = vec![
            ("id", ID.into()),
            ("value", raw.as_str().into()),
            ("created", now.as_str().into()),
            ("updated", now.as_str().into()),
        ];
        tx.execute(&PARAMS.insert_or_replace(dialect, row, &["id"]))?;
        Ok(Stored { tree: self.tree.clone(), raw })
    }

    /// The same with labels of rate limits that name collections by their new names; `None` if there are none.
    pub fn with_renamed(&self, renamed: &[(&str, &str)]) -> Option<Stored> {
        let mut rules = leaf(&self.tree, LIMITS)?.clone();
        let mut has_changed = false;
        for rule in rules.as_array_mut()? {
            let Some(label) = rule.get("label").and_then(Json::as_str) else { continue };
            let (name, tag) = label.split_once(':').map_or((label, None), |(name, tag)| (name, Some(tag)));
            let Some((_, new)) = renamed.iter().find(|(old, _)| *old == name) else { continue };
            rule["label"] = Json::from(tag.map_or((*new).to_owned(), |tag| format!("{new}:{tag}")));
            has_changed = true;
        }
        let mut next = self.clone();
        patch::put(&mut next.tree, LIMITS, rules);
        has_changed.then_some(next)
    }

    /// What is in force where the rest of the configuration is `base`.
    ///
    /// # Errors
    /// Internal if what is stored isn't what was checked before.
    pub fn in_force(&self, base: &Config) -> Result<InForce> {
        let free: Vec<&Link> = LINKS.iter().filter(|link| !link.is_locked(base)).collect();
        let mut wanted = Tree::new();
        for path in free.iter().flat_map(|link| link.paths) {
            if let Some(value) = leaf(&self.tree, path) {
                patch::put(&mut wanted, path, value.clone());
            }
        }
        let changed = model_of(base, &wanted)?;
        let mut config = base.clone();
        for link in free.iter().filter(|link| link.paths.iter().any(|path| leaf(&wanted, path).is_some())) {
            (link.take)(&changed, &mut config);
        }
        // Once more, as some settings follow from others.
        Ok(InForce { model: model_of(&config, &wanted)?, config })
    }

    /// What `patch` would make of the settings.
    ///
    /// # Errors
    /// 400 if something in it is of another type than it must be.
    pub fn change(&self, base: &Config, patch: &Map<String, Json>) -> Result<Change> {
        let before = self.in_force(base)?.model.to_tree()?;
        let mut asked = before.clone();
        patch::lay_over(&mut asked, patch)?;
        let model = Model::of_tree(asked)?;
        let asked = model.to_tree()?;
        let paths = changes(&before, &asked);
        let mut errors = validate::check(&model, &paths);
        let mut stored = self.clone();
        for path in &paths {
            if let Some(place) = place_of(base, path) {
                errors.add(path, locked_error(place));
            }
            stored.put(path, &asked);
        }
        let mut after = stored.in_force(base)?;
        // A setting that follows from another one may have been asked for as it was before.
        let differing = changes(&after.model.to_tree()?, &asked);
        let missed: Vec<&String> = differing.iter().filter(|path| leaf(patch, path).is_some()).collect();
        if errors.is_empty() && !missed.is_empty() {
            missed.into_iter().for_each(|path| stored.put(path, &asked));
            after = stored.in_force(base)?;
        }
        if errors.is_empty()
            && !paths.is_empty()
            && let Err(error) = after.config.check()
        {
            return Err(error);
        }
        Ok(Change { stored, after, paths, errors })
    }

    fn put(&mut self, path: &str, tree: &Tree) {
        patch::put(&mut self.tree, path, leaf(tree, path).cloned().unwrap_or_default());
    }
}

/// What a configuration says, with what is stored laid over it.
fn model_of(config: &Config, wanted: &Tree) -> Result<Model> {
    let mut model = Model::default();
    LINKS.iter().for_each(|link| (link.show)(config, &mut model));
    let mut tree = model.to_tree()?;
    patch::lay_over(&mut tree, wanted)?;
    Model::of_tree(tree)
}

impl Change {
    /// What is to be stored.
    ///
    /// # Errors
    /// 400 with what is wrong.
    pub fn accept(self) -> Result<(Stored, InForce)> {
        self.errors.into_result("The settings can't be changed like this.")?;
        Ok((self.stored, self.after))
    }
}

impl Link {
    fn is_locked(&self, base: &Config) -> bool {
        base.set_by.contains_key(self.key)
    }
}

/// The settings that are set outside of the database, by their paths, with the places.
pub fn locked(base: &Config) -> Vec<(&'static str, String)> {
    let places = LINKS.iter().filter_map(|link| Some((link.paths, base.set_by.get(link.key)?)));
    places.flat_map(|(paths, place)| paths.iter().map(|path| (*path, place.clone()))).collect()
}

fn place_of<'c>(base: &'c Config, path: &str) -> Option<&'c str> {
    let link = LINKS.iter().find(|link| link.paths.contains(&path))?;
    base.set_by.get(link.key).map(String::as_str)
}

fn locked_error(place: &str) -> FieldError {
    FieldError::new("validation_locked_setting", format!("This is set in {place} and can only be changed there."))
        .with("place", place)
}

fn opened(raw: &str, config: &Config) -> Result<String> {
    let keys = [&config.encryption_key, &config.encryption_key_before];
    let found = keys.iter().filter(|key| !key.is_empty()).find_map(|key| seal::open(raw, key));
    found.ok_or_else(|| {
        Error::invalid(if config.encryption_key.is_empty() {
            "The settings in the database are encrypted: set encryption_key to what they were encrypted with."
        } else {
            "The settings in the database are encrypted with another encryption_key; if it has been replaced, set \
             encryption_key_before to the old one."
        })
    })
}
