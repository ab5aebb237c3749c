//! `rackwright rivals`: a group of schedulers against the best of the others.

use reports::Comparison;
use reports::rivals::{Rivalry, rivalries};
use reports::words::significant;
use results::Results;
use serde_json::json;

use crate::args::RivalsArgs;
use crate::failure::{Failure, bad_input};
use crate::terminal::print;

pub(crate) fn rivals(args: &RivalsArgs) -> Result<(), Failure> {
    let results = Results::load(&args.dir)?;
    let comparison = Comparison::of(&results).map_err(bad_input)?;
    let found = rivalries(&comparison, &args.group, &args.metric, args.blocks.get());
    if found.is_empty() {
        return Err(bad_input(anyhow::anyhow!(
            "in no scenario of {} do some schedulers fit {:?}, others not, and all have {} under a common seed",
            args.dir.display(),
            args.group,
            args.metric
        )));
    }
    if args.json {
        return print(
            &serde_json::to_string_pretty(&found.iter().map(as_json).collect::<Vec<_>>()).expect("JSON"),
        );
    }
    let width = found.iter().map(|one| one.scenario.len()).max().unwrap_or(0);
    let rivals = found.iter().map(|one| one.rival.len()).max().unwrap_or(0).max(5);
    let mut text = format!(
        "{}: the mean of {} (each seed's mean over them first) against the best of the others\n\n{:width$}  {:>5}  {:>9}  {:>9}  \
         {:rivals$}  {:>6}  95 % interval\n",
        args.metric, args.group, "scenario", "seeds", "group", "best", "who", "ratio"
    );
    for one in &found {
        let ends = one.ratio.ends.map_or("-".to_owned(), |(low, high)| format!("{low:.3} to {high:.3}"));
        text.push_str(&format!(
            "{:width$}  {:>5}  {:>9}  {:>9}  {:rivals$}  {:>6.3}  {ends}\n",
            one.scenario,
            one.seeds,
            significant(one.group_mean),
            significant(one.rival_mean),
            one.rival,
            one.ratio.value
        ));
    }
    text.push_str(&format!(
        "\nintervals: percentiles of 10,000 draws of {} blocks of consecutive seeds",
        args.blocks
    ));
    print(&text)
}

fn as_json(one: &Rivalry) -> serde_json::Value {
    json!({
        "scenario": one.scenario,
        "group": one.group,
        "members": one.members,
        "group_mean": one.group_mean,
        "rival": one.rival,
        "rival_mean": one.rival_mean,
        "ratio": one.ratio.value,
        "ratio_interval": one.ratio.ends.map(|(low, high)| [low, high]),
        "seeds": one.seeds,
        "blocks": one.blocks,
    })
}
