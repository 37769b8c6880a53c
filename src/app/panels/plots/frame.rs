//! What all plots share: their place below the timeline, axes, gestures, points for mouse and keyboard.

use std::sync::Arc;

use egui::{
    Color32, EventFilter, FontId, Key, PointerButton, Rangef, Rect, Role, Sense, Stroke, TextStyle, Ui, UiBuilder,
    WidgetInfo, pos2,
};
use egui_plot::{AxisHints, GridInput, GridMark, MarkerShape, Plot, PlotResponse, PlotUi, Points};

use super::super::super::command::{Command, Queue};
use super::super::super::plots::PlotCommand;
use super::super::super::plots::series::Window;
use super::super::super::state::State;
use crate::analysis::clocks::Evidence;
use crate::arrange::Axis;
use crate::model::time::duration_text;
use crate::scene::ruler::{self, Asked};
use crate::scene::{RulerMode, Theme, TimeRange, TimeScale, canvas_scale};

/// Room for the numbers at the left of a plot, in points of normal text.
const AXIS: f32 = 66.0;
/// Points nearer to the pointer than this count as under it.
const REACH: f32 = 9.0;
/// Least distance of two numbers on the vertical axis, in points of normal text.
const NUMBER_GAP: f32 = 30.0;

/// The parts of a tab: words at the left, below the lane heads; plots at the right, below the bars.
#[derive(Clone, Debug)]
pub struct Place {
    /// Words.
    pub words: Rect,
    /// Plots with the numbers at their left.
    pub plots: Rect,
    /// Where times are, as on the timeline.
    pub scale: TimeScale,
}

impl Place {
    /// Divides the rest of `ui`.
    pub fn of(ui: &Ui, state: &State) -> Self {
        let area = ui.available_rect_before_wrap();
        let view = &state.session.view;
        // The panel has a margin of its own at the left; the canvas has none.
        let left = area.left() - f32::from(super::super::drawer::MARGIN);
        let own = canvas_scale(view);
        let scale = TimeScale::on(view.axis(), view.time, left + own.left, left + own.right);
        let axis = AXIS * state.settings.text_scale;
        let split = (scale.left - axis).clamp(area.left(), area.right());
        let words = Rect::from_min_max(area.min, pos2((split - 8.0).max(area.left()), area.bottom()));
        Self { words, plots: Rect::from_min_max(pos2(split, area.top()), area.max), scale }
    }

    /// The time that the plots show, with their columns.
    pub fn window(&self, state: &State) -> Window {
        Window::on(self.scale.axis(), self.time(state), columns(self.plots))
    }

    /// The time that the plots show.
    pub fn time(&self, state: &State) -> TimeRange {
        let left = self.plots.left() + AXIS * state.settings.text_scale;
        let (from_ns, to_ns) = (self.scale.time_from_screen(left), self.scale.time_from_screen(self.plots.right()));
        TimeRange { from_ns, to_ns: to_ns.max(from_ns.saturating_add(1)) }
    }
}

/// How many columns a plot of this width is thought to have.
pub fn columns(rect: Rect) -> usize {
    (rect.width() / 1.5).clamp(16.0, 4_000.0) as usize
}

/// A value on an axis as text.
pub type Words = Arc<dyn Fn(f64) -> String>;

/// Nanoseconds on an axis.
pub fn ns_words() -> Words {
    Arc::new(|value| if value.abs() < 0.5 { "0".to_owned() } else { duration_text(value as i64) })
}

/// Shares on an axis, which may reach above all of it to leave room for words.
pub fn share_words() -> Words {
    Arc::new(|value| {
        if value > 1.0 + 1e-6 {
            return String::new();
        }
        let percent = value * 100.0;
        if (percent - percent.round()).abs() < 1e-6 { format!("{percent:.0} %") } else { format!("{percent:.2} %") }
    })
}

/// A plot over time.
pub struct TimePlot<'a> {
    /// Tells it from others.
    pub id: &'static str,
    /// What a screen reader hears: name and numbers.
    pub summary: String,
    /// The ends of the vertical axis.
    pub height: (f64, f64),
    /// The numbers of the vertical axis; `None` = none.
    pub numbers: Option<Words>,
    /// Where times are on the screen; `None` = the visible time over the whole width.
    pub scale: Option<TimeScale>,
    /// Times below the plot.
    pub has_times: bool,
    /// The state of the window.
    pub state: &'a State,
}

