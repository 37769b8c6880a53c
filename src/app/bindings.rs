//! Which keys do what: the keys of the command table, a preset over them, and over that what the user chose.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use egui::{Key, Modifiers};
use serde::{Deserialize, Serialize};

use super::command::{Command, Entry, entries};
use super::keys::{self, By, Keys, ctrl, place, shift};
use super::state::{Effect, State};

/// A set of keys to start from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, strum::EnumIter, strum::Display)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// The keys of the command table.
    #[default]
    Default,
    /// The keys of Jaeger's trace timeline where it has the same command.
    #[strum(to_string = "Jaeger keys")]
    Jaeger,
}

/// What of the keys is kept in the settings.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct KeySettings {
    /// Where to start from.
    pub preset: Preset,
    /// Keys of single commands by id, as [`Keys::setting`] writes them. What cannot be read is left out.
    pub changed: BTreeMap<String, Vec<String>>,
}

/// Where Jaeger's keys differ from ours, by command id. From `keyboard-mappings.tsx` in
/// `packages/jaeger-ui/src/components/TracePage` of github.com/jaegertracing/jaeger-ui: S and W scroll a page,
/// F and B go to the next and previous span down the page, A and D or arrows pan, up and down zoom (with
/// shift: a lot), Ctrl+B searches, O and P expand and collapse a level, [ expands everything.
const JAEGER: &[(&str, &[Keys])] = &[
    ("page-down", &[place(Key::S), place(Key::PageDown)]),
    ("page-up", &[place(Key::W), place(Key::PageUp)]),
    ("row-down", &[place(Key::F), place(Key::J)]),
    ("row-up", &[place(Key::B), place(Key::K)]),
    ("zoom-in", &[place(Key::ArrowUp), keys::symbol(Key::Plus), keys::symbol(Key::Equals)]),
    ("zoom-in-far", &[shift(Key::ArrowUp)]),
    ("zoom-out", &[place(Key::ArrowDown), keys::symbol(Key::Minus)]),
    ("zoom-out-far", &[shift(Key::ArrowDown)]),
    ("find", &[ctrl(Key::B), keys::symbol(Key::Slash), ctrl(Key::F)]),
    ("fold", &[place(Key::P), place(Key::H)]),
    ("unfold", &[place(Key::O), place(Key::L)]),
    ("unfold-all", &[place(Key::OpenBracket), shift(Key::L)]),
    ("pin-lane", &[shift(Key::P)]),
    ("zoom-to-selection", &[shift(Key::F)]),
    ("parent", &[shift(Key::OpenBracket)]),
    ("first-child", &[shift(Key::CloseBracket)]),
    ("drawer", &[shift(Key::B)]),
    ("scroll-up", &[]),
    ("scroll-down", &[]),
];

/// The keys of every command as they are in effect. No key means two commands.
#[derive(Clone, Debug)]
pub struct Bindings {
    of: Vec<(&'static Entry, Vec<Keys>)>,
}

impl Default for Bindings {
    fn default() -> Self {
        Self::new(&KeySettings::default())
    }
}

impl Bindings {
    /// The keys that `settings` give. What the user chose takes its keys from preset and table.
    #[must_use]
    pub fn new(settings: &KeySettings) -> Self {
        let mut taken: Vec<Keys> = Vec::new();
        let mut claim = |wanted: &[Keys]| {
            let mut got = Vec::new();
            for &keys in wanted {
                if !keys::is_reserved(keys.key) && !taken.iter().any(|other| other.collides(&keys)) {
                    taken.push(keys);
                    got.push(keys);
                }
            }
            got
        };
        let mut of: HashMap<&str, Vec<Keys>> = HashMap::new();
        // Esc always clears: it cannot be bound, so nothing can take it.
        for entry in entries() {
            if let Some(texts) = settings.changed.get(entry.id) {
                let wanted: Vec<Keys> = texts.iter().filter_map(|text| Keys::from_setting(text)).collect();
                of.insert(entry.id, claim(&wanted));
            }
        }
        let of_preset = |id: &str| {
            let found = JAEGER.iter().find(|(known, _)| *known == id);
            found.filter(|_| settings.preset == Preset::Jaeger).map(|(_, keys)| *keys)
        };
        for entry in entries() {
            if let (false, Some(wanted)) = (of.contains_key(entry.id), of_preset(entry.id)) {
                of.insert(entry.id, claim(wanted));
            }
        }
        for entry in entries() {
            of.entry(entry.id).or_insert_with(|| claim(entry.keys));
        }
        let list = entries().map(|entry| {
            let mut keys = of.remove(entry.id).unwrap_or_default();
            keys.extend(entry.keys.iter().filter(|keys| keys::is_reserved(keys.key)));
            (entry, keys)
        });
        Self { of: list.collect() }
    }

