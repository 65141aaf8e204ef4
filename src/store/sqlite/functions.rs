//! Functions that the bundled SQLite doesn't have.
//!
//! Called for every new connection. Only statements use them, never the definitions of tables and indexes, so that
//! other programs can read the file.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;

/// The radius of the earth, taken for a sphere.
const EARTH_RADIUS_KM: f64 = 6371.0;

/// Adds the functions to a connection.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("geo_distance", 4, flags, |context| {
        let mut degrees = [0.0; 4];
        for (at, degree) in degrees.iter_mut().enumerate() {
            match number(context.get_raw(at)) {
                Some(number) => *degree = number,
                None => return Ok(None),
            }
        }
        let distance = distance_km(degrees);
        Ok(distance.is_finite().then_some(distance))
    })
}

fn number(value: ValueRef<'_>) -> Option<f64> {
    match value {
        ValueRef::Integer(number) => Some(number as f64),
        ValueRef::Real(number) => Some(number),
        ValueRef::Text(text) => std::str::from_utf8(text).ok()?.trim().parse().ok(),
        ValueRef::Null | ValueRef::Blob(_) => None,
    }
}

/// The distance of two points, by the haversine formula.
fn distance_km([lon_a, lat_a, lon_b, lat_b]: [f64; 4]) -> f64 {
    let half_chord = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
    let across = lat_a.to_radians().cos() * lat_b.to_radians().cos() * half_chord(lon_b - lon_a);
    let share = (half_chord(lat_b - lat_a) + across).clamp(0.0, 1.0);
    2.0 * EARTH_RADIUS_KM * share.sqrt().asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(args: &str, expect: Option<f64>) {
        let connection = Connection::open_in_memory().expect("a database");
        register(&connection).expect("the functions are added");
        let query = format!("SELECT geo_distance({args})");
        let found: Option<f64> = connection.query_row(&query, [], |row| row.get(0)).expect("a row");
        match (found, expect) {
            (Some(found), Some(expect)) => assert!((found - expect).abs() < 0.5, "{args}: {found} km"),
            _ => assert_eq!(found, expect, "{args}"),
        }
    }

    #[test]
    fn distances() {
        check("23.32, 42.69, 23.32, 42.69", Some(0.0));
        check("2.35, 48.85, 13.4, 52.52", Some(878.1));
        check("0, 90, 0, -90", Some(20015.1));
        check("179.5, 0, -179.5, 0", Some(111.2));
        check("'2.35', '48.85', 13.4, 52.52", Some(878.1));
        check("NULL, 0, 0, 0", None);
        check("'x', 0, 0, 0", None);
        check("0, 0, 0, ''", None);
        check("1e400, 0, 0, 0", None);
    }
}
