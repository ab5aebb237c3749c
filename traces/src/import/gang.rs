//! Jobs of many GPUs, which no single host holds, as gangs of tasks.

use serde::Deserialize;
use sim::resources::{DeviceClass, MAX_DEVICES_PER_HOST, WHOLE_DEVICE};
use sim::workload::DeviceDemand;

/// How many GPUs one host holds: a job of more is a gang of tasks of so many each. From 1 to the most that a host of
/// a topology has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u8")]
pub struct GpusPerHost(pub u8);

impl Default for GpusPerHost {
    fn default() -> Self {
        Self(8)
    }
}

impl TryFrom<u8> for GpusPerHost {
    type Error = String;
    fn try_from(count: u8) -> Result<Self, String> {
        match usize::from(count) {
            1..=MAX_DEVICES_PER_HOST => Ok(Self(count)),
            _ => Err(format!(
                "{count} stands there, allowed is a whole number from 1 to {MAX_DEVICES_PER_HOST}"
            )),
        }
    }
}

/// More GPUs than this is no job but a slip.
pub(super) const MOST_GPUS: u32 = 100_000;

impl GpusPerHost {
    /// The GPUs of each task of a job of so many GPUs: as many full hosts as there are, and one with the rest. A job
    /// without GPUs is one task.
    pub(super) fn split(self, gpus: u32) -> impl Iterator<Item = u8> {
        let per_host = u32::from(self.0);
        let rest = (gpus % per_host) as u8;
        std::iter::repeat_n(self.0, (gpus / per_host) as usize).chain((rest > 0 || gpus == 0).then_some(rest))
    }

    /// The GPUs of each task of a job that ran on so many hosts: evenly, where no host would hold too many; otherwise
    /// as [`Self::split`] does.
    pub(super) fn split_over(self, gpus: u32, hosts: u32) -> Vec<u8> {
        let hosts = hosts.max(1);
        if hosts > gpus.max(1) || gpus.div_ceil(hosts) > u32::from(self.0) {
            return self.split(gpus).collect();
        }
        (0..hosts).map(|host| (gpus / hosts + u32::from(host < gpus % hosts)) as u8).collect()
    }
}

/// Whole GPUs of any kind; nothing for none.
pub(super) fn whole_gpus(count: u8) -> Option<DeviceDemand> {
    let kinds = Vec::new();
    (count > 0).then_some(DeviceDemand {
        class: DeviceClass::Gpu,
        count,
        milli_each: WHOLE_DEVICE,
        memory_mib_each: 0,
        kinds,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_are_split_into_what_hosts_hold() {
        let split = |gpus| GpusPerHost(8).split(gpus).collect::<Vec<_>>();
        assert_eq!([split(0), split(3), split(8), split(20)], [vec![0], vec![3], vec![8], vec![8, 8, 4]]);
        let over = |gpus, hosts| GpusPerHost(8).split_over(gpus, hosts);
        assert_eq!([over(8, 4), over(9, 2), over(0, 1)], [vec![2, 2, 2, 2], vec![5, 4], vec![0]]);
        assert_eq!(
            [over(20, 2), over(1, 4)],
            [vec![8, 8, 4], vec![1]],
            "no host holds ten, and no task has none"
        );
    }
}
