//! E7 by duration alone: calls that last far longer than their answer and their server took. What the time between was
//! spent on no span says: attempts before the one that is recorded, or a wait at the client.

use std::collections::{BTreeMap, BTreeSet};

use super::e02_opaque::union_ns;
use super::e07_hidden::{Requests, requests};
use super::{Context, Finding, Severity, count};
use crate::analysis::genai::{CallView, Confidence, Datum, Field, Role};
use crate::model::time::{MS, duration_text};
use crate::model::{SpanIx, SpanKind};

/// Calls of a kind that tell how long the way to the server usually takes.
const LEAST_PEERS: usize = 3;

/// Everything, but for spans in `told`.
pub fn find(context: &Context<'_>, told: &BTreeSet<SpanIx>) -> Vec<Finding> {
    let mut by_kind: BTreeMap<(u32, String), Vec<Measured>> = BTreeMap::new();
    let is_outermost = |span: SpanIx| context.outermost(span) == span;
    for call in context.genai.calls().iter().filter(|call| call.is_model && is_outermost(call.span)) {
        if context.genai.has_failed(call.span) || told.contains(&call.span) {
            continue;
        }
        let Some(view) = context.genai.call(context.store, call.span).filter(|view| view.role == Role::Model) else {
            continue;
        };
        if let Some(measured) = measure(context, &view) {
            let name = view.model().or_else(|| view.text(Field::Provider)).unwrap_or("a model").to_owned();
            by_kind.entry((context.store.span(call.span).resource_ix().0, name)).or_default().push(measured);
        }
    }
    by_kind.into_iter().filter_map(|((_, name), calls)| finding(context, &name, &calls)).collect()
}

/// A call whose time is known well enough to be compared.
struct Measured {
    span: SpanIx,
    /// From its beginning to its end, or to the first piece of its answer.
    took_ns: i64,
    /// Of that, what its answer, its server and other work below it account for.
    explained_ns: i64,
    /// What says how long that is.
    source: String,
    /// It says that something went wrong inside, without having failed.
    has_mishap: bool,
}

impl Measured {
    const fn unexplained_ns(&self) -> i64 {
        self.took_ns.saturating_sub(self.explained_ns)
    }
}

fn measure(context: &Context<'_>, view: &CallView<'_>) -> Option<Measured> {
    let span = view.span;
    let inside = requests(context, span);
    let (start, total) = (context.store.span(span).start_ns(), context.store.span(span).duration_ns()?);
    // Requests that are spans show when each began: nothing is hidden before them.
    let sent: Vec<SpanIx> = inside.all.iter().copied().filter(|it| is_request(context, span, *it)).collect();
    let (from, took_ns) = match sent.last() {
        Some(last) => (context.store.span(*last).start_ns(), context.store.span(*last).duration_ns()?),
        None => (start, total),
    };
    let sides = Sides::new(context, view, &inside);
    let first_ns = sides.first_piece(context, span).map(|at| at.saturating_sub(from));
    let (took_ns, (explained_ns, source)) = match first_ns {
        Some(first) if first >= 0 => (first, sides.until_first(context)?),
        Some(_) => return None,
        // Whoever reads a stream slowly makes the call longer than its server is at work.
        None if sides.is_streamed(context) => return None,
        None => (took_ns, sides.whole(context)?),
    };
    let busy = busy_ns(context, span, &inside.others, (from, from.saturating_add(took_ns)));
    let has_mishap = context.store.span(span).events().any(|event| event.name() == "exception");
    Some(Measured { span, took_ns, explained_ns: explained_ns.saturating_add(busy), source, has_mishap })
}

/// Whether `request` was sent over HTTP by `call`, on its own clock.
fn is_request(context: &Context<'_>, call: SpanIx, request: SpanIx) -> bool {
    context.genai.role_of(request) == Role::None && context.is_one_clock(call, request)
}

