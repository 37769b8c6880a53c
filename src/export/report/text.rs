//! The report for people: a colleague's summary, not a dump.

use std::fmt::{self, Display, Write as _};

use super::clocks_text;
use super::{Counts, Diagnostic, Hull, InputReport, MissingParents, Report};
use crate::model::time::{absolute_text, duration_text, is_uptime, uptime_text};
use crate::model::{Severity, grouped, offset_words};

/// How many places of one diagnostic are shown; the JSON form has more of them.
const PLACES_SHOWN: usize = 2;

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}", headline(self), clocks_text::summary(self))?;
        clocks_text::write_findings(f, &self.findings)?;
        clocks_text::write_strain(f, &self.analysis)?;
        clocks_text::write_clocks(f, self)?;
        writeln!(f, "\nInputs")?;
        let table: Vec<_> = self.inputs.iter().map(input_cells).collect();
        for (row, input) in aligned(&table).iter().zip(&self.inputs) {
            writeln!(f, "  {row}")?;
            for diagnostic in &input.diagnostics {
                write_diagnostic(f, diagnostic, &offset_words(input.compression.unwrap_or_default()))?;
            }
        }
        for failure in &self.failures {
            writeln!(f, "  {:<8} {}", failure.severity, failure.error)?;
        }
        self.ai.write(f)?;
        write_workspace(f, self)?;
        writeln!(f, "\n{}", verdict(self.counts))
    }
}

fn headline(report: &Report) -> String {
    let totals = &report.workspace;
    let name = match report.inputs.as_slice() {
        [input] => input.name.clone(),
        inputs => count(inputs.len() as u64, "input"),
    };
    let mut text = format!("{name}: {} in {}", count(totals.spans, "span"), count(totals.traces, "trace"));
    if let Some(time) = totals.time {
        // Writing to a String cannot fail.
        let _ = write!(text, " over {} (raw clocks)", duration_text(time.duration_ns));
    }
    let _ = write!(text, ", stamped by {}.", count(report.domains.len() as u64, "clock"));
    text
}

fn input_cells(input: &InputReport) -> Vec<String> {
    let format = match input.compression {
        Some(compression) => format!("{} in {compression}", input.format),
        None => input.format.to_owned(),
    };
    let hash =
        input.sha256.as_ref().map_or_else(String::new, |hash| format!("sha256 {}…", &hash[..hash.len().min(12)]));
    vec![
        input.name.clone(),
        format,
        bytes_text(input.bytes),
        count(input.spans, "span"),
        count(input.traces, "trace"),
        hash,
    ]
}

/// `inside`: what offsets count, in words behind the number.
fn write_diagnostic(f: &mut fmt::Formatter<'_>, diagnostic: &Diagnostic, inside: &str) -> fmt::Result {
    let Diagnostic { code, severity, count, meaning, places } = diagnostic;
    writeln!(f, "    {severity:<8} {} × {code}: {meaning}", grouped(*count))?;
    let shown = places.iter().take(PLACES_SHOWN);
    for place in shown.clone() {
        let colon = if place.detail.is_empty() { "" } else { ": " };
        writeln!(f, "             at byte {}{inside}{colon}{}", grouped(place.offset), place.detail)?;
    }
    let more = count.saturating_sub(shown.len() as u64);
    if more > 0 && !places.is_empty() {
        writeln!(f, "             and {} more", grouped(more))?;
    }
    Ok(())
}

