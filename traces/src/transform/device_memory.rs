//! Memory of devices, for workloads whose source does not state it.

use sim::workload::TaskSpec;

use super::{Carry, Deserialize, Seed, Serialize, Step, TransformError, Workload, refusal};

const NAME: &str = "device_memory";
/// Amounts are whole parts of a device, so many of them: tasks that ask for the same are one kind of task to a scheduler.
const PARTS: f64 = 32.0;

/// States how much memory of devices tasks ask for: of `device_mib`, the share of a device that they ask for, times a number
/// between `from` and `to` that is drawn for each job; no less than a 32nd of the device, no more than all of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceMemory {
    /// Of the device that is meant, in mebibytes.
    pub device_mib: u32,
    /// The least that is drawn.
    #[serde(default = "one")]
    pub from: f64,
    /// The most that is drawn.
    #[serde(default = "one")]
    pub to: f64,
}

fn one() -> f64 {
    1.0
}

impl Step for DeviceMemory {
    const HELP: &'static str = "memory of devices: in proportion to the share that is asked for, times what is drawn for each job";

    fn check(&self) -> Result<(), TransformError> {
        if self.device_mib == 0 {
            return Err(refusal(NAME, "device_mib", self.device_mib, "1 or more"));
        }
        if !(0.0..=1e3).contains(&self.from) {
            return Err(refusal(NAME, "from", self.from, "a number from 0 to 1000"));
        }
        match (self.from..=1e3).contains(&self.to) {
            true => Ok(()),
            false => Err(refusal(NAME, "to", self.to, format!("a number from {} (`from`) to 1000", self.from))),
        }
    }

    fn is_of_seed(&self) -> bool {
        self.from < self.to
    }

    fn apply(&self, source: &Workload, seed: Seed) -> Result<Workload, TransformError> {
        let mut carry = Carry::new(NAME, source, source.origin());
        for job in source.jobs() {
            let drawn = self.from + (self.to - self.from) * seed.draw(NAME, job.0);
            let change = |mut task: TaskSpec| {
                if let Some(devices) = &mut task.demand.devices {
                    let share = f64::from(devices.milli_each) / 1000.0 * drawn;
                    let parts = (share * PARTS).ceil().clamp(1.0, PARTS);
                    devices.memory_mib_each = (f64::from(self.device_mib) * parts / PARTS).floor() as u32;
                }
                task
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

    #[test]
    fn memory_follows_the_share() {
        let source = workload("share 500 work 1 | gpus 2 work 1 | cpu 1 work 1 | share 10 work 1");
        let transform = DeviceMemory { device_mib: 32_000, from: 1.0, to: 1.0 };
        let made = transform.apply(&source, Seed(0)).expect("possible");
        let memory = |task| made.demand(TaskId(task)).devices.as_ref().map(|devices| devices.memory_mib_each);
        assert_eq!([0, 1, 2, 3].map(memory), [Some(16_000), Some(32_000), None, Some(1000)]);
        let drawn = DeviceMemory { from: 0.5, to: 1.5, ..transform };
        let of = |seed| drawn.apply(&source, Seed(seed)).expect("possible");
        assert_eq!(of(1), of(1));
        assert!((0..20).any(|seed| of(seed) != of(1)) && drawn.is_of_seed());
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let check = |device_mib, from, to| DeviceMemory { device_mib, from, to }.check().is_ok();
        assert!(check(1, 0.0, 1.0) && !check(0, 0.0, 1.0) && !check(1, 2.0, 1.0) && !check(1, -1.0, 1.0));
        assert!(!check(1, f64::NAN, 1.0) && !check(1, 0.0, f64::INFINITY));
    }
}
