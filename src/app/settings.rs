//! What the user chose and what outlives the session: kept in the config directory, as JSON.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::bindings::KeySettings;

use super::drawer::Drawer;
use super::tables::TableSettings;

/// Which theme the user wants.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThemeChoice {
    /// Dark.
    Dark,
    /// Light.
    Light,
    /// As the desktop says; dark when it says nothing.
    #[default]
    System,
}

/// Choices that outlive the session.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Theme.
    pub theme: ThemeChoice,
    /// 1 = normal text.
    pub text_scale: f32,
    /// The ruler shows the time of day.
    pub absolute_ruler: bool,
    /// The details drawer is open.
    pub details_open: bool,
    /// The agent map is open, where there are agents.
    pub agent_map_open: bool,
    /// What the details show.
    pub details_tab: super::people::DetailsTab,
    /// The list of findings is open.
    pub findings_open: bool,
    /// Times are shown on the reference clock's axis, also of what is opened next. Forgotten when the window closes: a
    /// new one shows what every clock said, and shifts nothing unasked.
    #[serde(skip)]
    pub prefers_frame: bool,
    /// The drawer at the bottom.
    pub drawer: Drawer,
    /// The tables of the drawer.
    pub tables: TableSettings,
    /// Files opened lately, the last one first.
    pub recent: Vec<PathBuf>,
    /// Ids of commands picked lately in the palette, the last one first.
    pub recent_commands: Vec<String>,
    /// Preset and keys that were changed.
    pub keys: KeySettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::System,
            text_scale: 1.0,
            absolute_ruler: false,
            details_open: true,
            agent_map_open: false,
            details_tab: super::people::DetailsTab::default(),
            findings_open: true,
            prefers_frame: false,
            drawer: Drawer::default(),
            tables: TableSettings::default(),
            recent: Vec::new(),
            recent_commands: Vec::new(),
            keys: KeySettings::default(),
        }
    }
}

/// Text scales that View > Text size steps through.
pub const TEXT_SCALES: [f32; 8] = [0.8, 0.9, 1.0, 1.15, 1.3, 1.5, 1.75, 2.0];
/// How many recent files are kept.
const MOST_RECENT: usize = 10;

impl Settings {
    /// Puts `path` first among the recent files.
    pub fn remember(&mut self, path: &Path) {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        self.recent.retain(|known| *known != path);
        self.recent.insert(0, path);
        self.recent.truncate(MOST_RECENT);
    }

    /// The text scale `steps` further up or down the list.
    #[must_use]
    pub fn stepped_text_scale(&self, steps: isize) -> f32 {
        let nearest = TEXT_SCALES
            .iter()
            .enumerate()
            .min_by(|(_, a), (_, b)| (*a - self.text_scale).abs().total_cmp(&(*b - self.text_scale).abs()))
            .map_or(2, |(at, _)| at);
        let at = nearest.saturating_add_signed(steps).min(TEXT_SCALES.len() - 1);
        TEXT_SCALES[at]
    }

    /// Reads settings. A missing or damaged file gives the defaults: settings are no reason not to start. The
    /// second value says what was wrong with a file that is there; such a file is kept under another name.
    #[must_use]
    pub fn read(path: &Path) -> (Self, Option<String>) {
        let (mut settings, why) = match std::fs::read(path) {
            Ok(bytes) => match serde_json::from_slice::<Self>(&bytes) {
                Ok(settings) => (settings, None),
                Err(error) => (Self::default(), Some(set_aside(path, &error))),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => (Self::default(), None),
            Err(error) => {
                (Self::default(), Some(format!("The settings in {} cannot be read: {error}.", path.display())))
            }
        };
        if !settings.text_scale.is_finite() {
            settings.text_scale = 1.0;
        }
        settings.text_scale = settings.text_scale.clamp(TEXT_SCALES[0], TEXT_SCALES[TEXT_SCALES.len() - 1]);
        settings.recent.truncate(MOST_RECENT);
        (settings, why)
    }

    /// Writes settings; a half-written file never takes the place of a good one.
    ///
    /// # Errors
    /// When the directory or the file cannot be written.
    pub fn write(&self, path: &Path) -> std::io::Result<()> {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)?;
        }
        let text = serde_json::to_vec_pretty(self).map_err(std::io::Error::other)?;
        let draft = path.with_extension("json.new");
        std::fs::write(&draft, text)?;
        std::fs::rename(&draft, path)
    }
}

/// Renames a damaged file, so that writing settings does not destroy what may be mended by hand.
fn set_aside(path: &Path, error: &serde_json::Error) -> String {
    let aside = path.with_extension("json.damaged");
    let kept = match std::fs::rename(path, &aside) {
        Ok(()) => format!(" It is kept as {}.", aside.display()),
        Err(_) => String::new(),
    };
    format!("The settings in {} are damaged ({error}); these are the defaults.{kept}", path.display())
}

/// Where the settings of this user are, if the system has such a place.
#[must_use]
pub fn path() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", "skewline").map(|dirs| dirs.config_dir().join("settings.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_a_round_trip_and_damage_gives_defaults() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/settings.json");
        assert_eq!(Settings::read(&path), (Settings::default(), None));
        let mut settings = Settings { theme: ThemeChoice::Light, text_scale: 1.3, ..Settings::default() };
        settings.remember(Path::new("/a.json"));
        settings.remember(Path::new("/b.json"));
        settings.remember(Path::new("/a.json"));
        assert_eq!(settings.recent, [PathBuf::from("/a.json"), PathBuf::from("/b.json")]);
        settings.write(&path).unwrap();
        assert_eq!(Settings::read(&path), (settings, None));
        std::fs::write(&path, "{\"theme\": 3").unwrap();
        let (settings, why) = Settings::read(&path);
        assert_eq!(settings, Settings::default());
        assert!(why.unwrap().contains("damaged"));
        assert!(!path.exists() && path.with_extension("json.damaged").exists());
        std::fs::write(&path, "{\"text_scale\": 1e9, \"unknown\": 1}").unwrap();
        assert!((Settings::read(&path).0.text_scale - 2.0).abs() < 1e-6);
    }

    #[test]
    fn text_scale_steps_stop_at_the_ends() {
        let mut settings = Settings::default();
        for _ in 0..20 {
            settings.text_scale = settings.stepped_text_scale(1);
        }
        assert!((settings.text_scale - 2.0).abs() < 1e-6);
        assert!((settings.stepped_text_scale(-1) - 1.75).abs() < 1e-6);
    }
}
