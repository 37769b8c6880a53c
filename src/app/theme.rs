//! Colours and fonts of the scene, given to egui: panels and canvas look like one program.

use std::sync::Arc;

use egui::epaint::Shadow;
use egui::{
    Color32, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Stroke, Style, TextStyle, vec2,
};

use crate::scene::text::Font;
use crate::scene::theme::{Theme, ThemeKind, mix};

/// Name of the semibold family, for headings.
pub const BOLD: &str = "bold";

/// The font of a heading or a key figure.
#[must_use]
pub fn bold(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(BOLD.into()))
}

/// The bundled fonts under the names that egui and the painter use.
#[must_use]
pub fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::empty();
    for (name, font) in [("regular", Font::Regular), ("semibold", Font::Bold), ("mono", Font::Mono)] {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(font.bytes())));
    }
    // Each family falls back to the others: JetBrains Mono has signs that Inter lacks. What all of them
    // lack comes from the system (CJK, emoji).
    let families = [
        (FontFamily::Proportional, ["regular", "mono"]),
        (FontFamily::Monospace, ["mono", "regular"]),
        (FontFamily::Name(BOLD.into()), ["semibold", "mono"]),
    ];
    for (family, names) in families {
        fonts.families.insert(family, names.map(str::to_owned).to_vec());
    }
    fonts
}

/// Text sizes in points before scaling.
pub mod size {
    /// Explanations, chips.
    pub const SMALL: f32 = 11.0;
    /// Most text.
    pub const BODY: f32 = 12.5;
    /// Titles of panels.
    pub const TITLE: f32 = 14.0;
    /// The heading of the empty state.
    pub const HEADING: f32 = 22.0;
}

/// The egui style of a theme at a text scale.
#[must_use]
pub fn style(kind: ThemeKind, text_scale: f32) -> Style {
    let theme = kind.theme();
    let mut style = Style { animation_time: 0.08, ..Style::default() };
    let sized = |size: f32, family: FontFamily| FontId::new(size * text_scale, family);
    style.text_styles = [
        (TextStyle::Small, sized(size::SMALL, FontFamily::Proportional)),
        (TextStyle::Body, sized(size::BODY, FontFamily::Proportional)),
        (TextStyle::Button, sized(size::BODY, FontFamily::Proportional)),
        (TextStyle::Monospace, sized(size::BODY - 1.8, FontFamily::Monospace)),
        (TextStyle::Heading, sized(size::TITLE, FontFamily::Name(BOLD.into()))),
    ]
    .into();
    style.spacing.item_spacing = vec2(8.0, 4.0);
    style.spacing.button_padding = vec2(9.0, 3.0);
    style.spacing.interact_size = vec2(28.0, 22.0) * text_scale;
    style.spacing.icon_width *= text_scale;
    style.spacing.icon_width_inner *= text_scale;
    style.spacing.menu_margin = Margin::same(6);
    style.spacing.tooltip_width = 380.0 * text_scale;
    style.spacing.scroll = egui::style::ScrollStyle::thin();
    style.interaction.selectable_labels = false;
    style.visuals = visuals(theme);
    style
}

fn visuals(theme: &Theme) -> egui::Visuals {
    let mut visuals = match theme.kind {
        ThemeKind::Dark => egui::Visuals::dark(),
        ThemeKind::Light => egui::Visuals::light(),
    };
    visuals.override_text_color = None;
    visuals.weak_text_color = Some(theme.text_dim);
    visuals.panel_fill = theme.panel;
    visuals.window_fill = theme.panel;
    visuals.window_stroke = Stroke::new(1.0, theme.control_line);
    visuals.faint_bg_color = mix(theme.panel, theme.control, 0.5);
    visuals.extreme_bg_color = theme.canvas;
    visuals.text_edit_bg_color = Some(theme.canvas);
    visuals.code_bg_color = theme.control;
    visuals.hyperlink_color = link_color(theme);
    visuals.warn_fg_color = theme.warning;
    visuals.error_fg_color = theme.error;
    visuals.selection.bg_fill = theme.accent;
    visuals.selection.stroke = Stroke::new(1.0, theme.on_accent);
    let radius = CornerRadius::same(4);
    visuals.menu_corner_radius = CornerRadius::same(6);
    visuals.window_corner_radius = CornerRadius::same(8);
    let shadow = Shadow { offset: [0, 4], blur: 16, spread: 0, color: Color32::from_black_alpha(90) };
    visuals.popup_shadow = shadow;
    visuals.window_shadow = shadow;
    visuals.interact_cursor = None;
    let widgets = &mut visuals.widgets;
    for (widget, fill, line, text) in [
        (&mut widgets.noninteractive, theme.panel, theme.line, theme.text),
        (&mut widgets.inactive, theme.control, theme.control_line, theme.text),
        (&mut widgets.hovered, theme.control_hover, mix(theme.control_line, theme.text, 0.35), theme.text),
        (&mut widgets.active, mix(theme.control_hover, theme.accent, 0.35), theme.accent, theme.text),
        (&mut widgets.open, theme.control_hover, theme.control_line, theme.text),
    ] {
        widget.bg_fill = fill;
        widget.weak_bg_fill = fill;
        widget.bg_stroke = Stroke::new(1.0, line);
        widget.fg_stroke = Stroke::new(1.0, text);
        widget.corner_radius = radius;
        widget.expansion = 0.0;
    }
    visuals
}

/// Links: the accent, light enough to read on a panel.
#[must_use]
pub fn link_color(theme: &Theme) -> Color32 {
    match theme.kind {
        ThemeKind::Dark => mix(theme.accent, Color32::WHITE, 0.35),
        ThemeKind::Light => theme.accent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::theme::contrast;

    #[test]
    fn text_of_every_widget_state_is_readable() {
        for kind in [ThemeKind::Dark, ThemeKind::Light] {
            let style = style(kind, 1.0);
            let visuals = &style.visuals;
            let widgets = &visuals.widgets;
            for widget in [&widgets.noninteractive, &widgets.inactive, &widgets.hovered, &widgets.active, &widgets.open]
            {
                assert!(contrast(widget.fg_stroke.color, widget.weak_bg_fill) >= 4.5, "{kind}: {widget:?}");
            }
            assert!(contrast(visuals.hyperlink_color, visuals.panel_fill) >= 4.5, "{kind}");
            assert!(contrast(visuals.selection.stroke.color, visuals.selection.bg_fill) >= 4.5, "{kind}");
        }
    }

    #[test]
    fn text_scale_scales_every_text_style() {
        let (normal, large) = (style(ThemeKind::Dark, 1.0), style(ThemeKind::Dark, 1.5));
        for (name, font) in &normal.text_styles {
            let scaled = &large.text_styles[name];
            assert!((scaled.size - font.size * 1.5).abs() < 1e-3, "{name:?}");
        }
    }
}
