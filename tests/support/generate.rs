//! Random worlds and random filters over them, for property tests of the filter language. Values come from tiny sets,
//! so that filters often match some rows and not others.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value as Json, json};

use super::world::{MemCollection, MemKind, MemRow, MemValue, World};

/// The values of the multiple select field `posts.kinds`.
pub const KINDS: [&str; 3] = ["a", "b", "c"];

const TEXTS: [&str; 9] = ["", "a", "A", "ab", "a_", "%", "0", "1", "1.0"];
const NUMBERS: [f64; 4] = [0.0, 1.0, 1.5, -2.0];
const DATES: [&str; 3] = ["", "2024-05-06 00:00:00.000Z", "2024-05-06 12:30:00.000Z"];

/// A filter to try on every row of one collection of a world.
#[derive(Clone, Debug)]
pub struct Case {
    pub world: World,
    pub collection: &'static str,
    pub filter: String,
}

/// Worlds with a filter on one of their collections.
pub fn cases() -> impl Strategy<Value = Case> {
    let filtered = select(vec!["authors", "posts", "tags"]).prop_flat_map(|name| (Just(name), filters(name)));
    (worlds(), filtered).prop_map(|(world, (collection, filter))| Case { world, collection, filter })
}

/// A few authors, their posts and the posts' tags.
pub fn worlds() -> impl Strategy<Value = World> {
    (1..=3usize, 1..=4usize).prop_flat_map(|(authors, tags)| {
        let author_ids = ids("author", authors);
        let tag_ids = ids("tag", tags);
        let posts = vec(post(author_ids.clone(), tag_ids.clone()), 1..=5);
        (vec(author(), authors), vec(tag(), tags), posts).prop_map(move |(authors, tags, posts)| {
            let post_ids = ids("post", posts.len());
            let collection = |name: &str, fields: Vec<(&str, MemKind)>, rows: Vec<MemRow>, ids: &[String]| {
                let fields = fields.into_iter().map(|(name, kind)| (name.to_owned(), kind)).collect();
                let rows = rows.into_iter().zip(ids).map(|(row, id)| with_id(row, id)).collect();
                MemCollection { name: name.to_owned(), fields, rows }
            };
            World {
                // In this order every relation points to a collection that already exists.
                collections: vec![
                    collection("authors", author_fields(), authors, &author_ids),
                    collection("tags", tag_fields(), tags, &tag_ids),
                    collection("posts", post_fields(), posts, &post_ids),
                ],
            }
        })
    })
}

/// Ids as long as Holdall wants them: `author000000001`.
fn ids(prefix: &str, count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("{prefix}{number:0>width$}", width = 15 - prefix.len())).collect()
}

fn with_id(mut row: MemRow, id: &str) -> MemRow {
    row.insert("id".to_owned(), MemValue::Text(id.to_owned()));
    row
}

fn author_fields() -> Vec<(&'static str, MemKind)> {
    vec![("name", MemKind::Text), ("age", MemKind::Number), ("active", MemKind::Bool)]
}

fn tag_fields() -> Vec<(&'static str, MemKind)> {
    vec![("name", MemKind::Text), ("w", MemKind::Number)]
}

fn post_fields() -> Vec<(&'static str, MemKind)> {
    vec![
        ("title", MemKind::Text),
        ("views", MemKind::Number),
        ("published", MemKind::Bool),
        ("author", MemKind::Relation { target: "authors".to_owned(), multi: false }),
        ("tags", MemKind::Relation { target: "tags".to_owned(), multi: true }),
        ("kinds", MemKind::Select { multi: true }),
        ("meta", MemKind::Json),
        ("at", MemKind::Date),
    ]
}

fn row<const N: usize>(values: [(&str, MemValue); N]) -> MemRow {
    BTreeMap::from(values.map(|(name, value)| (name.to_owned(), value)))
}

fn author() -> impl Strategy<Value = MemRow> {
    (text(), number(), any::<bool>().prop_map(MemValue::Bool))
        .prop_map(|(name, age, active)| row([("name", name), ("age", age), ("active", active)]))
}

