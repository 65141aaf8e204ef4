//! What a file is called once it is stored: made of what the client calls it, and safe whatever that is.
//!
//! The result is ASCII of `a-z 0-9 _` with an extension of letters, digits and `. - + = _` behind it, 14–133 characters
//! long. So it can't leave its folder, hide itself, be one of the names that some systems reserve, or mean something in
//! an address or a header; and ten random characters make it nobody's to guess and never twice the same.

/// Of longer names only the end counts, in bytes.
const ORIGINAL_MAX_BYTES: usize = 300;
/// Longest extension, without its dot.
const EXTENSION_MAX_CHARS: usize = 20;
/// Shorter bases get random characters behind them.
const BASE_MIN_CHARS: usize = 3;
/// Longer bases are cut.
const BASE_MAX_CHARS: usize = 100;

/// The name without folders, whatever system's, and without control characters: for showing to people.
pub fn without_folders(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    last.chars().filter(|c| !c.is_control()).collect()
}

/// The stored name for a file that the client calls `original`. `detected` is the extension that the content suggests
/// (`.png`, or empty), for names without one; `random` gives ten random characters of `a-z0-9` each time.
pub fn stored_name(original: &str, detected: &str, mut random: impl FnMut() -> String) -> String {
    let name = end_of(original.rsplit(['/', '\\']).next().unwrap_or_default(), ORIGINAL_MAX_BYTES);
    let (base, extension) = split(name);
    let extension = clean_extension(extension).or_else(|| clean_extension(detected)).unwrap_or_default();
    let mut base = snake_case(base);
    if base.len() < BASE_MIN_CHARS {
        base.push_str(&random());
    }
    base.truncate(BASE_MAX_CHARS);
    format!("{base}_{}{extension}", random())
}

/// The last `bytes` of a text, or somewhat fewer: a character is whole or it isn't there.
fn end_of(text: &str, bytes: usize) -> &str {
    let from = text.ceil_char_boundary(text.len().saturating_sub(bytes));
    &text[from..]
}

/// Base and extension; a dot before the last one takes part in it, as in `.tar.gz`.
fn split(name: &str) -> (&str, &str) {
    let Some(last) = name.rfind('.') else { return (name, "") };
    let from = name[..last].rfind('.').unwrap_or(last);
    name.split_at(from)
}

/// The extension with its dot, if anything is left of it. `*` and `#`, which PocketBase keeps, are left out as well:
/// not every file system and storage can hold them.
fn clean_extension(extension: &str) -> Option<String> {
    let kept: String =
        extension.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '+' | '=')).collect();
    let kept = kept.trim_matches('.');
    let end = end_of(kept, EXTENSION_MAX_CHARS).trim_matches('.');
    (!end.is_empty()).then(|| format!(".{end}"))
}

/// Words of letters and digits in lower case with `_` between them; a capital begins a word unless one precedes it.
/// What isn't ASCII vanishes.
fn snake_case(text: &str) -> String {
    let mut snake = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            let begins = !before.is_ascii_alphanumeric() || (c.is_ascii_uppercase() && !before.is_ascii_uppercase());
            if begins && !snake.is_empty() {
                snake.push('_');
            }
            snake.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(original: &str, detected: &str, expect: &str) {
        let name = stored_name(original, detected, || "R".repeat(10));
        assert_eq!(name.replace("RRRRRRRRRR", "r"), expect, "{original:?}");
        assert!(name.len() <= 150 && !name.starts_with('.') && !name.contains(['/', '\\', '\0']), "{name}");
    }

    #[test]
    fn names_are_made_as_the_interface_says() {
        for (original, detected, expect) in [
            ("My File (1).TXT", "", "my_file_1_r.TXT"),
            ("camelCaseName.txt", "", "camel_case_name_r.txt"),
            ("HTMLFile2Go.txt", "", "htmlfile2_go_r.txt"),
            ("a.tar.gz", "", "ar_r.tar.gz"),
            ("image.jpeg.exe", "", "image_r.jpeg.exe"),
            ("a.b.c.d", "", "a_b_r.c.d"),
            ("abc.b.c.d", "", "abc_b_r.c.d"),
            ("noext", ".png", "noext_r.png"),
            ("noext", "", "noext_r"),
            ("dot.", ".txt", "dot_r.txt"),
            ("Тест.png", "", "r_r.png"),
            ("größe.png", "", "gr_e_r.png"),
            ("../../etc/passwd", ".txt", "passwd_r.txt"),
            (".hidden", "", "r_r.hidden"),
            ("", ".bin", "r_r.bin"),
        ] {
            check(original, detected, expect);
        }
    }

    #[test]
    fn nothing_that_a_client_sends_gets_out_of_the_folder() {
        for (original, expect) in [
            ("..", "r_r"),
            (".", "r_r"),
            ("...", "r_r"),
            ("/", "r_r"),
            ("C:\\Windows\\system32\\drivers.sys", "drivers_r.sys"),
            ("a/b/", "r_r"),
            ("thumbs_x/100x100_x.png", "100x100_x_r.png"),
            ("nul", "nul_r"),
            ("CON.txt", "con_r.txt"),
            ("x.p\0ng", "xr_r.png"),
            ("a\u{202e}gnp.exe", "a_gnp_r.exe"),
            ("quote\".te\"xt\r\nX-Evil: 1", "quote_r.textX-Evil1"),
            ("evil.#12", "evil_r.12"),
            ("evil.*", "evil_r"),
            ("x.. /..", "r_r"),
            ("%2e%2e%2fpasswd.txt", "2e_2e_2fpasswd_r.txt"),
        ] {
            check(original, "", expect);
        }
    }

    #[test]
    fn long_names_are_cut() {
        check(&format!("{}.txt", "a".repeat(400)), "", &format!("{}_r.txt", "a".repeat(100)));
        check(&format!("x{}", "ö".repeat(200)), "", "r_r");
        check(&format!("abc.{}", "e".repeat(50)), "", &format!("abc_r.{}", "e".repeat(20)));
        check(&format!("abc.{}.gz", "e".repeat(50)), "", &format!("abc_r.{}.gz", "e".repeat(17)));
    }

    #[test]
    fn people_see_names_without_folders() {
        assert_eq!(without_folders("C:\\a\\b\r\n.txt"), "b.txt");
        assert_eq!(without_folders("../größe.png"), "größe.png");
    }
}
