//! All records of a file to spans.

use std::collections::BTreeMap;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use rayon::iter::{IntoParallelIterator as _, ParallelIterator as _};

use super::super::{Output, fields, moving};
use super::asynchronous::{FlowPoint, bind_operation, link_flow};
use super::nest::{Bindings, Item, Number, bind_thread};
use super::record::{OPEN, Owner, Phase, ReadChunk, Record, Thread};
use crate::model::{
    AttrId, Code, EventDraft, InputIx, LinkDraft, LinkKind, Part, Resource, Scope, SpanDraft, SpanFlags, SpanId,
    Strings, Sym, TraceId, Value,
};

/// Collects the chunks of a file.
#[derive(Default)]
pub(super) struct Build {
    chunks: Vec<ReadChunk>,
    /// Number of the first record of each chunk.
    first: Vec<Number>,
    records: usize,
}

/// What few spans have beside their own record.
#[derive(Default)]
struct Extra {
    attrs: Vec<AttrId>,
    events: Vec<(i64, Sym, Vec<AttrId>)>,
    links: Vec<Number>,
    is_lone: bool,
}

type Extras = HashMap<Number, Extra, FixedState>;

/// No parent.
const NONE: Number = Number::MAX;

/// What was concluded about every record.
struct Bound {
    /// By number; [`NONE`] for roots.
    parents: Vec<Number>,
    /// By number; [`OPEN`] when the record's own end counts.
    ends_ns: Vec<i64>,
    /// By chunk.
    extras: Vec<Extras>,
}

/// Names that metadata events gave.
#[derive(Default)]
struct Names {
    processes: BTreeMap<String, BTreeMap<String, String>>,
    threads: BTreeMap<Thread, String>,
    base_ns: i64,
    rank: Option<i64>,
}

impl Build {
    /// Takes the next chunk.
    pub(super) fn add(&mut self, chunk: ReadChunk) {
        self.first.push(Number::try_from(self.records).unwrap_or(Number::MAX));
        self.records += chunk.records.len();
        self.chunks.push(chunk);
    }

    /// Makes spans of everything. All of them are of the trace `trace`.
    pub(super) fn finish(mut self, trace: u128, out: &mut Output<'_>) {
        let (threads, operations) = self.group();
        let mut found = threads
            .into_par_iter()
            .map(|items| {
                let mut found = Bindings::default();
                bind_thread(items, &mut found);
                found
            })
            .chain(operations.into_par_iter().map(|items| {
                let mut found = Bindings::default();
                bind_operation(items, &mut found);
                found
            }))
            .collect::<Vec<_>>();
        let mut links = Vec::new();
        let mut unmatched = Vec::new();
        self.link_flows(&found, &mut links, &mut unmatched);
        for one in &mut found {
            unmatched.append(&mut one.unmatched);
        }
        unmatched.sort_unstable();
        self.note(Code::UnmatchedEvent, &unmatched);
        let mut overlaps: Vec<Number> = found.iter().flat_map(|one| one.overlaps.iter().copied()).collect();
        overlaps.sort_unstable();
        self.note(Code::PartialOverlap, &overlaps);
        let bound = self.bound(found, links);
        let names = self.names();
        self.deliver(bound, &names, trace, out);
    }

    /// Makes the spans of a few chunks at a time, while those of the few before go into the store: their memory is
    /// used again, and is still near the processor.
    fn deliver(self, bound: Bound, names: &Names, trace: u128, out: &mut Output<'_>) {
        let Bound { parents, ends_ns, extras } = bound;
        let (parents, ends_ns) = (&parents, &ends_ns);
        let mut chunks = self.chunks.into_iter().zip(self.first).zip(extras);
        let mut made: Vec<Part> = Vec::new();
        loop {
            let next: Vec<_> = chunks.by_ref().take(rayon::current_num_threads()).collect();
            let is_last = next.is_empty();
            let make = || {
                let parts = next.into_par_iter().map(|((chunk, first), extras)| {
                    let numbers = first as usize..first as usize + chunk.records.len();
                    let bound = Of { parents: &parents[numbers.clone()], ends_ns: &ends_ns[numbers], extras };
                    spans_of(chunk, first, &bound, names, trace)
                });
                parts.collect()
            };
            (made, ()) = rayon::join(make, || made.into_iter().for_each(|part| out.absorb(part)));
            if is_last {
                return;
            }
        }
    }

    fn place(&self, number: Number) -> (usize, usize) {
        // Of chunks that begin with one number, all but the last are empty.
        let chunk = self.first.partition_point(|&first| first <= number).saturating_sub(1);
        (chunk, (number - self.first[chunk]) as usize)
    }

