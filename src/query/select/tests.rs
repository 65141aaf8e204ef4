//! Statements by name: each is compared with `query/golden/NAME.sql`, accepted by SQLite, and some are looked at for
//! how SQLite would find the rows. `HOLDALL_TEST_BLESS=1` writes the files anew.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use tempfile::TempDir;

use super::*;
use crate::base::{Result, SqlValueRef, Statement, Timestamp};
use crate::domain::{Principal, RequestInfo, RuleKind, Schema};
use crate::query::ddl;
use crate::rules::resolve::testing::schema;
use crate::rules::{self, Env, Scope as RuleScope};
use crate::store::{ReadTx, Store, StoreOptions};

/// What a statement is made from.
#[derive(Clone, Copy, Default)]
struct Recipe {
    rule: Option<&'static str>,
    filter: Option<&'static str>,
    sort: Option<&'static str>,
    as_client: bool,
    as_guest: bool,
    cursor: Option<usize>,
    kind: Made,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Made {
    #[default]
    Rows,
    Count,
    CappedCount,
    Candidate,
}

fn filter(filter: &'static str) -> Recipe {
    Recipe { filter: Some(filter), ..Recipe::default() }
}

fn client(text: &'static str) -> Recipe {
    Recipe { as_client: true, ..filter(text) }
}

fn rule(rule: &'static str) -> Recipe {
    Recipe { rule: Some(rule), ..Recipe::default() }
}

fn sort(sort: &'static str) -> Recipe {
    Recipe { sort: Some(sort), ..Recipe::default() }
}

fn candidate_of(text: &'static str) -> Recipe {
    Recipe { kind: Made::Candidate, ..rule(text) }
}

/// Name, collection, recipe.
fn recipes() -> Vec<(&'static str, &'static str, Recipe)> {
    vec![
        ("everything", "messages", Recipe::default()),
        ("text_equals", "messages", filter("text = 'x'")),
        ("text_differs", "messages", filter("text != 'x'")),
        ("text_is_empty", "messages", filter("text = '' && author != null")),
        ("number_compared", "messages", filter("score > 1.5 && score <= '9' && score != 3")),
        ("bool_and_date", "messages", filter("pinned = true && at >= @todayStart")),
        ("contains", "messages", filter("text ~ 'x' && score !~ 'y' && 'z' ~ text")),
        ("columns_of_one_type", "messages", filter("text = author")),
        ("columns_of_two_types", "messages", filter("text = score || score != text:lower")),
        ("json_is_strict", "messages", filter("meta.a.0 = 1 && meta = null && place.lon != 0")),
        ("nullable_is_strict", "messages", filter("note = null || note = '' || note != 'x'")),
        ("lists", "messages", filter("kinds = '[]' && kinds:length > 1 && mood:length = 0 && mood:each = 'a'")),
        ("groups_of_conditions", "messages", filter("text = 'a' || text = 'b' && (score = 1 || score = 2)")),
        ("relation_itself", "messages", filter("author.id = 'x'")),
        ("relation_joined", "messages", filter("author.name = 'x'")),
        ("relation_differs", "messages", filter("author.name != 'x' && author.age = null")),
        ("relation_chain", "messages", filter("author.home.name ~ 'x'")),
        ("joins_shared_or_apart", "messages", filter("author.name = 'a' && author.age = 1 && room.name = 'b'")),
        ("or_without_needless_joins", "messages", filter("text = 'a' || author.name = 'b' || room.name = 'c'")),
        ("multi_any", "messages", filter("cc.name ?= 'a' && cc.age ?= 1")),
        ("multi_all", "messages", filter("cc.name = 'a'")),
        ("multi_with_multi", "messages", filter("cc.name = kinds:each")),
        ("each_element", "messages", filter("kinds:each != 'a'")),
        ("back_relation", "users", filter("messages_via_author.text ?~ 'a'")),
        ("back_relation_by_list", "users", filter("messages_via_cc.text ?~ 'a'")),
        ("back_relation_unique", "users", filter("profiles_via_user.bio = 'a'")),
        ("functions", "messages", filter("geoDistance(place.lon, place.lat, 1, 2) < 3 && strftime('%Y', at) = '2024'")),
        ("view_list", "totals", filter("cc:each ?= 'x' && total > 1")),
        ("client_guarded", "messages", client("room.name = 'x'")),
        ("client_guarded_multi", "users", client("rooms_via_members.name != 'x'")),
        ("client_email", "users", client("email = 'x' || name = 'y'")),
        ("client_email_multi", "rooms", client("members.email:lower = 'x'")),
        ("rule_of_caller", "messages", rule("author = @request.auth.id && author.age > @request.query.age")),
        (
            "rule_of_members",
            "messages",
            rule("room.members.id ?= @request.auth.id || @request.auth.friends.id ?= author"),
        ),
        (
            "rule_of_another_collection",
            "messages",
            rule("@collection.vault.message ?= id && @request.body.cc:each = 'x'"),
        ),
        (
            "rule_for_guests",
            "messages",
            Recipe { as_guest: true, ..rule("author = @request.auth.id || cc.id ?= @request.auth.id") },
        ),
        ("rule_and_filter", "messages", Recipe { rule: Some("pinned = true"), ..client("text = 'x'") }),
        (
            "rule_about_changes",
            "messages",
            rule("@request.body.text:changed = false && @request.body.score:isset = true"),
        ),
        ("sort_of_fields", "messages", sort("-created,text,meta.a")),
        (
            "sort_of_relation",
            "messages",
            Recipe { as_client: true, ..sort("room.name,-author.messages_via_author.score") },
        ),
        ("sort_of_email", "users", Recipe { as_client: true, ..sort("email") }),
        ("sort_of_rows", "messages", sort("-@rowid,@random")),
        ("cursor_first", "messages", Recipe { cursor: Some(0), ..sort("-created") }),
        ("cursor_next", "messages", Recipe { cursor: Some(2), ..sort("-created") }),
        ("cursor_next_nullable", "messages", Recipe { cursor: Some(3), ..sort("note,-score") }),
        ("cursor_of_rows", "messages", Recipe { cursor: Some(2), ..sort("-@rowid") }),
        ("cursor_unsorted", "messages", Recipe { cursor: Some(1), ..filter("room = 'x'") }),
        ("cursor_of_view", "totals", Recipe { cursor: Some(1), ..Recipe::default() }),
        ("count", "messages", Recipe { kind: Made::Count, ..filter("room = 'x'") }),
        ("count_capped", "messages", Recipe { kind: Made::CappedCount, ..filter("room = 'x'") }),
        (
            "candidate",
            "messages",
            candidate_of("score > 1 && author = @request.auth.id && cc.name ?= 'x' && pinned = true"),
        ),
        ("candidate_without_fields", "messages", candidate_of("@request.auth.id != ''")),
    ]
}

fn compile(schema: &Schema, collection: &str, recipe: Recipe) -> Compiled {
    let users = schema.find("users").filter(|_| !recipe.as_guest);
    let collection = schema.find(collection).expect("the collection exists");
    let scope = |trust| RuleScope { schema, collection, trust, auth: users, key: None };
    let trust = if recipe.as_client { Trust::Client } else { Trust::Superuser };
    let resolve = |trust, text: &str| {
        let tree = rules::parse(text).expect(text);
        rules::resolve(scope(trust), &tree).expect(text)
    };
    let rule = recipe.rule.map(|text| resolve(Trust::Rule(RuleKind::List), text));
    if recipe.kind == Made::Candidate {
        return candidate(Dialect::Sqlite, rule.as_ref().expect("a candidate has a rule"));
    }
    let filter = recipe.filter.map(|text| resolve(trust, text));
    let sort = recipe.sort.map(|text| {
        let items = rules::parse_sort(text).expect(text);
        rules::resolve_sort(scope(trust), &items).expect(text)
    });
    let mut parts = Parts { plans: rule.iter().chain(&filter).collect(), sort: sort.as_ref(), ..Parts::default() };
    match recipe.kind {
        Made::Count => return count(Dialect::Sqlite, collection, &parts, None),
        Made::CappedCount => return count(Dialect::Sqlite, collection, &parts, Some(Bind::Argument(0))),
        Made::Rows | Made::Candidate => {}
    }
    parts.page = Some((Bind::Argument(0), Bind::Argument(1)));
    if let Some(values) = recipe.cursor.filter(|values| *values > 0) {
        parts.only = Some(Only::After((0..values).map(|at| Bind::Argument(2 + at)).collect()));
    }
    rows(Dialect::Sqlite, collection, &[0], &parts, recipe.cursor.is_some())
}

fn statement(compiled: &Compiled) -> Statement {
    let request = RequestInfo::default();
    let arguments = [SqlValue::Integer(30), SqlValue::Integer(0)];
    compiled.statement(&Env {
        literals: &[],
        arguments: &arguments,
        request: &request,
        principal: &Principal::Guest,
        submitted: None,
        candidate: None,
        now: Timestamp::now(),
    })
}

/// A store with the tables of the test schema. The folder lives as long as the store is needed.
fn store() -> (Store, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let empty = |_: &ReadTx<'_>| Ok(Schema::new(Vec::new()));
    let store = Store::open(StoreOptions::new(folder.path()), empty).expect("the store opens");
    let made = store.write_blocking(|tx| {
        for collection in schema().collections() {
            match &collection.kind {
                crate::domain::CollectionKind::View(query) => {
                    tx.execute_batch(&format!("CREATE VIEW {} AS {query}", collection.name))?;
                }
                _ => drop(tx.execute(&ddl::create_table(collection))?),
            }
            collection.indexes.iter().try_for_each(|index| tx.execute_batch(index))?;
        }
        Ok(())
    });
    made.expect("the tables are made");
    (store, folder)
}

/// How SQLite would run the statement, a line for each table or sorter.
fn explain(store: &Store, collection: &str, recipe: Recipe) -> Vec<String> {
    let mut statement = statement(&compile(&schema(), collection, recipe));
    statement.sql = Arc::from(format!("EXPLAIN QUERY PLAN {}", statement.sql));
    let explained = store.read_blocking(move |tx| {
        let mut lines = Vec::new();
        tx.rows(&statement, |row| {
            if let SqlValueRef::Text(line) = row.get(3)? {
                lines.push(line.to_owned());
            }
            Ok(())
        })?;
        Ok(lines)
    });
    explained.expect("SQLite explains")
}

#[test]
fn statements_are_as_they_were() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src/query/golden"));
    let bless = std::env::var_os("HOLDALL_TEST_BLESS").is_some();
    let schema = schema();
    let mut changed = Vec::new();
    for (name, collection, recipe) in recipes() {
        let file = folder.join(format!("{name}.sql"));
        let sql = format!("{}\n", compile(&schema, collection, recipe).sql());
        if bless {
            fs::write(&file, sql).expect("the golden file can be written");
        } else if fs::read_to_string(&file).ok().as_ref() != Some(&sql) {
            changed.push(format!("{name}:\n{sql}"));
        }
    }
    assert!(changed.is_empty(), "these differ from {}:\n{}", folder.display(), changed.join("\n"));
    let names: Vec<_> = recipes().iter().map(|(name, ..)| format!("{name}.sql")).collect();
    for file in fs::read_dir(&folder).expect("the golden files are there") {
        let name = file.expect("a file").file_name().to_string_lossy().into_owned();
        assert!(names.contains(&name), "nothing makes {name} any more");
    }
}

