//! Measuring text with the bundled fonts, so that names are cropped without a window.

use skrifa::instance::{LocationRef, Size};
use skrifa::{FontRef, MetadataProvider};
use std::sync::OnceLock;

/// The fonts of the program. All are bundled.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, strum::EnumIter)]
pub enum Font {
    /// Inter, regular.
    #[default]
    Regular,
    /// Inter, semibold.
    Bold,
    /// JetBrains Mono, regular: times and ids.
    Mono,
}

impl Font {
    /// The font file.
    #[must_use]
    pub const fn bytes(self) -> &'static [u8] {
        match self {
            Self::Regular => include_bytes!("../../assets/fonts/Inter-Regular.otf"),
            Self::Bold => include_bytes!("../../assets/fonts/Inter-SemiBold.otf"),
            Self::Mono => include_bytes!("../../assets/fonts/JetBrainsMono-Regular.ttf"),
        }
    }

    /// Family name inside the font file.
    #[must_use]
    pub const fn family(self) -> &'static str {
        match self {
            Self::Regular | Self::Bold => "Inter",
            Self::Mono => "JetBrains Mono",
        }
    }

    /// Weight as CSS counts it.
    #[must_use]
    pub const fn weight(self) -> u16 {
        match self {
            Self::Bold => 600,
            Self::Regular | Self::Mono => 400,
        }
    }

    /// True when the font has a glyph for every character of `text`.
    #[must_use]
    pub fn covers(self, text: &str) -> bool {
        let metrics = self.metrics();
        let has = |ch| metrics.font.as_ref().is_some_and(|font| font.charmap().map(ch).is_some());
        text.chars().all(|ch| ch.is_control() || has(ch))
    }

    fn metrics(self) -> &'static Metrics {
        static METRICS: OnceLock<[Metrics; 3]> = OnceLock::new();
        let all = METRICS.get_or_init(|| [Self::Regular, Self::Bold, Self::Mono].map(Metrics::read));
        &all[self as usize]
    }
}

/// Advances at 1 point per em.
struct Metrics {
    font: Option<FontRef<'static>>,
    ascii: [f32; 128],
    cap_height: f32,
    ascent: f32,
    descent: f32,
}

impl Metrics {
    fn read(font: Font) -> Self {
        let font = FontRef::new(font.bytes()).ok();
        let mut metrics = Self { font, ascii: [0.0; 128], cap_height: 0.72, ascent: 0.97, descent: 0.24 };
        if let Some(font) = &metrics.font {
            let unit = font.metrics(Size::new(1.0), LocationRef::default());
            metrics.cap_height = unit.cap_height.unwrap_or(metrics.cap_height);
            metrics.ascent = unit.ascent;
            metrics.descent = unit.descent.abs();
        }
        for at in 0..128_u8 {
            metrics.ascii[usize::from(at)] = metrics.look_up(char::from(at));
        }
        metrics
    }

    /// A glyph that the font lacks comes from a system font: about one em when it is CJK or an emoji.
    fn look_up(&self, ch: char) -> f32 {
        if ch.is_control() {
            return 0.0;
        }
        let Some(font) = &self.font else { return 0.6 };
        let found = font.charmap().map(ch).filter(|glyph| glyph.to_u32() != 0);
        let advance =
            found.and_then(|glyph| font.glyph_metrics(Size::new(1.0), LocationRef::default()).advance_width(glyph));
        advance.unwrap_or(1.0)
    }

    fn advance(&self, ch: char) -> f32 {
        let code = ch as usize;
        if code < 128 { self.ascii[code] } else { self.look_up(ch) }
    }
}

/// Width of one line of `text` in points at `size` points per em, without kerning.
#[must_use]
pub fn width(text: &str, font: Font, size: f32) -> f32 {
    let metrics = font.metrics();
    text.chars().map(|ch| metrics.advance(ch)).sum::<f32>() * size
}

/// Height of a capital letter in points: centring on it looks centred.
#[must_use]
pub fn cap_height(font: Font, size: f32) -> f32 {
    font.metrics().cap_height * size
}

/// Ascent and descent of the font in points, both positive.
#[must_use]
pub fn ascent_descent(font: Font, size: f32) -> (f32, f32) {
    let metrics = font.metrics();
    (metrics.ascent * size, metrics.descent * size)
}

/// The baseline that centres capital letters on `middle_y`.
#[must_use]
pub fn baseline_for_middle(middle_y: f32, font: Font, size: f32) -> f32 {
    middle_y + cap_height(font, size) / 2.0
}

/// The longest beginning of `text` that fits into `max_width` points, with `…` when something was cut;
/// empty when not even one character and the ellipsis fit.
#[must_use]
pub fn crop(text: &str, font: Font, size: f32, max_width: f32) -> std::borrow::Cow<'_, str> {
    let ends = Ends::measure(text, font);
    match ends.fit(max_width / size) {
        Fit::All => text.into(),
        Fit::None => "".into(),
        Fit::Bytes(bytes) => format!("{}…", text[..bytes].trim_end()).into(),
    }
}

/// `text` without its middle, when it does not fit into `max_width` points: names of files differ at both ends. Cut like
/// [`crop`] where only one end would be left.
#[must_use]
pub fn crop_middle(text: &str, font: Font, size: f32, max_width: f32) -> std::borrow::Cow<'_, str> {
    if width(text, font, size) <= max_width {
        return text.into();
    }
    let metrics = font.metrics();
    let tail_room = max_width / size * TAIL;
    let mut sum = 0.0;
    let tail = text.char_indices().rev().take(MOST_CHARS).take_while(|(_, ch)| {
        sum += metrics.advance(*ch);
        sum <= tail_room
    });
    let tail = tail.last().map_or("", |(from, _)| &text[from..]);
    let head = crop(&text[..text.len() - tail.len()], font, size, max_width - width(tail, font, size));
    if head.is_empty() || tail.chars().count() < LEAST_TAIL {
        return crop(text, font, size, max_width);
    }
    format!("{head}{tail}").into()
}

