//! GPUs filled up to a load, without departures.

use sim::resources::DeviceClass;
use sim::workload::{JobSpec, TaskSpec, WorkloadBuilder};

use super::{Deserialize, Id, Seed, Serialize, SimDuration, SimTime, Step, TaskId, TransformError, Workload, refusal};

/// Fills a cluster with GPU work until its requests come to a percentage of the GPUs, as the experiments of
/// Weng et al. (Beware of Fragmentation, ATC 2023) do.
///
/// Tasks are ordered by name (tasks without one as in the workload), then shuffled. While they ask for more
/// than the percentage, random tasks are removed; otherwise copies of random tasks of the original workload
/// are appended until the next one would exceed it. That check counts what the task asks of *one* GPU, the
/// sum counts all its GPUs, as in the published program. Tasks are submitted one per second and never
/// end; who follows whom, and what is recorded, is left behind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fill {
    /// Thousandths of all GPUs of the cluster.
    pub device_milli_capacity: u64,
    /// Percent of them that the tasks ask for.
    pub percent: f64,
}

impl Fill {
    /// More tasks than this are no experiment but a slip in the capacity.
    const MOST_TASKS: f64 = 1e8;

    /// The tasks in the order in which they come.
    fn order(&self, source: &Workload, seed: Seed, limit: f64) -> Result<Vec<TaskId>, TransformError> {
        let (milli_each, milli_total) = requests(source);
        let mut originals: Vec<TaskId> = source.tasks().collect();
        originals.sort_by_key(|&task| source.name(task).unwrap_or_default().as_bytes());
        let mut total: u64 = milli_total.iter().sum();
        if total == 0 {
            return Err(TransformError::NothingToFillWith);
        }
        let most = Self::MOST_TASKS * total as f64 / originals.len() as f64;
        if limit > most {
            return Err(refusal(
                "fill",
                "device_milli_capacity",
                self.device_milli_capacity,
                "up to 10^8 tasks' requests",
            ));
        }
        let mut order = originals.clone();
        seed.stream("fill.shuffle").shuffle(&mut order);
        let mut draws = seed.stream("fill.draw");
        if total as f64 > limit {
            while total as f64 > limit {
                let removed = order.remove(draws.below(order.len()));
                total -= milli_total[removed.index()];
            }
            return Ok(order);
        }
        loop {
            let task = originals[draws.below(originals.len())];
            if (total + milli_each[task.index()]) as f64 > limit {
                return Ok(order);
            }
            total += milli_total[task.index()];
            order.push(task);
        }
    }
}

impl Step for Fill {
    const HELP: &'static str = "GPU work that never ends, one task a second, up to a percentage of the GPUs";

    fn check(&self) -> Result<(), TransformError> {
        if !(self.percent.is_finite() && self.percent > 0.0) {
            return Err(refusal("fill", "percent", self.percent, "a number above 0"));
        }
        match self.device_milli_capacity {
            0 => Err(refusal("fill", "device_milli_capacity", 0, "a whole number of at least 1")),
            _ => Ok(()),
        }
    }

    fn is_of_seed(&self) -> bool {
        true
    }

    fn apply(&self, source: &Workload, seed: Seed) -> Result<Workload, TransformError> {
        let limit = self.device_milli_capacity as f64 * self.percent / 100.0;
        let order = self.order(source, seed, limit)?;
        let mut builder = WorkloadBuilder::new();
        builder.set_origin(source.origin());
        builder.set_mix(source.mix().to_vec());
        for (index, task) in order.into_iter().enumerate() {
            let submit = SimTime(1_000_000 * index as u64);
            let job = JobSpec { submit, is_gang: false, ..source.job_spec(source.job(task)) };
            let spec = TaskSpec {
                work: SimDuration::ZERO,
                estimate: None,
                patience: None,
                is_censored: true,
                recorded: None,
                ..source.task_spec(task)
            };
            builder
                .add_task(job, spec)
                .map_err(|source| TransformError::Workload { transform: "fill", source })?;
        }
        Ok(builder.finish())
    }
}

/// What each task asks of one GPU and of all its GPUs, in thousandths.
pub(super) fn requests(source: &Workload) -> (Vec<u64>, Vec<u64>) {
    let gpus =
        |task| source.demand(task).devices.as_ref().filter(|devices| devices.class == DeviceClass::Gpu);
    let of = |task| gpus(task).map_or((0, 0), |gpus| (u64::from(gpus.milli_each), u64::from(gpus.count)));
    source.tasks().map(of).map(|(each, count)| (each, count * each)).unzip()
}

