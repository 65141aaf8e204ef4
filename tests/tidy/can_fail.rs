//! Shows of every check of `tidy.rs` that it finds what it is there for, and nothing else.

use std::collections::BTreeSet;

use super::*;

/// What `check` finds in one file of this text.
fn findings(path: &str, text: &str, check: impl Fn(&[Source]) -> Vec<Finding>) -> usize {
    check(&[Source::new(path, text)]).len()
}

#[test]
fn steps_up_and_sideways_are_found() {
    for (path, text, expect) in [
        ("src/store/mod.rs", "use crate::base::Error;", 0),
        ("src/base/error.rs", "use crate::domain::Field;", 1),
        ("src/records/list.rs", "fn f() { crate::app::x() }", 1),
        ("src/records/list.rs", "use crate::{base::Error, app::{App, Caller}, records::x};", 1),
        ("src/records/list.rs", "use crate::collections;", 1),
        ("src/auth/mod.rs", "use crate::records;", 0),
        ("src/records/list.rs", "use crate::auth;", 1),
        ("src/records/list.rs", "// crate::app\nlet a = \"crate::app\";", 0),
        ("src/records/list.rs", "use super::super::app;", 1),
        ("src/records/list.rs", "use super::plans;", 0),
        ("src/records.rs", "use super::app;", 1),
        ("src/new/mod.rs", "", 1),
        ("src/query/select/tests.rs", "use crate::store;", 1),
        ("src/query/select/tests.rs", "#[cfg(test)]\nuse crate::store;", 0),
        ("src/base/mod.rs", "use crate::nowhere;", 1),
    ] {
        assert_eq!(findings(path, text, check_layers), expect, "{path}: {text}");
    }
}

#[test]
fn misplaced_dependencies_are_found() {
    let manifest: String =
        DEPENDENCIES.iter().map(|(name, _)| format!("{} = \"1\"\n", name.replace('_', "-"))).collect();
    let manifest = format!("[package]\n\n[dependencies]\n{manifest}\n[dev-dependencies]\nother = \"1\"\n");
    let misplaced = |path: &str, text: &str| {
        let found = check_dependencies(&[Source::new(path, text)], &manifest);
        found.iter().filter(|finding| finding.contains("is only for")).count()
    };
    assert_eq!(misplaced("src/records/list.rs", "use rusqlite::Connection;"), 1);
    assert_eq!(misplaced("src/store/sqlite/mod.rs", "use rusqlite::Connection;"), 0);
    assert_eq!(misplaced("src/app/mod.rs", "#[rocket::async_trait]\nfn f() { clap::x(); }"), 2);
    assert_eq!(misplaced("src/app/mod.rs", "use regex;"), 1);
    assert_eq!(misplaced("src/app/mod.rs", "self.regex::<u8>(); crate::regex::x(); // rocket::x"), 0);
    let more = format!("{manifest}\n").replace("\n[dev", "libc = \"1\"\n\n[dev");
    let unlisted = |found: Vec<Finding>| found.iter().filter(|finding| finding.contains("`libc`")).count();
    assert_eq!(unlisted(check_dependencies(&[], &more)), 1);
}

#[test]
fn stray_sql_is_found() {
    for (path, text, expect) in [
        ("src/records/list.rs", "let a = \"SELECT id FROM t\";", 1),
        ("src/records/list.rs", "let a = r#\"update t\n set a = 1\"#;", 1),
        ("src/app/mod.rs", "f(\"PRAGMA user_version\");", 1),
        ("src/app/mod.rs", "f(\"Select a collection.\"); // SELECT a FROM b", 0),
        ("src/app/mod.rs", "#[cfg(test)]\nmod tests { const A: &str = \"SELECT a FROM b\"; }", 0),
        ("src/query/select.rs", "let a = \"SELECT id FROM t\";", 0),
    ] {
        assert_eq!(findings(path, text, check_sql), expect, "{path}: {text}");
    }
}

#[test]
fn shortcuts_are_found() {
    for (text, _) in FORBIDDEN {
        let code = if text.starts_with('.') { format!("a{text};") } else { format!("{text}(a);") };
        assert_eq!(findings("src/app/mod.rs", &code, check_forbidden), 1, "{code}");
        assert_eq!(findings("src/app/mod.rs", &format!("#[cfg(test)]\nmod t {{\n{code}\n}}"), check_forbidden), 0);
        assert_eq!(findings("tests/a.rs", &code, check_forbidden), 0, "{code}");
    }
    assert_eq!(findings("src/app/mod.rs", "a.unwrap_or(1); // b.unwrap()", check_forbidden), 0);
}

