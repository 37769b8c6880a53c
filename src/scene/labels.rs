//! Texts that come back frame after frame: measured once, cropped once, formatted once.

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use std::sync::Arc;

use super::text::{self, Ends, Fit, Font};
use crate::model::time::duration_text;
use crate::model::{Sym, TraceStore};

/// Caches are emptied when they grow past this many entries: a bound on memory, not a tuning knob.
const MOST_ENTRIES: usize = 50_000;

/// Names as they appear on bars.
#[derive(Debug)]
pub struct Labels {
    names: HashMap<Sym, Ends, FixedState>,
    cropped: HashMap<(Sym, u32), Arc<str>, FixedState>,
    durations: HashMap<i64, (Arc<str>, f32), FixedState>,
}

/// A text with its width in points.
#[derive(Clone, Debug)]
pub struct Cropped {
    /// The text, never empty.
    pub text: Arc<str>,
    /// Its width in points.
    pub width: f32,
    /// Whether all of the name is there.
    pub is_whole: bool,
}

impl Default for Labels {
    fn default() -> Self {
        let hasher = || FixedState::with_seed(0x1abe1);
        Self {
            names: HashMap::with_hasher(hasher()),
            cropped: HashMap::with_hasher(hasher()),
            durations: HashMap::with_hasher(hasher()),
        }
    }
}

impl Labels {
    /// Width of the whole name in points.
    pub fn width(&mut self, store: &TraceStore, name: Sym, size: f32) -> f32 {
        self.ends(store, name).width() * size
    }

    /// As much of `name` as fits into `room` points; `None` when nothing does.
    pub fn crop(&mut self, store: &TraceStore, name: Sym, size: f32, room: f32) -> Option<Cropped> {
        let ends = self.ends(store, name);
        let fit = ends.fit(room / size);
        let bytes = match fit {
            Fit::All => store.text(name).len(),
            Fit::Bytes(bytes) => bytes,
            Fit::None => return None,
        };
        if bytes == 0 {
            return None;
        }
        let is_whole = fit == Fit::All;
        let width = if is_whole { ends.width() * size } else { room };
        if self.cropped.len() > MOST_ENTRIES {
            self.cropped.clear();
        }
        let text = self.cropped.entry((name, bytes as u32)).or_insert_with(|| {
            let text = store.text(name);
            if is_whole { one_line(text).into() } else { format!("{}…", one_line(&text[..bytes]).trim_end()).into() }
        });
        Some(Cropped { text: Arc::clone(text), width, is_whole })
    }

    /// A duration with its width in points.
    pub fn duration(&mut self, ns: i64, size: f32) -> (Arc<str>, f32) {
        if self.durations.len() > MOST_ENTRIES {
            self.durations.clear();
        }
        let (text, width) = self.durations.entry(ns).or_insert_with(|| {
            let text = duration_text(ns);
            let width = text::width(&text, Font::Regular, 1.0);
            (text.into(), width)
        });
        (Arc::clone(text), *width * size)
    }

    fn ends(&mut self, store: &TraceStore, name: Sym) -> &Ends {
        if self.names.len() > MOST_ENTRIES {
            self.names.clear();
        }
        self.names.entry(name).or_insert_with(|| Ends::measure(store.text(name), Font::Regular))
    }
}

/// Line breaks and other control characters would leave the bar.
fn one_line(text: &str) -> String {
    text.chars().map(|ch| if ch.is_control() { ' ' } else { ch }).collect()
}
