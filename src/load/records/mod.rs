//! Exports of AI tools: lists, or lines, of JSON objects that each are one span.
//!
//! The formats differ in names, ids and times; how their documents are read is the same. A format says which
//! lists hold its records ([`Records`]) and what a [`Record`] means; [`read`] does the rest.

mod clickhouse;
mod dynamo;
mod flat_spans;
mod go_spans;
mod google;
mod langfuse;
mod langsmith;
mod logs;
mod mlflow;
mod openai_agents;
mod read;
mod record;
mod rows;
mod sentry;
mod sink;
mod skywalking;
#[cfg(test)]
mod tests;
mod times;
mod triton;
mod xray;

pub use clickhouse::ClickHouseRows;
pub use dynamo::DynamoRequests;
pub use flat_spans::FlatSpans;
pub use go_spans::GoSpans;
pub use google::GoogleTrace;
pub use langfuse::Langfuse;
pub use langsmith::LangSmithRuns;
pub use mlflow::MlflowTraces;
pub use openai_agents::OpenAiAgents;
pub use rows::ToolRows;
pub use sentry::SentryEvents;
pub use skywalking::SkyWalking;
pub use triton::TritonTrace;
pub use xray::XRay;

use record::Record;
use sink::Sink;

pub(super) use times::{date_time, guess_time};

use super::sniff::walk_json_keys;

/// What a format of records says about itself.
trait Records: Default {
    /// Keys of the lists that hold records.
    const LISTS: &'static [&'static str];
    /// Keys of objects that hold such a list.
    const WRAPPERS: &'static [&'static str] = &[];

    /// Reads one record into the sink.
    fn record(&mut self, record: &Record<'_>, sink: &mut Sink);

    /// Reads the other fields of a document whose list was read. There are none when the document was a record.
    fn document(&mut self, _fields: &Record<'_>, _sink: &mut Sink) {}

    /// The input is over.
    fn end(&mut self, _sink: &mut Sink) {}
}

/// Which of `keys` occur in `head` at any depth, as bits in their order.
fn keys_in(head: &[u8], keys: &[&str]) -> u32 {
    let mut found = 0;
    walk_json_keys(head, |path| {
        // Keys may have dots in them.
        let ends = |key: &str| path.strip_suffix(key).is_some_and(|before| before.is_empty() || before.ends_with('.'));
        for (at, _) in keys.iter().enumerate().filter(|(_, key)| ends(key)) {
            found |= 1 << at;
        }
        true
    });
    found
}
