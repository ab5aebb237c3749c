//! Pictures of a scenario as SVG. One figure, one function in one file; to add one, write the file and put its
//! name into the list below: the page then shows it, the folder for a paper holds it with the numbers behind it,
//! and the contract test at the end draws it. Figures that go across scenarios have a list of their own.

use crate::compare::{Comparison, ScenarioComparison};
use crate::error::ReportError;
use results::{FinishedRun, Results};

mod axis;
mod canvas;
pub mod curves;
pub mod distributions;
mod dot_panel;
mod drawing;
mod line_panel;
mod palette;
mod small_multiples;
mod stack_panel;
mod thin;
mod time_chart;

pub use distributions::{cumulative, distributions};
pub use drawing::{Data, Drawing};
pub(crate) use drawing::{number, number_if};

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
    /// Draws it.
    pub draw: fn(&Scene<'_>) -> Result<Drawing, ReportError>,
}

/// What a figure of a whole experiment is drawn from.
#[derive(Clone, Copy, Debug)]
pub struct ExperimentScene<'a> {
    /// The comparison.
    pub comparison: &'a Comparison,
    /// The results behind it.
    pub results: &'a Results,
}

/// A figure that goes across scenarios. An experiment has none of it, one, or several: one for each sweep.
#[derive(Clone, Copy, Debug)]
pub struct ExperimentFigure {
    /// The name of its file.
    pub name: &'static str,
    /// What it is.
    pub title: &'static str,
    /// What stands below it: how it is to be read.
    pub caption: &'static str,
    /// Draws what the experiment has of it.
    pub draw: fn(&ExperimentScene<'_>) -> Result<Vec<WideDrawing>, ReportError>,
}

/// A drawing that goes across scenarios.
#[derive(Clone, Debug, PartialEq)]
pub struct WideDrawing {
    /// What tells it apart from others of the same figure; empty where there is one only.
    pub about: String,
    /// What stands above it.
    pub title: String,
    /// The drawing.
    pub drawing: Drawing,
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
    ratios_to_baseline
    pareto_front
    utilisation_over_time
    waiting_over_time
    power_over_time
    pue_over_time
    carbon_over_time
    energy_ledger
    energy_by_tenant
}

macro_rules! experiment_figures {
    ($($name:ident)*) => {
        $(mod $name;)*

        /// Every figure that goes across scenarios, in the order of the page.
        pub const EXPERIMENT_FIGURES: &[ExperimentFigure] = &[$(ExperimentFigure {
            name: stringify!($name),
            title: $name::TITLE,
            caption: $name::CAPTION,
            draw: $name::draw,
        }),*];
    };
}

experiment_figures! {
    scenario_overview
    sweep
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
        runs.map(|run| FirstRun { colour: colour_of(self.comparison, &run.record.scheduler), run }).collect()
    }
}

