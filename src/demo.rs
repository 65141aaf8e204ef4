//! The example that `serve --demo` fills an empty server with: a neighbourhood's tool library.
//!
//! Called by the `serve` command. The definitions and the words are in `static/demo`; the records are made of them
//! the same way on every machine, so that documentation can name them. Not here: writing them (that's the app's).

use jiff::ToSpan as _;
use jiff::civil::{Date, date};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::base::ids;

/// The address of a demo member who may do what every member may.
pub const MEMBER_EMAIL: &str = "ben@example.com";
/// The address of a demo member who is a volunteer and so looks after everything.
pub const VOLUNTEER_EMAIL: &str = "ada@example.com";
/// The password of both. The other members have passwords that nobody knows.
pub const PASSWORD: &str = "tool-library";

const COLLECTIONS: &str = include_str!("../static/demo/collections.json");
const WORDS: &str = include_str!("../static/demo/words.json");
/// The day on which the library opened; every other day follows from it.
const OPENED: Date = date(2026, 1, 5);
/// Loans of the first year.
const LOANS: usize = 170;

/// A record to create, with its id in the body.
#[derive(Clone, Debug)]
pub struct DemoRecord {
    /// The collection's name.
    pub collection: &'static str,
    /// The record's fields.
    pub body: Map<String, Json>,
}

/// The collections' definitions, as an import takes them.
pub fn collections() -> Json {
    serde_json::from_str(COLLECTIONS).expect("a test reads the built-in file")
}

/// All records, each after the ones that it refers to.
pub fn records() -> Vec<DemoRecord> {
    let words: Words = serde_json::from_str(WORDS).expect("a test reads the built-in file");
    let mut dice = Dice(20_260_105);
    let mut out = members(&words, &mut dice);
    out.extend(words.categories.iter().enumerate().map(|(at, category)| {
        record("categories", at, json!({"name": category.name, "slug": category.slug, "position": at + 1}))
    }));
    out.extend(tools(&words, &mut dice));
    out.extend(loans(&words, &mut dice));
    out.extend(reviews(&words, &mut dice));
    out.extend(workshops(&words, &mut dice));
    out
}

#[derive(Deserialize)]
struct Words {
    members: Vec<Member>,
    categories: Vec<Category>,
    tools: Vec<Tool>,
    /// Texts by stars.
    reviews: std::collections::BTreeMap<u8, Vec<String>>,
    loan_notes: Vec<String>,
    workshops: Vec<Workshop>,
}

#[derive(Deserialize)]
struct Member {
    name: String,
    street: String,
    volunteer: bool,
    skills: Vec<String>,
    about: String,
}

#[derive(Deserialize)]
struct Category {
    name: String,
    slug: String,
}

#[derive(Deserialize)]
struct Tool {
    name: String,
    /// A category's slug.
    category: String,
    tags: Vec<String>,
    value_eur: f64,
    weight_kg: f64,
    details: Json,
    notes: String,
}

#[derive(Deserialize)]
struct Workshop {
    title: String,
    public: bool,
    fee_eur: f64,
    /// Names of tools.
    tools: Vec<String>,
    agenda: Json,
    description: String,
}

fn members(words: &Words, dice: &mut Dice) -> Vec<DemoRecord> {
    let make = |(at, member): (usize, &Member)| {
        let first_name = member.name.split(' ').next().unwrap_or_default().to_lowercase();
        let email = format!("{first_name}@example.com");
        let known = [MEMBER_EMAIL, VOLUNTEER_EMAIL].contains(&email.as_str());
        let password = if known { PASSWORD.to_owned() } else { ids::secret() };
        record(
            "members",
            at,
            json!({
                "email": email, "emailVisibility": at % 3 == 0, "verified": true,
                "password": password, "passwordConfirm": password,
                "name": member.name, "street": member.street, "about": member.about,
                "volunteer": member.volunteer, "skills": member.skills,
                "joined": day(dice.below(200)), "home": place(dice),
                "website": if at % 5 == 0 { format!("https://{first_name}.example.com") } else { String::new() },
            }),
        )
    };
    words.members.iter().enumerate().map(make).collect()
}

