//! `password`: a secret that is stored as a bcrypt hash and never served.
//!
//! Values that come in are plain text and are checked as such; `records` replaces them by their hash before they are
//! stored, and never checks a hash again.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::checks::{check_range, invalid_format, is_present};
use super::{Field, Kind, OptionSite, Storage, coerce, pattern};
use crate::base::{FieldError, FieldErrors};
use crate::domain::Value;

/// What `max` means when it is 0, in characters, and the most that it can be.
pub const MAX_CHARS: i64 = 71;

/// bcrypt reads no further than this.
const MAX_BYTES: usize = 72;

/// What `cost` means when it is 0.
const DEFAULT_COST: u32 = 10;

/// Options of a `password` field.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PasswordOptions {
    /// Fewest characters; 0 is no bound.
    pub min: i64,
    /// Most characters; 0 is [`MAX_CHARS`].
    pub max: i64,
    /// A regular expression that passwords must match somewhere; empty is none.
    pub pattern: String,
    /// The cost of the hash as a power of two, 4 to 31; 0 is the default of 10.
    pub cost: i64,
}

impl PasswordOptions {
    /// The cost of new hashes, within what bcrypt allows.
    pub fn effective_cost(&self) -> u32 {
        match u32::try_from(self.cost) {
            Ok(cost @ 4..=31) => cost,
            _ => DEFAULT_COST,
        }
    }
}

impl Kind for PasswordOptions {
    fn storage(&self) -> Storage {
        Storage::Text
    }

    fn zero(&self) -> Value {
        Value::Text(String::new())
    }

    fn coerce(&self, input: &Json) -> Value {
        Value::Text(coerce::text(input))
    }

    /// Errors carry no parameters here.
    fn check(&self, field: &Field, value: &Value) -> Result<(), FieldError> {
        if !is_present(field, value)? {
            return Ok(());
        }
        let plain = value.as_text();
        if plain.len() > MAX_BYTES {
            return Err(FieldError::invalid(format!("Use no more than {MAX_BYTES} bytes.")));
        }
        let length = i64::try_from(plain.chars().count()).unwrap_or(i64::MAX);
        if length < self.min {
            let message = format!("Use at least {} characters.", self.min);
            return Err(FieldError::new("validation_min_text_constraint", message));
        }
        let max = if self.max == 0 { MAX_CHARS } else { self.max };
        if length > max {
            let message = format!("Use no more than {max} characters.");
            return Err(FieldError::new("validation_max_text_constraint", message));
        }
        if !self.pattern.is_empty() && !pattern::matches(&self.pattern, plain) {
            return Err(invalid_format());
        }
        Ok(())
    }

    fn check_options(&self, _field: &Field, _site: &OptionSite<'_>) -> FieldErrors {
        let mut errors = FieldErrors::new();
        errors.check("min", check_range(self.min, 1, MAX_CHARS));
        errors.check("max", check_range(self.max, self.min.max(0), MAX_CHARS));
        errors.check("pattern", pattern::check(&self.pattern));
        errors.check("cost", check_range(self.cost, 4, 31));
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::super::checks::testing::{check_options, check_values};
    use super::*;
    use serde_json::json;

    #[test]
    fn passwords_fit_what_bcrypt_reads() {
        let too_many_bytes = || Some(("validation_invalid_value", json!(null)));
        check_values(
            json!({"type": "password"}),
            &[
                (json!("a".repeat(71)), None),
                (json!("a".repeat(72)), Some(("validation_max_text_constraint", json!(null)))),
                (json!("a".repeat(73)), too_many_bytes()),
                (json!("é".repeat(36)), None),
                (json!("é".repeat(37)), too_many_bytes()),
                (json!(""), None),
                (json!(1), None),
            ],
        );
    }

    #[test]
    fn passwords_have_length_and_pattern() {
        let code = |code: &'static str| Some((code, json!(null)));
        check_values(
            json!({"type": "password", "min": 3, "max": 5, "pattern": "^a", "required": true}),
            &[
                (json!("abc"), None),
                (json!("ab"), code("validation_min_text_constraint")),
                (json!("abcdef"), code("validation_max_text_constraint")),
                (json!("bbb"), code("validation_invalid_format")),
                (json!(""), code("validation_required")),
                (json!(null), code("validation_required")),
            ],
        );
    }

    #[test]
    fn options_have_ranges() {
        let low = |threshold: i64| json!(["validation_min_greater_equal_than_required", {"threshold": threshold}]);
        let high = |threshold: i64| json!(["validation_max_less_equal_than_required", {"threshold": threshold}]);
        check_options(&[
            (json!({"type": "password", "min": 71, "max": 71, "cost": 4}), json!({})),
            (json!({"type": "password", "min": -1}), json!({"min": low(1)})),
            (json!({"type": "password", "min": 72}), json!({"min": high(71)})),
            (json!({"type": "password", "max": -1}), json!({"max": low(0)})),
            (json!({"type": "password", "max": 72}), json!({"max": high(71)})),
            (json!({"type": "password", "min": 5, "max": 4}), json!({"max": low(5)})),
            (json!({"type": "password", "cost": 3}), json!({"cost": low(4)})),
            (json!({"type": "password", "cost": -1}), json!({"cost": low(4)})),
            (json!({"type": "password", "cost": 32}), json!({"cost": high(31)})),
            (json!({"type": "password", "pattern": "("}), json!({"pattern": "validation_invalid_regex"})),
        ]);
    }

    #[test]
    fn the_cost_has_a_default() {
        for (cost, expect) in [(0, 10), (4, 4), (31, 31), (32, 10), (-1, 10)] {
            assert_eq!(PasswordOptions { cost, ..PasswordOptions::default() }.effective_cost(), expect);
        }
    }
}
