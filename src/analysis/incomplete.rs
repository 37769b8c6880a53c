//! Inputs of which something is missing because it could not be read: where, and how much was read.

use std::path::Path;

use crate::model::diagnostics::Entry;
use crate::model::{Code, Input, InputIx, TraceStore, grouped};

/// Why something of an input is missing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Why {
    /// It ends in the middle of something.
    CutOff,
    /// It was not read any further.
    Limit,
    /// So many pieces in it could not be read.
    Pieces(u64),
}

/// An input that was not read as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Incomplete {
    /// Which one.
    pub input: InputIx,
    why: Why,
    /// Where it begins: byte offset in the unpacked input; `None` when that is not known.
    offset: Option<u64>,
}

/// The inputs of `store` that were not read as a whole, in their order.
#[must_use]
pub fn incomplete(store: &TraceStore) -> Vec<Incomplete> {
    let inputs = (0_u32..).zip(store.inputs());
    inputs.filter_map(|(at, input)| of_input(InputIx(at), input)).collect()
}

fn of_input(ix: InputIx, input: &Input) -> Option<Incomplete> {
    let entries = input.diagnostics.entries();
    let entry = |code: Code| entries.iter().find(|(own, _)| *own == code).map(|(_, entry)| *entry);
    let first = |entry: &Entry| entry.places.first().map(|place| place.offset);
    // What is after the end is more than what a piece in the middle held.
    for (code, why) in [(Code::Truncated, Why::CutOff), (Code::InflateLimit, Why::Limit)] {
        if let Some(entry) = entry(code) {
            return Some(Incomplete { input: ix, why, offset: first(entry) });
        }
    }
    let broken = [Code::Malformed, Code::TooLarge, Code::TooDeep].into_iter().filter_map(entry);
    let (count, offset) = broken.fold((0, None), |(count, offset): (u64, Option<u64>), entry| {
        (count.saturating_add(entry.count), offset.into_iter().chain(first(entry)).min())
    });
    (count > 0).then_some(Incomplete { input: ix, why: Why::Pieces(count), offset })
}

impl Incomplete {
    /// `slow.json is cut off at byte 48,213`.
    #[must_use]
    pub fn short(&self, store: &TraceStore) -> String {
        let Some(input) = store.inputs().get(self.input.at()) else { return String::new() };
        let place = self.offset.map(|offset| format!("byte {}{}", grouped(offset), input.offset_words()));
        let at = place.as_ref().map_or_else(String::new, |place| format!(" at {place}"));
        let name = file_name(input);
        match self.why {
            Why::CutOff => format!("{name} is cut off{at}"),
            Why::Limit => format!("{name} was not read beyond the limit{at}"),
            Why::Pieces(1) => format!("a piece of {name}{at} could not be read"),
            Why::Pieces(count) => {
                let first = place.map_or_else(String::new, |place| format!(", the first at {place},"));
                format!("{} pieces of {name}{first} could not be read", grouped(count))
            }
        }
    }

    /// `slow.json is cut off at byte 48,213: 211 spans read, what followed is missing`.
    #[must_use]
    pub fn words(&self, store: &TraceStore) -> String {
        let spans = store.inputs().get(self.input.at()).map_or(0, |input| input.spans);
        let read = if spans == 1 { "1 span".to_owned() } else { format!("{} spans", grouped(spans)) };
        let missing = match self.why {
            Why::CutOff | Why::Limit => "what followed is missing",
            Why::Pieces(1) => "what it held is missing",
            Why::Pieces(_) => "what they held is missing",
        };
        format!("{}: {read} read, {missing}", self.short(store))
    }
}

fn file_name(input: &Input) -> String {
    let name = Path::new(&input.name).file_name();
    name.map_or_else(|| input.name.clone(), |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{Options, Progress, Source, load};

    fn spans(count: u64) -> String {
        let span = |id: u64| {
            format!(
                r#"{{"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"{id:016x}","name":"s",
                "startTimeUnixNano":"1700000000000000000","endTimeUnixNano":"1700000000000000900"}}"#
            )
        };
        let all: Vec<String> = (1..=count).map(span).collect();
        format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{}]}}]}}]}}"#, all.join(","))
    }

    #[test]
    fn what_is_missing_is_said_with_its_place_and_whole_files_are_silent() {
        let (whole, other) = (spans(2), spans(9));
        let cut = &other[..other.len() - 60];
        let broken = whole.replacen(r#""spanId""#, r#"oops "spanId""#, 1);
        let said = |inputs: &[(&str, &str)]| -> Vec<String> {
            let sources: Vec<Source> =
                inputs.iter().map(|(name, text)| Source::memory(*name, text.as_bytes().to_vec())).collect();
            let store = load(&sources, &Options::default(), &Progress::default()).unwrap().store;
            incomplete(&store).iter().map(|it| it.words(&store)).collect()
        };
        assert_eq!(said(&[("a.json", &whole)]), [""; 0]);
        let words = said(&[("a.json", &whole), ("/tmp/slow.json", cut)]);
        assert_eq!(words.len(), 1);
        assert!(words[0].starts_with("slow.json is cut off at byte 1,"), "{words:?}");
        assert!(words[0].ends_with(": 8 spans read, what followed is missing"), "{words:?}");
        let words = said(&[("odd.json", &broken)]);
        assert!(words[0].starts_with("a piece of odd.json at byte "), "{words:?}");
        assert!(
            words[0].contains(" could not be read: ") && words[0].ends_with("what it held is missing"),
            "{words:?}"
        );
    }
}
