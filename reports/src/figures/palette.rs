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

/// The colour of the part of a stack at this place. From the muted colours of Tol ("Colour schemes", SRON/EPS/TN/09-002,
/// 2021), so that nobody takes a part for a scheduler.
pub(super) fn part(place: usize) -> RGBColor {
    const PARTS: [RGBColor; 8] = [
        RGBColor(0x33, 0x22, 0x88), // indigo
        RGBColor(0x44, 0xAA, 0x99), // teal
        RGBColor(0xDD, 0xCC, 0x77), // sand
        RGBColor(0xCC, 0x66, 0x77), // rose
        RGBColor(0x88, 0xCC, 0xEE), // cyan
        RGBColor(0x11, 0x77, 0x33), // green
        RGBColor(0x88, 0x22, 0x55), // wine
        RGBColor(0xAA, 0x44, 0x99), // purple
    ];
    PARTS[place % PARTS.len()]
}

/// The colour of a part that is nobody's, from light to dark.
pub(super) fn nobody(place: usize) -> RGBColor {
    const GREYS: [RGBColor; 3] =
        [RGBColor(0xDD, 0xDD, 0xDD), RGBColor(0xAA, 0xAA, 0xAA), RGBColor(0x77, 0x77, 0x77)];
    GREYS[place % GREYS.len()]
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
