//! The temperature to which evaporation can cool: the wet bulb, from the dry bulb and the humidity that weather files hold.

/// Where nobody states how humid it is, in percent.
pub const HUMIDITY_PERCENT: f64 = 60.0;

/// The wet bulb in °C at sea level, from the dry bulb in °C and the relative humidity in percent (Stull, Wet-Bulb Temperature
/// from Relative Humidity and Air Temperature, Journal of Applied Meteorology and Climatology 50, 2011, equation 1). It was
/// fitted for 5 to 99 % and -20 to 50 °C, where it errs by less than 1 K. Humidity is held to that range, and what is
/// wet is never warmer than what is dry.
pub fn wet_bulb_celsius(dry_bulb_celsius: f64, humidity_percent: f64) -> f64 {
    let (dry, humidity) = (dry_bulb_celsius, humidity_percent.clamp(5.0, 99.0));
    let wet = dry * libm::atan(0.151_977 * (humidity + 8.313_659).sqrt()) + libm::atan(dry + humidity)
        - libm::atan(humidity - 1.676_331)
        + 0.003_918_38 * humidity * humidity.sqrt() * libm::atan(0.023_101 * humidity)
        - 4.686_035;
    wet.min(dry)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the paper: 20 °C and 50 % give 13.7 °C.
    #[test]
    fn the_example_of_the_paper() {
        assert!((wet_bulb_celsius(20.0, 50.0) - 13.7).abs() < 0.05);
    }

    #[test]
    fn what_is_wet_is_no_warmer_than_what_is_dry_and_falls_with_it() {
        for humidity in (0..=100).map(f64::from) {
            let mut colder = f64::NEG_INFINITY;
            for dry in (-30..=50).map(f64::from) {
                let wet = wet_bulb_celsius(dry, humidity);
                assert!(colder < wet && wet <= dry, "{wet} at {dry} °C and {humidity} %");
                colder = wet;
            }
        }
    }
}
