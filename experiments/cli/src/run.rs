//! `rackwright run`, and `rackwright` alone.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use runner::{Config, Options, Plan, experiment};

use crate::args::{How, MainJob, RunArgs};
use crate::failure::{Failure, failed};
use crate::report;
use crate::terminal::{Bar, print};

const DEFAULT_CONFIG: &str = include_str!("../../configs/default.toml");
pub(crate) const DATA_VARIABLE: &str = "RACKWRIGHT_DATA";

/// Runs the built-in experiment, which needs no data.
pub(crate) fn main_job(args: &MainJob) -> Result<(), Failure> {
    let config = Config::parse("default.toml", DEFAULT_CONFIG)?;
    let plan = Plan::new(&config, None, "rackwright")?;
    conduct(&plan, &args.out, &args.how)
}

/// Runs an experiment.
pub(crate) fn run(args: &RunArgs) -> Result<(), Failure> {
    let data = args.data.clone().or_else(|| std::env::var_os(DATA_VARIABLE).map(PathBuf::from));
    let config = Config::read(&args.file)?;
    let command = format!("rackwright run {}", config.file_name());
    let plan = Plan::new(&config, data.as_deref(), &command)?;
    conduct(&plan, &args.out, &args.how)
}

fn conduct(plan: &Plan, folder: &Path, how: &How) -> Result<(), Failure> {
    let options = Options { threads: how.threads, force: how.force };
    let bar = Bar::new();
    let results = experiment::run(plan, folder, options, &bar)?;
    drop(bar);
    let page = if how.no_report { None } else { Some(report::write(&results, folder)?) };
    if how.json {
        let path = folder.join("summary.json");
        let summary = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()));
        return print(&summary.map_err(failed)?);
    }
    print(&report::leaderboard(&results, &plan.metrics)?)?;
    match page {
        Some(page) => print(&format!("\nreport: {}", page.display())),
        None => Ok(()),
    }
}
