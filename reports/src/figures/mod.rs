//! Pictures of a scenario as SVG. One figure, one function in one file; to add one, write the file and put its
//! name into the list below: the page then shows it, and the contract test at the end draws it.

use crate::compare::{Comparison, ScenarioComparison};
use crate::error::ReportError;
use results::{FinishedRun, Results};

mod canvas;
pub mod curves;
mod palette;
mod thin;
mod time_chart;

/// What a figure is drawn from: one scenario of a comparison, and the results behind it.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The whole comparison; it gives every scheduler its colour.
    pub comparison: &'a Comparison,
    /// The scenario.
    pub scenario: &'a ScenarioComparison,
    /// The results behind it.
    pub results: &'a Results,
}

/// A figure that can be drawn of every scenario.
#[derive(Clone, Copy, Debug)]
pub struct Figure {
    /// The name of its file.
    pub name: &'static str,
    /// What stands above it.
    pub title: &'static str,
    /// What stands below it: how it is to be read.
    pub caption: &'static str,
    /// Draws it: a complete SVG document.
    pub draw: fn(&Scene<'_>) -> Result<String, ReportError>,
}

macro_rules! figures {
    ($($name:ident)*) => {
        $(mod $name;)*

        /// Every figure there is, in the order of the page.
        pub const FIGURES: &[Figure] = &[$(Figure {
            name: stringify!($name),
            title: $name::TITLE,
            caption: $name::CAPTION,
            draw: $name::draw,
        }),*];
    };
}

figures! {
    side_by_side
    utilisation_over_time
    waiting_over_time
    power_over_time
}

/// A scheduler's run under the first seed of the plan.
pub(crate) struct FirstRun<'a> {
    pub(crate) colour: plotters::style::RGBColor,
    pub(crate) run: &'a FinishedRun,
}

impl<'a> Scene<'a> {
    /// The runs of all schedulers under the first seed of the plan, as far as they have ended and were sampled.
    fn first_runs(&self) -> Vec<FirstRun<'a>> {
        let Some(seed) = self.scenario.seeds.first() else {
            return Vec::new();
        };
        let runs = self.results.runs.iter().filter(|run| {
            run.record.scenario == self.scenario.scenario
                && run.record.seed == *seed
                && !run.series.is_empty()
        });
        runs.map(|run| FirstRun { colour: self.colour_of(&run.record.scheduler), run }).collect()
    }

    /// The colour that a scheduler has in every figure of the experiment.
    fn colour_of(&self, scheduler: &str) -> plotters::style::RGBColor {
        let place = self.comparison.schedulers.iter().position(|name| name == scheduler);
        palette::colour(place.expect("a comparison knows every scheduler of its plan"))
    }
}

/// The colour that the scheduler at this place of the plan has in every figure, as "#rrggbb".
pub fn scheduler_colour(place: usize) -> String {
    let plotters::style::RGBColor(red, green, blue) = palette::colour(place);
    format!("#{red:02x}{green:02x}{blue:02x}")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a panic is how a test speaks

    use super::*;
    use crate::testing::{Size, invented};

    /// Draws every figure of every scenario, and looks at what every picture must keep to.
    fn draw_all(results: &Results) -> Vec<String> {
        let comparison = Comparison::of(results).unwrap();
        let mut drawn = Vec::new();
        for scenario in &comparison.scenarios {
            for figure in FIGURES {
                let scene = Scene { comparison: &comparison, scenario, results };
                let svg = (figure.draw)(&scene).unwrap();
                assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"), "{}", figure.name);
                assert!(!svg.contains("NaN") && !svg.contains("inf"), "{}", figure.name);
                assert!(!figure.title.is_empty() && !figure.caption.is_empty(), "{}", figure.name);
                drawn.push(svg);
            }
        }
        drawn
    }

    #[test]
    fn every_figure_draws_an_empty_comparison() {
        let mut results = invented(Size { scenarios: 1, schedulers: 2, seeds: 2, samples: 5 });
        results.runs.clear();
        let drawn = draw_all(&results);
        assert_eq!(drawn.len(), FIGURES.len());
        assert!(drawn.iter().all(|svg| svg.contains("Nothing to draw")));
    }

    #[test]
    fn every_figure_draws_a_single_run() {
        for samples in [0, 1, 2, 50] {
            let results = invented(Size { scenarios: 1, schedulers: 1, seeds: 1, samples });
            assert_eq!(draw_all(&results).len(), FIGURES.len());
        }
    }

    #[test]
    fn every_figure_names_every_scheduler() {
        let results = invented(Size { scenarios: 2, schedulers: 9, seeds: 3, samples: 40 });
        let comparison = Comparison::of(&results).unwrap();
        for svg in draw_all(&results) {
            for scheduler in &comparison.schedulers {
                assert!(svg.contains(&format!("\n{scheduler}\n")), "{scheduler}");
            }
        }
    }

    #[test]
    fn names_from_outside_are_escaped() {
        let mut results = invented(Size { scenarios: 1, schedulers: 1, seeds: 1, samples: 5 });
        results.manifest.runs[0].scheduler = "<script>&".to_owned();
        results.runs[0].record.scheduler = "<script>&".to_owned();
        for svg in draw_all(&results) {
            assert!(!svg.contains("<script>") && svg.contains("&lt;script&gt;&amp;"));
        }
    }

    #[test]
    fn long_series_do_not_make_long_pictures() {
        let results = invented(Size { scenarios: 1, schedulers: 6, seeds: 1, samples: 20_000 });
        for svg in draw_all(&results) {
            assert!(svg.len() < 300_000, "{} bytes", svg.len());
        }
    }
}
