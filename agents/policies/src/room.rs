//! What would be free on a host if some of its tasks were gone.

use sim::kernel::ids::{HostId, TaskId};
use sim::resources::{DeviceSet, MAX_DEVICES_PER_HOST, Resources, TaskShape};
use sim::view::ClusterView;

/// Free capacity of one host, to be imagined with.
#[derive(Clone)]
pub struct HostRoom<'a> {
    view: ClusterView<'a>,
    host: HostId,
    /// Free cpu and memory.
    pub free: Resources,
    devices: [u16; MAX_DEVICES_PER_HOST],
}

impl<'a> HostRoom<'a> {
    /// What is free now.
    pub fn now(view: ClusterView<'a>, host: HostId) -> Self {
        let mut devices = [0; MAX_DEVICES_PER_HOST];
        let free = view.devices_free(host);
        devices[..free.len()].copy_from_slice(free);
        Self { view, host, free: view.free()[host.0 as usize], devices }
    }

    /// Imagines that a task which runs here is gone.
    pub fn without(&mut self, task: TaskId) {
        let shape = self.view.shape(task);
        self.free = self.free.plus(shape.resources);
        self.change_devices(self.view.placement(task).devices, shape, |free, taken| free + taken);
    }

    /// Imagines that a task which was thought gone is here after all.
    pub fn with_again(&mut self, task: TaskId) {
        let shape = self.view.shape(task);
        self.free = self.free.minus(shape.resources);
        self.change_devices(self.view.placement(task).devices, shape, |free, taken| free - taken);
    }

    fn change_devices(&mut self, devices: DeviceSet, shape: &TaskShape, change: impl Fn(u16, u16) -> u16) {
        let kinds = self.view.device_kinds(self.host);
        for position in devices.iter() {
            let taken = self.view.taken_of(kinds[position], shape.devices.milli_each);
            self.devices[position] = change(self.devices[position], taken);
        }
    }

    /// Imagines that a new task of this shape, which fits, takes the first devices that will do.
    pub fn take(&mut self, shape: &TaskShape) {
        self.free = self.free.minus(shape.resources);
        let kinds = self.view.device_kinds(self.host);
        let mut missing = shape.devices.count;
        for (free, &kind) in self.devices.iter_mut().zip(kinds) {
            let taken = self.view.taken_of(kind, shape.devices.milli_each);
            if missing > 0 && shape.devices.kinds.has(kind) && *free >= taken {
                *free -= taken;
                missing -= 1;
            }
        }
    }

    /// True when a task of this shape would fit.
    pub fn fits(&self, shape: &TaskShape) -> bool {
        let features = self.view.topology().model(self.host).features;
        let is_usable = |&(&free, &kind): &(&u16, &u8)| {
            shape.devices.kinds.has(kind) && free >= self.view.taken_of(kind, shape.devices.milli_each)
        };
        let kinds = self.view.device_kinds(self.host);
        shape.is_possible
            && self.free.covers(shape.resources)
            && features & shape.features == shape.features
            && self.devices.iter().zip(kinds).filter(is_usable).count() >= usize::from(shape.devices.count)
    }
}
