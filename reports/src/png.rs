//! A figure as pixels, with the bundled font and nothing of the machine: the same figure gives the same bytes.

use crate::error::ReportError;
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{Options, Tree};

const FONT: &[u8] = include_bytes!("../fonts/DejaVuSans.ttf");
/// No side of a picture is longer, in pixels.
const LARGEST: f32 = 32_000.0;

/// Renders an SVG document on white, this many times as large as it says. Figures are 960 pixels wide; at three
/// times that, a figure as wide as a page of text (16 cm) has 460 dots per inch, in a column (8.5 cm) 860.
///
/// # Errors
/// Refuses what is no SVG, and a scale that makes no picture or one of more than 32,000 pixels a side.
pub fn png(svg: &str, scale: f32) -> Result<Vec<u8>, ReportError> {
    let refuse = |problem: String| ReportError::Figure { problem };
    let mut options = Options { font_family: "DejaVu Sans".to_owned(), ..Options::default() };
    let fonts = options.fontdb_mut();
    fonts.load_font_data(FONT.to_vec());
    fonts.set_sans_serif_family("DejaVu Sans");
    let tree = Tree::from_str(svg, &options).map_err(|error| refuse(error.to_string()))?;
    let (width, height) = ((tree.size().width() * scale).ceil(), (tree.size().height() * scale).ceil());
    let is_drawable = |side: f32| (1.0..=LARGEST).contains(&side);
    if !is_drawable(width) || !is_drawable(height) {
        return Err(refuse(format!("{width} x {height} pixels; 1 to {LARGEST} a side are allowed")));
    }
    let mut picture = Pixmap::new(width as u32, height as u32)
        .ok_or_else(|| refuse(format!("{width} x {height} pixels are no picture")))?;
    picture.fill(Color::WHITE);
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut picture.as_mut());
    picture.encode_png().map_err(|error| refuse(error.to_string()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a panic is how a test speaks

    use super::*;

    const HALF_BLACK: &str = "<svg width=\"8\" height=\"4\" xmlns=\"http://www.w3.org/2000/svg\">\
        <rect x=\"0\" y=\"0\" width=\"4\" height=\"4\" fill=\"currentColor\"/></svg>";

    #[test]
    fn ink_is_black_on_white() {
        let bytes = png(HALF_BLACK, 2.0).unwrap();
        let picture = Pixmap::decode_png(&bytes).unwrap();
        assert_eq!((picture.width(), picture.height()), (16, 8));
        let colour = |x, y| {
            let pixel = picture.pixel(x, y).unwrap();
            (pixel.red(), pixel.green(), pixel.blue(), pixel.alpha())
        };
        assert_eq!((colour(1, 1), colour(14, 6)), ((0, 0, 0, 255), (255, 255, 255, 255)));
        assert_eq!(bytes, png(HALF_BLACK, 2.0).unwrap());
    }

    #[test]
    fn words_are_drawn_with_the_font_that_comes_along() {
        let text = "<svg width=\"60\" height=\"20\" xmlns=\"http://www.w3.org/2000/svg\">\
            <text x=\"2\" y=\"15\" font-family=\"sans-serif\" font-size=\"14\">wait</text></svg>";
        let picture = Pixmap::decode_png(&png(text, 1.0).unwrap()).unwrap();
        let dark = picture.pixels().iter().filter(|pixel| pixel.red() < 128).count();
        assert!(dark > 30, "{dark} dark pixels");
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        assert!(png("wait", 1.0).is_err());
        for scale in [0.0, -1.0, f32::NAN, 1e9] {
            assert!(png(HALF_BLACK, scale).unwrap_err().to_string().contains("pixels"), "{scale}");
        }
    }
}
