//! What tasks on one host do to each other, and the host to them: by how much each is slowed.
//!
//! ```text
//!   who is on the host, what each uses, where its cores, memory and devices lie
//!        |  summed up: cpu and memory wanted, traffic to each node and between sockets, load of each device
//!        v
//!   each task: the product of the factors of the models (sim/src/effects.rs)
//! ```

use super::Engine;
use crate::cluster::Use;
use crate::decision::Placement;
use crate::effects::{HostEffects, Sharing};
use crate::kernel::ids::{HostId, TaskId};
use crate::models::behaviour::Behaviour;
use crate::models::cpu_sharing::{Claim, CpuSharing, SharingRule, Weights, max_min, proportional};
use crate::models::gpu_sharing::{Demand, spatial_slowdown_of};
use crate::models::interconnect::{Interconnect, exchange_slowdown, transfer_slowdown};
use crate::models::mig::Profile;
use crate::models::numa::{NumaMemory, bandwidth_slowdown, latency_slowdown};
use crate::models::power::slowdown_at_frequency;
use crate::resources::{MAX_DEVICES_PER_HOST, MAX_NUMA_NODES_PER_HOST, Resources, WHOLE_DEVICE};

/// Shares by node.
type Shares = [f64; MAX_NUMA_NODES_PER_HOST];

/// Where the cores and the memory of a task lie.
enum Lie {
    /// All of it on one node.
    On(usize),
    /// So much of its cores, and of its memory, on each.
    Spread(Box<(Shares, Shares)>),
}

impl Lie {
    /// The share of its cores that lies on a node.
    fn cores_on(&self, node: usize) -> f64 {
        match self {
            Self::On(own) => f64::from(u8::from(*own == node)),
            Self::Spread(spread) => spread.0[node],
        }
    }

    fn memory_on(&self, node: usize) -> f64 {
        match self {
            Self::On(own) => f64::from(u8::from(*own == node)),
            Self::Spread(spread) => spread.1[node],
        }
    }

    fn remote_share(&self, memory: &NumaMemory, nodes: usize) -> f64 {
        match self {
            Self::On(_) => 0.0,
            Self::Spread(spread) => memory.remote_share(&spread.0[..nodes], &spread.1[..nodes]),
        }
    }

    fn relative_latency(&self, memory: &NumaMemory, nodes: usize) -> f64 {
        match self {
            Self::On(_) => 1.0,
            Self::Spread(spread) => memory.relative_latency(&spread.0[..nodes], &spread.1[..nodes]),
        }
    }
}

/// A task on the host.
struct Resident<'a> {
    task: TaskId,
    usage: Use,
    placement: Placement,
    behaviour: &'a Behaviour,
    lie: Lie,
    /// The part of the cpu that it wants that it is given.
    cpu_part: f64,
    slowdown: f64,
}

impl Resident<'_> {
    fn busy_cores(&self) -> f64 {
        self.usage.cpu_milli as f64 / 1000.0
    }

    /// What it reads and writes in memory, in units of 1e9 bytes a second.
    fn traffic(&self) -> f64 {
        self.busy_cores() * self.cpu_part * self.behaviour.memory_gb_per_second_per_core
    }
}

impl Engine {
    /// True when work may take longer on a host than its trace says.
    pub(super) fn slows(&self, host: HostId) -> bool {
        self.rules.cpu_quota.is_some() || self.cluster.topology().slows(host)
    }

    /// Draws how each job behaves, where that makes a difference.
    pub(super) fn draw_behaviours(&mut self) {
        let topology = self.cluster.topology();
        let matters = topology.device_memory_mib() > 0 || topology.hosts().any(|host| topology.slows(host));
        if !self.rules.behaviours.is_one() && matters {
            let kind = |job| self.rules.behaviours.kind_of(job) as u8;
            self.behaviour_kinds = self.workload.jobs().map(kind).collect();
        }
    }

