//! The one loop that joins an engine, a policy and observers.

use sim::decision::Infeasible;
use sim::engine::{Engine, Step};
use sim::kernel::time::SimTime;
use sim::observe::Observer;

use crate::policy::Policy;

/// How much happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events.
    pub events: u64,
    /// Questions *where?* that were asked.
    pub decisions: u64,
}

/// A policy broke the rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the scheduler made an infeasible decision at {time}: {cause}")]
pub struct EpisodeError {
    /// When.
    pub time: SimTime,
    /// What it did.
    #[source]
    pub cause: Infeasible,
}

/// Plays an episode to its end.
///
/// # Errors
/// When the policy makes an infeasible decision, which is a bug of the policy.
pub fn run_episode(
    engine: &mut Engine,
    policy: &mut (impl Policy + ?Sized),
    observer: &mut impl Observer,
) -> Result<Counts, EpisodeError> {
    let mut counts = Counts::default();
    while run_until(engine, policy, observer, &mut counts, u64::MAX)? {}
    Ok(counts)
}

/// Plays on until this many questions *where?* have been asked in all; `false` when the episode ended before.
///
/// # Errors
/// As [`run_episode`].
pub fn run_until(
    engine: &mut Engine,
    policy: &mut (impl Policy + ?Sized),
    observer: &mut impl Observer,
    counts: &mut Counts,
    decisions: u64,
) -> Result<bool, EpisodeError> {
    while counts.decisions < decisions {
        match engine.step() {
            Step::Happened(event) => {
                counts.events += 1;
                observer.on_event(&event, engine.view());
            }
            Step::Decide(request) => {
                counts.decisions += u64::from(matches!(request, sim::decision::Request::Place { .. }));
                let decision = policy.decide(engine.view(), request);
                if let Err(cause) = engine.apply(request, decision) {
                    return Err(EpisodeError { time: engine.view().now(), cause });
                }
            }
            Step::Ended => return Ok(false),
        }
    }
    Ok(true)
}
