//! Tables as Markdown: pipes, as most programs read them.

use super::table::{Column, Table, TableCell};
use crate::words::unit_and_direction;

/// The table with its caption above it.
pub(super) fn table(table: &Table) -> String {
    let heads = table.columns.iter().map(head).collect();
    let mut text = format!("{}\n\n", escaped(&table.caption));
    text.push_str(&line(table.corner, heads));
    let rule = std::iter::once("---").chain(table.columns.iter().map(|_| "---:")).collect::<Vec<_>>();
    text.push_str(&format!("| {} |\n", rule.join(" | ")));
    for row in &table.rows {
        text.push_str(&line(&row.name, row.cells.iter().map(cell).collect()));
    }
    text
}

/// Text in which nothing is taken for a mark.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '~' | '$' => {
                escaped.extend(['\\', character]);
            }
            '\n' | '\r' => escaped.push(' '),
            '&' => escaped.push_str("&amp;"),
            _ => escaped.push(character),
        }
    }
    escaped
}

fn line(name: &str, cells: Vec<String>) -> String {
    format!("| {} | {} |\n", escaped(name), cells.join(" | "))
}

fn head(column: &Column) -> String {
    match unit_and_direction(&column.unit, column.better).as_str() {
        "" => escaped(&column.title),
        unit => escaped(&format!("{} ({unit})", column.title)),
    }
}

fn cell(cell: &TableCell) -> String {
    let Some(said) = &cell.said else { return "-".to_owned() };
    let mark = if cell.is_clear { "\\*" } else { "" };
    match cell.is_best {
        true => format!("**{}**{mark}", said.plain()),
        false => format!("{}{mark}", said.plain()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_outside_are_escaped() {
        assert_eq!(escaped("a_b|*c* <d> & [e]"), "a\\_b\\|\\*c\\* \\<d\\> &amp; \\[e\\]");
        assert_eq!(escaped("two\nlines"), "two lines");
    }
}
