//! E8: what is missing: spans whose parent is in no input, traces that were sampled away, and about how many.

use std::collections::{BTreeMap, BTreeSet};

use super::{Config, Context, Finding, Rule, Severity, count, e08_identity, figure, sampling, verb};
use crate::analysis::incomplete::incomplete;
use crate::model::{Ghost, SpanIx, Sym, TraceIx, grouped};

/// See the module.
pub struct Orphans;

/// Broken traces that are compared with complete ones.
const MOST_BROKEN: usize = 1_000;

impl Rule for Orphans {
    fn code(&self) -> &'static str {
        "E8"
    }

    fn title(&self) -> &'static str {
        "missing parents and sampling"
    }

    fn is_on(&self, config: &Config) -> bool {
        config.E8.on
    }

    fn find(&self, context: &Context<'_>) -> Vec<Finding> {
        let kinds = [
            (Some(true), "in other processes", "never collected there, or sampled away"),
            (Some(false), "in the same process", "dropped, filtered, or not written yet"),
            (None, "in an unknown place", "the spans do not say whether it was another process"),
        ];
        let lost = kinds.into_iter().filter_map(|(remote, place, why)| {
            let ghosts: Vec<&Ghost> = context.store.ghosts().iter().filter(|ghost| ghost.remote == remote).collect();
            orphans(context, &ghosts, place, why)
        });
        lost.chain(sampling::find(context)).collect()
    }
}

fn orphans(context: &Context<'_>, ghosts: &[&Ghost], place: &str, why: &str) -> Option<Finding> {
    let spans: Vec<SpanIx> = ghosts.iter().flat_map(|ghost| ghost.children.iter().copied()).collect();
    if spans.len() < context.config.E8.least_spans.max(1) {
        return None;
    }
    let (parents, lost) = (count(ghosts.len(), "parent"), count(spans.len(), "span"));
    let hang = verb(spans.len(), "hangs", "hang");
    let cut_off = CutOff::of(context, &spans);
    // Where all are from files that were not read as a whole, that is the likely cause.
    let why = match &cut_off {
        Some(cut_off) if cut_off.spans == spans.len() => format!(", likely because {}", cut_off.files),
        _ => format!(": {why}"),
    };
    let sentence = format!("{lost} {hang} from {parents} {place} that no input holds{why}.");
    let finding = Finding::new("E8", Severity::Unknown, format!("missing parents {place}"), sentence)
        .shown_by(&spans)
        .because(format!(
            "at least {} missing beside {}",
            parents_text(ghosts.len()),
            count(context.store.len(), "span")
        ))
        .with("orphans", spans.len())
        .with("missing_parents", ghosts.len());
    let finding = match &cut_off {
        Some(CutOff { spans: own, files }) => {
            let of = format!("{} of {}", figure(*own), count(spans.len(), "span"));
            let come = verb(*own, "comes", "come");
            let parents = verb(*own, "its parent is", "their parents are");
            finding
                .because(format!(
                    "{of} {come} from where something is missing ({files}): {parents} likely part of that"
                ))
                .with("from_incomplete_inputs", *own)
        }
        None => finding,
    };
    let estimate = Estimate::new(context, ghosts);
    let finding = finding.because(estimate.words());
    let finding = e08_identity::tell(context, ghosts, finding);
    Some(match estimate.compared {
        0 => finding,
        _ => finding.with("missing_spans_lo", estimate.least).with("missing_spans_hi", estimate.most),
    })
}

/// Spans whose parents may well be in what is missing of their own input.
struct CutOff {
    spans: usize,
    /// `slow.json is cut off at byte 48,213`, for each such input.
    files: String,
}

impl CutOff {
    /// Which of `spans` come from inputs that were not read as a whole; `None` when no span does.
    fn of(context: &Context<'_>, spans: &[SpanIx]) -> Option<Self> {
        const MOST_FILES: usize = 3;
        let inputs = incomplete(context.store);
        let of_span = |span: &SpanIx| {
            let input = context.store.span(*span).input_ix();
            inputs.binary_search_by_key(&input, |it| it.input).ok()
        };
        let mut found: BTreeMap<usize, usize> = BTreeMap::new();
        for input in spans.iter().filter_map(of_span) {
            *found.entry(input).or_default() += 1;
        }
        if found.is_empty() {
            return None;
        }
        let mut files: Vec<String> = found.keys().take(MOST_FILES).map(|at| inputs[*at].short(context.store)).collect();
        if found.len() > MOST_FILES {
            files.push(format!("and {} more", count(found.len() - MOST_FILES, "file")));
        }
        Some(Self { spans: found.values().sum(), files: files.join(", ") })
    }
}

fn parents_text(n: usize) -> String {
    format!("{} {}", count(n, "span"), verb(n, "is", "are"))
}