/// Times of a plot: nanoseconds on the axis since the left edge of the view, in which `f64` is exact at every zoom.
#[derive(Clone, Debug)]
pub struct Origin {
    axis: Axis,
    place_ns: i64,
}

impl Origin {
    /// That of the view.
    pub fn of(state: &State) -> Self {
        let view = &state.session.view;
        Self { axis: view.axis().clone(), place_ns: view.axis().place_ns(view.time.from_ns) }
    }

    /// Where a time is in the plot.
    pub fn x(&self, at_ns: i64) -> f64 {
        self.axis.place_ns(at_ns).saturating_sub(self.place_ns) as f64
    }

    /// The time at a place in the plot.
    pub fn time_ns(&self, x: f64) -> i64 {
        self.axis.time_ns(self.place_ns.saturating_add(x.round() as i64))
    }
}

/// A point that can be hovered, clicked and reached with arrow keys.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    /// What it stands for, by position in what the tab shows.
    pub at: usize,
    /// Where in the plot.
    pub x: f64,
    /// Where in the plot.
    pub y: f64,
}

/// What was done to a plot.
#[derive(Clone, Copy, Debug, Default)]
pub struct Done {
    /// The mark under the pointer.
    pub hovered: Option<usize>,
    /// The mark that was clicked, or that Enter was pressed on.
    pub activated: Option<usize>,
    /// Ctrl+C.
    pub is_copied: bool,
    /// Where the plot was drawn.
    pub rect: Option<Rect>,
}

impl TimePlot<'_> {
    /// Draws the plot into `rect`: `draw` adds what is in it, `marks` can be picked.
    pub fn ui<'p>(
        &self,
        ui: &mut Ui,
        rect: Rect,
        marks: &[Mark],
        draw: impl FnOnce(&mut PlotUi<'p>) + 'p,
        queue: &mut Queue,
    ) -> Done {
        let view = &self.state.session.view;
        let origin = Origin::of(self.state);
        let (scale, length) = (self.scale.clone(), origin.x(view.time.to_ns).max(1.0));
        let height = self.height;
        let plot = self.plot(rect);
        let shown: PlotResponse<()> = inside(ui, rect, self.id, |ui| {
            plot.show(ui, move |plot| {
                let place = plot.response().rect;
                let x = |at: f32| Some(f64::from(at - scale.as_ref()?.left) / scale.as_ref()?.points_per_ns());
                let (from, to) = (x(place.left()).unwrap_or(0.0), x(place.right()).unwrap_or(length));
                plot.set_plot_bounds_x(from..=to.max(from + 1.0));
                plot.set_plot_bounds_y(height.0..=height.1);
                draw(plot);
            })
        });
        let points_per_ns = shown.transform.dpos_dvalue_x();
        time_gestures(ui, &shown, &origin, points_per_ns, queue);
        picked(ui, self.state, &shown, marks, &self.summary, queue)
    }

    fn plot<'p>(&self, rect: Rect) -> Plot<'p> {
        let state = self.state;
        let theme = state.theme().theme();
        let view = &state.session.view;
        let scale = self.scale.clone().unwrap_or_else(|| {
            let left = rect.left() + AXIS * state.settings.text_scale;
            TimeScale::on(view.axis(), view.time, left, rect.right())
        });
        let origin = Origin::of(state);
        let size = 10.5 * state.settings.text_scale;
        let zero_ns = state.arranged.hull_ns.start;
        let ruler = ruler::ruler(&Asked {
            time: view.time,
            scale: &scale,
            origin_ns: zero_ns,
            mode: view.ruler,
            size,
            taken: Vec::new(),
        });
        let step = ruler.step_ns as f64;
        let labelled = ruler.ticks.into_iter().filter(|tick| !tick.label.is_empty());
        let ticks: Arc<Vec<(f64, String)>> =
            Arc::new(labelled.map(|tick| (origin.x(tick.time_ns), tick.label)).collect());
        let marks = Arc::clone(&ticks);
        let label = move |mark: GridMark, _: &_| {
            let near = ticks.iter().find(|(x, _)| (x - mark.value).abs() < 0.5);
            near.map(|(_, label)| label.clone()).unwrap_or_default()
        };
        plain(self.id, theme, state.settings.text_scale, self.numbers.clone())
            .custom_x_axes(vec![
                axis(AxisHints::new_x(), theme, size).formatter(label).label_spacing(Rangef::new(4.0, 5.0)),
            ])
            .show_axes([self.has_times, self.numbers.is_some()])
            .x_grid_spacer(move |_| marks.iter().map(|&(value, _)| GridMark { value, step_size: step }).collect())
    }

    /// Which times the plots show, and how to count from.
    pub fn time_words(state: &State) -> String {
        let data = state.data.as_ref();
        let reference = state.known().and_then(|known| known.model.reference()).map(|reference| reference.domain);
        let name = reference.and_then(|domain| data?.domains.list.get(domain.at())).map(|domain| domain.name.clone());
        let whose = match name {
            Some(name) if state.arranged.is_frame() => format!("time of {name}"),
            _ => "raw times".to_owned(),
        };
        let from = if state.session.view.ruler == RulerMode::Relative { "since the start" } else { "UTC" };
        format!("{whose}, {from}")
    }
}

