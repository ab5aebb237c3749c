//! Fragmentation gradient descent (Weng et al., USENIX ATC 2023): the host, and the device, on which the task
//! adds least to what the usual tasks could not use (`sim::models::fragmentation`).
//!
//! The score is `100 * sigmoid((F before - F after) / 1000)`, whole as in the published program, which makes ties
//! that then go to the lowest host. Whole devices are taken in order of what is free on them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use rustc_hash::FxHasher;
use serde::Deserialize;
use sim::resources::MAX_DEVICES_PER_HOST;

use crate::prelude::*;

pub(super) const HELP: &str = "fragmentation gradient descent: the least new GPU fragments";

/// Options of FGD.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    /// Whether scores are cut to whole numbers, as published.
    truncate: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { truncate: true }
    }
}

/// Fragments are the same for the same free cpu, kind and free parts, whatever the order of the parts, as long as
/// all devices are of one kind. Eight parts of ten bits, five bits of kind and 32 of cpu make a key.
fn fragment_key(cpu_milli_free: u32, kind: u8, free: &[u16]) -> Option<u128> {
    let mut parts = [0; KEY_PARTS];
    parts.get_mut(..free.len())?.copy_from_slice(free);
    parts.sort_unstable();
    let packed = parts.iter().fold(u128::from(kind), |key, &part| key << 10 | u128::from(part));
    Some(packed << 32 | u128::from(cpu_milli_free))
}

const KEY_PARTS: usize = 8;

const MOST_REMEMBERED: usize = 1 << 20;

#[derive(Default)]
pub(super) struct Fgd {
    options: Options,
    fragments: RefCell<HashMap<u128, f64, BuildHasherDefault<FxHasher>>>,
}

impl Fgd {
    /// `F` of a host with so much cpu free, in thousandths of a device.
    pub(super) fn fragment(&self, cpu_milli_free: u32, host: &HostState, context: &Context) -> f64 {
        let (free, kinds) = (host.devices_free(), host.device_kinds());
        let fragment = || context.typical.fragment(cpu_milli_free, free, kinds);
        let Some(&kind) = kinds.first() else { return 0.0 };
        let Some(key) = fragment_key(cpu_milli_free, kind, free).filter(|_| is_of_one_kind(host)) else {
            return fragment();
        };
        let mut fragments = self.fragments.borrow_mut();
        if fragments.len() >= MOST_REMEMBERED {
            fragments.clear();
        }
        *fragments.entry(key).or_insert_with(fragment)
    }

    /// The score of what `F` falls by.
    pub(super) fn score_of(&self, fall_milli: f64) -> f64 {
        let score = 100.0 / (1.0 + libm::exp(-fall_milli / 1000.0));
        if self.options.truncate { score.trunc() } else { score }
    }

    /// The devices that the task would take, and the score.
    fn best(&self, task: &TaskShape, host: &HostState, context: &Context) -> (DeviceSet, f64) {
        let before = self.fragment(host.free.cpu_milli, host, context);
        let cpu_left = host.free.cpu_milli - task.resources.cpu_milli;
        let score = |after: &HostState| self.score_of(before - self.fragment(cpu_left, after, context));
        if !task.devices.is_share() {
            let (devices, after) = take_whole(task, host);
            return (devices, score(&after));
        }
        let mut best = (DeviceSet::EMPTY, f64::NEG_INFINITY);
        let mut seen = [0_u16; MAX_DEVICES_PER_HOST];
        let usable = (0..host.devices_free().len()).filter(|&position| host.is_usable(position, task.devices));
        for (count, position) in usable.enumerate() {
            let part = host.devices_free()[position];
            seen[count] = part;
            // Equal parts of one kind are one candidate: the first of them stands for all.
            if seen[..count].contains(&part) && is_of_one_kind(host) {
                continue;
            }
            let score = score(&host.with_device_taken(position, task.devices.milli_each));
            if score > best.1 {
                best = (DeviceSet::EMPTY.with(position), score);
            }
        }
        best
    }
}

pub(super) fn is_of_one_kind(host: &HostState) -> bool {
    host.device_kinds().windows(2).all(|pair| pair[0] == pair[1])
}

/// Devices with room in order of what is free on them, as many as the task wants.
pub(super) fn take_whole(task: &TaskShape, host: &HostState) -> (DeviceSet, HostState) {
    let mut order: Vec<usize> =
        (0..host.devices_free().len()).filter(|&position| host.is_usable(position, task.devices)).collect();
    order.sort_by_key(|&position| host.devices_free()[position]);
    let chosen = order.into_iter().take(usize::from(task.devices.count));
    chosen.fold((DeviceSet::EMPTY, *host), |(set, after), position| {
        (set.with(position), after.with_device_taken(position, task.devices.milli_each))
    })
}

impl Score for Fgd {
    fn score(&self, task: &TaskShape, host: &HostState, context: &Context) -> f64 {
        self.best(task, host, context).1
    }

    /// Memory does not count, and on devices of one kind it does not matter which of them has what free.
    fn essence(&self, mut host: HostState) -> HostState {
        host.free.memory_mib = 0;
        host.residents = Default::default();
        if is_of_one_kind(&host) { host.with_devices_sorted() } else { host }
    }

    fn devices(&self, task: &TaskShape, host: &HostState, context: &Context) -> DeviceSet {
        self.best(task, host, context).0
    }
}

pub(super) fn policy(options: Options) -> impl Policy {
    Greedy::new(Fgd { options, ..Fgd::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    /// Usual tasks: halves of a GPU, and whole ones. A half goes where a half is left, not onto a free GPU.
    #[test]
    fn a_half_joins_a_half() {
        let hosts = "cpu 96 gpus 2 | cpu 96 gpus 2";
        let chosen = testing::choose_after(
            policy(Options { truncate: false }),
            hosts,
            &[("at 0 cpu 1 share 500 work 9", 1)],
            "at 0 cpu 1 share 500 | at 5 cpu 1 gpus 1",
        );
        assert_eq!(chosen.map(|placement| (placement.host, placement.devices)), Some((HostId(1), DeviceSet(1))));
    }

    /// One usual task, half a GPU with one core. On a host with parts (500, 1000), taking the half leaves
    /// nothing unusable: F stays 0 and the score is 50. Whole GPUs likewise. On no room for the cpu of another,
    /// everything that is left is a fragment: F after = 1000, score = int(100 sigmoid(-1)) = 26.
    #[test]
    fn the_score_by_hand() {
        let hosts = "cpu 1 gpus 2 | cpu 8 gpus 2";
        let running = [("at 0 cpu 0 share 500 work 9", 0)];
        let scores = testing::score_after(Fgd::default(), hosts, &running, "at 0 cpu 1 share 500");
        assert_eq!(scores, [26.0, 50.0]);
    }
}
