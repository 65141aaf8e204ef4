//! What a caller may not see can't be learned: two worlds that differ only in that give the same answers to every
//! filter, sort expression, expand, page and cursor, status and body alike.
//!
//! The worlds differ in the values of hidden fields, in e-mail addresses that aren't public, and in records that the
//! list and view rules keep back: in what these hold and in whether they exist.
//! `HOLDALL_TEST_CASES` sets how many pairs of worlds are tried.

use std::sync::Arc;

use holdall::domain::{Collection, CollectionKind, ListRequest, Principal, Record, Schema};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value as Json, json};

use crate::support::database::{Answer, Asking, Database, collection, field, id_of, principal, record};

/// Most requests made to a pair of worlds.
const REQUESTS: usize = 30;

#[test]
fn what_a_caller_may_not_see_changes_no_answer() {
    let cases = std::env::var("HOLDALL_TEST_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(128);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let schema = Arc::new(schema());
    let database = Database::new(schema.clone());
    let outcome = runner.run(&(shown(), kept_back(), kept_back(), vec(request(), 1..=REQUESTS)), |case| {
        let (shown, one, other, requests) = case;
        let answers = |kept_back: KeptBack| {
            let requests = requests.clone();
            database.with(records(&schema, &shown, &kept_back), move |asking| {
                requests.iter().map(|request| request.answers(asking)).collect::<Vec<_>>()
            })
        };
        for ((request, one), other) in requests.iter().zip(answers(one)).zip(answers(other)) {
            prop_assert_eq!(one, other, "{:?}", request);
        }
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

#[test]
fn the_worlds_have_something_to_tell() {
    let schema = Arc::new(schema());
    let database = Database::new(schema.clone());
    let shown = Shown { titles: vec!["a".into(), "b".into()], tags: vec![0, 1, 2], score: 1.0 };
    let kept = KeptBack { text: "a".into(), number: 1.0, exists: true };
    database.with(records(&schema, &shown, &kept), |asking| {
        let list = |collection: &'static str, filter: &str| {
            let request = Request { collection, filter: Some(filter.to_owned()), ..Request::default() };
            let answer = request.answers(asking).remove(0);
            assert_eq!(answer.status, 200, "{filter}: {}", answer.body);
            let body: Json = serde_json::from_str(&answer.body).expect("JSON");
            body["totalItems"].as_i64().expect("a total")
        };
        assert_eq!(list("posts", "id != ''"), 2);
        assert_eq!(list("posts", "tags.name ?= 'shown'"), 2);
        assert_eq!(list("posts", "comments_via_post.msg ?= 'shown'"), 1);
        assert_eq!(list("users", "email = 'public@example.com'"), 1);
        assert_eq!(list("comments", "post.owner.name = 'ann'"), 1);
    });
}

/// What is the same in both worlds.
#[derive(Clone, Debug)]
struct Shown {
    titles: Vec<String>,
    tags: Vec<usize>,
    score: f64,
}

/// What a world keeps back.
#[derive(Clone, Debug)]
struct KeptBack {
    text: String,
    number: f64,
    /// Whether there are records that nobody can list.
    exists: bool,
}

fn texts() -> impl Strategy<Value = String> {
    select(vec!["", "a", "b", "ab", "shown", "1", "user00000000001"]).prop_map(str::to_owned)
}

fn numbers() -> impl Strategy<Value = f64> {
    select(vec![0.0, 1.0, 2.5])
}

fn shown() -> impl Strategy<Value = Shown> {
    (vec(texts(), 2), subsequence(vec![0, 1, 2], 0..=3), numbers()).prop_map(|(titles, tags, score)| Shown {
        titles,
        tags,
        score,
    })
}

fn kept_back() -> impl Strategy<Value = KeptBack> {
    (texts(), numbers(), any::<bool>()).prop_map(|(text, number, exists)| KeptBack { text, number, exists })
}

fn schema() -> Schema {
    let text = |name| field(name, "text", json!({}));
    let number = |name| field(name, "number", json!({}));
    let hidden = |name, kind| field(name, kind, json!({"hidden": true}));
    let open = || field("open", "bool", json!({}));
    let relation = |name, target: &str, max: u32| {
        field(name, "relation", json!({"collectionId": id_of(target), "maxSelect": max}))
    };
    let auth_fields = vec![
        field("email", "email", json!({})),
        field("emailVisibility", "bool", json!({})),
        field("password", "password", json!({"hidden": true})),
        field("tokenKey", "text", json!({"hidden": true})),
        text("name"),
        hidden("secret", "text"),
    ];
    let tags = vec![text("name"), open(), number("w"), hidden("secret", "number")];
    let posts = vec![
        text("title"),
        number("score"),
        open(),
        field("pin", "password", json!({})),
        field("meta", "json", json!({})),
        hidden("secret", "text"),
        field("place", "geoPoint", json!({"hidden": true})),
        relation("owner", "users", 1),
        relation("tags", "tags", 9),
        field("reviewer", "relation", json!({"collectionId": id_of("users"), "hidden": true})),
    ];
    let comments = vec![text("msg"), open(), relation("post", "posts", 1), hidden("secret", "text")];
    let vault = vec![text("content"), relation("post", "posts", 1)];
    let base = |name, fields, rule: Option<&str>| ruled(collection(name, CollectionKind::Base, fields), rule);
    let users = collection("users", CollectionKind::Auth(Box::default()), auth_fields);
    Schema::new(vec![
        Arc::new(ruled(users, Some(""))),
        Arc::new(base("tags", tags, Some("open = true"))),
        Arc::new(base("posts", posts, Some("open = true"))),
        Arc::new(base("comments", comments, Some("open = true && post.open = true"))),
        Arc::new(base("vault", vault, None)),
    ])
}

fn ruled(mut collection: Collection, rule: Option<&str>) -> Collection {
    collection.rules.list = rule.map(str::to_owned);
    collection.rules.view = rule.map(str::to_owned);
    collection
}

/// Records that everybody sees first: the place of a record in its table is no secret.
fn records(schema: &Schema, shown: &Shown, kept: &KeptBack) -> Vec<Record> {
    let (text, number) = (kept.text.as_str(), kept.number);
    let tags: Vec<String> = shown.tags.iter().map(|tag| format!("tag00000000000{tag}")).collect();
    let mail = format!("{text}@example.com");
    let mut all = vec![
        (
            "users",
            json!({"id": "user00000000001", "name": "ann", "email": "public@example.com",
            "emailVisibility": true, "secret": text, "tokenKey": text}),
        ),
        ("users", json!({"id": "user00000000002", "name": "bob", "email": mail, "secret": text, "tokenKey": text})),
        ("tags", json!({"id": "tag000000000001", "name": "shown", "open": true, "w": 1, "secret": number})),
        ("tags", json!({"id": "tag000000000002", "name": "also", "open": true, "w": 2, "secret": number})),
    ];
    for (at, title) in shown.titles.iter().enumerate() {
        all.push((
            "posts",
            json!({"id": format!("post0000000000{at}"), "title": title, "open": true,
            "score": shown.score, "owner": format!("user0000000000{}", at + 1), "tags": tags, "secret": text,
            "pin": text, "reviewer": "user00000000001", "meta": {"a": title},
            "place": {"lon": number, "lat": number}}),
        ));
    }
    all.push((
        "comments",
        json!({"id": "comment00000001", "msg": "shown", "open": true, "post": "post00000000000",
        "secret": text}),
    ));
    if kept.exists {
        all.extend([
            ("tags", json!({"id": "tag000000000000", "name": text, "w": number, "secret": number})),
            (
                "posts",
                json!({"id": "post00000000009", "title": text, "score": number, "owner": "user00000000001",
                "tags": ["tag000000000001"], "meta": {"a": text}}),
            ),
            ("comments", json!({"id": "comment00000002", "msg": text, "post": "post00000000000"})),
            ("comments", json!({"id": "comment00000003", "msg": text, "post": "post00000000001"})),
            ("comments", json!({"id": "comment00000004", "msg": text, "open": true, "post": "post00000000009"})),
            ("vault", json!({"id": "vault0000000001", "content": text, "post": "post00000000000"})),
        ]);
    }
    all.into_iter().map(|(collection, values)| record(schema, collection, values)).collect()
}

/// One thing to ask, of the whole list and of single records.
#[derive(Clone, Debug, Default)]
struct Request {
    collection: &'static str,
    signed_in: bool,
    filter: Option<String>,
    sort: Option<String>,
    expand: Option<String>,
    per_page: u64,
    capped: bool,
    with_cursor: bool,
}

impl Request {
    fn answers(&self, asking: &Asking<'_, '_>) -> Vec<Answer> {
        let principal = match self.signed_in {
            true => principal(asking.schema(), "users", json!({"id": "user00000000001", "name": "ann"})),
            false => Principal::Guest,
        };
        let mut request = ListRequest {
            page: 1,
            per_page: self.per_page.max(1),
            capped_total: self.capped,
            sort: self.sort.clone(),
            filter: self.filter.clone(),
            expand: self.expand.clone(),
            cursor: self.with_cursor.then(String::new),
            ..ListRequest::default()
        };
        let mut answers = vec![asking.list(&principal, self.collection, &request)];
        while let Some(cursor) = answers.last().and_then(next_cursor) {
            request.cursor = Some(cursor);
            answers.push(asking.list(&principal, self.collection, &request));
        }
        for id in ["user00000000002", "post00000000000", "post00000000009", "comment00000002", "tag000000000000"] {
            answers.push(asking.view(&principal, self.collection, id, self.expand.as_deref()));
        }
        answers
    }
}

fn next_cursor(answer: &Answer) -> Option<String> {
    let body: Json = serde_json::from_str(&answer.body).ok()?;
    body["nextCursor"].as_str().filter(|cursor| !cursor.is_empty()).map(str::to_owned)
}

fn request() -> impl Strategy<Value = Request> {
    select(vec!["users", "tags", "posts", "posts", "comments", "vault"]).prop_flat_map(|collection| {
        let filter = prop::option::weighted(0.8, filters(collection));
        let order = (select(vec!["", "-"]), select(paths(collection)));
        let sort = prop::option::weighted(0.5, order.prop_map(|(minus, path)| format!("{minus}{path}")));
        let expand = prop::option::weighted(0.4, select(expands(collection)).prop_map(str::to_owned));
        (filter, sort, expand, 1..4u64, any::<[bool; 3]>()).prop_map(
            move |(filter, sort, expand, per_page, [signed_in, capped, with_cursor])| Request {
                collection,
                signed_in,
                filter,
                sort,
                expand,
                per_page,
                capped,
                with_cursor,
            },
        )
    })
}

fn filters(collection: &'static str) -> impl Strategy<Value = String> {
    let ops = ["=", "!=", ">", "<=", "~", "!~", "?=", "?!=", "?>", "?~", "?!~"];
    let literals = ["''", "null", "'a'", "'ab'", "'%a%'", "'shown'", "0", "1", "true", "'a@example.com'", "'@%'"];
    let comparison = (select(terms(collection)), select(ops.to_vec()), select(literals.to_vec()), any::<bool>())
        .prop_map(|(term, op, literal, turned)| match turned {
            true => format!("{literal} {op} {term}"),
            false => format!("{term} {op} {literal}"),
        });
    let pair = (select(terms(collection)), select(ops.to_vec()), select(terms(collection)))
        .prop_map(|(one, op, other)| format!("{one} {op} {other}"));
    prop_oneof![3 => comparison, 1 => pair].prop_recursive(2, 4, 3, |inner| {
        (vec(inner, 2..3), select(vec![" && ", " || "])).prop_map(|(items, join)| format!("({})", items.join(join)))
    })
}

/// Paths, and functions over paths.
fn terms(collection: &str) -> Vec<String> {
    let mut terms: Vec<String> = paths(collection).into_iter().map(str::to_owned).collect();
    for path in paths(collection) {
        if path.contains("email") || path.contains("secret") || path.contains("place") {
            terms.push(format!("strftime('%Y', {path})"));
            terms.push(format!("geoDistance({path}, 1, 1, 1)"));
        }
    }
    terms
}

/// Ways to what everybody sees, and attempts to get at the rest.
fn paths(collection: &str) -> Vec<&'static str> {
    match collection {
        "users" => vec![
            "id",
            "name",
            "email",
            "email:lower",
            "email:length",
            "email:each",
            "emailVisibility",
            "secret",
            "tokenKey",
            "password",
            "posts_via_owner.title",
            "posts_via_owner.secret",
            "posts_via_owner.score",
            "posts_via_owner.tags.name",
            "posts_via_reviewer.id",
            "posts_via_owner.comments_via_post.msg",
            "posts_via_owner.comments_via_post.id",
            "@collection.vault.content",
            "@request.auth.secret",
        ],
        "tags" => vec![
            "id",
            "name",
            "w",
            "open",
            "secret",
            "secret:lower",
            "posts_via_tags.title",
            "posts_via_tags.id",
            "posts_via_tags.owner.email",
            "posts_via_tags.owner.secret",
            "posts_via_tags.pin",
            "posts_via_tags.tags.name",
            "posts_via_tags.tags:each",
        ],
        "comments" => vec![
            "id",
            "msg",
            "secret",
            "post",
            "post.id",
            "post.title",
            "post.secret",
            "post.owner.email",
            "post.owner.email:lower",
            "post.tags.name",
            "post.tags.w",
            "post.vault_via_post.content",
            "post.comments_via_post.msg",
            "post.reviewer.name",
        ],
        "vault" => vec!["id", "content", "post.title"],
        _ => vec![
            "id",
            "title",
            "score",
            "open",
            "meta.a",
            "meta.a:lower",
            "pin",
            "secret",
            "secret:lower",
            "SECRET",
            "place",
            "place.lon",
            "owner",
            "owner.id",
            "owner.name",
            "owner.email",
            "owner.email:lower",
            "owner.secret",
            "owner.tokenKey",
            "owner.password",
            "owner.emailVisibility",
            "owner.posts_via_owner.title",
            "owner.posts_via_reviewer.id",
            "reviewer",
            "reviewer.name",
            "tags",
            "tags:each",
            "tags:length",
            "tags.id",
            "tags.name",
            "tags.w",
            "tags.secret",
            "tags.open",
            "tags.posts_via_tags.title",
            "comments_via_post.msg",
            "comments_via_post.id",
            "comments_via_post.post",
            "comments_via_post.secret",
            "vault_via_post.content",
            "vault_via_post.id",
            "@collection.vault.content",
            "@collection.tags.secret",
        ],
    }
}

fn expands(collection: &str) -> Vec<&'static str> {
    match collection {
        "users" => vec!["posts_via_owner", "posts_via_owner.comments_via_post,posts_via_reviewer"],
        "tags" => vec!["posts_via_tags.owner", "posts_via_tags.tags"],
        "comments" => vec!["post.owner", "post.tags,post.vault_via_post", "post.comments_via_post"],
        "vault" => vec!["post"],
        _ => vec![
            "owner,tags",
            "reviewer",
            "vault_via_post",
            "comments_via_post.post.tags",
            "secret,owner.posts_via_owner",
        ],
    }
}
