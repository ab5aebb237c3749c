//! The numbers `strength` and `memory` among the options of a predictor, searched by CMA-ES in powers of two.

use learners::cma_es::CmaEs;
use policies::policy::Choice;
use sim::kernel::rng::Seed;
use toml::Value;

use super::TuneConfig;

/// What may be tuned, with its least and its most.
const TUNED: [(&str, f64, f64); 2] = [("strength", 0.01, 1e5), ("memory", 1.0, 1e7)];

/// Calls with every number that is tuned, in order.
fn visit(table: &mut toml::Table, change: &mut dyn FnMut(&mut Value, f64, f64)) {
    for (key, value) in table.iter_mut() {
        match value {
            Value::Table(inner) => visit(inner, change),
            Value::Array(items) => {
                items.iter_mut().filter_map(Value::as_table_mut).for_each(|inner| visit(inner, change));
            }
            _ => {
                if let Some(&(_, least, most)) = TUNED.iter().find(|(known, ..)| known == key) {
                    change(value, least, most);
                }
            }
        }
    }
}

/// Whether a predictor states numbers that are tuned.
pub(super) fn has_numbers(choice: &Choice) -> bool {
    let mut found = false;
    visit(&mut choice.options.clone(), &mut |_, _, _| found = true);
    found
}

fn number(value: &Value) -> f64 {
    value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64)).unwrap_or(1.0)
}

/// The choice with these powers of two in the place of its numbers, to three digits.
fn at(start: &Choice, point: &[f64]) -> Choice {
    let mut choice = start.clone();
    let mut powers = point.iter();
    visit(&mut choice.options, &mut |value, least, most| {
        let power = powers.next().copied().unwrap_or_default();
        let wanted = power.exp2().clamp(least, most);
        let rounded = format!("{wanted:.2e}").parse().unwrap_or(wanted);
        *value = Value::Float(f64::clamp(rounded, least, most));
    });
    choice
}

/// The best choice that was found, and its value.
pub(super) fn search(
    config: &TuneConfig,
    start: &Choice,
    value: impl Fn(&Choice) -> f64,
    mut progress: impl FnMut(u64, f64),
) -> (Choice, f64) {
    let mut powers = Vec::new();
    visit(&mut start.options.clone(), &mut |value, _, _| powers.push(number(value).log2()));
    let mut best = (start.clone(), value(start));
    if powers.is_empty() {
        return best;
    }
    let mut search = CmaEs::new(&powers, 2.0, config.population, Seed(config.seed));
    for generation in 1..=config.generations {
        let points = search.ask();
        let choices: Vec<Choice> = points.iter().map(|point| at(start, point)).collect();
        let values: Vec<f64> = choices.iter().map(&value).collect();
        for (choice, &found) in choices.iter().zip(&values) {
            if found < best.1 {
                best = (choice.clone(), found);
            }
        }
        search.tell(&points, &values);
        progress(generation, best.1);
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_finds_the_best_strength_and_leaves_the_rest() {
        let text = "policy = 'survival'\nlevels = [{ alike = ['tenant'], strength = 1.0, memory = 4 }]";
        let start: Choice = toml::from_str(text).expect("TOML");
        let numbers = |choice: &Choice| {
            let mut found = Vec::new();
            visit(&mut choice.options.clone(), &mut |value, _, _| found.push(number(value)));
            found
        };
        assert_eq!(numbers(&start), [4.0, 1.0], "in the order of the keys");
        // Least at a memory of 64 and a strength of 8.
        let value = |choice: &Choice| {
            let found = numbers(choice);
            (found[0].log2() - 6.0).abs() + (found[1].log2() - 3.0).abs()
        };
        let config =
            TuneConfig { predictor: "x".into(), from_seconds: 0.0, generations: 40, population: 8, seed: 0 };
        let (best, found) = search(&config, &start, value, |_, _| {});
        assert!(found < 0.1, "{found}: {best:?}");
        assert_eq!(best.options["levels"][0]["alike"], start.options["levels"][0]["alike"]);
        assert_eq!(
            at(&start, &[40.0, -40.0]).options["levels"][0]["memory"].as_float(),
            Some(1e7),
            "within what is allowed"
        );
    }
}
