//! Identifiers for statements. An [`Ident`] comes from the schema or from the program text, never from a request:
//! there is no way to make one from a string that arrived at run time.

use sea_query::DynIden;

use crate::domain::{Collection, Field};

/// A table, column, index or alias name. The statement builder quotes and escapes it for the dialect.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ident(String);

impl Ident {
    /// The table (or view) of a collection.
    pub fn table(collection: &Collection) -> Ident {
        Ident(collection.name.clone())
    }

    /// The column of a field.
    pub fn column(field: &Field) -> Ident {
        Ident(field.name.clone())
    }

    /// A name written in the program, such as a system table.
    pub const fn fixed(name: &'static str) -> FixedIdent {
        FixedIdent(name)
    }

    /// A numbered alias such as `j3`.
    pub fn alias(prefix: &'static str, number: usize) -> Ident {
        Ident(format!("{prefix}{number}"))
    }
}

impl From<Ident> for DynIden {
    fn from(ident: Ident) -> DynIden {
        DynIden::from(ident.0)
    }
}

impl From<&Ident> for DynIden {
    fn from(ident: &Ident) -> DynIden {
        DynIden::from(ident.0.clone())
    }
}

/// An identifier that is written in the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedIdent(&'static str);

impl From<FixedIdent> for DynIden {
    fn from(ident: FixedIdent) -> DynIden {
        DynIden::from(ident.0.to_owned())
    }
}
