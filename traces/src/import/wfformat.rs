//! Workflows of WfCommons (WfFormat, schema 1.0 to 1.5): one JSON document per workflow.
//!
//! Until 1.3 a task says all of itself in `workflow.jobs` or `workflow.tasks` (`runtime` in seconds, `cores`, `memory`,
//! `parents` by name); later versions have who follows whom in `workflow.specification.tasks` and what was measured in
//! `workflow.execution.tasks` (`runtimeInSeconds`, `coreCount`, `memoryInBytes`). Memory counts kilobytes in the older and bytes in the
//! newer versions. A task without cores asks for one.
//!
//! A workflow has no arrivals: tasks are independent, each submitted when everyone it follows would have ended if nobody
//! had waited (option `submit = "ready"`), or all at once (`"together"`). Whom it follows is remembered and not waited for.
//! No row is dropped; parents that are not there are counted as `dependencies_on_nothing`.

use std::path::Path;

use rustc_hash::FxHashMap;
use serde::Deserialize;
use sim::kernel::time::{SimDuration, SimTime};
use sim::workload::{Demand, TaskSpec, Workload};

use super::gather::{Gatherer, Place, cpu_milli_of, memory_mib_of};
use super::text::{excerpt, open_document};
use super::{Head, ImportError, Importer, Tally};

/// One line of help.
pub const HELP: &str = "workflows of WfCommons (WfFormat, JSON)";

/// When tasks are submitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// When tasks are submitted.
    pub submit: Submit,
}

/// When the tasks of a workflow are submitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Submit {
    /// When everyone they follow would have ended if nobody had waited.
    #[default]
    Ready,
    /// All at once.
    Together,
}

/// The importer.
pub fn importer(options: Options) -> impl Importer {
    WfFormat(options)
}

/// True when it is a JSON object with a `workflow` and a `schemaVersion`.
pub fn recognises(head: &Head) -> bool {
    let text = head.text.trim_start();
    head.entries.is_empty() && text.starts_with('{') && text.contains("\"workflow\"") && text.contains("\"schemaVersion\"")
}

#[derive(Deserialize)]
struct Document {
    workflow: Flow,
}

#[derive(Deserialize)]
struct Flow {
    #[serde(alias = "jobs")]
    tasks: Option<Vec<Step>>,
    specification: Option<Steps>,
    execution: Option<Steps>,
}

#[derive(Deserialize)]
struct Steps {
    tasks: Vec<Step>,
}

#[derive(Clone, Deserialize)]
struct Step {
    id: Option<String>,
    name: Option<String>,
    runtime: Option<f64>,
    #[serde(rename = "runtimeInSeconds")]
    runtime_in_seconds: Option<f64>,
    #[serde(alias = "coreCount")]
    cores: Option<f64>,
    memory: Option<f64>,
    #[serde(rename = "memoryInBytes")]
    memory_in_bytes: Option<f64>,
    #[serde(default)]
    parents: Vec<String>,
}

impl Step {
    /// What parents call it: its id in newer versions, its name in older ones.
    fn key(&self) -> Option<&str> {
        self.id.as_deref().or(self.name.as_deref())
    }
}

struct WfFormat(Options);

