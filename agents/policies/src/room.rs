//! What would be free on a host if some of its tasks were gone.

use sim::kernel::ids::{HostId, TaskId};
use sim::resources::{MAX_DEVICES_PER_HOST, Resources, TaskShape, WHOLE_DEVICE};
use sim::view::ClusterView;

/// Free capacity of one host, to be imagined with.
#[derive(Clone)]
pub struct HostRoom<'a> {
    view: ClusterView<'a>,
    host: HostId,
    /// Free cpu and memory.
    pub free: Resources,
    devices: [u16; MAX_DEVICES_PER_HOST],
    /// Of the memory of each, in mebibytes.
    memory: [u32; MAX_DEVICES_PER_HOST],
}

impl<'a> HostRoom<'a> {
    /// What is free now.
    pub fn now(view: ClusterView<'a>, host: HostId) -> Self {
        let (mut devices, mut memory) = ([0; MAX_DEVICES_PER_HOST], [0; MAX_DEVICES_PER_HOST]);
        let free = view.devices_free(host);
        devices[..free.len()].copy_from_slice(free);
        (0..free.len()).for_each(|position| memory[position] = view.device_memory_free(host, position));
        Self { view, host, free: view.free()[host.0 as usize], devices, memory }
    }

    /// Imagines that a task which runs here is gone.
    pub fn without(&mut self, task: TaskId) {
        let shape = self.view.shape(task);
        self.free = self.free.plus(shape.resources);
        self.change_devices(task, shape, u32::saturating_add);
    }

    /// Imagines that a task which was thought gone is here after all.
    pub fn with_again(&mut self, task: TaskId) {
        let shape = self.view.shape(task);
        self.free = self.free.minus(shape.resources);
        self.change_devices(task, shape, u32::saturating_sub);
    }

    /// Of devices in parts that have a place, what would be free is a guess: the sum, which may not lie together.
    fn change_devices(&mut self, task: TaskId, shape: &TaskShape, change: impl Fn(u32, u32) -> u32) {
        let kinds = self.view.device_kinds(self.host);
        for position in self.view.placement(task).devices.iter() {
            let taken = self.view.taken_of(kinds[position], shape.devices);
            let free = change(self.devices[position].into(), taken.into());
            self.devices[position] = free.min(WHOLE_DEVICE.into()) as u16;
            self.memory[position] = change(self.memory[position], shape.devices.memory_mib_each);
        }
    }

    /// Imagines that a new task of this shape, which fits, takes the first devices that will do.
    pub fn take(&mut self, shape: &TaskShape) {
        self.free = self.free.minus(shape.resources);
        let kinds = self.view.device_kinds(self.host);
        let mut missing = shape.devices.count;
        for (position, &kind) in kinds.iter().enumerate() {
            if missing > 0 && self.is_usable(position, kind, shape) {
                self.devices[position] -= self.view.taken_of(kind, shape.devices);
                self.memory[position] -= shape.devices.memory_mib_each;
                missing -= 1;
            }
        }
    }

    fn is_usable(&self, position: usize, kind: u8, shape: &TaskShape) -> bool {
        shape.devices.kinds.has(kind)
            && self.devices[position] >= self.view.taken_of(kind, shape.devices)
            && self.memory[position] >= shape.devices.memory_mib_each
    }

    /// True when a task of this shape would fit.
    pub fn fits(&self, shape: &TaskShape) -> bool {
        let features = self.view.topology().model(self.host).features;
        let kinds = self.view.device_kinds(self.host);
        shape.is_possible
            && self.free.covers(shape.resources)
            && features & shape.features == shape.features
            && kinds
                .iter()
                .enumerate()
                .filter(|&(position, &kind)| self.is_usable(position, kind, shape))
                .count()
                >= usize::from(shape.devices.count)
    }
}
