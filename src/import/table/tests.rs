//! Tables as people write them.

use serde_json::json;

use super::*;
use crate::base::limits::IMPORT_ROW_MAX_BYTES;
use crate::domain::{CollectionKind, Field, Rules};

fn pets() -> Arc<Collection> {
    let definitions = json!([
        {"name": "id", "type": "text", "primaryKey": true}, {"name": "name", "type": "text"},
        {"name": "legs", "type": "number"}, {"name": "tame", "type": "bool"}, {"name": "born", "type": "date"},
        {"name": "tags", "type": "select", "values": ["a", "b"], "maxSelect": 2}, {"name": "more", "type": "json"},
        {"name": "home", "type": "geoPoint"}, {"name": "created", "type": "autodate", "onCreate": true},
        {"name": "password", "type": "password"},
    ]);
    let field = |definition: &Json| Field::from_json(definition.as_object().expect("an object")).expect("a field");
    Arc::new(Collection {
        id: "c".into(),
        name: "pets".into(),
        kind: CollectionKind::Base,
        system: false,
        rules: Rules::default(),
        fields: definitions.as_array().expect("a list").iter().map(field).collect(),
        indexes: Vec::new(),
        created: String::new(),
        updated: String::new(),
    })
}

fn open(text: &str, format: Format) -> Result<Table> {
    let input = std::io::Cursor::new(text.as_bytes().to_vec());
    Table::open(Box::new(input), format, pets(), Box::new(|_| ()))
}

fn csv(text: &str) -> Result<Table> {
    open(text, Format::Csv { delimiter: b',' })
}

/// Lines with bodies, or with why there is none.
#[track_caller]
fn read(mut table: Table) -> Vec<(u64, Result<Json, String>)> {
    let mut rows = Vec::new();
    while let Some(entry) = table.next_entry().expect("it can be read") {
        rows.push((entry.line, entry.values.map(|values| Json::from(values.body))));
    }
    rows
}

#[test]
fn cells_become_what_their_fields_take() {
    let text = "\u{feff}name,legs,tame,born,tags,more,home,created,password\r\n\
        \"Rex \"\"the\"\" dog, 1\",4,yes,2020-01-02,\"[\"\"a\"\"]\",\"{\"\"b\"\": 12345678901234567890}\",\"10.5, -3\",2000-01-01,pw\r\n\
        \"two\nlines\",-0.5,F,2020-01-02T03:04:05Z,a,null,\"{\"\"lon\"\":1,\"\"lat\"\":2}\",,\r\n\r\n";
    let rows = read(csv(text).expect("a table"));
    let expect = [
        json!({"name": "Rex \"the\" dog, 1", "legs": 4.0, "tame": true, "born": "2020-01-02 00:00:00.000Z",
            "tags": "[\"a\"]", "more": "{\"b\": 12345678901234567890}", "home": {"lon": 10.5, "lat": -3.0},
            "password": "pw", "passwordConfirm": "pw"}),
        json!({"name": "two\nlines", "legs": -0.5, "tame": false, "born": "2020-01-02 03:04:05.000Z",
            "tags": "a", "more": "null", "home": {"lon": 1, "lat": 2}}),
    ];
    assert_eq!(rows, [(2, Ok(expect[0].clone())), (3, Ok(expect[1].clone()))]);
}

#[test]
fn empty_cells_are_told_from_values() {
    let mut table = csv("name,legs,created\n,,\n").expect("a table");
    let entry = table.next_entry().expect("it can be read").expect("a row");
    let values = entry.values.expect("values");
    assert!(values.body.is_empty());
    assert_eq!(values.empty, ["name", "legs"]);
}

#[test]
fn what_is_not_understood_is_told_with_its_line() {
    let text = "name,legs\na,many\nb,1,2\nc\nd,2\n";
    let rows = read(csv(text).expect("a table"));
    let why: Vec<_> = rows.iter().map(|(line, row)| (*line, row.as_ref().err().map(String::as_str))).collect();
    assert_eq!(
        why,
        [
            (2, Some("legs: \"many\" isn't a number.")),
            (3, Some("There are 3 cells where the header has 2.")),
            (4, Some("There are 1 cells where the header has 2.")),
            (5, None)
        ]
    );
    for (header, cell) in [("tame", "perhaps"), ("born", "soon"), ("more", "{"), ("home", "here"), ("legs", "NaN")] {
        let rows = read(csv(&format!("{header}\n{cell}\n")).expect("a table"));
        assert!(rows[0].1.as_ref().is_err_and(|why| why.starts_with(header)), "{rows:?}");
    }
}

