//! How evenly tenants are served: their dominant shares, and Jain's index.

use std::collections::BTreeMap;

use crate::event::{Event, EventKind};
use crate::kernel::ids::{TaskId, TenantId};
use crate::kernel::time::SimTime;
use crate::metrics::Window;
use crate::observe::Observer;
use crate::resources::DeviceClass;
use crate::view::ClusterView;

/// Jain's index `(sum x)^2 / (n sum x^2)` (Jain, Chiu, Hawe, DEC-TR-301, 1984): 1 where all have the same, 1/n where one
/// has all. One of nothing, and where nobody has anything.
pub fn jain_index(values: impl Iterator<Item = f64>) -> f64 {
    let (count, sum, squares) =
        values.fold((0.0, 0.0, 0.0), |(count, sum, squares), x| (count + 1.0, sum + x, squares + x * x));
    if squares > 0.0 { sum * sum / (count * squares) } else { 1.0 }
}

/// What a dominant share may be of, in the order of [`Held`].
const RESOURCES: [&str; 5] = ["cpu", "memory", "gpu", "fpga", "dpu"];

/// Milli-cores, mebibytes, and thousandths of the devices of each class.
type Held = [u64; RESOURCES.len()];

/// The resource that a tenant holds most of (Ghodsi et al., NSDI 2011), averaged over time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DominantShare {
    /// Whose.
    pub tenant: TenantId,
    /// Which resource.
    pub resource: &'static str,
    /// The share of all of it, 0 to 1.
    pub share: f64,
}

/// What a tenant holds and has held.
#[derive(Clone, Copy, Debug, Default)]
struct Book {
    since: SimTime,
    held: Held,
    /// Over microseconds.
    sums: [u128; RESOURCES.len()],
}

/// Watches what tenants hold during an episode, or a window of it. Each event costs the same, however many there are.
#[derive(Clone, Debug)]
pub struct DominantShares {
    window: Window,
    /// What each running task holds.
    running: BTreeMap<TaskId, Held>,
    tenants: BTreeMap<TenantId, Book>,
}

impl DominantShares {
    /// Of an episode at its beginning.
    pub fn new(window: Window) -> Self {
        Self { window, running: BTreeMap::new(), tenants: BTreeMap::new() }
    }

    /// The mean dominant share of each tenant that has held anything, at the end of the episode.
    pub fn finish(mut self, view: ClusterView<'_>) -> Vec<DominantShare> {
        let topology = view.topology();
        let (cpu_milli, memory_mib) = topology.total_capacity();
        let devices = |class| topology.device_milli_capacity(class);
        let capacity: Held = [
            cpu_milli,
            memory_mib,
            devices(DeviceClass::Gpu),
            devices(DeviceClass::Fpga),
            devices(DeviceClass::Dpu),
        ];
        let length = self.within(view.now()).since(self.window.begin.min(view.now())).0;
        let tenants: Vec<TenantId> = self.tenants.keys().copied().collect();
        for tenant in tenants {
            self.settle(tenant, view.now());
        }
        let share = |(&tenant, book): (&TenantId, &Book)| {
            let share = |resource: usize| match capacity[resource] as f64 * length as f64 {
                0.0 => 0.0,
                whole => book.sums[resource] as f64 / whole,
            };
            let larger = |one: usize, other: usize| if share(other) > share(one) { other } else { one };
            let resource = (0..RESOURCES.len()).reduce(larger).unwrap_or(0);
            DominantShare { tenant, resource: RESOURCES[resource], share: share(resource) }
        };
        self.tenants.iter().map(share).filter(|one| one.share > 0.0).collect()
    }

    /// The nearest moment that counts.
    fn within(&self, moment: SimTime) -> SimTime {
        let begun = moment.max(self.window.begin);
        self.window.end.map_or(begun, |end| begun.min(end))
    }

    /// Adds up what a tenant has held until now.
    fn settle(&mut self, tenant: TenantId, now: SimTime) -> &mut Book {
        let now = self.within(now);
        let book = self.tenants.entry(tenant).or_default();
        let microseconds = u128::from(now.0.saturating_sub(book.since.0));
        for (sum, held) in book.sums.iter_mut().zip(book.held) {
            *sum += u128::from(held) * microseconds;
        }
        book.since = now;
        book
    }

