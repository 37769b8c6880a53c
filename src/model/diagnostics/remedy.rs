//! What to do about each kind of diagnostic.

use super::Code;
use crate::model::SpanFlags;

/// The flag that spans with a diagnostic of a code carry, for the codes that are about single spans.
pub(in crate::model) const FLAGS: &[(SpanFlags, Code)] = &[
    (SpanFlags::END_MISSING, Code::MissingEnd),
    (SpanFlags::START_MISSING, Code::MissingStart),
    (SpanFlags::END_BEFORE_START, Code::EndBeforeStart),
    (SpanFlags::TIME_CLAMPED, Code::TimeClamped),
    (SpanFlags::TIME_IMPRECISE, Code::ImpreciseTime),
    (SpanFlags::SELF_PARENT, Code::SelfParent),
    (SpanFlags::PARENT_CYCLE, Code::ParentCycle),
    (SpanFlags::PARENT_MISSING, Code::MissingParent),
    (SpanFlags::PARENT_OTHER_TRACE, Code::ParentOtherTrace),
    (SpanFlags::ID_CONFLICT, Code::IdConflict),
    (SpanFlags::TIME_ADJUSTED, Code::TimesAdjusted),
];

impl Code {
    /// The flag of the spans that it is about, if all of them carry one: a search for it finds them.
    #[must_use]
    pub fn flag(self) -> Option<SpanFlags> {
        FLAGS.iter().find(|(_, code)| *code == self).map(|&(flag, _)| flag)
    }

    /// One or two sentences: what somebody who wants better data can do.
    #[must_use]
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Truncated => {
                "Export it again once the program that writes it has ended; a copy that broke off has fewer bytes than its source."
            }
            Self::Malformed => {
                "Look at the place in an editor: often two files were joined, or a line was cut. What wrote it may have a bug."
            }
            Self::BadField => {
                "Nothing to do if the field does not matter to you; otherwise look at the exporter that wrote it."
            }
            Self::BadUtf8 => "Only the text is affected. Look for the program that cuts texts at a number of bytes.",
            Self::TooDeep => "Flatten the value where it is recorded: no reader shows hundreds of levels.",
            Self::TooLarge => {
                "Record a reference instead of the content, or set the SDK's limit for the length of attributes."
            }
            Self::InflateLimit => {
                "If you trust the file, raise the limit; a small file that inflates without end is an attack."
            }
            Self::UnknownDocument => "Check that the file holds traces. Other documents beside them do no harm.",
            Self::MetricsSkipped => "Nothing to do: spans are complete. Metrics need another tool.",
            Self::LogsSkipped => {
                "Log inside of a span's context, so that records carry its ids; then they show up as events."
            }
            Self::LogsAttached => "Nothing to do: they are in the span's details, under Events.",
            Self::LogsOrphaned => {
                "Open the traces together with the logs; if the span was sampled out, keep it or its logs, not one of them."
            }
            Self::MissingSpanId => "Fix the exporter: without the id, children and links cannot find the span.",
            Self::MissingTraceId => "Fix the exporter: without the id, nothing says which spans belong together.",
            Self::OddId => {
                "Nothing to do if the ids match each other. Ids of another length do not survive every collector."
            }
            Self::MissingStart => {
                "Read start as unknown: only the end is stated. Fix the instrumentation if it is yours."
            }
            Self::MissingEnd => {
                "If the program still ran, export again later. If it crashed, this is what it was doing; if not, look for a span that is never ended."
            }
            Self::EndBeforeStart => {
                "Do not trust this span's duration. Measure durations with a monotonic clock, and look for a clock step at that time."
            }
            Self::TimeClamped => "Look at the unit: times in picoseconds or with a wrong year end up here.",
            Self::ImpreciseTime => {
                "Write 64-bit times as strings, as OTLP JSON says; a number loses up to 256 ns on the way."
            }
            Self::DuplicateMerged => {
                "Nothing to do. If you did not expect it: an exporter retries, or a file was opened twice."
            }
            Self::IdConflict => {
                "Look for a process that forks with its random generator, or for two exports of one run."
            }
            Self::SelfParent => "Fix the instrumentation: it passes the new span's own context as its parent.",
            Self::ParentCycle => {
                "Look at how contexts are passed between the spans named here; one of them got a later one's."
            }
            Self::MissingParent => {
                "Open the other side's file too. If there is none: the parent was sampled out, filtered, or its process is not traced."
            }
            Self::ParentOtherTrace => {
                "Use a link where one trace starts another, or pass the trace id together with the parent's."
            }
            Self::ServerWarning => {
                "Read the warning in the span's details. It stems from the server, not from the traced programs."
            }
            Self::TimesAdjusted => {
                "Export raw times: in Jaeger, set --query.max-clock-skew-adjustment=0s. Offsets between clocks cannot be judged from changed times."
            }
            Self::SdkDropped => {
                "Raise the limits of the SDK (OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT and its kin), or record less."
            }
            Self::TimesFromAnnotations => {
                "Nothing to do for reading. A tracer that sends timestamp and duration is more exact."
            }
            Self::EventsSkipped => "Nothing to do: spans are complete. Counters need another tool.",
            Self::UnmatchedEvent => {
                "Record for longer, or start before the work begins; a ring buffer that is too small loses beginnings."
            }
            Self::PartialOverlap => {
                "Use asynchronous events (b and e) for work that overlaps on one thread; begin and end must nest."
            }
            Self::NoSpans => "Check that it is the file you meant; metrics and logs alone hold no spans.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::span::FLAG_NAMES;
    use std::collections::BTreeSet;
    use strum::IntoEnumIterator as _;

    #[test]
    fn every_code_says_what_it_means_and_what_to_do() {
        let is_sentence = |text: &str| {
            text.len() > 20 && text.ends_with('.') && text.starts_with(char::is_uppercase) && !text.contains("  ")
        };
        for code in Code::iter() {
            assert!(is_sentence(code.meaning()), "{code}: {}", code.meaning());
            assert!(is_sentence(code.remedy()), "{code}: {}", code.remedy());
        }
        let remedies: BTreeSet<_> = Code::iter().map(Code::remedy).collect();
        assert_eq!(remedies.len(), Code::iter().count(), "none is written twice");
    }

    #[test]
    fn a_flag_leads_to_spans_by_name() {
        for (flag, code) in FLAGS {
            assert_eq!(code.flag(), Some(*flag));
            assert!(FLAG_NAMES.iter().any(|(named, _)| named == flag), "{code} cannot be searched for");
        }
        assert_eq!(Code::Truncated.flag(), None);
    }
}
