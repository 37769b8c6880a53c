//! What a frame is made from: an arrangement, and what is drawn over it.

use std::ops::Range;

use super::caption::Caption;
use super::clocks::ClockInput;
use super::critical::Critical;
use super::motion::Travel;
use super::palette::ServiceColors;
use super::work::Work;
use crate::analysis::clocks::Held;
use crate::analysis::clocks::domains::Domains;
use crate::arrange::{Arranged, LaneInfo, Section, TimeOf};
use crate::layout::Layout;
use crate::lod::{Index, Marks, Tags};
use crate::model::TraceStore;

/// What a scene is made from.
#[derive(Clone, Copy)]
pub struct SceneInput<'a> {
    /// The spans.
    pub store: &'a TraceStore,
    /// The clocks.
    pub domains: &'a Domains,
    /// What the lanes of `layout` are.
    pub lanes: &'a [LaneInfo],
    /// Groups of spans in folded lanes.
    pub sections: &'a [Section],
    /// Lanes and rows.
    pub layout: &'a Layout,
    /// First to last time of what is shown.
    pub hull_ns: &'a Range<i64>,
    /// The index of `layout`.
    pub index: &'a Index,
    /// Colours of services.
    pub colors: &'a ServiceColors,
    /// The hits of a search: everything else is dimmed. `None` = nothing is searched for.
    pub marks: Option<&'a Marks>,
    /// What is known about the clocks; `None` while that is not known yet.
    pub clocks: Option<ClockInput<'a>>,
    /// What is known about AI conversations; `None` while that is not known yet.
    pub work: Option<&'a Work>,
    /// Numbers of findings at spans.
    pub tags: Option<&'a Tags>,
    /// The critical path, when it is asked for.
    pub critical: Option<&'a Critical>,
    /// Whose time the rows are made for, when it is another one than is shown.
    pub rows_by: Option<&'a TimeOf>,
    /// A clock that is held at an offset by hand.
    pub held: Option<&'a Held>,
    /// Bars on their way from an earlier arrangement; never in an export.
    pub travel: Option<&'a Travel>,
    /// Header, legend and footer of an export; `None` in the window.
    pub caption: Option<&'a Caption>,
}

impl Arranged {
    /// What a scene is made from.
    #[must_use]
    pub fn scene_input<'a>(
        &'a self,
        store: &'a TraceStore,
        domains: &'a Domains,
        colors: &'a ServiceColors,
        caption: Option<&'a Caption>,
    ) -> SceneInput<'a> {
        SceneInput {
            store,
            domains,
            lanes: &self.lanes,
            sections: &self.sections,
            layout: &self.layout,
            hull_ns: &self.hull_ns,
            index: &self.index,
            colors,
            marks: None,
            clocks: self.known.as_ref().map(|known| ClockInput { known, is_frame: self.is_frame() }),
            work: None,
            tags: None,
            critical: None,
            rows_by: self.rows_by.as_ref(),
            held: None,
            travel: None,
            caption,
        }
    }
}
