//! Tables as text: CSV for files, TSV for the clipboard.
//!
//! CSV follows RFC 4180: lines end in CRLF, cells with a comma, quote, line break or outer space are
//! quoted, quotes are doubled. TSV has no quoting that all programs agree on, so that tabs and line
//! breaks inside of a cell become spaces.
//!
//! Trace data is written by strangers, and spreadsheets run cells that look like formulas. A cell that
//! starts with `=`, `+`, `-`, `@`, a tab or a line break (or one of their full-width forms), and is not a
//! plain number, gets an apostrophe in front, in both forms. That changes the text: programs that read
//! these files back should drop one leading apostrophe before such a character.

use std::io::{self, Write};

/// How cells are separated and escaped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// RFC 4180.
    Csv,
    /// Tab-separated.
    Tsv,
}

/// Writes rows of cells.
#[derive(Debug)]
pub struct RowWriter<W> {
    out: W,
    dialect: Dialect,
    line: String,
    is_row_begun: bool,
}

impl<W: Write> RowWriter<W> {
    /// Writes to `out`, which should be buffered.
    pub const fn new(out: W, dialect: Dialect) -> Self {
        Self { out, dialect, line: String::new(), is_row_begun: false }
    }

    /// Appends a cell to the current row.
    pub fn cell(&mut self, text: &str) {
        if self.is_row_begun {
            self.line.push(if self.dialect == Dialect::Csv { ',' } else { '\t' });
        }
        self.is_row_begun = true;
        let guard = if is_formula(text) { "'" } else { "" };
        match self.dialect {
            Dialect::Csv => push_csv(&mut self.line, guard, text),
            Dialect::Tsv => {
                self.line.push_str(guard);
                self.line.extend(text.chars().map(|c| if matches!(c, '\t' | '\r' | '\n') { ' ' } else { c }));
            }
        }
    }

    /// Ends the current row.
    ///
    /// # Errors
    /// When the underlying writer fails.
    pub fn end_row(&mut self) -> io::Result<()> {
        self.line.push_str(if self.dialect == Dialect::Csv { "\r\n" } else { "\n" });
        self.out.write_all(self.line.as_bytes())?;
        self.line.clear();
        self.is_row_begun = false;
        Ok(())
    }

    /// Writes one whole row.
    ///
    /// # Errors
    /// When the underlying writer fails.
    pub fn row(&mut self, cells: impl IntoIterator<Item = impl AsRef<str>>) -> io::Result<()> {
        for cell in cells {
            self.cell(cell.as_ref());
        }
        self.end_row()
    }

    /// Flushes and gives the writer back.
    ///
    /// # Errors
    /// When the underlying writer fails.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

fn push_csv(line: &mut String, guard: &str, text: &str) {
    let needs_quotes =
        text.contains([',', '"', '\r', '\n']) || text.starts_with([' ', '\t']) || text.ends_with([' ', '\t']);
    if !needs_quotes {
        line.push_str(guard);
        line.push_str(text);
        return;
    }
    line.push('"');
    line.push_str(guard);
    for piece in text.split_inclusive('"') {
        line.push_str(piece);
        if piece.ends_with('"') {
            line.push('"');
        }
    }
    line.push('"');
}

/// True for text that a spreadsheet might run.
fn is_formula(text: &str) -> bool {
    let head = text.trim_start_matches(' ');
    let is_risky = head.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    is_risky && !text.parse::<f64>().is_ok_and(f64::is_finite)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(dialect: Dialect, rows: &[Vec<String>]) -> String {
        let mut writer = RowWriter::new(Vec::new(), dialect);
        for row in rows {
            writer.row(row).unwrap();
        }
        String::from_utf8(writer.finish().unwrap()).unwrap()
    }

    #[test]
    fn cells_are_quoted_and_guarded() {
        for (cell, csv, tsv) in [
            ("chat", "chat", "chat"),
            ("", "", ""),
            ("a,b", "\"a,b\"", "a,b"),
            ("say \"hi\"", "\"say \"\"hi\"\"\"", "say \"hi\""),
            ("two\r\nlines", "\"two\r\nlines\"", "two  lines"),
            ("a\tb", "a\tb", "a b"),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\"", "'=HYPERLINK(\"x\")"),
            (" =1+1", "\"' =1+1\"", "' =1+1"),
            ("@cmd", "'@cmd", "'@cmd"),
            ("+1 555", "'+1 555", "'+1 555"),
            ("-1.5e3", "-1.5e3", "-1.5e3"),
            ("-inf", "'-inf", "'-inf"),
            ("−1.2 s", "−1.2 s", "−1.2 s"),
            ("＝1", "'＝1", "'＝1"),
        ] {
            assert_eq!(written(Dialect::Csv, &[vec![cell.to_owned()]]), format!("{csv}\r\n"), "{cell}");
            assert_eq!(written(Dialect::Tsv, &[vec![cell.to_owned()]]), format!("{tsv}\n"), "{cell}");
        }
    }

    /// A reader of RFC 4180, character by character.
    fn read_csv(text: &str) -> Vec<Vec<String>> {
        let (mut rows, mut row, mut cell, mut is_quoted) = (Vec::new(), Vec::new(), String::new(), false);
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '"' if is_quoted && chars.peek() == Some(&'"') => cell.extend(chars.next()),
                '"' => is_quoted = !is_quoted,
                _ if is_quoted => cell.push(c),
                ',' => row.push(std::mem::take(&mut cell)),
                '\r' if chars.peek() == Some(&'\n') => {
                    chars.next();
                    row.push(std::mem::take(&mut cell));
                    rows.push(std::mem::take(&mut row));
                }
                _ => cell.push(c),
            }
        }
        rows
    }

    proptest! {
        #[test]
        fn csv_reads_back(rows in prop::collection::vec(prop::collection::vec("[a,\"\r\n\t =@'-]{0,5}", 1..4), 0..4)) {
            let read = read_csv(&written(Dialect::Csv, &rows));
            prop_assert_eq!(read.len(), rows.len());
            for (read, cell) in read.iter().flatten().zip(rows.iter().flatten()) {
                let guarded = if is_formula(cell) { format!("'{cell}") } else { cell.clone() };
                prop_assert_eq!(read, &guarded);
                prop_assert!(!is_formula(read));
            }
        }

        #[test]
        fn tsv_keeps_its_shape(rows in prop::collection::vec(prop::collection::vec("[a\r\n\t=]{0,5}", 2..3), 0..4)) {
            let text = written(Dialect::Tsv, &rows);
            prop_assert_eq!(text.lines().count(), rows.len());
            prop_assert!(text.lines().all(|line| line.split('\t').count() == 2));
        }
    }
}
