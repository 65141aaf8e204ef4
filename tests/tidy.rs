//! Keeps the tree as ARCHITECTURE.md says it is: who may use whom, where SQL stands, and what no file may have.
//!
//! Reads files only and knows nothing of the crate, so it says what is wrong even when nothing compiles. Every check
//! is a function from sources to findings; one test runs it on the tree, another shows that it can find something.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

#[path = "tidy/can_fail.rs"]
mod can_fail;
#[path = "tidy/scan.rs"]
mod scan;
#[path = "tidy/tables.rs"]
mod tables;

use scan::{Source, is_word, word_offsets};
use tables::{DEPENDENCIES, LAYERS, NEIGHBOURS, TESTS_THAT_LOOK_UP};

/// What no part of the program but tests may contain, and what to do instead.
const FORBIDDEN: &[(&str, &str)] = &[
    (".unwrap()", "use `?`, or `expect` with the reason why it can't fail"),
    ("panic!", "answer with an error"),
    ("todo!", "finish it"),
    ("unimplemented!", "finish it"),
    ("dbg!", "use `tracing`"),
    ("println!", "use `cli::output`, or `tracing`"),
    ("eprintln!", "use `tracing`"),
    ("print!", "use `cli::output`"),
    ("eprint!", "use `tracing`"),
    ("unsafe", "there is a safe way"),
];

/// Folders in which SQL may stand. Migrations are files of their own.
const SQL_FOLDERS: &[&str] = &["src/query/", "src/store/"];

/// Texts outside of them that look like SQL and may stay: file, how the text starts, why.
const SQL_TEXTS: &[(&str, &str, &str)] = &[
    ("src/collections/", "CREATE INDEX", "definitions of indexes are data: users write them, `query` reads them"),
    ("src/collections/", "CREATE UNIQUE INDEX", "as above"),
    ("src/collections/", "This isn't a CREATE INDEX", "a message"),
    ("src/domain/index.rs", " COLLATE ", "as above: a definition written as users write it"),
];

/// Signs of SQL: all words of an entry stand in the text in this order, in capitals or not.
const SQL_SIGNS: &[&[&str]] = &[
    &["select ", " from "],
    &["insert ", "into "],
    &["update ", " set "],
    &["delete from "],
    &["create table"],
    &["create view"],
    &["create index"],
    &["create unique index"],
    &["drop table"],
    &["drop view"],
    &["drop index"],
    &["alter table"],
    &["pragma "],
    &["savepoint "],
    &["begin immediate"],
    &["order by"],
    &["group by"],
    &[" collate "],
];

const LINE_MAX_CHARS: usize = 120;
const FILE_MAX_LINES: usize = 700;

/// Files that may be longer: path, why.
const LONG_FILES: &[(&str, &str)] = &[];

/// What would leave a test out: the end of the file's name, the texts.
const SKIPS: &[(&str, &[&str])] = &[
    (".rs", &["#[ignore", "cfg_attr(any(), test"]),
    (".mjs", &[".skip(", ".todo(", ".only(", "skip: true", "todo: true", "only: true"]),
];

/// Where packages may come from, as lock files write it.
const REGISTRIES: &[&str] = &["https://registry.npmjs.org/", "registry+https://github.com/rust-lang/crates.io-index"];

/// Folders of somebody's machine.
const MACHINE_FOLDERS: &[&str] = &["/work/", "/home/", "/root", "/Users/", "/workspace", "C:\\Users"];

/// Texts that name such a folder and may: path, text, why.
const MACHINE_TEXTS: &[(&str, &str, &str)] = &[
    (".ci/run", "${HOME:-/root}", "cargo needs a home, and CI may have none"),
    ("tests/front/acme.test.mjs", "'/roots/0'", "where an issuer has the certificate that it trusts itself by"),
    ("tests/tidy.rs", "", "the list of these folders"),
    ("src/cli/service/unit.rs", "", "folders that services don't see, on every machine"),
    ("tests/process/service.rs", "", "the same folders, to see that"),
];

/// Something wrong: where, and why.
type Finding = String;

fn finding(path: &str, line: usize, why: impl std::fmt::Display) -> Finding {
    format!("{path}:{line}: {why}")
}

// ---------------------------------------------------------------------------------------------------------- the checks

