//! Text patterns: contains, `*` globs and exact text, without regard to case where the language says so.
//!
//! Two texts are equal without regard to case when they are equal after [`fold`]: every character's
//! Unicode lowercase, and final sigma as sigma. ASCII takes a path that never copies the text.

use memchr::{memchr, memchr2, memmem};

/// What `field:value` and free text look for: literal parts with a `*` between each two.
///
/// One part means "contains"; with stars the whole text must match. Parts between two stars are not empty.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Pattern {
    parts: Vec<String>,
}

impl Pattern {
    /// "Contains `text`".
    #[must_use]
    pub fn contains(text: &str) -> Self {
        Self { parts: vec![text.to_owned()] }
    }

    /// The pattern `*`: any text at all.
    #[must_use]
    pub fn any() -> Self {
        Self { parts: vec![String::new(), String::new()] }
    }

    /// From literal parts with a `*` between each two; empty parts in the middle vanish (`**` is `*`).
    #[must_use]
    pub fn from_parts(parts: Vec<String>) -> Self {
        let last = parts.len().saturating_sub(1);
        let mut parts: Vec<String> = parts
            .into_iter()
            .enumerate()
            .filter(|(at, part)| *at == 0 || *at == last || !part.is_empty())
            .map(|(_, part)| part)
            .collect();
        if parts.is_empty() {
            parts.push(String::new());
        }
        Self { parts }
    }

    /// The literal parts.
    #[must_use]
    pub fn parts(&self) -> &[String] {
        &self.parts
    }

    /// True for the pattern without text and without stars, which the language refuses.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self.parts.as_slice(), [only] if only.is_empty())
    }
}

/// Appends `text` to `out` in the form in which texts are compared without regard to case.
pub fn fold(text: &str, out: &mut String) {
    if text.is_ascii() {
        let from = out.len();
        out.push_str(text);
        out[from..].make_ascii_lowercase();
        return;
    }
    for c in text.chars() {
        match c {
            'ς' => out.push('σ'),
            _ if c.is_ascii() => out.push(c.to_ascii_lowercase()),
            _ => out.extend(c.to_lowercase()),
        }
    }
}

/// The only characters outside of ASCII whose folded form has ASCII letters in it: `K` (Kelvin, "k") and `İ` ("i̇").
const FOLD_TO_ASCII: [&str; 2] = ["\u{212a}", "\u{130}"];

/// A pattern made ready for many texts.
#[derive(Clone, Debug)]
pub struct Matcher {
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Any,
    Contains(Box<Needle>),
    /// Folded parts, at least two.
    Glob(Vec<String>),
    Equals(String),
}

impl Matcher {
    /// Matches what `pattern` means.
    #[must_use]
    pub fn new(pattern: &Pattern) -> Self {
        let kind = match pattern.parts.as_slice() {
            [only] => Kind::Contains(Box::new(Needle::new(only))),
            parts if parts.iter().all(String::is_empty) => Kind::Any,
            parts => Kind::Glob(parts.iter().map(|part| folded(part)).collect()),
        };
        Self { kind }
    }

    /// Matches exactly `text`, case included.
    #[must_use]
    pub fn equals(text: &str) -> Self {
        Self { kind: Kind::Equals(text.to_owned()) }
    }

    /// The needle, when all that is asked is "contains".
    pub(super) const fn needle(&self) -> Option<&Needle> {
        match &self.kind {
            Kind::Contains(needle) => Some(needle),
            _ => None,
        }
    }

    /// True when `text` matches. `scratch` is a buffer to reuse from call to call.
    #[must_use]
    pub fn matches(&self, text: &str, scratch: &mut String) -> bool {
        match &self.kind {
            Kind::Any => true,
            Kind::Equals(exact) => exact == text,
            Kind::Contains(needle) => needle.is_in(text, scratch),
            Kind::Glob(parts) => {
                scratch.clear();
                fold(text, scratch);
                glob(parts, scratch)
            }
        }
    }
}

fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold(text, &mut out);
    out
}

