//! Carbon: what energy emits where it is made, and what making the hosts emitted.
//!
//! ```text
//!  operational = facility energy * intensity of the grid        moves with the hour and with the load
//!  embodied    = made once, spread over the lifespan            moves with nothing but how many hosts are owned
//! ```

/// Hours in four years, over which the making of a server is spread (Cloud Carbon Footprint).
pub const LIFESPAN_HOURS: f64 = 35_040.0;

/// Joules in one kilowatt-hour.
const JOULES_PER_KWH: f64 = 3.6e6;

/// Grams of CO2 equivalents for energy in joules at an intensity in grams per kilowatt-hour.
pub fn operational_grams(facility_joules: f64, grams_per_kwh: f64) -> f64 {
    facility_joules / JOULES_PER_KWH * grams_per_kwh
}

/// Carbon usage effectiveness (ISO/IEC 30134-8): kilograms for each kilowatt-hour of the hosts. Nothing without energy.
pub fn carbon_usage_effectiveness(kilograms: f64, it_kwh: f64) -> f64 {
    if it_kwh == 0.0 { 0.0 } else { kilograms / it_kwh }
}

/// Software carbon intensity (ISO/IEC 21031): grams for each functional unit, by the energy of the software in kilowatt-hours,
/// the intensity of its grid in grams per kilowatt-hour, and its part of what making the hardware emitted, in grams.
pub fn software_carbon_intensity(kwh: f64, grams_per_kwh: f64, embodied_grams: f64, units: f64) -> f64 {
    (kwh * grams_per_kwh + embodied_grams) / units
}

/// What of making a host falls to whoever held a share of it (0 to 1) for so many hours, in grams, when its making emitted so
/// many kilograms.
pub fn embodied_grams(host_kilograms: f64, hours: f64, share: f64) -> f64 {
    1000.0 * host_kilograms * (hours / LIFESPAN_HOURS) * share
}

/// A server by the parts that count.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ServerParts {
    /// Processors.
    pub processors: u32,
    /// Gigabytes of memory.
    pub memory_gigabytes: f64,
    /// Solid-state disks.
    pub solid_state_disks: u32,
    /// Hard disks.
    pub hard_disks: u32,
    /// Cards that compute.
    pub devices: u32,
}

impl ServerParts {
    /// What making it emitted, in kilograms (coefficients of Cloud Carbon Footprint, after Teads and the life-cycle assessment
    /// of a Dell R740): 1000 with one processor and 16 GB, 100 for each further processor, 533 for each 384 GB beyond,
    /// 100 and 50 for disks, 150 for each card, which is an old estimate.
    pub fn kilograms(self) -> f64 {
        let further = f64::from(self.processors.saturating_sub(1));
        let memory = (self.memory_gigabytes - 16.0).max(0.0) * 533.0 / 384.0;
        let disks = 100.0 * f64::from(self.solid_state_disks) + 50.0 * f64::from(self.hard_disks);
        1000.0 + 100.0 * further + memory + disks + 150.0 * f64::from(self.devices)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Models 7: 10 kW of hosts, PUE 1.2, 400 g/kWh, 24 h: 115.2 kg; over 240 kWh of hosts that is 0.48 kg/kWh, the
    /// intensity times the PUE (models 6.1).
    #[test]
    fn models_7_operational_carbon_of_a_day() {
        let grams = operational_grams(10e3 * 1.2 * 86_400.0, 400.0);
        assert!((grams - 115_200.0).abs() < 1e-6);
        assert!((carbon_usage_effectiveness(grams / 1000.0, 240.0) - 0.4 * 1.2).abs() < 1e-12);
        assert_eq!(carbon_usage_effectiveness(0.0, 0.0), 0.0);
    }

    /// Models 7: two sockets, 512 GB and two disks: 1988.46 kg, 56.75 g an hour; 16 of 128 virtual processors 7.09 g.
    #[test]
    fn models_7_embodied_carbon_of_a_server_and_of_a_part_of_it() {
        let parts = ServerParts {
            processors: 2,
            memory_gigabytes: 512.0,
            solid_state_disks: 2,
            hard_disks: 0,
            devices: 0,
        };
        assert!((parts.kilograms() - 1988.46).abs() < 0.005, "{}", parts.kilograms());
        assert!((embodied_grams(parts.kilograms(), 1.0, 1.0) - 56.75).abs() < 0.005);
        assert!((embodied_grams(parts.kilograms(), 1.0, 16.0 / 128.0) - 7.09).abs() < 0.005);
        let small = ServerParts { processors: 1, memory_gigabytes: 8.0, solid_state_disks: 0, ..parts };
        assert_eq!(ServerParts { hard_disks: 2, devices: 1, ..small }.kilograms(), 1250.0);
    }

    /// Models 7: ((E x I) + M) per R: 2 kWh at 300 g/kWh and 100 g of hardware for 50 requests are 14 g each.
    #[test]
    fn models_7_software_carbon_intensity() {
        assert_eq!(software_carbon_intensity(2.0, 300.0, 100.0, 50.0), 14.0);
    }
}