    /// All commands with their keys, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Entry, &[Keys])> {
        self.of.iter().map(|(entry, keys)| (*entry, keys.as_slice()))
    }

    /// The keys of a command of the table.
    #[must_use]
    pub fn of(&self, id: &str) -> &[Keys] {
        self.of.iter().find(|(entry, _)| entry.id == id).map_or(&[], |(_, keys)| keys)
    }

    /// The command that a key press asks for. What a key types counts before where it lies; a sign that lies where
    /// nothing is bound, as brackets do on Dvorak, means what it says.
    #[must_use]
    pub fn command_of(&self, key: Key, physical: Option<Key>, held: Modifiers) -> Option<Command> {
        let find = |by: By, physical: Option<Key>| {
            self.iter()
                .find(|(_, keys)| keys.iter().any(|keys| keys.by == by && keys.matches(key, physical, held)))
                .map(|(entry, _)| entry.command.clone())
        };
        let says = || find(By::Place, None).filter(|_| keys::is_read(key));
        find(By::Symbol, physical).or_else(|| find(By::Place, physical)).or_else(says)
    }

    /// The command that has keys which mean `keys` too, apart from the one called `except`.
    #[must_use]
    pub fn owner_of(&self, keys: &Keys, except: &str) -> Option<&'static Entry> {
        let owns = |(entry, own): &(&'static Entry, &[Keys])| {
            entry.id != except && own.iter().any(|other| other.collides(keys))
        };
        self.iter().find(owns).map(|(entry, _)| entry)
    }

    /// Gives panels the keys in effect, as egui gives them the style.
    pub fn publish(self: &Arc<Self>, ctx: &egui::Context) {
        ctx.data_mut(|data| data.insert_temp(egui::Id::NULL, Arc::clone(self)));
    }

    /// The keys in effect, for panels.
    #[must_use]
    pub fn published(ctx: &egui::Context) -> Arc<Self> {
        ctx.data(|data| data.get_temp(egui::Id::NULL)).unwrap_or_default()
    }
}

/// The panel in which keys are changed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct KeysPanel {
    /// The command whose next key is waited for.
    pub capturing: Option<&'static str>,
    /// A key that belongs to another command.
    pub conflict: Option<Conflict>,
    /// Why the last key was not taken.
    pub refused: Option<&'static str>,
}

/// Two commands want one key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Conflict {
    /// The key.
    pub keys: Keys,
    /// The command that is to have it.
    pub wanted: &'static str,
    /// The command that has it.
    pub owner: &'static str,
}

