//! From a store to a picture of its timeline, as `render` and the window's export make it.

use std::io;

use emath::Vec2;

use super::svg::About;
use crate::analysis::clocks::domains::{self, Domains};
use crate::analysis::findings::Rulebook;
use crate::analysis::numbered::Numbered;
use crate::analysis::search::{CancelFlag, Lanes, Query, Subject, matching};
use crate::arrange::{Arranged, LaneView, Plan, arrange_folded};
use crate::load::Origin;
use crate::lod::{Marks, Tags};
use crate::model::{SpanIx, TraceStore};
use crate::scene::critical::{longest_root, roots_of};
use crate::scene::findings;
use crate::scene::geometry::{Metrics, content_height, lane_bands};
use crate::scene::{Caption, Critical, Scene, SceneInput, ServiceColors, ViewState, Work, build, caption};

/// Everything that is derived from a store before a frame can be built.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// The clocks.
    pub domains: Domains,
    /// Lanes and rows.
    pub arranged: Arranged,
    /// Colours of services.
    pub colors: ServiceColors,
    /// What the spans say about AI conversations.
    pub work: Work,
    /// Hits of a search, see [`Self::mark`].
    pub marks: Option<Marks>,
    /// Numbers of findings at spans.
    pub tags: Tags,
    /// The critical path, see [`Self::trace_critical`].
    pub critical: Option<Critical>,
}

impl Timeline {
    /// Derives it all, arranged as `plan` says.
    #[must_use]
    pub fn of_store(store: &TraceStore, plan: &Plan) -> Self {
        Self::arranged(store, domains::assign(store), plan, &Rulebook::default())
    }

    /// The same, for clocks that are told apart already; findings about AI conversations by `rules`.
    #[must_use]
    pub fn arranged(store: &TraceStore, domains: Domains, plan: &Plan, rules: &Rulebook) -> Self {
        let work = Work::of_store(store, &domains, rules);
        let known = plan.known(store, &domains, None);
        let arranged = arrange_folded(store, &domains, Some(known), (Some(&work.genai), None), plan);
        let findings = Numbered::new(arranged.known.as_deref(), Some(&work.patterns));
        let tags = findings::tags(&arranged, findings);
        Self { arranged, domains, colors: ServiceColors::of_store(store), work, marks: None, tags, critical: None }
    }

    /// Marks the spans for which `query` holds; scenes dim all others. The empty query dims nothing. Lanes are called as
    /// `view` says.
    pub fn mark(&mut self, store: &TraceStore, query: &Query, view: &LaneView) {
        let never = CancelFlag::new();
        let texts = self.arranged.lane_texts(&self.domains, view);
        let of_span = |span| self.arranged.layout.lane_of(span).at();
        let lanes = Some(Lanes { texts: &texts, of_span: &of_span });
        let subject = Subject { store, domains: &self.domains, lanes, genai: Some(&self.work.genai) };
        let hits = matching(&subject, query, &never).filter(|_| !query.is_empty());
        self.marks = hits.and_then(|hits| Marks::build(&self.arranged.layout, &hits, &never));
    }

    /// Finds the critical path of the turn or trace of `span`, or of the longest trace.
    pub fn trace_critical(&mut self, store: &TraceStore, span: Option<SpanIx>) {
        let Some(known) = &self.arranged.known else { return };
        let roots = match span {
            Some(span) => roots_of(store, Some(&self.work.genai), span),
            None => longest_root(store).into_iter().collect(),
        };
        let place = (&*self.arranged.layout, Some(&self.work.genai));
        self.critical = Some(Critical::new(store, &self.domains, &known.model, place, roots));
    }

    /// What a scene is made from.
    #[must_use]
    pub fn input<'a>(&'a self, store: &'a TraceStore, caption: Option<&'a Caption>) -> SceneInput<'a> {
        let Self { domains, arranged, colors, work, marks, tags, critical } = self;
        let (marks, work, tags) = (marks.as_ref(), Some(work), Some(tags));
        let critical = critical.as_ref();
        SceneInput { marks, work, tags, critical, ..arranged.scene_input(store, domains, colors, caption) }
    }

    /// A size that shows all lanes at `width` points, between `least` and `most` points high.
    #[must_use]
    pub fn size_for(
        &self,
        store: &TraceStore,
        caption: &Caption,
        view: &ViewState,
        width: f32,
        least: f32,
        most: f32,
    ) -> Vec2 {
        let metrics = Metrics::new(view.text_scale);
        let view = ViewState { size: Vec2::new(width, most), ..view.clone() };
        let margins = caption::margins(caption, &self.input(store, Some(caption)), &view, &metrics);
        let content = content_height(&lane_bands(
            &self.arranged.lanes,
            &self.arranged.sections,
            &self.arranged.layout,
            &view,
            &metrics,
        )) as f32;
        let around =
            margins.header + margins.legend + margins.footer + margins.turns + metrics.overview + metrics.ruler;
        Vec2::new(width, (content + around).ceil().clamp(least, most))
    }

    /// The scene of `view` with a caption.
    #[must_use]
    pub fn scene(&self, store: &TraceStore, caption: &Caption, view: &ViewState) -> Scene {
        build(&self.input(store, Some(caption)), view)
    }
}

/// The caption of a workspace: title and source from the names of its inputs, hashes from `origins`, which are
/// aligned with the inputs. Reads files again to hash them.
///
/// # Errors
/// When an input cannot be read any more; the message names it.
pub fn caption_of(store: &TraceStore, origins: &[Origin], clocks: usize) -> io::Result<Caption> {
    let short = |name: &str| name.rsplit(['/', '\\']).next().unwrap_or(name).to_owned();
    let names: Vec<String> = store.inputs().iter().map(|input| short(&input.name)).collect();
    let title = match names.as_slice() {
        [only] => only.clone(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
        [] => String::new(),
    };
    let mut sources = Vec::new();
    for (name, origin) in names.iter().zip(origins).take(3) {
        let hash = origin.sha256().map_err(|error| {
            io::Error::new(error.kind(), format!("{name} could not be read again for its hash: {error}"))
        })?;
        sources.push(format!("{name} · sha256 {}…", hash.get(..12).unwrap_or(&hash)));
    }
    if names.len() > 3 {
        sources.push(format!("{} more", names.len() - 3));
    }
    Ok(Caption::of_store(store, clocks, title, sources.join(", ")))
}

/// What the file says about itself.
#[must_use]
pub fn about(caption: &Caption) -> About {
    About { title: caption.title.clone(), source: caption.source.clone(), software: caption.program.clone() }
}