fn tag() -> impl Strategy<Value = MemRow> {
    (text(), number()).prop_map(|(name, w)| row([("name", name), ("w", w)]))
}

fn post(author_ids: Vec<String>, tag_ids: Vec<String>) -> impl Strategy<Value = MemRow> {
    let author = prop::option::of(subsequence(author_ids.clone(), author_ids.len().min(1)));
    let author = author.prop_map(|ids| MemValue::Text(ids.unwrap_or_default().concat()));
    let tags = subsequence(tag_ids.clone(), 0..=tag_ids.len()).prop_map(MemValue::List);
    let kinds = subsequence(KINDS.map(str::to_owned).to_vec(), 0..=KINDS.len()).prop_map(MemValue::List);
    let at = select(DATES.to_vec()).prop_map(|date| MemValue::Text(date.to_owned()));
    let published = any::<bool>().prop_map(MemValue::Bool);
    (text(), number(), published, author, tags, kinds, meta(), at).prop_map(
        |(title, views, published, author, tags, kinds, meta, at)| {
            row([
                ("title", title),
                ("views", views),
                ("published", published),
                ("author", author),
                ("tags", tags),
                ("kinds", kinds),
                ("meta", meta),
                ("at", at),
            ])
        },
    )
}

fn text() -> impl Strategy<Value = MemValue> {
    select(TEXTS.to_vec()).prop_map(|text| MemValue::Text(text.to_owned()))
}

fn number() -> impl Strategy<Value = MemValue> {
    select(NUMBERS.to_vec()).prop_map(MemValue::Number)
}

fn meta() -> impl Strategy<Value = MemValue> {
    let values: Vec<Json> = vec![
        Json::Null,
        json!(1),
        json!(1.5),
        json!("1"),
        json!(""),
        json!("a"),
        json!(true),
        json!(false),
        json!([]),
        json!([1, "a"]),
        json!({"a": 1}),
        json!({"a": "1", "b": {"c": true}}),
        json!({"a": null, "b": {"c": "a"}}),
        json!({"a": [{"x": 1}, {"x": "a"}]}),
    ];
    select(values).prop_map(MemValue::Json)
}

/// Valid filters on a collection of [`worlds`], with at most three levels of `&&` and `||`.
pub fn filters(collection: &'static str) -> impl Strategy<Value = String> {
    comparison(collection).prop_recursive(3, 6, 3, |inner| {
        (vec(inner, 2..4), select(vec![" && ", " || "])).prop_map(|(items, join)| format!("({})", items.join(join)))
    })
}

fn comparison(collection: &'static str) -> impl Strategy<Value = String> {
    let ops = ["=", "!=", ">", ">=", "<", "<=", "~", "!~"];
    let ops: Vec<String> = ops.iter().flat_map(|op| [(*op).to_owned(), format!("?{op}")]).collect();
    let path = move || select(paths(collection));
    let fitting = || path().prop_flat_map(|path| (Just(path.to_owned()), select(fitting_literals(path))));
    let any_literal = || select(literals());
    let sides = prop_oneof![
        6 => fitting(),
        2 => fitting().prop_map(|(path, literal)| (literal, path)),
        2 => (path().prop_map(str::to_owned), any_literal()),
        3 => (path(), path()).prop_map(|(left, right)| (left.to_owned(), right.to_owned())),
        1 => (any_literal(), any_literal()),
    ];
    (sides, select(ops)).prop_map(|((left, right), op)| format!("{left} {op} {right}"))
}

