//! Colours for services: told apart by people with any kind of colour vision, the same on every run.

use ecolor::Color32;
use foldhash::fast::FixedState;
use std::hash::BuildHasher;
use std::sync::LazyLock;

use super::theme::{ThemeKind, mix, rgb, text_on};
use crate::model::{AttrId, ResourceIx, TraceStore, Value};

/// Hues for services. Picked by search in the spirit of Okabe and Ito's set (2008): without red, because red says
/// "failed" here, and as far apart as possible for normal, deuteranopic, protanopic and tritanopic eyes alike.
/// The test below holds the distances.
const HUES: [(&str, u32); 10] = [
    ("sand", 0xc9_ad_5c),
    ("blue", 0x4f_7d_f2),
    ("green", 0x28_aa_70),
    ("pink", 0xf7_a9_b8),
    ("slate", 0x8f_80_b5),
    ("orange", 0xc6_7f_14),
    ("teal", 0x17_73_74),
    ("yellow", 0xe0_e8_84),
    ("sky", 0x9e_c4_ff),
    ("violet", 0x8f_46_b2),
];

/// Every hue comes back darker when there are more services than hues.
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
    Table::get().slots[theme as usize][slot % slots()]
}

/// The colours of spans without a service.
#[must_use]
pub fn unknown_colors(theme: ThemeKind) -> BarColors {
    Table::get().unknown[theme as usize]
}

/// All colours, made once: a frame asks for those of every bar, and contrast is a matter of powers.
struct Table {
    slots: [Vec<BarColors>; 2],
    unknown: [BarColors; 2],
}

impl Table {
    fn get() -> &'static Self {
        static TABLE: LazyLock<Table> = LazyLock::new(|| Table {
            slots: THEMES.map(|theme| (0..slots()).map(|slot| mixed(slot, theme)).collect()),
            unknown: THEMES.map(|theme| with_text(theme.theme().unknown)),
        });
        &TABLE
    }
}

/// In the order of their numbers.
const THEMES: [ThemeKind; 2] = [ThemeKind::Dark, ThemeKind::Light];

fn mixed(slot: usize, theme: ThemeKind) -> BarColors {
    let hue = rgb(HUES[slot % HUES.len()].1);
    let round = slot / HUES.len() % ROUNDS;
    // On white, pale hues need a little depth to stand out.
    let depth = match theme {
        ThemeKind::Dark => [0.0, 0.42, 0.2],
        ThemeKind::Light => [0.06, 0.42, 0.24],
    };
    with_text(mix(hue, rgb(0x101216), depth[round]))
}

