//! Tables in text, with a header or without, whose columns are found by name.

use std::ops::RangeInclusive;
use std::path::Path;
use std::str::FromStr;

use sim::kernel::time::{SimDuration, SimTime};

use super::ImportError;
use super::text::{Lines, excerpt};

/// A table that is read row by row. Every row is one line: no trace has line breaks inside of a field, and a reader
/// that allowed them would follow a stray quotation mark through the whole file.
pub(super) struct Table {
    lines: Lines,
    fields: Vec<String>,
    /// One per field; of columns that nobody asks for, the name is empty.
    columns: Vec<Box<str>>,
    file: String,
    line: u64,
    separator: char,
    /// Rows of a table without a header may leave out columns at their end.
    may_be_short: bool,
}

/// What becomes of columns that are neither required nor optional.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OtherColumns {
    /// The header is refused.
    Refuse,
    /// They are passed over.
    Ignore,
}

impl Table {
    /// Opens a file and reads its header, which must hold the required columns, may hold the optional
    /// ones, in any order, and no others.
    pub(super) fn open(path: &Path, required: &[&str], optional: &[&str]) -> Result<Self, ImportError> {
        Self::with_header(Lines::open(path)?, ',', required, optional, OtherColumns::Refuse)
    }

    /// A table whose first line that is not empty names its columns. White space around names does not count, nor
    /// does a `#` before the first.
    pub(super) fn with_header(
        lines: Lines,
        separator: char,
        required: &[&str],
        optional: &[&str],
        others: OtherColumns,
    ) -> Result<Self, ImportError> {
        let mut table = Self::new(lines, separator);
        let allowed = || match (required.is_empty(), optional.is_empty()) {
            (_, true) => format!("a header of {}", required.join(", ")),
            (true, false) => format!("a header of some of {}", optional.join(", ")),
            (false, false) => {
                format!("a header of {} and optionally {}", required.join(", "), optional.join(", "))
            }
        };
        if !table.advance()? {
            return Err(table.refuse(1, format!("the file is empty: {} is expected", allowed())));
        }
        for (index, name) in table.fields.iter().enumerate() {
            let name = name.trim();
            let name = if index == 0 { name.trim_start_matches('#').trim_start() } else { name };
            let known = required.iter().chain(optional).find(|&&known| known == name);
            let known = match known.filter(|&&known| !table.columns.iter().any(|other| **other == *known)) {
                Some(&known) => known,
                None if others == OtherColumns::Ignore && known.is_none() => "",
                None => {
                    let problem =
                        format!("column {:?} is unknown or stands twice: {}", excerpt(name), allowed());
                    return Err(table.refuse(table.line, problem));
                }
            };
            table.columns.push(known.into());
        }
        table.require(required)?;
        Ok(table)
    }

    /// A table whose columns are known beforehand. A first line that names them is passed over, as are lines that
    /// begin with `#`. A row may end before the last columns; what is missing is empty.
    pub(super) fn without_header(lines: Lines, separator: char, columns: &[&str]) -> Self {
        let mut table = Self::new(lines, separator);
        table.columns = columns.iter().map(|&column| column.into()).collect();
        table.may_be_short = true;
        table
    }

    fn new(lines: Lines, separator: char) -> Self {
        let file = lines.file().to_owned();
        Self { lines, fields: Vec::new(), columns: Vec::new(), file, line: 0, separator, may_be_short: false }
    }

    /// Refuses a header in which one of these columns is missing.
    pub(super) fn require(&self, columns: &[&str]) -> Result<(), ImportError> {
        match columns.iter().find(|column| !self.has(column)) {
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
        self.columns.iter().any(|known| **known == *column)
    }

    /// Goes to the next row; false at the end.
    pub(super) fn next_row(&mut self) -> Result<bool, ImportError> {
        loop {
            if !self.advance()? {
                return Ok(false);
            }
            let is_comment = self.may_be_short && self.fields[0].trim_start().starts_with('#');
            if !is_comment && !self.names_columns() {
                break;
            }
        }
        let (found, expected) = (self.fields.len(), self.columns.len());
        if found > expected || (found < expected && !self.may_be_short) {
            let allowed = if self.may_be_short {
                format!("up to {expected}")
            } else {
                format!("{expected} as in the header")
            };
            let problem = format!("the row has {found} columns, allowed are {allowed}");
            return Err(self.refuse(self.line, problem));
        }
        Ok(true)
    }

    /// Some who pass tables without a header on add one.
    fn names_columns(&self) -> bool {
        let is_name = |field: &String| field.trim().eq_ignore_ascii_case(&self.columns[0]);
        self.may_be_short && self.line == 1 && self.fields.first().is_some_and(is_name)
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
            if !split(text, self.separator, &mut self.fields) {
                return refuse(line, "a quotation mark has no partner: a field in marks ends with one");
            }
            return Ok(true);
        }
        Ok(false)
    }