    /// How much a task touches of the memory of devices that it asks for.
    pub(super) fn touched_mib(&self, task: TaskId, asked_mib: u32) -> u32 {
        let [least, most] = self.behaviour(task).device_memory_touched;
        let draw = match least == most {
            true => 0.0,
            false => self.rules.behaviours.seed.draw("device memory", self.workload.job(task).0),
        };
        (f64::from(asked_mib) * (least + (most - least) * draw)).round() as u32
    }

    /// How a task behaves.
    fn behaviour(&self, task: TaskId) -> &Behaviour {
        let kinds = &self.rules.behaviours.kinds;
        match self.behaviour_kinds.is_empty() {
            true => &kinds[0].1,
            false => &kinds[usize::from(self.behaviour_kinds[self.workload.job(task)])].1,
        }
    }

    /// By how much each task on a host is slowed, in the order in which they started there.
    pub(super) fn slowdowns_on(&self, host: HostId) -> Vec<(TaskId, f64)> {
        let model = self.cluster.topology().model(host);
        let node_count = model.numa_nodes.len();
        let mut residents: Vec<Resident<'_>> =
            self.cluster.hosted(host).map(|task| self.resident(task)).collect();
        if let Some(quota) = self.rules.cpu_quota {
            residents.iter_mut().for_each(|one| one.slowdown *= self.throttled(one.task, quota));
        }
        let HostEffects { memory, interconnect, virtualisation, cpu_sharing, memory_pressure, speed } =
            model.effects;
        if let Some(speed) = speed {
            residents.iter_mut().for_each(|one| one.slowdown /= speed);
        }
        if let Some(guest) = virtualisation {
            residents.iter_mut().for_each(|one| {
                one.slowdown *= guest.slowdown(one.behaviour, one.busy_cores());
            });
        }
        if let Some(sharing) = cpu_sharing {
            self.share_cpu(sharing, host, &mut residents);
        }
        if let Some(memory) = memory.filter(|_| node_count > 1) {
            distant_memory(&memory, node_count, &mut residents);
        }
        if let Some(pressure) = memory_pressure {
            let there = f64::from(self.cluster.topology().physical(host).memory_mib);
            let miss = pressure.miss_share(self.cluster.memory_use(host) as f64, there);
            residents.iter_mut().for_each(|one| {
                one.slowdown *= pressure.slowdown(one.behaviour.pages_per_second, miss);
            });
        }
        if !model.devices.is_empty() {
            self.share_devices(host, &mut residents);
            if let Some(interconnect) = interconnect {
                let nodes = |position: usize| model.devices[position].numa_node;
                residents
                    .iter_mut()
                    .for_each(|one| one.slowdown *= apart(&interconnect, memory.as_ref(), one, nodes));
            }
        }
        residents.into_iter().map(|one| (one.task, one.slowdown)).collect()
    }