/// Literals that a field at the end of `path` may well hold.
fn fitting_literals(path: &str) -> Vec<String> {
    let last = path.rsplit(['.', ':']).next().unwrap_or(path);
    match last {
        "views" | "age" | "w" => NUMBERS.map(|number| number.to_string()).to_vec(),
        "length" if !path.contains("title") => ["0", "1", "2", "'1'"].map(str::to_owned).to_vec(),
        "active" | "published" => ["true", "false", "1"].map(str::to_owned).to_vec(),
        "at" => DATES.iter().chain(&["2024-05-06"]).map(|date| format!("'{date}'")).collect(),
        "each" if path.contains("kinds") => ["'a'", "'b'", "''"].map(str::to_owned).to_vec(),
        "id" | "author" | "tags" | "each" => {
            ["''", "'[]'", "'author000000001'", "'tag000000000001'", "'tag%2'"].map(str::to_owned).to_vec()
        }
        "kinds" => ["'[]'", "'[\"a\"]'", "'a'", "'b'"].map(str::to_owned).to_vec(),
        "meta" | "a" | "c" | "0" | "x" => ["1", "'1'", "'a'", "''", "null", "true"].map(str::to_owned).to_vec(),
        _ => TEXTS.map(|text| format!("'{text}'")).to_vec(),
    }
}

/// Literals of every type.
fn literals() -> Vec<String> {
    let others = ["null", "true", "false", "'a%'", "'%b'", "'_b%'", "'2024-05-06'", "'[]'", "'[\"a\"]'", "'{\"a\":1}'"];
    let texts = TEXTS.iter().map(|text| format!("'{text}'"));
    let numbers = NUMBERS.iter().map(f64::to_string);
    texts.chain(numbers).chain(others.map(str::to_owned)).collect()
}

fn paths(collection: &str) -> Vec<&'static str> {
    match collection {
        "authors" => vec![
            "id",
            "name",
            "name:lower",
            "age",
            "active",
            "posts_via_author.id",
            "posts_via_author.title",
            "posts_via_author.views",
            "posts_via_author.published",
            "posts_via_author.meta.a",
            "posts_via_author.author.id",
            "posts_via_author.author.name",
            "posts_via_author.tags",
            "posts_via_author.tags:length",
            "posts_via_author.tags.name",
            "posts_via_author.kinds:each",
            "@collection.tags.name",
        ],
        "tags" => vec![
            "id",
            "name",
            "name:lower",
            "w",
            "posts_via_tags.title",
            "posts_via_tags.title:lower",
            "posts_via_tags.at",
            "posts_via_tags.meta",
            "posts_via_tags.author",
            "posts_via_tags.author.name",
            "posts_via_tags.author.age",
            "posts_via_tags.tags.w",
            "posts_via_tags.kinds:length",
            "@collection.authors.age",
        ],
        _ => vec![
            "id",
            "title",
            "title:lower",
            "title:length",
            "views",
            "published",
            "at",
            "author",
            "author:length",
            "author:each",
            "author.id",
            "author.name",
            "author.name:lower",
            "author.age",
            "author.active",
            "author.posts_via_author.title",
            "author.posts_via_author.kinds:each",
            "tags",
            "tags:length",
            "tags:each",
            "tags.id",
            "tags.name",
            "tags.w",
            "tags.posts_via_tags.title",
            "kinds",
            "kinds:length",
            "kinds:each",
            "kinds:lower",
            "meta",
            "meta.a",
            "meta.b.c",
            "meta.0",
            "meta.a.0.x",
            "@collection.tags.name",
            "@collection.tags.w",
            "@collection.tags:other.name",
            "@collection.authors.posts_via_author.title",
        ],
    }
}

#[cfg(test)]
mod tests {
    use holdall::rules::parse;

    use super::super::evaluate::matches;
    use super::*;

    proptest! {
        #[test]
        fn every_case_can_be_evaluated(case in cases()) {
            let expr = parse(&case.filter);
            prop_assert!(expr.is_ok(), "{}: {:?}", case.filter, expr);
            let expr = expr.expect("just checked");
            let rows = case.world.collections.iter().filter(|collection| collection.name == case.collection);
            for row in rows.flat_map(|collection| &collection.rows) {
                prop_assert!(matches(&case.world, case.collection, row, &expr).is_some(), "{}", case.filter);
            }
        }
    }
}
