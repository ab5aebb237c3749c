//! What is known of a host on which a task could be put, and of what would be left there, for placements that weigh it.
//!
//! ```text
//!   before | after   the host as it is, and with the task on the devices under consideration
//!   F                what the usual tasks could not use of its devices (`sim::models::fragmentation`), in devices
//!   c, d             free cpu in cores, free parts of devices in devices
//!   k                cores that the usual work takes for each device that it takes
//! ```
//!
//! Devices that can only be used if cpu comes with them are stranded without it: `max(0, d - c / k)` of a host's devices are,
//! and `max(0, c / k - d)` devices' worth of its cpu. That what a placement strands matters more than anything else was found
//! on the filling of GPU clusters (docs/learning.md).

use sim::resources::{DeviceSet, Resources, TaskShape, WHOLE_DEVICE};
use sim::view::HostState;

use super::fgd::{Fgd, is_of_one_kind, take_whole};
use crate::score::Context;

/// The features, in their order, each with what it is.
pub const FEATURES: [(&str, &str); 18] = [
    ("fgd", "the score of fgd, 0 to 100, cut to a whole number"),
    ("fragments", "F after - F before"),
    ("power", "watts that the host draws more, in hundreds"),
    ("stranded_devices", "max(0, d - c / k) after - before"),
    ("stranded_cpu", "max(0, c / k - d) after - before"),
    ("cpu_left", "cpu left, as a share of the largest host"),
    ("cpu_left_here", "cpu left, as a share of this host"),
    ("memory_left", "memory left, as a share of the largest host"),
    ("devices_left", "d after, as a share of the most on a host"),
    ("whole_left", "devices left whole, as a share of the most on a host"),
    ("device_left", "what is left of the device of which a part is taken"),
    ("device_filled", "1 where nothing is left of the device of which a part is taken"),
    ("device_opened", "1 where a part is taken of a whole device"),
    ("host_opened", "1 where no cpu and no device of the host was taken before"),
    ("host_filled", "1 where nothing is left of the host's devices"),
    ("has_devices", "1 where the host has devices"),
    ("device_watts", "watts of one of the host's devices in full use, in hundreds"),
    ("imbalance", "share of cpu taken - share of devices taken, after, as an amount"),
];

/// A number for each feature.
pub type Features = [f64; FEATURES.len()];

/// The place of a feature.
///
/// # Panics
/// When there is none of this name.
pub const fn feature(name: &str) -> usize {
    let mut place = 0;
    while place < FEATURES.len() {
        if are_equal(FEATURES[place].0.as_bytes(), name.as_bytes()) {
            return place;
        }
        place += 1;
    }
    panic!("there is no such feature")
}

const fn are_equal(one: &[u8], other: &[u8]) -> bool {
    let mut place = 0;
    while place < one.len() && place < other.len() && one[place] == other[place] {
        place += 1;
    }
    place == one.len() && place == other.len()
}

/// One task and one host on which it fits.
pub(super) struct Pair<'a> {
    pub(super) task: &'a TaskShape,
    pub(super) host: &'a HostState,
    pub(super) context: &'a Context,
    pub(super) fgd: &'a Fgd,
}

/// What of a host stays the same whichever devices are taken.
struct Before {
    fragments: f64,
    stranded: [f64; 2],
}

