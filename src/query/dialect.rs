//! The questions that databases answer differently, each with one small answer per dialect.
//!
//! Called only within `query`. A difference belongs here when the general form isn't supported or is much slower.

use sea_query::{Alias, Expr, Func, FunctionCall, SelectStatement, SimpleExpr, SqliteQueryBuilder, Values};

/// A database that statements are built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The embedded database.
    Sqlite,
}

impl Dialect {
    /// The text of a SELECT and its values in the order of the placeholders.
    pub fn build(self, select: &SelectStatement) -> (String, Values) {
        match self {
            Dialect::Sqlite => select.build(SqliteQueryBuilder),
        }
    }

    /// A table with one row per element of a JSON array; the element is its column [`Dialect::element_column`].
    pub fn elements(self, list: SimpleExpr) -> FunctionCall {
        match self {
            Dialect::Sqlite => Func::cust("json_each").arg(list),
        }
    }

    /// The name of the element's column in [`Dialect::elements`].
    pub fn element_column(self) -> &'static str {
        match self {
            Dialect::Sqlite => "value",
        }
    }

    /// A column that holds a JSON array, as such. In a view it may hold anything: nothing is the empty list, any other
    /// value a list of one.
    pub fn list(self, column: SimpleExpr, in_view: bool) -> SimpleExpr {
        match self {
            Dialect::Sqlite if in_view => Expr::cust_with_exprs(
                "CASE WHEN json_type(iif(json_valid(?), ?, NULL)) = 'array' THEN ? \
                 WHEN coalesce(?, '') = '' THEN '[]' ELSE json_array(?) END",
                [column.clone(), column.clone(), column.clone(), column.clone(), column],
            ),
            Dialect::Sqlite => column,
        }
    }

    /// The number of elements of a JSON array; NULL has none.
    pub fn list_length(self, list: SimpleExpr) -> SimpleExpr {
        match self {
            Dialect::Sqlite => Expr::cust_with_exprs("coalesce(json_array_length(?), 0)", [list]),
        }
    }

    /// A column that gives its type to nothing that it is compared with.
    pub fn as_it_is(self, column: SimpleExpr) -> SimpleExpr {
        match self {
            Dialect::Sqlite => Expr::cust_with_exprs("+?", [column]),
        }
    }

    /// `a = b`, ASCII letters matching in any case.
    pub fn is_same_letters(self, a: SimpleExpr, b: SimpleExpr) -> SimpleExpr {
        match self {
            Dialect::Sqlite => Expr::cust_with_exprs("(? = ? COLLATE NOCASE)", [a, b]),
        }
    }

    /// What stands at a path inside a JSON column: text, number, 0/1, NULL, or the JSON text of an array or object.
    /// `path` is an expression for [`Dialect::json_path`]'s text. In a view a json column may hold plain text.
    pub fn json_value(self, column: SimpleExpr, path: SimpleExpr, in_view: bool) -> SimpleExpr {
        match self {
            Dialect::Sqlite if in_view => Expr::cust_with_exprs(
                "json_extract(CASE WHEN json_valid(?) THEN ? ELSE json_quote(?) END, ?)",
                [column.clone(), column.clone(), column, path],
            ),
            Dialect::Sqlite => Func::cust("json_extract").arg(column).arg(path).into(),
        }
    }

    /// The database's notation of a path into JSON.
    pub fn json_path(self, segments: &[String]) -> String {
        match self {
            Dialect::Sqlite => {
                let mut path = String::from("$");
                for segment in segments {
                    if !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_digit()) {
                        path.push_str(&format!("[{segment}]"));
                    } else {
                        path.push_str(&format!(".\"{}\"", segment.replace('"', "")));
                    }
                }
                path
            }
        }
    }

    /// `text LIKE pattern`, ASCII letters matching in any case, `\` the escape.
    pub fn like(self, text: SimpleExpr, pattern: SimpleExpr, negated: bool) -> SimpleExpr {
        let form = if negated { "(? NOT LIKE ? ESCAPE '\\')" } else { "(? LIKE ? ESCAPE '\\')" };
        match self {
            Dialect::Sqlite => Expr::cust_with_exprs(form, [text, pattern]),
        }
    }

    /// A number as people write it: `1`, not `1.0`.
    pub fn number_text(self, number: SimpleExpr) -> SimpleExpr {
        match self {
            Dialect::Sqlite => Expr::cust_with_exprs(
                "CASE WHEN ? = CAST(? AS INTEGER) THEN CAST(CAST(? AS INTEGER) AS TEXT) ELSE CAST(? AS TEXT) END",
                [number.clone(), number.clone(), number.clone(), number],
            ),
        }
    }

    /// `a = b` where NULL equals NULL.
    pub fn is_same(self, a: SimpleExpr, b: SimpleExpr, negated: bool) -> SimpleExpr {
        match self {
            Dialect::Sqlite if negated => Expr::cust_with_exprs("(? IS NOT ?)", [a, b]),
            Dialect::Sqlite => Expr::cust_with_exprs("(? IS ?)", [a, b]),
        }
    }

    /// The distance of two points in kilometres on a sphere of radius 6371 km; NULL when a part isn't a number.
    /// Arguments: lonA, latA, lonB, latB in degrees.
    pub fn geo_distance(self, parts: [SimpleExpr; 4]) -> SimpleExpr {
        match self {
            // The store adds this function to its connections.
            Dialect::Sqlite => Func::cust("geo_distance").args(parts).into(),
        }
    }

    /// SQLite's `strftime`, or what stands for it.
    pub fn strftime(self, args: Vec<SimpleExpr>) -> SimpleExpr {
        match self {
            Dialect::Sqlite => Func::cust("strftime").args(args).into(),
        }
    }

    /// The hour of a time in the interface's form, in that form.
    pub fn hour(self, time: SimpleExpr) -> SimpleExpr {
        match self {
            Dialect::Sqlite => Expr::cust_with_exprs("(substr(?, 1, 13) || ':00:00.000Z')", [time]),
        }
    }

    /// The order in which rows were inserted. No field can have this name.
    pub fn row_number(self, table: Alias) -> SimpleExpr {
        match self {
            Dialect::Sqlite => Expr::col((table, Alias::new("_rowid_"))),
        }
    }

    /// A different order for every statement.
    pub fn random(self) -> SimpleExpr {
        match self {
            Dialect::Sqlite => Func::random().into(),
        }
    }
}
