//! The option by which fit policies search: by index, or host by host as an oracle for it.

use serde::Deserialize;
use sim::kernel::ids::HostId;
use sim::resources::TaskShape;
use sim::view::ClusterView;

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
pub(super) fn left(view: ClusterView<'_>, host: HostId) -> (u32, u32, u32) {
    let free = view.free()[host.0 as usize];
    (free.cpu_milli, free.memory_mib, view.devices_free(host).iter().map(|&free| u32::from(free)).sum())
}

/// All hosts on which the shape fits, in order.
pub(super) fn feasible<'a>(view: ClusterView<'a>, shape: &'a TaskShape) -> impl Iterator<Item = HostId> + 'a {
    view.topology().hosts().filter(move |&host| view.fits(shape, host))
}

/// A place on this host with the tightest devices and NUMA node.
pub(super) fn place_tightly(
    view: ClusterView<'_>,
    task: sim::kernel::ids::TaskId,
    host: Option<HostId>,
) -> sim::decision::Decision {
    let Some(host) = host else { return sim::decision::Decision::Defer };
    let shape = view.shape(task);
    let devices = match shape.devices.count {
        0 => sim::resources::DeviceSet::EMPTY,
        _ => crate::score::tightest_devices(shape, &view.host_state(host)),
    };
    crate::score::placement(view, task, host, devices)
}
