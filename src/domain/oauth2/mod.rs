//! The services that people can sign in with, as data: where they are, what to ask for and how to read their answers.
//!
//! Used by the checks of collections, by the dashboard's list and by `auth::oauth2`, which talks to them. Not here:
//! what can't be said as data, such as Microsoft's e-mail addresses (`auth::oauth2::special`).

mod table;

pub use table::PROVIDERS;

/// A service that people can sign in with. Empty addresses have to be configured.
#[derive(Debug)]
pub struct Provider {
    /// Its name in the configuration.
    pub name: &'static str,
    /// Its name for people.
    pub display_name: &'static str,
    /// The colour of its badge.
    pub colour: &'static str,
    /// Where people are sent to.
    pub auth_url: &'static str,
    /// What turns their code into tokens.
    pub token_url: &'static str,
    /// What says who they are.
    pub user_info_url: &'static str,
    /// What to ask for.
    pub scopes: &'static [&'static str],
    /// Whether it takes part in PKCE (RFC 7636), unless the collection says otherwise.
    pub pkce: bool,
    /// More parameters for the address that people are sent to.
    pub auth_params: &'static [(&'static str, &'static str)],
    /// How to ask who somebody is.
    pub asked: Asked,
    /// How to read the answer.
    pub person: Person,
}

/// How a provider is asked who somebody is.
#[derive(Clone, Copy, Debug)]
pub enum Asked {
    /// GET with these headers; `{clientId}` stands for that.
    Get(&'static [(&'static str, &'static str)]),
    /// POST of this GraphQL query.
    GraphQl(&'static str),
    /// Not at all: the signed id_token that comes with the access token says it.
    IdToken(Keys),
    /// OpenID Connect: by GET where there is an address for it, otherwise by the id_token.
    OpenId,
}

/// By what the id_tokens of a provider are known to be its own.
#[derive(Clone, Copy, Debug)]
pub struct Keys {
    /// Who signs.
    pub issuer: &'static str,
    /// Where the public keys are.
    pub jwks_url: &'static str,
}

/// Where an answer says what about a person. Texts that start with `/` are JSON pointers (RFC 6901).
#[derive(Debug)]
#[allow(missing_docs)]
pub struct Person {
    pub id: &'static str,
    pub name: Text,
    pub username: Text,
    pub email: Email,
    pub avatar: Text,
    /// A value that accounts in good standing have: where it is, and which.
    pub active: Option<(&'static str, &'static str)>,
}

/// How to read a text.
#[derive(Clone, Copy, Debug)]
pub enum Text {
    /// The provider doesn't say.
    No,
    /// The value there.
    At(&'static str),
    /// The first of these that is there.
    First(&'static [&'static str]),
    /// The value there, if the flag beside it is set.
    If(&'static str, &'static str),
    /// All values, separated by spaces.
    Words(&'static [&'static str]),
    /// The part before the `@` of the value there.
    LocalPart(&'static str),
    /// A text with pointers in braces; nothing if one of them points to nothing.
    Filled(&'static str),
}

/// How to read an e-mail address, and whether the provider has made sure that it is the person's.
#[derive(Clone, Copy, Debug)]
pub enum Email {
    /// The provider doesn't say.
    No,
    /// The provider gives away verified addresses only.
    Verified(&'static str),
    /// Verified if all these flags are set; otherwise it doesn't count.
    IfAll(&'static str, &'static [&'static str]),
    /// Verified if there is a value at the second place, such as the date of the confirmation.
    IfPresent(&'static str, &'static str),
    /// Comes with the access token, and is verified.
    WithToken(&'static str),
    /// In a list at the address of the person with `/emails` after it, or in its place.
    Listed(Listing),
    /// By Microsoft's rules.
    Microsoft,
}

/// A list of addresses: where it is in the answer, and in each entry the address and what the one that counts has.
#[derive(Clone, Copy, Debug)]
pub struct Listing {
    /// The end of the person's address that `/emails` takes the place of.
    pub beside: &'static str,
    /// Where the list is.
    pub list: &'static str,
    /// In each entry, where the address is.
    pub address: &'static str,
    /// In each entry, values that the verified main address has: where, and which.
    pub wanted: &'static [(&'static str, &'static str)],
}

/// The provider of this name.
pub fn find_provider(name: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|provider| provider.name == name)
}

/// Whether there is a provider of this name.
pub fn is_known_provider(name: &str) -> bool {
    find_provider(name).is_some()
}

impl Provider {
    /// The first letter of the name on a coloured square, as SVG.
    pub fn badge(&self) -> String {
        let letter = self.display_name.chars().next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\"><rect width=\"32\" height=\"32\" rx=\"7\" \
             fill=\"{}\"/><text x=\"16\" y=\"22\" font-family=\"sans-serif\" font-size=\"18\" font-weight=\"700\" \
             text-anchor=\"middle\" fill=\"#ffffff\">{letter}</text></svg>",
            self.colour
        )
    }
}
