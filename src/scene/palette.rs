//! Colours for services: told apart by people with any kind of colour vision, the same on every run.

use ecolor::Color32;
use foldhash::fast::FixedState;
use std::hash::BuildHasher;

use super::theme::{ThemeKind, mix, rgb, text_on};
use crate::model::{ResourceIx, TraceStore};

/// Hues for services. Chosen like Okabe and Ito's set (2008), without its vermilion, because red says "failed"
/// here, and calmer, because bars cover most of the picture. Neighbours differ in lightness as well as in hue.
const HUES: [(&str, u32); 10] = [
    ("sand", 0xcf_a5_76),
    ("blue", 0x4b_8b_e6),
    ("green", 0x46_b0_7c),
    ("pink", 0xd9_8b_c4),
    ("slate", 0x8f_9b_c4),
    ("orange", 0xe3_9a_32),
    ("teal", 0x2c_7f_86),
    ("yellow", 0xe6_d8_6b),
    ("sky", 0x83_d0_ea),
    ("violet", 0x80_61_b8),
];

/// Every hue comes back darker (dark theme) or lighter (light theme) when there are more services than hues.
const ROUNDS: usize = 3;

/// The colours that one bar uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BarColors {
    /// Fill.
    pub fill: Color32,
    /// Text on the fill, contrast at least 4.5.
    pub text: Color32,
}

/// Number of different colours before they repeat.
#[must_use]
pub const fn slots() -> usize {
    HUES.len() * ROUNDS
}

/// The colours of slot `slot`; slots past [`slots`] repeat.
#[must_use]
pub fn slot_colors(slot: usize, theme: ThemeKind) -> BarColors {
    let hue = rgb(HUES[slot % HUES.len()].1);
    let round = slot / HUES.len() % ROUNDS;
    let toward = match theme {
        ThemeKind::Dark => rgb(0x10_12_16),
        ThemeKind::Light => rgb(0xff_ff_ff),
    };
    let fill = mix(hue, toward, [0.0, 0.42, 0.2][round]);
    BarColors { fill, text: text_on(fill) }
}

/// The colours of spans without a service.
#[must_use]
pub fn unknown_colors(theme: ThemeKind) -> BarColors {
    let fill = theme.theme().unknown;
    BarColors { fill, text: text_on(fill) }
}

/// Which colour slot each service has.
///
/// A service's preferred slot follows from its name alone, so that it keeps its colour from file to file;
/// when two services prefer one slot, the later one in the alphabet moves on to the next free slot.
#[derive(Clone, Debug, Default)]
pub struct ServiceColors {
    /// Names, sorted, with their slots.
    services: Vec<(String, usize)>,
    /// Per resource, position in `services`; `u32::MAX` = no service.
    of_resource: Vec<u32>,
}

const HASHER: FixedState = FixedState::with_seed(0x00c0_1085);

impl ServiceColors {
    /// Gives every `service.name` of `store` a colour.
    #[must_use]
    pub fn of_store(store: &TraceStore) -> Self {
        let names: Vec<Option<&str>> = store
            .resources()
            .iter()
            .map(|resource| store.find_text(&resource.attrs, "service.name").filter(|name| !name.is_empty()))
            .collect();
        let mut sorted: Vec<&str> = names.iter().copied().flatten().collect();
        sorted.sort_unstable();
        sorted.dedup();
        let slots = assign(&sorted);
        let of_resource = names
            .iter()
            .map(|name| name.and_then(|name| sorted.binary_search(&name).ok()).map_or(u32::MAX, |at| at as u32))
            .collect();
        let services = sorted.iter().map(|&name| name.to_owned()).zip(slots).collect();
        Self { services, of_resource }
    }

    /// The services with their slots, sorted by name.
    #[must_use]
    pub fn services(&self) -> &[(String, usize)] {
        &self.services
    }

    /// Position in [`Self::services`] of the service of `resource`.
    #[must_use]
    pub fn service_of(&self, resource: ResourceIx) -> Option<usize> {
        self.of_resource.get(resource.at()).filter(|&&at| at != u32::MAX).map(|&at| at as usize)
    }

    /// The colours of spans that `resource` reported.
    #[must_use]
    pub fn colors(&self, resource: ResourceIx, theme: ThemeKind) -> BarColors {
        self.service_of(resource).map_or_else(|| unknown_colors(theme), |at| slot_colors(self.services[at].1, theme))
    }

    /// The colours of the service called `name`.
    #[must_use]
    pub fn colors_of_name(&self, name: &str, theme: ThemeKind) -> BarColors {
        self.services
            .binary_search_by(|(known, _)| known.as_str().cmp(name))
            .map_or_else(|_| unknown_colors(theme), |at| slot_colors(self.services[at].1, theme))
    }
}

/// Slots for sorted, distinct names: all different as long as there are slots.
fn assign(sorted: &[&str]) -> Vec<usize> {
    let mut assigned: Vec<usize> = Vec::with_capacity(sorted.len());
    for names in sorted.chunks(HUES.len()) {
        let round = assigned.len() / HUES.len() % ROUNDS;
        let mut taken = [false; HUES.len()];
        for name in names {
            let wish = (HASHER.hash_one(name.as_bytes()) % HUES.len() as u64) as usize;
            let hue = (0..HUES.len()).map(|step| (wish + step) % HUES.len()).find(|&hue| !taken[hue]).unwrap_or(wish);
            taken[hue] = true;
            assigned.push(round * HUES.len() + hue);
        }
    }
    assigned
}
