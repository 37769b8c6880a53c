//! The tools that a model asked for, read from its answer when somebody wants to know.

use super::messages::{Content, Message};

/// A tool that a model asked for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct AskedTool {
    /// Id of the call; empty when not stated.
    pub id: String,
    /// Name of the tool; empty when not stated.
    pub name: String,
}

/// What `answer` asks for, in order.
#[must_use]
pub fn asked(answer: &[Message]) -> Vec<AskedTool> {
    let contents = answer.iter().flat_map(|message| &message.contents);
    let asked = contents.filter_map(|content| match content {
        Content::ToolCall { id, name, .. } => Some(AskedTool { id: id.clone(), name: name.clone() }),
        _ => None,
    });
    asked.collect()
}
