//! Activities as the console exporter of .NET prints them (`ConsoleActivityExporter`), a field to a line, to JSON: one
//! object for each. Lines of anything else between them are left out and counted.

use std::io::{self, BufRead as _, BufReader, Read};

use chrono::DateTime;

use super::table::push_value;
use super::{LeftOut, Step};
use crate::load::json::push_quoted;
use crate::load::sniff::without_bom;

/// Longer lines are taken in pieces.
const MOST_BYTES: u64 = 16 << 20;
const FIRST: &str = "Activity.TraceId:";

/// Whether `head` has printed activities in it.
pub(super) fn are_printed(head: &[u8]) -> bool {
    without_bom(head).split(|&byte| byte == b'\n').any(|line| line.starts_with(FIRST.as_bytes()))
}

type Pairs = Vec<(String, String)>;

/// Whose lines are being read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Section {
    #[default]
    Top,
    Tags,
    Events,
    Links,
    Scope,
    Resource,
}

/// What has been read of an activity.
#[derive(Default)]
struct Activity {
    section: Section,
    /// Fields of its own, by the names that the reader of spans knows.
    fields: Vec<(&'static str, String)>,
    status: Pairs,
    tags: Pairs,
    /// The line of each event or link, and its attributes.
    events: Vec<(String, Pairs)>,
    links: Vec<(String, Pairs)>,
    scope: Pairs,
    scope_tags: Pairs,
    resource: Pairs,
}

#[derive(Default)]
pub(super) struct Activities {
    line: Vec<u8>,
    open: Option<Activity>,
    left_out: LeftOut,
}

impl Step for Activities {
    fn step(&mut self, source: &mut BufReader<Box<dyn Read + Send + '_>>, out: &mut Vec<u8>) -> io::Result<bool> {
        self.line.clear();
        let count = source.by_ref().take(MOST_BYTES).read_until(b'\n', &mut self.line)?;
        let text = String::from_utf8_lossy(without_bom(&self.line)).trim_end_matches(['\r', '\n']).to_owned();
        let begins = text.starts_with(FIRST);
        if begins || count == 0 || text.trim().is_empty() {
            if let Some(activity) = self.open.take() {
                out.extend_from_slice(activity.to_json().as_bytes());
            }
            self.open = begins.then(Activity::default);
        }
        match &mut self.open {
            Some(activity) => activity.line(&text),
            None => self.left_out.line(&self.line),
        }
        self.left_out.pass(count);
        Ok(count > 0)
    }

    fn left_out(&self) -> Option<&LeftOut> {
        Some(&self.left_out)
    }
}

impl Activity {
    fn line(&mut self, line: &str) {
        let indent = line.len() - line.trim_start().len();
        let text = line.trim_start();
        if indent == 0 && self.heading(text) || self.status_line(text) {
            return;
        }
        match (self.section, indent) {
            (Section::Events, 4) => self.events.push((text.to_owned(), Pairs::new())),
            (Section::Links, 4) => self.links.push((text.to_owned(), Pairs::new())),
            (section, 4 | 8) => {
                let target = match (section, indent) {
                    (Section::Events, _) => self.events.last_mut().map(|(_, attributes)| attributes),
                    (Section::Links, _) => self.links.last_mut().map(|(_, attributes)| attributes),
                    (Section::Tags, 4) => Some(&mut self.tags),
                    (Section::Resource, 4) => Some(&mut self.resource),
                    (Section::Scope, 4) => Some(&mut self.scope),
                    (Section::Scope, _) => Some(&mut self.scope_tags),
                    _ => None,
                };
                match (target, pair(text)) {
                    (Some(target), Some(pair)) => target.push(pair),
                    _ => self.go_on(line),
                }
            }
            _ => self.go_on(line),
        }
    }

    /// Reads a line that begins at the margin. False when it is a further line of the value before.
    fn heading(&mut self, text: &str) -> bool {
        let (key, value) = text.split_once(':').unwrap_or((text, ""));
        let value = value.trim();
        let field = match key {
            "Activity.Tags" => return self.begin(Section::Tags),
            "Activity.Events" => return self.begin(Section::Events),
            "Activity.Links" => return self.begin(Section::Links),
            "Instrumentation scope (ActivitySource)" => return self.begin(Section::Scope),
            "Resource associated with Activity" => return self.begin(Section::Resource),
            "Activity.TraceId" => "trace_id",
            "Activity.SpanId" => "span_id",
            "Activity.ParentSpanId" => "parent_span_id",
            "Activity.TraceState" => "trace_state",
            "Activity.DisplayName" => "name",
            "Activity.Kind" => "kind",
            "Activity.StartTime" => "start_time",
            "Activity.Duration" => "duration",
            // Older versions say it here.
            "Activity.ActivitySourceName" => {
                self.scope.push(("Name".to_owned(), value.to_owned()));
                return true;
            }
            "Activity.TraceFlags" => return true,
            _ => return false,
        };
        self.section = Section::Top;
        self.fields.push((field, value.to_owned()));
        true
    }