    /// The text in a column of this row, without white space around it; empty when there is no such column.
    pub(super) fn text(&self, column: &str) -> &str {
        let position = self.columns.iter().position(|known| **known == *column);
        position.and_then(|position| self.fields.get(position)).map_or("", |field| field.trim())
    }

    /// All fields of this row, as they stand there.
    pub(super) fn fields(&self) -> &[String] {
        &self.fields
    }

    /// The whole number in a column of this row.
    pub(super) fn whole<T: FromStr + PartialOrd + std::fmt::Display>(
        &self,
        column: &str,
        allowed: RangeInclusive<T>,
    ) -> Result<T, ImportError> {
        let number = self.text(column).parse::<T>().ok().filter(|number| allowed.contains(number));
        number.ok_or_else(|| {
            self.wrong(column, &format!("a whole number from {} to {}", allowed.start(), allowed.end()))
        })
    }

    /// The number in a column of this row.
    pub(super) fn number(&self, column: &str, allowed: RangeInclusive<f64>) -> Result<f64, ImportError> {
        let number = self.text(column).parse::<f64>().ok().filter(|number| allowed.contains(number));
        number.ok_or_else(|| {
            self.wrong(column, &format!("a number from {} to {}", allowed.start(), allowed.end()))
        })
    }

    /// The moment in a column of this row, from a number of units of so many seconds.
    pub(super) fn time(&self, column: &str, unit_seconds: f64) -> Result<SimTime, ImportError> {
        let time =
            self.text(column).parse::<f64>().ok().and_then(|time| SimTime::from_seconds(time * unit_seconds));
        time.ok_or_else(|| self.wrong(column, "a number of at least 0, up to 2^53 microseconds"))
    }

    /// The length of time in a column of this row, from a number of units of so many seconds.
    pub(super) fn duration(&self, column: &str, unit_seconds: f64) -> Result<SimDuration, ImportError> {
        Ok(self.time(column, unit_seconds)?.since(SimTime::ZERO))
    }

    /// What is wrong with a value of this row.
    pub(super) fn wrong(&self, column: &str, allowed: &str) -> ImportError {
        let number = match self.columns.iter().position(|known| **known == *column) {
            Some(position) if self.may_be_short => format!("{} ({column})", position + 1),
            _ => column.to_owned(),
        };
        ImportError::Value {
            file: self.file.clone(),
            line: self.line,
            column: number,
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

/// The names of the columns in the first line of a text, for recognition.
pub(super) fn header(text: &str, separator: char) -> Vec<&str> {
    let first = text.trim_start_matches('\u{feff}').lines().find(|line| !line.trim().is_empty());
    first.unwrap_or_default().split(separator).map(|name| name.trim().trim_matches('"')).collect()
}

/// True when the first line of a text names all these columns.
pub(super) fn has_columns(text: &str, separator: char, columns: &[&str]) -> bool {
    let names = header(text, separator);
    columns.iter().all(|column| names.contains(column))
}

/// Splits a line at its separators (as RFC 4180 does at commas): a field in quotation marks may hold separators, and
/// marks twice. False when a mark has no partner.
fn split(line: &str, separator: char, fields: &mut Vec<String>) -> bool {
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
            if !rest.is_empty() && !rest.starts_with(separator) {
                return false;
            }
        } else {
            let end = rest.find(separator).unwrap_or(rest.len());
            field.push_str(&rest[..end]);
            rest = &rest[end..];
        }
        match rest.strip_prefix(separator) {
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

    fn scratch(text: &str) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a scratch file");
        std::fs::write(file.path(), text).expect("written");
        file
    }

    fn table(text: &str) -> Result<Table, ImportError> {
        Table::open(scratch(text).path(), &["a", "b"], &["c"])
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
    fn other_columns_can_be_passed_over() {
        let lines = Lines::open(scratch("#b;x;a;y\n1;2;3;4\n").path()).expect("opened");
        let mut table =
            Table::with_header(lines, ';', &["a", "b"], &[], OtherColumns::Ignore).expect("a header");
        assert!(table.next_row().expect("a row"));
        assert_eq!((table.text("a"), table.text("b"), table.text("x")), ("3", "1", ""));
    }

    #[test]
    fn tables_without_a_header_may_have_one_and_may_be_short() {
        let lines = Lines::open(scratch("A,b,c\n# a comment, with, many, commas\n1,2\n3,4,5,6\n").path());
        let mut table = Table::without_header(lines.expect("opened"), ',', &["a", "b", "c"]);
        assert!(table.next_row().expect("a row"));
        assert_eq!((table.text("a"), table.text("b"), table.text("c"), table.line()), ("1", "2", "", 3));
        let told = table.wrong("b", "nothing").to_string();
        assert!(told.contains("column 2 (b)"), "{told}");
        assert!(table.next_row().is_err_and(|error| error.to_string().contains("4 columns")));
    }

    #[test]
    fn fields_may_stand_in_quotation_marks() {
        let fields = |line: &str| {
            let mut fields = vec!["left over".to_owned(); 9];
            split(line, ',', &mut fields).then_some(fields)
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