    fn resident(&self, task: TaskId) -> Resident<'_> {
        let placement = self.cluster.placement(task);
        let lie = match self.cluster.numa_span(task) {
            None => Lie::On(placement.numa.0.trailing_zeros() as usize),
            Some(amounts) => Lie::Spread(Box::new(spread(placement, amounts))),
        };
        let behaviour = self.behaviour(task);
        Resident {
            task,
            usage: self.current_use(task),
            placement,
            behaviour,
            lie,
            cpu_part: 1.0,
            slowdown: 1.0,
        }
    }

    /// By how much its quota slows a task that wants more.
    fn throttled(&self, task: TaskId, quota: f64) -> f64 {
        let wanted = self.wanted_use(task).cpu_milli as f64;
        let may = quota * f64::from(self.shapes[self.workload.shape(task)].resources.cpu_milli);
        match wanted > may {
            true => slowdown_at_frequency(self.rules.cpu_bound.0, may / wanted),
            false => 1.0,
        }
    }

    fn share_cpu(&self, sharing: CpuSharing, host: HostId, residents: &mut [Resident<'_>]) {
        let capacity = f64::from(self.cluster.topology().physical(host).cpu_milli);
        if self.cluster.cpu_use(host) as f64 <= capacity {
            return;
        }
        let claim = |one: &Resident<'_>| {
            let request = f64::from(self.held(one.task).resources.cpu_milli);
            let weight = match sharing.weights {
                Weights::Request => request.max(1.0),
                Weights::Equal => 1.0,
                Weights::Priority => {
                    f64::from(2_u32.pow(self.shapes[self.workload.shape(one.task)].priority.min(30).into()))
                }
            };
            Claim { demand: one.usage.cpu_milli as f64, weight, quota: f64::INFINITY }
        };
        let claims: Vec<Claim> = residents.iter().map(claim).collect();
        let given = match sharing.rule {
            SharingRule::MaxMin => max_min(capacity, &claims),
            SharingRule::Proportional => proportional(capacity, &claims),
        };
        for ((one, claim), given) in residents.iter_mut().zip(&claims).zip(given) {
            if given < claim.demand {
                // What is given is no less than a part of what is there: nobody stands still.
                let part = (given / claim.demand).max(f64::MIN_POSITIVE);
                one.cpu_part = part;
                one.slowdown *= slowdown_at_frequency(self.rules.cpu_bound.0, part);
            }
        }
    }

    /// Devices that tasks share slow them by who else is on them.
    fn share_devices(&self, host: HostId, residents: &mut [Resident<'_>]) {
        let topology = self.cluster.topology();
        let (first, count) = topology.devices(host);
        let kinds = topology.device_kinds(first, count);
        let has_effect = |&kind: &u8| topology.kinds()[usize::from(kind)].sharing.has_effect();
        if !kinds.iter().any(has_effect) {
            return;
        }
        let mut slowed = vec![1.0_f64; residents.len()];
        let mut on_device: Vec<usize> = Vec::new();
        for (position, &kind) in kinds.iter().enumerate().take(MAX_DEVICES_PER_HOST) {
            let sharing = topology.kinds()[usize::from(kind)].sharing;
            if !sharing.has_effect() {
                continue;
            }
            let is_busy =
                |one: &Resident<'_>| one.placement.devices.has(position) && one.usage.device_milli_each > 0;
            on_device.clear();
            on_device.extend((0..residents.len()).filter(|&index| is_busy(&residents[index])));
            let held = |task| self.cluster.taken_of(kind, self.shapes[self.workload.shape(task)].devices);
            for (&index, slowdown) in
                on_device.iter().zip(on_one_device(sharing, residents, &on_device, held))
            {
                slowed[index] = slowed[index].max(slowdown);
            }
        }
        residents.iter_mut().zip(slowed).for_each(|(one, slowdown)| one.slowdown *= slowdown);
    }
}

/// What lies on each node as shares of the whole; memory lies where the cores are when there is none.
fn spread(placement: Placement, amounts: &[Resources]) -> (Shares, Shares) {
    let parts = |of: fn(&Resources) -> u32| {
        let sum: f64 = amounts.iter().map(|amount| f64::from(of(amount))).sum();
        (sum > 0.0).then(|| {
            let mut shares = [0.0; MAX_NUMA_NODES_PER_HOST];
            let of_nodes = placement.numa.iter().zip(amounts);
            of_nodes.for_each(|(node, amount)| shares[node] = f64::from(of(amount)) / sum);
            shares
        })
    };
    let (cores, memory) = (parts(|amount| amount.cpu_milli), parts(|amount| amount.memory_mib));
    let nowhere = [0.0; MAX_NUMA_NODES_PER_HOST];
    (cores.or(memory).unwrap_or(nowhere), memory.or(cores).unwrap_or(nowhere))
}