/// The number of a module's layer.
fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|modules| modules.contains(&module))
}

/// The module of the crate that a file belongs to; `None` for `lib.rs` and `main.rs`.
fn module_of(path: &str) -> Option<&str> {
    let inner = path.strip_prefix("src/")?;
    let first = inner.split('/').next()?;
    let name = first.strip_suffix(".rs").unwrap_or(first);
    (!matches!(inner, "lib.rs" | "main.rs")).then_some(name)
}

/// How many modules deep a file is below the crate.
fn depth(path: &str) -> usize {
    let inner = path.trim_start_matches("src/").trim_end_matches(".rs");
    inner.trim_end_matches("/mod").split('/').count()
}

/// The modules of the crate that a file names, with the offsets where it does.
fn used_modules(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for at in word_offsets(&source.code, "crate") {
        let Some(rest) = source.code[at + "crate".len()..].strip_prefix("::") else { continue };
        match rest.strip_prefix('{') {
            Some(group) => found.extend(group_heads(group).into_iter().map(|name| (at, name))),
            None => found.push((at, rest.chars().take_while(|c| is_word(*c)).collect())),
        }
    }
    found
}

/// The first names of the paths in `{a::b, c::{d, e}}`, whose opening brace has been read.
fn group_heads(group: &str) -> Vec<String> {
    let (mut depth, mut heads, mut item) = (0, Vec::new(), String::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                heads.push(item.trim().chars().take_while(|c| is_word(*c)).collect());
                item.clear();
                if c == '}' {
                    break;
                }
            }
            c if depth == 0 => item.push(c),
            _ => {}
        }
    }
    heads.retain(|head: &String| !head.is_empty());
    heads
}

fn check_layers(sources: &[Source]) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in sources.iter().filter(|source| source.path.starts_with("src/")) {
        let Some(module) = module_of(&source.path) else { continue };
        let Some(own) = layer(module) else {
            found.push(finding(&source.path, 1, format!("the module `{module}` has no place in the table of layers")));
            continue;
        };
        for (offset, used) in used_modules(source) {
            let listed = NEIGHBOURS.iter().any(|(who, whom, _)| *who == module && *whom == used);
            let looks_up = TESTS_THAT_LOOK_UP.iter().any(|(file, whom, _)| *file == source.path && *whom == used);
            let line = source.line_of(offset);
            let why = match layer(&used) {
                _ if used == module || listed || (looks_up && source.is_test_line(line)) => continue,
                Some(other) if other < own => continue,
                Some(other) if other == own => "its neighbour",
                Some(_) => "a layer above it",
                None => "which is no module of the table",
            };
            found.push(finding(&source.path, line, format!("`{module}` uses `{used}`, {why}")));
        }
        // `super::super::…` must not be a second way up to the crate.
        for (line, code) in source.program_lines() {
            let supers = (1..10).take_while(|count| code.contains(&"super::".repeat(*count))).count();
            if supers >= depth(&source.path) {
                found.push(finding(&source.path, line, "leaves its module by `super`; write `crate::`"));
            }
        }
    }
    found
}

/// The names of the dependencies as code writes them, from the manifest.
fn dependency_names(manifest: &str) -> BTreeSet<String> {
    let section = manifest.split("\n[dependencies]\n").nth(1).unwrap_or_default();
    let lines = section.lines().take_while(|line| !line.starts_with('['));
    lines.filter_map(|line| line.split_once(" = ")).map(|(name, _)| name.replace('-', "_")).collect()
}

/// The offsets at which code names a crate: `name::…`, or `use name;`.
fn crate_offsets(code: &str, name: &str) -> Vec<usize> {
    word_offsets(code, name)
        .filter(|&at| {
            let is_inner = code[..at].ends_with("::") || code[..at].ends_with('.');
            let is_path = code[at + name.len()..].starts_with("::");
            !is_inner && (is_path || code[..at].ends_with("use "))
        })
        .collect()
}

/// Whether a file calls one of our own modules by this name, so that the name isn't that of a crate there.
fn is_own_module(code: &str, name: &str) -> bool {
    code.split([';', '}']).map(str::trim).any(|statement| {
        let declares = statement.ends_with(&format!("mod {name}"));
        let imports = ["use crate::", "use super::"].iter().any(|start| statement.starts_with(start));
        declares || imports && word_offsets(statement, name).next().is_some()
    })
}