fn write_workspace(f: &mut fmt::Formatter<'_>, report: &Report) -> fmt::Result {
    let totals = &report.workspace;
    writeln!(f, "\nWorkspace")?;
    if let Some(Hull { start_ns, end_ns, duration_ns, .. }) = totals.time {
        let text = |at| {
            if is_uptime(start_ns, end_ns) {
                format!("{} since the clock's zero", uptime_text(at))
            } else {
                format!("{} UTC", absolute_text(at))
            }
        };
        let (start, end) = (text(start_ns), text(end_ns));
        writeln!(f, "  from {start}\n  to   {end}, {} on raw clocks", duration_text(duration_ns))?;
    }
    writeln!(
        f,
        "  {}, {}, {}; {} failed",
        count(totals.spans, "span"),
        count(totals.events, "event"),
        count(totals.links, "link"),
        match totals.error_spans {
            0 => "none".to_owned(),
            failed => count(failed, "span"),
        }
    )?;
    let missing = totals.missing_parents;
    if missing.count > 0 {
        let hang = if totals.orphan_spans == 1 { "hangs" } else { "hang" };
        let is = if missing.count == 1 { "is" } else { "are" };
        let (spans, parents) = (count(totals.orphan_spans, "span"), count(missing.count, "parent"));
        writeln!(f, "  {spans} {hang} from {parents} that {is} in no input{}", where_parents_were(missing))?;
    }
    let memory = &report.memory;
    writeln!(
        f,
        "  {} in memory: {} bytes per span, {} of them in columns",
        bytes_text(memory.total_bytes),
        grouped(memory.bytes_per_span),
        grouped(memory.column_bytes_per_span)
    )
}

/// In brackets what the children say about it, if any of them says something.
fn where_parents_were(missing: MissingParents) -> String {
    let kinds = [(missing.remote, "remote"), (missing.local, "local")];
    let said: Vec<_> =
        kinds.iter().filter(|(n, _)| *n > 0).map(|(n, kind)| format!("{} {kind}", grouped(*n))).collect();
    if said.is_empty() { String::new() } else { format!(" ({})", said.join(", ")) }
}

fn verdict(counts: Counts) -> String {
    let found = [(counts.error, "error"), (counts.warning, "warning"), (counts.notice, "notice")];
    let said: Vec<_> = found.iter().filter(|(n, _)| *n > 0).map(|(n, what)| count(*n, what)).collect();
    if said.is_empty() { "Nothing odd in what was read.".to_owned() } else { format!("Found {}.", said.join(", ")) }
}

/// Rows with their cells padded to equal width, two spaces apart, without trailing space; counts end at the right.
pub(super) fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let line = |row: &Vec<String>| {
        let mut line = String::new();
        for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
            // The first column holds names, even if they begin with a digit.
            let is_number = column > 0 && cell.starts_with(|first: char| first.is_ascii_digit());
            // Writing to a String cannot fail.
            let _ = if is_number { write!(line, "{cell:>width$}  ") } else { write!(line, "{cell:<width$}  ") };
        }
        line.trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// `1 span`, `1,204 spans`.
pub(super) fn count(n: u64, what: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {what}{plural}", grouped(n))
}

/// `812 bytes`, `9.4 kB`, `1.27 GB`: decimal units, three digits.
fn bytes_text(bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] =
        [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    let Some((unit, name)) = UNITS.into_iter().find(|(unit, _)| bytes >= *unit) else {
        return count(bytes, "byte");
    };
    let hundredths = u128::from(bytes) * 100 / u128::from(unit);
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    match whole {
        0..10 => format!("{whole}.{rest:02} {name}"),
        10..100 => format!("{whole}.{} {name}", rest / 10),
        _ => format!("{whole} {name}"),
    }
}

impl Report {
    /// True when something of `severity` or worse was found.
    #[must_use]
    pub fn has(&self, severity: Severity) -> bool {
        self.worst.is_some_and(|worst| worst >= severity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        for (n, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(n), text);
        }
        for (bytes, text) in [
            (1, "1 byte"),
            (812, "812 bytes"),
            (9_400, "9.40 kB"),
            (45_678, "45.6 kB"),
            (812_000, "812 kB"),
            (1_270_000_000, "1.27 GB"),
            (u64::MAX, "18446744 TB"),
        ] {
            assert_eq!(bytes_text(bytes), text);
        }
        assert_eq!(count(1, "span"), "1 span");
        assert_eq!(count(1_204, "span"), "1,204 spans");
    }

    #[test]
    fn columns_line_up_by_characters() {
        let rows = [vec!["é".to_owned(), "9 x".to_owned(), "z".to_owned()], vec!["ab".to_owned(), "10 x".to_owned()]];
        assert_eq!(aligned(&rows), ["é    9 x  z", "ab  10 x"]);
    }
}
