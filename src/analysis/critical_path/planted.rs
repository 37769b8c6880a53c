//! Trees of spans on several clocks whose true times are known, and the critical path that follows from those alone.

use super::super::clocks::tests::Draft;
use super::super::clocks::{EventKey, Point};
use crate::model::time::{MS, S};
use crate::model::{SpanIx, SpanKind};

const NOW: i64 = 1_795_000_000 * S + 123_457;
const HOSTS: usize = 3;

/// A span as it was.
#[derive(Clone, Copy)]
pub struct TrueSpan {
    pub host: usize,
    pub parent: Option<usize>,
    pub start: i64,
    pub end: i64,
}

/// Spans by their numbers in the store.
pub struct Tree {
    pub draft: Draft,
    pub truth: Vec<TrueSpan>,
    offsets: [i64; HOSTS],
    seed: u64,
}

/// A stretch: span, from, to.
pub type Stretch = (SpanIx, EventKey, EventKey);

impl Tree {
    /// The tree of `seed`, stamped by clocks that are off by `offsets`. The same seed gives the same truth.
    pub fn plant(seed: u64, offsets: [i64; HOSTS]) -> Self {
        let mut draft = Draft::default();
        for name in ["a", "b", "c"] {
            draft.host(name, "");
        }
        let mut tree = Self { draft, truth: Vec::new(), offsets, seed: seed.wrapping_mul(2).wrapping_add(1) };
        let root = tree.add(0, None, SpanKind::Server, (0, 10 * S));
        tree.grow(root, 0);
        tree
    }

    fn below(&mut self, most: i64) -> i64 {
        self.seed = self.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.seed >> 33).unwrap() % most.max(1)
    }

    fn add(&mut self, host: usize, parent: Option<usize>, kind: SpanKind, (start, end): (i64, i64)) -> usize {
        let (id, above) = (self.truth.len() as u64 + 1, parent.map_or(0, |parent| parent as u64 + 1));
        let at = |time: i64| NOW + time + self.offsets[host];
        let span = self.draft.span(host, id, above, at(start), at(end));
        span.kind = kind;
        span.name = format!("work {}", id % 7);
        if kind == SpanKind::Client {
            span.name = "call".to_owned();
            span.attrs.push(("http.response.status_code", 200));
        }
        self.truth.push(TrueSpan { host, parent, start, end });
        self.truth.len() - 1
    }

    fn grow(&mut self, span: usize, depth: u32) {
        let TrueSpan { host, start, end, .. } = self.truth[span];
        let room = end - start;
        if depth > 3 || room < 40 * MS || self.truth.len() > 60 {
            return;
        }
        for _ in 0..self.below(4) {
            let from = start + 1 + self.below(room - 20 * MS);
            let mut to = from + 10 * MS + self.below(end - from - 10 * MS - 1);
            if self.below(3) > 0 {
                let client = self.add(host, Some(span), SpanKind::Client, (from, to));
                let other = (host + 1 + self.below(2) as usize) % HOSTS;
                let (out, back) = (MS + self.below(3 * MS), MS + self.below(3 * MS));
                let server = self.add(other, Some(client), SpanKind::Server, (from + out, to - back));
                self.grow(server, depth + 1);
            } else {
                // Some go on when their parent is done.
                to += if self.below(5) == 0 { room } else { 0 };
                let step = self.add(host, Some(span), SpanKind::Internal, (from, to));
                self.grow(step, depth + 1);
            }
        }
    }

    /// The path of the root by the true times: before each moment, the child that ended last before it.
    pub fn path(&self) -> Vec<Stretch> {
        let mut path = Vec::new();
        self.walk(0, &mut path);
        path
    }

    fn walk(&self, span: usize, path: &mut Vec<Stretch>) {
        let ix = |at: usize| SpanIx(u32::try_from(at).unwrap());
        let (mut until, mut until_ns) = (EventKey::end(ix(span)), self.truth[span].end);
        loop {
            let children = (0..self.truth.len()).filter(|at| self.truth[*at].parent == Some(span));
            let last = children.filter(|at| self.truth[*at].end < until_ns).max_by_key(|at| self.truth[*at].end);
            let Some(last) = last else { break };
            path.push((ix(span), EventKey::end(ix(last)), until));
            self.walk(last, path);
            (until, until_ns) = (EventKey::start(ix(last)), self.truth[last].start);
        }
        path.push((ix(span), EventKey::start(ix(span)), until));
    }

    /// The true time of an event.
    pub fn at(&self, key: EventKey) -> i64 {
        let span = self.truth[key.span.at()];
        if key.point == Point::Start { span.start } else { span.end }
    }
}