impl Importer for WfFormat {
    fn read(&self, path: &Path, tally: &mut Tally) -> Result<Workload, ImportError> {
        let (reader, file) = open_document(path)?;
        let document: Document = serde_json::from_reader(reader).map_err(|error| ImportError::Line {
            file: file.clone(),
            line: error.line().max(1) as u64,
            problem: format!("is no workflow: {error}"),
        })?;
        let refuse = |problem: String| ImportError::Line { file: file.clone(), line: 1, problem };
        let steps = joined(document.workflow).ok_or_else(|| {
            refuse("the workflow has no tasks: `tasks`, or `specification` and `execution`, are expected".to_owned())
        })?;
        let mut known: FxHashMap<&str, usize> = FxHashMap::default();
        for (index, step) in steps.iter().enumerate() {
            for key in [step.id.as_deref(), step.name.as_deref()].into_iter().flatten() {
                // Two tasks may share a name where ids tell them apart.
                known.entry(key).or_insert(index);
            }
        }
        let mut parents: Vec<Vec<usize>> = Vec::with_capacity(steps.len());
        for step in &steps {
            let mut found = Vec::new();
            for parent in &step.parents {
                match known.get(parent.as_str()) {
                    Some(&index) => found.push(index),
                    None => tally.count("dependencies_on_nothing"),
                }
            }
            parents.push(found);
        }
        let mut work = Vec::with_capacity(steps.len());
        for step in &steps {
            let seconds = step.runtime_in_seconds.or(step.runtime);
            let run = seconds.and_then(SimDuration::from_seconds);
            work.push(run.ok_or_else(|| {
                let (name, stands) = (step.key().unwrap_or_default(), seconds.map_or("nothing".to_owned(), |one| one.to_string()));
                refuse(format!("task {}: {stands} stands as its run time, allowed are seconds from 0 on", excerpt(name)))
            })?);
        }
        let submits = match self.0.submit {
            Submit::Together => vec![SimTime::ZERO; steps.len()],
            Submit::Ready => ready(&parents, &work)
                .ok_or_else(|| refuse("tasks follow each other in a circle: nobody could begin".to_owned()))?,
        };
        let mut gatherer = Gatherer::new();
        let place = Place { file: &file, line: 1 };
        for (step, (&submit, &work)) in steps.iter().zip(submits.iter().zip(&work)) {
            tally.read();
            tally.keep();
            let name = step.name.as_deref().or(step.id.as_deref()).unwrap_or_default();
            let wrong = |what: &str| refuse(format!("task {}: {what} is out of range", excerpt(name)));
            let memory = match (step.memory_in_bytes, step.memory) {
                (Some(bytes), _) => memory_mib_of(bytes, 1.0),
                (None, Some(kilobytes)) => memory_mib_of(kilobytes, 1000.0),
                (None, None) => Some(0),
            };
            let demand = Demand {
                cpu_milli: cpu_milli_of(step.cores.unwrap_or(1.0)).ok_or_else(|| wrong("the number of cores"))?,
                memory_mib: memory.ok_or_else(|| wrong("the memory"))?,
                ..Demand::default()
            };
            gatherer.task(place, submit, 0, TaskSpec { demand, work, name: Some(name.into()), ..TaskSpec::default() })?;
        }
        for (task, parents) in parents.iter().enumerate() {
            for &parent in parents {
                gatherer.follows(place, task as u32, parent as u32)?;
            }
        }
        gatherer.finish(place, tally)
    }
}

/// The tasks of whichever version; measurements join their specification by id.
fn joined(flow: Flow) -> Option<Vec<Step>> {
    if let Some(tasks) = flow.tasks {
        return Some(tasks);
    }
    let measured = flow.execution?.tasks;
    let by_key: FxHashMap<&str, &Step> = measured.iter().filter_map(|step| Some((step.key()?, step))).collect();
    let join = |step: Step| match step.key().and_then(|key| by_key.get(key)) {
        Some(&measured) => Step { id: step.id, name: step.name, parents: step.parents, ..measured.clone() },
        None => step,
    };
    Some(flow.specification?.tasks.into_iter().map(join).collect())
}

/// When everyone it follows has ended, for each task; nothing when tasks follow each other in a circle.
fn ready(parents: &[Vec<usize>], work: &[SimDuration]) -> Option<Vec<SimTime>> {
    let mut children = vec![Vec::new(); parents.len()];
    let mut open: Vec<usize> = parents.iter().map(Vec::len).collect();
    for (task, parents) in parents.iter().enumerate() {
        parents.iter().for_each(|&parent| children[parent].push(task));
    }
    let mut next: Vec<usize> = (0..parents.len()).filter(|&task| open[task] == 0).collect();
    let mut submits = vec![SimTime::ZERO; parents.len()];
    let mut done = 0;
    while let Some(task) = next.pop() {
        done += 1;
        for &child in &children[task] {
            submits[child] = submits[child].max(submits[task] + work[task]);
            open[child] -= 1;
            if open[child] == 0 {
                next.push(child);
            }
        }
    }
    (done == parents.len()).then_some(submits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_ready_when_the_last_of_its_parents_has_ended() {
        let work = [3, 5, 2, 1].map(SimDuration);
        let parents = [vec![], vec![0], vec![0], vec![1, 2]];
        assert_eq!(ready(&parents, &work), Some([0, 3, 3, 8].map(SimTime).to_vec()));
        assert_eq!(ready(&[vec![1], vec![0]], &work[..2]), None);
    }
}