/// How long other work below a call went on from `from` to `until`, on the call's clock.
fn busy_ns(context: &Context<'_>, call: SpanIx, others: &[SpanIx], (from, until): (i64, i64)) -> i64 {
    let on_clock = others.iter().copied().filter(|span| context.is_one_clock(call, *span));
    let clipped = on_clock.map(|span| context.store.span(span).drawn_ns()).map(|(a, b)| (a.max(from), b.min(until)));
    i64::try_from(union_ns(clipped.filter(|(a, b)| a < b).collect())).unwrap_or(i64::MAX)
}

/// What a call and the spans below it say about its time.
struct Sides<'a> {
    views: Vec<CallView<'a>>,
    /// Spans of the other side.
    servers: Vec<SpanIx>,
}

impl<'a> Sides<'a> {
    fn new(context: &Context<'a>, view: &CallView<'_>, inside: &Requests) -> Self {
        let (store, genai) = (context.store, context.genai);
        let is_model = |span: &SpanIx| genai.role_of(*span) == Role::Model;
        let answers = |span: &SpanIx| store.span(*span).kind() == SpanKind::Server;
        let below_requests = inside.all.iter().flat_map(|span| store.span(*span).children()).copied();
        let models = inside.all.iter().copied().filter(is_model);
        let servers: BTreeSet<SpanIx> = models.chain(below_requests).filter(answers).collect();
        let outermost: BTreeSet<SpanIx> =
            servers.iter().copied().filter(|span| !is_below(context, *span, &servers)).collect();
        let spans: BTreeSet<SpanIx> = inside.all.iter().copied().chain(servers.iter().copied()).collect();
        let views = std::iter::once(view.span).chain(spans).map(|span| genai.view(store, span)).collect();
        Self { views, servers: outermost.into_iter().collect() }
    }

    /// Whether the answer came in pieces: the call says so, or knows when the first one came. What a server knows about
    /// its first token says nothing about how it sent the answer.
    fn is_streamed(&self, context: &Context<'_>) -> bool {
        let says = |view: &CallView<'_>, flag: &str| view.text(Field::Stream) == Some(flag);
        let Some(own) = self.views.first().filter(|own| !says(own, "false")) else { return false };
        let has_first = own.call.is_some_and(|call| call.ttft.is_some());
        let has_pieces = self.views.iter().any(|view| context.genai.stream(context.store, view.span).is_some());
        has_first || has_pieces || self.views.iter().any(|view| says(view, "true"))
    }

    /// When the first piece of the answer came, on the call's clock, if that was seen and not computed.
    fn first_piece(&self, context: &Context<'_>, call: SpanIx) -> Option<i64> {
        let stream = context.genai.stream(context.store, call).filter(|stream| stream.dropped == 0);
        let stamped = || match self.views.first()?.get(Field::FirstTokenAt)?.datum {
            Datum::At(at_ns) => Some(at_ns),
            _ => None,
        };
        stream.and_then(|stream| stream.times_ns.first().copied()).or_else(stamped)
    }

    /// A duration that is certain, and the attribute that states it; the longest where several do.
    fn longest(&self, field: Field, with_head: bool) -> Option<(i64, String)> {
        let certain = self.views.iter().filter_map(|view| {
            let known = view.get(field)?;
            let is_certain = known.confidence == Confidence::Stated && (with_head || !known.is_of_head);
            Some((view.ns(field).filter(|_| is_certain)?, known.source.clone()))
        });
        certain.max_by_key(|(ns, _)| *ns)
    }

    /// How long the attempt that is recorded took until its first piece.
    fn until_first(&self, context: &Context<'_>) -> Option<(i64, String)> {
        let states = |field| self.views.iter().any(|view| view.text(field).is_some_and(|text| text != "0"));
        // The first piece that is recorded may be the first one to be seen, after all reasoning.
        let ttft = self.longest(Field::Ttft, false).filter(|_| !states(Field::ReasoningTokens));
        [ttft, self.of_server(context, false)].into_iter().flatten().max_by_key(|(ns, _)| *ns)
    }

