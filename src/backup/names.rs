//! What backups are called.

use crate::base::limits::BACKUP_NAME_MAX_BYTES;
use crate::base::{Error, FieldError, Result, Timestamp};

/// What the names of all backups end with that are made here.
const SUFFIX: &str = ".zip";
/// What the name of a backup says of the program that has made it.
const MADE_BY: &str = "holdall_backup";
/// What marks backups that were made by a schedule. Nobody can give one such a name.
const AUTO: &str = "@auto_";
/// So much of the application's name is in those of its backups.
const APP_NAME_MAX_CHARS: usize = 50;

/// The name of a backup that nobody has given a name.
pub fn automatic(app_name: &str, now: Timestamp, is_scheduled: bool) -> String {
    let at = now.utc();
    let time =
        format!("{:04}{:02}{:02}{:02}{:02}{:02}", at.year(), at.month(), at.day(), at.hour(), at.minute(), at.second());
    let app_name = snake(app_name);
    let middle = if app_name.is_empty() { String::new() } else { format!("_{app_name}") };
    format!("{}{MADE_BY}{middle}_{time}{SUFFIX}", if is_scheduled { AUTO } else { "" })
}

/// Whether a backup was made by the schedule.
pub fn is_scheduled(name: &str) -> bool {
    name.starts_with(AUTO) && name[AUTO.len()..].starts_with(MADE_BY)
}

/// Words of a name in small letters, with `_` between them.
fn snake(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().take(APP_NAME_MAX_CHARS) {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => out.push(c),
            _ if out.is_empty() || out.ends_with('_') => {}
            _ => out.push('_'),
        }
    }
    out.trim_end_matches('_').to_owned()
}

/// Checks a name that somebody gives to a backup.
///
/// # Errors
/// 400 with the code of `name`.
pub fn check_given(name: &str) -> Result<()> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
    let fault = if name.chars().count() > BACKUP_NAME_MAX_BYTES {
        let text = format!("The length must be between 1 and {BACKUP_NAME_MAX_BYTES}.");
        let error = FieldError::new("validation_length_out_of_range", text);
        Some(error.with("max", BACKUP_NAME_MAX_BYTES).with("min", 1))
    } else if !name.strip_suffix(SUFFIX).is_some_and(|stem| !stem.is_empty() && stem.chars().all(plain)) {
        let text = "Write small letters, digits, _ and -, and .zip behind them.";
        Some(FieldError::new("validation_match_invalid", text))
    } else {
        None
    };
    fault.map_or(Ok(()), |fault| Err(Error::field("name", fault)))
}

/// 400 for a name that is taken.
pub fn taken(field: &str) -> Error {
    Error::field(field, FieldError::new("validation_backup_name_exists", "There is a backup with this name already."))
}

/// Checks the name of a file that is sent as a backup. It may be almost anything, as the interface has it.
///
/// # Errors
/// 400 with the code of `file`.
pub fn check_sent(name: &str) -> Result<()> {
    if is_safe(name) {
        return Ok(());
    }
    Err(Error::field("file", FieldError::invalid("The name of the file can't be that of a backup.")))
}

/// Whether a name is one of a file right in the folder of backups, and of none that is ours.
pub fn is_safe(name: &str) -> bool {
    let odd = |c: char| c.is_control() || matches!(c, '/' | '\\' | '"' | ':');
    !name.is_empty() && name.len() <= BACKUP_NAME_MAX_BYTES && !name.starts_with('.') && !name.contains(odd)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_names_are_plain() {
        for (name, code) in [
            ("a.zip", None),
            ("a-b_c9.zip", None),
            ("A.zip", Some("validation_match_invalid")),
            ("a.b.zip", Some("validation_match_invalid")),
            (".zip", Some("validation_match_invalid")),
            ("a", Some("validation_match_invalid")),
            ("@auto_a.zip", Some("validation_match_invalid")),
            ("../a.zip", Some("validation_match_invalid")),
            ("é.zip", Some("validation_match_invalid")),
        ] {
            let result = check_given(name);
            assert_eq!(result.err().and_then(|error| error.fields().code("name")), code, "{name}");
        }
        let long = |chars: usize| format!("{}{SUFFIX}", "a".repeat(chars - SUFFIX.len()));
        assert!(check_given(&long(150)).is_ok());
        let error = check_given(&long(151)).expect_err("it is too long");
        assert_eq!(error.fields().code("name"), Some("validation_length_out_of_range"));
    }

    #[test]
    fn sent_names_stay_in_the_folder() {
        for (name, is_right) in [
            ("a.zip", true),
            ("Ä b.zip", true),
            ("@auto_x.zip", true),
            ("x.txt", true),
            ("", false),
            (".", false),
            ("..", false),
            (".checks", false),
            ("a/b.zip", false),
            ("a\\b.zip", false),
            ("a\"b.zip", false),
            ("a\nb.zip", false),
        ] {
            assert_eq!(check_sent(name).is_ok(), is_right, "{name:?}");
        }
        assert!(!is_safe(&"a".repeat(151)));
    }

    #[test]
    fn automatic_names_say_whose_they_are_and_when() {
        let now = Timestamp::from_unix_seconds(1_700_000_000).expect("in range");
        for (app, scheduled, expect) in [
            ("Tool Library!", false, "holdall_backup_tool_library_20231114221320.zip"),
            ("", false, "holdall_backup_20231114221320.zip"),
            ("Ünï", true, "@auto_holdall_backup_n_20231114221320.zip"),
        ] {
            let name = automatic(app, now, scheduled);
            assert_eq!(name, expect);
            assert_eq!(is_scheduled(&name), scheduled);
            assert!(is_safe(&name) && (scheduled || check_given(&name).is_ok()));
        }
        assert!(!is_scheduled("@auto_pb_backup_x_20231114221320.zip"));
        assert!(is_safe(&automatic(&"x".repeat(500), now, true)));
    }
}