impl Pair<'_> {
    /// Each way to take devices that differs from the others, with its features: parts by what is free on the device, the first of
    /// equals; whole devices in one way.
    pub(super) fn each(&self, mut of: impl FnMut(DeviceSet, &Features)) {
        let Self { task, host, .. } = *self;
        let before = self.before();
        if !task.devices.is_share() {
            let (devices, after) = take_whole(task, host);
            return of(devices, &self.features(&before, &after, devices));
        }
        let mut seen = [0_u16; sim::resources::MAX_DEVICES_PER_HOST];
        let usable =
            (0..host.devices_free().len()).filter(|&position| host.is_usable(position, task.devices));
        for (count, position) in usable.enumerate() {
            let part = host.devices_free()[position];
            seen[count] = part;
            // Equal parts of one kind are one candidate.
            if seen[..count].contains(&part) && is_of_one_kind(host) {
                continue;
            }
            let devices = DeviceSet::EMPTY.with(position);
            let after = host.with_device_taken(position, task.devices.milli_each);
            of(devices, &self.features(&before, &after, devices));
        }
    }

    fn before(&self) -> Before {
        let Self { host, context, fgd, .. } = *self;
        let cpu_milli = host.free.cpu_milli;
        Before {
            fragments: fgd.fragment(cpu_milli, host, context),
            stranded: stranded(cpu_milli, host.devices_free_total(), context),
        }
    }

    fn features(&self, before: &Before, after: &HostState, devices: DeviceSet) -> Features {
        let Self { task, host, context, fgd } = *self;
        // Where memory weighs nothing it may be left out of the host.
        let left = Resources {
            cpu_milli: host.free.cpu_milli - task.resources.cpu_milli,
            memory_mib: host.free.memory_mib.saturating_sub(task.resources.memory_mib),
        };
        let devices_left = after.devices_free_total();
        let fragments = fgd.fragment(left.cpu_milli, after, context);
        let stranded = stranded(left.cpu_milli, devices_left, context);
        let share = |part: u32, whole: u32| if whole == 0 { 0.0 } else { f64::from(part) / f64::from(whole) };
        let flag = |is_so: bool| f64::from(u8::from(is_so));
        let [cpu_left, memory_left, devices_share] = context.fractions(left, devices_left);
        let part = devices.iter().next().filter(|_| task.devices.is_share());
        let left_of = |position: usize| after.devices_free()[position];
        let count = host.devices_free().len() as u32;
        let taken = [
            1.0 - share(left.cpu_milli, host.capacity.cpu_milli),
            1.0 - share(devices_left, count * u32::from(WHOLE_DEVICE)),
        ];
        let is_untouched =
            host.free.cpu_milli == host.capacity.cpu_milli && host.devices_whole() as u32 == count;
        [
            fgd.score_of(before.fragments - fragments),
            (fragments - before.fragments) / 1000.0,
            context.power.watts_added(task, host, devices) / 100.0,
            stranded[0] - before.stranded[0],
            stranded[1] - before.stranded[1],
            cpu_left,
            share(left.cpu_milli, host.capacity.cpu_milli),
            memory_left,
            devices_share,
            share(1000 * after.devices_whole() as u32, context.largest_devices_milli),
            part.map_or(0.0, |position| f64::from(left_of(position)) / 1000.0),
            flag(part.is_some_and(|position| left_of(position) == 0)),
            flag(part.is_some_and(|position| host.devices_free()[position] == WHOLE_DEVICE)),
            flag(is_untouched),
            flag(count > 0 && devices_left == 0),
            flag(count > 0),
            match count {
                0 => 0.0,
                _ => context.power.device_watts(host, 0) / 100.0,
            },
            if count == 0 { 0.0 } else { (taken[0] - taken[1]).abs() },
        ]
    }
}

