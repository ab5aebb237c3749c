//! One run from its beginning to its end. The same run gives the same record, wherever and whenever.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use environment::foresight;
use policies::Policy;
use policies::episode::{Counts, run_episode};
use results::{ByTenant, DominantShare, EnergyShare, MetricValue, RunRecord, SeriesPoint, Timing};
use sim::engine::Engine;
use sim::kernel::rng::Seed;
use sim::kernel::time::SimTime;
use sim::metrics::attribution::{Attributed, EnergyByTenant, Payer};
use sim::metrics::fairness::{self, DominantShares};
use sim::metrics::{Better, JOULES_PER_KWH, MetricSet};
use sim::observe::EventDigest;
use sim::view::ClusterView;

use crate::assets::Assets;
use crate::error::RunError;
use crate::memory::MemoryMeter;
use crate::plan::{Plan, Run, VERSION};
use crate::series::SeriesSampler;

/// What one run leaves behind.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was measured.
    pub record: RunRecord,
    /// The cluster over time.
    pub series: Vec<SeriesPoint>,
    /// What the wall clock says; the only part that differs from time to time.
    pub timing: Timing,
}

/// Runs a run; with a meter, its memory is measured too.
///
/// # Errors
/// When what it needs cannot be made, its scheduler cannot schedule this workload on this cluster, or the episode
/// ends before measuring begins.
pub fn evaluate(
    plan: &Plan,
    run: &Run,
    assets: &Assets<'_>,
    meter: Option<MemoryMeter>,
) -> Result<Outcome, RunError> {
    let policy_error = |source| RunError::Policy { run: run.title(), source: Box::new(source) };
    let begin = Instant::now();
    let workload = assets.workload(run)?;
    let topology = assets.topology(run)?;
    let prepare_seconds = begin.elapsed().as_secs_f64();
    let before = meter.map(MemoryMeter::begin);
    let mut scheduler = foresight::scheduler(&plan.schedulers[run.scheduler], run.backfilling, &workload)
        .map_err(policy_error)?;
    scheduler.check(&workload, &topology).map_err(policy_error)?;
    scheduler.reset(Seed(run.seed));
    let rules = assets.rules(run, &topology)?;
    let around = assets.around(run, &workload)?;
    let mut engine = Engine::new(topology, workload, rules);
    if let Some(around) = &around {
        engine = engine.with_surroundings(Arc::clone(&around.surroundings));
    }
    let mut metrics = MetricSet::over(run.window, engine.view());
    let mut digest = EventDigest::new();
    let mut sampler = SeriesSampler::new(plan.series_points, engine.view());
    let mut by_tenant = plan
        .by_tenant
        .then(|| (EnergyByTenant::new(run.window, engine.view()), DominantShares::new(run.window)));
    let begin = Instant::now();
    let mut observers = ((&mut metrics, &mut by_tenant), (&mut digest, &mut sampler));
    let counts = run_episode(&mut engine, &mut scheduler, &mut observers)
        .map_err(|source| RunError::Episode { run: run.title(), source: Box::new(source) })?;
    let wall_seconds = begin.elapsed().as_secs_f64();
    let end = engine.view().now();
    if let Some(around) = &around {
        around.check(&run.title(), end)?;
    }
    if run.window.begin != SimTime::ZERO && end <= run.window.begin {
        let (end_seconds, begin_seconds) = (end.seconds(), run.window.begin.seconds());
        return Err(RunError::NothingMeasured { run: run.title(), end_seconds, begin_seconds });
    }
    let has_carbon = engine.view().conditions().carbon_grams_per_kwh.is_some();
    let peak_memory_bytes = meter.zip(before).map(|(meter, before)| meter.peak_since(before));
    Ok(Outcome {
        record: RunRecord {
            id: run.id.clone(),
            experiment: plan.manifest.experiment.clone(),
            scenario: run.scenario.clone(),
            scheduler: run.scheduler_name.clone(),
            seed: run.seed,
            version: VERSION.to_owned(),
            config: run.config.clone(),
            digest: digest.hex(),
            events: counts.events,
            decisions: counts.decisions,
            metrics: metric_values(&metrics, engine.view()),
            by_tenant: by_tenant.map(|(energy, shares)| ByTenant {
                energy: energy_shares(&energy.finish(engine.view()), has_carbon),
                dominant_shares: dominant_shares(&shares.finish(engine.view())),
            }),
        },
        series: sampler.finish(engine.view()),
        timing: Timing {
            prepare_seconds: Some(prepare_seconds),
            peak_memory_bytes,
            ..timing(counts, wall_seconds)
        },
    })
}

fn metric_values(metrics: &MetricSet, view: ClusterView<'_>) -> BTreeMap<String, MetricValue> {
    let better = |better| match better {
        Better::Higher => results::Better::Higher,
        Better::Lower => results::Better::Lower,
        Better::Neither => results::Better::Neither,
    };
    let values = MetricSet::INFOS.iter().zip(metrics.values(view));
    let value = |(info, value): (&sim::metrics::MetricInfo, f64)| {
        (info.name.to_owned(), MetricValue { value, unit: info.unit.to_owned(), better: better(info.better) })
    };
    values.map(value).collect()
}

fn energy_shares(all: &[(Payer, Attributed)], has_carbon: bool) -> Vec<EnergyShare> {
    let share = |(payer, energy): &(Payer, Attributed)| EnergyShare {
        payer: match payer {
            Payer::Tenant(tenant) => results::Payer::Tenant(tenant.0),
            Payer::Idle => results::Payer::Idle,
            Payer::Boot => results::Payer::Boot,
        },
        it_kwh: energy.it_joules / JOULES_PER_KWH,
        facility_kwh: energy.facility_joules / JOULES_PER_KWH,
        carbon_kilograms: has_carbon.then_some(energy.carbon_grams / 1000.0),
    };
    all.iter().map(share).collect()
}

fn dominant_shares(all: &[fairness::DominantShare]) -> Vec<DominantShare> {
    let share = |one: &fairness::DominantShare| DominantShare {
        tenant: one.tenant.0,
        resource: one.resource.to_owned(),
        share: one.share,
    };
    all.iter().map(share).collect()
}

fn timing(counts: Counts, wall_seconds: f64) -> Timing {
    // A clock that stood still must not make a rate infinite.
    let seconds = wall_seconds.max(1e-9);
    Timing {
        wall_seconds,
        decisions_per_second: counts.decisions as f64 / seconds,
        events_per_second: counts.events as f64 / seconds,
        prepare_seconds: None,
        peak_memory_bytes: None,
    }
}
