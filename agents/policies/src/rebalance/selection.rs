//! Who leaves an overloaded host? (Beloglazov and Buyya, CCPE 24(13), 2012.)

use serde::Deserialize;
use sim::kernel::rng::Stream;

use super::regression::determination;

/// How the next one is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Selection {
    /// Minimum migration time: the least memory.
    Mmt,
    /// Minimum utilisation: the smallest share of what it asked for.
    Mu,
    /// Maximum correlation: whose use the others' uses explain best.
    Mc,
    /// Random.
    Rs,
}

/// One who could leave.
pub(super) struct Candidate<'a> {
    pub(super) memory_mib: u32,
    /// What it uses now of what it asked for.
    pub(super) fraction: f64,
    /// What it used, newest first.
    pub(super) history: &'a [f64],
}

impl Selection {
    /// The position of who leaves next; ties go to the first. There is somebody.
    pub(super) fn choose(self, candidates: &[Candidate<'_>], random: &mut Stream) -> usize {
        match self {
            Self::Mmt => least(candidates.iter().map(|one| f64::from(one.memory_mib))),
            Self::Mu => least(candidates.iter().map(|one| one.fraction)),
            Self::Rs => random.below(candidates.len()),
            Self::Mc => most_determined(candidates).unwrap_or_else(|| Self::Mmt.choose(candidates, random)),
        }
    }
}

fn least(values: impl Iterator<Item = f64>) -> usize {
    let first = (0, f64::INFINITY);
    values.enumerate().fold(first, |best, one| if one.1 < best.1 { one } else { best }).0
}

/// The first of the best; nothing where the histories do not say.
fn most_determined(candidates: &[Candidate<'_>]) -> Option<usize> {
    let length = candidates.iter().map(|one| one.history.len()).min()?;
    let series: Vec<&[f64]> = candidates.iter().map(|one| &one.history[..length]).collect();
    let mut best = None;
    for (index, own) in series.iter().enumerate() {
        let others = [&series[..index], &series[index + 1..]].concat();
        let determined = determination(own, &others)?;
        if best.is_none_or(|(_, most)| determined > most) && !determined.is_nan() {
            best = Some((index, determined));
        }
    }
    best.map(|(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim::kernel::rng::Seed;

    #[test]
    fn everyone_chooses_in_their_own_way() {
        let histories = [[0.1, 0.5, 0.2, 0.9], [0.2, 0.4, 0.2, 0.1], [0.3, 0.9, 0.4, 0.95]];
        let of = |index: usize, memory_mib, fraction| Candidate {
            memory_mib,
            fraction,
            history: &histories[index],
        };
        let candidates = [of(0, 870, 0.3), of(1, 613, 0.2), of(2, 613, 0.1)];
        let mut random = Seed(1).stream("selection");
        assert_eq!(Selection::Mmt.choose(&candidates, &mut random), 1, "the first of the two smallest");
        assert_eq!(Selection::Mu.choose(&candidates, &mut random), 2);
        let determined: Vec<f64> = (0..3)
            .map(|own| {
                let others: Vec<&[f64]> =
                    (0..3).filter(|&other| other != own).map(|other| &histories[other][..]).collect();
                determination(&histories[own], &others).expect("four samples, three unknowns")
            })
            .collect();
        let most = (0..3).max_by(|&a, &b| determined[a].total_cmp(&determined[b])).expect("three");
        assert_eq!(Selection::Mc.choose(&candidates, &mut random), most);
        // Two samples do not determine three unknowns: the least memory.
        let short = [0, 1, 2]
            .map(|index| Candidate { history: &histories[index][..2], ..of(index, 9 - index as u32, 0.0) });
        assert_eq!(Selection::Mc.choose(&short, &mut random), 2);
    }
}
