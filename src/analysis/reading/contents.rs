//! What was said in a line: of long histories only what is new.

use std::hash::{BuildHasher, Hash, Hasher};

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::analysis::genai::{AgentIx, Content, Message, Messages, Recorded};

/// Characters of one text that are kept.
pub const MOST_CHARS: usize = 20_000;
/// Characters of all texts of a turn that are kept.
const MOST_CHARS_OF_TURN: usize = 8_000_000;

/// What somebody said, gave or looked for.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Said {
    /// The messages that are new here; long texts are cut at [`MOST_CHARS`].
    pub messages: Vec<Message>,
    /// Messages that were sent before and are sent again.
    pub repeated: usize,
    /// Characters of the messages that are new, before any cut.
    pub chars: usize,
    /// The attribute or event it was read from; empty when the content was not captured.
    pub source: String,
    /// The convention of the source.
    pub convention: String,
    /// Nothing could have been recorded here: a line of this kind says nothing.
    pub is_silent: bool,
}

impl Said {
    /// Of a line that says nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Self { is_silent: true, ..Self::default() }
    }

    /// Whether the content was captured.
    #[must_use]
    pub const fn is_captured(&self) -> bool {
        !self.source.is_empty()
    }
}

/// Takes contents out of what is recorded, as long as there is room.
pub struct Taker {
    left: usize,
    /// What each agent's model was told in the call before, without ids.
    told: HashMap<Option<AgentIx>, Vec<u64>, FixedState>,
}

impl Default for Taker {
    fn default() -> Self {
        Self { left: MOST_CHARS_OF_TURN, told: HashMap::default() }
    }
}

impl Taker {
    /// What is recorded, as it is.
    pub fn take(&mut self, recorded: Recorded) -> Said {
        let chars = recorded.messages.iter().map(Message::chars).sum();
        Said {
            messages: recorded.messages.into_iter().filter_map(|message| self.cut(message)).collect(),
            repeated: 0,
            chars,
            source: recorded.source,
            convention: recorded.convention,
            is_silent: false,
        }
    }

    /// Question and answer of a model call of `agent`: of the question what the call before did not hold.
    pub fn call(&mut self, agent: Option<AgentIx>, messages: Messages) -> (Said, Said) {
        let Messages { instructions, mut input, output, .. } = messages;
        let is_in_input = input.messages.starts_with(&instructions.messages);
        if !is_in_input {
            input.messages.splice(0..0, instructions.messages);
        }
        if input.source.is_empty() {
            (input.source, input.convention) = (instructions.source, instructions.convention);
        }
        let told: Vec<u64> = input.messages.iter().map(print).collect();
        let before = self.told.get(&agent).map_or(&[][..], Vec::as_slice);
        let repeated = told.iter().zip(before).take_while(|(new, old)| new == old).count();
        let known = output.messages.iter().map(print);
        self.told.insert(agent, told.into_iter().chain(known).collect());
        input.messages.drain(..repeated);
        (Said { repeated, ..self.take(input) }, self.take(output))
    }

    /// The message without what is too long; `None` when there is no room for it at all.
    fn cut(&mut self, mut message: Message) -> Option<Message> {
        for content in &mut message.contents {
            let text = text_mut(content);
            if let Some((end, _)) = text.char_indices().nth(MOST_CHARS) {
                text.truncate(end);
                text.push('…');
            }
            self.left = self.left.checked_sub(text.len())?;
        }
        Some(message)
    }
}

fn text_mut(content: &mut Content) -> &mut String {
    match content {
        Content::Text(text) | Content::Reasoning(text) | Content::Media(text) | Content::Other(text) => text,
        Content::ToolCall { arguments, .. } => arguments,
        Content::ToolResult { result, .. } => result,
    }
}

/// A message without ids: interfaces give the same call another id when it is sent back.
fn print(message: &Message) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    message.speaker.hash(&mut hasher);
    for content in &message.contents {
        std::mem::discriminant(content).hash(&mut hasher);
        content.text().hash(&mut hasher);
        if let Content::ToolCall { name, .. } = content {
            name.hash(&mut hasher);
        }
    }
    hasher.finish()
}