/// Accesses to other nodes take longer, and links and the memory of a node carry only so much.
fn distant_memory(memory: &NumaMemory, nodes: usize, residents: &mut [Resident<'_>]) {
    let (mut to_node, mut between_sockets) = ([0.0; MAX_NUMA_NODES_PER_HOST], 0.0);
    for one in residents.iter() {
        let traffic = one.traffic();
        for (node, sum) in to_node.iter_mut().enumerate().take(nodes) {
            *sum += traffic * one.lie.memory_on(node);
        }
        between_sockets += traffic * one.lie.remote_share(memory, nodes);
    }
    let link = bandwidth_slowdown(between_sockets, memory.remote_gb_per_second);
    let crowded = to_node.map(|needed| bandwidth_slowdown(needed, memory.local_gb_per_second));
    for one in residents {
        // Shares that add up to almost 1 make nothing nearer than local; who has neither cores nor memory is nowhere.
        let relative = one.lie.relative_latency(memory, nodes).max(1.0);
        let mut slowdown = latency_slowdown(one.behaviour.memory_bound, relative);
        if one.traffic() > 0.0 {
            let used = (0..nodes).filter(|&node| one.lie.memory_on(node) > 0.0);
            slowdown = used.map(|node| crowded[node]).fold(slowdown, f64::max);
        }
        if one.lie.remote_share(memory, nodes) > 0.0 {
            slowdown = slowdown.max(link);
        }
        one.slowdown *= slowdown;
    }
}

/// By how much each of those on one device is slowed by the others, in their order.
fn on_one_device(
    sharing: Sharing,
    residents: &[Resident<'_>],
    busy: &[usize],
    held: impl Fn(TaskId) -> u16,
) -> Vec<f64> {
    let used = |index: usize| f64::from(residents[index].usage.device_milli_each) / f64::from(WHOLE_DEVICE);
    match sharing {
        Sharing::TimeSlicing { switching_loss } => {
            let there = if busy.len() > 1 { 1.0 - switching_loss } else { 1.0 };
            let claim = |&index: &usize| Claim { demand: used(index), weight: 1.0, quota: f64::INFINITY };
            let claims: Vec<Claim> = busy.iter().map(claim).collect();
            let given = max_min(there, &claims);
            claims.iter().zip(given).map(|(claim, given)| (claim.demand / given).max(1.0)).collect()
        }
        Sharing::Spatial { neighbour_cost } => {
            let demand = |&index: &usize| -> Demand {
                residents[index].behaviour.device_demand.map(|part| part * used(index))
            };
            let demands: Vec<Demand> = busy.iter().map(demand).collect();
            vec![spatial_slowdown_of(&demands, neighbour_cost); busy.len()]
        }
        Sharing::Mig { .. } => {
            let slowdown = |&index: &usize| {
                let [compute, bandwidth, ..] = residents[index].behaviour.device_demand;
                let used = residents[index].usage.device_milli_each.min(u32::from(WHOLE_DEVICE));
                let share = used as f64 / f64::from(WHOLE_DEVICE);
                // What it would keep busy of a whole device, against what its part has of it.
                let part = Profile::smallest(held(residents[index].task));
                1.0 / part.throughput(share * compute, share * bandwidth)
            };
            busy.iter().map(slowdown).collect()
        }
        Sharing::Whole | Sharing::Parts | Sharing::Regions { .. } => vec![1.0; busy.len()],
    }
}

/// Devices that are far from each other, or from the cores.
fn apart(
    interconnect: &Interconnect,
    memory: Option<&NumaMemory>,
    one: &Resident<'_>,
    node_of: impl Fn(usize) -> u8,
) -> f64 {
    let devices = one.placement.devices;
    if devices.is_empty() {
        return 1.0;
    }
    let slowest = interconnect.slowest_gb_per_second(devices, &node_of);
    let exchange = slowest.map_or(1.0, |slowest| {
        exchange_slowdown(one.behaviour.exchange, interconnect.best_gb_per_second(), slowest)
    });
    let is_near = |node: usize, device: usize| {
        memory.map_or(node == device, |memory| memory.is_one_socket(node, device))
    };
    let across = |position: usize| {
        let device = usize::from(node_of(position));
        let far = (0..MAX_NUMA_NODES_PER_HOST).filter(|&node| !is_near(node, device));
        far.map(|node| one.lie.cores_on(node)).sum::<f64>()
    };
    let mean = devices.iter().map(across).sum::<f64>() / f64::from(devices.count());
    let [.., transfer] = one.behaviour.device_demand;
    exchange * transfer_slowdown(transfer, mean)
}

#[cfg(test)]
mod tests {
    use crate::effects::Behaviours;
    use crate::models::behaviour::Behaviour;
    use crate::models::topology_manager::TopologyManager;
    use crate::rules::{NumaSplit, Rules, TurnedAway};
    use crate::testing::{self, Story};

    fn behaving(name: &str) -> Rules {
        let behaviour = Behaviour::preset(name).expect("a preset");
        Rules { behaviours: Behaviours::of_one(behaviour), ..Rules::default() }
    }

    /// When each task ends, in seconds, in the order in which they do, under first fit.
    fn ends(cluster: &str, work: &str, rules: Rules) -> Vec<f64> {
        let mut engine = testing::engine_with(cluster, work, rules);
        let mut ends = Ends::default();
        testing::run_first_fit(&mut engine, &mut ends);
        engine.assert_consistent();
        ends.0
    }

    #[derive(Default)]
    struct Ends(Vec<f64>);

    impl crate::observe::Observer for Ends {
        fn on_event(&mut self, event: &crate::event::Event, _: crate::view::ClusterView<'_>) {
            if let crate::event::EventKind::TaskFinished { .. } = event.kind {
                self.0.push(event.time.seconds());
            }
        }
    }

    /// Four cores are given out twice. The first is alone for 5 s, then both get half: 5 s of work in 10 s. The second has then
    /// done 5 s and is alone for the rest.
    #[test]
    fn who_shares_a_cpu_takes_as_long_as_it_is_short() {
        let work = "at 0 cpu 4 work 10 | at 5 cpu 4 work 10";
        assert_eq!(ends("cpu 8 physical 4 slow cpu", work, Rules::default()), [15.0, 20.0]);
        assert_eq!(ends("cpu 8 physical 4", work, Rules::default()), [10.0, 15.0], "without the effect");
    }

    /// Weights are what was asked for: of four cores, six and two get three and one, and both are half as fast; who uses little
    /// is not slowed.
    #[test]
    fn models_4_2_slowdown_flows_into_run_times() {
        let work = "at 0 cpu 6 work 10 | at 0 cpu 2 work 10";
        assert_eq!(ends("cpu 8 physical 4 slow cpu", work, Rules::default()), [20.0, 20.0]);
        let work = "at 0 cpu 4 work 10 use 0:25 | at 0 cpu 4 work 9";
        assert_eq!(
            ends("cpu 8 physical 4 slow cpu", work, Rules::default()),
            [10.0, 11.5],
            "1 and 3 of 4 cores"
        );
    }

    /// A quota of half of the request: whoever uses all of it takes twice as long, on any host; three quarters of that time
    /// waits for the cpu: 1 / (0.75 * 2 + 0.25).
    #[test]
    fn models_4_2_a_quota_holds_back_whoever_wants_more() {
        let rules = Rules { cpu_quota: Some(0.5), ..Rules::default() };
        let work = "at 0 cpu 2 work 10 | at 0 cpu 2 work 12 use 0:40";
        assert_eq!(ends("cpu 4", work, rules), [12.0, 20.0]);
        let rules = Rules { cpu_bound: crate::rules::CpuBound(0.75), ..rules };
        assert_eq!(ends("cpu 4", "at 0 cpu 2 work 8", rules), [14.0]);
    }

    /// Eight cores on one node and four on the other, memory with the cores: 4/9 of the accesses are remote, 1.5998 times as
    /// far; 20 % of the time waits for memory: 1 + 0.2 * 4/9 * 0.5998.
    #[test]
    fn models_3_2_a_task_that_spans_nodes_takes_longer() {
        let got = ends("cpu 16 numa 2 slow numa", "at 0 cpu 12 work 1000", behaving("general"));
        let expected = 1000.0 * (1.0 + 0.2 * 4.0 / 9.0 * (142.7 / 89.2 - 1.0));
        assert!((got[0] - expected).abs() < 2e-6, "{got:?} is not {expected}");
        assert_eq!(ends("cpu 16 numa 2 slow numa", "at 0 cpu 8 work 9", behaving("general")), [9.0]);
    }

    /// 100 busy cores on each of two nodes at 3 GB/s: 300 GB/s of memory that carries 175.7.
    #[test]
    fn models_3_2_the_memory_of_a_node_carries_only_so_much() {
        let got = ends(
            "cpu 200 numa 2 slow numa",
            "at 0 cpu 100 work 1757 | at 0 cpu 100 work 1757",
            behaving("graph"),
        );
        assert!(got.iter().all(|end| (end - 3000.0).abs() < 2e-6), "{got:?}");
    }

    #[test]
    fn a_host_of_a_faster_generation_takes_less_time() {
        let work = "at 0 cpu 2 work 10 | at 0 cpu 1 work 10";
        assert_eq!(ends("cpu 2 speed 1.25 | cpu 1", work, Rules::default()), [8.0, 10.0]);
    }

    /// 5 %, 5 % of the time in walks that take 1.5 times as long, 500 operations a second of 2.5 exits of 1.5 us.
    #[test]
    fn models_4_1_a_guest_takes_longer() {
        let got = ends("cpu 4 slow guest", "at 0 cpu 4 work 1000", behaving("general"));
        assert!((got[0] - 1076.875).abs() < 2e-6, "{got:?}");
    }

    /// 150 MiB in use of 100: a third misses; 10,000 pages a second of 100 us: 1 + 1/3.
    #[test]
    fn models_4_3_memory_that_is_short_slows_everybody() {
        let work = "at 0 cpu 1 memory 100 work 30 use 0:150";
        let got = ends("cpu 4 memory 100 slow memory", work, behaving("general"));
        assert!((got[0] - 40.0).abs() < 2e-6, "{got:?}");
        assert_eq!(ends("cpu 4 memory 100 slow memory", work, behaving("computing")), [30.0]);
    }

    /// Two halves of a device that loses 4 % to switching: each gets 0.48. Then one of them is alone.
    #[test]
    fn models_2_4_turns_are_taken() {
        let work = "at 0 share 500 work 48 | at 0 share 500 work 96";
        assert_eq!(ends("cpu 4 gpus 1 sharing turns", work, Rules::default()), [50.0, 98.0]);
    }

    /// Two parts of 0.6 and 0.4, all of it for computing, and a neighbour each: 1 + 0.03.
    #[test]
    fn models_2_4_who_runs_at_once_contends() {
        let work = "at 0 share 600 work 100 | at 0 share 400 work 100";
        assert_eq!(ends("gpus 1 sharing spatial", work, behaving("computing")), [103.0, 103.0]);
    }

    /// 0.5 of a device needs 4 of 7 slices, which have half of the bandwidth: enough for work that uses bandwidth as it
    /// computes, and whoever comes first waits 10 s for the part to be made; the next one finds it.
    #[test]
    fn models_2_3_parts_are_made_once() {
        let work = "at 0 share 500 work 10 | at 50 share 500 work 10 | at 100 gpus 1 work 10";
        assert_eq!(ends("gpus 1 sharing mig", work, behaving("computing")), [20.0, 60.0, 120.0]);
    }

    /// A 3g has 3/7 of the computing, of which 0.42 are wanted; and 4/8 of the bandwidth.
    #[test]
    fn models_2_3_seven_tasks_on_seven_slices() {
        let work = ["at 0 share 142 work 10"; 8].join(" | ");
        assert_eq!(ends("gpus 1 sharing mig", &work, behaving("computing"))[..7], [20.0; 7]);
        assert_eq!(
            ends("gpus 1 sharing mig", &work, behaving("computing"))[7],
            30.0,
            "there are seven slices"
        );
    }

    /// Memory of 160 MiB is given out: two tasks of 64 fit, a third waits though half of the device is idle.
    #[test]
    fn models_2_memory_of_a_device_is_a_resource_of_its_own() {
        let work = "at 0 share 100 vram 64 work 10 | at 0 share 100 vram 64 work 20 | at 0 share 100 vram 64 work 30";
        assert_eq!(ends("gpus 1 vram 160", work, Rules::default()), [10.0, 20.0, 40.0]);
        assert_eq!(ends("gpus 1", work, Rules::default()), [10.0, 20.0, 30.0], "where no memory is stated");
    }

    /// Given out twice, and half of it is touched: four fit, but whoever touches all of it finds no room.
    #[test]
    fn models_2_memory_that_is_given_out_twice_runs_out() {
        let story = |touched| {
            let behaviour = Behaviour { device_memory_touched: [touched; 2], ..Behaviour::default() };
            let rules = Rules { behaviours: Behaviours::of_one(behaviour), ..Rules::default() };
            let mut story = Story::default();
            let work = ["at 0 share 100 vram 64 work 10"; 4].join(" | ");
            let mut engine = testing::engine_with("gpus 1 vram 160 given 320", &work, rules);
            testing::run_first_fit(&mut engine, &mut story);
            story.0.into_iter().filter(|line| line.contains("memory")).collect::<Vec<_>>()
        };
        assert_eq!(story(0.5), Vec::<String>::new());
        // Two of 64 fit into 160. The third is asked about again when one has ended, the fourth behind it.
        assert_eq!(story(1.0)[0], "0: task 2 ran out of memory on host 0");
    }

    /// 0.1 of the computing needs one slice, but 50 of 80 pages of memory only the whole has.
    #[test]
    fn models_2_3_memory_asks_for_a_larger_part() {
        let work = "at 0 share 100 vram 800 work 10 | at 1 share 100 work 10";
        assert_eq!(ends("gpus 1 sharing mig vram 1280", work, behaving("computing")), [20.0, 40.0]);
        let work = "at 0 share 100 vram 640 work 10 | at 1 share 100 work 10";
        assert_eq!(ends("gpus 1 sharing mig vram 1280", work, behaving("computing")), [20.0, 21.0]);
    }

    /// 142 thousandths of the bandwidth are wanted for inference, of which a slice has an eighth: 0.142 / 0.125. With memory that
    /// only the whole has, nothing is short.
    #[test]
    fn models_2_3_the_part_that_is_held_counts() {
        let slice =
            ends("gpus 1 sharing mig vram 1280", "at 0 share 142 vram 160 work 1000", behaving("inference"));
        assert!((slice[0] - 10.0 - 1136.0).abs() < 1e-3, "{slice:?}");
        let whole =
            ends("gpus 1 sharing mig vram 1280", "at 0 share 142 vram 1280 work 1000", behaving("inference"));
        assert_eq!(whole, [1010.0]);
    }

    /// A device of 81,251 MiB: whoever asks for all of it gets it.
    #[test]
    fn models_2_all_of_a_memory_that_is_no_whole_number_of_pages() {
        assert_eq!(ends("gpus 1 vram 81251", "gpus 1 vram 81251 work 9", Rules::default()), [9.0]);
    }

    #[test]
    fn models_13_regions_are_made_ready_for_each() {
        let work = "at 0 share 100 work 10 | at 0 share 1000 work 10";
        assert_eq!(ends("gpus 1 sharing regions", work, behaving("computing")), [12.0, 24.0]);
    }

    /// Three devices, two on the first node: whoever has two of both nodes exchanges data over 0.6 of 25 GB/s. A fifth of the
    /// time: 1 + 0.2 * (1/0.6 - 1); and a tenth of the time moves data, half of it across: 1 + 0.1 * 0.5 * (1/0.6 - 1).
    #[test]
    fn models_3_4_devices_that_are_apart() {
        let hosts = "cpu 8 numa 2 gpus 3 slow links";
        let near = ends(hosts, "at 0 cpu 2 gpus 2 work 900", behaving("training"));
        assert_eq!(near, [900.0], "one switch, and the cores beside it");
        let apart = ends(hosts, "at 0 gpus 1 work 9000 | at 0 cpu 2 gpus 2 work 900", behaving("training"));
        let expected = 900.0 * (1.0 + 0.2 * (1.0 / 0.6 - 1.0)) * (1.0 + 0.1 * 0.5 * (1.0 / 0.6 - 1.0));
        assert!((apart[0] - expected).abs() < 2e-6, "{apart:?} is not {expected}");
    }

    /// A server of 2 x (40 cores, 90 MiB): a guest of (64, 128) is split and leaves (8, 26) twice. One of (16, 32), which is
    /// not split, finds no node though 16 cores and 52 MiB are free; (8, 26) fits, and so does (16, 52), split.
    #[test]
    fn models_3_3_large_guests_are_split_and_small_ones_are_not() {
        let starts = |second: &str, above_memory_mib| {
            let rules = Rules { numa_split: Some(NumaSplit { above_memory_mib }), ..Rules::default() };
            let work = format!("at 0 cpu 64 memory 128 work 9 | at 1 {second} work 9");
            let mut engine = testing::engine_with("cpu 80 memory 180 numa 2", &work, rules);
            let mut story = Story::default();
            testing::run_first_fit(&mut engine, &mut story);
            engine.assert_consistent();
            story.0.into_iter().find(|line| line.contains("task 1 started"))
        };
        let at = |second| Some(format!("{second}: task 1 started on host 0"));
        assert_eq!(starts("cpu 16 memory 32", 32), at(9), "when the first has gone");
        assert_eq!(starts("cpu 8 memory 26", 32), at(1));
        assert_eq!(starts("cpu 16 memory 52", 32), at(1), "split");
    }

    /// Three of four cores are taken on each of two nodes. Two cores cannot be aligned: they wait until something ends, or leave.
    #[test]
    fn models_3_3_who_cannot_be_aligned_is_turned_away() {
        let story = |topology_manager, turned_away| {
            let rules = Rules { topology_manager: Some(topology_manager), turned_away, ..Rules::default() };
            let mut story = Story::default();
            let work = "at 0 cpu 3 work 5 | at 0 cpu 3 work 9 | at 1 cpu 2 work 5";
            testing::run_first_fit(&mut testing::engine_with("cpu 8 numa 2", work, rules), &mut story);
            story.0.into_iter().skip(4).collect::<Vec<_>>()
        };
        let waits = [
            "1: task 2 came",
            "1: task 2 was turned away by host 0",
            "5: task 0 finished on host 0",
            "5: task 2 started on host 0",
        ];
        assert_eq!(story(TopologyManager::Restricted, TurnedAway::Waits)[..4], waits);
        let leaves = ["1: task 2 came", "1: task 2 was turned away by host 0", "1: task 2 left (Admission)"];
        assert_eq!(story(TopologyManager::SingleNumaNode, TurnedAway::Leaves)[..3], leaves);
        let admitted = ["1: task 2 came", "1: task 2 started on host 0"];
        assert_eq!(story(TopologyManager::BestEffort, TurnedAway::Leaves)[..2], admitted);
    }
}
