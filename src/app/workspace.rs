//! What is open: the store and everything derived from it, built on the loading thread and never changed.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use crate::analysis::clocks::Known;
use crate::analysis::clocks::domains::{self, Domains};
use crate::analysis::findings::Rulebook;
use crate::analysis::places::{SpanAt, spans_at};
use crate::arrange::{Arranged, ClockChoice, Plan, arrange_folded};
use crate::load::{Loaded, Origin};
use crate::model::{Diagnostics, InputIx, TraceStore};
use crate::scene::{SceneInput, ServiceColors, ViewState, Work, build, lower};

/// A workspace with its first arrangement, as the loading thread hands it over.
#[derive(Debug)]
pub struct Opened {
    /// What does not depend on the plan.
    pub workspace: Workspace,
    /// The arrangement.
    pub arranged: Arranged,
}

/// An open workspace: what does not depend on how it is arranged. Shared as `Arc<Workspace>`.
#[derive(Debug)]
pub struct Workspace {
    /// The spans.
    pub store: Arc<TraceStore>,
    /// Which clock stamped which span.
    pub domains: Domains,
    /// Which colour each service has.
    pub colors: ServiceColors,
    /// Where the bytes of each input are, aligned with `store.inputs()`.
    pub origins: Vec<Origin>,
    /// Inputs that could not be read, in words.
    pub failures: Vec<String>,
    /// What was odd in all inputs together.
    pub diagnostics: Diagnostics,
    /// The spans at the places of the diagnostics.
    pub span_at: BTreeMap<(InputIx, u64), SpanAt>,
    /// Which findings about AI conversations are looked for.
    rules: Arc<Rulebook>,
    /// What the spans say about AI conversations; empty until a thread has read them all.
    work: OnceLock<Work>,
}

impl Workspace {
    /// Derives everything from what was loaded. Runs on the loading thread: nothing here may wait for a window.
    #[must_use]
    pub fn build(loaded: Loaded, earlier: &[Origin], rules: Arc<Rulebook>) -> Self {
        let store = Arc::new(loaded.store);
        let domains = domains::assign(&store);
        let colors = ServiceColors::of_store(&store);
        let mut diagnostics = Diagnostics::default();
        for input in store.inputs() {
            diagnostics.absorb(input.diagnostics.clone());
        }
        let mut origins = earlier.to_vec();
        origins.extend(loaded.origins);
        let failures = loaded.failures.iter().filter(|it| !it.is_note).map(|it| it.error.to_string()).collect();
        let places = diagnostics.entries().into_iter().flat_map(|(_, entry)| &entry.places);
        let places: Vec<_> = places.map(|place| (place.input, place.offset)).collect();
        let spans = spans_at(&store, &places);
        let span_at = places.into_iter().zip(spans).filter_map(|(place, span)| Some((place, span?))).collect();
        Self { store, domains, colors, origins, failures, diagnostics, span_at, rules, work: OnceLock::new() }
    }

    /// Arranges the spans as `plan` says, on raw times: the first picture does not wait for the clocks.
    #[must_use]
    pub fn first_arranged(&self, plan: &Plan) -> Arranged {
        self.arranged(None, plan, None)
    }

    /// Arranges the spans as `plan` says, with all that causality tells about the clocks. `before` is the arrangement
    /// so far: what stays the same is taken from it. Where only times change, `early` gets the old rows with bars at
    /// their new times as soon as the clocks are known. Takes a moment: not for the window's own thread.
    #[must_use]
    pub fn arrange(&self, plan: &Plan, before: &Arranged, early: impl FnOnce(Arranged)) -> Arranged {
        let begun = Instant::now();
        let known = plan.known_at_once(&self.store, &self.domains, before.known.as_ref());
        let known_us = begun.elapsed().as_micros();
        let is_same = *plan == before.plan && before.known.as_ref().is_some_and(|before| Arc::ptr_eq(before, &known));
        let is_retimed = plan.has_rows_of(&before.plan) && before.sections.is_empty();
        let is_raw = plan.clock == ClockChoice::Raw && before.plan.clock == ClockChoice::Raw;
        if is_retimed && !(is_same || is_raw) {
            early(before.seen_with(&self.store, &self.domains, Arc::clone(&known), plan));
            tracing::debug!(known_us, early_us = begun.elapsed().as_micros(), "bars at their new times");
        }
        known.complete(&self.store, &self.domains, before.known.as_deref());
        // Else the window's own thread would, with the first span that is selected or hovered.
        known.model.prepare_questions();
        if before.rows_by.is_none() && (is_same || (is_raw && plan.has_rows_of(&before.plan))) {
            tracing::debug!(known_us, "clocks seen otherwise, rows as they were");
            let genai = self.known_work().map(|work| &work.genai);
            return before.with_known(&self.store, &self.domains, known, genai, plan);
        }
        let arranged = self.arranged(Some(known), plan, Some(before));
        tracing::debug!(known_us, all_us = begun.elapsed().as_micros(), "arranged");
        arranged
    }

    fn arranged(&self, known: Option<Arc<Known>>, plan: &Plan, before: Option<&Arranged>) -> Arranged {
        let genai = plan.needs_work().then(|| &self.work().genai);
        // Tokens are counted where they are known already.
        let genai = genai.or_else(|| self.known_work().map(|work| &work.genai));
        arrange_folded(&self.store, &self.domains, known, (genai, before), plan)
    }

    /// What the spans say about AI conversations, if that is known by now. Costs nothing.
    #[must_use]
    pub fn known_work(&self) -> Option<&Work> {
        self.work.get()
    }

    /// What the spans say about AI conversations. The first caller reads every span: not for the window's own thread.
    pub fn work(&self) -> &Work {
        self.work.get_or_init(|| Work::of_store(&self.store, &self.domains, &self.rules))
    }

    /// What a scene of the window is made from.
    #[must_use]
    pub fn scene_input<'a>(&'a self, arranged: &'a Arranged) -> SceneInput<'a> {
        SceneInput { work: self.known_work(), ..arranged.scene_input(&self.store, &self.domains, &self.colors, None) }
    }

    /// Builds the first picture once, and throws it away: the fonts are measured and the memory that it reads is
    /// fetched on the loading thread, not in the window's first frame.
    pub fn warm(&self, arranged: &Arranged) {
        let mut view = ViewState::default();
        view.fit(&arranged.hull_ns);
        let _ = lower(&build(&self.scene_input(arranged), &view));
    }

    /// What the window is called: the file, or how many there are.
    #[must_use]
    pub fn title(&self) -> String {
        let short = |name: &str| {
            let path = std::path::Path::new(name);
            path.file_name().map_or_else(|| name.to_owned(), |file| file.to_string_lossy().into_owned())
        };
        match self.store.inputs() {
            [] => "nothing".to_owned(),
            [only] if only.name == "-" => "standard input".to_owned(),
            [only] => short(&only.name),
            [first, rest @ ..] => format!("{} and {} more", short(&first.name), rest.len()),
        }
    }
}
