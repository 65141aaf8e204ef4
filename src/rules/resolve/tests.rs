//! What may be named by whom. The numbers are those of the reference's list of surprising behaviours (9.6).

use proptest::prelude::*;
use proptest::sample::select;

use super::testing::schema;
use super::*;
use crate::rules::parse_sort;

const RULE: Trust = Trust::Rule(RuleKind::List);

fn resolved(trust: Trust, collection: &str, text: &str) -> Result<Plan, ParseError> {
    let schema = schema();
    let users = schema.find("users").cloned();
    let collection = schema.find(collection).expect("the collection exists");
    resolve(Scope { schema: &schema, collection, trust, auth: users.as_ref(), key: None }, &parse(text)?)
}

#[track_caller]
fn check(trust: Trust, text: &str, expect: Result<(), &str>) {
    let found = resolved(trust, "messages", text).map(|_| ()).map_err(|error| error.message);
    assert_eq!(found.as_ref().map_err(String::as_str).copied(), expect, "{text} as {trust:?}");
}

#[track_caller]
fn everybody(text: &str) {
    for trust in [Trust::Client, Trust::Superuser, RULE] {
        check(trust, text, Ok(()));
    }
}

#[track_caller]
fn nobody(text: &str, message: &str) {
    for trust in [Trust::Client, Trust::Superuser, RULE] {
        check(trust, text, Err(message));
    }
}

/// Rules and superusers may, clients don't learn that it exists.
#[track_caller]
fn not_clients(text: &str, name: &str) {
    check(RULE, text, Ok(()));
    check(Trust::Superuser, text, Ok(()));
    check(Trust::Client, text, Err(&format!("there is no field `{name}`")));
}

#[test]
fn fields_and_paths() {
    for text in [
        "id = '1'",
        "author = 'x'",
        "author.id = 'x'",
        "author.name = 'x'",
        "cc.name = 'x'",
        "author.home.name = 'x'",
        "author.messages_via_author.text = 'x'",
        "author.profiles_via_user.bio = 'x'",
        "meta.a.0.b.c.d.e.f.g.h.i.j = 1", // 109
        "place.lon > 1",
        "room.name = 'x'",
        "note = null",
    ] {
        everybody(text);
    }
    nobody("missing = 1", "there is no field `missing`");
    nobody("Text = 'x'", "there is no field `Text`");
    nobody("author.missing = 1", "there is no field `missing`");
    nobody("text.x = 1", "`text` has no parts");
    nobody("kinds.x = 1", "`kinds` has no parts");
    for text in ["collectionId", "collectionName", "expand", "_rowid_", "rowid"] {
        nobody(&format!("{text} = ''"), &format!("there is no field `{text}`"));
    }
    nobody("users_via_room.name = ''", "there is no field `users_via_room`");
    nobody("profiles_via_user.bio = ''", "there is no field `profiles_via_user`");
    nobody("author.messages_via_author = ''", "there is no field `messages_via_author`");
    nobody("author.messages_via_text.id = ''", "there is no field `messages_via_text`");
}

#[test]
fn six_hops_are_enough() {
    let path = |hops: usize| format!("{}text = ''", "author.messages_via_author.".repeat(hops / 2));
    everybody(&path(6));
    nobody(&path(8), "a path may pass at most 6 relations");
    everybody("author.friends.friends.friends.friends.friends.name ?= ''");
    nobody("author.friends.friends.friends.friends.friends.friends.name ?= ''", "a path may pass at most 6 relations");
}

#[test]
fn keywords_and_macros() {
    for text in ["null = ''", "TRUE = 1", "False = 0", "text != NuLL", "@now > '2020'", "@weekday = 0"] {
        everybody(text);
    }
    nobody("@random = 1", "there is no `@random`");
    nobody("@nope = 1", "there is no `@nope`");
    nobody("@now:lower = 1", "there is no `@now`");
    nobody("@now.x = 1", "there is no `@now.x`");
    nobody("null:lower = 1", "there is no field `null`");
}