fn tools(words: &Words, dice: &mut Dice) -> Vec<DemoRecord> {
    let make = |(at, tool): (usize, &Tool)| {
        let category = words.categories.iter().position(|category| category.slug == tool.category);
        // Only tools that were made before, so that records can be created in order.
        let near = (at.saturating_sub(3)..at).filter(|other| words.tools[*other].category == tool.category);
        let goes_with: Vec<String> = near.filter(|_| dice.below(2) == 0).map(|other| id("tools", other)).collect();
        let condition = ["good", "good", "new", "worn", "good", "in repair"][dice.below(6)];
        record(
            "tools",
            at,
            json!({
                "name": tool.name, "number": format!("T-{:04}", 101 + at),
                "category": category.map(|at| id("categories", at)),
                "owner": id("members", dice.below(words.members.len())),
                "condition": condition, "available": condition != "in repair", "tags": tool.tags,
                "value_eur": tool.value_eur, "weight_kg": tool.weight_kg, "details": tool.details, "notes": tool.notes,
                "place": place(dice), "goes_with": goes_with,
                "manual": match at % 4 {
                    0 => format!("https://manuals.example.com/t-{:04}.pdf", 101 + at),
                    _ => String::new(),
                },
            }),
        )
    };
    words.tools.iter().enumerate().map(make).collect()
}

fn loans(words: &Words, dice: &mut Dice) -> Vec<DemoRecord> {
    let make = |at: usize| {
        let taken = at * 2 + dice.below(3);
        let due = taken + 7;
        // The latest loans are still out, a few earlier ones came back late.
        let returned = if at + 12 < LOANS { day(taken + 1 + dice.below(9)) } else { String::new() };
        record(
            "loans",
            at,
            json!({
                "tool": id("tools", dice.below(words.tools.len())),
                "borrower": id("members", dice.below(words.members.len())),
                "taken": day(taken), "due": day(due), "returned": returned, "note": dice.pick(&words.loan_notes),
            }),
        )
    };
    (0..LOANS).map(make).collect()
}

/// Every tool gets up to three reviews by different members.
fn reviews(words: &Words, dice: &mut Dice) -> Vec<DemoRecord> {
    let mut out = Vec::new();
    for tool in 0..words.tools.len() {
        let first_author = dice.below(words.members.len());
        for nth in 0..dice.below(4) {
            let stars: u8 = [5, 5, 4, 4, 5, 3, 4, 2, 5, 1][dice.below(10)];
            let author = (first_author + nth * 5) % words.members.len();
            let text = words.reviews.get(&stars).map(|texts| dice.pick(texts));
            let body =
                json!({"tool": id("tools", tool), "author": id("members", author), "stars": stars, "text": text});
            out.push(record("reviews", out.len(), body));
        }
    }
    out
}

fn workshops(words: &Words, dice: &mut Dice) -> Vec<DemoRecord> {
    let volunteers: Vec<usize> = (0..words.members.len()).filter(|at| words.members[*at].volunteer).collect();
    let make = |(at, workshop): (usize, &Workshop)| {
        let first = dice.below(words.members.len());
        let attendees: Vec<String> =
            (0..3 + dice.below(7)).map(|nth| id("members", (first + nth * 7) % words.members.len())).collect();
        let tools = words.tools.iter().enumerate().filter(|(_, tool)| workshop.tools.contains(&tool.name));
        let tools: Vec<String> = tools.map(|(at, _)| id("tools", at)).collect();
        record(
            "workshops",
            at,
            json!({
                "title": workshop.title, "public": workshop.public, "fee_eur": workshop.fee_eur,
                "starts": day(30 + at * 33), "host": id("members", *dice.pick(&volunteers)), "tools": tools,
                "attendees": attendees, "place": place(dice), "agenda": workshop.agenda,
                "description": workshop.description,
            }),
        )
    };
    words.workshops.iter().enumerate().map(make).collect()
}

/// Numbers that look random and are the same each time (a linear congruential generator; not for secrets).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit.max(1)
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// Fifteen characters: the collection's name, zeros, the record's number from 1.
fn id(collection: &str, at: usize) -> String {
    format!("{collection:0<11}{:04}", at + 1)
}

