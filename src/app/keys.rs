//! Keys: by position for keys that hands find blindly, by symbol for those that are read.
//!
//! W A S D stay where they are on AZERTY and Dvorak; Ctrl+Z is the key that says Z everywhere.

use egui::{Event, Key, Modifiers};
use strum::IntoEnumIterator as _;

use super::bindings::{Bindings, KeysCommand};
use super::command::{Category, Command};

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
            Key::Quote => "'",
            key => key.symbol_or_name(),
        });
        text
    }

    /// Signs like `?` and `+` need shift on some keyboards and not on others.
    const fn shift_matters(&self) -> bool {
        !(matches!(self.by, By::Symbol) && is_sign(self.key))
    }

    /// The keys that somebody presses who wants to bind them: letters by place, signs and Ctrl by what they say.
    #[must_use]
    pub fn pressed(key: Key, physical: Option<Key>, held: Modifiers) -> Self {
        if held.command {
            Self { shift: held.shift && !is_sign(key), alt: held.alt, ..ctrl(key) }
        } else if is_sign(key) {
            Self { alt: held.alt, ..symbol(key) }
        } else {
            Self { shift: held.shift, alt: held.alt, ..place(physical.unwrap_or(key)) }
        }
    }

    /// True when some key press means both.
    #[must_use]
    pub fn collides(&self, other: &Self) -> bool {
        let shift_differs = self.shift != other.shift && self.shift_matters() && other.shift_matters();
        self.key == other.key && self.ctrl == other.ctrl && self.alt == other.alt && !shift_differs
    }

    /// As settings keep it: `Ctrl+Shift+Z`, `Questionmark`, `OpenBracket`.
    #[must_use]
    pub fn setting(&self) -> String {
        let held = [(self.ctrl, "Ctrl+"), (self.alt, "Alt+"), (self.shift, "Shift+")];
        held.iter().filter(|(held, _)| *held).map(|(_, name)| *name).chain([self.key.name()]).collect()
    }

    /// Reads what [`Self::setting`] wrote.
    #[must_use]
    pub fn from_setting(text: &str) -> Option<Self> {
        let (held, name) = text.rsplit_once('+').unwrap_or(("", text));
        let mut modifiers = Modifiers::NONE;
        for held in held.split('+').filter(|held| !held.is_empty()) {
            match held {
                "Ctrl" => modifiers |= Modifiers::COMMAND,
                "Alt" => modifiers |= Modifiers::ALT,
                "Shift" => modifiers |= Modifiers::SHIFT,
                _ => return None,
            }
        }
        Some(Self::pressed(Key::from_name(name)?, None, modifiers))
    }

    /// True when this key press means these keys.
    pub(super) fn matches(&self, key: Key, physical: Option<Key>, held: Modifiers) -> bool {
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

/// Signs that are found by what they say even without Ctrl: they lie elsewhere on every keyboard.
const fn is_sign(key: Key) -> bool {
    matches!(
        key,
        Key::Plus | Key::Minus | Key::Equals | Key::Questionmark | Key::Slash | Key::Colon | Key::Exclamationmark
    )
}

/// Signs that are found by their place first, and by what they say where nothing lies there.
pub(super) const fn is_read(key: Key) -> bool {
    matches!(key, Key::OpenBracket | Key::CloseBracket | Key::Comma | Key::Period)
}

/// Keys that egui needs to move the focus and to press what has it. They cannot be bound.
#[must_use]
pub const fn is_reserved(key: Key) -> bool {
    matches!(key, Key::Tab | Key::Enter | Key::Space | Key::Escape)
}

/// Keys that a focused widget other than the canvas has a use for.
const fn moves_in_widgets(key: Key) -> bool {
    matches!(
        key,
        Key::ArrowLeft
            | Key::ArrowRight
            | Key::ArrowUp
            | Key::ArrowDown
            | Key::Home
            | Key::End
            | Key::PageUp
            | Key::PageDown
            | Key::Delete
            | Key::Backspace
    )
}

/// What key presses mean at the moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Situation {
    /// Something lies over the window and has the keyboard.
    pub is_modal: bool,
    /// The next key is to be bound.
    pub is_capturing: bool,
    /// The canvas has the focus, or nothing has.
    pub on_canvas: bool,
    /// A menu is open: it takes arrows and Esc.
    pub in_menu: bool,
    /// A text field has the keyboard: letters are text.
    pub is_typing: bool,
    /// The agent map has the keyboard: keys that zoom mean the map.
    pub on_map: bool,
}

impl Situation {
    /// The command that a key press asks for; `None` leaves the press to the focused widget.
    fn command_of(self, bindings: &Bindings, key: Key, physical: Option<Key>, held: Modifiers) -> Option<Command> {
        if self.is_capturing {
            let keys = Keys::pressed(key, physical, held);
            return Some(Command::Keys(if key == Key::Escape {
                KeysCommand::Cancel
            } else {
                KeysCommand::Press(keys)
            }));
        }
        if self.in_menu && (key == Key::Escape || moves_in_widgets(key)) {
            return None;
        }
        if self.is_typing {
            let edits = matches!(key, Key::Z | Key::Y | Key::A | Key::C | Key::V | Key::X) || moves_in_widgets(key);
            let is_function = key == Key::Escape || matches!(key, Key::F1 | Key::F3 | Key::F6 | Key::F10);
            if edits || !(held.command || is_function) {
                return None;
            }
        } else if !self.on_canvas && moves_in_widgets(key) && !held.alt && !held.command {
            return None;
        } else if !self.on_canvas && key == Key::A && held.command {
            // Everything in the list that has the focus.
            return None;
        }
        let zooms = matches!(key, Key::Plus | Key::Equals | Key::Minus | Key::Num0);
        if self.on_map && zooms && !held.command && !held.alt {
            return None;
        }
        if key == Key::Escape && !held.any() && !self.is_modal && !self.on_canvas {
            return Some(Command::FocusCanvas);
        }
        if held == Modifiers::ALT
            && !self.is_modal
            && let Some(category) = menu_of(key)
        {
            return Some(Command::OpenMenu(category));
        }
        let command = bindings.command_of(key, physical, held)?;
        (!self.is_modal || works_in_modal(&command)).then_some(command)
    }
}