fn check_dependencies(sources: &[Source], manifest: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let listed: BTreeSet<String> = DEPENDENCIES.iter().map(|(name, _)| (*name).to_owned()).collect();
    for name in dependency_names(manifest).symmetric_difference(&listed) {
        found.push(finding("Cargo.toml", 1, format!("`{name}` is not both in the manifest and in tidy's table")));
    }
    for (name, places) in DEPENDENCIES {
        let mut used_places = BTreeSet::new();
        for source in sources.iter().filter(|source| source.path.starts_with("src/")) {
            let inner = &source.path["src/".len()..];
            let place = places.iter().find(|place| inner.starts_with(**place) || format!("{inner}/") == **place);
            let offsets = crate_offsets(&source.code, name);
            if offsets.is_empty() || is_own_module(&source.code, name) {
                continue;
            }
            for offset in offsets {
                let line = source.line_of(offset);
                match place {
                    Some(place) => drop(used_places.insert(*place)),
                    None if source.is_test_line(line) => {}
                    None => found.push(finding(&source.path, line, format!("`{name}` is only for {places:?}"))),
                }
            }
        }
        for place in places.iter().filter(|place| !used_places.contains(**place)) {
            found.push(finding("tests/tidy.rs", 1, format!("`{name}` isn't used in {place}: take it off the table")));
        }
    }
    found
}

fn looks_like_sql(text: &str) -> bool {
    let text = text.to_lowercase();
    SQL_SIGNS.iter().any(|words| {
        let mut rest = text.as_str();
        words.iter().all(|word| match rest.split_once(word.trim_start()) {
            Some((_, after)) => {
                rest = after;
                true
            }
            None => false,
        })
    })
}

fn check_sql(sources: &[Source]) -> Vec<Finding> {
    let mut found = Vec::new();
    let outside = |source: &&Source| {
        source.path.starts_with("src/") && !SQL_FOLDERS.iter().any(|folder| source.path.starts_with(folder))
    };
    for source in sources.iter().filter(outside) {
        for (line, text) in &source.strings {
            let may = SQL_TEXTS.iter().any(|(file, start, _)| source.path.starts_with(file) && text.starts_with(start));
            if !may && !source.is_test_line(*line) && looks_like_sql(text) {
                found.push(finding(&source.path, *line, format!("SQL belongs in `query` or `store`: {text:?}")));
            }
        }
    }
    found
}

fn check_forbidden(sources: &[Source]) -> Vec<Finding> {
    let mut found = Vec::new();
    for source in sources {
        for (line, code) in source.program_lines() {
            for (text, instead) in FORBIDDEN {
                let starts_word = text.starts_with(is_word);
                let is_there = if starts_word {
                    let (word, tail) = text.split_at(text.trim_end_matches('!').len());
                    word_offsets(code, word).any(|at| code[at + word.len()..].starts_with(tail))
                } else {
                    code.contains(text)
                };
                if is_there {
                    found.push(finding(&source.path, line, format!("{text} outside of tests: {instead}")));
                }
            }
        }
    }
    found
}

fn check_headers(sources: &[Source]) -> Vec<Finding> {
    let without = |source: &&Source| !source.text.starts_with("//! ");
    sources.iter().filter(without).map(|s| finding(&s.path, 1, "begin with `//!` and say what the file is")).collect()
}

/// Texts in tests may be long: a broken one is harder to compare with what it is about.
fn check_line_lengths(source: &Source) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, line) in source.text.lines().enumerate() {
        let mut chars = line.chars().count();
        if chars > LINE_MAX_CHARS && source.is_test_line(at + 1) {
            let code = source.code.lines().nth(at).unwrap_or_default();
            chars = code.split_whitespace().map(|word| word.chars().count() + 1).sum();
        }
        if chars > LINE_MAX_CHARS {
            found.push(finding(&source.path, at + 1, format!("{chars} characters in a line; {LINE_MAX_CHARS} fit")));
        }
    }
    found
}

