//! The pinball loss: how wrong a foretold quantile was (Koenker and Bassett, Econometrica 46(1), 1978).
//!
//! ```text
//!   loss = share (seen - foretold)            when more was seen
//!          (1 - share) (foretold - seen)      when less was
//! ```
//!
//! Its mean is least at the true quantile. Where a life could be watched for no longer than `watched` seconds, both are cut off there:
//! the quantile of what is cut off is the quantile, cut off, so that the loss stays least at the truth whatever happened
//! afterwards (Powell, Journal of Econometrics 32(1), 1986). Whoever was watched to the end is cut off there too.

/// The loss of a quantile.
pub fn pinball(seen: f64, foretold: f64, share: f64) -> f64 {
    let more = seen - foretold;
    if more >= 0.0 { share * more } else { (share - 1.0) * more }
}

/// The loss of a quantile of what could be watched for no longer than `watched`.
pub fn censored_pinball(seen: f64, foretold: f64, watched: f64, share: f64) -> f64 {
    pinball(seen.min(watched), foretold.min(watched), share)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Foretold 10: 14 were seen, which costs 0.9 of 4 at the quantile 0.9; 6 were seen, which costs 0.1 of 4.
    #[test]
    fn a_loss_by_hand() {
        assert!((pinball(14.0, 10.0, 0.9) - 3.6).abs() < 1e-12);
        assert!((pinball(6.0, 10.0, 0.9) - 0.4).abs() < 1e-12);
        assert_eq!(pinball(10.0, 10.0, 0.9), 0.0);
        // Half of the distance at the median.
        assert_eq!([pinball(14.0, 10.0, 0.5), pinball(6.0, 10.0, 0.5)], [2.0, 2.0]);
    }

    /// Watched for 12: of 14 only 12 were seen, and a forecast of 20 says no more than that it is longer.
    #[test]
    fn what_was_not_watched_costs_nothing() {
        assert!((censored_pinball(14.0, 10.0, 12.0, 0.5) - 1.0).abs() < 1e-12);
        assert_eq!(censored_pinball(14.0, 20.0, 12.0, 0.5), 0.0);
        assert!((censored_pinball(6.0, 20.0, 12.0, 0.5) - 3.0).abs() < 1e-12);
    }

    /// Of 1, 2 .. 9 the loss at 0.3 is least at 3, and where all is cut off at 5 still.
    #[test]
    fn it_is_least_at_the_quantile() {
        for watched in [f64::INFINITY, 5.0] {
            let loss = |foretold: f64| -> f64 {
                (1..10).map(|seen| censored_pinball(f64::from(seen), foretold, watched, 0.3)).sum()
            };
            let best = (0..40).map(|n| f64::from(n) / 4.0).min_by(|&a, &b| loss(a).total_cmp(&loss(b)));
            assert_eq!(best, Some(3.0), "watched for {watched}");
        }
    }
}
