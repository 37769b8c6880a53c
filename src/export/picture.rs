//! From a store to a picture of its timeline, as `render` and the window's export make it.

use emath::Vec2;

use super::svg::About;
use crate::analysis::clocks::domains::{self, Domains};
use crate::layout::{Layout, RawTime};
use crate::lod::Index;
use crate::model::TraceStore;
use crate::scene::geometry::{Metrics, content_height, lane_bands};
use crate::scene::{Caption, Scene, SceneInput, ServiceColors, ViewState, build, caption};

/// Everything that is derived from a store before a frame can be built.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// The clocks.
    pub domains: Domains,
    /// Lanes and rows.
    pub layout: Layout,
    /// The index of the layout.
    pub index: Index,
    /// Colours of services.
    pub colors: ServiceColors,
}

impl Timeline {
    /// Derives it all, on raw times.
    #[must_use]
    pub fn of_store(store: &TraceStore) -> Self {
        let domains = domains::assign(store);
        let layout = Layout::build(store, &domains, &RawTime);
        let index = Index::build(store, &layout);
        Self { index, layout, domains, colors: ServiceColors::of_store(store) }
    }

    /// What a scene is made from.
    #[must_use]
    pub const fn input<'a>(&'a self, store: &'a TraceStore, caption: Option<&'a Caption>) -> SceneInput<'a> {
        let Self { domains, layout, index, colors } = self;
        SceneInput { store, domains, layout, index, colors, caption }
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
        let content = content_height(&lane_bands(&self.layout, &view, &metrics)) as f32;
        let around = margins.header + margins.legend + margins.footer + metrics.overview + metrics.ruler;
        Vec2::new(width, (content + around).ceil().clamp(least, most))
    }

    /// The scene of `view` with a caption.
    #[must_use]
    pub fn scene(&self, store: &TraceStore, caption: &Caption, view: &ViewState) -> Scene {
        build(&self.input(store, Some(caption)), view)
    }
}

/// What the file says about itself.
#[must_use]
pub fn about(caption: &Caption) -> About {
    About { title: caption.title.clone(), source: caption.source.clone(), software: caption.program.clone() }
}
