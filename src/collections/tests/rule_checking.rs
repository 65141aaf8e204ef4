//! Rules and queries of collections that aren't saved yet.

use super::*;
use crate::collections::rule_problems;

fn problems(install: &Install, definition: Json, rule: &'static str) -> Vec<Json> {
    let definition = object(definition);
    install.store.read_blocking(move |tx| rule_problems(tx, &definition, rule)).expect("a definition")
}

fn posts() -> Json {
    let author = json!({"name": "author", "type": "relation", "collectionId": crate::collections::USERS_ID});
    json!({"type": "base", "name": "posts", "fields": [{"name": "title", "type": "text"}, author]})
}

#[test]
fn rules_are_checked_against_what_is_not_saved_yet() {
    let install = install();
    for rule in ["", "title != \"\"", "author.email = @request.auth.email", "@collection.posts.title = \"x\""] {
        assert!(problems(&install, posts(), rule).is_empty(), "{rule}");
    }
}

#[test]
fn a_new_collection_may_name_itself() {
    let install = install();
    let mut tree = posts();
    tree["id"] = json!("c_new");
    tree["fields"][1]["collectionId"] = json!("c_new");
    assert!(problems(&install, tree.clone(), "author.title = \"x\"").is_empty());
    assert_eq!(problems(&install, tree, "author.nothing = 1").len(), 1);
}

#[test]
fn places_are_counted_as_browsers_count() {
    let install = install();
    let found = problems(&install, posts(), "title = \"😀\" && nothing = 1");
    assert_eq!(found.len(), 1);
    assert_eq!((&found[0]["from"], &found[0]["to"]), (&json!(16), &json!(23)), "{found:?}");
    assert_eq!(problems(&install, posts(), "title = ")[0]["from"], 8);
}

#[test]
fn a_views_rules_are_checked_against_what_its_query_yields() {
    let install = install();
    let view = |query: &str| json!({"type": "view", "name": "mails", "viewQuery": query});
    assert!(problems(&install, view("select id, email as address from users"), "address != \"\"").is_empty());
    assert_eq!(problems(&install, view("select id from users"), "address != \"\"").len(), 1);
    // A query that can't be used is told of beside the query.
    assert_eq!(problems(&install, view("select"), "address != \"\"").len(), 1);
}
