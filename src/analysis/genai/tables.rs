//! The folding tables: which keys, names and values say what. Data in `assets/genai`, checked by a test.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::Deserialize;
use strum::VariantArray as _;

use super::field::{Confidence, Field, Role, Unit};
use super::phase::Phase;

const FIELDS: &str = include_str!("../../../assets/genai/fields.toml");
const ROLES: &str = include_str!("../../../assets/genai/roles.toml");

/// An attribute that gives a field.
#[derive(Clone, PartialEq, Debug)]
pub struct KeyRule {
    /// The field.
    pub field: Field,
    /// The attribute's key, possibly with `*`.
    pub key: String,
    /// Where the value lies in the JSON of the attribute.
    pub path: Option<String>,
    /// The attribute counts in events of that name only, not on the span.
    pub event: Option<String>,
    /// Unit of a duration.
    pub unit: Option<Unit>,
    /// Whether the key states the unit.
    pub is_unit_fixed: bool,
    /// The duration was known when the answer began to be sent: of a streamed answer it covers the beginning only.
    pub is_of_head: bool,
    /// Of tokens: they are counted beside those of this key, not among them.
    pub beside: Option<String>,
    /// The only value that counts.
    pub only: Option<String>,
    /// How far it can be trusted.
    pub sure: Confidence,
    /// The convention.
    pub of: String,
}

impl KeyRule {
    /// What people read: the key, with its event.
    #[must_use]
    pub fn source(&self) -> String {
        match &self.event {
            Some(event) => format!("event {event} › {}", self.key),
            None => self.key.clone(),
        }
    }
}

/// What a span's name says.
#[derive(Clone, PartialEq, Debug)]
pub struct NameRule {
    /// The name, possibly with `*`.
    pub like: String,
    /// What kind of work.
    pub role: Role,
    /// Only in scopes that begin so.
    pub scope: Option<String>,
    /// Only below a span of that role.
    pub within: Option<Role>,
    /// Only above a span whose name is like that.
    pub over: Option<String>,
    /// Which field the first `*` is.
    pub capture: Option<Field>,
    /// Which phase, for stages.
    pub phase: Option<Phase>,
    /// It counts even where an attribute says something else.
    pub is_final: bool,
    /// The attribute that says how many seconds a stream took that has just ended.
    pub took: Option<String>,
    /// What it tells of a conversation by voice.
    pub voice: Option<VoiceSign>,
    /// The convention.
    pub of: String,
}

/// What a span tells of a conversation by voice.
#[derive(Clone, Copy, PartialEq, Eq, Debug, strum::EnumString)]
#[strum(serialize_all = "snake_case")]
pub enum VoiceSign {
    /// A person speaks until it ends.
    Said,
    /// The person has stopped speaking when it begins.
    Waited,
    /// The person has stopped speaking some time before it ends.
    Ended,
    /// The answer is heard from its beginning.
    Sound,
    /// The answer is heard some time after its first piece.
    Made,
}

/// What an event's name says.
#[derive(Clone, PartialEq, Debug)]
pub struct EventRule {
    /// The name, possibly with `*`.
    pub like: String,
    /// Whether it is the first piece of a stream, not any piece.
    pub is_first: bool,
    /// The convention.
    pub of: String,
}

/// Two events with a phase between them.
#[derive(Clone, PartialEq, Debug)]
pub struct MarkRule {
    /// Name of the first one.
    pub from: String,
    /// Name of the second one.
    pub to: String,
    /// The phase.
    pub phase: Phase,
    /// The convention.
    pub of: String,
}

