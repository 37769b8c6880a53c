//! Every colour of the program that is not a colour of data, for the dark and the light theme.

use ecolor::Color32;

/// Which theme.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, strum::Display, strum::EnumString, strum::EnumIter)]
#[strum(serialize_all = "snake_case")]
pub enum ThemeKind {
    /// Light text on a dark ground.
    #[default]
    Dark,
    /// Dark text on a light ground.
    Light,
}

impl ThemeKind {
    /// The colours.
    #[must_use]
    pub const fn theme(self) -> &'static Theme {
        match self {
            Self::Dark => &DARK,
            Self::Light => &LIGHT,
        }
    }
}

/// The colours of one theme.
#[derive(Clone, PartialEq, Debug)]
pub struct Theme {
    /// Which one it is.
    pub kind: ThemeKind,
    /// Behind the bars.
    pub canvas: Color32,
    /// Behind lane heads, drawers and side panels.
    pub panel: Color32,
    /// Behind the title bar, the tool bar and the status bar.
    pub bar: Color32,
    /// Buttons, chips, text fields.
    pub control: Color32,
    /// A control under the pointer.
    pub control_hover: Color32,
    /// Outline of controls.
    pub control_line: Color32,
    /// Lines between areas and lanes.
    pub line: Color32,
    /// Grid lines behind the bars.
    pub grid: Color32,
    /// Every second lane is tinted a little.
    pub lane_tint: Color32,
    /// Text that matters.
    pub text: Color32,
    /// Text that explains.
    pub text_dim: Color32,
    /// Text that may be overlooked; still readable.
    pub text_faint: Color32,
    /// Buttons that are on, the window of the overview, focus.
    pub accent: Color32,
    /// Text on `accent`.
    pub on_accent: Color32,
    /// Spans that failed; contradictions that no offset explains.
    pub error: Color32,
    /// Text on `error`.
    pub on_error: Color32,
    /// Ground behind text about errors.
    pub error_ground: Color32,
    /// Facts about clocks: offsets that explain what looks wrong.
    pub clock: Color32,
    /// Patterns of AI conversations.
    pub pattern: Color32,
    /// What an end waited for: the critical path.
    pub critical: Color32,
    /// What deserves a second look.
    pub warning: Color32,
    /// All is well.
    pub good: Color32,
    /// Bars whose service is not known, time that nothing explains.
    pub unknown: Color32,
    /// Outline of selected spans.
    pub selection: Color32,
    /// What a search found.
    pub hit: Color32,
    /// Edges between spans.
    pub edge: Color32,
    /// Tint over a measured or selected time range.
    pub range: Color32,
    /// Bars of the overview strip.
    pub overview: Color32,
    /// Over the parts of the overview that are not in view.
    pub overview_shade: Color32,
    /// Dots and lines drawn into bars: "several spans here".
    pub bar_mark: Color32,
}

/// The dark theme.
pub const DARK: Theme = Theme {
    kind: ThemeKind::Dark,
    canvas: rgb(0x13_15_18),
    panel: rgb(0x1b_1e_25),
    bar: rgb(0x1d_20_27),
    control: rgb(0x23_27_2f),
    control_hover: rgb(0x2d_33_3d),
    control_line: rgb(0x3a_40_4b),
    line: rgb(0x2b_2f_37),
    grid: rgb(0x20_24_2a),
    lane_tint: rgb(0x16_18_1c),
    text: rgb(0xe8_ea_ed),
    text_dim: rgb(0xa3_a9_b4),
    text_faint: rgb(0x8d_94_a0),
    accent: rgb(0x35_70_cf),
    on_accent: rgb(0xff_ff_ff),
    error: rgb(0xff_5d_6c),
    on_error: rgb(0x1a_08_0a),
    error_ground: rgb(0x3d_1c_24),
    clock: rgb(0x7c_b7_ff),
    pattern: rgb(0xc5_a3_ff),
    critical: rgb(0xff_8a_d8),
    warning: rgb(0xe8_a8_44),
    good: rgb(0x4f_bf_8b),
    unknown: rgb(0x6c_74_81),
    selection: rgb(0xff_ff_ff),
    hit: rgb(0xff_d2_3f),
    edge: rgb(0xc9_d1_dc),
    range: rgba(0x6f_a8_ff, 36),
    overview: rgb(0x4a_74_b8),
    overview_shade: rgba(0x0b_0c_0f, 130),
    bar_mark: rgba(0x00_00_00, 110),
};

