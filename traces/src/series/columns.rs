//! Foreign text tables whose columns are told by their header, whatever else stands in them.

use std::path::Path;

use super::points::LARGEST;
use crate::import::ImportError;
use crate::import::lines::{TextLines, excerpt};

/// A table that is read row by row. Every row is one line.
pub(super) struct Columns {
    lines: TextLines,
    file: String,
    separator: char,
    header: Vec<String>,
    fields: Vec<String>,
    line: u64,
}

/// What stands where there is no value.
pub(super) const NULLS: [&str; 6] = ["", "NA", "NaN", "nan", "null", "None"];

impl Columns {
    /// Opens a file and reads its header.
    pub(super) fn open(path: &Path, separator: char) -> Result<Self, ImportError> {
        let mut columns = Self::without_header(path, separator)?;
        match columns.text_line()? {
            Some(text) => columns.header = columns.split(&text)?,
            None => return Err(columns.refuse("the file is empty: a header is expected")),
        }
        Ok(columns)
    }

    /// Opens a file whose columns have no names in it.
    pub(super) fn without_header(path: &Path, separator: char) -> Result<Self, ImportError> {
        let lines = TextLines::open(path)?;
        let file = lines.file().to_owned();
        Ok(Self { lines, file, separator, header: Vec::new(), fields: Vec::new(), line: 0 })
    }

    /// Names the columns of a file whose columns have no names in it.
    pub(super) fn name(&mut self, names: &[&str]) {
        self.header = names.iter().map(|&name| name.to_owned()).collect();
    }

    /// The names of the columns.
    pub(super) fn header(&self) -> &[String] {
        &self.header
    }

    /// Where a column stands.
    pub(super) fn find(&self, name: &str) -> Result<usize, ImportError> {
        self.find_where(&format!("`{name}`"), |known| known == name)
    }

    /// Where the one column stands that is described.
    pub(super) fn find_where(&self, what: &str, is: impl Fn(&str) -> bool) -> Result<usize, ImportError> {
        let mut found = self.header.iter().enumerate().filter(|(_, name)| is(name)).map(|(index, _)| index);
        match (found.next(), found.next()) {
            (Some(index), None) => Ok(index),
            (Some(_), Some(_)) => Err(self.refuse(&format!("the header has the column {what} twice"))),
            (None, _) => {
                let names = excerpt(&self.header.join(", "));
                Err(self.refuse(&format!("the header has no column {what}: it has {names}")))
            }
        }
    }

    /// The next line that is not empty, as it is.
    pub(super) fn text_line(&mut self) -> Result<Option<String>, ImportError> {
        while let Some((line, bytes)) = self.lines.next_line()? {
            self.line = line;
            let Ok(text) = str::from_utf8(bytes) else {
                let problem = "there are bytes that are no UTF-8: text is expected".to_owned();
                return Err(ImportError::Line { file: self.file.clone(), line, problem });
            };
            if !text.is_empty() {
                return Ok(Some(text.to_owned()));
            }
        }
        Ok(None)
    }

    /// Goes to the next row, which has as many columns as the header; false at the end.
    pub(super) fn next_row(&mut self) -> Result<bool, ImportError> {
        let Some(text) = self.text_line()? else { return Ok(false) };
        self.fields = self.split(&text)?;
        let (found, expected) = (self.fields.len(), self.header.len());
        if found != expected {
            let problem = format!("the row has {found} columns, allowed are {expected} as in the header");
            return Err(self.refuse(&problem));
        }
        Ok(true)
    }

    fn split(&self, text: &str) -> Result<Vec<String>, ImportError> {
        split(text, self.separator).ok_or_else(|| {
            self.refuse("a quotation mark stands alone or inside of a field: a field in marks ends with one")
        })
    }

    /// The text in a column of this row.
    pub(super) fn text(&self, column: usize) -> &str {
        &self.fields[column]
    }

    /// The number in a column of this row; nothing where one of the words stands that mean so.
    pub(super) fn number(
        &self,
        column: usize,
        nulls: &[impl AsRef<str>],
        decimal: char,
    ) -> Result<Option<f64>, ImportError> {
        let text = self.text(column);
        if nulls.iter().any(|null| null.as_ref() == text) {
            return Ok(None);
        }
        let number = match decimal {
            '.' => text.parse::<f64>(),
            _ if text.contains('.') => "".parse(),
            _ => text.replace(decimal, ".").parse(),
        };
        match number {
            Ok(number) if number.abs() <= LARGEST => Ok(Some(number)),
            _ => Err(self.wrong(column, &format!("a number with a '{decimal}', from -1e18 to 1e18"))),
        }
    }

    /// What is wrong with a value of this row.
    pub(super) fn wrong(&self, column: usize, allowed: &str) -> ImportError {
        let name = self.header.get(column).map_or("", String::as_str);
        ImportError::Value {
            file: self.file.clone(),
            line: self.line,
            column: if name.is_empty() { (column + 1).to_string() } else { name.to_owned() },
            value: excerpt(self.text(column)),
            allowed: allowed.to_owned(),
        }
    }

    /// What is wrong with this line.
    pub(super) fn refuse(&self, problem: &str) -> ImportError {
        ImportError::Line { file: self.file.clone(), line: self.line.max(1), problem: problem.to_owned() }
    }

    /// How messages name the file.
    pub(super) fn file(&self) -> &str {
        &self.file
    }
}

/// The fields of a line, without white space around them; a field in quotation marks may hold separators, and
/// marks twice. Nothing when a mark has no partner.
pub(super) fn split(line: &str, separator: char) -> Option<Vec<String>> {
    let mut fields = Vec::new();
    let mut rest = line;
    loop {
        let unpadded = rest.trim_start_matches([' ', '\u{feff}']);
        let (field, behind) = match unpadded.strip_prefix('"') {
            None => {
                let end = rest.find(separator).unwrap_or(rest.len());
                (rest[..end].trim().to_owned(), &rest[end..])
            }
            Some(inside) => {
                let end = closing_mark(inside)?;
                let behind = inside[end + 1..].trim_start_matches(' ');
                if !behind.is_empty() && !behind.starts_with(separator) {
                    return None;
                }
                (inside[..end].replace("\"\"", "\""), behind)
            }
        };
        fields.push(field);
        match behind.strip_prefix(separator) {
            Some(next) => rest = next,
            None => return Some(fields),
        }
    }
}

/// Where the mark stands that ends a field: the first that is not one of two.
fn closing_mark(inside: &str) -> Option<usize> {
    let bytes = inside.as_bytes();
    let mut at = 0;
    loop {
        at += inside[at..].find('"')?;
        if bytes.get(at + 1) != Some(&b'"') {
            return Some(at);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_may_be_padded_and_stand_in_quotation_marks() {
        let fields = |line: &str| split(line, ',').map(|fields| fields.join("|"));
        assert_eq!(fields("a, b ,,\"c,\"\"d\"\"\" ,").as_deref(), Some("a|b||c,\"d\"|"));
        assert_eq!(fields("").as_deref(), Some(""));
        assert_eq!(fields("\"\",\"a\"").as_deref(), Some("|a"));
        assert_eq!(split("a,1;b", ';').map(|fields| fields.len()), Some(2));
        for broken in ["\"a", "\"a\"b,c", "a,\"b\"\""] {
            assert_eq!(fields(broken), None, "{broken}");
        }
    }
}