#[test]
fn modifiers() {
    for text in [
        "text:lower = 'x'",
        "text:length = 'x'", // 108
        "text:each = 'x'",
        "cc:length = 1",
        "cc:each = 'x'",
        "kinds:each ?= 'a'",
        "mood:length = 1",
        "mood:each = 'a'",
        "author:length = 1",
        "author.friends:each = ''",
    ] {
        everybody(text);
    }
    for text in ["text:foo = 1", "text:isset = 1", "text:changed = 1", "meta.a:foo = 1", "author.name:x = 1"] {
        nobody(text, "there is no such modifier here");
    }
}

#[test]
fn the_request_is_for_rules() {
    let fine = [
        "@request.context = 'default'",
        "@request.method = 'GET'",
        "@request.method:lower = 'get'",
        "@request.query.a = '1'",
        "@request.query.a:isset = true",
        "@request.headers.x_token = '1'",
        "@request.auth.id = author",
        "@request.auth.collectionName = 'users'",
        "@request.auth.secret = ''",
        "@request.auth.home.name = ''",
        "@request.auth.home.secret = ''",
        "@request.auth.friends.name ?= ''",
        "@request.auth.messages_via_author.text ?= ''",
        "@request.auth.prefs.a.b = 1",
        "@request.auth.missing = ''",      // 110
        "@request.auth.home.missing = ''", // 110
        "@request.auth.missing.more = ''",
        "@request.body.text = ''",
        "@request.body.text:isset = true", // 111
        "@request.body.unknown:isset = true",
        "@request.body.unknown.a.b = 1",
        "@request.body.text:changed = true",
        "@request.body.cc:length > 1",
        "@request.body.cc:each ?= ''",
        "@request.body.cc.name ?= ''",
        "@request.body.author.name = ''",
        "@request.body.meta.a.0 = ''",
        "@collection.vault.content ?= ''",
        "@collection.id_vault.content ?= ''",
        "@collection.Users:other.name ?= text",
    ];
    for text in fine {
        check(RULE, text, Ok(()));
        check(Trust::Superuser, text, Ok(()));
        let message = if text.contains("@request") { "`@request`" } else { "`@collection`" };
        check(Trust::Client, text, Err(&format!("{message} isn't available here")));
    }
    for (text, message) in [
        ("@request = ''", "there is no such part of a request"),
        ("@request.body = ''", "there is no such part of a request"),
        ("@request.auth = ''", "there is no such part of a request"),
        ("@request.foo = ''", "there is no such part of a request"),
        ("@request.method:isset = true", "there is no such modifier here"),
        ("@request.query.a:length = 1", "there is no such modifier here"),
        ("@request.auth.name:isset = 1", "there is no such modifier here"),
        ("@request.body.unknown:changed = true", "only a field has this modifier"),
        ("@request.body.unknown:length = 1", "only a field has this modifier"),
        ("@request.body.author.missing = 1", "there is no field `missing`"),
        ("@collection = 1", "`@collection` needs the name of a collection"),
        ("@collection.users = 1", "`@collection` needs a field"),
        ("@collection.missing.x = 1", "there is no collection of this name"),
        ("@collection.users.missing = 1", "there is no field `missing`"), // 110
    ] {
        check(RULE, text, Err(message));
        check(Trust::Superuser, text, Err(message));
    }
}

#[test]
fn clients_name_only_what_they_could_see() {
    not_clients("secret = ''", "secret");
    not_clients("secret:lower ~ 'a'", "secret");
    not_clients("secret:length = 1", "secret");
    not_clients("'a' ~ secret", "secret");
    not_clients("text = secret", "secret");
    not_clients("author.secret = ''", "secret");
    not_clients("author.tokenKey ~ 'a%'", "tokenKey");
    not_clients("author.password ~ '$2%'", "password");
    not_clients("room.secret = ''", "secret");
    not_clients("hidden_rel = ''", "hidden_rel");
    not_clients("hidden_rel.id = ''", "hidden_rel");
    not_clients("hidden_rel.name = ''", "hidden_rel");
    not_clients("author.messages_via_hidden_rel.id = ''", "messages_via_hidden_rel");
    not_clients("author.messages_via_author.secret = ''", "secret");
    not_clients("strftime('%Y', secret) = ''", "secret");
    not_clients("geoDistance(secret, 1, 1, 1) > 0", "secret");
    // A password field isn't hidden where it isn't that of an account, but nobody reads it.
    not_clients("pin ~ '$2a$%'", "pin");
    // Nobody but superusers lists the vault.
    not_clients("vault_via_message.content = ''", "vault_via_message");
    not_clients("vault_via_message.id = ''", "vault_via_message");
    check(Trust::Client, "geoDistance(author.email, 1, 1, 1) > 0", Err("an e-mail address isn't a place"));
}

