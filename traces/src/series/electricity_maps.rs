//! Yearly files of Electricity Maps: the carbon intensity of one zone, hour by hour.
//!
//! ```text
//! Datetime (UTC),Country,Zone Name,Zone Id,Carbon Intensity gCO₂eq/kWh (direct),Carbon Intensity gCO₂eq/kWh (LCA),...
//! 2023-01-01 00:00:00,Great Britain,Great Britain,GB,62.55,91.44,...
//! ```
//!
//! Two intensities stand side by side: of what power plants emit (`direct`), and of their whole life with it (`LCA`,
//! in newer files `Life cycle`). The option `intensity` chooses; without it, it is the whole life. Rows that the
//! publisher estimated are kept and counted as the fact `estimated`. One file is one zone.

use std::path::Path;

use serde::Deserialize;

use super::columns::Columns;
use super::points::Subject;
use super::timed::{Clock, Timed};
use super::{Account, Environment, Head, Importer, Quantity, SeriesError, Zone};
use crate::OptionError;

/// One line of help.
pub const HELP: &str = "carbon intensity of one zone and year from Electricity Maps";

const TIME: &str = "Datetime (UTC)";

/// Which of the two intensities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Options {
    /// What counts.
    pub intensity: Intensity,
}

/// What counts as emitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intensity {
    /// What was emitted to build, to fuel and to run the plants.
    #[default]
    LifeCycle,
    /// What the plants emit.
    Direct,
}

impl Intensity {
    fn names(self, column: &str) -> bool {
        let column = column.to_lowercase();
        let endings: &[&str] = match self {
            Self::LifeCycle => &["(lca)", "(life cycle)"],
            Self::Direct => &["(direct)"],
        };
        column.starts_with("carbon intensity") && endings.iter().any(|ending| column.ends_with(ending))
    }

    fn what(self) -> &'static str {
        match self {
            Self::LifeCycle => "`Carbon Intensity ... (LCA)` or `(Life cycle)`",
            Self::Direct => "`Carbon Intensity ... (direct)`",
        }
    }
}

/// The importer.
///
/// # Errors
/// Never: both intensities are there.
pub fn importer(options: Options) -> Result<impl Importer, OptionError> {
    Ok(ElectricityMaps { options })
}

/// True when the first line names the time and an intensity.
pub fn recognises(head: &Head) -> bool {
    let is_intensity = |name: &String| Intensity::LifeCycle.names(name) || Intensity::Direct.names(name);
    head.has(&[TIME]) && head.names.iter().any(is_intensity)
}

struct ElectricityMaps {
    options: Options,
}

impl Importer for ElectricityMaps {
    fn read(&self, path: &Path, account: &mut Account) -> Result<Environment, SeriesError> {
        let columns = Columns::open(path, ',')?;
        let Options { intensity } = self.options;
        let value = columns.find_where(intensity.what(), |name| intensity.names(name))?;
        let zone = columns.find_where("`Zone Id`", |name| name.eq_ignore_ascii_case("zone id"))?;
        let estimated = columns.header().iter().position(|name| name.eq_ignore_ascii_case("data estimated"));
        let subject = Subject::new(Quantity::CarbonIntensity, &columns.header()[value]);
        let clock = (columns.find(TIME)?, Clock::Iso(Zone::utc()));
        let mut first: Option<String> = None;
        Timed::new(clock, value, subject).read(columns, account, |columns, account| {
            let of_row = columns.text(zone);
            match &first {
                Some(first) if first != of_row => {
                    return Err(
                        columns.wrong(zone, &format!("{first} as in the first row: one zone in one file"))
                    );
                }
                Some(_) => {}
                None => first = Some(of_row.to_owned()),
            }
            if estimated.is_some_and(|column| columns.text(column).eq_ignore_ascii_case("true")) {
                account.count("estimated");
            }
            Ok(())
        })
    }
}
