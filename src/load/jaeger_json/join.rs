//! Joins the parts of a Jaeger file: gives every span its process, wherever in the file that was written.

use std::collections::{BTreeMap, VecDeque};

use super::super::{Output, moving};
use super::reader::{Process, ReadChunk, Step};
use crate::model::{Code, InputIx, Part, Resource, ResourceIx};

/// Holds parts back until their traces have ended.
pub(super) struct Joiner<'o, 'a> {
    out: &'o mut Output<'a>,
    held: VecDeque<Part>,
    /// The number of the first held part.
    first_held: usize,
    /// Objects that are open where the last chunk ended, outermost first.
    open: Vec<Trace>,
}

/// What is known about an open trace.
#[derive(Default)]
struct Trace {
    /// (number of the part, its stand-in, id of the process)
    waiting: Vec<(usize, ResourceIx, String)>,
    processes: BTreeMap<String, Box<Process>>,
}

impl<'o, 'a> Joiner<'o, 'a> {
    pub(super) fn new(out: &'o mut Output<'a>) -> Self {
        Self { out, held: VecDeque::new(), first_held: 0, open: Vec::new() }
    }

    /// Takes the next chunk.
    pub(super) fn add(&mut self, chunk: ReadChunk) {
        let number = self.first_held + self.held.len();
        self.held.push_back(chunk.part);
        // A damaged chunk may have left objects open, or closed too many.
        while self.open.len() > chunk.open_objects {
            self.close();
        }
        while self.open.len() < chunk.open_objects {
            self.open.push(Trace::default());
        }
        for step in chunk.steps {
            match step {
                Step::Enter => self.open.push(Trace::default()),
                Step::Leave => self.close(),
                Step::Wait(resource, id) => {
                    if let Some(trace) = self.open.last_mut() {
                        trace.waiting.push((number, resource, id));
                    }
                }
                Step::Process(id, process) => {
                    if let Some(trace) = self.open.last_mut() {
                        trace.processes.insert(id, process);
                    }
                }
            }
        }
        self.deliver();
    }

    /// Closes what the end of the file left open, and delivers everything.
    pub(super) fn finish(mut self) {
        while !self.open.is_empty() {
            self.close();
        }
        self.deliver();
    }

    fn close(&mut self) {
        let Some(trace) = self.open.pop() else { return };
        for (number, ix, id) in trace.waiting {
            let Some(part) = number.checked_sub(self.first_held).and_then(|at| self.held.get_mut(at)) else { continue };
            let attrs = match trace.processes.get(&id) {
                Some(process) => moving::attrs(&process.attrs, &process.part, &mut part.strings, &mut part.attrs),
                None => {
                    let detail = if id.is_empty() {
                        "a span names no process".to_owned()
                    } else {
                        format!("the process {id:?} is not in the trace")
                    };
                    part.diagnostics.add(Code::BadField, InputIx(0), 0, || detail);
                    Vec::new()
                }
            };
            if let Some(resource) = part.resources.get_mut(ix.at()) {
                *resource = Resource { attrs, input: self.out.input(), ..resource.clone() };
            }
        }
    }

    fn deliver(&mut self) {
        let waiting = self.open.iter().filter_map(|trace| trace.waiting.first()).map(|&(number, ..)| number).min();
        while !self.held.is_empty() && waiting.is_none_or(|number| self.first_held < number) {
            if let Some(part) = self.held.pop_front() {
                self.out.absorb(part);
            }
            self.first_held += 1;
        }
    }
}