#[test]
fn missing_headers_long_lines_and_long_files_are_found() {
    assert_eq!(findings("src/a.rs", "use x;\n", check_headers), 1);
    assert_eq!(findings("src/a.rs", "//! It is x.\n", check_headers), 0);
    let long = |path: &str, line: &str| check_line_lengths(&Source::new(path, line)).len();
    assert_eq!(long("src/a.rs", &"ü".repeat(LINE_MAX_CHARS)), 0);
    assert_eq!(long("src/a.rs", &"ü".repeat(LINE_MAX_CHARS + 1)), 1);
    assert_eq!(long("tests/a.rs", &"ü".repeat(LINE_MAX_CHARS + 1)), 1);
    let text = format!("f(\"{}\");", "x".repeat(LINE_MAX_CHARS));
    assert_eq!((long("src/a.rs", &text), long("tests/a.rs", &text)), (1, 0));
    assert_eq!(check_file_length("a.rs", &"x\n".repeat(FILE_MAX_LINES)).len(), 0);
    assert_eq!(check_file_length("a.rs", &"x\n".repeat(FILE_MAX_LINES + 1)).len(), 1);
}

#[test]
fn tests_that_are_left_out_are_found() {
    for (end, texts) in SKIPS {
        for skip in *texts {
            assert_eq!(check_skips(&format!("tests/a{end}"), &format!("a\n  test{skip}")).len(), 1, "{skip}");
        }
    }
    assert_eq!(check_skips("tests/a.rs", "rows.iter().skip(1); #[test]").len(), 0);
}

#[test]
fn dead_and_missing_files_are_found() {
    let tree = |files: &[(&str, &str)]| {
        let mut sources: Vec<Source> = files.iter().map(|(path, text)| Source::new(path, text)).collect();
        let found = check_reachable(&mut sources);
        (found.len(), sources.iter().filter(|source| source.is_test).count())
    };
    let lib = ("src/lib.rs", "pub mod a;\n#[cfg(test)]\nmod t;\n");
    assert_eq!(tree(&[lib, ("src/a/mod.rs", "mod b;"), ("src/a/b.rs", ""), ("src/t.rs", "")]), (0, 1));
    assert_eq!(tree(&[lib, ("src/a.rs", "mod b;"), ("src/a/b.rs", ""), ("src/t.rs", "")]), (0, 1));
    assert_eq!(tree(&[lib, ("src/a.rs", ""), ("src/t.rs", ""), ("src/dead.rs", "")]), (1, 1));
    assert_eq!(tree(&[lib, ("src/a.rs", "")]).0, 1);
    assert_eq!(tree(&[("tests/x.rs", "#[path = \"y/z.rs\"]\nmod z;"), ("tests/y/z.rs", "")]), (0, 2));
}

#[test]
fn traces_of_machines_are_found() {
    for (path, text, expect) in [
        ("README.md", "cd /srv/holdall", 0),
        ("README.md", concat!("cd /ho", "me/ada/holdall"), 1),
        ("src/a.rs", concat!("include_str!(\"/wo", "rk/x\")"), 1),
        ("Cargo.lock", "source = \"registry+https://github.com/rust-lang/crates.io-index\"", 0),
        ("Cargo.lock", "source = \"registry+https://mirror.example/index\"", 1),
        ("a/package-lock.json", "  \"resolved\": \"https://registry.npmjs.org/x/-/x-1.tgz\",", 0),
        ("a/package-lock.json", "  \"resolved\": \"https://npm.mirror.example/x/-/x-1.tgz\",", 1),
        ("a/.npmrc", "registry=https://npm.mirror.example/", 1),
    ] {
        assert_eq!(check_machines(path, text).len(), expect, "{path}: {text}");
    }
}

#[test]
fn documents_that_name_missing_paths_are_found() {
    let tops = BTreeSet::from(["src".to_owned()]);
    let check = |text: &str| check_paths("A.md", text, &tops, |path| path == "src/a.rs" || path == "src/b").len();
    assert_eq!(check("See `src/a.rs`, [it](src/b/) and target/x."), 0);
    assert_eq!(check("See `src/c.rs` and src/*.rs."), 1);
}
