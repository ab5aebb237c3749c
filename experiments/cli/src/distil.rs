//! `rackwright distil`: short formulas that decide as a trained order does.

use std::path::PathBuf;

use runner::train::Training;
use serde_json::json;

use crate::args::DistilArgs;
use crate::failure::Failure;
use crate::run::DATA_VARIABLE;
use crate::terminal::{claim, print};

pub(crate) fn distil(args: &DistilArgs) -> Result<(), Failure> {
    let data = args.data.clone().or_else(|| std::env::var_os(DATA_VARIABLE).map(PathBuf::from));
    let inputs = [args.policy.as_path(), args.training.as_path()];
    args.out.iter().try_for_each(|out| claim(out, &inputs))?;
    let training = Training::read(&args.training, data.as_deref())?;
    let found = training.distil(&args.policy, args.terms.get(), args.seed)?;
    let best = found.best();
    if let (Some(out), Some(best)) = (&args.out, best) {
        training.write_formula(best, &args.policy, out)?;
    }
    if args.json {
        let formulas: Vec<_> = found
            .formulas
            .iter()
            .map(|one| {
                let formula = one.formula.to_string();
                json!({ "terms": one.formula.0.len(), "agreement": one.agreement, "value": one.value, "formula": formula })
            })
            .collect();
        let all = json!({ "training": training.name(), "trained": found.trained, "formulas": formulas, "policy": args.out });
        return print(&all.to_string());
    }
    let mut text = format!(
        "{}: {}\n\nterms  picks alike    value  formula\n    -            -  {:>7.4}  {}\n",
        training.name(),
        training.measure(),
        found.trained,
        args.policy.display()
    );
    for one in &found.formulas {
        let alike = 100.0 * one.agreement;
        let terms = one.formula.0.len();
        text.push_str(&format!("{terms:>5}  {alike:>9.1} %  {:>7.4}  {}\n", one.value, one.formula));
    }
    if let (Some(out), Some(best)) = (&args.out, best) {
        text.push_str(&format!("\nThe one of {} terms: {}\n", best.formula.0.len(), out.display()));
    }
    print(text.trim_end())
}
