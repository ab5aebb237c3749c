//! Use over time, for workloads whose source does not state it: tasks that work and pause in turns.

use sim::kernel::time::SimDuration;
use sim::workload::{TaskSpec, UsePoint};

use super::{Carry, Deserialize, Seed, Serialize, Step, TransformError, Workload, refusal};

const NAME: &str = "phases";
/// A task has no more points of use than this: what follows stays as the last of them says.
const MOST_POINTS: usize = 2000;

/// Replaces what tasks use over time: each works for a while and pauses for a while, for exponentially distributed times
/// with these means, and uses of the cpu and the devices that it asks for what is drawn for it between the two numbers; of
/// its memory it uses all. It begins with work. Who trains a model works on a step after step, and pauses to load data, to
/// validate and to write checkpoints; who serves one works while requests come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phases {
    /// How long a task works at a stretch, on average.
    pub working_seconds: f64,
    /// How long it pauses.
    pub pausing_seconds: f64,
    /// What it uses when it works: the least and the most.
    #[serde(default = "all")]
    pub working_use: [f64; 2],
    /// What it uses when it pauses.
    #[serde(default = "nothing")]
    pub pausing_use: [f64; 2],
}

fn all() -> [f64; 2] {
    [1.0, 1.0]
}

fn nothing() -> [f64; 2] {
    [0.0, 0.0]
}

impl Step for Phases {
    const HELP: &'static str = "use over time: tasks that work and pause in turns, each by its own measure";

    fn check(&self) -> Result<(), TransformError> {
        for (key, seconds) in
            [("working_seconds", self.working_seconds), ("pausing_seconds", self.pausing_seconds)]
        {
            if !(seconds > 0.0 && seconds <= 1e9) {
                return Err(refusal(NAME, key, seconds, "a number above 0, up to 1e9"));
            }
        }
        for (key, [least, most]) in [("working_use", self.working_use), ("pausing_use", self.pausing_use)] {
            if !(0.0 <= least && least <= most && most <= 1000.0) {
                let allowed = "two rising numbers from 0 to 1000";
                return Err(refusal(NAME, key, format!("[{least}, {most}]"), allowed));
            }
        }
        Ok(())
    }

    fn is_of_seed(&self) -> bool {
        true
    }

    fn apply(&self, source: &Workload, seed: Seed) -> Result<Workload, TransformError> {
        let mut stream = seed.stream(NAME);
        let mut carry = Carry::new(NAME, source, source.origin());
        for job in source.jobs() {
            let change = |task: TaskSpec| {
                let mut between = |[least, most]: [f64; 2]| least + (most - least) * stream.unit();
                let (working, pausing) = (between(self.working_use), between(self.pausing_use));
                let (mut usage, mut at) = (Vec::new(), 0.0);
                let seconds = task.work.seconds();
                while usage.len() < MOST_POINTS && (at < seconds || usage.is_empty()) {
                    let works = usage.len() % 2 == 0;
                    let used = if works { working } else { pausing } as f32;
                    let start = SimDuration::from_seconds(at).unwrap_or(task.work);
                    usage.push(UsePoint { start, cpu: used, memory: 1.0, devices: used });
                    // A phase of no microsecond would not be one.
                    at += stream
                        .exponential(if works { self.working_seconds } else { self.pausing_seconds })
                        .max(1e-3);
                }
                TaskSpec { usage, ..task }
            };
            carry.add_with(job, source.job_submit(job), change)?;
        }
        Ok(carry.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::kernel::ids::TaskId;
    use sim::testing::workload;

    fn phases(pausing_use: [f64; 2]) -> Phases {
        Phases { working_seconds: 30.0, pausing_seconds: 10.0, working_use: [0.8, 1.0], pausing_use }
    }

    #[test]
    fn work_and_pauses_take_turns() {
        let source = workload("cpu 1 work 100000 | cpu 1 work 0");
        let made = phases([0.0, 0.2]).apply(&source, Seed(0)).expect("possible");
        let points = made.usage(TaskId(0));
        let working = points[0].cpu;
        assert!((0.8..=1.0).contains(&working) && points[1].cpu <= 0.2 && points[2].cpu == working);
        assert!(points.iter().all(|point| point.memory == 1.0 && point.devices == point.cpu));
        assert_eq!(points.len(), MOST_POINTS, "100,000 s have some 5,000 phases of 20 s");
        assert_eq!(made.usage(TaskId(1)).len(), 1, "who has no work uses something all the same");
        // Three quarters of the time it works.
        let lengths = points.windows(2).map(|pair| (pair[1].start - pair[0].start).seconds());
        let (mut worked, mut all) = (0.0, 0.0);
        for (index, seconds) in lengths.enumerate() {
            all += seconds;
            worked += if index % 2 == 0 { seconds } else { 0.0 };
        }
        assert!((0.70..0.80).contains(&(worked / all)), "{}", worked / all);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        assert!(phases([0.0, 0.2]).check().is_ok());
        assert!(phases([0.3, 0.2]).check().is_err() && phases([-1.0, 0.2]).check().is_err());
        assert!(Phases { working_seconds: 0.0, ..phases([0.0, 0.2]) }.check().is_err());
        assert!(Phases { pausing_seconds: f64::NAN, ..phases([0.0, 0.2]) }.check().is_err());
    }
}