/// The first menu that begins with the letter of `key`.
fn menu_of(key: Key) -> Option<Category> {
    Category::iter().find(|category| category.to_string().starts_with(key.name()) && key.name().len() == 1)
}

/// Commands that make sense while something lies over the window.
const fn works_in_modal(command: &Command) -> bool {
    matches!(
        command,
        Command::Clear
            | Command::ToggleHelp
            | Command::Palette
            | Command::Quit
            | Command::TextLarger
            | Command::TextSmaller
            | Command::TextNormal
    )
}

/// The commands that this frame's key presses ask for, in order. Takes those presses out of the input.
#[must_use]
pub fn take_commands(ctx: &egui::Context, bindings: &Bindings, situation: Situation) -> Vec<Command> {
    let mut commands = Vec::new();
    ctx.input_mut(|input| {
        input.events.retain(|event| {
            if situation.is_capturing && matches!(event, Event::Text(_)) {
                return false;
            }
            let Event::Key { key, physical_key, pressed: true, modifiers, .. } = event else { return true };
            let Some(command) = situation.command_of(bindings, *key, *physical_key, *modifiers) else { return true };
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

#[cfg(test)]
mod tests {
    use super::*;

    fn id_of(key: Key, physical: Key, held: Modifiers) -> Option<&'static str> {
        let command = Bindings::default().command_of(key, Some(physical), held)?;
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
            // Dvorak: brackets lie where a US keyboard has - and =.
            (Key::OpenBracket, Key::Minus, none, Some("parent")),
            (Key::Comma, Key::W, none, Some("zoom-in")),
            (Key::Questionmark, Key::Slash, Modifiers::SHIFT, Some("help")),
            (Key::Plus, Key::Equals, Modifiers::COMMAND | Modifiers::SHIFT, Some("text-larger")),
            (Key::N, Key::N, Modifiers::SHIFT, Some("previous-finding")),
            (Key::Z, Key::Z, none, None),
        ] {
            assert_eq!(id_of(key, physical, held), expected, "{key:?} at {physical:?} with {held:?}");
        }
    }

    #[test]
    fn every_default_key_can_be_kept_in_settings_and_pressed() {
        for keys in super::super::command::entries().flat_map(|entry| entry.keys) {
            assert_eq!(Keys::from_setting(&keys.setting()), Some(*keys), "{keys:?}");
            assert_ne!(keys.text(), "Quote", "signs are written as they are typed");
        }
        for text in ["", "+", "Ctrl+", "Hyper+A", "Ctrl+Nothing", "ctrl+A"] {
            assert_eq!(Keys::from_setting(text), None, "{text}");
        }
    }

    #[test]
    fn what_has_the_keyboard_decides_what_a_key_means() {
        const CANVAS: Situation = Situation {
            is_modal: false,
            is_capturing: false,
            on_canvas: true,
            in_menu: false,
            is_typing: false,
            on_map: false,
        };
        const BUTTON: Situation = Situation { on_canvas: false, ..CANVAS };
        const FIELD: Situation = Situation { is_typing: true, ..BUTTON };
        const MODAL: Situation = Situation { is_modal: true, ..BUTTON };
        const MAP: Situation = Situation { on_map: true, ..BUTTON };
        const MENU: Situation = Situation { in_menu: true, ..BUTTON };
        let bindings = Bindings::default();
        let (none, ctrl) = (Modifiers::NONE, Modifiers::COMMAND);
        for (what, situation, key, held, expected) in [
            ("arrows move the view", CANVAS, Key::ArrowLeft, none, Some("PanLeft")),
            ("arrows move the focus", BUTTON, Key::ArrowLeft, none, None),
            ("letters work everywhere", BUTTON, Key::W, none, Some("ZoomIn")),
            ("but not where they are text", FIELD, Key::W, none, None),
            ("Ctrl works while typing", FIELD, Key::O, ctrl, Some("Open")),
            ("except where the field needs it", FIELD, Key::Z, ctrl, None),
            ("Esc leaves a button", BUTTON, Key::Escape, none, Some("FocusCanvas")),
            ("and a field", FIELD, Key::Escape, none, Some("FocusCanvas")),
            ("Esc closes what lies on top", MODAL, Key::Escape, none, Some("Clear")),
            ("behind which nothing moves", MODAL, Key::W, none, None),
            ("Esc closes a menu", MENU, Key::Escape, none, None),
            ("arrows walk in a menu", MENU, Key::ArrowDown, none, None),
            ("signs zoom the timeline", BUTTON, Key::Plus, none, Some("ZoomIn")),
            ("but the map when that has the keyboard", MAP, Key::Plus, none, None),
            ("where letters mean what they always mean", MAP, Key::W, none, Some("ZoomIn")),
        ] {
            let command = situation.command_of(&bindings, key, Some(key), held);
            assert_eq!(command.map(|command| format!("{command:?}")).as_deref(), expected, "{what}");
        }
        let capturing = Situation { is_capturing: true, ..MODAL };
        let command = capturing.command_of(&bindings, Key::W, Some(Key::W), none);
        assert!(matches!(command, Some(Command::Keys(KeysCommand::Press(keys))) if keys == place(Key::W)));
    }
}