#[test]
fn headers_name_fields() {
    for (text, expect) in [("", "empty"), ("name,nope\n", "nope"), ("name,name\n", "twice")] {
        let error = csv(text).err().expect("no table");
        assert!(error.message().contains(expect), "{error:?}");
    }
    for shown in ["collectionId", "collectionName", "expand", "created"] {
        assert_eq!(read(csv(&format!("{shown},name\nx,y\n")).expect("a table")), [(2, Ok(json!({"name": "y"})))]);
    }
}

#[test]
fn other_delimiters_and_bytes() {
    let table = open("name;legs\nx;1\n", Format::Csv { delimiter: b';' }).expect("a table");
    assert_eq!(read(table), [(2, Ok(json!({"name": "x", "legs": 1.0})))]);
    let input = std::io::Cursor::new(b"name\n\xff\nok\n".to_vec());
    let format = Format::Csv { delimiter: b',' };
    let rows = read(Table::open(Box::new(input), format, pets(), Box::new(|_| ())).expect("a table"));
    assert!(rows[0].1.is_err() && rows[1].1.is_ok(), "{rows:?}");
}

#[test]
fn json_comes_as_an_array_or_in_lines() {
    let expect = [json!({"name": "a[\"]}"}), json!({"more": {"x": [1]}}), json!({"tags+": "a"})];
    let array =
        "\n[ {\"name\": \"a[\\\"]}\"},\n {\"more\": {\"x\": [1]}, \"collectionId\": \"c\"}\n,{\"tags+\":\"a\"}]\n";
    let lines = "{\"name\": \"a[\\\"]}\"}\n\n{\"more\": {\"x\": [1]}}\r\n{\"tags+\":\"a\"}";
    for (text, at) in [(array, [2, 3, 4]), (lines, [1, 3, 4])] {
        let rows = read(open(text, Format::Json).expect("a table"));
        let expect: Vec<_> = at.into_iter().zip(expect.iter().cloned().map(Ok)).collect();
        assert_eq!(rows, expect, "{text}");
    }
    for empty in ["", "[]", " [ ] ", "\n\n"] {
        assert!(read(open(empty, Format::Json).expect("a table")).is_empty(), "{empty:?}");
    }
}

#[test]
fn texts_of_json_fields_stay_texts() {
    // As the interface reads it: what isn't a text is that value, and a text is read as JSON.
    for (value, expect) in [("\"5\"", "\"5\""), ("\"[1]\"", "\"[1]\""), ("\"hello\"", "\"hello\""), ("\"\"", "\"\"")] {
        let rows = read(open(&format!("{{\"more\": {value}}}"), Format::Json).expect("a table"));
        assert_eq!(rows, [(1, Ok(json!({ "more": expect })))], "{value}");
    }
    for value in [json!(5), json!(null), json!([1]), json!(true)] {
        let rows = read(open(&json!({ "more": value }).to_string(), Format::Json).expect("a table"));
        assert_eq!(rows, [(1, Ok(json!({ "more": value })))]);
    }
}

#[test]
fn json_that_is_none_is_told() {
    let rows =
        read(open("{\n5\n{\"nope\": 1}\n{\"born\": \"soon\"}\n{\"name\": \"ok\"}", Format::Json).expect("a table"));
    let ok: Vec<bool> = rows.iter().map(|(_, row)| row.is_ok()).collect();
    assert_eq!(ok, [false, false, false, false, true], "{rows:?}");
    for broken in ["[{}", "[{} {}]", "[1]", "[{},]", "[{}] x", "[\"a\"]", "[,{}]"] {
        let mut table = open(broken, Format::Json).expect("a table");
        let mut outcome = table.next_entry();
        while let Ok(Some(_)) = outcome {
            outcome = table.next_entry();
        }
        assert!(outcome.is_err(), "{broken}");
    }
}

/// A file that never ends.
struct Endless(&'static [u8]);

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let start = std::mem::take(&mut self.0);
        let count = start.len().min(buffer.len());
        buffer[..count].copy_from_slice(&start[..count]);
        buffer[count..].fill(b'x');
        Ok(buffer.len())
    }
}

#[test]
fn a_row_without_an_end_is_given_up() {
    for (start, format) in [
        (&b"name\n\""[..], Format::Csv { delimiter: b',' }),
        (&b"[{\"name\": \""[..], Format::Json),
        (&b"{\"name\": \""[..], Format::Json),
    ] {
        let read_bytes = Arc::new(std::sync::atomic::AtomicU64::new(0));
        let told = read_bytes.clone();
        let told = Box::new(move |bytes| told.store(bytes, std::sync::atomic::Ordering::Relaxed));
        let mut table = Table::open(Box::new(Endless(start)), format, pets(), told).expect("a table");
        assert!(table.next_entry().is_err());
        assert!(read_bytes.load(std::sync::atomic::Ordering::Relaxed) < 2 * IMPORT_ROW_MAX_BYTES);
    }
}
