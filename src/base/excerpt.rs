//! A short plain-text beginning of HTML, for `:excerpt(…)` in `?fields=`.
//!
//! Pure; called by `pick`. It reads HTML as browsers do where it matters for text (comments, quoted attributes,
//! elements whose content is no text) and is no sanitiser: the result is text and must be escaped like any other.

/// Elements that don't separate words: `<b>bo</b>ld` is one word. Every other element separates.
const INLINE: &[&str] = &[
    "a", "abbr", "acronym", "b", "bdo", "big", "br", "button", "cite", "code", "em", "font", "i", "label", "mark", "q",
    "s", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "wbr",
];
/// Elements that vanish with everything inside.
const DROPPED: &[&str] = &[
    "audio", "button", "form", "iframe", "noembed", "noframes", "object", "script", "select", "style", "svg",
    "template", "textarea",
];
/// Dropped elements whose content isn't parsed: only their own end tag ends them.
const RAW_TEXT: &[&str] = &["iframe", "noembed", "noframes", "script", "style", "textarea"];

/// How much of a text is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excerpt {
    /// At most this many characters, not counting the ellipsis.
    pub max_chars: usize,
    /// Whether a text that was cut ends with `...`.
    pub with_ellipsis: bool,
}

impl Excerpt {
    /// The beginning of `html` as plain text.
    pub fn of(self, html: &str) -> String {
        let mut text = Collapsed { out: String::new(), chars: 0, after_space: false };
        // Two more than wanted, because a space at either end is trimmed off again.
        let enough = self.max_chars.saturating_add(2);
        let mut rest = html;
        while !rest.is_empty() && text.chars <= enough {
            rest = step(rest, &mut text);
        }
        let text = text.out.trim();
        match text.char_indices().nth(self.max_chars) {
            None => text.to_owned(),
            Some((end, _)) => {
                let mut cut = text[..end].trim_end().to_owned();
                if self.with_ellipsis {
                    cut.push_str("...");
                }
                cut
            }
        }
    }
}

/// Text in which white space is collapsed as it comes.
struct Collapsed {
    out: String,
    chars: usize,
    after_space: bool,
}

impl Collapsed {
    fn push(&mut self, c: char) {
        let space = matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0c');
        if space && self.after_space {
            return;
        }
        self.after_space = space;
        self.out.push(if space { ' ' } else { c });
        self.chars += 1;
    }
}

/// Takes in one character, entity, tag or comment and returns what follows.
fn step<'h>(html: &'h str, text: &mut Collapsed) -> &'h str {
    if let Some(after) = html.strip_prefix('<') {
        if let Some(comment) = after.strip_prefix("!--") {
            return comment.split_once("-->").map_or("", |(_, rest)| rest);
        }
        if after.starts_with(['!', '?']) {
            return after.split_once('>').map_or("", |(_, rest)| rest);
        }
        let (closing, name_on) = match after.strip_prefix('/') {
            Some(name_on) => (true, name_on),
            None => (false, after),
        };
        if name_on.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return tag(name_on, closing, text);
        }
        text.push('<');
        return after;
    }
    if let Some((c, rest)) = html.strip_prefix('&').and_then(entity) {
        text.push(c);
        return rest;
    }
    let mut chars = html.chars();
    if let Some(c) = chars.next() {
        text.push(c);
    }
    chars.as_str()
}

/// Takes in a tag from its name on.
fn tag<'h>(from_name: &'h str, closing: bool, text: &mut Collapsed) -> &'h str {
    let (name, rest) = tag_name(from_name);
    let rest = after_tag(rest);
    if !closing && DROPPED.contains(&name.as_str()) {
        return after_element(&name, rest);
    }
    if !INLINE.contains(&name.as_str()) {
        text.push(' ');
    }
    rest
}

fn tag_name(html: &str) -> (String, &str) {
    let end = html.find(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>').unwrap_or(html.len());
    (html[..end].to_ascii_lowercase(), &html[end..])
}

/// What follows the `>` that ends a tag; one inside a quoted attribute doesn't.
fn after_tag(html: &str) -> &str {
    let mut quote: Option<char> = None;
    let mut value_begins = false;
    for (at, c) in html.char_indices() {
        match (quote, c) {
            (Some(open), c) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '>') => return &html[at + 1..],
            (None, '"' | '\'') if value_begins => quote = Some(c),
            _ => {}
        }
        value_begins = c == '=' || (value_begins && c.is_ascii_whitespace());
    }
    ""
}

/// What follows the end tag of the dropped element `name`, whose start tag has just been read.
fn after_element<'h>(name: &str, html: &'h str) -> &'h str {
    let nests = !RAW_TEXT.contains(&name);
    let mut depth = 1_usize;
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let after = &rest[at + 1..];
        let (closing, name_on) = match after.strip_prefix('/') {
            Some(name_on) => (true, name_on),
            None => (false, after),
        };
        let (found, behind) = tag_name(name_on);
        rest = after;
        if found != name {
            continue;
        }
        rest = after_tag(behind);
        if closing {
            depth -= 1;
        } else if nests {
            depth += 1;
        }
        if depth == 0 {
            return rest;
        }
    }
    ""
}