    /// How long the attempt that is recorded took in all.
    fn whole(&self, context: &Context<'_>) -> Option<(i64, String)> {
        self.of_server(context, true)
    }

    fn of_server(&self, context: &Context<'_>, with_head: bool) -> Option<(i64, String)> {
        let stated = self.longest(Field::ServerTime, with_head);
        let spans = self.servers.iter().filter_map(|span| context.store.span(*span).duration_ns());
        let sum = spans.fold(0_i64, i64::saturating_add);
        let of_spans = (sum > 0).then(|| (sum, "its server's span".to_owned()));
        [stated, of_spans].into_iter().flatten().max_by_key(|(ns, _)| *ns)
    }
}

/// Whether one of `others` is above `span`.
fn is_below(context: &Context<'_>, span: SpanIx, others: &BTreeSet<SpanIx>) -> bool {
    let above = std::iter::successors(context.store.span(span).parent(), |&up| context.store.span(up).parent());
    above.take(8).any(|up| others.contains(&up))
}

/// Calls of one process and model that last far longer than is explained, and than others of them.
fn finding(context: &Context<'_>, name: &str, calls: &[Measured]) -> Option<Finding> {
    let limits = context.config.E7;
    let least_ns = limits.least_hidden_ms.saturating_mul(MS);
    let mut usual: Vec<i64> = calls.iter().map(Measured::unexplained_ns).collect();
    usual.sort_unstable();
    // The way to the server is as long for the others; of two the shorter one.
    let usual_ns = if usual.len() > 1 { usual[(usual.len() - 1) / 2].max(0) } else { 0 };
    let excess = |call: &Measured| call.unexplained_ns().saturating_sub(usual_ns);
    let is_long = |call: &&Measured| {
        #[expect(clippy::cast_precision_loss, reason = "a ratio")]
        let times = call.took_ns as f64 / call.explained_ns.max(1) as f64;
        excess(call) >= least_ns && times >= limits.times_explained
    };
    let mut long: Vec<&Measured> = calls.iter().filter(is_long).collect();
    long.sort_by_key(|call| (std::cmp::Reverse(excess(call)), call.span));
    let worst = *long.first()?;
    let spans: Vec<SpanIx> = long.iter().map(|call| call.span).collect();
    let all_ns = long.iter().map(|call| call.unexplained_ns()).fold(0_i64, i64::saturating_add);
    let others = calls.len() - long.len();
    let is_odd = others >= LEAST_PEERS || long.iter().any(|call| call.has_mishap);
    let severity = if is_odd { Severity::Suspicious } else { Severity::Unknown };
    let sentence = format!(
        "{} of {name} took {} longer than the answer and its server explain: retries inside, or a wait at the client.",
        count(long.len(), "call"),
        duration_text(all_ns)
    );
    let mut finding = Finding::new("E7", severity, format!("unexplained time of {name}"), sentence)
        .shown_by(&spans)
        .because(format!(
            "{} of {} explained by {}",
            duration_text(worst.explained_ns),
            duration_text(worst.took_ns),
            worst.source
        ))
        .with("unexplained_ns", all_ns)
        .with("explained_ns", worst.explained_ns);
    if others > 0 {
        let usually = format!("{} in {} usually", duration_text(usual_ns), count(others, "other call"));
        finding = finding.because(usually).with("usual_ns", usual_ns).with("others", others);
    }
    let mishaps = long.iter().filter(|call| call.has_mishap).count();
    if mishaps > 0 {
        let words = format!("{} recorded an exception and did not fail", count(mishaps, "call"));
        finding = finding.because(words).with("exceptions", mishaps);
    }
    Some(finding.because("no span of an attempt is recorded, and what attempts cost in tokens is not either"))
}
