//! What was said: the messages of a model call, the arguments and the result of a tool, the documents of a search, in
//! whatever convention they are recorded. Read for one span when somebody wants to see it, never for all of them.

mod shape;
mod sources;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde_json::Value as Json;

use super::field::Role;
use crate::model::{SpanIx, TraceStore};
pub use sources::records_contents;
use sources::{Found, Source, Sources, sources};

/// Who says something.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Deserialize)]
#[serde(from = "String")]
pub enum Speaker {
    /// Nobody says.
    #[default]
    Unknown,
    /// Instructions.
    System,
    /// A person, or whoever stands for one.
    User,
    /// A model or an agent.
    Assistant,
    /// A tool.
    Tool,
    /// Somebody else, as written.
    Other(String),
}

impl Speaker {
    /// The speaker that conventions call `name`.
    #[must_use]
    pub fn of(name: &str) -> Self {
        match name.to_ascii_lowercase().as_str() {
            "" => Self::Unknown,
            "system" | "developer" | "systemmessage" => Self::System,
            "user" | "human" | "humanmessage" => Self::User,
            "assistant" | "ai" | "model" | "bot" | "aimessage" | "aimessagechunk" => Self::Assistant,
            "tool" | "function" | "toolmessage" | "functionmessage" | "tool_result" => Self::Tool,
            _ => Self::Other(name.to_owned()),
        }
    }

    /// What people read.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Unknown => "somebody",
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
            Self::Other(name) => name,
        }
    }
}

impl From<String> for Speaker {
    fn from(name: String) -> Self {
        Self::of(&name)
    }
}

/// A part of a message.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Content {
    /// Words.
    Text(String),
    /// What a model thought.
    Reasoning(String),
    /// A tool is asked for.
    ToolCall {
        /// Id of the call; empty when not stated.
        id: String,
        /// Name of the tool; empty when not stated.
        name: String,
        /// What it is given.
        arguments: String,
    },
    /// A tool answers.
    ToolResult {
        /// Id of the call; empty when not stated.
        id: String,
        /// Name of the tool; empty when not stated.
        name: String,
        /// What it gives back.
        result: String,
    },
    /// A picture, a sound, a file: what it is, not what is in it.
    Media(String),
    /// Something that no convention describes, as it is written.
    Other(String),
}

impl Content {
    /// What it says, without names and ids.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Reasoning(text) | Self::Media(text) | Self::Other(text) => text,
            Self::ToolCall { arguments, .. } => arguments,
            Self::ToolResult { result, .. } => result,
        }
    }
}

/// Something that somebody said.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Message {
    /// Who.
    pub speaker: Speaker,
    /// A name beside the role; empty when not stated.
    pub name: String,
    /// What.
    pub contents: Vec<Content>,
}

impl Message {
    /// Characters of everything in it.
    #[must_use]
    pub fn chars(&self) -> usize {
        self.contents.iter().map(|content| content.text().chars().count()).sum()
    }
}

/// What is recorded in one direction, and where.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Recorded {
    /// What was said, in order. Empty when the content was not captured.
    pub messages: Vec<Message>,
    /// The attribute or event that it was read from; empty when nothing was captured.
    pub source: String,
    /// The convention of the source.
    pub convention: String,
}

impl Recorded {
    /// Whether anything was captured.
    #[must_use]
    pub const fn is_captured(&self) -> bool {
        !self.source.is_empty()
    }
}

/// A document that a search found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Document {
    /// Its id or its source; empty when not stated.
    pub id: String,
    /// How well it fits, as written; empty when not stated.
    pub score: String,
    /// What it says; empty when not captured.
    pub text: String,
}

/// Everything that one span records of what was said.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Messages {
    /// What the model or agent is told to be.
    pub instructions: Recorded,
    /// What is said to a model or agent, what a tool is given, what is looked for.
    pub input: Recorded,
    /// What a model or agent says, what a tool gives back.
    pub output: Recorded,
    /// What a search found.
    pub documents: Vec<Document>,
    /// Where the documents were read; empty when none are recorded.
    pub documents_source: String,
}