/// The light theme.
pub const LIGHT: Theme = Theme {
    kind: ThemeKind::Light,
    canvas: rgb(0xff_ff_ff),
    panel: rgb(0xf4_f5_f7),
    bar: rgb(0xec_ee_f1),
    control: rgb(0xff_ff_ff),
    control_hover: rgb(0xe3_e7_ee),
    control_line: rgb(0xc3_c9_d3),
    line: rgb(0xd6_da_e1),
    grid: rgb(0xea_ec_f0),
    lane_tint: rgb(0xfa_fb_fc),
    text: rgb(0x1a_1d_23),
    text_dim: rgb(0x55_5c_68),
    text_faint: rgb(0x61_69_76),
    accent: rgb(0x23_63_c9),
    on_accent: rgb(0xff_ff_ff),
    error: rgb(0xc8_1e_3a),
    on_error: rgb(0xff_ff_ff),
    error_ground: rgb(0xfd_e8_eb),
    clock: rgb(0x1b_5c_b8),
    pattern: rgb(0x74_3f_c4),
    critical: rgb(0xa8_1c_86),
    warning: rgb(0x96_5c_00),
    good: rgb(0x16_7a_4c),
    unknown: rgb(0x8f_96_a3),
    selection: rgb(0x101216),
    hit: rgb(0xb0_00_8e),
    edge: rgb(0x3d_44_50),
    range: rgba(0x23_63_c9, 30),
    overview: rgb(0x7f_a3_dc),
    overview_shade: rgba(0xde_e2_e8, 150),
    bar_mark: rgba(0x00_00_00, 90),
};

/// A colour written as `0xrr_gg_bb`.
#[must_use]
pub const fn rgb(hex: u32) -> Color32 {
    let [_, red, green, blue] = hex.to_be_bytes();
    Color32::from_rgb(red, green, blue)
}

/// A colour written as `0xrr_gg_bb` with `alpha` of 255.
#[must_use]
pub const fn rgba(hex: u32, alpha: u8) -> Color32 {
    let [_, red, green, blue] = hex.to_be_bytes();
    Color32::from_rgba_unmultiplied_const(red, green, blue, alpha)
}

/// `over` mixed into `under`: 0 gives `under`, 1 gives `over`. Both opaque.
#[must_use]
pub fn mix(under: Color32, over: Color32, share: f32) -> Color32 {
    let share = share.clamp(0.0, 1.0);
    let channel = |a: u8, b: u8| (f32::from(a) + (f32::from(b) - f32::from(a)) * share).round() as u8;
    Color32::from_rgb(channel(under.r(), over.r()), channel(under.g(), over.g()), channel(under.b(), over.b()))
}

/// `color` with its opacity scaled by `share`.
#[must_use]
pub fn faded(color: Color32, share: f32) -> Color32 {
    color.gamma_multiply(share.clamp(0.0, 1.0))
}

/// `color` as it looks where a search dims everything that it did not find.
#[must_use]
pub fn dimmed(color: Color32, theme: &Theme) -> Color32 {
    mix(theme.canvas, color, 0.26)
}

/// Relative luminance of an opaque colour (WCAG 2.2).
#[must_use]
pub fn luminance(color: Color32) -> f32 {
    let linear = |channel: u8| {
        let value = f32::from(channel) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
}

/// Contrast ratio of two opaque colours, 1 to 21 (WCAG 2.2).
#[must_use]
pub fn contrast(a: Color32, b: Color32) -> f32 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

/// Near black or near white, whichever reads better on `ground`.
#[must_use]
pub fn text_on(ground: Color32) -> Color32 {
    let (dark, light) = (rgb(0x0d_0f_12), rgb(0xff_ff_ff));
    let best = if contrast(ground, dark) >= contrast(ground, light) { dark } else { light };
    // On a middle grey only pure black reaches 4.5.
    if contrast(ground, best) >= 4.5 { best } else { rgb(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_matches_published_values() {
        // Reference values of the WCAG definition: black on white 21, #777777 on white 4.48.
        assert!((contrast(rgb(0), rgb(0xff_ff_ff)) - 21.0).abs() < 0.01);
        assert!((contrast(rgb(0x77_77_77), rgb(0xff_ff_ff)) - 4.48).abs() < 0.01);
    }

    #[test]
    fn text_is_readable_on_every_ground_in_both_themes() {
        for theme in [&DARK, &LIGHT] {
            for ground in [theme.canvas, theme.panel, theme.bar, theme.control, theme.lane_tint] {
                for (name, text, least) in [
                    ("text", theme.text, 7.0),
                    ("dim", theme.text_dim, 4.5),
                    ("faint", theme.text_faint, 4.5),
                    ("warning", theme.warning, 4.5),
                    ("clock", theme.clock, 4.5),
                    ("pattern", theme.pattern, 4.5),
                    ("error", theme.error, 4.5),
                ] {
                    let found = contrast(ground, text);
                    assert!(found >= least, "{} {name} on {ground:?}: {found:.2}", theme.kind);
                }
            }
            assert!(contrast(theme.canvas, theme.hit) >= 4.5, "{}", theme.kind);
            assert!(contrast(theme.accent, theme.on_accent) >= 4.5, "{}", theme.kind);
            // Lines that say something: focus, the selected segment, the edge of a measured range (WCAG 1.4.11).
            assert!(contrast(theme.accent, theme.canvas) >= 3.0, "{}", theme.kind);
            for text in [theme.text, theme.error] {
                assert!(contrast(text, theme.error_ground) >= 4.5, "{} on the ground of errors", theme.kind);
            }
            assert!(contrast(theme.error, theme.on_error) >= 4.5, "{}", theme.kind);
        }
    }
}
