//! `rackwright run`, and `rackwright` alone.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use results::Results;
use runner::{Config, Options, Plan, experiment};
use serde_json::json;

use crate::allocator;
use crate::args::{How, MainJob, RunArgs};
use crate::failure::{Failure, failed};
use crate::forecast;
use crate::report;
use crate::terminal::{Bar, print};

const DEFAULT_CONFIG: &str = include_str!("../../configs/default.toml");
pub(crate) const DATA_VARIABLE: &str = "RACKWRIGHT_DATA";

/// Runs the built-in experiment, which needs no data.
pub(crate) fn main_job(args: &MainJob) -> Result<(), Failure> {
    let config = Config::parse("default.toml", DEFAULT_CONFIG)?;
    let plan = Plan::new(&config, None, "rackwright")?;
    conduct(&plan, &args.out, &args.how, &[])
}

/// Runs an experiment.
pub(crate) fn run(args: &RunArgs) -> Result<(), Failure> {
    let data = args.data.clone().or_else(|| std::env::var_os(DATA_VARIABLE).map(PathBuf::from));
    let config = Config::read(&args.file)?;
    let command = format!("rackwright run {}", config.file_name());
    let plan = Plan::new(&config, data.as_deref(), &command)?;
    if args.dry_run {
        let options = options(&args.how, &args.only);
        return forecast::show(&plan, args.out.as_deref(), &options, args.how.json);
    }
    let out = args.out.as_deref().expect("without --dry-run, --out is required");
    conduct(&plan, out, &args.how, &args.only)
}

fn options(how: &How, only: &[String]) -> Options {
    let meter = Some(allocator::start_counting());
    Options { threads: how.threads, force: how.force, only: only.to_vec(), meter }
}

fn conduct(plan: &Plan, folder: &Path, how: &How, only: &[String]) -> Result<(), Failure> {
    let bar = Bar::new();
    let results = experiment::run(plan, folder, &options(how, only), &bar)?;
    drop(bar);
    if !results.is_complete() {
        return unfinished(&results, folder, how);
    }
    let page = if how.no_report { None } else { Some(report::write(&results, folder)?) };
    if how.json {
        let path = folder.join("summary.json");
        let summary = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()));
        return print(&report::with_claim(summary.map_err(failed)?, &results)?);
    }
    print(&report::leaderboard(&results, &plan.metrics)?)?;
    if let Some(claim) = report::claim(&results)? {
        print(&format!("\n{}", claim.text()))?;
    }
    match page {
        Some(page) => print(&format!("\nreport: {}", page.display())),
        None => Ok(()),
    }
}

/// What is said of an experiment of which only a part was wanted: there is nothing to compare yet.
fn unfinished(results: &Results, folder: &Path, how: &How) -> Result<(), Failure> {
    let (finished, planned) = (results.finished_count(), results.planned_count());
    if how.json {
        return print(&json!({ "finished": finished, "planned": planned }).to_string());
    }
    print(&format!(
        "{finished} of {planned} runs are in {}; the same command without --only runs the others and ends the \
         experiment",
        folder.display()
    ))
}
