//! `skewline render INPUT... -o OUT`: the timeline as a picture.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;
use emath::Vec2;

use super::clock_args::ClockArgs;
use super::event_arg::find_event;
use super::limits::Limits;
use super::rule_args::RuleArgs;
use super::solver_args::SolverArgs;
use super::time_arg::TimeArg;
use super::{Exit, output, say_on_stderr};
use crate::analysis::clocks::Evidence;
use crate::analysis::clocks::domains::{self, Domains};
use crate::analysis::search::{Query, parse};
use crate::arrange::view_file::{SavedRange, ViewFile};
use crate::arrange::{CLOCK, ClockChoice, ColorBy, FoldBy, Folding, Plan, clock_lane_key, group_keys};
use crate::export::{picture, png, svg, views};
use crate::load::{Progress, Source, load};
use crate::model::TraceStore;
use crate::model::time::duration_text;
use crate::scene::view_state::notes_of;
use crate::scene::{RulerMode, ThemeKind, TimeRange, ViewState, lower};

/// What to draw, and where to.
#[derive(clap::Args, Debug)]
pub struct Args {
    /// Files, directories, or - for stdin; several form one workspace
    #[arg(value_name = "INPUT", required = true)]
    pub inputs: Vec<PathBuf>,
    /// The picture; .png or .svg
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Size in points; without it 1600 wide and as high as all lanes need, up to 4000. Below 480x360, text shrinks with it
    #[arg(long, value_name = "WxH", value_parser = parse_size)]
    pub size: Option<(u16, u16)>,
    /// Pixels per point (PNG)
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = parse_scale)]
    pub scale: f32,
    /// Begin here: since the first span (1.2s, 350ms), RFC 3339, or Unix nanoseconds
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    pub from: Option<TimeArg>,
    /// End here; the same forms as --from
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    pub to: Option<TimeArg>,
    /// dark or light
    #[arg(long, value_name = "THEME", default_value = "dark")]
    pub theme: ThemeKind,
    /// Label the ruler with the time of day (UTC) instead of the time since the first span
    #[arg(long)]
    pub absolute: bool,
    /// Keep the spans that match, dim all others; the language of the search field: 'dur>500ms -error'
    #[arg(long, value_name = "QUERY", allow_hyphen_values = true)]
    pub search: Option<String>,
    /// Whose time to show [default: raw, or as the saved view says]
    #[arg(long, value_enum, value_name = "CLOCK")]
    pub clock: Option<Axis>,
    /// How to analyse the clocks
    #[command(flatten)]
    pub clocks: ClockArgs,
    /// What the clock engine may assume
    #[command(flatten)]
    pub solver: SolverArgs,
    /// Size of text and rows, 1 = normal
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = parse_scale)]
    pub text_scale: f32,
    /// How to look at it: a view saved in the window (NAME.view.json); other options come on top
    #[arg(long, value_name = "FILE")]
    pub view: Option<PathBuf>,
    /// A lane for every value of this resource attribute, e.g. service.name; \"clock\" for every clock
    #[arg(long, value_name = "KEY")]
    pub group_by: Option<String>,
    /// Only these lanes, in this order: names, parts of names, or numbers from the top
    #[arg(long, value_name = "LANE,...", value_delimiter = ',')]
    pub lanes: Vec<String>,
    /// Fold the lanes: agent, phase, service, turn, retry, or attr:KEY
    #[arg(long, value_name = "BY")]
    pub fold: Option<FoldBy>,
    /// Fold across clocks: one lane for everything
    #[arg(long, requires = "fold")]
    pub across: bool,
    /// Show this conversation alone, by its id
    #[arg(long, value_name = "ID")]
    pub conversation: Option<String>,
    /// Draw long idle stretches shorter than they are, marked with their true length
    #[arg(long)]
    pub shorten_idle: bool,
    /// What colours mean: service, agent, phase or clock
    #[arg(long, value_name = "WHAT")]
    pub color: Option<ColorBy>,
    /// Draw what the end waited for: of the turn or trace of this span, or of the longest trace
    #[arg(long, value_name = "SPAN", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub critical_path: Option<String>,
    /// Which findings about AI conversations are looked for
    #[command(flatten)]
    pub rules: RuleArgs,
    /// Limits of what is read
    #[command(flatten)]
    pub limits: Limits,
}

/// Whose time a picture shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Axis {
    /// What each clock said
    Raw,
    /// The reference clock's, with whiskers for what causality allows
    Frame,
}

/// Width of a picture when nobody asked for one, in points.
const WIDTH: f32 = 1600.0;
/// Heights between which a picture without a given size is as high as its lanes.
const HEIGHTS: (f32, f32) = (280.0, 4000.0);

