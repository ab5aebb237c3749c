//! How much free device capacity the usual tasks could not use (Weng et al., USENIX ATC 2023).
//!
//! For a host with free cpu `c` and free device parts `r_g`, and a typical task `m` of share `p_m`,
//! `F(m)` is everything free when `m` cannot run there (cpu, devices or kind do not do, or it needs no device),
//! otherwise the parts smaller than what `m` needs of each device. `F = sum p_m F(m)`. Memory is not looked at.

use crate::kernel::ids::HostId;
use crate::resources::{KindMask, MAX_DEVICES_PER_HOST};
use crate::topology::Topology;
use crate::view::ClusterView;
use crate::workload::MixEntry;

/// The tasks that are usual enough to count: the most common ones that make up this share of all.
const COVERED_SHARE: f64 = 0.95;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Typical {
    cpu_milli: u32,
    count: u8,
    /// Index of `milli_each` among the distinct ones.
    threshold: u8,
    kinds: KindMask,
    share: f64,
}

/// Cores that a mix of tasks takes for each device that it takes; 0 when it takes no devices.
pub fn cpu_per_device(mix: &[MixEntry]) -> f64 {
    let sums = mix.iter().fold((0.0, 0.0), |(cpu, devices), entry| {
        let asked = entry.demand.devices.as_ref();
        let milli = asked.map_or(0, |asked| u32::from(asked.count) * u32::from(asked.milli_each));
        (cpu + entry.share * f64::from(entry.demand.cpu_milli), devices + entry.share * f64::from(milli))
    });
    if sums.1 == 0.0 { 0.0 } else { sums.0 / sums.1 }
}

/// As [`cpu_per_device`], of the tasks that take devices.
pub fn cpu_beside_device(mix: &[MixEntry]) -> f64 {
    let with_devices: Vec<MixEntry> =
        mix.iter().filter(|entry| entry.demand.devices.is_some()).cloned().collect();
    cpu_per_device(&with_devices)
}

/// The usual tasks of a workload.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TypicalTasks {
    tasks: Vec<Typical>,
    /// Distinct `milli_each`, rising.
    thresholds: Vec<u16>,
}

impl TypicalTasks {
    /// The usual tasks of a mix, on one topology.
    pub fn new(mix: &[MixEntry], topology: &Topology) -> Self {
        let mut covered = 0.0;
        // The tolerance keeps a sum of exactly 0.95 from being missed by its last bit.
        let usual = mix.iter().take_while(|entry| {
            let is_needed = covered < COVERED_SHARE - 1e-9;
            covered += entry.share;
            is_needed
        });
        let usual: Vec<_> = usual.map(|entry| (entry.demand.in_topology(topology), entry.share)).collect();
        let mut thresholds: Vec<u16> = usual.iter().map(|(shape, _)| shape.devices.milli_each).collect();
        thresholds.sort_unstable();
        thresholds.dedup();
        let total: f64 = usual.iter().map(|(_, share)| share).sum();
        let typical = |&(shape, share): &(crate::resources::TaskShape, f64)| Typical {
            cpu_milli: shape.resources.cpu_milli,
            count: shape.devices.count,
            threshold: thresholds.partition_point(|&milli| milli < shape.devices.milli_each) as u8,
            kinds: shape.devices.kinds,
            share: share / total,
        };
        Self { tasks: usual.iter().map(typical).collect(), thresholds }
    }

    /// How many kinds of tasks are told apart.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// `F` of a host in thousandths of a device, from its free cpu, the free parts of its devices and
    /// the indices of their kinds.
    pub fn fragment(&self, cpu_milli_free: u32, free: &[u16], kinds: &[u8]) -> f64 {
        let total: u32 = free.iter().map(|&part| u32::from(part)).sum();
        if total == 0 {
            return 0.0;
        }
        if kinds.windows(2).any(|pair| pair[0] != pair[1]) {
            return self.fragment_of_mixed(cpu_milli_free, free, kinds);
        }
        // All devices are of one kind: which parts are large enough depends on the threshold alone.
        let mut large = [(0_u8, 0_u32); 64];
        let shortcut = self.thresholds.len() <= large.len();
        if shortcut {
            for (entry, &milli) in large.iter_mut().zip(&self.thresholds) {
                *entry = split(free, milli);
            }
        }
        let sum = self.tasks.iter().map(|task| {
            let runs_here = task.count > 0 && task.cpu_milli <= cpu_milli_free && task.kinds.has(kinds[0]);
            let fragment = if runs_here {
                let threshold = usize::from(task.threshold);
                let (count, small) =
                    if shortcut { large[threshold] } else { split(free, self.thresholds[threshold]) };
                if count >= task.count { small } else { total }
            } else {
                total
            };
            task.share * f64::from(fragment)
        });
        sum.sum()
    }

