//! A folder with what a paper needs: figures as SVG and PNG with their data as CSV, tables as Markdown, LaTeX and
//! CSV, and a page that says what made them.
//!
//! ```text
//!  paper/README.md          which commands made this, and how to read it
//!        claim.txt          where the claim of the experiment holds, where it makes one
//!        files.csv          every file, and what it is
//!        figures/NAME.svg   a figure; beside it NAME.png, and NAME.csv with exactly what is drawn
//!        tables/NAME.md     a scenario's table, or a sweep's; beside it NAME.tex
//!        tables/all.csv     every number
//!        timings.csv        what the wall clock said; the only file that differs from machine to machine
//! ```
//!
//! The same results and the same wishes give the same bytes, but for the timings.

use crate::claim::finding;
use crate::compare::{Comparison, Selection};
use crate::error::ReportError;
use crate::figures::{Drawing, EXPERIMENT_FIGURES, ExperimentScene, FIGURES, Scene};
use crate::png::png;
use crate::sweep_table::SweepTable;
use crate::sweeps::sweeps;
use results::{Results, Timing};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

mod csv_tables;
mod folder;
mod latex;
mod markdown;
mod readme;
mod slug;
mod table;

use slug::Slugs;

/// How many times as large as the SVG a PNG is.
const PNG_SCALE: f32 = 3.0;
/// The page in it.
pub const README: &str = "README.md";
/// What only files that go across scenarios begin with.
const ACROSS: &str = "all";

/// What a folder for a paper holds, before it is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Paper {
    /// The files, in the order in which the README names them.
    pub files: Vec<PaperFile>,
    /// The figures that there are not, each with the reason.
    pub absences: Vec<String>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaperFile {
    /// Where it is, below the folder, with `/` between.
    pub path: String,
    /// What it is.
    pub what: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

impl Paper {
    /// Draws and writes everything, in memory.
    ///
    /// # Errors
    /// What [`Comparison::of_selected`] refuses, and what cannot be drawn.
    pub fn of(
        results: &Results,
        timings: &BTreeMap<String, Timing>,
        selection: &Selection,
    ) -> Result<Paper, ReportError> {
        let comparison = Comparison::of_selected(results, selection)?;
        let mut paper = Paper { files: Vec::new(), absences: Vec::new() };
        let mut slugs = Slugs::default();
        for taken in [ACROSS, "overview"] {
            slugs.take(taken);
        }
        let names: Vec<String> =
            comparison.scenarios.iter().map(|scenario| slugs.take(&scenario.scenario)).collect();
        paper.draw_across(&comparison, results)?;
        for (scenario, slug) in comparison.scenarios.iter().zip(&names) {
            for figure in FIGURES {
                let drawing = (figure.draw)(&Scene { comparison: &comparison, scenario, results })?;
                let name = format!("{slug}-{}", slug::slug(figure.name));
                paper.add_figure(&name, &format!("{}, {}", figure.title, scenario.scenario), drawing)?;
            }
        }
        paper.add_tables(&comparison, results, &names)?;
        if let Some(data) = csv_tables::timings(&comparison, results, timings) {
            paper.add("timings.csv", "wall time of the runs; depends on the machine", data.csv()?);
        }
        let claim = finding(results)?;
        if let Some(claim) = &claim {
            let bytes = format!("{}\n", claim.paragraph()).into_bytes();
            let what = "where the claim of the experiment holds".to_owned();
            paper.files.insert(0, PaperFile { path: "claim.txt".to_owned(), what, bytes });
        }
        let readme = readme::text(results, &comparison, claim.as_ref(), selection, &paper);
        let about = "what made this, and how to read it";
        paper.files.insert(0, PaperFile { path: README.to_owned(), what: about.to_owned(), bytes: readme });
        Ok(paper)
    }

    /// Writes it into a folder, which may be new, empty, or hold an earlier one of these: then what that one had
    /// and this one has not is removed.
    ///
    /// # Errors
    /// Refuses a folder that holds something else; nothing there is touched.
    pub fn write(&self, folder: &Path) -> Result<Vec<PathBuf>, ReportError> {
        folder::write(folder, &self.files)
    }

    fn add(&mut self, path: impl Into<String>, what: impl Into<String>, bytes: impl Into<Vec<u8>>) {
        self.files.push(PaperFile { path: path.into(), what: what.into(), bytes: bytes.into() });
    }

    fn draw_across(&mut self, comparison: &Comparison, results: &Results) -> Result<(), ReportError> {
        let mut slugs = Slugs::default();
        for figure in EXPERIMENT_FIGURES {
            for wide in (figure.draw)(&ExperimentScene { comparison, results })? {
                let name = slugs.take(&format!("{ACROSS} {} {}", figure.name, wide.about));
                self.add_figure(&name, &wide.title, wide.drawing)?;
            }
        }
        Ok(())
    }

    /// A figure as three files, or the reason why there is none.
    fn add_figure(&mut self, name: &str, what: &str, drawing: Drawing) -> Result<(), ReportError> {
        if let Some(absence) = drawing.absence {
            self.absences.push(format!("{what}: {absence}"));
            return Ok(());
        }
        // Alone there is no text around it from which it could take its colour.
        let svg = drawing.svg.replace("currentColor", "black");
        let image = png(&svg, PNG_SCALE)?;
        self.add(format!("figures/{name}.svg"), what, svg);
        self.add(format!("figures/{name}.png"), what, image);
        self.add(format!("figures/{name}.csv"), format!("{what}: the data"), drawing.data.csv()?);
        Ok(())
    }

    fn add_tables(
        &mut self,
        comparison: &Comparison,
        results: &Results,
        slugs: &[String],
    ) -> Result<(), ReportError> {
        let mut sweep_slugs = Slugs::default();
        for sweep in sweeps(comparison, results) {
            let slug = sweep_slugs.take(&format!("{ACROSS} sweep {}", sweep.about()));
            let tables: Vec<table::Table> = SweepTable::all(comparison, &sweep)
                .iter()
                .map(|table| table::swept(table, &sweep, &slug))
                .collect();
            if !tables.is_empty() {
                self.add_text_tables(&slug, &sweep.title(), &tables);
            }
        }
        if let Some(table) = table::overview(comparison) {
            self.add("tables/overview.md", "all scenarios by the first metric", markdown::table(&table));
            self.add("tables/overview.tex", "the same for LaTeX", latex::table(&table));
        }
        for (scenario, slug) in comparison.scenarios.iter().zip(slugs) {
            let means = table::means(comparison, scenario, slug);
            if means.columns.is_empty() {
                self.absences.push(format!("table of {}: no run has ended", scenario.scenario));
                continue;
            }
            let tables: Vec<table::Table> =
                [Some(means), table::differences(comparison, scenario, slug)].into_iter().flatten().collect();
            let what = format!("{}: means and paired differences", scenario.scenario);
            self.add_text_tables(slug, &what, &tables);
        }
        self.add("tables/all.csv", "every number, unrounded", csv_tables::everything(comparison).csv()?);
        Ok(())
    }

    /// Tables that belong together, as Markdown and as LaTeX.
    fn add_text_tables(&mut self, slug: &str, what: &str, tables: &[table::Table]) {
        let join = |say: fn(&table::Table) -> String| tables.iter().map(say).collect::<Vec<_>>().join("\n");
        self.add(format!("tables/{slug}.md"), what, join(markdown::table));
        self.add(format!("tables/{slug}.tex"), "the same for LaTeX", join(latex::table));
    }
}