fn with_text(fill: Color32) -> BarColors {
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
    /// Gives every `service.name` of `store` a colour; where nothing has one, every process.
    #[must_use]
    pub fn of_store(store: &TraceStore) -> Self {
        let names = |name: &dyn Fn(&[AttrId]) -> Option<String>| -> Vec<Option<String>> {
            store.resources().iter().map(|resource| name(&resource.attrs).filter(|name| !name.is_empty())).collect()
        };
        let mut names_of = names(&|attrs| store.find_text(attrs, "service.name").map(str::to_owned));
        if names_of.iter().all(Option::is_none) {
            let process = |pid: Value| format!("process {}", store.value_text(pid));
            names_of = names(&|attrs| store.find_attr(attrs, "process.pid").map(process));
        }
        let names: Vec<Option<&str>> = names_of.iter().map(Option::as_deref).collect();
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

/// The slot of each of `names`; equal names share one.
pub(super) fn name_slots(names: &[&str]) -> Vec<usize> {
    let mut sorted = names.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let slots = assign(&sorted);
    names.iter().map(|name| sorted.binary_search(name).map_or(0, |at| slots[at])).collect()
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

#[cfg(test)]
mod tests {
    use super::super::theme::{contrast, luminance};
    use super::*;
    use crate::model::{Input, Part, Resource, StoreBuilder, Sym, Value};

    /// Simulated colour vision in linear light: Machado, Oliveira, Fernandes (2009), severity 1.
    const VISIONS: [(&str, [[f32; 3]; 3]); 4] = [
        ("normal", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        (
            "deuteranopia",
            [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_82, 0.042_94, 0.968_881]],
        ),
        (
            "protanopia",
            [
                [0.152_286, 1.052_583, -0.204_868],
                [0.114_503, 0.786_281, 0.099_216],
                [-0.003_882, -0.048_116, 1.051_998],
            ],
        ),
        (
            "tritanopia",
            [[1.255_528, -0.076_749, -0.178_779], [-0.078_411, 0.930_809, 0.147_602], [0.004_733, 0.691_367, 0.303_9]],
        ),
    ];

    /// CIE L*a*b* (D65) of `color` as seen with `vision`.
    fn lab(color: Color32, vision: &[[f32; 3]; 3]) -> [f32; 3] {
        // A grey of the same channel value has the channel's linear light as its luminance.
        let linear = [color.r(), color.g(), color.b()].map(|channel| luminance(Color32::from_gray(channel)));
        let seen = vision.map(|row| row.iter().zip(linear).map(|(a, b)| a * b).sum::<f32>().clamp(0.0, 1.0));
        let xyz = [
            (0.4124 * seen[0] + 0.3576 * seen[1] + 0.1805 * seen[2]) / 0.9505,
            0.2126 * seen[0] + 0.7152 * seen[1] + 0.0722 * seen[2],
            (0.0193 * seen[0] + 0.1192 * seen[1] + 0.9505 * seen[2]) / 1.089,
        ];
        let [x, y, z] = xyz.map(|t| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 });
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    fn distance(a: Color32, b: Color32, vision: &[[f32; 3]; 3]) -> f32 {
        let (a, b) = (lab(a, vision), lab(b, vision));
        a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt()
    }

    #[test]
    fn services_look_different_to_every_kind_of_eye() {
        for (name, vision) in &VISIONS {
            for (at, (a, hue)) in HUES.iter().enumerate() {
                for (b, other) in &HUES[..at] {
                    let found = distance(rgb(*hue), rgb(*other), vision);
                    assert!(found >= 17.0, "{name}: {a} and {b} are {found:.1} apart");
                }
                for theme in [ThemeKind::Dark, ThemeKind::Light] {
                    let found = distance(rgb(*hue), theme.theme().error, vision);
                    assert!(found >= 12.0, "{name}: {a} and the error colour are {found:.1} apart");
                }
            }
        }
    }

    #[test]
    fn no_phase_looks_like_a_service_or_like_another_phase() {
        use super::super::work::phase_colors;
        use crate::analysis::genai::Phase;
        use strum::VariantArray as _;
        let colored = |phase: &&Phase| !matches!(phase, Phase::None | Phase::Opaque);
        for theme in THEMES {
            let phases: Vec<&Phase> = Phase::VARIANTS.iter().filter(colored).collect();
            for (at, &&phase) in phases.iter().enumerate() {
                let own = phase_colors(phase, theme);
                assert!(contrast(own.fill, own.text) >= 4.5, "{theme} {phase}");
                for (slot, (hue, _)) in HUES.iter().enumerate() {
                    let found = distance(own.fill, slot_colors(slot, theme).fill, &VISIONS[0].1);
                    assert!(found >= 13.5, "{theme}: {phase} and the service colour {hue} are {found:.1} apart");
                }
                for &&other in &phases[..at] {
                    for (name, vision) in &VISIONS {
                        let found = distance(own.fill, phase_colors(other, theme).fill, vision);
                        assert!(found >= 8.0, "{theme}, {name}: {phase} and {other} are {found:.1} apart");
                    }
                }
            }
        }
    }

    #[test]
    fn names_on_bars_are_readable_and_bars_stand_out() {
        for theme in [ThemeKind::Dark, ThemeKind::Light] {
            let all = (0..slots()).map(|slot| slot_colors(slot, theme)).chain([unknown_colors(theme)]);
            for (slot, colors) in all.enumerate() {
                assert!(contrast(colors.fill, colors.text) >= 4.5, "{theme} {slot}");
                assert!(contrast(colors.fill, theme.theme().canvas) >= 1.2, "{theme} {slot}");
            }
        }
    }

    #[test]
    fn colours_are_distinct_stable_and_independent_of_order() {
        let names: Vec<String> = (0..25).map(|at| format!("service-{at:02}")).collect();
        let sorted: Vec<&str> = names.iter().map(String::as_str).collect();
        let slots = assign(&sorted);
        let distinct: std::collections::BTreeSet<_> = slots.iter().collect();
        assert_eq!(distinct.len(), slots.len());
        // A service alone has the colour that it also has among a few others, unless it had to give way.
        let alone: Vec<usize> = sorted.iter().map(|name| assign(&[name])[0]).collect();
        let pair = assign(&sorted[..2]);
        assert!(pair[0] == alone[0] && (pair[1] == alone[1] || alone[0] == alone[1]));
    }

    #[test]
    fn resources_without_a_service_are_grey() {
        let mut builder = StoreBuilder::new();
        let input = builder.add_input(Input::default());
        let mut part = Part::new();
        for name in ["b", "", "a", "b"] {
            let (key, value) = (part.strings.intern("service.name"), part.strings.intern(name));
            let attrs = vec![part.attrs.intern(key, Value::Str(value))];
            part.resource(Resource { input, attrs, schema_url: Sym::EMPTY, dropped: 0 });
        }
        builder.absorb(part, input);
        let colors = ServiceColors::of_store(&builder.finish());
        let names: Vec<&str> = colors.services().iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(colors.colors(ResourceIx(1), ThemeKind::Dark), unknown_colors(ThemeKind::Dark));
        assert_eq!(colors.colors(ResourceIx(0), ThemeKind::Dark), colors.colors_of_name("b", ThemeKind::Dark));
        assert_ne!(colors.colors(ResourceIx(2), ThemeKind::Dark), colors.colors(ResourceIx(0), ThemeKind::Dark));
    }
}