#[test]
fn the_id_of_a_single_relation_needs_no_join() {
    for text in ["message.id = ''", "message = ''", "message:each = ''"] {
        let plan = resolved(Trust::Client, "vault", text).expect(text);
        assert_eq!(plan.sources.len(), 1, "{text}");
    }
}

#[test]
fn joined_rows_carry_the_list_rule_of_their_collection() {
    let guards = |trust, text| {
        let plan = resolved(trust, "messages", text).expect(text);
        plan.sources.iter().filter(|source| source.guard.is_some()).count()
    };
    assert_eq!(guards(Trust::Client, "room.name = ''"), 1);
    assert_eq!(guards(Trust::Client, "author.home.name = '' && room.parent.name = ''"), 3);
    assert_eq!(guards(Trust::Client, "author.name = ''"), 0);
    assert_eq!(guards(Trust::Superuser, "room.name = ''"), 0);
    assert_eq!(guards(RULE, "room.name = ''"), 0);
}

#[test]
fn equal_prefixes_share_a_joined_row() {
    let sources = |text| resolved(Trust::Superuser, "messages", text).expect(text).sources.len();
    assert_eq!(sources("author.name = '' && author.age = 1"), 2);
    assert_eq!(sources("cc.name ?= '' && cc.age ?= 1 && cc:each ?= ''"), 3);
    assert_eq!(sources("author.name = '' && room.name = ''"), 3);
    assert_eq!(sources("@collection.users.name ?= '' && @collection.users:b.name ?= ''"), 3);
    assert_eq!(sources("@collection.users.name ?= '' && @collection.users.age ?= 1"), 2);
}

#[test]
fn what_is_multi() {
    let multi = |collection, text| {
        let plan = resolved(RULE, collection, text).expect(text);
        plan.sources.iter().any(|source| source.multi)
    };
    for text in [
        "cc.name = ''",
        "cc:each = ''",
        "author.messages_via_author.text = ''",
        "@collection.users.name = ''",
        "@request.body.cc.name = ''",
        "@request.body.cc:each = ''",
        "@request.auth.friends.name = ''",
    ] {
        assert!(multi("messages", text), "{text}");
    }
    for text in ["author.name = ''", "author.profiles_via_user.bio = ''", "@request.body.author.name = ''", "cc = ''"] {
        assert!(!multi("messages", text), "{text}");
    }
}

#[test]
fn functions() {
    for text in [
        "geoDistance(place.lon, place.lat, 1, 2) < 10",
        "strftime('%Y', at) = '2024'",
        "strftime('%Y') = '2024'",
        "strftime('%Y', author.messages_via_author.at, '+1 day', 'utc') ?= '2024'",
        "strftime('%Y', 'invalid') = ''", // 112
    ] {
        everybody(text);
    }
    for text in ["geoDistance(1, 2, 3) < 1", "geoDistance(1, 2, 3, 4, 5) < 1"] {
        nobody(text, "geoDistance takes four arguments: lonA, latA, lonB, latB");
    }
    for text in ["geoDistance('1', 2, 3, 4) < 1", "geoDistance(strftime('%Y'), 2, 3, 4) < 1"] {
        nobody(text, "geoDistance takes fields and numbers");
    }
    for text in ["strftime(at) = ''", "strftime() = ''", "strftime('%Y', at, at) = ''"] {
        nobody(text, "strftime takes a format, a time and modifiers");
    }
    nobody("lower(text) = ''", "there is no such function");
}