    fn record(&self, number: Number) -> Record {
        let (chunk, at) = self.place(number);
        self.chunks[chunk].records[at]
    }

    fn note(&mut self, code: Code, numbers: &[Number]) {
        for &number in numbers {
            let (chunk, at) = self.place(number);
            let chunk = &mut self.chunks[chunk];
            let record = chunk.records[at];
            let name = chunk.part.strings.get(record.name);
            let detail = || format!("{name:?} ({:?})", record.phase);
            chunk.part.diagnostics.add(code, InputIx(0), record.offset, detail);
        }
    }

    /// What is bound of each thread, and of each asynchronous operation, in order of appearance.
    fn group(&self) -> (Vec<Vec<Item>>, Vec<Vec<Item>>) {
        let (thread_ix, mut threads) = self.threads();
        let mut names = FileNames::default();
        let mut operation_ix: HashMap<u64, usize, FixedState> = HashMap::default();
        let mut operations: Vec<Vec<Item>> = Vec::new();
        for ((chunk, &first), thread_ix) in self.chunks.iter().zip(&self.first).zip(thread_ix) {
            names.begin(chunk);
            for (number, record) in (first..).zip(&chunk.records) {
                let mut item = Item {
                    start_ns: record.start_ns,
                    end_ns: record.end_ns,
                    number,
                    name: Sym::EMPTY,
                    phase: record.phase,
                };
                match record.phase.owner() {
                    Owner::Nobody => {}
                    Owner::Operation => {
                        item.name = names.of(record.name, chunk);
                        let next = operations.len();
                        let ix = *operation_ix.entry(record.key).or_insert(next);
                        if ix == next {
                            operations.push(Vec::new());
                        }
                        operations[ix].push(item);
                    }
                    Owner::Thread => {
                        if matches!(record.phase, Phase::Begin | Phase::End) {
                            item.name = names.of(record.name, chunk);
                        }
                        threads[thread_ix[record.thread as usize]].push(item);
                    }
                }
            }
        }
        (threads, operations)
    }

    /// Which thread of the file each thread of each chunk is, and room for what is bound of each.
    fn threads(&self) -> (Vec<Vec<usize>>, Vec<Vec<Item>>) {
        let mut by_thread: HashMap<&Thread, usize, FixedState> = HashMap::default();
        let mut sizes: Vec<usize> = Vec::new();
        let of_chunks = self.chunks.iter().map(|chunk| {
            let of_chunk: Vec<usize> = chunk
                .threads
                .iter()
                .map(|thread| {
                    *by_thread.entry(thread).or_insert_with(|| {
                        sizes.push(0);
                        sizes.len() - 1
                    })
                })
                .collect();
            for record in chunk.records.iter().filter(|record| record.phase.owner() == Owner::Thread) {
                sizes[of_chunk[record.thread as usize]] += 1;
            }
            of_chunk
        });
        let of_chunks = of_chunks.collect();
        (of_chunks, sizes.into_iter().map(Vec::with_capacity).collect())
    }

    fn link_flows(&self, found: &[Bindings], links: &mut Vec<(Number, Number)>, unmatched: &mut Vec<Number>) {
        let point = |&(number, slice): &(Number, Number)| {
            let Record { key, start_ns, phase, .. } = self.record(number);
            FlowPoint { key, start_ns, number, slice, phase }
        };
        let mut points: Vec<FlowPoint> = found.iter().flat_map(|one| one.flows.iter().map(point)).collect();
        points.sort_by_key(|point| (point.key, point.start_ns, point.number));
        for flow in points.chunk_by(|a, b| a.key == b.key) {
            link_flow(flow, links, unmatched);
        }
        links.sort_unstable();
    }

    fn bound(&mut self, found: Vec<Bindings>, links: Vec<(Number, Number)>) -> Bound {
        let mut parents = vec![NONE; self.records];
        let mut ends_ns = vec![OPEN; self.records];
        let mut extras: Vec<Extras> = self.chunks.iter().map(|_| Extras::default()).collect();
        for one in found {
            for (child, parent) in one.parents {
                parents[child as usize] = parent;
            }
            for (begin, end_ns, end) in one.ends {
                ends_ns[begin as usize] = end_ns;
                let attrs = self.move_attrs(end, begin);
                if !attrs.is_empty() {
                    self.extra(&mut extras, begin).attrs = attrs;
                }
            }
            for (slice, instant) in one.instants {
                let time_ns = self.record(instant).start_ns;
                let attrs = self.move_attrs(instant, slice);
                let name = self.move_name(instant, slice);
                self.extra(&mut extras, slice).events.push((time_ns, name, attrs));
            }
            for lone in one.lone {
                self.extra(&mut extras, lone).is_lone = true;
            }
        }
        for (slice, earlier) in links {
            self.extra(&mut extras, slice).links.push(earlier);
        }
        Bound { parents, ends_ns, extras }
    }