/// The character of an entity (without its `&`) and what follows; `None` if it is just an ampersand.
fn entity(html: &str) -> Option<(char, &str)> {
    const NAME_MAX_BYTES: usize = 10;
    let end = html.bytes().take(NAME_MAX_BYTES + 1).position(|byte| byte == b';')?;
    let (name, rest) = (&html[..end], &html[end + 1..]);
    let c = match name.strip_prefix('#') {
        None => named(name)?,
        Some(number) => {
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16),
                None => number.parse(),
            };
            code.ok().and_then(char::from_u32).filter(|&c| c != '\0').unwrap_or(char::REPLACEMENT_CHARACTER)
        }
    };
    Some((c, rest))
}

/// The named characters that occur in practice: those of XML, of Latin 1 and of typography.
fn named(name: &str) -> Option<char> {
    const LATIN_1: [&str; 96] = [
        "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf", "laquo", "not",
        "shy", "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro", "para", "middot", "cedil", "sup1",
        "ordm", "raquo", "frac14", "frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc", "Atilde", "Auml",
        "Aring", "AElig", "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml", "Igrave", "Iacute", "Icirc", "Iuml", "ETH",
        "Ntilde", "Ograve", "Oacute", "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave", "Uacute", "Ucirc",
        "Uuml", "Yacute", "THORN", "szlig", "agrave", "aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil",
        "egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde", "ograve", "oacute",
        "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave", "uacute", "ucirc", "uuml", "yacute", "thorn", "yuml",
    ];
    let c = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "hellip" => '…',
        "mdash" => '—',
        "ndash" => '–',
        "lsquo" => '‘',
        "rsquo" => '’',
        "sbquo" => '‚',
        "ldquo" => '“',
        "rdquo" => '”',
        "bdquo" => '„',
        "lsaquo" => '‹',
        "rsaquo" => '›',
        "bull" => '•',
        "euro" => '€',
        "trade" => '™',
        "thinsp" => '\u{2009}',
        "ensp" => '\u{2002}',
        "emsp" => '\u{2003}',
        "zwnj" => '\u{200c}',
        "zwj" => '\u{200d}',
        "larr" => '←',
        "uarr" => '↑',
        "rarr" => '→',
        "darr" => '↓',
        "minus" => '−',
        "le" => '≤',
        "ge" => '≥',
        "ne" => '≠',
        _ => {
            let at = LATIN_1.iter().position(|&known| known == name)?;
            char::from_u32(0xa0 + at as u32)?
        }
    };
    Some(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(max_chars: usize, html: &str, expect: &str) {
        assert_eq!(Excerpt { max_chars, with_ellipsis: true }.of(html), expect, "{html:?}");
    }

    #[test]
    fn html_becomes_text() {
        for (html, expect) in [
            ("<p>Hello <b>wo</b>rld</p><p>next</p>", "Hello world next"),
            ("  a \n\n b\t c  ", "a b c"),
            ("a<br>b", "ab"),
            ("<div>a</div>b<span>c</span>d", "a bcd"),
            ("<ul><li>one</li><li>two</li></ul>", "one two"),
            ("a<!-- <b>c</b> -->b<!doctype html><?x?>c", "abc"),
            ("a<script>if (a < b) '<p>'</script>b<style>c</STYLE >d<form>f<form>g</form><input></form>h", "abdh"),
            ("a<svg><svg></svg><text>t</text></svg>b", "ab"),
            ("a<script>never ends", "a"),
            ("x < y and y > z <3", "x < y and y > z <3"),
            ("<a href=\"x>y\" title = 'it\"s>'>l</a>k", "lk"),
            ("<p title=it's>a</p>b", "a b"),
            ("a<p", "a"),
            ("a</p>b", "a b"),
            ("<formula>a</formula>", "a"),
            ("", ""),
        ] {
            check(100, html, expect);
        }
    }

    #[test]
    fn entities_are_decoded_once() {
        for (html, expect) in [
            ("a &amp; b &lt;x&gt; &copy; &hellip; &yuml;", "a & b <x> © … ÿ"),
            ("&#65;&#x42;&#X43;", "ABC"),
            ("&amp;amp; &amp;lt;b>", "&amp; &lt;b>"),
            ("&#0;&#x110000;&#55296;", "\u{fffd}\u{fffd}\u{fffd}"),
            ("&unknown; & &; &#; &é;", "&unknown; & &; \u{fffd} &é;"),
            ("&nbsp; a", "a"),
        ] {
            check(100, html, expect);
        }
    }

    #[test]
    fn only_what_was_cut_gets_an_ellipsis() {
        check(5, "abcde", "abcde");
        check(5, " abcde ", "abcde");
        check(5, "abcdef", "abcde...");
        check(4, "abc def", "abc...");
        check(5, "é日本語テキスト", "é日本語テ...");
        check(usize::MAX, "abc", "abc");
        assert_eq!(Excerpt { max_chars: 2, with_ellipsis: false }.of("<p>abc</p>"), "ab");
    }
}
