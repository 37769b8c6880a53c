//! A [`Picture`] as PNG, drawn on the CPU: no display, no GPU, the same bytes every time.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, fontdb};

use super::svg::{About, svg};
use crate::scene::{Font, Picture, Shape};

/// Why a PNG could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PngError {
    /// The size is zero or too large.
    #[error(
        "a picture of {width} x {height} pixels cannot be made: at most {MOST_PIXELS} pixels, {MOST_SIDE} on a side"
    )]
    Size {
        /// Asked width in pixels.
        width: u64,
        /// Asked height in pixels.
        height: u64,
    },
    /// The SVG could not be drawn.
    #[error("the picture could not be drawn: {0}")]
    Draw(String),
    /// The PNG could not be encoded.
    #[error("the picture could not be written as PNG: {0}")]
    Encode(#[from] png::EncodingError),
}

/// Longest side in pixels.
pub const MOST_SIDE: u64 = 32_767;
/// Most pixels: 16K by 8K, half a gigabyte of memory.
pub const MOST_PIXELS: u64 = 16_384 * 8_192;

/// Draws `picture` at `scale` pixels per point.
///
/// # Errors
/// When the size is not possible, or drawing fails.
pub fn png(picture: &Picture, about: &About, scale: f32) -> Result<Vec<u8>, PngError> {
    let pixels = |points: f32| (f64::from(points) * f64::from(scale)).round().clamp(0.0, 1e12) as u64;
    let (width, height) = (pixels(picture.size.x), pixels(picture.size.y));
    let is_possible = (1..=MOST_SIDE).contains(&width) && (1..=MOST_SIDE).contains(&height);
    if !is_possible || width * height > MOST_PIXELS {
        return Err(PngError::Size { width, height });
    }
    let too_large = || PngError::Size { width, height };
    let mut pixmap = Pixmap::new(width as u32, height as u32).ok_or_else(too_large)?;
    let options = usvg::Options {
        font_family: Font::Regular.family().to_owned(),
        fontdb: fonts_for(picture),
        ..usvg::Options::default()
    };
    let text = svg(picture, about);
    let tree = usvg::Tree::from_str(&text, &options).map_err(|error| PngError::Draw(error.to_string()))?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    encode(&pixmap, about)
}

/// The bundled fonts; the system's fonts behind them when a text needs a character that they lack.
fn fonts_for(picture: &Picture) -> Arc<fontdb::Database> {
    let mut fonts = fontdb::Database::new();
    for font in [Font::Regular, Font::Bold, Font::Mono] {
        fonts.load_font_source(fontdb::Source::Binary(Arc::new(font.bytes())));
    }
    let needs_more = picture.layers.iter().flat_map(|layer| &layer.shapes).any(|shape| match shape {
        Shape::Text(text) => !text.font.covers(&text.text),
        _ => false,
    });
    if needs_more {
        fonts.load_system_fonts();
    }
    Arc::new(fonts)
}

fn encode(pixmap: &Pixmap, about: &About) -> Result<Vec<u8>, PngError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, pixmap.width(), pixmap.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    for (key, text) in [("Title", &about.title), ("Source", &about.source), ("Software", &about.software)] {
        encoder.add_itxt_chunk(key.to_owned(), text.replace('\0', " "))?;
    }
    let mut writer = encoder.write_header()?;
    // The background is opaque, so colours are not premultiplied by anything.
    let rgb: Vec<u8> = pixmap.data().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    writer.write_image_data(&rgb)?;
    writer.finish()?;
    Ok(bytes)
}