    fn extra<'e>(&self, extras: &'e mut [Extras], number: Number) -> &'e mut Extra {
        extras[self.place(number).0].entry(number).or_default()
    }

    /// Attributes of a record, in the tables of another record's chunk.
    fn move_attrs(&mut self, from: Number, to: Number) -> Vec<AttrId> {
        let ((from, at), (to, _)) = (self.place(from), self.place(to));
        let attrs = self.chunks[from].attrs_of(at).to_vec();
        let Ok([source, target]) = self.chunks.get_disjoint_mut([from, to]) else { return attrs };
        moving::attrs(&attrs, &source.part, &mut target.part.strings, &mut target.part.attrs)
    }

    /// The name of a record, in the table of another record's chunk.
    fn move_name(&mut self, from: Number, to: Number) -> Sym {
        let ((from, at), (to, _)) = (self.place(from), self.place(to));
        let name = self.chunks[from].records[at].name;
        let Ok([source, target]) = self.chunks.get_disjoint_mut([from, to]) else { return name };
        moving::sym(name, &source.part, &mut target.part.strings)
    }

    fn names(&self) -> Names {
        let mut names = Names::default();
        for chunk in &self.chunks {
            names.base_ns = chunk.base_ns.unwrap_or(names.base_ns);
            names.rank = chunk.rank.or(names.rank);
            for meta in &chunk.metas {
                let thread = &chunk.threads[meta.thread as usize];
                if meta.what == "thread_name" {
                    names.threads.insert(thread.clone(), meta.value.clone());
                } else if meta.what.starts_with("process_") {
                    let process = names.processes.entry(thread.process.clone()).or_default();
                    process.insert(meta.what.clone(), meta.value.clone());
                }
            }
        }
        names
    }
}

/// Names as symbols of the whole file, so that those of several chunks can be compared.
#[derive(Default)]
struct FileNames {
    names: Strings,
    /// By the symbol in the chunk.
    of_chunk: Vec<Option<Sym>>,
}

impl FileNames {
    /// The next names are of `chunk`.
    fn begin(&mut self, chunk: &ReadChunk) {
        self.of_chunk.clear();
        self.of_chunk.resize(chunk.part.strings.len(), None);
    }

    fn of(&mut self, name: Sym, chunk: &ReadChunk) -> Sym {
        *self.of_chunk[name.at()].get_or_insert_with(|| self.names.intern(chunk.part.strings.get(name)))
    }
}

/// A thread's resource and attributes in the tables of one part.
struct ThreadTables {
    resource: crate::model::ResourceIx,
    attrs: Vec<AttrId>,
}

/// [`Bound`] of one chunk.
struct Of<'b> {
    parents: &'b [Number],
    ends_ns: &'b [i64],
    extras: Extras,
}

