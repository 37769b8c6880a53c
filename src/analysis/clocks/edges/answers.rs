//! What the edges between one caller and one of its children say about waiting, asked for single spans.

use super::super::solve::Edge;
use super::super::stamps::Stamps;
use super::signs::{Sign, Signs};
use super::{ClassKey, Rule, Sym, Walk};
use crate::model::SpanIx;

/// Asks for the edges between single spans. Knows what all names and attributes say: made once for many questions.
pub struct CallEdges<'a> {
    stamps: Stamps<'a>,
    /// `None` only while a question is answered.
    signs: Option<Signs>,
}

impl<'a> CallEdges<'a> {
    /// Looks at every distinct name and attribute.
    #[must_use]
    pub fn new(stamps: Stamps<'a>) -> Self {
        Self { stamps, signs: Some(Signs::new(stamps.store())) }
    }

    /// The edges between `parent` and its child on another clock, with the classes that they are of; none when it is
    /// not certain that they are parent and child.
    pub fn between(&mut self, parent: SpanIx, child: SpanIx) -> Vec<(Edge, ClassKey)> {
        let Some(signs) = self.signs.take() else { return Vec::new() };
        let mut found = Vec::new();
        let sink = |edge: &Edge, class: u32| found.push((*edge, class));
        let (plain, stamps) = ([u32::MAX; Rule::COUNT], self.stamps);
        let mut walk = Walk { stamps: &stamps, signs, classes: super::Classes::default(), plain, sink };
        if walk.parent(child) == Some(parent) {
            walk.parent_and_child(parent, child);
        }
        let Walk { signs, classes, .. } = walk;
        self.signs = Some(signs);
        let nothing = ClassKey { rule: Rule::SpanEnd, from_name: Sym::EMPTY, to_name: Sym::EMPTY };
        let key = |class: u32| classes.list.get(class as usize).map_or(nothing, super::Class::key);
        found.into_iter().map(|(edge, class)| (edge, key(class))).collect()
    }

    /// Whether the name or an attribute of `span` says that it is about a stream.
    #[must_use]
    pub fn is_about_a_stream(&self, span: SpanIx) -> bool {
        let store = self.stamps.store();
        self.signs.as_ref().is_some_and(|signs| signs.of_span(store, span).has(Sign::STREAM))
    }
}