fn axis<'p>(hints: AxisHints<'p>, theme: &Theme, size: f32) -> AxisHints<'p> {
    hints.tick_label_color(theme.text_dim).tick_label_font(FontId::monospace(size))
}

/// A plot that moves only as it is told to.
pub fn plain<'p>(id: &'static str, theme: &Theme, scale: f32, numbers: Option<Words>) -> Plot<'p> {
    let gap = f64::from(NUMBER_GAP * scale);
    let words = numbers.unwrap_or_else(|| Arc::new(|_| String::new()));
    let y_axis = axis(AxisHints::new_y(), theme, 10.5 * scale)
        .formatter(move |mark, _| words(mark.value))
        .min_thickness(AXIS * scale)
        .label_spacing(Rangef::new(14.0, 15.0));
    Plot::new(id)
        .custom_y_axes(vec![y_axis])
        .y_grid_spacer(move |input| even_marks(&input, gap))
        .allow_drag(false)
        .allow_zoom(false)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_axis_zoom_drag(false)
        .allow_double_click_reset(false)
        .show_x(false)
        .show_y(false)
        .grid_color(theme.text_faint.gamma_multiply(0.22))
        .grid_fade(0.0)
        .min_size(egui::vec2(40.0, 24.0))
        .sense(Sense::click_and_drag())
}

/// Marks at 1, 2 or 5 times a power of ten, at least `gap` points apart.
pub fn even_marks(input: &GridInput, gap: f64) -> Vec<GridMark> {
    const MOST: usize = 200;
    // `base_step_size` is what eight points stand for.
    let wanted = (input.base_step_size / 8.0 * gap).max(f64::MIN_POSITIVE);
    let power = 10_f64.powf(wanted.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|digit| digit * power).into_iter().find(|&step| step >= wanted);
    let step = step.filter(|step| step.is_finite() && *step > 0.0).unwrap_or(1.0);
    let first = (input.bounds.0 / step).ceil();
    let count = ((input.bounds.1 / step).floor() - first + 1.0).clamp(0.0, MOST as f64) as usize;
    (0..count).map(|at| GridMark { value: (first + at as f64) * step, step_size: step }).collect()
}

/// Drag and wheel move the timeline, as they do on the timeline itself.
fn time_gestures(ui: &Ui, shown: &PlotResponse<()>, origin: &Origin, points_per_ns: f64, queue: &mut Queue) {
    let response = &shown.response;
    let ns = |points: f32| (f64::from(points) / points_per_ns).round() as i64;
    let is_dragged = response.dragged_by(PointerButton::Primary) || response.dragged_by(PointerButton::Middle);
    if is_dragged && response.drag_delta().x != 0.0 {
        queue.push(Command::PanBy(-ns(response.drag_delta().x)));
    }
    if response.drag_stopped() {
        queue.push(Command::EndInteraction);
    }
    if response.double_clicked() {
        queue.push(Command::WholeTrace);
    }
    if let Some(pos) = response.hover_pos() {
        let (scroll, zoom) = ui.input(|input| (input.smooth_scroll_delta, input.zoom_delta()));
        if zoom != 1.0 {
            let at_ns = origin.time_ns(shown.transform.value_from_position(pos).x);
            queue.push(Command::ZoomAbout { at_ns, factor: f64::from(zoom) });
        } else if scroll.x != 0.0 {
            queue.push(Command::PanBy(-ns(scroll.x)));
        }
    }
    if is_dragged {
        ui.ctx().set_cursor_icon(egui::CursorIcon::Grabbing);
    }
}