/// How many spans are missing from broken traces, by comparison with complete ones that hold the same names.
#[derive(Default)]
struct Estimate {
    /// Broken traces.
    broken: usize,
    /// Of them, those that could be compared.
    compared: usize,
    /// Complete traces that they were compared with.
    peers: BTreeSet<TraceIx>,
    /// Spans that are missing from those that could be compared.
    least: u64,
    likely: u64,
    most: u64,
}

impl Estimate {
    fn new(context: &Context<'_>, ghosts: &[&Ghost]) -> Self {
        let mut broken: BTreeMap<TraceIx, u64> = BTreeMap::new();
        for ghost in ghosts {
            *broken.entry(ghost.trace).or_default() += 1;
        }
        let traces = Traces::new(context, &broken);
        let mut estimate = Self { broken: broken.len(), ..Self::default() };
        for (trace, parents) in broken.into_iter().take(MOST_BROKEN) {
            let peers = traces.peers(trace);
            let mut sizes: Vec<u64> = peers.iter().map(|peer| traces.sizes[peer.at()]).collect();
            sizes.sort_unstable();
            let (Some(&least), Some(&most)) = (sizes.first(), sizes.last()) else { continue };
            let missing = |size: u64| size.saturating_sub(traces.sizes[trace.at()]).max(parents);
            estimate.compared += 1;
            estimate.least += missing(least);
            estimate.likely += missing(sizes[sizes.len() / 2]);
            estimate.most += missing(most);
            estimate.peers.extend(peers);
        }
        estimate
    }

    fn words(&self) -> String {
        let Self { broken, compared, peers, least, likely, most } = self;
        let broken_text = count(*broken, "broken trace");
        if *compared == 0 {
            let like = verb(*broken, "the broken one", "the broken ones");
            return format!("how many more cannot be told: no complete trace here is like {like}");
        }
        let of = if compared == broken { broken_text } else { format!("{} of {broken_text}", figure(*compared)) };
        let likely = usize::try_from(*likely).unwrap_or(usize::MAX);
        let range = if least == most { String::new() } else { format!(" ({} to {})", grouped(*least), grouped(*most)) };
        let trust = if peers.len() < 5 { ", which is few to judge by" } else { "" };
        format!(
            "about {}{range} {} missing from {of}, judged by {} with the same names{trust}",
            count(likely, "span"),
            verb(likely, "is", "are"),
            count(peers.len(), "complete trace")
        )
    }
}

/// What a span is called and by whom: what traces of one kind have in common.
type Called = (Sym, Sym);

/// Sizes of all traces, and which names they hold.
struct Traces {
    sizes: Vec<u64>,
    /// The names of broken traces.
    names: BTreeMap<TraceIx, BTreeSet<Called>>,
    /// Complete traces by the names of broken ones that they hold.
    holders: BTreeMap<Called, BTreeSet<TraceIx>>,
}

impl Traces {
    fn new(context: &Context<'_>, broken: &BTreeMap<TraceIx, u64>) -> Self {
        let store = context.store;
        let mut sizes = vec![0_u64; store.traces().len()];
        let services: Vec<Sym> = store
            .resources()
            .iter()
            .map(|resource| store.find_attr(&resource.attrs, "service.name").and_then(crate::model::Value::sym))
            .map(Option::unwrap_or_default)
            .collect();
        let called = |span: SpanIx| {
            let view = store.span(span);
            (services[view.resource_ix().at()], view.name_sym())
        };
        let any_broken: BTreeSet<TraceIx> = store.ghosts().iter().map(|ghost| ghost.trace).collect();
        let mut names: BTreeMap<TraceIx, BTreeSet<Called>> = BTreeMap::new();
        for span in store.span_ixs() {
            let trace = store.span(span).trace_ix();
            sizes[trace.at()] += 1;
            if broken.contains_key(&trace) {
                names.entry(trace).or_default().insert(called(span));
            }
        }
        let wanted: BTreeSet<Called> = names.values().flatten().copied().collect();
        let mut holders: BTreeMap<Called, BTreeSet<TraceIx>> = BTreeMap::new();
        for span in store.span_ixs() {
            let (trace, called) = (store.span(span).trace_ix(), called(span));
            if wanted.contains(&called) && !any_broken.contains(&trace) {
                holders.entry(called).or_default().insert(trace);
            }
        }
        Self { sizes, names, holders }
    }

    /// The complete traces that hold every name that `broken` holds.
    fn peers(&self, broken: TraceIx) -> BTreeSet<TraceIx> {
        let mut names = self.names.get(&broken).into_iter().flatten();
        let holders = |called| self.holders.get(called).cloned().unwrap_or_default();
        let Some(first) = names.next() else { return BTreeSet::new() };
        names.fold(holders(first), |peers, called| &peers & &holders(called))
    }
}
