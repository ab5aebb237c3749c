//! Observers are told every event after it has taken effect. They cannot change the world.

use xxhash_rust::xxh3::Xxh3Default;

use crate::decision::Placement;
use crate::event::{Event, EventKind};
use crate::kernel::ids::TaskId;
use crate::kernel::time::SimTime;
use crate::view::ClusterView;

/// Is told facts.
pub trait Observer {
    /// Something happened; `view` shows the world after it.
    fn on_event(&mut self, event: &Event, view: ClusterView<'_>);
}

/// Two observers are one.
impl<A: Observer, B: Observer> Observer for (A, B) {
    fn on_event(&mut self, event: &Event, view: ClusterView<'_>) {
        self.0.on_event(event, view);
        self.1.on_event(event, view);
    }
}

impl<O: Observer + ?Sized> Observer for &mut O {
    fn on_event(&mut self, event: &Event, view: ClusterView<'_>) {
        (**self).on_event(event, view);
    }
}

/// Watches where there is someone to watch.
impl<O: Observer> Observer for Option<O> {
    fn on_event(&mut self, event: &Event, view: ClusterView<'_>) {
        if let Some(observer) = self {
            observer.on_event(event, view);
        }
    }
}

/// Watches nothing.
impl Observer for () {
    fn on_event(&mut self, _: &Event, _: ClusterView<'_>) {}
}

/// The fingerprint of an event stream: XXH3-128 over a fixed encoding of 32 bytes per event. Two runs
/// with one digest went the same way.
#[derive(Clone)]
pub struct EventDigest {
    hash: Box<Xxh3Default>,
    buffer: Vec<u8>,
    events: u64,
}

impl EventDigest {
    /// The digest of no event.
    pub fn new() -> Self {
        Self { hash: Box::new(Xxh3Default::new()), buffer: Vec::with_capacity(Self::BUFFER), events: 0 }
    }

    const BUFFER: usize = 4096;

    /// How many events were seen.
    pub fn event_count(&self) -> u64 {
        self.events
    }

    /// The digest so far, as 32 hexadecimal digits.
    pub fn hex(&self) -> String {
        let mut hash = self.hash.clone();
        hash.update(&self.buffer);
        format!("{:032x}", hash.digest128())
    }
}

impl Default for EventDigest {
    fn default() -> Self {
        Self::new()
    }
}

impl Observer for EventDigest {
    fn on_event(&mut self, event: &Event, _: ClusterView<'_>) {
        self.events += 1;
        self.buffer.extend_from_slice(&encoded(event));
        if self.buffer.len() >= Self::BUFFER {
            self.hash.update(&self.buffer);
            self.buffer.clear();
        }
    }
}

/// Time (8 bytes), task, host, devices (4 each), NUMA nodes, kind, cause (1 each), zeros.
fn encoded(event: &Event) -> [u8; 32] {
    let Event { time: SimTime(time), kind } = *event;
    let none = u32::MAX;
    let (tag, cause, task, host, devices, numa) = match kind {
        EventKind::TaskSubmitted { task } => (0, 0, task, none, 0, 0),
        EventKind::TaskStarted { placement: Placement { task, host, numa, devices } } => {
            (1, 0, task, host.0, devices.0, numa.0)
        }
        EventKind::TaskFinished { task, host } => (2, 0, task, host.0, 0, 0),
        EventKind::TaskEvicted { task, host, cause } => (3, cause as u8, task, host.0, 0, 0),
        EventKind::TaskRejected { task, cause } => (4, cause as u8, task, none, 0, 0),
        EventKind::UseChanged { task, host } => (5, 0, task, host.0, 0, 0),
        EventKind::MigrationStarted { placement: Placement { task, host, numa, devices } } => {
            (6, 0, task, host.0, devices.0, numa.0)
        }
        EventKind::MigrationEnded { task, from, to } => (7, 0, task, to.0, from.0, 0),
        EventKind::MigrationCancelled { task, to } => (8, 0, task, to.0, 0, 0),
        EventKind::PhaseChanged { host, phase } => (9, phase as u8, TaskId(none), host.0, 0, 0),
        EventKind::Governed { host } => (10, 0, TaskId(none), host.0, 0, 0),
        EventKind::Resized { task, host } => (11, 0, task, host.0, 0, 0),
        EventKind::MigrationWentOn { task, leg } => (15, leg as u8, task, none, 0, 0),
        EventKind::PeriodPassed => (12, 0, TaskId(none), none, 0, 0),
        EventKind::TurnedAway { task, host } => (13, 0, task, host.0, 0, 0),
        EventKind::OutOfMemory { task, host } => (14, 0, task, host.0, 0, 0),
    };
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&time.to_le_bytes());
    bytes[8..12].copy_from_slice(&task.0.to_le_bytes());
    bytes[12..16].copy_from_slice(&host.to_le_bytes());
    bytes[16..20].copy_from_slice(&devices.to_le_bytes());
    bytes[20..23].copy_from_slice(&[numa, tag, cause]);
    bytes
}