/// Names the plot, finds what the pointer is on, moves through the marks with the arrow keys.
pub fn picked(
    ui: &Ui,
    state: &State,
    shown: &PlotResponse<()>,
    marks: &[Mark],
    summary: &str,
    queue: &mut Queue,
) -> Done {
    let theme = state.theme().theme();
    let response = &shown.response;
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, summary));
    let place = |mark: &Mark| shown.transform.position_from_point(&egui_plot::PlotPoint::new(mark.x, mark.y));
    let current = state.session.plots.point;
    let mut done = Done { rect: Some(*shown.transform.frame()), ..Done::default() };
    let painter = ui.painter().with_clip_rect(*shown.transform.frame());
    let ring = |mark: &Mark, color: Color32| {
        painter.circle_stroke(place(mark), 7.0, Stroke::new(1.5, color));
    };
    if let Some(pos) = response.hover_pos() {
        painter.vline(
            pos.x.round() + 0.5,
            shown.transform.frame().y_range(),
            (1.0, theme.text_faint.gamma_multiply(0.5)),
        );
        let near = marks.iter().map(|mark| (place(mark).distance(pos), mark));
        let nearest = near.filter(|(distance, _)| *distance <= REACH).min_by(|a, b| a.0.total_cmp(&b.0));
        if let Some((_, mark)) = nearest {
            done.hovered = Some(mark.at);
            ring(mark, theme.text);
            ui.ctx().set_cursor_icon(egui::CursorIcon::PointingHand);
        }
    }
    if response.clicked() {
        response.request_focus();
        done.activated = done.hovered;
        if current != done.hovered {
            queue.push(Command::Plots(PlotCommand::Point(done.hovered)));
        }
    }
    if let Some(mark) = current.and_then(|at| marks.iter().find(|mark| mark.at == at)) {
        ring(mark, theme.accent);
    }
    if response.has_focus() {
        let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        keys(ui, marks, current, &mut done, queue);
    }
    done
}

fn keys(ui: &Ui, marks: &[Mark], current: Option<usize>, done: &mut Done, queue: &mut Queue) {
    let here = current.and_then(|at| marks.iter().position(|mark| mark.at == at));
    let last = marks.len().checked_sub(1);
    for event in ui.input(|input| input.events.clone()) {
        let step = match event {
            egui::Event::Copy => {
                done.is_copied = true;
                continue;
            }
            egui::Event::Key { key, pressed: true, modifiers, .. } if !modifiers.any() => match key {
                Key::ArrowRight => here.map_or(last.map(|_| 0), |here| Some((here + 1).min(last.unwrap_or(0)))),
                Key::ArrowLeft => here.map_or(last, |here| Some(here.saturating_sub(1))),
                Key::Home => last.map(|_| 0),
                Key::End => last,
                Key::Enter => {
                    done.activated = current;
                    continue;
                }
                _ => continue,
            },
            _ => continue,
        };
        if let Some(mark) = step.and_then(|step| marks.get(step)) {
            queue.push(Command::Plots(PlotCommand::Point(Some(mark.at))));
        }
    }
}

/// The shape that stands for how sure a message is: told apart without colour.
pub const fn shape_of(strength: Evidence) -> MarkerShape {
    match strength {
        Evidence::Protocol => MarkerShape::Circle,
        Evidence::Convention => MarkerShape::Diamond,
        Evidence::Prior => MarkerShape::Square,
    }
}

/// Points of one look.
pub fn points<'p>(name: &str, places: Vec<[f64; 2]>, shape: MarkerShape, color: Color32, filled: bool) -> Points<'p> {
    Points::new(name, places).shape(shape).color(color).filled(filled).radius(3.4)
}

