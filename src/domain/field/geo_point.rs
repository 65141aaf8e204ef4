//! `geoPoint`: a place on Earth, in degrees.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::checks::is_present;
use super::{Field, Kind, OptionSite, Storage};
use crate::base::{FieldError, FieldErrors};
use crate::domain::Value;

/// Options of a `geoPoint` field: none of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct GeoPointOptions {}

impl Kind for GeoPointOptions {
    fn storage(&self) -> Storage {
        Storage::Point
    }

    fn zero(&self) -> Value {
        Value::Point { lon: 0.0, lat: 0.0 }
    }

    fn coerce(&self, input: &Json) -> Value {
        match input {
            Json::String(text) => point(&serde_json::from_str(text).unwrap_or_default()),
            other => point(other),
        }
    }

    fn check(&self, field: &Field, value: &Value) -> Result<(), FieldError> {
        is_present(field, value)?;
        let Value::Point { lon, lat } = value else { return Ok(()) };
        if !(-90.0..=90.0).contains(lat) {
            return Err(FieldError::new("validation_invalid_latitude", "Latitudes go from -90 to 90 degrees."));
        }
        if !(-180.0..=180.0).contains(lon) {
            return Err(FieldError::new("validation_invalid_longitude", "Longitudes go from -180 to 180 degrees."));
        }
        Ok(())
    }

    fn check_options(&self, _field: &Field, _site: &OptionSite<'_>) -> FieldErrors {
        FieldErrors::new()
    }
}

/// The numbers under `lon` and `lat`; whatever isn't a number is 0.
fn point(input: &Json) -> Value {
    let part = |name: &str| input.get(name).and_then(Json::as_f64).unwrap_or(0.0);
    Value::Point { lon: part("lon"), lat: part("lat") }
}

#[cfg(test)]
mod tests {
    use super::super::checks::testing::{check_options, check_values};
    use super::*;
    use serde_json::json;

    #[test]
    fn points_come_as_objects_or_their_text() {
        for (input, lon, lat) in [
            (json!({"lon": 1, "lat": 2.5}), 1.0, 2.5),
            (json!("{\"lon\":1,\"lat\":2}"), 1.0, 2.0),
            (json!("  {\"lon\":1,\"lat\":2}"), 1.0, 2.0),
            (json!({"lon": 1, "z": 3}), 1.0, 0.0),
            (json!({"lon": "1.5", "lat": true}), 0.0, 0.0),
            (json!({"Lon": 1, "LAT": 2}), 0.0, 0.0),
            (json!([1, 2]), 0.0, 0.0),
            (json!("x"), 0.0, 0.0),
            (json!(1), 0.0, 0.0),
        ] {
            assert_eq!(GeoPointOptions {}.coerce(&input), Value::Point { lon, lat }, "{input}");
        }
    }

    #[test]
    fn degrees_have_ranges() {
        let latitude = || Some(("validation_invalid_latitude", json!(null)));
        let longitude = || Some(("validation_invalid_longitude", json!(null)));
        check_values(
            json!({"type": "geoPoint"}),
            &[
                (json!({"lon": 180, "lat": -90}), None),
                (json!({"lon": -180, "lat": 90}), None),
                (json!({"lon": 181, "lat": 91}), latitude()),
                (json!({"lat": -90.1}), latitude()),
                (json!({"lon": 180.1}), longitude()),
                (json!(null), None),
            ],
        );
    }

    #[test]
    fn required_means_not_the_origin() {
        let definition = json!({"type": "geoPoint", "required": true});
        check_values(
            definition.clone(),
            &[(json!({"lat": 1}), None), (json!({"lon": 0, "lat": 0}), Some(("validation_required", json!(null))))],
        );
        check_options(&[(definition, json!({}))]);
    }
}
