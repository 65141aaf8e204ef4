//! What a cell of CSV means to a field. Whoever types a table is told of what isn't understood: an API that takes
//! "soon" for no date would be of no help here.

use serde_json::{Value as Json, json};

use crate::domain::field::date::parse_date;
use crate::domain::{Field, FieldKind};

/// The value of a cell that isn't empty, as the body of a request has it.
///
/// # Errors
/// Why it isn't one.
pub fn read(field: &Field, text: &str) -> Result<Json, String> {
    match &field.kind {
        FieldKind::Number(_) => number(text),
        FieldKind::Bool(_) => truth(text),
        FieldKind::Date(_) => date(text),
        FieldKind::Json(_) => any(text),
        FieldKind::GeoPoint(_) => place(text),
        // A list is a JSON array; anything else in a field that takes several is one value.
        _ => Ok(Json::from(text)),
    }
}

/// Refuses what would silently become nothing.
///
/// # Errors
/// Why it isn't a value of the field.
pub fn check_json(field: &Field, value: &Json) -> Result<(), String> {
    match (&field.kind, value) {
        (FieldKind::Date(_), Json::String(text)) if !text.is_empty() => date(text).map(|_| ()),
        (FieldKind::Number(_), Json::String(text)) if !text.is_empty() => number(text).map(|_| ()),
        (FieldKind::Bool(_), Json::String(text)) if !text.is_empty() => truth(text).map(|_| ()),
        (FieldKind::Date(_), Json::Number(_) | Json::Bool(_)) => Err("It isn't a date.".to_owned()),
        (FieldKind::Number(_) | FieldKind::Date(_) | FieldKind::Bool(_), Json::Array(_) | Json::Object(_)) => {
            Err("It isn't a single value.".to_owned())
        }
        _ => Ok(()),
    }
}

fn number(text: &str) -> Result<Json, String> {
    let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    number.map(Json::from).ok_or_else(|| format!("{text:?} isn't a number."))
}

fn truth(text: &str) -> Result<Json, String> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "1" => Ok(Json::Bool(true)),
        "false" | "f" | "no" | "n" | "0" => Ok(Json::Bool(false)),
        _ => Err(format!("{text:?} is neither true nor false.")),
    }
}

fn date(text: &str) -> Result<Json, String> {
    parse_date(text.trim()).map(Json::from).ok_or_else(|| format!("{text:?} isn't a date."))
}

/// JSON stays text, so that its digits and the order of its keys stay.
fn any(text: &str) -> Result<Json, String> {
    let text = text.trim();
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Ok(Json::from(text)),
        Err(error) => Err(format!("It isn't JSON: {error}.")),
    }
}

/// `{"lon":…,"lat":…}`, or both numbers with a comma between them, longitude first.
fn place(text: &str) -> Result<Json, String> {
    let pair = || {
        let (lon, lat) = text.split_once(',')?;
        Some((lon.trim().parse::<f64>().ok()?, lat.trim().parse::<f64>().ok()?))
    };
    let parsed: Option<Json> = serde_json::from_str(text).ok().filter(|parsed: &Json| {
        let is_number = |part: &str| parsed[part].is_number();
        is_number("lon") && is_number("lat")
    });
    match (parsed, pair()) {
        (Some(place), _) => Ok(place),
        (None, Some((lon, lat))) if lon.is_finite() && lat.is_finite() => Ok(json!({"lon": lon, "lat": lat})),
        _ => Err(format!("{text:?} isn't a place: write longitude, latitude.")),
    }
}
