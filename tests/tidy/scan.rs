//! Reads a Rust file so far as the checks need it: which text is code, which is a string, which lines are tests.
//!
//! Comments and the insides of strings become spaces in [`Source::code`], so that a search there finds code only and
//! lines keep their numbers. Not here: what is allowed (that's in `tidy.rs`).

use std::collections::HashSet;

/// One file of the tree.
pub struct Source {
    /// Its path from the root of the repository, with `/`.
    pub path: String,
    pub text: String,
    /// The text without comments and without what stands in strings.
    pub code: String,
    /// The contents of the string literals, each with the line that it begins in.
    pub strings: Vec<(usize, String)>,
    /// Lines inside of `#[cfg(test)]` items.
    test_lines: HashSet<usize>,
    /// Whether all of it is tests.
    pub is_test: bool,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Source {
        let (code, strings) = split(text);
        let test_lines = test_lines(&code);
        let is_test = !path.starts_with("src/");
        Source { path: path.to_owned(), text: text.to_owned(), code, strings, test_lines, is_test }
    }

    pub fn is_test_line(&self, line: usize) -> bool {
        self.is_test || self.test_lines.contains(&line)
    }

    /// The lines of code that aren't tests, each with its number.
    pub fn program_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.code.lines().enumerate().map(|(at, line)| (at + 1, line));
        lines.filter(|(line, _)| !self.is_test_line(*line))
    }

    pub fn line_of(&self, offset: usize) -> usize {
        line_at(&self.code, offset)
    }

    /// The modules that are declared as `mod name;`: name, path given by an attribute, whether only for tests.
    pub fn modules(&self) -> Vec<(String, Option<String>, bool)> {
        let mut found = Vec::new();
        for (at, line) in self.code.lines().enumerate() {
            let words: Vec<&str> = line.split_whitespace().filter(|word| !word.starts_with("pub")).collect();
            let ["mod", name] = words[..] else { continue };
            let Some(name) = name.strip_suffix(';') else { continue };
            // Attributes stand on lines of their own; comments between them have become empty.
            let attributes: Vec<usize> =
                (0..at).rev().take_while(|above| self.code.lines().nth(*above).is_some_and(is_attribute)).collect();
            let text_of = |above: &usize| self.text.lines().nth(*above).unwrap_or_default();
            let path = attributes.iter().find_map(|above| text_of(above).split("path = \"").nth(1)?.split('"').next());
            let for_tests = attributes.iter().any(|above| text_of(above).contains("cfg(test)"));
            found.push((name.to_owned(), path.map(str::to_owned), for_tests || self.is_test));
        }
        found
    }
}

fn is_attribute(line: &str) -> bool {
    line.trim().is_empty() || line.trim_start().starts_with("#[")
}

pub fn line_at(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count() + 1
}

pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The offsets at which `word` stands in `text` as a word of its own.
pub fn word_offsets<'t>(text: &'t str, word: &'t str) -> impl Iterator<Item = usize> + 't {
    text.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// Code with everything else blanked, and the strings.
fn split(text: &str) -> (String, Vec<(usize, String)>) {
    let bytes = text.as_bytes();
    let mut code = bytes.to_vec();
    let mut strings = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if bytes.get(at + 1) == Some(&b'/') => text[at..].find('\n').map_or(bytes.len(), |n| at + n),
            b'/' if bytes.get(at + 1) == Some(&b'*') => comment_end(bytes, at),
            b'"' => {
                let end = string_end(bytes, at);
                strings.push((line_at(text, at), text[at + 1..end.saturating_sub(1).max(at + 1)].to_owned()));
                end
            }
            b'r' if !at
                .checked_sub(1)
                .is_some_and(|before| is_word(bytes[before] as char) && bytes[before] != b'b') =>
            {
                match raw_string(text, at) {
                    Some((content, end)) => {
                        strings.push((line_at(text, at), content.to_owned()));
                        end
                    }
                    None => at + 1,
                }
            }
            b'\'' => char_end(text, at),
            _ => at + 1,
        };
        if end > at + 1 {
            code[at..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        }
        at = end;
    }
    (String::from_utf8_lossy(&code).into_owned(), strings)
}

/// Block comments nest.
fn comment_end(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0);
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    bytes.len()
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn raw_string(text: &str, start: usize) -> Option<(&str, usize)> {
    let rest = &text[start + 1..];
    let hashes = rest.bytes().take_while(|byte| *byte == b'#').count();
    let content = rest[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let length = content.find(&close)?;
    Some((&content[..length], start + 1 + hashes + 1 + length + close.len()))
}

/// The end of a character literal, or one further for a lifetime.
fn char_end(text: &str, start: usize) -> usize {
    let mut rest = text[start + 1..].char_indices();
    match rest.next() {
        Some((_, '\\')) => text[start + 3..].find('\'').map_or(text.len(), |n| start + 3 + n + 1),
        Some(_) if rest.next().is_some_and(|(_, c)| c == '\'') => {
            start + 1 + text[start + 1..].chars().next().map_or(0, char::len_utf8) + 1
        }
        _ => start + 1,
    }
}

/// The lines of every item behind `#[cfg(test)]`: to the brace that closes it, or to the semicolon.
fn test_lines(code: &str) -> HashSet<usize> {
    let mut lines = HashSet::new();
    for (start, _) in code.match_indices("#[cfg(test)]") {
        let mut depth = 0_i32;
        let mut end = code.len();
        for (at, c) in code[start..].char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 && matches!(c, '}' | ';') {
                end = start + at;
                break;
            }
        }
        lines.extend(line_at(code, start)..=line_at(code, end));
    }
    lines
}

#[test]
fn code_strings_and_tests_are_told_apart() {
    let text = "let a = \"x::y\"; // z::w\nlet b = r#\"q\"q\"#; let c = '\"'; let d: &'a str;\n/* /* u */ v */ e\n\
                #[cfg(test)]\nmod tests {\n    f();\n}\ng();\n#[cfg(test)]\n#[path = \"p.rs\"]\nmod m;\nmod n;\n";
    let source = Source::new("src/x.rs", text);
    assert_eq!(source.code.lines().next().map(str::trim_end), Some("let a =       ;"));
    assert_eq!(source.strings[..2], [(1, "x::y".to_owned()), (2, "q\"q".to_owned())]);
    assert!(source.code.contains("let d: &'a str;") && !source.code.contains('v'), "{}", source.code);
    let program: Vec<usize> = source.program_lines().map(|(line, _)| line).collect();
    assert_eq!(program, [1, 2, 3, 8, 12]);
    let expect = [("m".to_owned(), Some("p.rs".to_owned()), true), ("n".to_owned(), None, false)];
    assert_eq!(source.modules(), expect);
}
