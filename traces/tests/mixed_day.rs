//! The promise of `mixed_cluster`: on the cluster it is meant for, GPUs are all but full at the peak, queues
//! form, and they drain.

use std::collections::BTreeSet;

use sim::kernel::ids::TaskId;
use sim::kernel::rng::Seed;
use sim::workload::{Demand, Workload};
use traces::generate::generate;

struct Host {
    kind: &'static str,
    cpu_milli: u32,
    memory_mib: u32,
    gpus: Vec<u16>,
}

/// 500 hosts without GPUs and 512 with 2048 of them: 1,012 hosts and 105,152 cores. Hosts of few GPUs stand
/// before those of many, or behind them.
fn cluster(few_first: bool) -> Vec<Host> {
    let mut rows = vec![("T4", 80, 512, 2, 256), ("V100M32", 96, 768, 4, 128), ("A100", 128, 1024, 8, 128)];
    if !few_first {
        rows.reverse();
    }
    rows.insert(0, ("", 112, 512, 0, 500));
    let host = |(kind, cores, gib, gpus, _): (&'static str, u32, u32, usize, usize)| Host {
        kind,
        cpu_milli: 1000 * cores,
        memory_mib: 1024 * gib,
        gpus: vec![1000; gpus],
    };
    rows.into_iter().flat_map(|row| (0..row.4).map(move |_| host(row))).collect()
}

impl Host {
    /// Takes what is asked for; says which GPUs, or nothing when it does not fit.
    fn take(&mut self, demand: &Demand) -> Option<Vec<usize>> {
        if self.cpu_milli < demand.cpu_milli || self.memory_mib < demand.memory_mib {
            return None;
        }
        let mut chosen = Vec::new();
        if let Some(devices) = &demand.devices {
            if !devices.kinds.is_empty() && !devices.kinds.iter().any(|kind| kind == self.kind) {
                return None;
            }
            let mut usable: Vec<usize> = (0..self.gpus.len()).collect();
            usable.retain(|&gpu| self.gpus[gpu] >= devices.milli_each);
            usable.sort_by_key(|&gpu| self.gpus[gpu]);
            chosen.extend(usable.get(..usize::from(devices.count))?);
            chosen.iter().for_each(|&gpu| self.gpus[gpu] -= devices.milli_each);
        }
        self.cpu_milli -= demand.cpu_milli;
        self.memory_mib -= demand.memory_mib;
        Some(chosen)
    }

    fn give_back(&mut self, demand: &Demand, gpus: &[usize]) {
        self.cpu_milli += demand.cpu_milli;
        self.memory_mib += demand.memory_mib;
        let each = demand.devices.as_ref().map_or(0, |devices| devices.milli_each);
        gpus.iter().for_each(|&gpu| self.gpus[gpu] += each);
    }
}

/// What a day of first fit came to.
#[derive(Debug)]
struct Day {
    /// Share of the tasks that waited for more than a minute.
    waited: f64,
    /// The most GPUs taken at once, as a share.
    peak: f64,
    /// When the queue was last not empty.
    drained_at_hours: f64,
}

impl Day {
    /// First come, first served, on the first host with room, past those that do not fit. The tasks of a
    /// gang are placed one by one here.
    fn of_first_fit(workload: &Workload, mut hosts: Vec<Host>) -> Self {
        let total: usize = hosts.iter().map(|host| host.gpus.len()).sum();
        let mut running: BTreeSet<(u64, TaskId)> = BTreeSet::new();
        let mut places: Vec<(usize, Vec<usize>)> = vec![(0, Vec::new()); workload.task_count()];
        let mut waiting: Vec<TaskId> = Vec::new();
        let mut arrivals = workload.tasks().peekable();
        let mut day = Self { waited: 0.0, peak: 0.0, drained_at_hours: 0.0 };
        loop {
            let arrival = arrivals.peek().map(|&task| workload.submit(task).0);
            let end = running.first().map(|&(end, _)| end);
            let Some(now) = arrival.into_iter().chain(end).min() else { break };
            while let Some(&(end, task)) = running.first().filter(|&&(end, _)| end == now) {
                running.remove(&(end, task));
                let (host, gpus) = &places[task.0 as usize];
                hosts[*host].give_back(workload.demand(task), gpus);
            }
            // Without anything given back, only what has just come can fit.
            let known = if end == Some(now) { 0 } else { waiting.len() };
            while let Some(task) = arrivals.next_if(|&task| workload.submit(task).0 == now) {
                waiting.push(task);
            }
            // Equal demands fit or fail alike.
            let mut failed = BTreeSet::new();
            for task in waiting.split_off(known) {
                let demand = workload.demand(task);
                let mut fitting = hosts
                    .iter_mut()
                    .enumerate()
                    .filter_map(|(index, host)| Some((index, host.take(demand)?)));
                let place = if failed.contains(&workload.shape(task)) { None } else { fitting.next() };
                if let Some(place) = place {
                    places[task.0 as usize] = place;
                    running.insert((now + workload.work(task).0, task));
                    day.waited += f64::from(u8::from(now - workload.submit(task).0 > 60_000_000));
                } else {
                    failed.insert(workload.shape(task));
                    waiting.push(task);
                }
            }
            if !waiting.is_empty() {
                day.drained_at_hours = now as f64 / 3.6e9;
            }
            let free: u64 = hosts.iter().flat_map(|host| &host.gpus).map(|&free| u64::from(free)).sum();
            day.peak = day.peak.max(1.0 - free as f64 / 1000.0 / total as f64);
        }
        assert!(waiting.is_empty(), "{} tasks can never run", waiting.len());
        day.waited /= workload.task_count() as f64;
        day
    }
}

#[test]
fn the_cluster_is_nearly_full_at_the_peak_queues_form_and_drain() {
    let workload = generate("mixed_cluster", toml::Table::new(), Seed(0)).expect("possible");
    // Filling the hosts with many GPUs last keeps them whole for those who need them; filling them first
    // makes large jobs wait while GPUs idle. That the order tells is what the workload is for.
    let careful = Day::of_first_fit(&workload, cluster(true));
    let careless = Day::of_first_fit(&workload, cluster(false));
    let told = format!("{careful:?}, {careless:?}");
    assert!((0.75..=0.96).contains(&careful.peak) && careless.peak < careful.peak, "{told}");
    assert!((0.001..0.05).contains(&careful.waited), "{told}");
    assert!((0.01..0.10).contains(&careless.waited), "{told}");
    assert!(careful.drained_at_hours < 30.0 && careless.drained_at_hours < 48.0, "{told}");
}
