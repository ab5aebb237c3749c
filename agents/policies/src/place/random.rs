//! Random: any host with room, each equally likely, and any device of it that will do.

use super::search::feasible;
use crate::prelude::*;
use crate::score::{placement, tightest_devices};

pub(super) const HELP: &str = "any host with room, each equally likely";

/// Drawing again until a host has room is uniform too; after this many draws the hosts with room are few, and
/// it is quicker to list them.
const DRAWS: usize = 32;

struct Anywhere(Stream);

impl Policy for Anywhere {
    fn decide(&mut self, view: ClusterView<'_>, request: Request) -> Decision {
        let Request::Place { task } = request else { return Decision::Defer };
        let shape = view.shape(task);
        let count = view.topology().host_count();
        let drawn = (0..DRAWS).map(|_| HostId(self.0.below(count) as u32)).find(|&host| view.fits(shape, host));
        let host = drawn.or_else(|| {
            let all: Vec<HostId> = feasible(view, shape).collect();
            (!all.is_empty()).then(|| all[self.0.below(all.len())])
        });
        let Some(host) = host else { return Decision::Defer };
        let devices = self.devices(shape, &view.host_state(host));
        placement(view, task, host, devices)
    }

    fn reset(&mut self, seed: Seed) {
        *self = Self::new(seed);
    }
}

impl Anywhere {
    fn new(seed: Seed) -> Self {
        Self(seed.stream("place.random"))
    }

    /// A part goes to any device with room; whole devices are the first free ones.
    fn devices(&mut self, shape: &TaskShape, host: &HostState) -> DeviceSet {
        if !shape.devices.is_share() {
            return tightest_devices(shape, host);
        }
        let count = host.devices_free().len();
        let usable: Vec<usize> = (0..count).filter(|&position| host.is_usable(position, shape.devices)).collect();
        DeviceSet::EMPTY.with(usable[self.0.below(usable.len())])
    }
}

pub(super) fn policy(_: NoOptions) -> impl Policy {
    Anywhere::new(Seed::default())
}
