//! What is soon asked for, by what was asked for so far.
//!
//! ```text
//!   expected of a task = now + trend (now - before) + reversion (mean - now)
//!   variance of a task = mean of the squares of its steps, from one value to the next
//!   outlook of a host  = (sum of what is expected + spread sqrt(sum of the variances)) / its cpu
//! ```
//!
//! Tasks are taken to move independently of each other, so that variances add up.

use sim::kernel::ids::TaskId;

use super::scene::Scene;

/// How the past counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Habits {
    /// How much of the last step comes again.
    pub(super) trend: f64,
    /// How much of the way to the mean is gone.
    pub(super) reversion: f64,
}

/// What is thought of one task, or of all on a host.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Outlook {
    /// What is expected beyond what is asked for now, in thousandths of a core.
    pub(super) more_milli: f64,
    /// Of what is asked for, in squares of these.
    pub(super) variance: f64,
}

impl Outlook {
    /// Of a task that has asked for this so far, newest first, as shares of so many thousandths of a core.
    fn of_history(history: &[f64], milli: f64, habits: Habits) -> Self {
        let &[now, before, ..] = history else { return Self::default() };
        let mean = history.iter().sum::<f64>() / history.len() as f64;
        let squares: f64 = history.windows(2).map(|pair| (pair[0] - pair[1]) * (pair[0] - pair[1])).sum();
        Self {
            more_milli: milli * (habits.trend * (now - before) + habits.reversion * (mean - now)),
            variance: milli * milli * squares / (history.len() - 1) as f64,
        }
    }

    /// Of a task.
    pub(super) fn of(scene: &Scene<'_>, task: TaskId, habits: Habits) -> Self {
        let milli = f64::from(scene.view.shape(task).resources.cpu_milli);
        Self::of_history(scene.history_of(task), milli, habits)
    }

    /// Of both together.
    pub(super) fn and(self, other: Self) -> Self {
        Self { more_milli: self.more_milli + other.more_milli, variance: self.variance + other.variance }
    }

    /// As a share of a host's cpu of which so much is asked now.
    pub(super) fn share(self, demanded_milli: f64, total_milli: f64, spread: f64) -> f64 {
        (demanded_milli + self.more_milli + spread * self.variance.max(0.0).sqrt()) / total_milli
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 0.5 now, 0.3 and 0.1 before, of two cores: steps of 0.2, a mean of 0.3. Half of the step comes again, a quarter of the way
    /// to the mean is gone: 2000 (0.5 * 0.2 - 0.25 * 0.2) = 100 more; the variance is (2000 * 0.2)^2 = 400^2.
    #[test]
    fn an_outlook_by_hand() {
        let habits = Habits { trend: 0.5, reversion: 0.25 };
        let one = Outlook::of_history(&[0.5, 0.3, 0.1], 2000.0, habits);
        assert!((one.more_milli - 100.0).abs() < 1e-9 && (one.variance - 160_000.0).abs() < 1e-6, "{one:?}");
        // Two of them: 200 more, and sqrt(2) * 400 = 565.7 of spread.
        let share = one.and(one).share(2000.0, 4000.0, 0.5);
        assert!((share - (2000.0 + 200.0 + 0.5 * 320_000f64.sqrt()) / 4000.0).abs() < 1e-12, "{share}");
    }

    #[test]
    fn who_has_no_past_goes_on_as_now() {
        let habits = Habits { trend: 1.0, reversion: 1.0 };
        assert_eq!(Outlook::of_history(&[0.7], 1000.0, habits), Outlook::default());
        assert_eq!(Outlook::of_history(&[], 1000.0, habits).share(300.0, 1000.0, 2.0), 0.3);
        // Without habits and spread it is what is asked for, to the bit.
        let none = Outlook::of_history(&[0.9, 0.1], 1000.0, Habits { trend: 0.0, reversion: 0.0 });
        assert_eq!(none.share(0.1 + 0.2, 0.7, 0.0), (0.1 + 0.2) / 0.7);
    }
}
