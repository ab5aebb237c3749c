//! What a figure is when it is done: a picture, and the numbers in it.

use super::canvas;
use crate::error::ReportError;
use std::collections::BTreeSet;

/// A picture and the numbers in it, made of the same things.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing {
    /// A complete SVG document.
    pub svg: String,
    /// What was drawn, and nothing else.
    pub data: Data,
    /// Why there is nothing to see, where that is so.
    pub absence: Option<String>,
}

impl Drawing {
    /// A picture of these numbers.
    pub(super) fn new(svg: String, data: Data) -> Drawing {
        Drawing { svg, data, absence: None }
    }

    /// What stands in a figure's place when there is nothing to draw, and why.
    pub(super) fn nothing(why: &str) -> Result<Drawing, ReportError> {
        let data = Data { header: Vec::new(), rows: Vec::new() };
        Ok(Drawing { svg: canvas::nothing(why)?, data, absence: Some(why.to_owned()) })
    }
}

/// A table in long form: one row for each thing that was drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    /// What the columns hold, with the unit in parentheses where all of a column has one.
    pub header: Vec<String>,
    /// The rows, as long as the header.
    pub rows: Vec<Vec<String>>,
}

impl Data {
    /// A table under this header.
    pub(crate) fn under<const COLUMNS: usize>(header: [&str; COLUMNS]) -> Data {
        Data { header: header.map(str::to_owned).to_vec(), rows: Vec::new() }
    }

    /// The table as CSV (RFC 4180): commas, quotes only where they are needed, lines that end with a line feed.
    ///
    /// # Errors
    /// None that a table of equally long rows has; what the writer says is passed on.
    pub fn csv(&self) -> Result<Vec<u8>, ReportError> {
        let refuse = |error: String| ReportError::Figure { problem: error };
        let mut writer = csv::Writer::from_writer(Vec::new());
        for row in std::iter::once(&self.header).chain(&self.rows).filter(|row| !row.is_empty()) {
            writer.write_record(row).map_err(|error| refuse(error.to_string()))?;
        }
        writer.into_inner().map_err(|error| refuse(error.to_string()))
    }

    /// The table without the columns of these names that hold nothing.
    pub(super) fn without_empty(mut self, names: &[&str]) -> Data {
        let is_idle = |column: usize| {
            names.contains(&self.header[column].as_str())
                && self.rows.iter().all(|row| row[column].is_empty())
        };
        let kept: Vec<bool> = (0..self.header.len()).map(|column| !is_idle(column)).collect();
        let keep = |row: &mut Vec<String>| {
            let mut kept = kept.iter();
            row.retain(|_| *kept.next().expect("rows are as long as the header"));
        };
        keep(&mut self.header);
        self.rows.iter_mut().for_each(keep);
        self
    }

    /// The table with the unit in the header of these columns, where all rows agree on it: then the column `unit`
    /// goes.
    pub(super) fn with_unit_in_header(mut self, names: &[&str]) -> Data {
        let Some(column) = self.header.iter().position(|name| name == "unit") else { return self };
        let units: BTreeSet<&String> = self.rows.iter().map(|row| &row[column]).collect();
        let unit = match units.into_iter().collect::<Vec<_>>().as_slice() {
            [unit] => (*unit).clone(),
            _ => return self,
        };
        for name in self.header.iter_mut().filter(|name| names.contains(&name.as_str()) && unit != "1") {
            *name = format!("{name} ({unit})");
        }
        self.header.remove(column);
        for row in &mut self.rows {
            row.remove(column);
        }
        self
    }
}

/// A number in all its digits: read again, it is the same.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if (1e-5..1e16).contains(&size) => value.to_string(),
        _ => format!("{value:e}"),
    }
}

/// A number that may be absent; then the cell stays empty.
pub(crate) fn number_if(value: Option<f64>) -> String {
    value.map(number).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a panic is how a test speaks

    use super::*;

    fn data(units: [&str; 2]) -> Data {
        let row = |unit: &str, value: f64| {
            vec!["a, \"b\"".to_owned(), unit.to_owned(), number(value), String::new()]
        };
        let mut data = Data::under(["scheduler", "unit", "value", "low"]);
        data.rows = vec![row(units[0], 0.1 + 0.2), row(units[1], -1e-9)];
        data
    }

    #[test]
    fn a_table_is_csv() {
        let text = String::from_utf8(data(["s", "1"]).csv().unwrap()).unwrap();
        assert_eq!(
            text,
            "scheduler,unit,value,low\n\"a, \"\"b\"\"\",s,0.30000000000000004,\n\"a, \"\"b\"\"\",1,-1e-9,\n"
        );
    }

    #[test]
    fn one_unit_stands_in_the_header_and_idle_columns_go() {
        let same = data(["s", "s"]).with_unit_in_header(&["value", "low"]).without_empty(&["low (s)"]);
        assert_eq!(same.header, ["scheduler", "value (s)"]);
        assert_eq!(same.rows[1], ["a, \"b\"", "-1e-9"]);
        assert_eq!(data(["1", "1"]).with_unit_in_header(&["value"]).header, ["scheduler", "value", "low"]);
        assert_eq!(data(["s", "1"]).with_unit_in_header(&["value"]), data(["s", "1"]));
    }

    #[test]
    fn numbers_survive() {
        for value in [0.0, 1.0, 1.0 / 3.0, 1e300, -2.5e-7, 123_456_789.125] {
            assert_eq!(number(value).parse::<f64>().unwrap(), value);
        }
        assert_eq!((number(12.0), number_if(None)), ("12".to_owned(), String::new()));
    }
}
