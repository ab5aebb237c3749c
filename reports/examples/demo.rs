//! What a report looks like, without a simulator behind it.
//!
//! ```text
//!   invented results            leaderboard  --> the terminal
//!   3 scenarios x 6 schedulers -+
//!   x 3 seeds                   +-> page     --> FOLDER/report.html
//!                               +-> paper    --> FOLDER/paper
//!   an invented sweep            --> paper        --> FOLDER/sweep
//!   invented samples             --> distributions --> FOLDER/distributions.svg and .png
//! ```
//!
//! Run it with a folder as its only argument. It shows every table and figure that an experiment of this shape
//! gets, beside the page of an experiment with a single run.

#![allow(clippy::print_stdout)] // this is a program, and programs print

use reports::figures::distributions::Panel;
use reports::figures::{cumulative, distributions};
use reports::testing::{Size, invented, swept};
use reports::{Paper, Selection, leaderboard, page, png, write};
use results::PAPER_FOLDER;
use std::collections::BTreeMap;
use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let folder =
        PathBuf::from(std::env::args().nth(1).ok_or("say in which folder the report is to be written")?);
    std::fs::create_dir_all(&folder)?;

    let results = invented(Size { scenarios: 3, schedulers: 6, seeds: 3, samples: 1000 });
    println!("{}", leaderboard(&results, &[])?);
    let paper = Paper::of(&results, &BTreeMap::new(), &Selection::default())?;
    println!("{} files for a paper", paper.write(&folder.join(PAPER_FOLDER))?.len());
    println!("{}", write(&folder, &results)?.display());
    let sweep = swept("rules.usual.pue", &["1.1", "1.2", "1.35", "1.6"], 5, 4);
    Paper::of(&sweep, &BTreeMap::new(), &Selection::default())?.write(&folder.join("sweep"))?;

    for (name, scenarios, schedulers, seeds) in [("single.html", 1, 1, 1), ("usual.html", 1, 6, 3)] {
        let results = invented(Size { scenarios, schedulers, seeds, samples: 1000 });
        let start = Instant::now();
        let text = page(&results)?;
        println!("{name}: {} kB in {:.1} ms", text.len() / 1000, start.elapsed().as_secs_f64() * 1e3);
        std::fs::write(folder.join(name), text)?;
    }

    let svg = distributions(&invented_distributions())?;
    std::fs::write(folder.join("distributions.png"), png(&svg, 2.0)?)?;
    std::fs::write(folder.join("distributions.svg"), svg)?;
    Ok(())
}

/// A "trace" with lumps and a smooth "fitted" curve beside it, on three kinds of axes.
fn invented_distributions() -> Vec<Panel> {
    let smooth = |step: u32| f64::from(step) / 2000.0;
    let panel = |title: &str, unit: &str, is_log_axis, value: fn(f64) -> f64, lump: f64| {
        let fitted: Vec<f64> = (1..2000).map(|step| value(smooth(step))).collect();
        let trace: Vec<f64> = fitted.iter().step_by(17).map(|value| (value / lump).round() * lump).collect();
        let series =
            vec![("trace".to_owned(), cumulative(&trace)), ("fitted".to_owned(), cumulative(&fitted))];
        Panel { title: title.to_owned(), unit: unit.to_owned(), is_log_axis, series }
    };
    vec![
        panel("run time", "s", true, |share| (share * 14.0 - 2.0).exp(), 60.0),
        panel("cores", "1", true, |share| (share * 10.0).exp2().ceil(), 4.0),
        panel("hour of submission", "h", false, |share| 24.0 * share.sqrt(), 0.5),
    ]
}
