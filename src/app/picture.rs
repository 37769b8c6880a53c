//! The current view as a picture, the same as `skewline render` makes it.

use std::path::Path;

use super::state::State;

impl State {
    /// Writes the current view as a picture.
    pub(super) fn write_picture(&self, _path: &Path) -> Result<(), String> {
        Err("not there yet".to_owned())
    }

    /// The current view as pixels: width, height, RGBA.
    pub(super) fn picture_rgba(&self) -> Result<(usize, usize, Vec<u8>), String> {
        Err("not there yet".to_owned())
    }
}
