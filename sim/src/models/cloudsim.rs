//! How CloudSim 3.0.3 shares the cpu of a host and computes its power in its PlanetLab examples (Beloglazov and Buyya,
//! CCPE 24(13), 2012): the arithmetic, in its order, because hosts are chosen there by the last bit of a sum.
//!
//! Amounts are thousandths of a core, which stand for the program's MIPS.

use crate::models::power::HostPower;

/// What is reserved of the speed of a task that is moved away from a host.
const OUTGOING: f64 = 0.9;
/// What a task that is on its way to a host gets there.
const INCOMING: f64 = 0.1;

/// How a task stands to a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It runs there and stays.
    Stays,
    /// It runs there and is moved away.
    Leaves,
    /// It is on its way there.
    Comes,
}

/// The outcome of [`share`] for a whole host.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Shared {
    /// What counts as used: what was given, of tasks that leave as if they stayed.
    pub used: f64,
    /// What was asked for.
    pub demanded: f64,
    /// What nobody took.
    pub free: f64,
}

/// Shares a host of `total`, of which one core gives `core`, among tasks that ask for so much each. What each gets replaces
/// the contents of `given`.
///
/// As long as all fits, each gets what it asks for, but no more than a core; of one that leaves nine tenths, of one that
/// comes a tenth. As soon as something does not fit, everyone gets the same share of that, cut to whole units.
pub fn share(total: f64, core: f64, tasks: &[(f64, Standing)], given: &mut Vec<f64>) -> Shared {
    given.clear();
    let mut free = total;
    let mut is_short = false;
    for &(asked, standing) in tasks {
        let capped = asked.min(core);
        let weight = if standing == Standing::Comes { capped * INCOMING } else { capped };
        if free >= weight && !is_short {
            given.push(part(capped, standing));
            free -= weight;
        } else {
            is_short |= weight > 0.0;
            given.push(0.0);
        }
    }
    if is_short {
        let weight = |&(asked, standing): &(f64, Standing)| {
            let capped = asked.min(core);
            if standing == Standing::Comes { capped * INCOMING } else { capped }
        };
        let factor = total / tasks.iter().map(weight).sum::<f64>();
        for (given, &(asked, standing)) in given.iter_mut().zip(tasks) {
            *given = part(asked.min(core) * factor, standing).trunc();
        }
        free = 0.0;
    }
    let mut shared = Shared { free, ..Shared::default() };
    for (&given, &(asked, standing)) in given.iter().zip(tasks) {
        shared.used += if standing == Standing::Leaves { given / OUTGOING } else { given };
        shared.demanded += asked;
    }
    shared
}

fn part(amount: f64, standing: Standing) -> f64 {
    match standing {
        Standing::Stays => amount,
        Standing::Leaves => amount * OUTGOING,
        Standing::Comes => amount * INCOMING,
    }
}

/// The utilisation of a host: slightly more than all counts as all.
pub fn utilisation(used: f64, total: f64) -> f64 {
    let share = used / total;
    if share > 1.0 && share < 1.01 { 1.0 } else { share }
}

/// Power in watts at a utilisation of 0 to 1 of a host of so many thousandths of a core.
pub fn watts(power: &HostPower, utilisation: f64, capacity_milli: u32) -> f64 {
    let HostPower::Table(points) = power else {
        let used = (utilisation * f64::from(capacity_milli)).round() as u32;
        return power.watts(used, capacity_milli);
    };
    let tenths = utilisation * 10.0;
    // Neither is negative: to cut is to round down.
    let below = tenths as usize;
    let above = below + usize::from(tenths > below as f64 && below < 10);
    let slope = (points[above] - points[below]) / 10.0;
    points[below] + slope * (utilisation - below as f64 / 10.0) * 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use Standing::{Comes, Leaves, Stays};

    fn shared(tasks: &[(f64, Standing)]) -> (Vec<f64>, Shared) {
        let mut given = Vec::new();
        let shared = share(3720.0, 1860.0, tasks, &mut given);
        (given, shared)
    }

    #[test]
    fn what_fits_is_given() {
        let (given, all) = shared(&[(500.0, Stays), (2000.0, Leaves), (1000.0, Comes)]);
        assert_eq!(given, [500.0, 1674.0, 100.0], "no more than a core, and nine tenths of it");
        assert_eq!((all.used, all.demanded, all.free), (2460.0, 3500.0, 3720.0 - 500.0 - 1860.0 - 100.0));
    }

    /// 1860 + 1860 + 1000 of 3720: everyone gets 0.788 of what it asks for, cut to whole units.
    #[test]
    fn what_does_not_fit_is_shared() {
        let (given, all) = shared(&[(2500.0, Stays), (1860.0, Stays), (1000.0, Stays), (0.0, Stays)]);
        assert_eq!(given, [1465.0, 1465.0, 788.0, 0.0]);
        assert_eq!((all.used, all.free), (3718.0, 0.0));
    }

    #[test]
    fn power_is_interpolated_in_the_programs_order() {
        let g4 = HostPower::preset("ml110_g4").expect("listed");
        assert_eq!(watts(&g4, 0.0, 3720), 86.0);
        assert_eq!(watts(&g4, 1.0, 3720), 117.0);
        assert!((watts(&g4, 0.25, 3720) - 94.3).abs() < 1e-9);
        assert_eq!(watts(&HostPower::Linear { idle_watts: 1.0, max_watts: 3.0 }, 0.5, 1000), 2.0);
    }
}