/// Share of the room that goes to the end of a text cut in its middle.
const TAIL: f32 = 0.42;
/// Fewer characters of an end tell nothing.
const LEAST_TAIL: usize = 4;

/// Cumulative advances of a text at size 1: cropping is then a binary search at any size.
#[derive(Clone, Debug, Default)]
pub struct Ends {
    /// (byte offset after the character, width up to there), one per character.
    ends: Box<[(u32, f32)]>,
    ellipsis: f32,
}

/// How much of a text fits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fit {
    /// Everything.
    All,
    /// This many bytes, followed by an ellipsis.
    Bytes(usize),
    /// Nothing.
    None,
}

/// No label is longer than this many characters; names of a megabyte exist.
const MOST_CHARS: usize = 400;

impl Ends {
    /// Measures `text`, at most its first 400 characters.
    #[must_use]
    pub fn measure(text: &str, font: Font) -> Self {
        let metrics = font.metrics();
        let mut sum = 0.0;
        let mut ends: Vec<(u32, f32)> = Vec::with_capacity(text.len().min(MOST_CHARS));
        for (at, ch) in text.char_indices().take(MOST_CHARS) {
            sum += metrics.advance(ch);
            ends.push(((at + ch.len_utf8()) as u32, sum));
        }
        if ends.last().is_some_and(|&(end, _)| (end as usize) < text.len()) {
            // Longer than any label: never "all of it".
            ends.push((text.len() as u32, f32::INFINITY));
        }
        Self { ends: ends.into(), ellipsis: metrics.advance('…') }
    }

    /// Width of the whole text at size 1.
    #[must_use]
    pub fn width(&self) -> f32 {
        self.ends.last().map_or(0.0, |&(_, width)| width)
    }

    /// How much fits into `max_width` (in em, that is at size 1).
    #[must_use]
    pub fn fit(&self, max_width: f32) -> Fit {
        if self.width() <= max_width {
            return Fit::All;
        }
        let room = max_width - self.ellipsis;
        let count = self.ends.partition_point(|&(_, width)| width <= room);
        match count {
            0 => Fit::None,
            _ => Fit::Bytes(self.ends[count - 1].0 as usize),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundled_fonts_are_readable_and_measured() {
        // 'i' is narrower than 'm' in Inter and as wide in a monospaced font.
        assert!(width("i", Font::Regular, 10.0) < width("m", Font::Regular, 10.0));
        assert!((width("i", Font::Mono, 10.0) - width("m", Font::Mono, 10.0)).abs() < 1e-4);
        assert!((width("chat", Font::Mono, 10.0) - 4.0 * 6.0).abs() < 0.01, "JetBrains Mono is 0.6 em wide");
        assert!(width("chat", Font::Bold, 10.0) > width("chat", Font::Regular, 10.0));
        assert!((width("漢字", Font::Regular, 10.0) - 20.0).abs() < 0.01);
        assert!(cap_height(Font::Regular, 10.0) > 6.0 && cap_height(Font::Regular, 10.0) < 8.0);
    }

    #[test]
    fn cropped_text_fits_and_is_the_longest_that_does() {
        let text = "planner chat gpt-5.2 with ünïcode 漢字";
        let full = width(text, Font::Regular, 12.0);
        for step in 0_u8..60 {
            let room = f32::from(step) * 5.0;
            let cropped = crop(text, Font::Regular, 12.0, room);
            if room >= full {
                assert_eq!(cropped, text);
                continue;
            }
            assert!(width(&cropped, Font::Regular, 12.0) <= room + 0.01, "{cropped:?} in {room}");
            if let Some(kept) = cropped.strip_suffix('…') {
                assert!(!kept.is_empty() && text.starts_with(kept));
                let more = text.chars().take(kept.chars().count() + 2).collect::<String>() + "…";
                assert!(width(&more, Font::Regular, 12.0) > room, "{more:?} would fit into {room}");
            }
        }
        assert_eq!(crop("chat", Font::Regular, 12.0, 3.0), "");
    }

    #[test]
    fn a_name_cut_in_its_middle_keeps_both_ends_and_fits() {
        let name = "chrome-catapult-flow_simple.otlp.json";
        let full = width(name, Font::Bold, 12.5);
        assert_eq!(crop_middle(name, Font::Bold, 12.5, full), name);
        for room in (60..full as u16).map(f32::from) {
            let cut = crop_middle(name, Font::Bold, 12.5, room);
            assert!(width(&cut, Font::Bold, 12.5) <= room + 0.01, "{cut} in {room}");
            let (head, tail) = cut.split_once('…').unwrap();
            assert!(name.starts_with(head) && name.ends_with(tail), "{cut}");
            assert!(room < 100.0 || (head.len() >= 5 && tail.len() >= 5), "{cut} in {room}");
        }
        assert_eq!(crop_middle(name, Font::Bold, 12.5, 3.0), "");
        assert_eq!(crop_middle("漢字漢字漢字漢字漢字漢字", Font::Regular, 10.0, 100.0), "漢字漢字漢…漢字漢字");
    }

    #[test]
    fn a_name_of_a_megabyte_is_cropped_quickly() {
        let text = "x".repeat(1 << 20);
        let cropped = crop(&text, Font::Regular, 12.0, 1e9);
        assert_eq!(cropped.chars().count(), MOST_CHARS + 1);
    }
}