/// Both folded. The parts in the middle are taken at their first place, which is never worse than a later one.
fn glob(parts: &[String], text: &str) -> bool {
    let [first, middle @ .., last] = parts else { return false };
    let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
    let Some(inner) = rest.strip_suffix(last.as_str()) else { return false };
    rest = inner;
    for part in middle {
        let Some(at) = memmem::find(rest.as_bytes(), part.as_bytes()) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

/// Text to find anywhere in other texts, without regard to case.
#[derive(Clone, Debug)]
pub(super) struct Needle {
    folded: String,
    finder: memmem::Finder<'static>,
    /// Position of the needle's rarest byte, by which ASCII text is searched, and its two cases.
    rare_at: usize,
    rare: (u8, u8),
    is_ascii: bool,
    /// The needle may match a character of [`FOLD_TO_ASCII`].
    may_match_special: bool,
}

impl Needle {
    fn new(text: &str) -> Self {
        let folded = folded(text);
        let finder = memmem::Finder::new(folded.as_bytes()).into_owned();
        let rarest = folded.bytes().enumerate().max_by_key(|&(_, byte)| rarity(byte));
        let (rare_at, rare) = rarest.unwrap_or((0, 0));
        Self {
            finder,
            rare_at,
            rare: (rare, rare.to_ascii_uppercase()),
            is_ascii: folded.is_ascii(),
            may_match_special: folded.bytes().any(|byte| byte == b'k' || byte == b'i'),
            folded,
        }
    }

    /// Every byte of the needle, folded.
    pub(super) fn folded(&self) -> &str {
        &self.folded
    }

    /// True when [`Self::find_ascii`] finds every match in `text`, so that several texts may be searched as one.
    pub(super) fn is_bytewise_in(&self, text: &str) -> bool {
        self.is_ascii
            && (!self.may_match_special
                || FOLD_TO_ASCII.iter().all(|special| memmem::find(text.as_bytes(), special.as_bytes()).is_none()))
    }

    fn is_in(&self, text: &str, scratch: &mut String) -> bool {
        if text.is_ascii() {
            return self.is_ascii && self.find_ascii(text.as_bytes()).is_some();
        }
        if self.is_ascii {
            let found = self.find_ascii(text.as_bytes()).is_some();
            if found || self.is_bytewise_in(text) {
                return found;
            }
        }
        scratch.clear();
        fold(text, scratch);
        self.finder.find(scratch.as_bytes()).is_some()
    }

    /// The first place where the (ASCII) needle stands in `text`, ASCII case aside.
    pub(super) fn find_ascii(&self, text: &[u8]) -> Option<usize> {
        let needle = self.folded.as_bytes();
        let mut from = self.rare_at;
        // What comparing may cost before the linear search takes over: long repetitive texts.
        let mut budget = 4 * text.len() + 4096;
        while from + (needle.len() - self.rare_at) <= text.len() {
            let rest = &text[from..];
            let (low, up) = self.rare;
            let found = if low == up { memchr(low, rest) } else { memchr2(low, up, rest) };
            let at = from + found? - self.rare_at;
            let same = needle.iter().zip(&text[at..]).take_while(|(a, b)| **a == b.to_ascii_lowercase()).count();
            if same == needle.len() {
                return Some(at);
            }
            from = at + self.rare_at + 1;
            match budget.checked_sub(same) {
                Some(rest) => budget = rest,
                None => return self.find_linear(text, at + 1),
            }
        }
        None
    }

    #[cold]
    fn find_linear(&self, text: &[u8], from: usize) -> Option<usize> {
        let lower = text[from..].to_ascii_lowercase();
        self.finder.find(&lower).map(|at| from + at)
    }
}

/// How seldom a (folded) byte stands in names, keys and English text; only the order matters.
fn rarity(byte: u8) -> u8 {
    const BY_FREQUENCY: &[u8] = b" etaoinsr-lhcdu._mpgf/0y1bw,v2k\":3x45687j9qz";
    BY_FREQUENCY.iter().position(|&known| known == byte).map_or(u8::MAX, |at| at as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn naive_fold(text: &str) -> String {
        text.chars().flat_map(char::to_lowercase).map(|c| if c == 'ς' { 'σ' } else { c }).collect()
    }

    /// Globs by trying every split.
    fn naive_glob(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|at| naive_glob(rest, &text[at..])),
            Some((c, rest)) => text.first() == Some(c) && naive_glob(rest, &text[1..]),
        }
    }

    fn contains(needle: &str, text: &str) -> bool {
        Matcher::new(&Pattern::contains(needle)).matches(text, &mut String::new())
    }

    #[test]
    fn case_does_not_matter_in_any_script() {
        for (needle, text, expected) in [
            ("chat", "POST /Chat", true),
            ("CHAT", "invoke_chat", true),
            ("Σ", "ΟΔΟΣ", true),
            ("οδοσ", "ΟΔΟΣ", true),
            ("οδος", "ΟΔΟΣ", true),
            ("straße", "STRASSE", false),
            ("k", "300 \u{212a}", true),
            ("i", "İstanbul", true),
            ("İ", "istanbul", false),
            ("日本", "検索日本語", true),
            ("é", "CAFÉ", true),
            ("a", "", false),
        ] {
            assert_eq!(contains(needle, text), expected, "{needle} in {text}");
        }
    }

    #[test]
    fn long_repetitive_texts_are_searched_in_linear_time() {
        let text = "a".repeat(200_000);
        let needle = format!("{}B", "a".repeat(5_000));
        assert!(!contains(&needle, &text));
        let needle = "aA".repeat(20_000);
        assert!(contains(&needle, &text));
        // The rarest byte of this needle is everywhere, and every comparison goes far before it fails.
        let text = format!("{}c", "z".repeat(100_000));
        assert!(!contains(&format!("{}c{}", "z".repeat(3_000), "z".repeat(3_000)), &text));
    }

    proptest! {
        #[test]
        fn contains_agrees_with_folding_everything(
            needle in "[aAbBkKiI\u{212a}\u{130}σςΣé ]{1,4}",
            text in "[aAbBkKiI\u{212a}\u{130}σςΣéÉ ]{0,24}",
        ) {
            prop_assert_eq!(contains(&needle, &text), naive_fold(&text).contains(&naive_fold(&needle)));
        }

        #[test]
        fn globs_agree_with_trying_every_split(pattern in "[abA*]{0,6}", text in "[abAB]{0,8}") {
            prop_assume!(pattern.contains('*'));
            let parts = pattern.split('*').map(str::to_owned).collect();
            let found = Matcher::new(&Pattern::from_parts(parts)).matches(&text, &mut String::new());
            let lower = |text: &str| text.to_lowercase().chars().collect::<Vec<_>>();
            prop_assert_eq!(found, naive_glob(&lower(&pattern), &lower(&text)));
        }
    }
}
