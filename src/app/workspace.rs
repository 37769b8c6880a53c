//! What is open: the store and everything derived from it, built on the loading thread and never changed.

use std::ops::Range;
use std::sync::Arc;

use crate::analysis::clocks::domains::{self, Domains};
use crate::layout::{Layout, RawTime};
use crate::load::{Loaded, Origin};
use crate::lod::Index;
use crate::model::{Diagnostics, TraceStore};
use crate::scene::{SceneInput, ServiceColors};

/// An open workspace. Shared as `Arc<Workspace>`.
#[derive(Debug)]
pub struct Workspace {
    /// The spans.
    pub store: Arc<TraceStore>,
    /// Which clock stamped which span.
    pub domains: Domains,
    /// Which lane and row each span is drawn in.
    pub layout: Layout,
    /// What a row shows at any zoom.
    pub index: Index,
    /// Which colour each service has.
    pub colors: ServiceColors,
    /// First to last time of anything.
    pub hull_ns: Range<i64>,
    /// Where the bytes of each input are, aligned with `store.inputs()`.
    pub origins: Vec<Origin>,
    /// Inputs that could not be read, in words.
    pub failures: Vec<String>,
    /// What was odd in all inputs together.
    pub diagnostics: Diagnostics,
}

impl Workspace {
    /// Derives everything from what was loaded. Runs on the loading thread: nothing here may wait for a window.
    #[must_use]
    pub fn build(loaded: Loaded, earlier: &[Origin]) -> Self {
        let store = Arc::new(loaded.store);
        let domains = domains::assign(&store);
        let colors = ServiceColors::of_store(&store);
        let layout = Layout::build(&store, &domains, &RawTime);
        let index = Index::build(&store, &layout);
        let hull_ns = match layout.hull_ns() {
            hull if hull.start < hull.end => hull.clone(),
            _ => 0..1,
        };
        let mut diagnostics = Diagnostics::default();
        for input in store.inputs() {
            diagnostics.absorb(input.diagnostics.clone());
        }
        let mut origins = earlier.to_vec();
        origins.extend(loaded.origins);
        let failures = loaded.failures.iter().filter(|it| !it.is_note).map(|it| it.error.to_string()).collect();
        Self { store, domains, layout, index, colors, hull_ns, origins, failures, diagnostics }
    }

    /// What a scene of the window is made from.
    #[must_use]
    pub fn scene_input(&self) -> SceneInput<'_> {
        SceneInput {
            store: &self.store,
            domains: &self.domains,
            layout: &self.layout,
            index: &self.index,
            colors: &self.colors,
            marks: None,
            caption: None,
        }
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
