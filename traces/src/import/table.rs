//! Comma-separated tables with a header, whose columns are found by name.

use std::ops::RangeInclusive;
use std::path::Path;
use std::str::FromStr;

use super::ImportError;
use super::text::{Lines, excerpt};

/// A table that is read row by row. Every row is one line: no trace has line breaks inside of a field.
pub(super) struct Table {
    lines: Lines,
    fields: Vec<String>,
    columns: Vec<&'static str>,
    file: String,
    line: u64,
}

impl Table {
    /// Opens a file and reads its header, which must hold the required columns, may hold the optional
    /// ones, in any order, and no others.
    pub(super) fn open(
        path: &Path,
        required: &[&'static str],
        optional: &[&'static str],
    ) -> Result<Self, ImportError> {
        let lines = Lines::open(path)?;
        let file = lines.file().to_owned();
        let mut table = Self { lines, fields: Vec::new(), columns: Vec::new(), file, line: 0 };
        let allowed =
            || format!("a header of {} and optionally {}", required.join(", "), optional.join(", "));
        if !table.advance()? {
            return Err(table.refuse(1, format!("the file is empty: {} is expected", allowed())));
        }
        for name in &table.fields {
            let known = required.iter().chain(optional).find(|&&known| known == name.trim());
            let Some(&known) = known.filter(|known| !table.columns.contains(known)) else {
                let problem = format!("column {:?} is unknown or stands twice: {}", excerpt(name), allowed());
                return Err(table.refuse(table.line, problem));
            };
            table.columns.push(known);
        }
        table.require(required)?;
        Ok(table)
    }

    /// Refuses a header in which one of these columns is missing.
    pub(super) fn require(&self, columns: &[&'static str]) -> Result<(), ImportError> {
        match columns.iter().find(|column| !self.columns.contains(column)) {
            Some(missing) => {
                let problem =
                    format!("the header has no column `{missing}`: needed are {}", columns.join(", "));
                Err(self.refuse(self.line.max(1), problem))
            }
            None => Ok(()),
        }
    }

    /// True when the header has this column.
    pub(super) fn has(&self, column: &str) -> bool {
        self.columns.contains(&column)
    }

    /// Goes to the next row; false at the end.
    pub(super) fn next_row(&mut self) -> Result<bool, ImportError> {
        if !self.advance()? {
            return Ok(false);
        }
        let (found, expected) = (self.fields.len(), self.columns.len());
        if found != expected {
            let problem = format!("the row has {found} columns, allowed are {expected} as in the header");
            return Err(self.refuse(self.line, problem));
        }
        Ok(true)
    }

    /// Goes to the next line that is not empty.
    fn advance(&mut self) -> Result<bool, ImportError> {
        let refuse = |line, problem: &str| {
            Err(ImportError::Line { file: self.file.clone(), line, problem: problem.to_owned() })
        };
        while let Some((line, bytes)) = self.lines.next_line()? {
            self.line = line;
            let Ok(text) = str::from_utf8(bytes) else {
                return refuse(line, "there are bytes that are no UTF-8: text is expected");
            };
            if text.is_empty() {
                continue;
            }
            if !split(text, &mut self.fields) {
                return refuse(line, "a quotation mark has no partner: a field in marks ends with one");
            }
            return Ok(true);
        }
        Ok(false)
    }

    /// The text in a column of this row, without white space around it; empty when there is no such column.
    pub(super) fn text(&self, column: &str) -> &str {
        let position = self.columns.iter().position(|&known| known == column);
        position.map_or("", |position| self.fields[position].trim())
    }

    /// The whole number in a column of this row.
    pub(super) fn whole<T: FromStr + PartialOrd + std::fmt::Display>(
        &self,
        column: &'static str,
        allowed: RangeInclusive<T>,
    ) -> Result<T, ImportError> {
        let number = self.text(column).parse::<T>().ok().filter(|number| allowed.contains(number));
        number.ok_or_else(|| {
            self.wrong(column, &format!("a whole number from {} to {}", allowed.start(), allowed.end()))
        })
    }

    /// What is wrong with a value of this row.
    pub(super) fn wrong(&self, column: &str, allowed: &str) -> ImportError {
        ImportError::Value {
            file: self.file.clone(),
            line: self.line,
            column: column.to_owned(),
            value: excerpt(self.text(column)),
            allowed: allowed.to_owned(),
        }
    }

    /// What is wrong with a line.
    pub(super) fn refuse(&self, line: u64, problem: String) -> ImportError {
        ImportError::Line { file: self.file.clone(), line, problem }
    }

    /// How messages name the file.
    pub(super) fn file(&self) -> &str {
        &self.file
    }

    /// The line of this row.
    pub(super) fn line(&self) -> u64 {
        self.line
    }
}

/// Splits a line at its commas (RFC 4180): a field in quotation marks may hold commas, and marks twice.
/// False when a mark has no partner.
fn split(line: &str, fields: &mut Vec<String>) -> bool {
    let mut count = 0;
    let mut rest = line;
    loop {
        if count == fields.len() {
            fields.push(String::new());
        }
        let field = &mut fields[count];
        field.clear();
        count += 1;
        if let Some(quoted) = rest.strip_prefix('"') {
            rest = quoted;
            loop {
                let Some((inside, behind)) = rest.split_once('"') else {
                    return false;
                };
                field.push_str(inside);
                rest = behind;
                match rest.strip_prefix('"') {
                    Some(more) => {
                        field.push('"');
                        rest = more;
                    }
                    None => break,
                }
            }
            if !rest.is_empty() && !rest.starts_with(',') {
                return false;
            }
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            field.push_str(&rest[..end]);
            rest = &rest[end..];
        }
        match rest.strip_prefix(',') {
            Some(next) => rest = next,
            None => break,
        }
    }
    fields.truncate(count);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Result<Table, ImportError> {
        let file = tempfile::NamedTempFile::new().expect("a scratch file");
        std::fs::write(file.path(), text).expect("written");
        Table::open(file.path(), &["a", "b"], &["c"])
    }

    #[test]
    fn columns_are_found_by_name_and_lines_are_those_of_the_text() {
        let mut table = table("\u{feff}c,b,a\r\n\r\n1, 2,3\r\n\n4,x,6").expect("a header");
        assert!(table.next_row().expect("a row"));
        assert_eq!((table.text("a"), table.text("b"), table.line()), ("3", "2", 3));
        assert!(table.next_row().expect("a row"));
        let wrong = table.whole::<u32>("b", 0..=9).expect_err("no number").to_string();
        assert!(
            wrong.ends_with("line 5, column b: \"x\" stands there, allowed is a whole number from 0 to 9"),
            "{wrong}"
        );
        assert!(!table.next_row().expect("the end"));
    }

    #[test]
    fn fields_may_stand_in_quotation_marks() {
        let fields = |line: &str| {
            let mut fields = vec!["left over".to_owned(); 9];
            split(line, &mut fields).then_some(fields)
        };
        assert_eq!(fields("a,,c"), Some(vec!["a".into(), String::new(), "c".into()]));
        assert_eq!(fields("\"a,\"\"b\"\"\",c,"), Some(vec!["a,\"b\"".into(), "c".into(), String::new()]));
        assert_eq!([fields("\"a,b"), fields("\"a\"b,c")], [None, None]);
    }

    #[test]
    fn other_headers_are_refused() {
        for (text, told) in
            [("", "empty"), ("a,d\n", "\"d\""), ("a,a\n", "twice"), ("a,c\n", "no column `b`")]
        {
            let refusal = table(text).err().map(|error| error.to_string()).unwrap_or_default();
            assert!(refusal.contains(told) && refusal.contains("line 1"), "{text:?}: {refusal}");
        }
    }
}