/// All tables.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Tables {
    /// Attributes, those of one field together and in the order in which they are believed.
    pub keys: Vec<KeyRule>,
    /// Span names.
    pub names: Vec<NameRule>,
    /// Event names.
    pub events: Vec<EventRule>,
    /// Pairs of events.
    pub marks: Vec<MarkRule>,
    /// Names of agent spans that name no agent.
    pub anonymous: Vec<String>,
    /// Names of tools that only shape an answer.
    pub shaping: Vec<String>,
    /// Texts that stand for nothing, in lower case.
    pub placeholders: Vec<String>,
    /// Values of kinds, in lower case.
    pub values: BTreeMap<String, Role>,
    /// Other names of providers, in lower case, with the one that is used here.
    pub providers: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKey {
    key: String,
    path: Option<String>,
    event: Option<String>,
    unit: Option<String>,
    #[serde(default)]
    fixed: bool,
    #[serde(default)]
    head: bool,
    beside: Option<String>,
    only: Option<String>,
    sure: Option<String>,
    of: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawName {
    like: String,
    role: String,
    scope: Option<String>,
    within: Option<String>,
    over: Option<String>,
    capture: Option<String>,
    phase: Option<String>,
    #[serde(default, rename = "final")]
    is_final: bool,
    took: Option<String>,
    voice: Option<String>,
    of: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEvent {
    like: String,
    sign: String,
    of: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMark {
    from: String,
    to: String,
    phase: String,
    of: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRoles {
    names: Vec<RawName>,
    events: Vec<RawEvent>,
    marks: Vec<RawMark>,
    anonymous: Vec<String>,
    shaping: Vec<String>,
    placeholders: Vec<String>,
    values: BTreeMap<String, String>,
    providers: BTreeMap<String, String>,
}

/// The attributes that give `field` by themselves and for sure, in the order in which they are believed, each with the
/// only value that counts, if not any.
pub fn plain_keys(field: Field) -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    let is_plain = |rule: &&KeyRule| {
        rule.path.is_none() && rule.event.is_none() && rule.sure == Confidence::Stated && !rule.key.contains('*')
    };
    let keys = tables().keys.iter().filter(move |rule| rule.field == field).filter(is_plain);
    keys.map(|rule| (rule.key.as_str(), rule.only.as_deref()))
}

/// The tables that the program was built with.
pub fn tables() -> &'static Tables {
    // A test holds that they can be read; a program with broken tables would know no conventions.
    static TABLES: LazyLock<Tables> = LazyLock::new(|| {
        Tables::read(FIELDS, ROLES).unwrap_or_else(|error| {
            tracing::error!("the tables of conventions cannot be read: {error}");
            Tables::default()
        })
    });
    &TABLES
}

impl Tables {
    /// Reads the two files.
    ///
    /// # Errors
    /// What is wrong with them, in words.
    pub fn read(fields: &str, roles: &str) -> Result<Self, String> {
        let mut raw: BTreeMap<String, Vec<RawKey>> = toml::from_str(fields).map_err(|error| error.to_string())?;
        let roles: RawRoles = toml::from_str(roles).map_err(|error| error.to_string())?;
        let mut keys = Vec::new();
        for &field in Field::VARIANTS {
            let rules = raw.remove(field.name()).ok_or_else(|| format!("no keys for {}", field.name()))?;
            for rule in rules {
                keys.push(key_rule(field, rule)?);
            }
        }
        match raw.keys().next() {
            Some(unknown) => Err(format!("there is no field {unknown}")),
            None => Ok(Self {
                keys,
                names: roles.names.into_iter().map(name_rule).collect::<Result<_, _>>()?,
                events: roles.events.into_iter().map(event_rule).collect::<Result<_, _>>()?,
                marks: roles.marks.into_iter().map(mark_rule).collect::<Result<_, _>>()?,
                anonymous: roles.anonymous,
                shaping: roles.shaping,
                placeholders: roles.placeholders,
                providers: roles.providers,
                values: roles
                    .values
                    .into_iter()
                    .map(|(value, role)| Ok((value, parse("role", &role)?)))
                    .collect::<Result<_, String>>()?,
            }),
        }
    }
}

fn parse<T: FromStr>(what: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("there is no {what} {text}"))
}

fn key_rule(field: Field, raw: RawKey) -> Result<KeyRule, String> {
    Ok(KeyRule {
        field,
        key: raw.key,
        path: raw.path,
        event: raw.event,
        unit: raw.unit.map(|unit| parse("unit", &unit)).transpose()?,
        is_unit_fixed: raw.fixed,
        is_of_head: raw.head,
        beside: raw.beside,
        only: raw.only,
        sure: raw.sure.map_or(Ok(Confidence::Stated), |sure| parse("confidence", &sure))?,
        of: raw.of,
    })
}

fn name_rule(raw: RawName) -> Result<NameRule, String> {
    Ok(NameRule {
        like: raw.like,
        role: parse("role", &raw.role)?,
        scope: raw.scope,
        within: raw.within.map(|role| parse("role", &role)).transpose()?,
        over: raw.over,
        capture: raw.capture.map(|field| parse("field", &field)).transpose()?,
        phase: raw.phase.map(|phase| parse("phase", &phase)).transpose()?,
        is_final: raw.is_final,
        took: raw.took,
        voice: raw.voice.map(|sign| parse("voice", &sign)).transpose()?,
        of: raw.of,
    })
}

fn event_rule(raw: RawEvent) -> Result<EventRule, String> {
    let is_first = match raw.sign.as_str() {
        "first" => true,
        "chunk" => false,
        other => return Err(format!("there is no sign {other}")),
    };
    Ok(EventRule { like: raw.like, is_first, of: raw.of })
}

fn mark_rule(raw: RawMark) -> Result<MarkRule, String> {
    Ok(MarkRule { phase: parse("phase", &raw.phase)?, from: raw.from, to: raw.to, of: raw.of })
}

/// The keys that say the same as `key` in any convention, itself among them; nothing for a key that no table knows.
pub fn keys_of_same_field(key: &str) -> impl Iterator<Item = &'static str> {
    let is_plain = |rule: &&KeyRule| rule.path.is_none() && rule.event.is_none();
    let field = tables().keys.iter().filter(is_plain).find(|rule| rule.key == key).map(|rule| rule.field);
    let rules = tables().keys.iter().filter(is_plain).filter(move |rule| Some(rule.field) == field);
    rules.map(|rule| rule.key.as_str())
}

