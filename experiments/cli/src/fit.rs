//! `rackwright trace fit`: a generator fitted to a log, and both beside each other.

use std::path::Path;

use reports::figures::distributions::Panel;
use sim::kernel::rng::Seed;
use traces::fit::{self, Comparison, Fit, FitOptions, RunTimes, comparison_csv};

use crate::args::{FitArgs, RunTimesChoice};
use crate::failure::{Failure, bad_input, failed};
use crate::terminal::print;
use crate::trace;

/// A picture is drawn this many times as large as the figure says.
const PNG_SCALE: f32 = 2.0;

pub(crate) fn fit(args: &FitArgs) -> Result<(), Failure> {
    let input = trace::input(&args.path, args.format.as_deref(), &args.options)?;
    if let Some(dir) = &args.out {
        refuse_occupied(dir)?;
    }
    let how = FitOptions {
        epoch_seconds: args.epoch.or(input.epoch_seconds),
        run_times: match args.run_times {
            RunTimesChoice::Family => RunTimes::Family,
            RunTimesChoice::Quantiles => RunTimes::Quantiles,
        },
    };
    let fitted = fit::fit(&input.workload, how, Seed(args.seed)).map_err(bad_input)?;
    let told = fitted.report.markdown();
    match &args.out {
        Some(dir) => {
            write(&fitted, dir, &heading(args))?;
            print(&format!("{told}\nfit: {}", dir.display()))
        }
        None => print(&told),
    }
}

/// What was fitted to what, in the words of a TOML comment.
fn heading(args: &FitArgs) -> String {
    let file = args.path.file_name().unwrap_or_default().to_string_lossy();
    // A name may hold what ends a comment.
    let file: String = file.chars().filter(|one| !one.is_control()).collect();
    let name = args.out.as_deref().unwrap_or(Path::new("")).join("fitted.toml");
    format!(
        "# The `poisson` generator fitted to {file} by rackwright {}.\n\
         # Part of an experiment as it stands (the workload is called fitted), or:\n\
         # rackwright trace generate poisson --options {} --seed {} --out workloads/fitted\n\n",
        env!("CARGO_PKG_VERSION"),
        name.display(),
        args.seed
    )
}

fn refuse_occupied(dir: &Path) -> Result<(), Failure> {
    match std::fs::read_dir(dir).map(|mut entries| entries.next().is_none()) {
        Ok(false) => Err(bad_input(anyhow::anyhow!(
            "{} already holds files and is not overwritten: name a directory that is new or empty",
            dir.display()
        ))),
        _ => Ok(()),
    }
}

fn write(fitted: &Fit, dir: &Path, heading: &str) -> Result<(), Failure> {
    let panels: Vec<Panel> = fitted.comparisons.iter().map(panel).collect();
    let svg = reports::figures::distributions(&panels).map_err(failed)?;
    let png = reports::png(&svg, PNG_SCALE).map_err(failed)?;
    let json = serde_json::to_string_pretty(&fitted.report).map_err(failed)?;
    let cannot = |error: std::io::Error, what: &Path| {
        failed(anyhow::Error::new(error).context(format!("{} cannot be written", what.display())))
    };
    std::fs::create_dir_all(dir).map_err(|error| cannot(error, dir))?;
    for (name, bytes) in [
        ("fitted.toml", format!("{heading}{}", fitted.experiment()).into_bytes()),
        ("fit.json", json.into_bytes()),
        ("fit.md", fitted.report.markdown().into_bytes()),
        ("comparison.csv", comparison_csv(&fitted.comparisons).into_bytes()),
        ("comparison.svg", svg.into_bytes()),
        ("comparison.png", png),
    ] {
        let path = dir.join(name);
        std::fs::write(&path, bytes).map_err(|error| cannot(error, &path))?;
    }
    Ok(())
}

fn panel(comparison: &Comparison) -> Panel {
    let corners = |sample: &fit::Sample| {
        let mut seen = 0.0;
        let corner = |&(value, times): &(f64, f64)| {
            seen += times;
            (value, (seen / sample.count()).min(1.0))
        };
        sample.values().iter().map(corner).collect()
    };
    Panel {
        title: comparison.name.to_owned(),
        unit: comparison.unit.to_owned(),
        is_log_axis: comparison.is_log_axis,
        series: vec![
            ("trace".to_owned(), corners(&comparison.trace)),
            ("generated".to_owned(), corners(&comparison.generated)),
        ],
    }
}