fn spans_of(chunk: ReadChunk, first: Number, bound: &Of<'_>, names: &Names, trace: u128) -> Part {
    let ReadChunk { mut part, records, attrs, threads, .. } = chunk;
    // A thread has an id, and perhaps a name.
    part.spans.reserve(records.len(), attrs.len() + 2 * records.len());
    // Made when a span needs them: metadata names threads that do nothing.
    let mut tables: Vec<Option<ThreadTables>> = threads.iter().map(|_| None).collect();
    let scope = part.scope(Scope::default());
    let mut draft = SpanDraft::default();
    let mut attr_start = 0;
    let none = Extra::default();
    for (at, (number, record)) in (first..).zip(&records).enumerate() {
        let own = &attrs[attr_start..record.attr_end as usize];
        attr_start = record.attr_end as usize;
        let extra = bound.extras.get(&number).unwrap_or(&none);
        let is_instant = extra.is_lone || record.phase == Phase::WideInstant;
        let is_span = is_instant || matches!(record.phase, Phase::Complete | Phase::Begin | Phase::AsyncBegin);
        if !is_span {
            continue;
        }
        draft.clear();
        draft.trace = TraceId::from_u128(trace);
        draft.id = SpanId::from_u64(u64::from(number) + 1);
        let parent = bound.parents[at];
        draft.parent = if parent == NONE { SpanId::None } else { SpanId::from_u64(u64::from(parent) + 1) };
        draft.name = record.name;
        draft.offset = record.offset;
        if record.is_clamped {
            draft.flags = SpanFlags::TIME_CLAMPED;
        }
        let own_end = if is_instant { record.start_ns } else { record.end_ns };
        let end_ns = [bound.ends_ns[at], own_end].into_iter().find(|&end_ns| end_ns != OPEN);
        let absolute =
            |time_ns: i64, flags: &mut SpanFlags| fields::clamp(i128::from(time_ns) + i128::from(names.base_ns), flags);
        draft.start_ns = if record.has_start { absolute(record.start_ns, &mut draft.flags) } else { 0 };
        draft.end_ns = end_ns.map_or(0, |end_ns| absolute(end_ns, &mut draft.flags));
        let ix = record.thread as usize;
        let thread = tables[ix].get_or_insert_with(|| thread_tables(&mut part, &threads[ix], names));
        draft.attrs.extend_from_slice(&thread.attrs);
        draft.attrs.extend_from_slice(own);
        draft.attrs.extend_from_slice(&extra.attrs);
        for (time_ns, name, attrs) in &extra.events {
            draft.event_attrs.extend_from_slice(attrs);
            let time_ns = absolute(*time_ns, &mut draft.flags);
            let attr_end = u32::try_from(draft.event_attrs.len()).unwrap_or(u32::MAX);
            draft.events.push(EventDraft { time_ns, observed_ns: None, name: *name, attr_end });
        }
        for &earlier in &extra.links {
            draft.links.push(LinkDraft {
                kind: LinkKind::FollowsFrom,
                trace: draft.trace,
                span: SpanId::from_u64(u64::from(earlier) + 1),
                ..LinkDraft::default()
            });
        }
        let span = part.push(&draft, thread.resource, scope);
        // Zero is a time like any other here: the recorder's clock may start at it.
        let flags = &mut part.spans.flags[span.at()];
        if record.has_start {
            flags.0 &= !SpanFlags::START_MISSING.0;
        }
        if end_ns.is_some() {
            flags.0 &= !SpanFlags::END_MISSING.0;
            if draft.end_ns < draft.start_ns {
                *flags = flags.with(SpanFlags::END_BEFORE_START);
            }
        }
    }
    part
}

/// The machine that a process id or name stands for: Ray puts what its workers on several machines stamped into one
/// file, with `10.0.0.1` or `Node 10.0.0.1` for the process.
fn machine(text: &str) -> Option<&str> {
    let address = ["Node ", "node:"].iter().find_map(|prefix| text.strip_prefix(prefix)).unwrap_or(text);
    address.parse::<std::net::IpAddr>().is_ok().then_some(address)
}

fn thread_tables(part: &mut Part, thread: &Thread, names: &Names) -> ThreadTables {
    let mut attr = |key: &str, text: &str| {
        let value = match text.parse::<i64>() {
            Ok(int) => Value::Int(int),
            Err(_) => Value::Str(part.strings.intern(text)),
        };
        let key = part.strings.intern(key);
        part.attrs.intern(key, value)
    };
    let process = names.processes.get(&thread.process);
    let mut resource = Vec::new();
    for (what, text) in process.into_iter().flatten() {
        match what.as_str() {
            "process_name" => resource.insert(0, attr("service.name", text)),
            "process_labels" => resource.push(attr("process.labels", text)),
            _ => {}
        }
    }
    if !thread.process.is_empty() {
        resource.push(attr("process.pid", &thread.process));
    }
    if let Some(rank) = names.rank {
        resource.push(attr("rank", &rank.to_string()));
    }
    let process_name = process.and_then(|about| about.get("process_name"));
    let host = machine(&thread.process).or_else(|| machine(process_name?));
    match (names.rank, host) {
        (Some(rank), _) => resource.push(attr("trace.clock", &format!("rank {rank}"))),
        (None, Some(host)) => resource.push(attr("host.name", host)),
        (None, None) => resource.push(attr("trace.clock", "recorder")),
    }
    let mut attrs = Vec::new();
    if !thread.thread.is_empty() {
        attrs.push(attr("thread.id", &thread.thread));
    }
    if let Some(name) = names.threads.get(thread) {
        attrs.push(attr("thread.name", name));
    }
    let resource = Resource { input: InputIx(0), attrs: resource, schema_url: Sym::EMPTY, dropped: 0 };
    ThreadTables { resource: part.resource(resource), attrs }
}
