//! The current view as a picture, drawn on a thread of its own: hashing a big input takes seconds.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossbeam_channel::{Receiver, bounded};

use super::host::Wake;
use super::state::{Effect, ExportPanel, State, Tone};
use super::window::Host;
use super::workspace::Workspace;
use crate::analysis::clocks::Held;
use crate::analysis::numbered::Numbered;
use crate::arrange::Arranged;
use crate::export::{picture, png, svg};
use crate::lod::{Marks, Tags};
use crate::scene::geometry::Metrics;
use crate::scene::{Critical, SceneInput, ViewState, caption, cut, findings, lower};

/// What a picture is made for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// A file; `.svg` gives a drawing, everything else PNG.
    File(PathBuf),
    /// The clipboard.
    Clipboard,
}

/// A finished picture.
pub enum Picture {
    /// It was written.
    Written,
    /// Pixels: width, height, RGBA.
    Pixels(usize, usize, Vec<u8>),
}

/// A picture that is being drawn.
pub struct Drawing {
    /// What for.
    pub purpose: Purpose,
    result: Receiver<Result<Picture, String>>,
}

/// Pixels per point of exported pictures: sharp when pasted into a chat and looked at closely.
const SCALE: f32 = 2.0;

/// Points of height in which every caption has all the room it wants.
const HIGHEST: f32 = 60_000.0;

impl State {
    /// Starts drawing the current view.
    pub(super) fn draw_picture(&mut self, purpose: Purpose, host: &Host) {
        let Some(data) = self.data.clone() else { return };
        if self.arranged.rows_by.is_some() {
            // Rows for this picture are on their way: it starts with them.
            self.session.drawn_next = Some(purpose);
            return;
        }
        let search = &self.session.search;
        // What is being typed is not what the marks stand for.
        let view = ViewState { query: search.found.clone(), ..self.session.view.clone() };
        let over = Over {
            marks: search.marks.clone(),
            tags: self.tags().cloned(),
            critical: self.critical().cloned(),
            held: self.held().cloned(),
        };
        let lanes = (Arc::clone(&self.arranged), over);
        self.session.drawing = Some(Drawing::start(purpose, data, lanes, view, host.wake()));
    }

    /// Takes a finished picture.
    pub(super) fn take_picture(&mut self, host: &mut Host) {
        let Some(result) = self.session.drawing.as_ref().and_then(Drawing::poll) else { return };
        let Some(Drawing { purpose, .. }) = self.session.drawing.take() else { return };
        let result = match (result, &purpose) {
            (Ok(Picture::Written), Purpose::File(path)) => Ok(format!("Wrote {}", path.display())),
            (Ok(Picture::Pixels(width, height, rgba)), _) => host
                .clipboard
                .set_picture(width, height, rgba)
                .map(|()| "Copied the picture".to_owned())
                .map_err(|error| format!("The clipboard did not take the picture: {error}")),
            (Ok(Picture::Written), Purpose::Clipboard) => Err("no picture was drawn".to_owned()),
            (Err(error), _) => Err(error),
        };
        match (result, purpose) {
            (Ok(text), _) => {
                self.session.export = None;
                self.effect(Effect::Toast(Tone::Good, text));
            }
            (Err(error), Purpose::File(path)) if self.session.export.is_some() => {
                self.session.export = Some(ExportPanel { path: path.display().to_string(), error: Some(error) });
            }
            (Err(error), _) => self.effect(Effect::Toast(Tone::Bad, error)),
        }
    }
}

/// Where the spans are, and what is drawn over them.
type Lanes = (Arc<Arranged>, Over);

/// What is drawn over the spans, as far as it was asked for.
struct Over {
    /// What a search found.
    marks: Option<Arc<Marks>>,
    /// Numbers of findings.
    tags: Option<Arc<Tags>>,
    /// The critical path.
    critical: Option<Arc<Critical>>,
    /// A clock that is held by hand.
    held: Option<Arc<Held>>,
}

impl Drawing {
    fn start(purpose: Purpose, data: Arc<Workspace>, lanes: Lanes, view: ViewState, wake: Wake) -> Self {
        let (sender, result) = bounded(1);
        let job = purpose.clone();
        // Without a thread the channel closes, which `poll` reports.
        let _ = std::thread::Builder::new().name("picture".to_owned()).spawn(move || {
            let _ = sender.send(draw(&job, &data, &lanes, view));
            wake();
        });
        Self { purpose, result }
    }

    fn poll(&self) -> Option<Result<Picture, String>> {
        match self.result.try_recv() {
            Ok(result) => Some(result),
            Err(crossbeam_channel::TryRecvError::Empty) => None,
            Err(crossbeam_channel::TryRecvError::Disconnected) => Some(Err("drawing stopped unexpectedly".to_owned())),
        }
    }
}

fn draw(purpose: &Purpose, data: &Workspace, lanes: &Lanes, mut view: ViewState) -> Result<Picture, String> {
    let caption =
        picture::caption_of(&data.store, &data.origins, data.domains.list.len()).map_err(|error| error.to_string())?;
    let (arranged, over) = lanes;
    let own;
    let tags = match &over.tags {
        Some(tags) => tags.as_ref(),
        // Somebody was faster than the thread that makes them for the window.
        None => {
            let patterns = data.known_work().map(|work| &work.patterns);
            own = findings::tags(arranged, Numbered::new(arranged.known.as_deref(), patterns));
            &own
        }
    };
    let input = SceneInput {
        caption: Some(&caption),
        marks: over.marks.as_deref(),
        tags: Some(tags),
        critical: over.critical.as_deref(),
        held: over.held.as_deref(),
        ..data.scene_input(arranged)
    };
    // Header, legend and footer come on top of what the window shows.
    let unlimited = ViewState { size: emath::Vec2::new(view.size.x, HIGHEST), ..view.clone() };
    let metrics = Metrics::new(view.text_scale);
    let margins = caption::margins(&caption, &input, &unlimited, &metrics);
    view.size.y += margins.header + margins.legend + margins.footer + cut::room(&metrics);
    let drawn = lower(&crate::scene::build(&input, &view));
    let about = picture::about(&caption);
    match purpose {
        Purpose::Clipboard => {
            let bytes = png::png(&drawn, &about, SCALE).map_err(|error| error.to_string())?;
            pixels_of(&bytes)
        }
        Purpose::File(path) => {
            let bytes = if is_svg(path) {
                svg::svg(&drawn, &about).into_bytes()
            } else {
                png::png(&drawn, &about, SCALE).map_err(|error| error.to_string())?
            };
            std::fs::write(path, bytes).map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
            Ok(Picture::Written)
        }
    }
}

fn is_svg(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("svg"))
}

fn pixels_of(bytes: &[u8]) -> Result<Picture, String> {
    let decoder = ::png::Decoder::new(std::io::Cursor::new(bytes));
    let mut reader = decoder.read_info().map_err(|error| error.to_string())?;
    let size = reader.output_buffer_size().ok_or_else(|| "the picture is too large".to_owned())?;
    let mut pixels = vec![0; size];
    let info = reader.next_frame(&mut pixels).map_err(|error| error.to_string())?;
    pixels.truncate(info.buffer_size());
    let rgba = match info.color_type {
        ::png::ColorType::Rgb => pixels.chunks_exact(3).flat_map(|rgb| [rgb[0], rgb[1], rgb[2], 255]).collect(),
        _ => pixels,
    };
    Ok(Picture::Pixels(info.width as usize, info.height as usize, rgba))
}