fn record(collection: &'static str, at: usize, body: Json) -> DemoRecord {
    let mut body = match body {
        Json::Object(body) => body,
        _ => Map::new(),
    };
    body.insert("id".to_owned(), id(collection, at).into());
    DemoRecord { collection, body }
}

/// Noon, `days` after the library opened.
fn day(days: usize) -> String {
    let at = i64::try_from(days).ok().and_then(|days| OPENED.checked_add(days.days()).ok()).unwrap_or(OPENED);
    format!("{at} 12:00:00.000Z")
}

/// Somewhere in the neighbourhood, which lies in a river bend that doesn't exist.
fn place(dice: &mut Dice) -> Json {
    let mut near = |centre: f64| (centre * 10_000.0 + dice.below(120) as f64).round() / 10_000.0;
    json!({"lon": near(8.412), "lat": near(52.031)})
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    /// Relation fields by collection: name of the field and name of its target.
    fn relations() -> HashMap<String, Vec<(String, String)>> {
        let definitions = collections();
        let definitions = definitions.as_array().expect("a list");
        let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
        let names: HashMap<String, String> = definitions.iter().map(|c| (text(&c["id"]), text(&c["name"]))).collect();
        let of = |collection: &Json| {
            let fields = collection["fields"].as_array().cloned().unwrap_or_default();
            let fields = fields.iter().filter(|field| field["type"] == "relation");
            fields.map(|field| (text(&field["name"]), names[&text(&field["collectionId"])].clone())).collect()
        };
        definitions.iter().map(|c| (text(&c["name"]), of(c))).collect()
    }

    #[test]
    fn ids_are_well_formed_and_unique() {
        let records = records();
        assert!((300..500).contains(&records.len()), "{}", records.len());
        let mut seen = HashSet::new();
        for record in &records {
            let id = record.body["id"].as_str().expect("an id");
            assert_eq!(id.len(), ids::RECORD_ID_CHARS, "{id}");
            assert!(id.bytes().all(|b| ids::ID_ALPHABET.contains(&b)), "{id}");
            assert!(seen.insert(id.to_owned()), "{id} twice");
        }
    }

    #[test]
    fn every_relation_leads_to_an_earlier_record() {
        let relations = relations();
        let mut made: HashSet<(String, String)> = HashSet::new();
        let mut followed = 0;
        for record in records() {
            for (field, target) in &relations[record.collection] {
                let ids = match &record.body[field] {
                    Json::Array(ids) => ids.clone(),
                    id => vec![id.clone()],
                };
                for id in ids {
                    let id = id.as_str().expect("ids are text").to_owned();
                    assert!(
                        made.contains(&(target.clone(), id.clone())),
                        "{}.{field} → {target} {id}",
                        record.collection
                    );
                    followed += 1;
                }
            }
            let id = record.body["id"].as_str().expect("an id").to_owned();
            made.insert((record.collection.to_owned(), id));
        }
        assert!(followed > 500);
    }

    #[test]
    fn every_key_is_a_field_and_the_two_known_members_are_there() {
        let definitions = collections();
        let of_auth = ["id", "email", "emailVisibility", "verified", "password", "passwordConfirm"];
        for record in records() {
            let definition = definitions.as_array().and_then(|all| all.iter().find(|c| c["name"] == record.collection));
            let fields = definition.and_then(|c| c["fields"].as_array()).expect("a defined collection");
            for key in record.body.keys() {
                assert!(of_auth.contains(&key.as_str()) || fields.iter().any(|f| f["name"] == **key), "{key}");
            }
        }
        let known: Vec<Json> = records()
            .into_iter()
            .filter(|r| r.body.get("password") == Some(&PASSWORD.into()))
            .map(|r| r.body["email"].clone())
            .collect();
        assert_eq!(known, [VOLUNTEER_EMAIL, MEMBER_EMAIL]);
    }

    #[test]
    fn two_runs_make_the_same_records() {
        let plain = || records().into_iter().filter(|r| r.collection != "members").map(|r| r.body).collect::<Vec<_>>();
        assert_eq!(plain(), plain());
    }
}
