//! Workloads of the Batsim simulator: a JSON document of jobs and profiles.
//!
//! A job has an `id`, a `subtime` in seconds, `res` (cores), a `profile` by name and perhaps a `walltime` in seconds
//! (the estimate; -1 or missing for none). A profile of type `delay` (or `DelayProfile`, as older programs write) states how long
//! a job runs. Other types state computations and messages, whose run time only a platform tells: their jobs are dropped.
//! `nb_res` is stated as the fact `processors`. Memory and users are not told.
//!
//! Rows that are dropped, by reason: `profile_without_run_time`, `no_processors`.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use sim::kernel::time::{SimDuration, SimTime};
use sim::workload::{Demand, TaskSpec, Workload};

use super::gather::{Gatherer, Place};
use super::text::{excerpt, open_document};
use super::{Head, ImportError, Importer, Tally};

/// One line of help.
pub const HELP: &str = "workloads of the Batsim simulator (JSON)";

/// There is nothing to choose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {}

/// The importer.
pub fn importer(_: Options) -> impl Importer {
    Batsim
}

/// True when it is a JSON object whose jobs have a `subtime`.
pub fn recognises(head: &Head) -> bool {
    head.entries.is_empty()
        && head.text.trim_start().starts_with('{') && head.text.contains("\"subtime\"") && head.text.contains("\"res\"")
}

#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    nb_res: Option<u64>,
    jobs: Vec<Job>,
    profiles: BTreeMap<String, Profile>,
}

#[derive(Deserialize)]
struct Job {
    id: serde_json::Value,
    subtime: f64,
    #[serde(default)]
    walltime: Option<f64>,
    res: i64,
    profile: String,
}

#[derive(Deserialize)]
struct Profile {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    delay: Option<f64>,
}

struct Batsim;

impl Importer for Batsim {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let (reader, file) = open_document(path)?;
        let document: Document = serde_json::from_reader(reader).map_err(|error| ImportError::Line {
            file: file.clone(),
            line: error.line().max(1) as u64,
            problem: format!("is no workload of Batsim: {error}"),
        })?;
        if let Some(processors) = document.nb_res {
            tally.state("processors", processors);
        }
        let mut gatherer = Gatherer::new();
        for job in &document.jobs {
            tally.read();
            let name = job.id.as_str().map_or_else(|| job.id.to_string(), str::to_owned);
            let refuse = |what: &str, value: &dyn std::fmt::Display, allowed: &str| ImportError::Line {
                file: file.clone(),
                line: 1,
                problem: format!("job {}: {what} is {value}, allowed is {allowed}", excerpt(&name)),
            };
            let Some(profile) = document.profiles.get(&job.profile) else {
                return Err(refuse("profile", &excerpt(&job.profile), "the name of one of the profiles"));
            };
            let Some(delay) = profile.delay.filter(|_| ["delay", "DelayProfile"].contains(&&*profile.kind)) else {
                tally.drop_row("profile_without_run_time");
                continue;
            };
            if job.res <= 0 {
                tally.drop_row("no_processors");
                continue;
            }
            let seconds = "seconds from 0 to 2^53 microseconds";
            let submit = SimTime::from_seconds(job.subtime).ok_or_else(|| refuse("subtime", &job.subtime, seconds))?;
            let work = SimDuration::from_seconds(delay).ok_or_else(|| refuse("delay", &delay, seconds))?;
            let estimate = match job.walltime.filter(|&walltime| walltime != -1.0) {
                None => None,
                Some(walltime) => {
                    Some(SimDuration::from_seconds(walltime).ok_or_else(|| refuse("walltime", &walltime, seconds))?)
                }
            };
            let cores = u32::try_from(job.res).ok().filter(|&cores| cores <= u32::MAX / 1000);
            let cores = cores.ok_or_else(|| refuse("res", &job.res, "up to 4,294,967 cores"))?;
            tally.keep();
            let demand = Demand { cpu_milli: 1000 * cores, ..Demand::default() };
            let task = TaskSpec { demand, work, estimate, name: Some(name.as_str().into()), ..TaskSpec::default() };
            gatherer.task(Place { file: &file, line: 1 }, submit, 0, task)?;
        }
        gatherer.finish(Place { file: &file, line: 1 }, tally)
    }
}