    fn begin(&mut self, section: Section) -> bool {
        self.section = section;
        true
    }

    /// Older versions print the status among the tags, newer ones at the margin.
    fn status_line(&mut self, text: &str) -> bool {
        let Some((key, value)) = text.split_once(':') else { return false };
        let (value, is_before_events) = (value.trim(), matches!(self.section, Section::Top | Section::Tags));
        let field = match key {
            "StatusCode" if ["ok", "error", "unset"].contains(&value.to_ascii_lowercase().as_str()) => "code",
            "Activity.StatusDescription" => "description",
            _ => return false,
        };
        if is_before_events {
            self.status.push((field.to_owned(), value.to_owned()));
        }
        is_before_events
    }

    /// A further line of the value before.
    fn go_on(&mut self, line: &str) {
        let last = match self.section {
            Section::Top => self.status.last_mut(),
            Section::Tags => self.tags.last_mut(),
            Section::Events => self.events.last_mut().and_then(|(_, attributes)| attributes.last_mut()),
            Section::Links => self.links.last_mut().and_then(|(_, attributes)| attributes.last_mut()),
            Section::Scope => self.scope.last_mut(),
            Section::Resource => self.resource.last_mut(),
        };
        if let Some((_, value)) = last {
            value.push('\n');
            value.push_str(line);
        }
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| *field == name).map(|(_, value)| value.as_str())
    }

    fn to_json(&self) -> String {
        let start_ns = self.field("start_time").and_then(|text| {
            let time = DateTime::parse_from_rfc3339(text).ok()?;
            time.timestamp_nanos_opt()
        });
        let end_ns = start_ns.zip(self.field("duration").and_then(duration_ns)).and_then(|(a, b)| a.checked_add(b));
        let mut out = String::from("{");
        for (name, value) in self.fields.iter().filter(|(name, _)| *name != "duration") {
            push_text(&mut out, name, value);
        }
        // Without a duration that can be read, the span has no end.
        if let Some(end_ns) = end_ns {
            push_text(&mut out, "end_time", &end_ns.to_string());
        }
        push_object(&mut out, "attributes", &self.tags);
        if !self.status.is_empty() {
            push_object(&mut out, "status", &self.status);
        }
        push_list(&mut out, "events", &self.events, |out, line| event(out, line, start_ns, end_ns));
        push_list(&mut out, "links", &self.links, |out, line| {
            let (trace, span) = line.trim().split_once(' ').unwrap_or((line, ""));
            push_text(out, "trace_id", trace);
            push_text(out, "span_id", span.trim());
        });
        out.push_str("\"scope\":{");
        for (name, value) in &self.scope {
            push_text(&mut out, &name.to_ascii_lowercase(), value);
        }
        push_object(&mut out, "attributes", &self.scope_tags);
        close(&mut out, '}');
        out.push_str(",\"resource\":{");
        push_object(&mut out, "attributes", &self.resource);
        close(&mut out, '}');
        close(&mut out, '}');
        out.push('\n');
        out
    }
}

/// `key: value`. Keys have no blanks, lines of texts do.
fn pair(text: &str) -> Option<(String, String)> {
    let (key, value) = text.split_once(": ").or_else(|| Some((text.strip_suffix(':')?, "")))?;
    let is_key = !key.is_empty() && !key.contains(char::is_whitespace) || key == "Schema URL";
    is_key.then(|| (key.to_owned(), value.to_owned()))
}

fn push_text(out: &mut String, key: &str, text: &str) {
    push_quoted(out, key);
    out.push(':');
    push_quoted(out, text);
    out.push(',');
}

fn push_object(out: &mut String, key: &str, pairs: &Pairs) {
    push_quoted(out, key);
    out.push_str(":{");
    for (key, value) in pairs {
        push_quoted(out, key);
        out.push(':');
        push_value(out, key, value, false);
        out.push(',');
    }
    close(out, '}');
    out.push(',');
}

fn push_list(out: &mut String, key: &str, items: &[(String, Pairs)], fields: impl Fn(&mut String, &str)) {
    push_quoted(out, key);
    out.push_str(":[");
    for (line, attributes) in items {
        out.push('{');
        fields(out, line);
        push_object(out, "attributes", attributes);
        close(out, '}');
        out.push(',');
    }
    close(out, ']');
    out.push(',');
}

/// Ends a list or an object, without the comma before.
fn close(out: &mut String, bracket: char) {
    if out.ends_with(',') {
        out.pop();
    }
    out.push(bracket);
}

