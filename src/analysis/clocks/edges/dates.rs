//! `Date` headers of responses: the sender's wall clock, cut to seconds.

use foldhash::fast::FixedState;
use hashbrown::HashMap;

use crate::model::time::S;
use crate::model::{AttrId, SpanIx, TraceStore};

/// The dates in attributes, by attribute. Empty in nearly all workspaces.
#[derive(Default)]
pub struct Dates {
    of_attr: HashMap<u32, i64, FixedState>,
}

impl Dates {
    pub fn new(store: &TraceStore) -> Self {
        let Some(key) = store.strings().find("http.response.header.date") else { return Self::default() };
        let dates = (0_u32..).zip(store.attrs().pairs()).filter(|(_, attr)| attr.key == key);
        let dated = dates.filter_map(|(id, attr)| Some((id, unix_ns(&store.value_text(attr.value))?)));
        Self { of_attr: dated.collect() }
    }

    /// The time that the response to `span` states, Unix nanoseconds, rounded down to seconds.
    pub fn of_span(&self, store: &TraceStore, span: SpanIx) -> Option<i64> {
        if self.of_attr.is_empty() {
            return None;
        }
        store.span(span).attr_ids().iter().find_map(|&AttrId(id)| self.of_attr.get(&id).copied())
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`, alone or in a list of one.
fn unix_ns(text: &str) -> Option<i64> {
    let text = text.trim_matches(|c: char| matches!(c, '[' | ']' | '"' | ' '));
    let time = chrono::DateTime::parse_from_rfc2822(text).ok()?;
    time.timestamp().checked_mul(S)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_dates_are_read_and_nothing_else() {
        for (text, expected) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777 * S)),
            ("[\"Sun, 06 Nov 1994 08:49:37 GMT\"]", Some(784_111_777 * S)),
            ("yesterday", None),
            ("", None),
        ] {
            assert_eq!(unix_ns(text), expected, "{text}");
        }
    }
}
