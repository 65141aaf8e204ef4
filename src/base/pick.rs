//! `?fields=`: which parts of a JSON body a client wants.
//!
//! Called by `web::respond` for successful answers, and for what is sent to those who listen. Works on the text of the
//! body and parses only as deep as the wanted paths go. Invariant: the result's keys are sorted and its numbers are
//! those that a float can hold.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use serde_json::value::RawValue;

use crate::base::excerpt::Excerpt;
use crate::base::json::{write_json, write_raw, write_str};
use crate::base::{Error, Result};

/// Paths have at most this many segments, and arrays are searched this deep.
const MAX_DEPTH: usize = 64;

/// What the paths are relative to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The body itself, or each element if it is an array.
    Whole,
    /// The `items` of a list; the envelope around them is always complete.
    List,
}

/// The wanted paths as a tree.
#[derive(Debug, Default)]
pub struct Fields(Node);

#[derive(Debug, Default)]
struct Node {
    /// The path ends here: everything below is wanted.
    end: Option<Modifier>,
    /// A `*` stands for all keys that aren't named.
    others: Option<Modifier>,
    named: BTreeMap<String, Node>,
}

type Modifier = Option<Excerpt>;

impl Fields {
    /// Reads a list such as `id,expand.author.name,text:excerpt(200,true)`; `None` if it names nothing at all.
    pub fn parse(text: &str) -> Result<Option<Self>> {
        let mut root = Node::default();
        let mut any = false;
        for item in split_items(text)? {
            let (path, modifier) = match item.split_once(':') {
                Some((path, modifier)) => (path, Some(parse_modifier(modifier)?)),
                None => (item, None),
            };
            root.add(path, modifier)?;
            any = true;
        }
        Ok(any.then_some(Fields(root)))
    }

    /// The wanted parts of `body`, which must be JSON text.
    pub fn pick(&self, body: &str, shape: Shape) -> Result<String> {
        let mut out = String::with_capacity(body.len());
        let picked = match shape {
            Shape::Whole => self.0.write(&mut out, body, 0),
            Shape::List => write_list(&mut out, body, &self.0),
        };
        picked.map_err(Error::internal)?;
        Ok(out)
    }
}

impl Node {
    fn add(&mut self, path: &str, modifier: Modifier) -> Result<()> {
        if path.matches('.').count() >= MAX_DEPTH {
            return Err(invalid("A path in fields is too long."));
        }
        let (parents, last) = match path.rsplit_once('.') {
            Some((parents, last)) => (Some(parents), last),
            None => (None, path),
        };
        let mut node = self;
        for name in parents.into_iter().flat_map(|parents| parents.split('.')) {
            node = node.named.entry(name.to_owned()).or_default();
        }
        match last {
            "*" => node.others = Some(modifier),
            name => node.named.entry(name.to_owned()).or_default().end = Some(modifier),
        }
        Ok(())
    }

    /// Appends what this node wants of the value `raw`.
    fn write(&self, out: &mut String, raw: &str, depth: usize) -> serde_json::Result<()> {
        match raw.trim_start().as_bytes().first() {
            Some(b'{') => {
                let object: BTreeMap<String, &RawValue> = serde_json::from_str(raw)?;
                let mut separator = '{';
                for (key, value) in &object {
                    let Some(wanted) = self.wants(key) else { continue };
                    out.push(std::mem::replace(&mut separator, ','));
                    write_str(out, key);
                    out.push(':');
                    match wanted {
                        Wanted::All(modifier) => write_modified(out, value.get(), modifier)?,
                        Wanted::Parts(node) => node.write(out, value.get(), depth + 1)?,
                    }
                }
                out.push_str(if separator == '{' { "{}" } else { "}" });
            }
            Some(b'[') if depth < MAX_DEPTH * 2 => {
                let items: Vec<&RawValue> = serde_json::from_str(raw)?;
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    if at > 0 {
                        out.push(',');
                    }
                    self.write(out, item.get(), depth + 1)?;
                }
                out.push(']');
            }
            _ => write_whole(out, raw),
        }
        Ok(())
    }

    fn wants(&self, key: &str) -> Option<Wanted<'_>> {
        match self.named.get(key) {
            Some(node) => Some(node.end.map_or(Wanted::Parts(node), Wanted::All)),
            None => self.others.map(Wanted::All),
        }
    }
}