    /// A task holds from now on what the cluster says, or nothing.
    fn record(&mut self, task: TaskId, holds: Option<Held>, view: ClusterView<'_>) {
        let held = match holds {
            Some(held) => self.running.insert(task, held),
            None => self.running.remove(&task),
        };
        let (before, after) = (held.unwrap_or_default(), holds.unwrap_or_default());
        let book = self.settle(view.tenant(task), view.now());
        for (place, sum) in book.held.iter_mut().enumerate() {
            *sum = *sum + after[place] - before[place];
        }
    }
}

fn held(task: TaskId, view: ClusterView<'_>) -> Held {
    let resources = view.held(task);
    let mut held: Held = [u64::from(resources.cpu_milli), u64::from(resources.memory_mib), 0, 0, 0];
    let placement = view.placement(task);
    for (position, &kind) in view.device_kinds(placement.host).iter().enumerate() {
        if placement.devices.has(position) {
            let place = match view.topology().kinds()[usize::from(kind)].class {
                DeviceClass::Gpu => 2,
                DeviceClass::Fpga => 3,
                DeviceClass::Dpu => 4,
            };
            held[place] += u64::from(view.taken_of(kind, view.shape(task).devices));
        }
    }
    held
}

impl Observer for DominantShares {
    fn on_event(&mut self, event: &Event, view: ClusterView<'_>) {
        match event.kind {
            EventKind::TaskStarted { placement } => {
                self.record(placement.task, Some(held(placement.task, view)), view);
            }
            // On other kinds of devices a part may be a whole.
            EventKind::Resized { task, .. } | EventKind::MigrationEnded { task, .. } => {
                self.record(task, Some(held(task, view)), view)
            }
            EventKind::TaskFinished { task, .. } | EventKind::TaskEvicted { task, .. } => {
                self.record(task, None, view);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Rules;
    use crate::testing;

    #[test]
    fn models_12_jain_index_of_one_two_three() {
        assert!((jain_index([1.0, 2.0, 3.0].into_iter()) - 36.0 / 42.0).abs() < 1e-15, "0.857");
        assert_eq!(jain_index([0.0, 0.0, 5.0, 0.0].into_iter()), 0.25);
        assert_eq!((jain_index(std::iter::empty()), jain_index([0.0].into_iter())), (1.0, 1.0));
    }

    fn shares(work: &str, window: Window) -> Vec<(u32, &'static str, f64)> {
        let mut engine = testing::engine_with("cpu 9 memory 18", work, Rules::default());
        let mut watched = DominantShares::new(window);
        testing::run_first_fit(&mut engine, &mut watched);
        let all = watched.finish(engine.view());
        all.into_iter().map(|one| (one.tenant.0, one.resource, one.share)).collect()
    }

    /// 9 cores and 18 GiB; A runs three tasks of (1, 4), B two of (3, 1): 12 of 18 GiB and 6 of 9 cores.
    #[test]
    fn models_12_dominant_shares_of_the_drf_paper() {
        let a = "at 0 cpu 1 memory 4 work 10 tenant 1";
        let b = "at 0 cpu 3 memory 1 work 10 tenant 2";
        let all = shares(&[a, a, a, b, b].join(" | "), Window::default());
        assert_eq!(all, [(1, "memory", 2.0 / 3.0), (2, "cpu", 2.0 / 3.0)]);
    }

    /// All cores for 10 s of 20, of which a window shows 8 to 20 s.
    #[test]
    fn shares_are_means_over_the_window() {
        let work = "at 0 cpu 9 work 10 tenant 1 | at 0 cpu 9 work 10 tenant 4";
        assert_eq!(shares(work, Window::default()), [(1, "cpu", 0.5), (4, "cpu", 0.5)]);
        let window = Window { begin: SimTime(8_000_000), end: None };
        assert_eq!(shares(work, window), [(1, "cpu", 1.0 / 6.0), (4, "cpu", 5.0 / 6.0)]);
        let window = Window { begin: SimTime(0), end: Some(SimTime(10_000_000)) };
        assert_eq!(shares(work, window), [(1, "cpu", 1.0)]);
    }
}
