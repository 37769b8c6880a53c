//! What the user chose about the tables: kept in the settings.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::analysis::search::Field;
use crate::analysis::table::Column;

/// Choices about tables that outlive the session.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct TableSettings {
    /// Columns of the span table, left to right; never empty.
    #[serde(serialize_with = "write", deserialize_with = "read")]
    pub columns: Vec<Column>,
    /// Widths that were dragged, in points of normal text, by the text form of the column.
    pub widths: BTreeMap<String, f32>,
}

impl Default for TableSettings {
    fn default() -> Self {
        Self { columns: Column::usual(), widths: BTreeMap::new() }
    }
}

/// How many widths are kept: every attribute ever shown may leave one.
const MOST_WIDTHS: usize = 200;
/// Narrowest and widest column in points.
const WIDTHS: std::ops::RangeInclusive<f32> = 24.0..=2000.0;

impl TableSettings {
    /// Sets a width. Not a number, or too many of them: ignored.
    pub fn set_width(&mut self, column: String, width: f32) {
        let has_room = self.widths.len() < MOST_WIDTHS || self.widths.contains_key(&column);
        if width.is_finite() && has_room {
            self.widths.insert(column, width.clamp(*WIDTHS.start(), *WIDTHS.end()));
        }
    }

    /// The columns by which statistics can be grouped as well.
    #[must_use]
    pub fn fields(&self) -> Vec<Field> {
        let field = |column: &Column| if let Column::Field(field) = column { Some(field.clone()) } else { None };
        self.columns.iter().filter_map(field).collect()
    }
}

fn write<S: Serializer>(columns: &[Column], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(columns.iter().map(ToString::to_string))
}

/// A column that this version does not know is left out: no reason to lose all settings.
fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Column>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let mut columns: Vec<Column> = Vec::new();
    for column in texts.iter().filter_map(|text| text.parse().ok()) {
        if !columns.contains(&column) {
            columns.push(column);
        }
    }
    Ok(if columns.is_empty() { Column::usual() } else { columns })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_survive_and_unknown_ones_do_no_harm() {
        let mut settings = TableSettings::default();
        settings.columns.push(Column::Field(Field::Attr("odd \"key\"".to_owned())));
        settings.set_width("dur".to_owned(), 1.0);
        settings.set_width("self".to_owned(), f32::NAN);
        let text = serde_json::to_string(&settings).unwrap();
        assert_eq!(serde_json::from_str::<TableSettings>(&text).unwrap(), settings);
        assert_eq!(settings.widths, BTreeMap::from([("dur".to_owned(), 24.0)]));
        let odd = r#"{"columns": ["dur", "from the future OR not", "dur", "attr.x"]}"#;
        let read: TableSettings = serde_json::from_str(odd).unwrap();
        assert_eq!(read.columns, [Column::Duration, Column::Field(Field::Attr("x".to_owned()))]);
        let none: TableSettings = serde_json::from_str(r#"{"columns": []}"#).unwrap();
        assert_eq!(none.columns, Column::usual());
    }
}