fn check_file_length(path: &str, text: &str) -> Vec<Finding> {
    let lines = text.lines().count();
    if lines <= FILE_MAX_LINES || LONG_FILES.iter().any(|(file, _)| *file == path) {
        return Vec::new();
    }
    vec![finding(path, FILE_MAX_LINES, format!("{lines} lines in a file; make it two"))]
}

fn check_skips(path: &str, text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let skips = SKIPS.iter().filter(|(end, _)| path.ends_with(end)).flat_map(|(_, texts)| *texts);
    for (at, line) in text.lines().enumerate() {
        for skip in skips.clone().filter(|skip| line.contains(**skip)) {
            found.push(finding(path, at + 1, format!("`{skip}` leaves a test out: mend it or delete it")));
        }
    }
    found
}

/// Follows `mod` from the roots; what isn't met is dead. Also marks the files that only tests reach.
fn check_reachable(sources: &mut [Source]) -> Vec<Finding> {
    let places: HashMap<String, usize> = sources.iter().enumerate().map(|(at, s)| (s.path.clone(), at)).collect();
    let mut found = Vec::new();
    let mut met = BTreeSet::new();
    let mut waiting: Vec<(String, bool)> =
        sources.iter().filter(|s| is_root(&s.path)).map(|s| (s.path.clone(), s.is_test)).collect();
    while let Some((path, is_test)) = waiting.pop() {
        if !met.insert(path.clone()) {
            continue;
        }
        let source = &mut sources[places[&path]];
        source.is_test |= is_test;
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", &path));
        let is_folder_owner = is_root(&path) || file == "mod.rs";
        let inner = if is_folder_owner { folder.to_owned() } else { path.trim_end_matches(".rs").to_owned() };
        for (name, given, for_tests) in source.modules() {
            let candidates = match given {
                Some(given) => vec![normal(&format!("{folder}/{given}"))],
                None => vec![format!("{inner}/{name}.rs"), format!("{inner}/{name}/mod.rs")],
            };
            match candidates.iter().find(|candidate| places.contains_key(*candidate)) {
                Some(next) => waiting.push((next.clone(), is_test || for_tests)),
                None => found.push(finding(&path, 1, format!("`mod {name}` has no file"))),
            }
        }
    }
    let dead = sources.iter().filter(|source| !met.contains(&source.path));
    found.extend(dead.map(|source| finding(&source.path, 1, "no `mod` leads here: delete it or declare it")));
    found
}

/// Whether cargo builds something from this file.
fn is_root(path: &str) -> bool {
    match path.split('/').collect::<Vec<_>>()[..] {
        ["src", file] => matches!(file, "lib.rs" | "main.rs"),
        ["tests" | "benches" | "examples", _] => true,
        ["tests" | "benches" | "examples", _, "main.rs"] => true,
        _ => false,
    }
}

/// A path without `..`.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        if part == ".." {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

fn check_machines(path: &str, text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    let is_lock = path.ends_with("Cargo.lock") || path.ends_with("package-lock.json");
    for (at, line) in text.lines().enumerate() {
        let may = MACHINE_TEXTS.iter().any(|(file, part, _)| *file == path && line.contains(part));
        for folder in MACHINE_FOLDERS.iter().filter(|folder| !may && line.contains(**folder)) {
            found.push(finding(path, at + 1, format!("{folder} is a folder of one machine")));
        }
        let names_source = line.contains("\"resolved\":") || line.starts_with("source = ");
        let known = REGISTRIES.iter().any(|registry| line.contains(&format!("\"{registry}")));
        if is_lock && names_source && !known {
            found.push(finding(path, at + 1, "packages come from the public registries"));
        }
        let configures = ["registry=", "registry =", "index-url", "replace-with", "[source.", "proxy="];
        if path != "tests/tidy.rs" && configures.iter().any(|word| line.trim_start().starts_with(word)) {
            found.push(finding(path, at + 1, "where packages come from is set on each machine, not here"));
        }
    }
    found
}

/// Paths in a document that begin with a folder of the tree.
fn check_paths(path: &str, text: &str, tops: &BTreeSet<String>, exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let words = line.split(|c: char| c.is_whitespace() || "`()[]<>\"',;|│├└─#".contains(c));
        for word in words.map(|word| word.trim_end_matches(['.', ':', '/']).trim_start_matches("./")) {
            let Some((top, _)) = word.split_once('/') else { continue };
            let is_pattern = word.contains(['*', '{', '$', '…', '?']);
            if tops.contains(top) && !is_pattern && !exists(word) {
                found.push(finding(path, at + 1, format!("{word} doesn't exist")));
            }
        }
    }
    found
}

