//! The same machines and the same uses, differently joined.

use sim::kernel::ids::Id;
use sim::workload::TaskSpec;

use super::{Carry, Deserialize, Seed, Serialize, Step, TaskId, TransformError, Workload};

/// Lets each task replay what another one used, and for as long: run time, use, censoring and name are dealt out anew;
/// submission, tenant, what is asked for, declared run times and records stay where they are. Another seed deals otherwise.
///
/// Where sizes were given to machines in the order of their files, as for PlanetLab's, this is another order of the files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShuffleUse {}

impl Step for ShuffleUse {
    const HELP: &'static str = "tasks as they are, each with the run time and use of another one";

    fn check(&self) -> Result<(), TransformError> {
        Ok(())
    }

    fn is_of_seed(&self) -> bool {
        true
    }

    fn apply(&self, source: &Workload, seed: Seed) -> Result<Workload, TransformError> {
        let mut order: Vec<TaskId> = source.tasks().collect();
        seed.stream("shuffle_use.tasks").shuffle(&mut order);
        let mut carry = Carry::new("shuffle_use", source, source.origin());
        for job in source.jobs() {
            let first = source.job_tasks(job).next().expect("a job has tasks").index();
            let mut others = order[first..].iter().map(|&task| source.task_spec(task));
            carry.add_with(job, source.job_submit(job), |own| {
                let other = others.next().expect("there are as many tasks as before");
                let TaskSpec { work, is_censored, usage, name, .. } = other;
                TaskSpec { work, is_censored, usage, name, ..own }
            })?;
        }
        Ok(carry.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::kernel::time::SimDuration;
    use sim::workload::{Demand, JobSpec, UsePoint, WorkloadBuilder};

    /// Six tasks in three jobs, the n-th of n cores, n seconds and a use of n tenths.
    fn source() -> Workload {
        let mut builder = WorkloadBuilder::new();
        let task = |n: u32| TaskSpec {
            demand: Demand { cpu_milli: n * 1000, ..Demand::default() },
            work: SimDuration(u64::from(n) * 1_000_000),
            usage: vec![UsePoint { start: SimDuration(0), cpu: n as f32 / 10.0, memory: 1.0, devices: 1.0 }],
            name: Some(format!("{n}").into()),
            ..TaskSpec::default()
        };
        for numbers in [[1, 2], [3, 4], [5, 6]] {
            builder.add_job(JobSpec::default(), numbers.map(task)).expect("valid");
        }
        builder.finish()
    }

    #[test]
    fn sizes_stay_and_uses_are_dealt_out_anew() {
        let source = source();
        let shuffled = |seed| ShuffleUse {}.apply(&source, Seed(seed)).expect("possible");
        let one = shuffled(1);
        assert_eq!(one, shuffled(1));
        assert_ne!(one, shuffled(2));
        let mut names = Vec::new();
        for (place, task) in one.tasks().enumerate() {
            let spec = one.task_spec(task);
            assert_eq!(spec.demand.cpu_milli, 1000 * (place as u32 + 1), "sizes stay");
            let number: u32 = spec.name.as_deref().expect("a name").parse().expect("a number");
            assert_eq!(
                spec.work,
                SimDuration(u64::from(number) * 1_000_000),
                "run time and name go together"
            );
            assert_eq!(spec.usage[0].cpu, number as f32 / 10.0, "and use");
            names.push(number);
        }
        assert_ne!(names, [1, 2, 3, 4, 5, 6]);
        names.sort_unstable();
        assert_eq!(names, [1, 2, 3, 4, 5, 6], "each once");
    }
}