/// The size in points that a picture with text of normal size needs at least.
const LEAST_FOR_TEXT: (f32, f32) = (480.0, 360.0);

/// Draws the picture.
///
/// # Errors
/// When nothing could be read, or the picture could not be written.
#[expect(clippy::needless_pass_by_value, reason = "every command takes its arguments by value")]
pub fn run(args: Args) -> anyhow::Result<Exit> {
    let format = Format::of(&args.output)?;
    let mut saved = saved_view(&args)?;
    if let Some(search) = &args.search {
        saved.query.clone_from(search);
    }
    let query = query_of(&saved.query)?;
    let rules = args.rules.rulebook()?;
    let sources: Vec<Source> = args.inputs.iter().map(|input| Source::from_arg(input.as_os_str())).collect();
    let loaded = load(&sources, &args.limits.options(), &Progress::default())?;
    for failure in &loaded.failures {
        say_on_stderr(&format!("skewline: {}", failure.error));
    }
    check_key(&loaded.store, &saved.plan.group_by)?;
    let domains = domains::assign(&loaded.store);
    plan_clocks(&args, &loaded.store, &domains, &mut saved.plan)?;
    let mut timeline = picture::Timeline::arranged(&loaded.store, domains, &saved.plan, &rules);
    if let Some(known) = &timeline.arranged.known {
        args.solver.check(&loaded.store, known.uses())?;
    }
    for misfit in saved.misfits(&loaded.store, &timeline.arranged) {
        say_on_stderr(&format!("skewline: the saved view fits in part: {misfit}"));
    }
    timeline.mark(&loaded.store, &query, &saved.lanes);
    if let Some(of) = args.critical_path.as_deref() {
        let named = if of.is_empty() { None } else { Some(find_event(&loaded.store, &timeline.domains, of)?.span) };
        timeline.trace_critical(&loaded.store, named.or_else(|| saved.selected(&loaded.store).first().copied()));
    }
    let caption = picture::caption_of(&loaded.store, &loaded.origins, timeline.domains.list.len())?;
    let mut view = view(&args, &saved, &loaded.store, &timeline)?;
    view.size = args.size.map_or_else(
        || timeline.size_for(&loaded.store, &caption, &view, WIDTH, HEIGHTS.0, HEIGHTS.1),
        |(width, height)| Vec2::new(f32::from(width), f32::from(height)),
    );
    let drawn = lower(&timeline.scene(&loaded.store, &caption, &view));
    let about = picture::about(&caption);
    let bytes = match format {
        Format::Svg => svg::svg(&drawn, &about).into_bytes(),
        Format::Png => png::png(&drawn, &about, args.scale)?,
    };
    output::to_path(&args.output, |out| out.write_all(&bytes))?;
    Ok(Exit::Fine)
}

/// Reads the query of `--search`; the error shows the place.
fn query_of(text: &str) -> anyhow::Result<Query> {
    parse(text).map_err(|error| anyhow::anyhow!("--search cannot be read: {}", error.with_place(text)))
}

#[derive(Clone, Copy)]
enum Format {
    Png,
    Svg,
}

impl Format {
    fn of(path: &Path) -> anyhow::Result<Self> {
        let extension = path.extension().map(|ext| ext.to_string_lossy().to_ascii_lowercase());
        match extension.as_deref() {
            Some("png") => Ok(Self::Png),
            Some("svg") => Ok(Self::Svg),
            _ => bail!("{}: a picture is .png or .svg; name the output accordingly", path.display()),
        }
    }
}

/// The view to start from, with what the options ask for on top. Says what in the file is not understood.
/// What the command line says about clocks, on top of a saved view.
fn plan_clocks(args: &Args, store: &TraceStore, domains: &Domains, plan: &mut Plan) -> anyhow::Result<()> {
    plan.assumed = args.solver.on_top_of(std::mem::take(&mut plan.assumed), store, domains)?;
    let options = args.clocks.options(domains)?;
    match args.clock {
        Some(Axis::Raw) => plan.clock = ClockChoice::Raw,
        Some(Axis::Frame) => plan.clock = ClockChoice::Frame,
        None => {}
    }
    if options.level != Evidence::default() {
        plan.evidence = options.level;
    }
    if let Some(clock) = options.reference {
        plan.reference = clock_lane_key(domains, clock);
    }
    Ok(())
}