/// Whether `text` stands for "nothing" and must never join two things.
#[must_use]
pub fn is_placeholder(text: &str) -> bool {
    let all = &tables().placeholders;
    text.is_empty() || all.iter().any(|nothing| nothing.len() == text.len() && nothing.eq_ignore_ascii_case(text))
}

/// Whether a tool of this name only shapes an answer and is never run.
#[must_use]
pub fn shapes_answer(tool: &str) -> bool {
    tables().shaping.iter().any(|like| matches(like, tool).is_some())
}

/// Whether `key` states a duration in any convention.
#[must_use]
pub fn is_duration_key(key: &str) -> bool {
    tables().keys.iter().any(|rule| rule.field.is_duration() && rule.path.is_none() && rule.key == key)
}

/// What the first `*` of `pattern` stands for in `text`; `Some("")` when it has none and they are equal.
#[must_use]
pub fn matches<'t>(pattern: &str, text: &'t str) -> Option<&'t str> {
    let mut parts = pattern.split('*');
    let mut rest = text.strip_prefix(parts.next()?)?;
    let Some(mut next) = parts.next() else { return rest.is_empty().then_some("") };
    let mut captured = None;
    loop {
        let following = parts.next();
        // The last piece has to be at the very end, the others as early as possible.
        let at = if following.is_none() { rest.len().checked_sub(next.len()) } else { rest.find(next) }?;
        let (before, after) = (rest.get(..at)?, rest.get(at..)?.strip_prefix(next)?);
        captured.get_or_insert(before);
        rest = after;
        match following {
            Some(piece) => next = piece,
            None => return captured,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_can_be_read_and_make_sense() {
        let tables = Tables::read(FIELDS, ROLES).unwrap();
        assert!(tables.keys.len() > 200 && tables.names.len() > 60 && tables.values.len() > 50);
        for rule in &tables.keys {
            assert_eq!(
                rule.field.is_duration(),
                rule.unit.is_some(),
                "a unit belongs to durations, and only to them: {rule:?}"
            );
            assert!(!rule.is_unit_fixed || rule.unit.is_some(), "{rule:?}");
            let is_header = rule.key.starts_with("http.response.header.")
                || rule.path.as_ref().is_some_and(|path| path.starts_with("additional_headers."));
            assert_eq!(rule.is_of_head, is_header && rule.field.is_duration(), "headers come first: {rule:?}");
            assert!(!rule.key.is_empty() && !rule.of.is_empty(), "{rule:?}");
        }
        for rule in tables.keys.iter().filter(|rule| rule.beside.is_some()) {
            let total = |other: &&KeyRule| {
                matches!(other.field, Field::InputTokens | Field::OutputTokens)
                    && rule.beside.as_ref() == Some(&other.key)
            };
            assert!(tables.keys.iter().any(|other| total(&other)), "beside what no table knows: {rule:?}");
        }
        let mut seen = std::collections::HashSet::new();
        for rule in &tables.keys {
            assert!(seen.insert((rule.field, &rule.key, &rule.path, &rule.event)), "twice: {rule:?}");
        }
        for rule in &tables.names {
            assert_eq!(rule.role == Role::Stage, rule.phase.is_some(), "{rule:?}");
            assert!(rule.capture.is_none() || rule.like.contains('*'), "{rule:?}");
        }
        assert!(tables.values.keys().chain(tables.providers.keys()).all(|value| *value == value.to_lowercase()));
        assert!(tables.placeholders.iter().all(|text| *text == text.to_lowercase() && !text.is_empty()));
        assert!(tables.providers.values().all(|name| !tables.providers.contains_key(name)), "no names of names");
    }

    #[test]
    fn mistakes_in_the_tables_are_named() {
        let fields = FIELDS.replace("unit = \"s\"", "unit = \"fortnight\"");
        assert_eq!(Tables::read(&fields, ROLES).unwrap_err(), "there is no unit fortnight");
        let fields = FIELDS.replace("[\n", "[\n{ kee = 1 },");
        assert!(Tables::read(&fields, ROLES).unwrap_err().contains("kee"));
        assert_eq!(Tables::read(&format!("{FIELDS}\nnew = []"), ROLES).unwrap_err(), "there is no field new");
    }

    #[test]
    fn patterns_capture_their_first_star() {
        for (pattern, text, captured) in [
            ("invoke_agent *", "invoke_agent critic", Some("critic")),
            ("agent_run [*]", "agent_run [root agent]", Some("root agent")),
            ("agent_run [*]", "agent_run [", None),
            ("a.*.b.*.c", "a.10.b.2.c", Some("10")),
            ("a.*.b", "a.1.bb", None),
            ("*.handoff", "A → B.handoff", Some("A → B")),
            ("queue", "queue", Some("")),
            ("queue", "queued", None),
            ("llm_d.pd_proxy.*decode", "llm_d.pd_proxy.chunked_decode", Some("chunked_")),
            ("*é", "é", Some("")),
            ("a*é", "aà", None),
        ] {
            assert_eq!(matches(pattern, text), captured, "{pattern} on {text}");
        }
    }
}