/// `name [time]`.
fn event(out: &mut String, line: &str, start_ns: Option<i64>, end_ns: Option<i64>) {
    let split = line.strip_suffix(']').and_then(|line| line.rsplit_once(" ["));
    let (name, time) = split.unwrap_or((line, ""));
    push_text(out, "name", name);
    match event_ns(time, start_ns, end_ns) {
        Some(ns) => push_text(out, "timestamp", &ns.to_string()),
        None if time.is_empty() => {}
        // Whoever reads it says that this is no time.
        None => push_text(out, "timestamp", time),
    }
}

/// When an event was, as `DateTimeOffset` prints it: in whole seconds, and in the order of the program's culture. Of
/// several readings the one inside of the span counts; what is cut off a second never puts it before the span's start.
fn event_ns(text: &str, start_ns: Option<i64>, end_ns: Option<i64>) -> Option<i64> {
    const FORMS: [&str; 8] = [
        "%m/%d/%Y %I:%M:%S %p %:z",
        "%m/%d/%Y %H:%M:%S %:z",
        "%d/%m/%Y %H:%M:%S %:z",
        "%d/%m/%Y %I:%M:%S %p %:z",
        "%d.%m.%Y %H:%M:%S %:z",
        "%d-%m-%Y %H:%M:%S %:z",
        "%Y-%m-%d %H:%M:%S %:z",
        "%Y/%m/%d %H:%M:%S %:z",
    ];
    const SECOND_NS: i64 = crate::model::time::S;
    // Newer versions of ICU put a narrow blank before AM and PM.
    let text = text.replace(['\u{202f}', '\u{a0}'], " ");
    let read = |form: &&str| DateTime::parse_from_str(text.trim(), form).ok()?.timestamp_nanos_opt();
    let is_inside = |ns: &i64| {
        start_ns.is_none_or(|start| ns.saturating_add(SECOND_NS) > start) && end_ns.is_none_or(|end| *ns <= end)
    };
    let inside = FORMS.iter().filter_map(read).find(is_inside);
    match (inside, start_ns) {
        (Some(ns), Some(start)) => Some(ns.max(start)),
        (Some(ns), None) => Some(ns),
        (None, _) => FORMS.iter().find_map(read),
    }
}

/// Nanoseconds of a `TimeSpan`: `[days.]hours:minutes:seconds[.fraction]`.
fn duration_ns(text: &str) -> Option<i64> {
    let (clock, fraction) = match text.rsplit_once('.') {
        // The only dot may be the one behind the days.
        Some((clock, fraction)) if !fraction.contains(':') => (clock, fraction),
        _ => (text, ""),
    };
    let (days, clock) = clock.split_once('.').unwrap_or(("0", clock));
    // No signs: nothing lasts less than no time.
    let number = |digits: &str| {
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse::<i64>().ok()).flatten()
    };
    let mut parts = clock.split(':').map(number);
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let (days, nanos) = (number(days)?, number(format!("{fraction:0<9}").get(..9)?)?);
    let total = days.checked_mul(24)?.checked_add(hours)?.checked_mul(60)?.checked_add(minutes)?;
    total.checked_mul(60)?.checked_add(seconds)?.checked_mul(1_000_000_000)?.checked_add(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_dotnet() {
        for (text, ns) in [
            ("00:00:01.2345678", Some(1_234_567_800)),
            ("00:00:00", Some(0)),
            ("1.02:03:04.5000000", Some(93_784_500_000_000)),
            ("1.02:03:04", Some(93_784_000_000_000)),
            ("-00:00:01", None),
            ("12", None),
            ("", None),
            ("9999999999999.00:00:00", None),
            ("00:00:0é", None),
        ] {
            assert_eq!(duration_ns(text), ns, "{text}");
        }
    }

    #[test]
    fn times_of_events_are_read_as_they_fit_the_span() {
        // 2026-02-01T10:00:00.5Z and two seconds more.
        let (start, end) = (1_769_940_000_500_000_000, 1_769_940_002_500_000_000);
        for (text, ns) in [
            // Cut to whole seconds: before the start by that only.
            ("2/1/2026 10:00:00 AM +00:00", Some(start)),
            ("2/1/2026 10:00:01\u{202f}AM +00:00", Some(1_769_940_001_000_000_000)),
            ("01/02/2026 10:00:01 +00:00", Some(1_769_940_001_000_000_000)),
            ("02/01/2026 10:00:01 +00:00", Some(1_769_940_001_000_000_000)),
            ("01.02.2026 11:00:01 +01:00", Some(1_769_940_001_000_000_000)),
            ("2026-02-01 10:00:02 +00:00", Some(1_769_940_002_000_000_000)),
            // Outside of the span it is what it says.
            ("2026-02-01 09:00:00 +00:00", Some(1_769_936_400_000_000_000)),
            ("soon", None),
        ] {
            assert_eq!(event_ns(text, Some(start), Some(end)), ns, "{text}");
        }
    }
}
