//! Addresses of records inside of a body: what the routes for records match, for the items of a batch.
//!
//! Pure; called by `/api/batch`. Only the literal path counts: no host, no slash at the end, nothing that would lead
//! elsewhere once it were cleaned up. What is percent-encoded in a segment is decoded, as the routes do it; a test of
//! the routes holds the two against each other.

use crate::web::form;
use crate::web::guards::query_pairs;

/// The address of a collection's records, or of one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordAddress {
    /// Id or name.
    pub collection: String,
    /// The record's id, if there is one.
    pub id: Option<String>,
    /// Query parameters, decoded, in order.
    pub query: Vec<(String, String)>,
}

impl RecordAddress {
    /// Reads `/api/collections/{collection}/records[/{id}][?query]`; anything else is `None`.
    pub fn parse(url: &str) -> Option<RecordAddress> {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let mut segments = path.strip_prefix("/api/collections/")?.split('/');
        let collection = segment(segments.next()?)?;
        if segments.next()? != "records" {
            return None;
        }
        let id = match segments.next() {
            Some(id) => Some(segment(id)?),
            None => None,
        };
        let query = query_pairs(query);
        let has_nul = query.iter().any(|(name, value)| name.contains('\0') || value.contains('\0'));
        let whole = segments.next().is_none() && !has_nul && !url.contains('#');
        whole.then_some(RecordAddress { collection, id, query })
    }
}

fn segment(text: &str) -> Option<String> {
    let plain = !matches!(text, "" | "." | "..");
    plain.then(|| form::decode_percent(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_literal_addresses_of_records_are_read() {
        for (url, expect) in [
            ("/api/collections/posts/records", Some(("posts", None))),
            ("/api/collections/posts/records/abc", Some(("posts", Some("abc")))),
            ("/api/collections/p%6Fsts/records/a%2Fb%20c", Some(("posts", Some("a/b c")))),
            ("/api/collections/posts/records?", Some(("posts", None))),
            ("/api/collections/posts/records/", None),
            ("/api/collections/posts/records/a/", None),
            ("/api/collections/posts/records/a/b", None),
            ("/api/collections/posts/records/..", None),
            ("/api/collections/posts/records#x", None),
            ("/api/collections/posts/records/%zz", None),
            ("/api/collections/posts/records/%ff", None),
            ("/api/collections/posts/records/%00", None),
            ("/api/collections/posts/records?a=%00", None),
            ("/api/collections//records", None),
            ("/api/collections/posts", None),
            ("/api/collections/posts/Records", None),
            ("//api/collections/posts/records", None),
            ("/api//collections/posts/records", None),
            ("/api/collections/posts/../posts/records", None),
            ("api/collections/posts/records", None),
            ("http://localhost/api/collections/posts/records", None),
            ("/api/health", None),
            ("", None),
        ] {
            let found = RecordAddress::parse(url);
            let found = found.as_ref().map(|address| (address.collection.as_str(), address.id.as_deref()));
            assert_eq!(found, expect, "{url}");
        }
    }

    #[test]
    fn queries_are_decoded() {
        let address = RecordAddress::parse("/api/collections/posts/records?a=b+c&a=%26&fields").expect("an address");
        let pairs = [("a", "b c"), ("a", "&"), ("fields", "")];
        assert_eq!(address.query, pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