fn saved_view(args: &Args) -> anyhow::Result<ViewFile> {
    let mut saved = ViewFile::default();
    if let Some(path) = &args.view {
        let (read, notes) = views::read(path).map_err(anyhow::Error::msg)?;
        for note in notes {
            say_on_stderr(&format!("skewline: {}: {note}", path.display()));
        }
        saved = read;
    }
    if let Some(key) = &args.group_by {
        saved.plan = Plan { clock: saved.plan.clock, group_by: key.clone(), ..Plan::default() };
    }
    if let Some(by) = &args.fold {
        saved.plan.fold = Folding { by: Some(by.clone()), across: args.across, ..Folding::default() };
    }
    if args.conversation.is_some() {
        saved.plan.only.clone_from(&args.conversation);
    }
    saved.lanes.conversation.shorten_idle |= args.shorten_idle;
    Ok(saved)
}

/// A key that no resource has would make one lane of everything: that is a slip.
fn check_key(store: &TraceStore, key: &str) -> anyhow::Result<()> {
    let has_key = |key: &str| store.resources().iter().any(|resource| store.find_attr(&resource.attrs, key).is_some());
    if key == CLOCK || has_key(key) {
        return Ok(());
    }
    let keys: Vec<String> = group_keys(store, 2).into_iter().map(|split| split.key).collect();
    bail!("no resource has the attribute {key:?}; lanes can be grouped by {}", keys.join(", "))
}

fn view(args: &Args, saved: &ViewFile, store: &TraceStore, timeline: &picture::Timeline) -> anyhow::Result<ViewState> {
    let hull = &timeline.arranged.hull_ns;
    let mut view = ViewState {
        theme: args.theme,
        text_scale: args.text_scale,
        ruler: if args.absolute { RulerMode::Absolute } else { RulerMode::Relative },
        ..ViewState::default()
    };
    if let Some((width, height)) = args.size {
        // Otherwise header and ruler would leave nothing to the timeline.
        let most = (f32::from(width) / LEAST_FOR_TEXT.0).min(f32::from(height) / LEAST_FOR_TEXT.1);
        view.text_scale = view.text_scale.min(most);
    }
    view.lanes = Arc::new(saved.lanes.clone());
    view.plan = Arc::new(saved.plan.clone());
    view.course = Arc::clone(&timeline.arranged.course);
    view.fit(hull);
    if let Some(color) = args.color {
        Arc::make_mut(&mut view.lanes).color = color;
    }
    view.selection = saved.selected(store);
    view.query.clone_from(&saved.query);
    let range = |saved: SavedRange| TimeRange { from_ns: saved.from_ns, to_ns: saved.to_ns };
    view.measure = saved.measure.map(range);
    view.notes = notes_of(&saved.notes);
    if let Some(time) = saved.time.filter(|time| time.to_ns >= hull.start && time.from_ns <= hull.end) {
        view.time = range(time);
    }
    if !args.lanes.is_empty() {
        timeline.arranged.pick_lanes(&mut view.lanes, &args.lanes).map_err(anyhow::Error::msg)?;
    }
    if let Some(from) = &args.from {
        view.time.from_ns = from.unix_ns(hull.start);
    }
    if let Some(to) = &args.to {
        view.time.to_ns = to.unix_ns(hull.start);
    }
    if view.time.from_ns >= view.time.to_ns {
        let after = |at: i64| duration_text(at.saturating_sub(hull.start));
        bail!(
            "--from ({} after the first span) must lie before --to ({})",
            after(view.time.from_ns),
            after(view.time.to_ns)
        );
    }
    Ok(view)
}

fn parse_size(text: &str) -> Result<(u16, u16), String> {
    let parts = text
        .split_once(['x', 'X', '×'])
        .and_then(|(width, height)| Some((width.trim().parse::<u16>().ok()?, height.trim().parse::<u16>().ok()?)));
    match parts {
        Some((width, height)) if width >= 320 && height >= 200 => Ok((width, height)),
        Some(_) => Err("at least 320x200".to_owned()),
        None => Err("write it as WIDTHxHEIGHT, for instance 1600x1000".to_owned()),
    }
}

fn parse_scale(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(scale) if (0.25..=8.0).contains(&scale) => Ok(scale),
        _ => Err("a number from 0.25 to 8".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_two_numbers() {
        assert_eq!(parse_size("1600x1000"), Ok((1600, 1000)));
        assert_eq!(parse_size("3840X2160"), Ok((3840, 2160)));
        for bad in ["", "1600", "x", "10x10", "1600x", "-1x5", "99999x99999", "NaNxNaN"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
        for bad in ["0", "-1", "NaN", "inf", "9", "one"] {
            assert!(parse_scale(bad).is_err(), "{bad}");
        }
    }
}
