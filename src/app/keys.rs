//! Keys: by position for keys that hands find blindly, by symbol for those that are read.
//!
//! W A S D stay where they are on AZERTY and Dvorak; Ctrl+Z is the key that says Z everywhere.

use egui::{Event, Key, Modifiers};

use super::command::{Command, entries};

/// One key press with its modifiers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Keys {
    /// The key.
    pub key: Key,
    /// Ctrl (Cmd on a Mac).
    pub ctrl: bool,
    /// Shift; ignored for keys that are found by their symbol.
    pub shift: bool,
    /// Alt.
    pub alt: bool,
    /// How the key is found.
    pub by: By,
}

/// How a key is found on the keyboard.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum By {
    /// Where it lies on a US keyboard.
    Place,
    /// What it types.
    Symbol,
}

/// The key at the place of `key` on a US keyboard.
pub const fn place(key: Key) -> Keys {
    Keys { key, ctrl: false, shift: false, alt: false, by: By::Place }
}

/// Shift and the key at the place of `key`.
pub const fn shift(key: Key) -> Keys {
    Keys { shift: true, ..place(key) }
}

/// Alt and `key`.
pub const fn alt(key: Key) -> Keys {
    Keys { alt: true, ..place(key) }
}

/// The key that types `key`, with or without shift.
pub const fn symbol(key: Key) -> Keys {
    Keys { by: By::Symbol, ..place(key) }
}

/// Ctrl and the key that says `key`.
pub const fn ctrl(key: Key) -> Keys {
    Keys { ctrl: true, by: By::Symbol, ..place(key) }
}

/// Ctrl, shift and the key that says `key`.
pub const fn ctrl_shift(key: Key) -> Keys {
    Keys { shift: true, ..ctrl(key) }
}

/// Ctrl and the key that types the sign `key`, with or without shift.
pub const fn ctrl_symbol(key: Key) -> Keys {
    ctrl(key)
}

impl Keys {
    /// As menus and the help write it: `Ctrl+Shift+Z`, `?`, `[`.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (held, name) in [(self.ctrl, "Ctrl+"), (self.alt, "Alt+"), (self.shift, "Shift+")] {
            if held {
                text.push_str(name);
            }
        }
        text.push_str(match self.key {
            Key::ArrowLeft => "←",
            Key::ArrowRight => "→",
            Key::ArrowUp => "↑",
            Key::ArrowDown => "↓",
            Key::Escape => "Esc",
            Key::PageUp => "Page Up",
            Key::PageDown => "Page Down",
            Key::Minus => "-",
            key => key.symbol_or_name(),
        });
        text
    }

    /// Signs like `?` and `+` need shift on some keyboards and not on others.
    const fn shift_matters(&self) -> bool {
        !matches!(
            (self.by, self.key),
            (By::Symbol, Key::Plus | Key::Minus | Key::Equals | Key::Slash | Key::Questionmark)
        )
    }

    fn matches(&self, key: Key, physical: Option<Key>, held: Modifiers) -> bool {
        let found = match self.by {
            By::Place => physical.unwrap_or(key),
            By::Symbol => key,
        };
        found == self.key
            && held.command == self.ctrl
            && held.alt == self.alt
            && (!self.shift_matters() || held.shift == self.shift)
    }
}

/// Several keys as menus and the help write them.
#[must_use]
pub fn text_of(keys: &[Keys]) -> String {
    let texts: Vec<String> = keys.iter().map(Keys::text).collect();
    texts.join("  ")
}

/// The command that a key press asks for. What a key types counts before where it lies.
#[must_use]
pub fn command_of(key: Key, physical: Option<Key>, held: Modifiers) -> Option<Command> {
    let find = |by: By| {
        entries()
            .find(|entry| entry.keys.iter().any(|keys| keys.by == by && keys.matches(key, physical, held)))
            .map(|entry| entry.command.clone())
    };
    find(By::Symbol).or_else(|| find(By::Place))
}

/// The commands that this frame's key presses ask for, in order. Takes those presses out of the input.
#[must_use]
pub fn take_commands(ctx: &egui::Context) -> Vec<Command> {
    // A text field has the keyboard: letters are text then. Esc and Ctrl combinations still count.
    let typing = ctx.text_edit_focused();
    let in_list = ctx.memory(egui::Memory::focused) == Some(list_id());
    let mut commands = Vec::new();
    ctx.input_mut(|input| {
        input.events.retain(|event| {
            let Event::Key { key, physical_key, pressed: true, modifiers, .. } = event else { return true };
            if typing && !modifiers.command && *key != Key::Escape {
                return true;
            }
            if typing && matches!(key, Key::Z | Key::Y | Key::A | Key::C | Key::V | Key::X) {
                return true;
            }
            if in_list && is_list_key(*key, *modifiers) {
                return true;
            }
            let Some(command) = command_of(*key, *physical_key, *modifiers) else { return true };
            commands.push(command);
            false
        });
    });
    commands
}

/// What has the keyboard while it moves through the rows of a table.
#[must_use]
pub fn list_id() -> egui::Id {
    egui::Id::unique("list")
}

/// True for a key that moves through rows and would otherwise move the canvas.
fn is_list_key(key: Key, held: Modifiers) -> bool {
    let moves =
        [Key::ArrowUp, Key::ArrowDown, Key::PageUp, Key::PageDown, Key::Home, Key::End, Key::Enter].contains(&key);
    moves && !held.command && !held.alt || key == Key::A && held.command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_of(key: Key, physical: Key, held: Modifiers) -> Option<&'static str> {
        let command = command_of(key, Some(physical), held)?;
        super::super::command::entry_of(&command).map(|entry| entry.id)
    }

    #[test]
    fn letters_are_found_by_place_and_shortcuts_by_letter() {
        let none = Modifiers::NONE;
        for (key, physical, held, expected) in [
            (Key::W, Key::W, none, Some("zoom-in")),
            // AZERTY: the key at the place of W types Z.
            (Key::Z, Key::W, none, Some("zoom-in")),
            (Key::W, Key::Z, none, None),
            (Key::Z, Key::W, Modifiers::COMMAND, Some("undo")),
            (Key::Z, Key::Z, Modifiers::COMMAND | Modifiers::SHIFT, Some("redo")),
            // German: + lies where a US keyboard has ].
            (Key::Plus, Key::CloseBracket, none, Some("zoom-in")),
            (Key::CloseBracket, Key::CloseBracket, none, Some("first-child")),
            (Key::Questionmark, Key::Slash, Modifiers::SHIFT, Some("help")),
            (Key::Plus, Key::Equals, Modifiers::COMMAND | Modifiers::SHIFT, Some("text-larger")),
            (Key::N, Key::N, Modifiers::SHIFT, Some("previous-flagged")),
            (Key::U, Key::U, none, None),
        ] {
            assert_eq!(id_of(key, physical, held), expected, "{key:?} at {physical:?} with {held:?}");
        }
    }
}
