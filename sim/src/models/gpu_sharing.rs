//! What tasks that share one GPU lose to each other.

/// What is lost to switching where contexts take turns, as a share of the time; between 0.02 and 0.05 are usual.
pub const SWITCHING_LOSS: f64 = 0.03;
/// What each neighbour costs beyond what is contended for, where tasks run at once.
pub const NEIGHBOUR_COST: f64 = 0.03;

/// What a task alone keeps busy of a device: multiprocessors, memory bandwidth, cache, PCIe; each 0 to 1.
pub type Demand = [f64; 4];

/// The speed of each of `busy` contexts that take turns: `(1 - switching_loss) / busy`. One alone does not switch.
pub fn time_slice_speed(busy: u32, switching_loss: f64) -> f64 {
    match busy {
        0 | 1 => 1.0,
        _ => (1.0 - switching_loss) / f64::from(busy),
    }
}

/// How many times as long each of these tasks takes when they run at once: as long as what is contended for most is
/// asked for more often than it is there, at least 1, and [`NEIGHBOUR_COST`] for each neighbour.
pub fn spatial_slowdown(demands: &[Demand]) -> f64 {
    spatial_slowdown_of(demands, NEIGHBOUR_COST)
}

/// As [`spatial_slowdown`], with what each neighbour costs.
pub fn spatial_slowdown_of(demands: &[Demand], neighbour_cost: f64) -> f64 {
    let asked = |resource: usize| demands.iter().map(|demand| demand[resource]).sum::<f64>();
    let contended = (0..4).map(asked).fold(1.0, f64::max);
    contended + neighbour_cost * demands.len().saturating_sub(1) as f64
}

/// Whether it pays to put tasks together that keep these shares of their own speeds: in the same time, more is done than
/// one after the other.
pub fn is_worth_packing(speeds: &[f64]) -> bool {
    speeds.iter().sum::<f64>() > 1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_2_4_turns_are_shared_evenly() {
        assert_eq!(time_slice_speed(1, 0.05), 1.0);
        assert_eq!(time_slice_speed(2, 0.0), 0.5);
        assert!((time_slice_speed(4, 0.04) - 0.24).abs() < 1e-15);
    }

    #[test]
    fn models_2_4_what_is_contended_for_most_decides() {
        let (compute, copy) = ([0.9, 0.3, 0.2, 0.0], [0.2, 0.6, 0.1, 0.5]);
        assert!(
            (spatial_slowdown(&[compute, copy]) - 1.13).abs() < 1e-12,
            "1.1 multiprocessors and a neighbour"
        );
        assert!((spatial_slowdown(&[copy]) - 1.0).abs() < 1e-12);
    }

    /// Throughputs on one V100 as Gavel measured them (`simulation_throughputs.json`): two ResNet-50 with a batch of 64
    /// keep 0.498 each and share the time; of LM with batches of 80 and 5, ResNet-18 with 256, more is kept than lost.
    #[test]
    fn models_2_4_pairs_that_are_worth_packing() {
        assert!(!is_worth_packing(&[0.498, 0.498]));
        assert!(is_worth_packing(&[0.835, 0.2]) && is_worth_packing(&[1.0, 0.1]));
        // Taking turns without loss is what the first pair does.
        assert!((time_slice_speed(2, 0.004) - 0.498).abs() < 1e-12);
    }
}