#[test]
fn sqlite_accepts_every_statement() {
    let (store, _folder) = store();
    for (name, collection, recipe) in recipes() {
        let statement = statement(&compile(&schema(), collection, recipe));
        let run = store.read_blocking(move |tx| -> Result<()> { tx.rows(&statement, |_| Ok(())) });
        assert!(run.is_ok(), "{name}: {}", run.err().map(|error| error.log_text()).unwrap_or_default());
    }
}

#[test]
fn indexes_serve_what_they_are_made_for() {
    let (store, _folder) = store();
    let check = |collection: &str, recipe: Recipe, expect: &[&str]| {
        let lines = explain(&store, collection, recipe);
        for part in expect {
            assert!(lines.iter().any(|line| line.contains(part)), "{part} isn't in {lines:#?}");
        }
        // Ties of a cursor are put in order by id, a few rows at a time.
        let sorts = |line: &String| line.contains("TEMP B-TREE") && !line.contains("LAST TERM");
        assert!(!lines.iter().any(sorts), "{lines:#?}");
        assert!(!lines.iter().any(|line| line.starts_with("SCAN j") && !line.contains("VIRTUAL")), "{lines:#?}");
    };
    let by_room = "SEARCH t USING INDEX by_room (room=?)";
    check("messages", Recipe { sort: Some("-created"), ..filter("room = 'x'") }, &[by_room]);
    check(
        "messages",
        Recipe { sort: Some("created"), ..filter("room.id = 'x' && created > '2024'") },
        &["SEARCH t USING INDEX by_room (room=? AND created>?)"],
    );
    check("messages", rule("author = @request.auth.id"), &["SEARCH t USING INDEX by_author (author=?)"]);
    check("messages", Recipe { kind: Made::Count, ..filter("room = 'x'") }, &["INDEX by_room (room=?)"]);
    let page = Recipe { cursor: Some(2), filter: Some("room = 'x'"), ..sort("-created") };
    check("messages", page, &["SEARCH t USING INDEX by_room (room=? AND created<?)"]);
    let newest_first = Recipe { cursor: Some(2), ..sort("-@rowid") };
    check("messages", newest_first, &["SEARCH t USING INTEGER PRIMARY KEY (rowid<?)"]);
    check("messages", Recipe { cursor: Some(1), ..Recipe::default() }, &["INDEX sqlite_autoindex_messages_1 (id>?)"]);
    let by_id = "INDEX sqlite_autoindex_users_1 (id=?)";
    check("messages", rule("cc.id ?= @request.auth.id"), &[by_id]);
    check("users", rule("@collection.profiles.user ?= id"), &["INDEX one_each (user=?)"]);
    let about_me = "@collection.messages.author ?= @request.auth.id && @collection.messages.room ?= id";
    check("rooms", rule(about_me), &["SEARCH j2 USING INDEX by_"]);
    check("messages", filter("author.name = 'x'"), &[by_id]);
    check("messages", filter("author.home.name = 'x'"), &[by_id, "USING INDEX sqlite_autoindex_rooms_1 (id=?)"]);
    check("users", filter("messages_via_author.text ?= 'x'"), &["USING INDEX by_author (author=?)"]);
    check("users", filter("profiles_via_user.bio = 'x'"), &["USING INDEX one_each (user=?)"]);
}
