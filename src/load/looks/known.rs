//! Files of other tools that people try to open: what they are, and how to get a trace out of those tools.

use std::collections::BTreeSet;

use super::super::sniff::walk_json_keys;

/// What it is, and what to do about it.
type Kind = (&'static str, &'static str);

const AS_OTLP: &str = "Send the spans through the OpenTelemetry collector and open what its file exporter writes.";
const OTLP_EXPORTER: &str =
    "Switch the program to the OTLP exporter, or to one that writes JSON, and open what that writes.";
/// Their one time may be when the call began, when it ended or when it was written down.
const GATEWAY: &str = "They do not say when the call began and when it ended. Switch on the gateway's OpenTelemetry export, and open that.";
const PROFILE: &str = "A profile counts samples and has no spans. Record a trace with spans instead.";

/// JSON of a known kind: all of these keys occur, at any depth.
const JSON: &[(&[&str], Kind)] = &[
    (
        &["rootTraceName", "traceID"],
        (
            "the result of a Tempo search, which lists traces without their spans",
            "Open a trace itself: /api/traces/ID of Tempo, or the trace view's JSON.",
        ),
    ),
    (&["trace_id", "subsegments"], ("a segment of AWS X-Ray", AS_OTLP)),
    (&["trace.trace_id", "trace.span_id"], ("rows of Honeycomb", AS_OTLP)),
    (&["event_id", "start_timestamp", "contexts"], ("an event of Sentry", AS_OTLP)),
    (&["start_timestamp", "span_id"], ("spans of Sentry", AS_OTLP)),
    (&["transaction", "span_count"], ("events of the Elastic APM agents", AS_OTLP)),
    (&["transaction.id", "processor.event"], ("documents of Elastic APM", AS_OTLP)),
    (&["processor", "transaction"], ("documents of Elastic APM", AS_OTLP)),
    (
        &["batch", "body", "timestamp"],
        ("events on their way to Langfuse", "Export the trace from Langfuse, in its interface or by its API."),
    ),
    (
        &["sessionId", "parentUuid"],
        ("a session of Claude Code, which has messages but no spans", "Record it with OpenTelemetry, and open that."),
    ),
    (&["ai_org", "ai_model", "trace_id"], ("logs of Portkey", GATEWAY)),
    (&["generation_time", "native_tokens_prompt"], ("what OpenRouter says about an answer", GATEWAY)),
    (&["tokens_in", "tokens_out", "provider"], ("logs of Cloudflare's AI Gateway", GATEWAY)),
    (&["DurationNano", "TagsKeys"], ("a trace as SigNoz shows it", AS_OTLP)),
    (
        &["schema", "fields", "values"],
        ("a table of Grafana", "Open the trace itself: the trace view's JSON, or /api/traces/ID of Tempo."),
    ),
    (&["log", "entries", "startedDateTime"], ("a recording of HTTP requests (HAR)", "Record a trace instead.")),
    (&["nodes", "callFrame", "timeDeltas"], ("a CPU profile of V8", PROFILE)),
    (&["nodes", "callFrame", "hitCount"], ("a CPU profile of V8", PROFILE)),
    (&["profiles", "shared", "frames"], ("a profile of speedscope", PROFILE)),
    (&["libs", "threads", "meta"], ("a profile of Firefox", PROFILE)),
    (&["resultType", "result"], ("an answer of Loki or Prometheus", "Open a trace instead of logs or metrics.")),
    (
        &["awslogs", "data"],
        (
            "a message of CloudWatch Logs, packed",
            "Take `awslogs.data` out, then base64 -d and gunzip, and open the rest.",
        ),
    ),
    (&["nodes", "edges", "snapshot"], ("a heap snapshot of V8", PROFILE)),
    (&["message", "level", "trace_id"], ("log records that name traces", "Open the trace that they name instead.")),
    (
        &["messages", "role"],
        ("chat messages", "They say what was said, not when. Open the trace of the conversation instead."),
    ),
];

/// True for a table as pandas writes it, column by column, rows numbered: `{"name": {"0": …`. It has the keys of the
/// format whose rows it holds, and none of its records.
pub(in crate::load) fn is_table(head: &[u8]) -> bool {
    let mut first: Option<String> = None;
    let mut is_table = false;
    walk_json_keys(head, |path| match &first {
        None => {
            first = Some(path.to_owned());
            true
        }
        Some(column) => {
            is_table = path.strip_prefix(column.as_str()) == Some(".0");
            false
        }
    });
    is_table
}

/// The kind of JSON that `head` is the beginning of.
pub(super) fn json(head: &[u8]) -> Option<Kind> {
    let mut keys = BTreeSet::new();
    walk_json_keys(head, |path| {
        let key = path.rsplit_once("[].").map_or(path, |(_, key)| key);
        // Some keys have dots in them.
        keys.insert(key.to_owned());
        keys.extend(key.rsplit_once('.').map(|(_, last)| last.to_owned()));
        true
    });
    if is_table(head) {
        return Some(("a table of pandas, column by column", "Write its rows: to_json(orient=\"records\")."));
    }
    JSON.iter().find(|(wanted, _)| wanted.iter().all(|&key| keys.contains(key))).map(|&(_, kind)| kind)
}

/// Its lines name spans, ids and attributes, and no times.
const JAVA: Kind = (
    "what the logging exporter of Java prints, which leaves out the times of spans",
    "Switch the program to otel.traces.exporter=logging-otlp (or otlp), and open what that writes.",
);

/// Text of a known kind: one of its first lines begins or goes on like this.
const TEXT: &[(&[&str], Kind)] = &[
    (&["ResourceSpans #0"], ("what the collector's debug exporter prints", AS_OTLP)),
    (&["OpenTelemetry::SDK::Trace::SpanData"], ("what the console exporter of Ruby prints", OTLP_EXPORTER)),
    (&["LoggingSpanExporter"], JAVA),
    (&[" [tracer: ", "AttributesMap{"], JAVA),
    (&[" [tracer: ", "{capacity="], JAVA),
    (&["resource_spans {"], ("OTLP in the text form of protobuf", OTLP_EXPORTER)),
    (&["traceId: '", "instrumentationScope: {"], ("what the console exporter of JavaScript prints", OTLP_EXPORTER)),
    (&["traceId: '", "parentSpanContext"], ("what the console exporter of JavaScript prints", OTLP_EXPORTER)),
    (&["# HELP ", "# TYPE "], ("metrics of Prometheus", "Open a trace instead of metrics.")),
    (
        &["data: {"],
        ("a stream of server-sent events", "Open the trace of the call instead: the stream itself has no times."),
    ),
];

/// The kind of text that begins with `start`.
pub(super) fn text(start: &str) -> Option<Kind> {
    TEXT.iter().find(|(parts, _)| parts.iter().all(|part| start.contains(part))).map(|&(_, kind)| kind)
}