// ---------------------------------------------------------------------------------------------------------- the tree

/// All text files that belong to the repository, by path.
static FILES: LazyLock<Vec<(String, String)>> = LazyLock::new(files);

/// The Rust sources, with those marked that only tests reach.
static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| {
    let mut sources = rust_sources();
    check_reachable(&mut sources);
    sources
});

fn files() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let ignored = fs::read_to_string(root.join(".gitignore")).expect("the tree has a .gitignore");
    let ignored: Vec<&str> =
        ignored.lines().map(|line| line.trim_matches('/')).filter(|line| !line.is_empty()).collect();
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("folders of the tree can be read") {
            let path = entry.expect("entries can be read").path();
            let name = path.file_name().expect("an entry has a name").to_string_lossy().into_owned();
            if name == ".git" || ignored.iter().any(|pattern| is_ignored(pattern, &name)) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = fs::read_to_string(&path) {
                let inner = path.strip_prefix(root).expect("it is below the root").to_string_lossy();
                found.push((inner.replace('\\', "/"), text));
            }
        }
    }
    found.sort();
    found
}

/// Whether a line of `.gitignore` means this name; of patterns only a star at one end is known.
fn is_ignored(pattern: &str, name: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => name.ends_with(end),
        (_, Some(start)) => name.starts_with(start),
        _ => pattern == name,
    }
}

fn rust_sources() -> Vec<Source> {
    FILES.iter().filter(|(path, _)| path.ends_with(".rs")).map(|(path, text)| Source::new(path, text)).collect()
}

fn in_files(ends: &[&str], check: impl Fn(&str, &str) -> Vec<Finding>) -> Vec<Finding> {
    let wanted = FILES.iter().filter(|(path, _)| ends.iter().any(|end| path.ends_with(end)));
    wanted.flat_map(|(path, text)| check(path, text)).collect()
}

#[track_caller]
fn none(findings: &[Finding]) {
    assert!(findings.is_empty(), "{} findings:\n{}", findings.len(), findings.join("\n"));
}

#[test]
fn layers_point_down() {
    none(&check_layers(&SOURCES));
}

#[test]
fn dependencies_stay_in_their_place() {
    let (_, manifest) = FILES.iter().find(|(path, _)| path == "Cargo.toml").expect("there is a manifest");
    none(&check_dependencies(&SOURCES, manifest));
}

#[test]
fn sql_stands_in_query_and_store_only() {
    none(&check_sql(&SOURCES));
}

#[test]
fn the_program_has_no_shortcuts() {
    none(&check_forbidden(&SOURCES));
}

#[test]
fn every_file_says_what_it_is() {
    none(&check_headers(&SOURCES));
}

#[test]
fn lines_and_files_are_short() {
    let mut found: Vec<Finding> = SOURCES.iter().flat_map(check_line_lengths).collect();
    found.extend(in_files(&[".rs", ".mjs", ".sql", ".css", ".html"], check_file_length));
    none(&found);
}

#[test]
fn no_test_is_left_out() {
    let is_list = |path: &str| path == "tests/tidy.rs";
    none(&in_files(&["rs", "mjs"], |path, text| if is_list(path) { Vec::new() } else { check_skips(path, text) }));
}

#[test]
fn every_file_is_part_of_something() {
    none(&check_reachable(&mut rust_sources()));
}

#[test]
fn nothing_tells_of_a_machine() {
    none(&in_files(&[""], check_machines));
}

#[test]
fn documents_name_paths_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tops: BTreeSet<String> =
        FILES.iter().filter_map(|(path, _)| path.split_once('/').map(|(top, _)| top.to_owned())).collect();
    let exists = |path: &str| root.join(path).exists();
    let documents = FILES.iter().filter(|(path, _)| path.ends_with(".md"));
    let found: Vec<Finding> = documents.flat_map(|(path, text)| check_paths(path, text, &tops, exists)).collect();
    none(&found);
}