/// Reads what `span`, which is a `role`, records.
#[must_use]
pub fn read(store: &TraceStore, role: Role, span: SpanIx) -> Messages {
    let table: &Sources = sources();
    let reader = Reader { store, span };
    match role {
        Role::Tool => {
            Messages { input: reader.raw(&table.arguments), output: reader.raw(&table.result), ..Messages::default() }
        }
        Role::Retrieval => {
            let (documents, documents_source) = reader.documents(&table.documents);
            Messages { input: reader.raw(&table.query), documents, documents_source, ..Messages::default() }
        }
        _ => Messages {
            instructions: reader.said(&table.instructions),
            input: reader.said(&table.input),
            output: reader.said(&table.output),
            ..Messages::default()
        },
    }
}

/// What the model calls of one store answer: for whoever asks about all of them. Only places where this store records
/// anything are looked at.
pub struct Answers<'a> {
    store: &'a TraceStore,
    sources: Vec<&'static Source>,
}

impl<'a> Answers<'a> {
    /// The answers in `store`.
    #[must_use]
    pub fn new(store: &'a TraceStore) -> Self {
        Self { store, sources: sources().output.iter().filter(|source| source.may_be_in(store)).collect() }
    }

    /// What `span` answers; nothing when no answer is recorded.
    #[must_use]
    pub fn of(&self, span: SpanIx) -> Vec<Message> {
        let reader = Reader { store: self.store, span };
        let said = |source: &&'static Source| reader.said(std::slice::from_ref(*source)).messages;
        self.sources.iter().map(said).find(|messages| !messages.is_empty()).unwrap_or_default()
    }
}

struct Reader<'a> {
    store: &'a TraceStore,
    span: SpanIx,
}

impl Reader<'_> {
    /// The first of `sources` that gives anything with what it gives, read by `read`.
    fn first<'s, T>(&self, sources: &'s [Source], read: impl Fn(Vec<Found>) -> Vec<T>) -> Option<(&'s Source, Vec<T>)> {
        sources.iter().find_map(|source| {
            let found = read(source.take(self.store, self.store.span(self.span)));
            (!found.is_empty()).then_some((source, found))
        })
    }

    /// Messages.
    fn said(&self, sources: &[Source]) -> Recorded {
        let read = |found: Vec<Found>| {
            let messages = found.into_iter().flat_map(|found| shape::messages(&found.json, &found.speaker));
            shape::joined(messages.collect())
        };
        recorded(self.first(sources, read))
    }

    /// Values as they are: what goes into a tool and out of it has no shape of its own.
    fn raw(&self, sources: &[Source]) -> Recorded {
        let read = |found: Vec<Found>| {
            let texts = found.iter().map(|found| shape::plain(&found.json)).filter(|text| !text.is_empty());
            let contents: Vec<Content> = texts.map(Content::Text).collect();
            if contents.is_empty() { Vec::new() } else { vec![Message { contents, ..Message::default() }] }
        };
        recorded(self.first(sources, read))
    }

    fn documents(&self, sources: &[Source]) -> (Vec<Document>, String) {
        let read =
            |found: Vec<Found>| found.iter().flat_map(|found| shape::documents(&found.json)).collect::<Vec<Document>>();
        self.first(sources, read).map_or_else(Default::default, |(source, documents)| (documents, source.name()))
    }
}

fn recorded(found: Option<(&Source, Vec<Message>)>) -> Recorded {
    found.map_or_else(Recorded::default, |(source, messages)| Recorded {
        messages,
        source: source.name(),
        convention: source.of.clone(),
    })
}

/// Text of JSON where somebody asks for a short form.
fn compact(json: &Json) -> String {
    serde_json::to_string(json).unwrap_or_default()
}