/// What can be done in the panel of keys.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KeysCommand {
    /// Waits for the next key of this command.
    Capture(&'static str),
    /// This key was pressed.
    Press(Keys),
    /// Waits no longer.
    Cancel,
    /// Settles a conflict: `true` = the other command loses the key.
    Resolve(bool),
    /// Takes all keys from a command.
    Unbind(&'static str),
    /// Gives a command back the keys of the preset.
    Reset(&'static str),
    /// Gives all commands back the keys of the preset.
    ResetAll,
    /// Starts from another preset.
    Preset(Preset),
}

impl State {
    /// Carries out a command of the panel of keys.
    pub(super) fn apply_keys(&mut self, command: &KeysCommand) {
        let Some(panel) = &mut self.session.keys_panel else { return };
        let before = std::mem::take(panel);
        match *command {
            KeysCommand::Capture(id) => panel.capturing = Some(id),
            KeysCommand::Cancel => {}
            KeysCommand::Press(keys) => {
                let Some(id) = before.capturing else { return };
                if keys::is_reserved(keys.key) {
                    let why = "Tab, Enter and Space move the focus and press what has it; Esc clears. They stay so.";
                    *panel = KeysPanel { refused: Some(why), ..before };
                } else if let Some(owner) = self.bindings.owner_of(&keys, id) {
                    panel.conflict = Some(Conflict { keys, wanted: id, owner: owner.id });
                } else {
                    self.bind(id, &[keys]);
                }
            }
            KeysCommand::Resolve(take) => {
                let Some(Conflict { keys, wanted, owner }) = before.conflict.filter(|_| take) else { return };
                let left: Vec<Keys> =
                    self.bindings.of(owner).iter().copied().filter(|other| !other.collides(&keys)).collect();
                self.bind(owner, &left);
                self.bind(wanted, &[keys]);
            }
            KeysCommand::Unbind(id) => self.bind(id, &[]),
            KeysCommand::Reset(id) => {
                self.settings.keys.changed.remove(id);
            }
            KeysCommand::ResetAll => self.settings.keys.changed.clear(),
            KeysCommand::Preset(preset) => self.settings.keys.preset = preset,
        }
        self.bindings = Arc::new(Bindings::new(&self.settings.keys));
        self.effect(Effect::Save);
    }

    fn bind(&mut self, id: &str, keys: &[Keys]) {
        self.settings.keys.changed.insert(id.to_owned(), keys.iter().map(Keys::setting).collect());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use strum::IntoEnumIterator as _;

    use super::*;

    fn assert_distinct(bindings: &Bindings) {
        let all: Vec<(&str, Keys)> =
            bindings.iter().flat_map(|(entry, keys)| keys.iter().map(|keys| (entry.id, *keys))).collect();
        for (at, (id, keys)) in all.iter().enumerate() {
            for (other, taken) in &all[..at] {
                assert!(!keys.collides(taken), "{} is bound to {id} and to {other}", keys.text());
            }
        }
    }

    #[test]
    fn no_two_commands_share_a_key_in_any_preset() {
        for preset in Preset::iter() {
            let settings = KeySettings { preset, ..KeySettings::default() };
            let bindings = Bindings::new(&settings);
            assert_distinct(&bindings);
            // Nothing that the table or the preset names was dropped to make it so. Under a preset, a command that
            // the preset does not name may lose a key to one that it does.
            for (entry, keys) in bindings.iter() {
                let wanted = match preset {
                    Preset::Default => Some(entry.keys),
                    Preset::Jaeger => JAEGER.iter().find(|(id, _)| *id == entry.id).map(|(_, keys)| *keys),
                };
                assert_eq!(keys, wanted.unwrap_or(keys), "{preset}: {} loses a key to another command", entry.id);
            }
        }
    }

    #[test]
    fn the_preset_names_only_commands_that_exist() {
        for (id, _) in JAEGER {
            assert!(entries().any(|entry| entry.id == *id), "{id}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn whatever_settings_say_no_key_means_two_commands(
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..8_u8), 0..12),
            jaeger in any::<bool>(),
        ) {
            let ids: Vec<&str> = entries().map(|entry| entry.id).collect();
            let preset = if jaeger { Preset::Jaeger } else { Preset::Default };
            let mut settings = KeySettings { preset, ..KeySettings::default() };
            for (id, key, held) in changes {
                let held: String =
                    [(1, "Ctrl+"), (2, "Alt+"), (4, "Shift+")].iter().filter(|(bit, _)| held & bit != 0).map(|(_, name)| *name).collect();
                let text = format!("{held}{}", key.get(Key::ALL).name());
                settings.changed.entry((*id.get(&ids)).to_owned()).or_default().push(text);
            }
            settings.changed.insert("no such command".to_owned(), vec!["A".to_owned(), "nonsense".to_owned()]);
            assert_distinct(&Bindings::new(&settings));
        }
    }

    #[test]
    fn what_the_user_chose_takes_its_key_from_the_table() {
        let mut settings = KeySettings::default();
        settings.changed.insert("help".to_owned(), vec!["W".to_owned()]);
        let bindings = Bindings::new(&settings);
        let command = bindings.command_of(Key::W, Some(Key::W), Modifiers::NONE);
        assert!(matches!(command, Some(Command::ToggleHelp)));
        assert_eq!(bindings.of("zoom-in").len(), 2, "+ and = are left");
    }
}