/// The colour that a scheduler has in every figure of the experiment.
fn colour_of(comparison: &Comparison, scheduler: &str) -> plotters::style::RGBColor {
    let place = comparison.schedulers.iter().position(|name| name == scheduler);
    palette::colour(place.expect("a comparison knows every scheduler of its plan"))
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
    use crate::testing::{Size, invented, swept};

    /// Looks at what every picture must keep to.
    fn check(name: &str, drawing: &Drawing) {
        let svg = &drawing.svg;
        assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"), "{name}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{name}");
        let data = &drawing.data;
        assert!(data.rows.iter().all(|row| row.len() == data.header.len()), "{name}");
        assert_eq!(drawing.absence.is_some(), data.rows.is_empty(), "{name}");
        assert_eq!(drawing.absence.is_some(), svg.contains("Nothing to draw"), "{name}");
    }

    /// Draws every figure of every scenario.
    fn draw_all(results: &Results) -> Vec<Drawing> {
        let comparison = Comparison::of(results).unwrap();
        let mut drawn = Vec::new();
        for scenario in &comparison.scenarios {
            for figure in FIGURES {
                let drawing = (figure.draw)(&Scene { comparison: &comparison, scenario, results }).unwrap();
                check(figure.name, &drawing);
                assert!(!figure.title.is_empty() && !figure.caption.is_empty(), "{}", figure.name);
                drawn.push(drawing);
            }
        }
        drawn
    }

    /// Draws every figure that goes across scenarios.
    fn draw_wide(results: &Results) -> Vec<WideDrawing> {
        let comparison = Comparison::of(results).unwrap();
        let scene = ExperimentScene { comparison: &comparison, results };
        let mut drawn = Vec::new();
        for figure in EXPERIMENT_FIGURES {
            for wide in (figure.draw)(&scene).unwrap() {
                check(figure.name, &wide.drawing);
                assert!(!figure.title.is_empty() && !figure.caption.is_empty(), "{}", figure.name);
                drawn.push(wide);
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
        assert!(drawn.iter().all(|drawing| drawing.absence.is_some()));
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
        let wide = draw_wide(&results).into_iter().map(|wide| wide.drawing);
        for drawing in draw_all(&results).into_iter().chain(wide) {
            for scheduler in &comparison.schedulers {
                assert!(drawing.svg.contains(&format!("\n{scheduler}\n")), "{scheduler}");
            }
        }
    }

    #[test]
    fn the_data_say_what_is_drawn() {
        let results = invented(Size { scenarios: 1, schedulers: 3, seeds: 4, samples: 40 });
        let comparison = Comparison::of(&results).unwrap();
        let scenario = &comparison.scenarios[0];
        let drawn = draw_all(&results);
        let circles = |drawing: &Drawing| drawing.svg.matches("<circle ").count();
        // Side by side: a mean and four seeds for each of three schedulers and six metrics.
        assert_eq!((drawn[0].data.rows.len(), circles(&drawn[0])), (6 * 3 * 5, 6 * 3 * 5));
        assert_eq!(
            drawn[0].data.header,
            ["metric", "unit", "scheduler", "mark", "seed", "value", "low", "high"]
        );
        let wait = scenario.metric("wait_mean").unwrap().cells[1].estimate.unwrap();
        let row = drawn[0].data.rows.iter().find(|row| row[2] == "best_fit" && row[3] == "mean").unwrap();
        assert_eq!(row[5], wait.mean.to_string());
        assert_eq!(row[6], (wait.mean - wait.half_width.unwrap()).to_string());
        // Ratios: two schedulers, each metric once.
        assert_eq!(drawn[1].data.rows.len(), circles(&drawn[1]));
        assert_eq!(
            drawn[1].data.header[3..],
            ["value (times first_fit)", "low (times first_fit)", "high (times first_fit)"]
        );
        // Over time: every sample of three lines in three panels, since forty samples need no thinning.
        // The front: a row for each scheduler.
        assert_eq!((drawn[2].data.rows.len(), circles(&drawn[2])), (3, 3));
        assert_eq!(drawn[3].data.rows.len(), 3 * 3 * 40);
        assert_eq!(drawn[3].data.header, ["quantity", "scheduler", "time (h)", "value (%)"]);
    }

    #[test]
    fn an_experiment_of_one_scenario_has_no_overview() {
        assert!(draw_wide(&invented(Size { scenarios: 1, schedulers: 2, seeds: 2, samples: 0 })).is_empty());
        let wide = draw_wide(&invented(Size { scenarios: 3, schedulers: 2, seeds: 2, samples: 0 }));
        assert_eq!(wide.len(), 1);
        assert_eq!(wide[0].drawing.data.header[0], "scenario");
        assert_eq!(wide[0].drawing.data.rows.len(), 3 * 2 * 3, "a mean and two seeds each");
        let mut begun = invented(Size { scenarios: 2, schedulers: 2, seeds: 2, samples: 0 });
        begun.runs.clear();
        assert!(draw_wide(&begun).is_empty());
    }

    #[test]
    fn a_sweep_is_drawn_with_its_values_and_intervals() {
        for (values, at) in [(["1.1", "1.5", "1.3"], "1.1"), (["none", "easy", "skip"], "none")] {
            let wide = draw_wide(&swept("rules.usual.pue", &values, 2, 3));
            let drawing = &wide[1].drawing;
            assert!(wide[1].title.contains("mixed_small: rules.usual.pue swept"), "{}", wide[1].title);
            assert_eq!(
                drawing.data.header,
                ["quantity", "unit", "scheduler", "rules.usual.pue", "value", "low", "high"]
            );
            assert_eq!(drawing.data.rows.len(), 6 * 2 * 3, "metrics, schedulers, values");
            assert_eq!(drawing.data.rows[0][3], at);
            assert!(drawing.data.rows.iter().all(|row| !row[5].is_empty()));
            assert_eq!(drawing.svg.matches("<polygon ").count(), 6 * 2, "a band each");
        }
    }

    #[test]
    fn names_from_outside_are_escaped() {
        let mut results = invented(Size { scenarios: 1, schedulers: 1, seeds: 1, samples: 5 });
        results.manifest.runs[0].scheduler = "<script>&".to_owned();
        results.runs[0].record.scheduler = "<script>&".to_owned();
        for Drawing { svg, .. } in draw_all(&results) {
            assert!(!svg.contains("<script>") && svg.contains("&lt;script&gt;&amp;"));
        }
    }

    #[test]
    fn long_series_do_not_make_long_pictures() {
        let results = invented(Size { scenarios: 1, schedulers: 6, seeds: 1, samples: 20_000 });
        for Drawing { svg, .. } in draw_all(&results) {
            assert!(svg.len() < 300_000, "{} bytes", svg.len());
        }
    }
}
