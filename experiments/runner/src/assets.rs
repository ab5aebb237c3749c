//! What runs share: topologies and workloads, made once and kept for as long as a run may need them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use sim::kernel::rng::Seed;
use sim::models::facility::Facility;
use sim::rules::Rules;
use sim::topology::Topology;
use sim::workload::Workload;
use traces::transform::{self, Transform};

use crate::cluster;
use crate::config::{HostOrder, Source};
use crate::error::RunError;
use crate::plan::{Plan, PlannedWorkload, Run};
use crate::surroundings::{Around, Sources};

/// Makes a value once; whoever comes meanwhile waits for it.
#[derive(Debug)]
struct Slot<T>(Mutex<Option<Arc<T>>>);

impl<T> Slot<T> {
    fn empty() -> Self {
        Self(Mutex::new(None))
    }

    fn get_or_make(&self, make: impl FnOnce() -> Result<Arc<T>, RunError>) -> Result<Arc<T>, RunError> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = &*slot {
            return Ok(Arc::clone(made));
        }
        let made = make()?;
        *slot = Some(Arc::clone(&made));
        Ok(made)
    }
}

/// A workload of one seed, and how many runs still need it.
#[derive(Debug)]
struct OfSeed {
    slot: Arc<Slot<Workload>>,
    runs_left: usize,
}

/// Topologies and workloads of a plan.
#[derive(Debug)]
pub struct Assets<'a> {
    plan: &'a Plan,
    topologies: Vec<Slot<Topology>>,
    /// What is around, with its files read.
    surroundings: Vec<Slot<Sources>>,
    /// What is the same for all seeds.
    sources: Vec<Slot<Workload>>,
    /// What differs, by workload and seed.
    of_seed: Mutex<BTreeMap<(usize, u64), OfSeed>>,
}

impl<'a> Assets<'a> {
    /// What these runs of the plan need; nothing is made yet.
    pub fn new<'r>(plan: &'a Plan, runs: impl IntoIterator<Item = &'r Run>) -> Self {
        let mut of_seed = BTreeMap::new();
        for run in runs {
            let entry = of_seed
                .entry((run.workload, run.seed))
                .or_insert_with(|| OfSeed { slot: Arc::new(Slot::empty()), runs_left: 0 });
            entry.runs_left += 1;
        }
        Self {
            plan,
            topologies: plan.clusters.iter().map(|_| Slot::empty()).collect(),
            surroundings: plan.surroundings.iter().map(|_| Slot::empty()).collect(),
            sources: plan.workloads.iter().map(|_| Slot::empty()).collect(),
            of_seed: Mutex::new(of_seed),
        }
    }

    /// The topology of a run.
    ///
    /// # Errors
    /// When it cannot be built.
    pub fn topology(&self, run: &Run) -> Result<Arc<Topology>, RunError> {
        let planned = &self.plan.clusters[run.cluster];
        let is_shuffled = planned.config.host_order == HostOrder::Shuffled;
        // Of shuffled hosts, others are the first ones for each seed.
        let limit = |topology: Topology| match planned.config.host_limit {
            None => Ok(Arc::new(topology)),
            Some(count) => topology
                .first(count as usize)
                .map(Arc::new)
                .map_err(|source| RunError::Topology { cluster: planned.name.clone(), source }),
        };
        let listed = self.topologies[run.cluster].get_or_make(|| {
            let made = cluster::topology(&planned.name, &planned.config, planned.nodes.as_deref())?;
            if is_shuffled { Ok(Arc::new(made)) } else { limit(made) }
        })?;
        match is_shuffled {
            false => Ok(listed),
            true => limit(listed.shuffled(&mut Seed(run.seed).stream("hosts"))),
        }
    }

    /// The rules of a run on its topology.
    ///
    /// # Errors
    /// When the building is not made for what its hosts draw.
    pub fn rules(&self, run: &Run, topology: &Topology) -> Result<Rules, RunError> {
        let Some(facility) = &run.facility else { return Ok(run.rules) };
        let full_watts = cluster::Summary::of(topology).full_watts;
        if let Some(rated_watts) = facility.rated_watts.filter(|&rated| rated < full_watts) {
            return Err(RunError::Facility { run: run.title(), rated_watts, full_watts });
        }
        let electrical = facility.electrical(topology.host_count(), full_watts);
        Ok(Rules { facility: Facility::Electrical(electrical), ..run.rules })
    }

    /// What is around the datacenter of a run, as far as it is known; nothing where its rules say nothing.
    ///
    /// # Errors
    /// When a file cannot be read, or nothing is known of the beginning.
    pub fn around(&self, run: &Run, workload: &Workload) -> Result<Option<Around>, RunError> {
        let Some(index) = run.surroundings else { return Ok(None) };
        let read = || Sources::read(&self.plan.surroundings[index]).map(Arc::new);
        let sources = self.surroundings[index].get_or_make(read)?;
        let last = workload.jobs().next_back().map(|job| workload.job_submit(job)).unwrap_or_default();
        sources.around(&run.title(), last, run.rules.horizon).map(Some)
    }

    /// The workload of a run.
    ///
    /// # Errors
    /// When it cannot be read, made or transformed.
    pub fn workload(&self, run: &Run) -> Result<Arc<Workload>, RunError> {
        let planned = &self.plan.workloads[run.workload];
        let (of_all, of_seed) = planned.config.transforms.split_at(first_of_seed(planned));
        let make_source =
            |seed| source(planned, Seed(seed)).and_then(|made| transformed(made, planned, of_all, seed));
        if !is_of_seed(planned) {
            return self.sources[run.workload].get_or_make(|| make_source(run.seed));
        }
        self.slot_of(run).get_or_make(|| {
            let made = match planned.config.source {
                Source::Generator { .. } => make_source(run.seed)?,
                _ => self.sources[run.workload].get_or_make(|| make_source(run.seed))?,
            };
            transformed(made, planned, of_seed, run.seed)
        })
    }

    fn slot_of(&self, run: &Run) -> Arc<Slot<Workload>> {
        let mut of_seed = self.of_seed.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (run.workload, run.seed);
        let entry =
            of_seed.entry(key).or_insert_with(|| OfSeed { slot: Arc::new(Slot::empty()), runs_left: 1 });
        Arc::clone(&entry.slot)
    }

    /// Tells that a run has ended: what only it needed is dropped.
    pub fn release(&self, run: &Run) {
        let mut of_seed = self.of_seed.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (run.workload, run.seed);
        if let Some(entry) = of_seed.get_mut(&key) {
            entry.runs_left = entry.runs_left.saturating_sub(1);
            if entry.runs_left == 0 {
                of_seed.remove(&key);
            }
        }
    }
}

