//! Tables as LaTeX, for the package `booktabs` and nothing else.

use super::table::{Column, Table, TableCell};
use crate::words::Said;
use results::Better;

/// The table as a float of its own.
pub(super) fn table(table: &Table) -> String {
    let alignment = "r".repeat(table.columns.len());
    let titles = table.columns.iter().map(|column| escaped(&column.title)).collect();
    let units: Vec<String> = table.columns.iter().map(unit).collect();
    let mut lines = vec![
        "\\begin{table}".to_owned(),
        "  \\centering".to_owned(),
        format!("  \\caption{{{}}}", escaped(&table.caption)),
        format!("  \\label{{{}}}", table.label),
        format!("  \\begin{{tabular}}{{l{alignment}}}"),
        "    \\toprule".to_owned(),
        line(table.corner, titles),
    ];
    if units.iter().any(|unit| !unit.is_empty()) {
        lines.push(line("", units));
    }
    lines.push("    \\midrule".to_owned());
    for row in &table.rows {
        lines.push(line(&row.name, row.cells.iter().map(cell).collect()));
    }
    for end in ["    \\bottomrule", "  \\end{tabular}", "\\end{table}", ""] {
        lines.push(end.to_owned());
    }
    lines.join("\n")
}

/// Text in which nothing is taken for a command.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' => escaped.push_str("\\textbackslash{}"),
            '{' | '}' | '$' | '&' | '#' | '%' | '_' => escaped.extend(['\\', character]),
            '^' => escaped.push_str("\\textasciicircum{}"),
            '~' => escaped.push_str("\\textasciitilde{}"),
            '<' => escaped.push_str("\\textless{}"),
            '>' => escaped.push_str("\\textgreater{}"),
            '|' => escaped.push_str("\\textbar{}"),
            '"' => escaped.push_str("\\textquotedbl{}"),
            // A bracket after the end of a line would be read as a distance.
            '[' | ']' => escaped.extend(['{', character, '}']),
            '±' => escaped.push_str("$\\pm$"),
            '×' => escaped.push_str("$\\times$"),
            '·' => escaped.push_str("$\\cdot$"),
            'µ' | 'μ' => escaped.push_str("$\\mu$"),
            '°' => escaped.push_str("$^\\circ$"),
            '₂' => escaped.push_str("$_2$"),
            '²' => escaped.push_str("$^2$"),
            '\n' | '\r' | '\t' => escaped.push(' '),
            _ => escaped.push(character),
        }
    }
    // A number and its per cent sign stay together.
    escaped.replace(" \\%", "~\\%")
}

fn line(name: &str, cells: Vec<String>) -> String {
    format!("    {} & {} \\\\", escaped(name), cells.join(" & "))
}

/// The unit and an arrow to where it is better.
fn unit(column: &Column) -> String {
    let unit = if column.unit == "1" { String::new() } else { escaped(&column.unit) };
    let arrow = match column.better {
        Better::Higher => "$\\uparrow$",
        Better::Lower => "$\\downarrow$",
        Better::Neither => "",
    };
    [unit.as_str(), arrow].join(" ").trim().to_owned()
}

fn cell(cell: &TableCell) -> String {
    let Some(said) = &cell.said else { return "--".to_owned() };
    let number = number(said);
    let number = if cell.is_best { format!("\\mathbf{{{number}}}") } else { number };
    // A group of its own: after a power, a second one would be refused.
    let mark = if cell.is_clear { "{}^{\\ast}" } else { "" };
    format!("${number}{mark}$")
}

/// "41.2 \pm 1.3", or "(1.235 \pm 0.012) \times 10^{9}".
fn number(said: &Said) -> String {
    let (mean, power) = match said.mean.split_once('e') {
        Some((mean, power)) => (mean, Some(power)),
        None => (said.mean.as_str(), None),
    };
    let half_width =
        said.half_width.as_ref().map(|half| half.split_once('e').map_or(half.as_str(), |(half, _)| half));
    match (half_width, power) {
        (None, None) => mean.to_owned(),
        (Some(half), None) => format!("{mean} \\pm {half}"),
        (None, Some(power)) => format!("{mean} \\times 10^{{{power}}}"),
        (Some(half), Some(power)) => format!("({mean} \\pm {half}) \\times 10^{{{power}}}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::Row;
    use super::*;
    use crate::statistics::Estimate;

    fn said(mean: f64, half_width: Option<f64>) -> Said {
        Said::of(&Estimate { mean, half_width, count: 3 })
    }

    #[test]
    fn a_table_entire() {
        let column = |title: &str, unit: &str, better| Column {
            title: title.to_owned(),
            unit: unit.to_owned(),
            better,
        };
        let cell = |said, is_best, is_clear| TableCell { said: Some(said), is_best, is_clear };
        let text = table(&Table {
            caption: "day_1 & night: mean over 3 seeds ± half of its 95 % interval.".to_owned(),
            label: "tab:day".to_owned(),
            corner: "scheduler",
            columns: vec![column("mean wait", "s", Better::Lower), column("cpu", "%", Better::Neither)],
            rows: vec![
                Row {
                    name: "first_fit".to_owned(),
                    cells: vec![
                        cell(said(41.234, Some(1.3)), true, false),
                        cell(said(2.5e9, None), false, true),
                    ],
                },
                Row { name: "[x]".to_owned(), cells: vec![TableCell::default(), TableCell::default()] },
            ],
        });
        let wanted = r"\begin{table}
  \centering
  \caption{day\_1 \& night: mean over 3 seeds $\pm$ half of its 95~\% interval.}
  \label{tab:day}
  \begin{tabular}{lrr}
    \toprule
    scheduler & mean wait & cpu \\
     & s $\downarrow$ & \% \\
    \midrule
    first\_fit & $\mathbf{41.2 \pm 1.3}$ & $2.5 \times 10^{9}{}^{\ast}$ \\
    {[}x{]} & -- & -- \\
    \bottomrule
  \end{tabular}
\end{table}
";
        assert_eq!(text, wanted);
    }

    #[test]
    fn nothing_is_taken_for_a_command() {
        assert_eq!(
            escaped(r"\a{b}$c^d~e#f"),
            r"\textbackslash{}a\{b\}\$c\textasciicircum{}d\textasciitilde{}e\#f"
        );
        assert_eq!(escaped("<|\">"), r"\textless{}\textbar{}\textquotedbl{}\textgreater{}");
        assert_eq!(escaped("gCO₂, m²"), "gCO$_2$, m$^2$");
    }

    #[test]
    fn powers_stand_once() {
        assert_eq!(number(&said(1.234_56e9, Some(1.2e7))), r"(1.235 \pm 0.012) \times 10^{9}");
        assert_eq!(number(&said(-3.0, None)), "-3");
    }
}