enum Wanted<'n> {
    All(Modifier),
    Parts(&'n Node),
}

fn write_list(out: &mut String, body: &str, items: &Node) -> serde_json::Result<()> {
    let envelope: BTreeMap<String, &RawValue> = serde_json::from_str(body)?;
    for (at, (key, value)) in envelope.iter().enumerate() {
        out.push(if at == 0 { '{' } else { ',' });
        write_str(out, key);
        out.push(':');
        match key.as_str() {
            "items" => items.write(out, value.get(), 0)?,
            _ => write_whole(out, value.get()),
        }
    }
    out.push('}');
    Ok(())
}

fn write_modified(out: &mut String, raw: &str, modifier: Modifier) -> serde_json::Result<()> {
    match modifier {
        Some(excerpt) if raw.starts_with('"') => {
            let text: String = serde_json::from_str(raw)?;
            write_str(out, &excerpt.of(&text));
        }
        _ => write_whole(out, raw),
    }
    Ok(())
}

fn write_whole(out: &mut String, raw: &str) {
    match serde_json::from_str::<Json>(raw) {
        Ok(value) => write_json(out, &value),
        // Nested deeper, or with larger numbers, than the parser takes, but valid: it is our own body.
        Err(_) => write_raw(out, raw),
    }
}

/// The items of a comma-separated list, trimmed, without empty ones. Commas inside parentheses and quotes don't count.
fn split_items(text: &str) -> Result<Vec<&str>> {
    let mut items = Vec::new();
    let (mut depth, mut start, mut quote) = (0_usize, 0, None);
    for (at, c) in text.char_indices() {
        match c {
            _ if quote.is_some() => quote = quote.filter(|opened| *opened != c),
            '"' | '\'' | '`' => quote = Some(c),
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1).ok_or_else(|| invalid("fields has a ')' without a '('."))?,
            ',' if depth == 0 => {
                items.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    if depth > 0 || quote.is_some() {
        return Err(invalid("fields has a '(' without a ')', or a quote that isn't closed."));
    }
    items.push(text[start..].trim());
    items.retain(|item| !item.is_empty());
    Ok(items)
}

fn parse_modifier(text: &str) -> Result<Excerpt> {
    let unknown = || invalid("fields has a modifier other than :excerpt(max, withEllipsis).");
    let arguments = text.trim().strip_prefix("excerpt(").and_then(|rest| rest.strip_suffix(')')).ok_or_else(unknown)?;
    let mut arguments = arguments.split(',').map(str::trim);
    let max_chars = arguments.next().and_then(|max| max.parse().ok()).filter(|&max| max > 0);
    let with_ellipsis = matches!(arguments.next(), Some("1" | "t" | "T" | "true" | "TRUE" | "True"));
    match (max_chars, arguments.next()) {
        (Some(max_chars), None) => Ok(Excerpt { max_chars, with_ellipsis }),
        _ => Err(invalid("excerpt in fields takes a positive number and, if wanted, true.")),
    }
}

fn invalid(message: &'static str) -> Error {
    Error::invalid(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = r#"{"b":1.0,"a":"<p>long text</p>","big":12345678901234567890,
        "expand":{"one":{"id":"o","name":"O","x":{"y":1}},"many":[{"id":"m","name":"M"},{"id":"n"},7]}}"#;

    #[track_caller]
    fn check(fields: &str, body: &str, shape: Shape, expect: Option<&str>) {
        let picked = Fields::parse(fields).and_then(|fields| fields.map(|fields| fields.pick(body, shape)).transpose());
        match expect {
            Some(expect) => assert_eq!(picked.expect("is valid").as_deref(), Some(expect), "{fields:?}"),
            None => assert!(picked.is_err(), "{fields:?}"),
        }
    }

    #[test]
    fn paths_descend_into_objects_and_arrays() {
        for (fields, expect) in [
            ("a", r#"{"a":"<p>long text</p>"}"#),
            (" b , a ,,b", r#"{"a":"<p>long text</p>","b":1}"#),
            ("missing", "{}"),
            ("A", "{}"),
            ("big", r#"{"big":12345678901234567000}"#),
            ("b.x", r#"{"b":1}"#),
            ("expand.one.name", r#"{"expand":{"one":{"name":"O"}}}"#),
            ("expand.many.name", r#"{"expand":{"many":[{"name":"M"},{},7]}}"#),
            (
                "expand.*",
                r#"{"expand":{"many":[{"id":"m","name":"M"},{"id":"n"},7],"one":{"id":"o","name":"O","x":{"y":1}}}}"#,
            ),
            ("expand.one.*,expand.one.x.z", r#"{"expand":{"one":{"id":"o","name":"O","x":{}}}}"#),
            ("expand.one,expand.one.id", r#"{"expand":{"one":{"id":"o","name":"O","x":{"y":1}}}}"#),
            ("expand.*.id", r#"{"expand":{}}"#),
            (
                "*,a:excerpt(4,true),expand.one.id",
                r#"{"a":"long...","b":1,"big":12345678901234567000,"expand":{"one":{"id":"o"}}}"#,
            ),
            ("a:excerpt(4,true),a:excerpt(2)", r#"{"a":"lo"}"#),
            ("a:excerpt( 4 , true ),b:excerpt(1)", r#"{"a":"long...","b":1}"#),
            ("(a,b)", "{}"),
            ("'a,b'", "{}"),
            ("'a,b',b", r#"{"b":1}"#),
            ("..", "{}"),
        ] {
            check(fields, RECORD, Shape::Whole, Some(expect));
        }
        check("id", r#"[{"id":1,"x":2},{"x":3}]"#, Shape::Whole, Some(r#"[{"id":1},{}]"#));
    }

    #[test]
    fn lists_keep_their_envelope() {
        let list = r#"{"items":[{"id":"a","x":1}],"page":1,"perPage":30,"totalItems":1,"totalPages":1}"#;
        let picked = |items: &str| list.replace(r#"[{"id":"a","x":1}]"#, items);
        check("id", list, Shape::List, Some(&picked(r#"[{"id":"a"}]"#)));
        check("page", list, Shape::List, Some(&picked("[{}]")));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for fields in [
            "a:foo",
            "a:",
            "a:excerpt",
            "a:excerpt()",
            "a:excerpt(0)",
            "a:excerpt(-1)",
            "a:excerpt(x)",
            "a:excerpt(1,true,1)",
            "a:excerpt(1",
            "a:excerpt(1)x",
            "a:Excerpt(1)",
            "(a",
            "a)",
            "'",
            "a,\"b",
            "`a' or b",
            &"a.".repeat(30_000),
        ] {
            check(fields, RECORD, Shape::Whole, None);
        }
    }

    #[test]
    fn nothing_named_means_everything() {
        for fields in ["", " ", ",", " , "] {
            assert!(Fields::parse(fields).expect("is valid").is_none(), "{fields:?}");
        }
    }

    #[test]
    fn deep_values_pass_through() {
        let deep = format!(r#"{{"a":{}{},"b":1}}"#, "[".repeat(1000), "]".repeat(1000));
        let expect = deep.replace(r#","b":1"#, "");
        check("a", &deep, Shape::Whole, Some(&expect));
        check("a.x", &deep, Shape::Whole, Some(&expect));
    }
}
