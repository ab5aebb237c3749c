//! One colour per scheduler, the same in every figure.

use plotters::style::RGBColor;

/// The colours of Okabe and Ito ("Color Universal Design", 2008), which people with any colour vision tell apart;
/// without black, which a dark page would swallow, and with yellow last, which a light page almost does.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0x00, 0x72, 0xB2), // blue
    RGBColor(0xD5, 0x5E, 0x00), // vermilion
    RGBColor(0x00, 0x9E, 0x73), // bluish green
    RGBColor(0xCC, 0x79, 0xA7), // reddish purple
    RGBColor(0xE6, 0x9F, 0x00), // orange
    RGBColor(0x56, 0xB4, 0xE9), // sky blue
    RGBColor(0xD4, 0xC8, 0x1E), // yellow, darkened to be seen on white
];

/// The colour of the scheduler at this place of the plan. After seven they come again, half as bright: so many
/// lines are told apart by the table, not by the eye.
pub(super) fn colour(place: usize) -> RGBColor {
    let RGBColor(red, green, blue) = COLOURS[place % COLOURS.len()];
    match place / COLOURS.len() {
        0 => RGBColor(red, green, blue),
        _ => RGBColor(red / 2, green / 2, blue / 2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_fourteen_differ() {
        let all: std::collections::BTreeSet<_> =
            (0..14).map(colour).map(|RGBColor(r, g, b)| (r, g, b)).collect();
        assert_eq!(all.len(), 14);
    }
}