/// Devices without cpu, and devices' worth of cpu without devices.
fn stranded(cpu_milli: u32, devices_milli: u32, context: &Context) -> [f64; 2] {
    if context.cpu_per_device == 0.0 {
        return [0.0; 2];
    }
    let cpu = f64::from(cpu_milli) / (1000.0 * context.cpu_per_device);
    let devices = f64::from(devices_milli) / 1000.0;
    [(devices - cpu).max(0.0), (cpu - devices).max(0.0)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    /// The ways in which each host could take a task where others run, with their features.
    fn features(hosts: &str, running: &[(&str, u32)], task: &str) -> Vec<Vec<(DeviceSet, Features)>> {
        let (engine, task) = testing::engine_at(hosts, running, task);
        let view = engine.view();
        let (context, fgd) = (Context::new(view), Fgd::default());
        let of_host = |host| {
            let (task, host) = (view.shape(task), view.host_state(host));
            let mut ways = Vec::new();
            let pair = Pair { task, host: &host, context: &context, fgd: &fgd };
            pair.each(|devices, features| ways.push((devices, *features)));
            ways
        };
        view.topology().hosts().map(of_host).collect()
    }

    /// Usual work: half a GPU with 4 cores, so `k = 8`. Two hosts of 16 cores and two GPUs; on the first, one GPU is taken with
    /// 12 cores: 4 are left, worth half a GPU, and half a GPU is stranded. Half a GPU with 4 cores then leaves none of the cpu and
    /// half a GPU of the devices there (all of it stranded, as before); on the second host 12 cores and one and a half GPUs, nothing
    /// of either too much.
    #[test]
    fn features_by_hand() {
        let hosts = "cpu 16 gpus 2 | cpu 16 gpus 2";
        let running = [("at 0 cpu 12 gpus 1 work 9", 0)];
        let found = features(hosts, &running, "at 0 cpu 4 share 500");
        let of = |host: usize, name: &str| found[host][0].1[feature(name)];
        let both = |name: &str| [of(0, name), of(1, name)];
        assert_eq!(both("stranded_devices"), [0.0, 0.0]);
        assert_eq!(both("stranded_cpu"), [0.0, 0.0]);
        assert_eq!(both("cpu_left"), [0.0, 0.75]);
        assert_eq!(both("devices_left"), [0.25, 0.75]);
        assert_eq!(both("whole_left"), [0.0, 0.5]);
        assert_eq!(both("device_left"), [0.5, 0.5]);
        assert_eq!([both("device_opened"), both("device_filled")], [[1.0, 1.0], [0.0, 0.0]]);
        assert_eq!(
            [both("host_opened"), both("host_filled"), both("has_devices")],
            [[0.0, 1.0], [0.0; 2], [1.0; 2]]
        );
        // What the usual task cannot use after: all that is left on the first, nothing on the second.
        assert_eq!(both("fragments"), [0.5, 0.0]);
        // 100 sigmoid(-0.5) = 37.75 and 100 sigmoid(0) = 50.
        assert_eq!(both("fgd"), [37.0, 50.0]);
        assert_eq!(both("imbalance"), [0.25, 0.0]);
    }

    /// A part of a GPU can go on the started one or on a whole one, and no third way differs from these.
    #[test]
    fn ways_that_differ_are_told_apart() {
        let running = [("at 0 cpu 1 share 250 work 9", 0)];
        let found = features("cpu 16 gpus 4", &running, "at 0 cpu 1 share 500");
        let sets: Vec<DeviceSet> = found[0].iter().map(|(devices, _)| *devices).collect();
        assert_eq!(sets, [DeviceSet(1), DeviceSet(2)]);
        assert_eq!(found[0][0].1[feature("device_left")], 0.25);
        assert_eq!(found[0][1].1[feature("device_opened")], 1.0);
    }

    /// Without devices in the usual work nothing is stranded.
    #[test]
    fn cpu_work_strands_nothing() {
        let found = features("cpu 16 | cpu 8 gpus 1", &[], "at 0 cpu 4");
        for host in &found {
            let of = |name: &str| host[0].1[feature(name)];
            assert_eq!([of("stranded_devices"), of("stranded_cpu"), of("fgd")], [0.0, 0.0, 50.0]);
        }
        assert_eq!(
            [found[0][0].1[feature("cpu_left")], found[0][0].1[feature("cpu_left_here")]],
            [0.75, 0.75]
        );
        assert_eq!(
            [found[1][0].1[feature("cpu_left")], found[1][0].1[feature("cpu_left_here")]],
            [0.25, 0.5]
        );
    }
}
