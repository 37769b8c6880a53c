//! Colours of the spans that the last frames showed.

use super::palette::BarColors;
use super::theme::ThemeKind;
use crate::arrange::ColorBy;
use crate::model::SpanIx;

/// What colours are made from, besides the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Dye {
    pub theme: ThemeKind,
    pub by: ColorBy,
    pub knows_work: bool,
}

/// The colours of a span, and whether they stand for something that nothing states.
pub(super) type Tint = (BarColors, bool);

/// Remembers colours from frame to frame. A view that moves shows mostly the same spans again, and of ten million
/// spans each lies in memory of its own that is slow to reach.
#[derive(Debug, Default)]
pub(super) struct Tints {
    dye: Option<Dye>,
    /// By a mix of the span's number; the last one that came to a place keeps it.
    known: Vec<Option<(SpanIx, Tint)>>,
}

/// Several times the bars of a busy frame, so that few share a place.
const PLACES_LOG2: u32 = 16;

impl Tints {
    /// Forgets what was made from something else.
    pub fn prepare(&mut self, dye: Dye) {
        if self.dye != Some(dye) {
            self.dye = Some(dye);
            self.known.clear();
            self.known.resize(1 << PLACES_LOG2, None);
        }
    }

    /// The colours of `span`; asks `find` when they are not known any more.
    pub fn of(&mut self, span: SpanIx, find: impl FnOnce() -> Tint) -> Tint {
        // Fibonacci hashing: neighbours go far apart.
        let place = span.0.wrapping_mul(0x9e37_79b9) >> (32 - PLACES_LOG2);
        let Some(known) = self.known.get_mut(place as usize) else { return find() };
        match known {
            Some((of, tint)) if *of == span => *tint,
            _ => known.insert((span, find())).1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::palette::slot_colors;
    use super::*;

    #[test]
    fn answers_are_those_of_asking_each_time() {
        let mut tints = Tints::default();
        for theme in [ThemeKind::Dark, ThemeKind::Light] {
            tints.prepare(Dye { theme, by: ColorBy::Service, knows_work: false });
            // More spans than places, twice over.
            for at in (0..150_000_u32).chain(0..150_000) {
                let tint = (slot_colors(at as usize, theme), at % 3 == 0);
                assert_eq!(tints.of(SpanIx(at), || tint), tint);
            }
        }
    }

    #[test]
    fn what_was_just_seen_is_not_asked_for_again() {
        let mut tints = Tints::default();
        let dye = Dye { theme: ThemeKind::Dark, by: ColorBy::Service, knows_work: false };
        let mut asked = 0;
        for _frame in 0..10 {
            tints.prepare(dye);
            for at in 0..1_000 {
                tints.of(SpanIx(at), || {
                    asked += 1;
                    (slot_colors(0, ThemeKind::Dark), false)
                });
            }
        }
        assert!(asked < 1_500, "{asked}");
        tints.prepare(Dye { knows_work: true, ..dye });
        let before = asked;
        tints.of(SpanIx(5), || {
            asked += 1;
            (slot_colors(1, ThemeKind::Dark), false)
        });
        assert_eq!(asked, before + 1, "other colours are made anew");
    }
}