/// True when a workload is another one for each seed.
pub(crate) fn is_of_seed(workload: &PlannedWorkload) -> bool {
    matches!(workload.config.source, Source::Generator { .. })
        || first_of_seed(workload) < workload.config.transforms.len()
}

/// Index of the first transform that differs by seed: what stands before it is done once for all.
fn first_of_seed(workload: &PlannedWorkload) -> usize {
    let transforms = &workload.config.transforms;
    transforms.iter().position(Transform::is_of_seed).unwrap_or(transforms.len())
}

pub(crate) fn source(planned: &PlannedWorkload, seed: Seed) -> Result<Arc<Workload>, RunError> {
    let workload = || planned.name.clone();
    let path = || planned.path.as_deref().expect("the plan resolved the path of every file");
    let made = match &planned.config.source {
        Source::Importer { name, options, .. } => traces::import::import(name, path(), options.clone())
            .map(|(made, _)| made)
            .map_err(|source| RunError::Import { workload: workload(), source: Box::new(source) })?,
        Source::Canonical { .. } => traces::format::read(path())
            .map(|(made, _)| made)
            .map_err(|source| RunError::Canonical { workload: workload(), source: Box::new(source) })?,
        Source::Generator { name, options } => traces::generate::generate(name, options.clone(), seed)
            .map_err(|source| RunError::Generate { workload: workload(), source: Box::new(source) })?,
    };
    Ok(Arc::new(made))
}

pub(crate) fn transformed(
    mut made: Arc<Workload>,
    planned: &PlannedWorkload,
    transforms: &[Transform],
    seed: u64,
) -> Result<Arc<Workload>, RunError> {
    for one in transforms {
        let next = transform::apply(&made, one, Seed(seed))
            .map_err(|source| RunError::Transform { workload: planned.name.clone(), source })?;
        made = Arc::new(next);
    }
    Ok(made)
}
