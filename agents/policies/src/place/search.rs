//! What fit policies share: searching by index, or host by host as an oracle for it.

use std::cmp::Reverse;

use serde::Deserialize;
use sim::index::{Ordered, Preference};

use crate::prelude::*;

/// How hosts are searched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Search {
    /// By a structure that follows changes.
    #[default]
    Index,
    /// By looking at every host: slow, and plainly right.
    Scan,
}

/// Options of fit policies.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    pub(super) search: Search,
}

/// What a host has left: cpu, memory, devices.
fn left(view: ClusterView<'_>, host: HostId) -> (u32, u32, u32) {
    let free = view.free()[host.0 as usize];
    (free.cpu_milli, free.memory_mib, view.devices_free(host).iter().map(|&free| u32::from(free)).sum())
}

/// All hosts on which the shape fits, in order.
pub(super) fn feasible<'a>(view: ClusterView<'a>, shape: &'a TaskShape) -> impl Iterator<Item = HostId> + 'a {
    view.topology().hosts().filter(move |&host| view.fits(shape, host))
}

/// The tightest or the roomiest host with room; ties go to the lowest id.
pub(super) struct Fit {
    preference: Preference,
    search: Search,
    index: Ordered,
}

impl Fit {
    pub(super) fn new(preference: Preference, options: Options) -> Self {
        Self { preference, search: options.search, index: Ordered::new(preference) }
    }

    fn scan(&self, view: ClusterView<'_>, shape: &TaskShape) -> Option<HostId> {
        let fitting = feasible(view, shape);
        match self.preference {
            Preference::Tightest => fitting.min_by_key(|&host| (left(view, host), host)),
            Preference::Roomiest => fitting.min_by_key(|&host| (Reverse(left(view, host)), host)),
        }
    }
}

impl Policy for Fit {
    fn decide(&mut self, view: ClusterView<'_>, request: Request) -> Decision {
        let Request::Place { task } = request else { return Decision::Defer };
        let host = match self.search {
            Search::Index => self.index.find(view, view.shape(task)),
            Search::Scan => self.scan(view, view.shape(task)),
        };
        place_tightly(view, task, host)
    }

    fn reset(&mut self, _: Seed) {
        self.index = Ordered::new(self.preference);
    }
}

/// A place on this host with the tightest devices and NUMA node.
pub(super) fn place_tightly(view: ClusterView<'_>, task: TaskId, host: Option<HostId>) -> Decision {
    let Some(host) = host else { return Decision::Defer };
    let shape = view.shape(task);
    let devices = match shape.devices.count {
        0 => DeviceSet::EMPTY,
        _ => crate::score::tightest_devices(shape, &view.host_state(host)),
    };
    crate::score::placement(view, task, host, devices)
}