#[test]
fn only_fields_are_sorted_by() {
    let sorted = |trust, collection: &str, text: &str| {
        let schema = schema();
        let collection = schema.find(collection).expect("the collection exists");
        let users = schema.find("users").cloned();
        let items = parse_sort(text).map_err(|error| error.message)?;
        let scope = Scope { schema: &schema, collection, trust, auth: users.as_ref(), key: None };
        resolve_sort(scope, &items).map(|plan| plan.keys.len()).map_err(|error| error.message)
    };
    for (text, keys) in [
        ("-created,text", 2),
        ("author.name", 1),
        ("meta.a.b,-place.lon", 2),
        ("text:lower,cc:length", 2),
        ("author.messages_via_author.score", 1),
        ("@random", 1),
        ("-@rowid", 1),
    ] {
        assert_eq!(sorted(Trust::Client, "messages", text), Ok(keys), "{text}");
    }
    for text in
        ["missing", "collectionName", "secret", "-author.secret", "pin", "vault_via_message.content", "hidden_rel"]
    {
        assert!(sorted(Trust::Client, "messages", text).is_err(), "{text}");
    }
    for text in ["null", "true", "@now", "@rowid.x", "@random:lower", "@request.auth.id", "@request.method"] {
        assert!(sorted(Trust::Superuser, "messages", text).is_err(), "{text}");
    }
    assert!(sorted(Trust::Client, "totals", "@rowid").is_err(), "a view has no order of insertion");
}

#[test]
fn a_rule_is_checked_without_anybody_signed_in() {
    let schema = schema();
    let rooms = schema.find("rooms").expect("rooms");
    assert!(check_rule(&schema, rooms, "members.id ?= @request.auth.id && @request.auth.any.thing = 1").is_ok());
    assert!(check_rule(&schema, rooms, "parent.parent.secret = ''").is_ok());
    assert!(check_rule(&schema, rooms, "missing = 1").is_err());
    assert!(check_rule(&schema, rooms, "name =").is_err());
}

/// Spellings that a list of forbidden names might overlook.
fn disguises() -> impl Strategy<Value = String> {
    let names = ["secret", "tokenKey", "password", "pin", "hidden_rel", "content"];
    let before =
        ["", "t.", "j1.", "messages.", "author.", "author.author.", "`", "\"", "[", "main.", "@", "#", "_", "\u{feff}"];
    let after =
        ["", ".", "`", "\"", "]", ":each", ":lower", ":x", ".a", ".0", "\u{200b}", "\0", "--", "/**/", ";", "é"];
    let case = |(name, flips): (&str, Vec<bool>)| {
        let flip = |(c, flip): (char, &bool)| if *flip { c.to_ascii_uppercase() } else { c };
        name.chars().zip(flips.iter().chain(std::iter::repeat(&false))).map(flip).collect::<String>()
    };
    let name = (select(names.to_vec()), prop::collection::vec(any::<bool>(), 0..8)).prop_map(case);
    (select(before.to_vec()), name, select(after.to_vec()))
        .prop_map(|(before, name, after)| format!("{before}{name}{after}"))
}

proptest! {
    #[test]
    fn no_spelling_gets_a_client_to_a_hidden_field(name in disguises(), turned in any::<bool>()) {
        let text = if turned { format!("'a' ~ {name}") } else { format!("{name} ~ 'a'") };
        for text in [text, format!("strftime('%Y', {name}) = ''")] {
            if let Ok(plan) = resolved(Trust::Client, "messages", &text) {
                // In quotes it is but a text.
                let read = format!("{:?}", plan.conditions);
                let reads_rows = ["Column(", "JsonPath(", "Element(", "Length("].iter().any(|part| read.contains(part));
                prop_assert!(!reads_rows && plan.sources.len() == 1, "{} became {}", text, read);
            }
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "[a-z_.:@'\"=~ ()0-9]{0,40}") {
        for trust in [Trust::Client, Trust::Superuser, RULE] {
            let _ = resolved(trust, "messages", &text);
        }
    }
}
