//! What a series measures.

use serde::{Deserialize, Serialize};

macro_rules! quantities {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $unit:expr;)*) => {
        /// What a series measures. Its name in configs and files is the variant in `snake_case`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum Quantity {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl Quantity {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The unit that its values have; nothing where every series states its own.
            pub fn unit(self) -> Option<&'static str> {
                match self {
                    $(Self::$variant => $unit,)*
                }
            }
        }
    };
}

quantities! {
    /// Greenhouse gases per energy consumed, as the average of all that is generated.
    CarbonIntensity = "carbon_intensity", Some("gCO2eq/kWh");
    /// Greenhouse gases per additional energy consumed: what the plants emit that would react.
    MarginalCarbonIntensity = "marginal_carbon_intensity", Some("gCO2eq/kWh");
    /// What electricity costs; the unit names the currency, as `EUR/MWh` does. It may be negative.
    ElectricityPrice = "electricity_price", None;
    /// The temperature of the air.
    DryBulb = "dry_bulb", Some("°C");
    /// The temperature at which its water condenses.
    DewPoint = "dew_point", Some("°C");
    /// Water in the air, as a percentage of what it can hold.
    RelativeHumidity = "relative_humidity", Some("%");
    /// The pressure of the air at the station.
    Pressure = "pressure", Some("Pa");
    /// The share of its processors that a datacenter uses.
    CpuUtilisation = "cpu_utilisation", Some("share");
    /// The share of its memory that a datacenter uses.
    MemoryUtilisation = "memory_utilisation", Some("share");
    /// The share of its memory that a datacenter has promised to tasks.
    MemoryAssigned = "memory_assigned", Some("share");
    /// The share of their throughput that its disks reach.
    DiskUtilisation = "disk_utilisation", Some("share");
    /// What comes in over the network, as a share of what can.
    NetworkIn = "network_in", Some("share");
    /// What goes out over the network, as a share of what can.
    NetworkOut = "network_out", Some("share");
    /// Something else; the unit says what.
    Other = "other", None;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_files_and_stand_once() {
        let mut names: Vec<&str> = Quantity::ALL.iter().map(|quantity| quantity.name()).collect();
        for &quantity in Quantity::ALL {
            let written = serde_json::to_value(quantity).expect("JSON");
            assert_eq!(written, quantity.name());
            assert_eq!(serde_json::from_value::<Quantity>(written).expect("known"), quantity);
        }
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Quantity::ALL.len());
    }
}
