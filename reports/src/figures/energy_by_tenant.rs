//! Who was behind the energy of the facility.

use super::stack_panel::{Bar, StackPanel};
use super::{Drawing, Scene, palette};
use crate::error::ReportError;
use results::{EnergyShare, Payer};
use std::collections::BTreeMap;

pub(super) const TITLE: &str = "Who was behind the energy";
pub(super) const CAPTION: &str = "Means over seeds, losses and cooling included. Power above idle goes by use, idle power by \
    what is reserved, and what nobody reserves is idle; sleep and boot go apart. This is one rule of several that are \
    possible. The tenants with most are shown, the others together.";

/// So many tenants are told apart.
const TENANTS: usize = 6;

pub(super) fn draw(scene: &Scene<'_>) -> Result<Drawing, ReportError> {
    let schedulers = &scene.scenario.schedulers;
    let shares: Vec<(&String, BTreeMap<Payer, f64>)> =
        schedulers.iter().filter_map(|scheduler| Some((scheduler, means(scene, scheduler)?))).collect();
    if shares.is_empty() {
        return Drawing::nothing("the config does not ask for it with `by_tenant = true`");
    }
    let mut of_tenant: BTreeMap<u32, f64> = BTreeMap::new();
    for (payer, kwh) in shares.iter().flat_map(|(_, shares)| shares) {
        if let Payer::Tenant(tenant) = payer {
            *of_tenant.entry(*tenant).or_default() += kwh;
        }
    }
    let mut largest: Vec<u32> = of_tenant.keys().copied().collect();
    // The sort is stable: of equals the lower number stays first.
    largest.sort_by(|one, other| of_tenant[other].total_cmp(&of_tenant[one]));
    largest.truncate(TENANTS);
    let mut parts: Vec<_> = largest
        .iter()
        .enumerate()
        .map(|(place, tenant)| (format!("tenant {tenant}"), palette::part(place)))
        .collect();
    let other_count = of_tenant.len() - largest.len();
    parts.push((format!("{other_count} other tenants"), palette::nobody(1)));
    parts.extend([("idle".to_owned(), palette::nobody(0)), ("sleep and boot".to_owned(), palette::nobody(2))]);
    let bars = shares.into_iter().map(|(scheduler, shares)| {
        let of = |payer| shares.get(&payer).copied().unwrap_or(0.0);
        let mut values: Vec<f64> = largest.iter().map(|tenant| of(Payer::Tenant(*tenant))).collect();
        let is_other =
            |payer: &Payer| matches!(payer, Payer::Tenant(tenant) if !largest.contains(tenant));
        // Sums start at +0: without others it is no -0.
        values.push(shares.iter().filter(|(payer, _)| is_other(payer)).fold(0.0, |sum, (_, kwh)| sum + kwh));
        values.extend([of(Payer::Idle), of(Payer::Boot)]);
        Bar { scheduler: scheduler.clone(), values }
    });
    let bars = bars.collect();
    StackPanel { axis_title: "energy of the facility (kWh)".to_owned(), unit: "kWh", parts, bars }.draw()
}

/// The mean energy of each over the seeds that have ended; nothing where none says it.
fn means(scene: &Scene<'_>, scheduler: &str) -> Option<BTreeMap<Payer, f64>> {
    let records = scene.results.runs.iter().map(|run| &run.record);
    let of_scheduler = records.filter(|record| {
        record.scenario == scene.scenario.scenario && record.scheduler == scheduler
    });
    let runs: Vec<&[EnergyShare]> =
        of_scheduler.filter_map(|record| record.by_tenant.as_ref().map(|by_tenant| by_tenant.energy.as_slice())).collect();
    let mut means = BTreeMap::new();
    for share in runs.iter().copied().flatten() {
        *means.entry(share.payer).or_default() += share.facility_kwh / runs.len() as f64;
    }
    (!runs.is_empty()).then_some(means)
}
