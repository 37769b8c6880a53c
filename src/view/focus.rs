//! Where the keyboard is: the parts of the window, the ring around the focused widget, Alt alone.
//!
//! Nothing of this is state of the program: like the pointer, it is how hands get to a widget.

use egui::{Context, Event, Id, Key, LayerId, Modifiers, Order, Rect, Stroke, StrokeKind};

use crate::app::command::Category;
use crate::scene::Theme;

/// A part of the window that F6 goes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Region {
    /// The menu bar.
    Menu,
    /// The tool bar.
    Toolbar,
    /// Bars that ask or report something.
    Notices,
    /// The timeline, or the empty state.
    Canvas,
    /// The panels at the right.
    Side,
    /// The drawer at the bottom.
    Drawer,
    /// The status bar.
    Status,
}

/// The order in which F6 goes through the parts.
const ORDER: [Region; 7] =
    [Region::Menu, Region::Toolbar, Region::Notices, Region::Canvas, Region::Side, Region::Drawer, Region::Status];

/// Where the keyboard is to go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Go {
    /// To the next part that has something to focus.
    Next,
    /// To the one before.
    Previous,
    /// To this part.
    To(Region),
    /// Into an open menu.
    Open(Category),
}

/// What has the keyboard.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Held {
    /// Anything at all.
    pub is_any: bool,
    /// The part of the window that it is in.
    pub region: Option<Region>,
    /// A text field.
    pub is_text: bool,
}

/// Remembers between frames where the parts are.
#[derive(Default)]
pub struct Focus {
    regions: Vec<(Region, Rect)>,
    open_menu: Option<Category>,
    /// What had the keyboard when the last frame was done: what keys are aimed at. egui takes the focus away at
    /// Esc before anything else sees the key.
    held: Held,
    /// The keyboard moved the focus last, so the ring is shown.
    is_by_keyboard: bool,
    alt: AltAlone,
}

impl Focus {
    /// Before the frame is drawn: says whether Alt was pressed alone.
    pub fn begin(&mut self, ctx: &Context) -> bool {
        ctx.input(|input| {
            for event in &input.raw.events {
                match event {
                    Event::PointerButton { pressed: true, .. } => self.is_by_keyboard = false,
                    Event::Key { pressed: true, key, .. } if moves_focus(*key) => self.is_by_keyboard = true,
                    Event::AccessKitActionRequest(_) => self.is_by_keyboard = true,
                    _ => {}
                }
            }
            self.alt.was_tapped(input.modifiers, input.focused, &input.raw.events)
        })
    }

    /// Starts collecting the parts of a new frame.
    pub fn clear(&mut self) {
        self.regions.clear();
    }

    /// A part of the window is here.
    pub fn add(&mut self, region: Region, rect: Rect) {
        self.regions.push((region, rect));
    }

    /// The menu that is to open, once.
    pub fn take_menu(&mut self, category: Category) -> bool {
        let is_wanted = self.open_menu == Some(category);
        if is_wanted {
            self.open_menu = None;
        }
        is_wanted
    }

    /// Moves the keyboard.
    pub fn go(&mut self, ctx: &Context, go: Go) {
        self.is_by_keyboard = true;
        let at = self.current(ctx).and_then(|region| ORDER.iter().position(|other| *other == region));
        let len = ORDER.len();
        let order: Vec<Region> = match go {
            Go::Next => (1..=len).map(|step| ORDER[(at.unwrap_or(len - 1) + step) % len]).collect(),
            Go::Previous => (1..=len).map(|step| ORDER[(at.unwrap_or(0) + len - step) % len]).collect(),
            Go::To(region) => vec![region],
            Go::Open(category) => {
                self.open_menu = Some(category);
                vec![Region::Menu]
            }
        };
        let wanted = order.into_iter().find_map(|region| self.first_in(ctx, region));
        ctx.memory_mut(|memory| match (wanted, memory.focused()) {
            (Some(id), _) => memory.request_focus(id),
            (None, Some(id)) => memory.surrender_focus(id),
            (None, None) => {}
        });
        ctx.request_repaint();
    }

    /// The part that has the keyboard.
    fn current(&self, ctx: &Context) -> Option<Region> {
        let focused = ctx.memory(egui::Memory::focused)?;
        let place = place_of(ctx, focused)?.center();
        self.regions.iter().find(|(_, rect)| rect.contains(place)).map(|(region, _)| *region)
    }