    fn fragment_of_mixed(&self, cpu_milli_free: u32, free: &[u16], kinds: &[u8]) -> f64 {
        let total: u32 = free.iter().map(|&part| u32::from(part)).sum();
        let sum = self.tasks.iter().map(|task| {
            let milli = self.thresholds[usize::from(task.threshold)];
            let is_large = |position: &usize| task.kinds.has(kinds[*position]) && free[*position] >= milli;
            let large: u32 = (0..free.len()).filter(is_large).map(|position| u32::from(free[position])).sum();
            let count = (0..free.len()).filter(is_large).count();
            let runs_here =
                task.count > 0 && task.cpu_milli <= cpu_milli_free && count >= usize::from(task.count);
            task.share * f64::from(if runs_here { total - large } else { total })
        });
        sum.sum()
    }

    /// `F` of one host as it is now.
    pub fn fragment_of_host(&self, view: ClusterView<'_>, host: HostId) -> f64 {
        let cpu_milli_free = view.free()[host.0 as usize].cpu_milli;
        self.fragment(cpu_milli_free, view.devices_free(host), view.device_kinds(host))
    }
}

/// How many parts are at least `milli`, and the sum of the others.
fn split(free: &[u16], milli: u16) -> (u8, u32) {
    debug_assert!(free.len() <= MAX_DEVICES_PER_HOST);
    free.iter().fold((0, 0), |(count, small), &part| match part >= milli {
        true => (count + 1, small),
        false => (count, small + u32::from(part)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typical(tasks: &[(u32, u8, u16, f64)]) -> TypicalTasks {
        let mut thresholds: Vec<u16> = tasks.iter().map(|task| task.2).collect();
        thresholds.sort_unstable();
        thresholds.dedup();
        let tasks = tasks.iter().map(|&(cores, count, milli, share)| Typical {
            cpu_milli: cores * 1000,
            count,
            threshold: thresholds.partition_point(|&each| each < milli) as u8,
            kinds: KindMask(1),
            share,
        });
        TypicalTasks { tasks: tasks.collect(), thresholds: thresholds.clone() }
    }

    /// models 2.5: parts 0.5, 0.3, 1.0 and 8 cores; four classes; F = 0.75 devices, ratio 0.4167.
    #[test]
    fn models_2_5_the_worked_example() {
        let tasks = typical(&[(4, 1, 500, 0.5), (4, 1, 1000, 0.3), (16, 1, 250, 0.1), (2, 0, 0, 0.1)]);
        let fragment = tasks.fragment(8000, &[500, 300, 1000], &[0, 0, 0]);
        assert!((fragment - 750.0).abs() < 1e-9, "{fragment}");
        assert!((fragment / 1800.0 - 0.4167).abs() < 1e-4);
    }

    #[test]
    fn the_general_way_agrees_on_devices_of_one_kind() {
        let tasks = typical(&[(4, 1, 500, 0.5), (4, 2, 1000, 0.3), (16, 1, 250, 0.1), (2, 0, 0, 0.1)]);
        for free in [[0, 0, 0, 0], [1000, 1000, 20, 700], [1000, 1000, 1000, 1000], [499, 500, 501, 250]] {
            for cpu in [0, 3999, 4000, 20_000] {
                let (quick, general) =
                    (tasks.fragment(cpu, &free, &[0; 4]), tasks.fragment_of_mixed(cpu, &free, &[0; 4]));
                assert!((quick - general).abs() < 1e-9, "{free:?} {cpu}");
            }
        }
    }

    #[test]
    fn a_device_of_another_kind_is_a_fragment() {
        let tasks = typical(&[(1, 1, 500, 1.0)]);
        assert_eq!(tasks.fragment(8000, &[1000, 1000], &[0, 1]), 1000.0);
    }
}
