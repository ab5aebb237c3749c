//! Microsoft's Philly cluster of 2017: `cluster_job_log`, one JSON array of jobs.
//!
//! No real rows are at hand: built from the published layout. A job has a `jobid`, a `vc` (virtual cluster: the tenant), a
//! `submitted_time` and `attempts`, each with `start_time`, `end_time` and `detail`, a list of `{ip, gpus}`. Times are
//! local without a zone (option `time_zone`), and `null` or the text `None` where unknown.
//!
//! There is no request: a job asks for the GPUs of its largest attempt, one task for each host of it with that host's
//! GPUs, as a gang, each with that host as its recorded one. It runs for the sum of the attempts whose both ends are known, and its
//! recorded start is the first known start. More GPUs of one host than a topology holds are refused. Nothing is told of
//! cores and memory.
//!
//! Rows that are dropped, by reason: `no_attempts` (never started), `no_gpus` (no attempt names any), `unknown_times`
//! (no attempt has both ends), `ends_before_start`, `starts_before_submission`.

use std::fmt;
use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use sim::kernel::time::{SimDuration, SimTime};
use sim::resources::MAX_DEVICES_PER_HOST;
use sim::workload::{Demand, JobSpec, Recorded, TaskSpec, Workload};

use super::dates::{self, Zone};
use super::gang::whole_gpus;
use super::gather::{Gatherer, Place};
use super::text::{excerpt, open_document};
use super::{Head, ImportError, Importer, Tally};

/// One line of help.
pub const HELP: &str = "Microsoft's Philly cluster of 2017 (cluster_job_log, JSON)";

/// How to read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// The zone of the times; Pacific time unless stated.
    pub time_zone: Zone,
}

impl Default for Options {
    fn default() -> Self {
        Self { time_zone: Zone(chrono_tz::America::Los_Angeles) }
    }
}

/// The importer.
pub fn importer(options: Options) -> impl Importer {
    Philly(options)
}

/// True when it is a JSON array whose jobs have attempts.
pub fn recognises(head: &Head) -> bool {
    let text = head.text.trim_start();
    head.entries.is_empty()
        && text.starts_with('[')
        && ["\"jobid\"", "\"attempts\"", "\"submitted_time\""].iter().all(|key| text.contains(key))
}

#[derive(Deserialize)]
struct Job {
    jobid: String,
    vc: String,
    submitted_time: Option<String>,
    #[serde(default)]
    attempts: Vec<Attempt>,
}

#[derive(Deserialize)]
struct Attempt {
    start_time: Option<String>,
    end_time: Option<String>,
    #[serde(default)]
    detail: Vec<Detail>,
}

#[derive(Deserialize)]
struct Detail {
    ip: String,
    #[serde(default)]
    gpus: Vec<serde::de::IgnoredAny>,
}

struct Philly(Options);

impl Importer for Philly {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let (reader, file) = open_document(path)?;
        let mut jobs = Jobs { options: self.0, gatherer: Gatherer::new(), tally, file: &file, refusal: None };
        let mut document = serde_json::Deserializer::from_reader(std::io::BufReader::new(reader));
        let read = document.deserialize_seq(&mut jobs).and_then(|()| document.end());
        if let Some(refusal) = jobs.refusal {
            return Err(refusal);
        }
        read.map_err(|error| ImportError::Line {
            file: file.clone(),
            line: error.line().max(1) as u64,
            problem: format!("is no list of jobs: {error}"),
        })?;
        jobs.gatherer.finish(Place { file: &file, line: 1 }, jobs.tally)
    }
}

/// Takes the jobs of the array one by one, as they are read.
struct Jobs<'a> {
    options: Options,
    gatherer: Gatherer,
    tally: &'a mut Tally,
    file: &'a str,
    refusal: Option<ImportError>,
}

impl<'de> Visitor<'de> for &mut Jobs<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of jobs")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut jobs: A) -> Result<(), A::Error> {
        while let Some(job) = jobs.next_element::<Job>()? {
            self.tally.read();
            match self.job(&job) {
                Ok(Ok(())) => self.tally.keep(),
                Ok(Err(reason)) => self.tally.drop_row(reason),
                Err(refusal) => {
                    self.refusal = Some(refusal);
                    return Err(serde::de::Error::custom("a job is refused"));
                }
            }
        }
        Ok(())
    }
}

impl Jobs<'_> {
    /// The outer error is a refusal, the inner one the reason why the job is dropped.
    fn job(&mut self, job: &Job) -> Result<Result<(), &'static str>, ImportError> {
        let submit = self.time(job, job.submitted_time.as_deref())?;
        let submit = submit.ok_or_else(|| self.wrong(job, "None"))?;
        if job.attempts.is_empty() {
            return Ok(Err("no_attempts"));
        }
        let (mut first, mut work) = (None, None);
        for attempt in &job.attempts {
            let start = self.time(job, attempt.start_time.as_deref())?;
            let end = self.time(job, attempt.end_time.as_deref())?;
            first = first.or(start);
            match (start, end) {
                (Some(start), Some(end)) if end < start => return Ok(Err("ends_before_start")),
                (Some(start), Some(end)) => work = Some(work.unwrap_or(SimDuration::ZERO) + end.since(start)),
                _ => {}
            }
        }
        let gpus = |attempt: &Attempt| attempt.detail.iter().map(|host| host.gpus.len()).sum::<usize>();
        // Of equal ones the first: max_by_key would take the last.
        let largest = job.attempts.iter().rev().max_by_key(|attempt| gpus(attempt)).filter(|most| gpus(most) > 0);
        let Some(largest) = largest else { return Ok(Err("no_gpus")) };
        let (Some(work), Some(start)) = (work, first) else { return Ok(Err("unknown_times")) };
        if start < submit {
            return Ok(Err("starts_before_submission"));
        }
        let mut tasks = Vec::new();
        for host in largest.detail.iter().filter(|host| !host.gpus.is_empty()) {
            let count = u8::try_from(host.gpus.len()).ok().filter(|&count| usize::from(count) <= MAX_DEVICES_PER_HOST);
            let Some(count) = count else {
                let most = format!("up to {MAX_DEVICES_PER_HOST} GPUs of one host are allowed");
                let problem = format!("job {}: {} GPUs of host {}, {most}", excerpt(&job.jobid), host.gpus.len(), excerpt(&host.ip));
                return Err(ImportError::Line { file: self.file.to_owned(), line: 1, problem });
            };
            tasks.push(TaskSpec {
                demand: Demand { devices: whole_gpus(count), ..Demand::default() },
                work,
                name: Some(job.jobid.as_str().into()),
                recorded: Some(Recorded { start, host: Some(host.ip.as_str().into()) }),
                ..TaskSpec::default()
            });
        }
        let tenant = self.gatherer.tenant(&job.vc);
        self.gatherer.job(Place { file: self.file, line: 1 }, JobSpec { submit, tenant, is_gang: true }, tasks)?;
        Ok(Ok(()))
    }

    fn time(&self, job: &Job, text: Option<&str>) -> Result<Option<SimTime>, ImportError> {
        match text {
            None | Some("None" | "") => Ok(None),
            Some(text) => {
                dates::moment(text, self.options.time_zone).map(Some).ok_or_else(|| self.wrong(job, text))
            }
        }
    }

    fn wrong(&self, job: &Job, text: &str) -> ImportError {
        let problem =
            format!("job {}: the time {:?} stands there, allowed is {}", excerpt(&job.jobid), excerpt(text), dates::ALLOWED);
        ImportError::Line { file: self.file.to_owned(), line: 1, problem }
    }
}
