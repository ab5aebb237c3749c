//! The digest of a workload: equal content, equal digest, however it is stored.

use sim::workload::{Demand, DeviceDemand, UsePoint, Workload};
use xxhash_rust::xxh3::Xxh3;

use super::table::class_code;

/// XXH3-128 over everything a workload states, in one fixed order, as 32 hexadecimal digits.
///
/// Numbers enter as little-endian bytes, lists and texts behind their length, jobs and tasks in order.
pub fn digest(workload: &Workload) -> String {
    let mut hasher = Hasher { state: Xxh3::new(), buffer: Vec::with_capacity(FLUSH_AT + 1024) };
    hasher.text("rackwright workload 1");
    hasher.number(workload.origin().0);
    hasher.number(workload.job_count() as u64);
    for job in workload.jobs() {
        hasher.number(workload.job_submit(job).0);
        hasher.number(u64::from(workload.tenant(job).0));
        hasher.number(u64::from(workload.is_gang(job)));
        hasher.number(workload.job_tasks(job).len() as u64);
        for task in workload.job_tasks(job) {
            hasher.demand(workload.demand(task));
            hasher.number(workload.work(task).0);
            hasher.number(workload.estimate(task).map_or(u64::MAX, |estimate| estimate.0));
            hasher.number(workload.patience(task).map_or(u64::MAX, |patience| patience.0));
            hasher.number(u64::from(workload.is_censored(task)));
            hasher.usage(workload.usage(task));
            hasher.text(workload.name(task).unwrap_or_default());
            hasher.flush_when_full();
        }
    }
    let is_named = workload.tasks().next().is_some_and(|task| workload.name(task).is_some());
    hasher.number(u64::from(is_named));
    hasher.number(workload.mix().len() as u64);
    for entry in workload.mix() {
        hasher.demand(&entry.demand);
        hasher.number(entry.share.to_bits());
        hasher.flush_when_full();
    }
    // What few sources tell is content only where it is told: the digests of all others stay what they were.
    if workload.is_recorded() {
        hasher.text("recorded");
        for task in workload.tasks() {
            hasher.number(workload.recorded_start(task).map_or(u64::MAX, |start| start.0));
            hasher.text(workload.recorded_host(task).unwrap_or_default());
            hasher.flush_when_full();
        }
    }
    if !workload.dependencies().is_empty() {
        hasher.text("follows");
        for &(task, on) in workload.dependencies() {
            hasher.number(u64::from(task.0) << 32 | u64::from(on.0));
            hasher.flush_when_full();
        }
    }
    hasher.finish()
}

const FLUSH_AT: usize = 16 * 1024;

struct Hasher {
    state: Xxh3,
    /// Collects small numbers, which one by one would cost more than the hashing.
    buffer: Vec<u8>,
}

impl Hasher {
    fn number(&mut self, value: u64) {
        self.buffer.extend_from_slice(&value.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.buffer.extend_from_slice(text.as_bytes());
    }

    fn texts(&mut self, texts: &[String]) {
        self.number(texts.len() as u64);
        texts.iter().for_each(|text| self.text(text));
    }

    fn demand(&mut self, demand: &Demand) {
        let Demand { cpu_milli, memory_mib, devices, features, priority } = demand;
        self.number(u64::from(*cpu_milli));
        self.number(u64::from(*memory_mib));
        self.number(u64::from(class_code(devices.as_ref())));
        if let Some(DeviceDemand { count, milli_each, memory_mib_each, kinds, .. }) = devices {
            self.number(u64::from(*count));
            self.number(u64::from(*milli_each));
            self.texts(kinds);
            // What is not stated leaves no mark: workloads keep their digests as more can be stated.
            if *memory_mib_each > 0 {
                self.number(u64::MAX);
                self.number(u64::from(*memory_mib_each));
            }
        }
        self.texts(features);
        self.number(u64::from(*priority));
    }

    fn usage(&mut self, points: &[UsePoint]) {
        self.number(points.len() as u64);
        for point in points {
            self.number(point.start.0);
            for fraction in [point.cpu, point.memory, point.devices] {
                self.number(u64::from(fraction.to_bits()));
            }
        }
    }

    fn flush_when_full(&mut self) {
        if self.buffer.len() >= FLUSH_AT {
            self.state.update(&self.buffer);
            self.buffer.clear();
        }
    }

    fn finish(mut self) -> String {
        self.state.update(&self.buffer);
        format!("{:032x}", self.state.digest128())
    }
}
