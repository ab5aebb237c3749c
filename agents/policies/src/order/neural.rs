//! A small network scores the first [`CANDIDATES`] of the queue, in order of submission, by the features that `linear` weighs
//! (`queue_features`), scaled; the largest score is next. Whoever waits behind those comes after them, in order of submission.
//!
//! The network is an option, as training leaves it: every layer with its numbers of rows and columns, its weights row by row, and its bias.

use std::cell::RefCell;

use serde::Deserialize;
use sim::kernel::ids::TaskId;
use sim::view::ClusterView;

use super::linear::Sight;
use super::prelude::*;
use super::queue_features::{CANDIDATES, FEATURES, Fixed, Queue, SCALES};
use crate::neural::{Buffers, Dense, Scorer};

pub(super) const HELP: &str = "a small network over what linear weighs, for the first 128 of the queue";

/// The options: a network; without one it scores as `linear` does without weights, by `r^2 n`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Options {
    #[serde(deserialize_with = "network")]
    network: Scorer,
}

impl Default for Options {
    fn default() -> Self {
        let mut weights = vec![0.0; FEATURES.len()];
        (weights[0], weights[1]) = (-2.0 / SCALES[0], -1.0 / SCALES[1]);
        let network = Scorer {
            score: vec![Dense::new(FEATURES.len(), 1, weights, vec![0.0])],
            embed: Dense::new(FEATURES.len(), 1, vec![0.0; FEATURES.len()], vec![0.0]),
            value: vec![Dense::new(1, 1, vec![0.0], vec![0.0]), Dense::new(1, 1, vec![0.0], vec![0.0])],
            has_context: false,
            heuristic: None,
        };
        Self { network }
    }
}

fn network<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Scorer, D::Error> {
    let network = Scorer::deserialize(deserializer)?;
    match network.check(FEATURES.len()) {
        Ok(()) => Ok(network),
        Err(problem) => Err(serde::de::Error::custom(problem)),
    }
}

struct Neural {
    network: Scorer,
    room: RefCell<Room>,
}

/// Memory that is used again at each question.
#[derive(Default)]
struct Room {
    sight: Sight,
    rows: Vec<f32>,
    buffers: Buffers,
}

impl Neural {
    /// Keys of the first tasks of a queue.
    fn keys_of(&self, queue: &Queue, [free, all]: [f32; 2], rows: &mut Vec<f32>, buffers: &mut Buffers) {
        let count = queue.len().min(CANDIDATES);
        rows.resize(count * FEATURES.len(), 0.0);
        queue.encode(free, all, rows);
        self.network.score(rows, &[true; CANDIDATES][..count], buffers);
    }
}

impl OrderKey for Neural {
    /// Alone, and where nobody runs.
    fn key(&self, job: &JobFacts) -> [f64; 2] {
        let mut room = self.room.borrow_mut();
        let Room { rows, buffers, .. } = &mut *room;
        let mut queue = Queue::default();
        queue.push(Fixed::of(job.estimate as f32, job.cores as f32));
        queue.waited[0] = job.waited as f32;
        self.keys_of(&queue, [job.cores as f32; 2], rows, buffers);
        [-f64::from(buffers.scores()[0]), job.submit]
    }

    fn keys(&self, view: ClusterView<'_>, tasks: &[TaskId]) -> Option<Vec<[f64; 2]>> {
        let mut room = self.room.borrow_mut();
        let Room { sight, rows, buffers } = &mut *room;
        let mut places: Vec<usize> = (0..tasks.len()).collect();
        places.sort_by_key(|&place| view.submit(tasks[place]));
        let queue: Vec<TaskId> = places.iter().map(|&place| tasks[place]).collect();
        let seen = sight.see(view, &queue, |task| view.estimate(task).unwrap_or_default());
        self.keys_of(&sight.queue, seen, rows, buffers);
        let mut keys: Vec<[f64; 2]> =
            tasks.iter().map(|&task| [f64::INFINITY, view.submit(task).seconds()]).collect();
        for (&place, &score) in places.iter().zip(buffers.scores()) {
            keys[place][0] = -f64::from(score);
        }
        Some(keys)
    }

    fn moves_with_time(&self) -> bool {
        true
    }
}

pub(super) fn key(options: Options) -> impl OrderKey {
    Neural { network: options.network, room: RefCell::default() }
}

#[cfg(test)]
mod tests {
    use crate::order::{NAMES, order};
    use crate::policy::Choice;

    /// A network that is none is refused in a sentence.
    #[test]
    fn networks_that_do_not_fit_are_refused() {
        assert!(NAMES.iter().any(|(name, _)| *name == "neural"));
        let layer = |rows: usize, columns: usize, weight: &str| {
            format!(
                "{{ rows = {rows}, columns = {columns}, weights = [{}], bias = [{}] }}",
                vec![weight; rows * columns].join(", "),
                vec!["0.0"; columns].join(", ")
            )
        };
        let network = |score: &str, embed: &str| {
            let value = [layer(2, 2, "0.5"), layer(2, 1, "0.5")].join(", ");
            let text = format!(
                "policy = 'neural'\nnetwork = {{ score = [{score}], embed = {embed}, value = [{value}], has_context = false }}"
            );
            order(&toml::from_str::<Choice>(&text).expect("a choice")).map(|_| ()).map_err(|error| error.to_string())
        };
        let good = layer(18, 2, "0.5");
        assert_eq!(network(&[layer(18, 4, "1.0"), layer(4, 1, "1.0")].join(", "), &good), Ok(()));
        let beside = |heuristic: &str| format!("{good}, heuristic = [{heuristic}]");
        assert_eq!(network(&layer(18, 1, "1.0"), &beside(&["0.5"; 18].join(", "))), Ok(()));
        for (score, embed, expected) in [
            (layer(18, 1, "1.0"), beside("1.0"), "1 weights stand there; allowed are 18"),
            (layer(18, 1, "1.0"), beside(&["nan"; 18].join(", ")), "heuristic: NaN stands there"),
            (layer(17, 1, "1.0"), good.clone(), "it begins with 17 numbers; allowed are 18"),
            (layer(18, 2, "1.0"), good.clone(), "it ends in 2 numbers; allowed is 1"),
            ([layer(18, 4, "1.0"), layer(3, 1, "1.0")].join(", "), good.clone(), "4 numbers go into 3"),
            (layer(18, 1, "inf"), good.clone(), "is not finite"),
            ([layer(18, 0, "1.0"), layer(0, 1, "1.0")].join(", "), good.clone(), "18 rows and 0 columns; allowed are 1 or more"),
            (layer(18, 1, "1.0").replace("rows", "extra = 1, rows"), good.clone(), "unknown field `extra`"),
            (layer(18, 1, "1.0"), layer(18, 3, "1.0"), "3 numbers go into 2"),
            (layer(18, 1, "1.0").replace("bias = [0.0]", "bias = []"), good.clone(), "18 weights and a bias of 0"),
        ] {
            let error = network(&score, &embed).expect_err(expected);
            assert!(error.contains(expected) && !error.contains('\n'), "{error}");
        }
    }
}