/// Draws into `rect` and nowhere else, whatever the contents need: the drawer keeps its height.
pub fn inside<R>(ui: &mut Ui, rect: Rect, id: &'static str, contents: impl FnOnce(&mut Ui) -> R) -> R {
    let builder = UiBuilder::new().scope_id(egui::Id::unique(("plots", id))).max_rect(rect);
    let mut child = ui.new_child(builder);
    child.set_clip_rect(rect.expand(3.0).intersect(ui.clip_rect()));
    contents(&mut child)
}

/// A card beside the pointer, about what it points at.
pub fn pointer_card_ui(ui: &Ui, contents: impl FnOnce(&mut Ui)) {
    let id = egui::Id::unique("plot-card");
    egui::Tooltip::always_open(ui.ctx().clone(), ui.layer_id(), id, egui::PopupAnchor::Pointer)
        .gap(14.0)
        .show(contents);
}

/// What the plot is about in its upper left corner, and which times it shows in the upper right one, or below where both
/// do not fit side by side.
pub fn captions_ui(ui: &Ui, rect: Rect, state: &State, what: &str, times: &str) {
    const MARGIN: f32 = 8.0;
    let theme = state.theme().theme();
    let font = FontId::proportional(10.5 * state.settings.text_scale);
    let painter = ui.painter().with_clip_rect(rect);
    let room = rect.width() - 2.0 * MARGIN;
    let laid_out = |text: &str, color: Color32| {
        let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font.clone(), color);
        job.wrap = egui::text::TextWrapping::truncate_at_width(room.max(1.0));
        painter.layout_job(job)
    };
    let write = |galley: Arc<egui::Galley>, at: egui::Pos2, color: Color32| {
        let place = Rect::from_min_size(at, galley.size());
        painter.rect_filled(place.expand2(egui::vec2(3.0, 0.0)), 2.0, theme.canvas.gamma_multiply(0.85));
        painter.galley(place.min, galley, color);
    };
    let (what, times) = (laid_out(what, theme.text_dim), laid_out(times, theme.text_faint));
    let [left, right] = [what.size(), times.size()];
    let is_below = left.x > 0.0 && left.x + right.x + MARGIN > room;
    let down = if is_below { left.y + 1.0 } else { 0.0 };
    if left.x > 0.0 {
        write(what, rect.left_top() + egui::vec2(MARGIN, 4.0), theme.text_dim);
    }
    if right.x > 0.0 {
        write(times, rect.right_top() + egui::vec2(-MARGIN - right.x, 4.0 + down), theme.text_faint);
    }
}

/// A few words into the middle of an area: why there is nothing to plot.
pub fn nothing_ui(ui: &mut Ui, rect: Rect, state: &State, words: &str) {
    let theme = state.theme().theme();
    ui.painter().rect_filled(rect, 3.0, theme.canvas);
    inside(ui, rect.shrink(12.0), "nothing", |ui| {
        ui.add_space((ui.available_height() / 2.0 - 20.0).max(0.0));
        ui.vertical_centered(|ui| {
            ui.label(egui::RichText::new(words).text_style(TextStyle::Body).color(theme.text_dim));
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_on_the_axis_are_round_and_apart() {
        for (low, high, points) in [(-3.0, 8.0, 200.0), (1e9, 1.3e9, 150.0), (0.0, 1.0, 90.0), (-5e17, 7e18, 400.0)] {
            let input = GridInput { bounds: (low, high), base_step_size: (high - low) / points * 8.0 };
            let marks = even_marks(&input, 30.0);
            assert!(!marks.is_empty() && marks.len() as f64 <= points / 30.0 + 2.0, "{low} {high}: {marks:?}");
            assert!(marks.iter().all(|mark| (low..=high).contains(&mark.value)), "{marks:?}");
            let digits = format!("{:e}", marks[0].step_size);
            assert!(["1e", "2e", "5e"].iter().any(|start| digits.starts_with(start)), "{digits}");
        }
        for bounds in [(0.0, 0.0), (f64::NAN, 1.0), (f64::NEG_INFINITY, f64::INFINITY)] {
            assert!(even_marks(&GridInput { bounds, base_step_size: f64::NAN }, 30.0).len() <= 200);
        }
    }
}