    fn first_in(&self, ctx: &Context, region: Region) -> Option<Id> {
        let rects: Vec<Rect> =
            self.regions.iter().filter(|(other, _)| *other == region).map(|(_, rect)| *rect).collect();
        ctx.viewport(|viewport| {
            [&viewport.this_pass, &viewport.prev_pass].into_iter().find_map(|pass| {
                let mut widgets = pass.widgets.get_layer(LayerId::background());
                let found = widgets.find(|widget| {
                    let is_inside = |rect: &Rect| rect.shrink(2.0).contains(widget.interact_rect.center());
                    widget.enabled && widget.sense.is_focusable() && rects.iter().any(is_inside)
                });
                found.map(|widget| widget.id)
            })
        })
    }

    /// What had the keyboard when the last frame was done.
    #[must_use]
    pub const fn held(&self) -> Held {
        self.held
    }

    /// After everything is drawn: remembers what has the keyboard, and draws the ring around it.
    pub fn end(&mut self, ctx: &Context, theme: &Theme) {
        self.held = Held {
            is_any: ctx.memory(|memory| memory.focused().is_some()),
            region: self.current(ctx),
            is_text: ctx.text_edit_focused(),
        };
        let focused = ctx.memory(egui::Memory::focused).filter(|_| self.is_by_keyboard);
        let Some(place) = focused.and_then(|id| place_of(ctx, id)).filter(egui::Rect::is_positive) else { return };
        let painter = ctx.layer_painter(LayerId::new(Order::Tooltip, Id::unique("focus-ring")));
        let screen = ctx.content_rect().shrink(1.0);
        let ring = place.expand(2.0).intersect(screen);
        // Two tones: seen on any ground.
        painter.rect_stroke(ring, 4, Stroke::new(3.5, theme.canvas), StrokeKind::Middle);
        painter.rect_stroke(ring, 4, Stroke::new(2.0, crate::app::theme::link_color(theme)), StrokeKind::Middle);
    }
}

fn place_of(ctx: &Context, id: Id) -> Option<Rect> {
    ctx.viewport(|viewport| {
        let widget = viewport.this_pass.widgets.get(id).or_else(|| viewport.prev_pass.widgets.get(id))?;
        Some(widget.interact_rect)
    })
}

const fn moves_focus(key: Key) -> bool {
    matches!(
        key,
        Key::Tab | Key::F6 | Key::F10 | Key::ArrowLeft | Key::ArrowRight | Key::ArrowUp | Key::ArrowDown | Key::Enter
    )
}

/// Alt pressed and released with nothing in between.
#[derive(Clone, Copy, Debug, Default)]
struct AltAlone {
    was_down: bool,
    is_alone: bool,
}

impl AltAlone {
    fn was_tapped(&mut self, held: Modifiers, is_window_focused: bool, events: &[Event]) -> bool {
        let is_down = held.alt;
        let is_disturbed = !is_window_focused
            || held.ctrl
            || held.shift
            || held.command
            || events.iter().any(|event| {
                matches!(
                    event,
                    Event::Key { .. }
                        | Event::Text(_)
                        | Event::PointerButton { .. }
                        | Event::MouseWheel { .. }
                        | Event::WindowFocused(_)
                )
            });
        if is_down && !self.was_down {
            self.is_alone = true;
        }
        if is_disturbed {
            self.is_alone = false;
        }
        let was_tapped = self.was_down && !is_down && self.is_alone;
        self.was_down = is_down;
        was_tapped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_alt_alone_counts() {
        let key =
            Event::Key { key: Key::F, physical_key: None, pressed: true, repeat: false, modifiers: Modifiers::ALT };
        let (none, alt) = (Modifiers::NONE, Modifiers::ALT);
        for (what, frames, expected) in [
            ("alone", vec![(alt, true, vec![]), (alt, true, vec![]), (none, true, vec![])], true),
            ("with a letter", vec![(alt, true, vec![]), (alt, true, vec![key]), (none, true, vec![])], false),
            ("Alt+Tab to another window", vec![(alt, true, vec![]), (none, false, vec![])], false),
            ("with Ctrl", vec![(alt | Modifiers::CTRL, true, vec![]), (none, true, vec![])], false),
            ("never pressed", vec![(none, true, vec![]), (none, true, vec![])], false),
        ] {
            let mut state = AltAlone::default();
            let tapped =
                frames.iter().filter(|(held, is_focused, events)| state.was_tapped(*held, *is_focused, events));
            assert_eq!(tapped.count() == 1, expected, "{what}");
        }
    }
}
