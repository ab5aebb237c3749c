//! Failures: when a share of the hosts went down together, and for how long.

use sim::kernel::time::{SimDuration, SimTime};

/// One failure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Failure {
    /// When it begins, counted from the beginning of the list: such sources state no calendar.
    pub start: SimTime,
    /// How long its hosts are down.
    pub duration: SimDuration,
    /// Which share of all hosts goes down: above 0, at most 1.
    pub share: f64,
}

impl Failure {
    /// When its hosts are back.
    pub fn end(&self) -> SimTime {
        self.start + self.duration
    }
}

/// Failures in the order in which they begin. They may overlap.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Failures {
    events: Vec<Failure>,
}

/// A failure that cannot be, by its place in the list.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("failure {position}: {problem}")]
pub struct FailureError {
    /// Counted from zero.
    pub position: usize,
    /// What is wrong and what is allowed.
    pub problem: String,
}

impl Failures {
    /// These failures.
    ///
    /// # Errors
    /// When one begins before the one in front of it, or its share is not above 0 and at most 1.
    pub fn new(events: Vec<Failure>) -> Result<Self, FailureError> {
        let mut before = SimTime::ZERO;
        for (position, event) in events.iter().enumerate() {
            let refuse = |problem| Err(FailureError { position, problem });
            if event.start < before {
                return refuse(format!(
                    "begins at {}, before the one in front of it at {before}",
                    event.start
                ));
            }
            if !(event.share > 0.0 && event.share <= 1.0) {
                return refuse(format!(
                    "its share of hosts is {}, allowed is above 0 and at most 1",
                    event.share
                ));
            }
            before = event.start;
        }
        Ok(Self { events })
    }

    /// The failures in order.
    pub fn events(&self) -> &[Failure] {
        &self.events
    }

    /// When the last host is back.
    pub fn end(&self) -> SimTime {
        self.events.iter().map(Failure::end).max().unwrap_or(SimTime::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_stand_in_order_and_hit_a_share() {
        let failure = |start, duration, share| Failure {
            start: SimTime(start),
            duration: SimDuration(duration),
            share,
        };
        let failures = Failures::new(vec![failure(0, 90, 0.5), failure(10, 20, 1.0)]).expect("valid");
        assert_eq!(failures.end(), SimTime(90), "they may overlap");
        assert_eq!(failures.events()[1].end(), SimTime(30));
        let told = |events| Failures::new(events).expect_err("refused").to_string();
        assert!(told(vec![failure(5, 1, 0.1), failure(4, 1, 0.1)]).starts_with("failure 1: begins at"));
        for share in [0.0, -0.1, 1.1, f64::NAN] {
            assert!(told(vec![failure(0, 1, share)]).contains("share"), "{share}");
        }
    }
}
