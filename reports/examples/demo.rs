//! What a report looks like, without a simulator behind it.
//!
//! ```text
//!   invented results            leaderboard  --> the terminal
//!   3 scenarios x 6 schedulers -+
//!   x 3 seeds                   +-> page     --> FOLDER/report.html
//!                               +-> figures  --> FOLDER/FIGURE-SCENARIO.svg
//! ```
//!
//! Run it with a folder as its only argument. It shows every table and figure that an experiment of this shape
//! gets, beside the page of an experiment with a single run.

#![allow(clippy::print_stdout)] // this is a program, and programs print

use reports::figures::{FIGURES, Scene};
use reports::testing::{Size, invented};
use reports::{Comparison, leaderboard, page, write};
use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let folder =
        PathBuf::from(std::env::args().nth(1).ok_or("say in which folder the report is to be written")?);
    std::fs::create_dir_all(&folder)?;

    let results = invented(Size { scenarios: 3, schedulers: 6, seeds: 3, samples: 1000 });
    let comparison = Comparison::of(&results)?;
    println!("{}", leaderboard(&results, &[])?);
    println!("{}", write(&folder, &results)?.display());
    for scenario in &comparison.scenarios {
        for figure in FIGURES {
            let scene = Scene { comparison: &comparison, scenario, results: &results };
            let path = folder.join(format!("{}-{}.svg", figure.name, scenario.scenario));
            std::fs::write(&path, (figure.draw)(&scene)?)?;
        }
    }

    for (name, scenarios, schedulers, seeds) in [("single.html", 1, 1, 1), ("usual.html", 1, 6, 3)] {
        let results = invented(Size { scenarios, schedulers, seeds, samples: 1000 });
        let start = Instant::now();
        let text = page(&results)?;
        println!("{name}: {} kB in {:.1} ms", text.len() / 1000, start.elapsed().as_secs_f64() * 1e3);
        std::fs::write(folder.join(name), text)?;
    }
    Ok(())
}
