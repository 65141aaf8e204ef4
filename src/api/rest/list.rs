//! The parameters that all list endpoints share.

use crate::base::limits::{PER_PAGE_DEFAULT, PER_PAGE_MAX};
use crate::base::{Error, Result};
use crate::domain::{ListRequest, RequestInfo};

/// Reads them from the query; unknown ones are ignored.
pub fn parse(request: &RequestInfo) -> Result<ListRequest> {
    let page = whole_number(request, "page")?.unwrap_or(1);
    let per_page = match whole_number(request, "perPage")? {
        Some(count) if count > 0 => count.unsigned_abs().min(PER_PAGE_MAX),
        _ => PER_PAGE_DEFAULT,
    };
    let text = |name| request.query(name).filter(|text| !text.is_empty()).map(str::to_owned);
    Ok(ListRequest {
        page: page.max(1).unsigned_abs(),
        per_page,
        skip_total: flag(request, "skipTotal")?,
        capped_total: request.query("total") == Some("capped"),
        sort: text("sort"),
        filter: text("filter"),
        expand: text("expand"),
        // Without a value it asks for the first page with a cursor, so an empty one counts.
        cursor: request.query("cursor").map(str::to_owned),
    })
}

fn whole_number(request: &RequestInfo, name: &str) -> Result<Option<i64>> {
    match request.query(name) {
        None | Some("") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| Error::invalid(format!("{name} must be a whole number"))),
    }
}

fn flag(request: &RequestInfo, name: &str) -> Result<bool> {
    match request.query(name) {
        None | Some("" | "0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(false),
        Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true),
        Some(_) => Err(Error::invalid(format!("{name} must be true or false"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(query: &str) -> Option<ListRequest> {
        let query = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        parse(&RequestInfo { query, ..RequestInfo::default() }).ok()
    }

    #[test]
    fn pages_are_brought_within_their_limits() {
        for (query, expect) in [
            ("", Some((1, 30))),
            ("page=2&perPage=5", Some((2, 5))),
            ("page=2&page=x", Some((2, 30))),
            ("page=0&perPage=0", Some((1, 30))),
            ("page=-1&perPage=-5", Some((1, 30))),
            ("page=&perPage=", Some((1, 30))),
            ("page=%2B2&perPage=5000", Some((2, 1000))),
            ("page=9223372036854775807", Some((9223372036854775807, 30))),
            ("page=-9223372036854775808&perPage=-9223372036854775808", Some((1, 30))),
            ("page=9223372036854775808", None),
            ("page=abc", None),
            ("page=1.5", None),
            ("page=+2", None),
            ("perPage=abc", None),
        ] {
            assert_eq!(list(query).map(|list| (list.page, list.per_page)), expect, "{query:?}");
        }
    }

    #[test]
    fn totals_are_skipped_or_capped_on_demand() {
        for (query, expect) in [
            ("skipTotal=1", Some((true, false))),
            ("skipTotal=True", Some((true, false))),
            ("skipTotal=F", Some((false, false))),
            ("skipTotal=", Some((false, false))),
            ("skipTotal=yes", None),
            ("skipTotal=tRue", None),
            ("total=capped", Some((false, true))),
            ("total=5", Some((false, false))),
        ] {
            assert_eq!(list(query).map(|list| (list.skip_total, list.capped_total)), expect, "{query:?}");
        }
    }

    #[test]
    fn empty_texts_are_absent_except_the_cursor() {
        let request = list("sort=&filter=&expand=&cursor=").expect("is valid");
        assert_eq!((request.sort, request.filter, request.expand), (None, None, None));
        assert_eq!(request.cursor.as_deref(), Some(""));
        assert_eq!(list("filter=%20").expect("is valid").filter.as_deref(), Some(" "));
    }
}
