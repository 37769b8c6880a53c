//! A [`Picture`] as SVG text. Deterministic, without scripts, safe to paste into a page.

use std::fmt::Write as _;

use ecolor::Color32;
use emath::{Pos2, Rect};

use crate::scene::shape::hatch_lines;
use crate::scene::{Anchor, BarRect, Picture, Shape, Stroke, TextShape};

/// What a picture says about itself.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct About {
    /// What it shows.
    pub title: String,
    /// File names and hashes.
    pub source: String,
    /// Program and version.
    pub software: String,
}

/// Writes `picture` as a complete SVG document.
#[must_use]
pub fn svg(picture: &Picture, about: &About) -> String {
    let mut out = String::with_capacity(64 * 1024);
    let size = picture.size;
    push(
        &mut out,
        format_args!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{w}" height="{h}" viewBox="0 0 {w} {h}">"#,
            w = Num(size.x),
            h = Num(size.y)
        ),
    );
    push(&mut out, format_args!("\n<title>{}</title>\n", Escaped(&about.title)));
    push(&mut out, format_args!("<desc>{} · {}</desc>\n", Escaped(&about.source), Escaped(&about.software)));
    out.push_str("<style>text{white-space:pre}</style>\n<defs>\n");
    for (at, layer) in picture.layers.iter().enumerate() {
        push(&mut out, format_args!(r#"<clipPath id="c{at}"><rect {}/></clipPath>"#, RectAttrs(layer.clip)));
        out.push('\n');
    }
    out.push_str("</defs>\n");
    let frame = Rect::from_min_size(Pos2::ZERO, size);
    push(&mut out, format_args!("<rect {}{}/>\n", RectAttrs(frame), Fill(picture.background)));
    for (at, layer) in picture.layers.iter().enumerate() {
        push(&mut out, format_args!(r#"<g id="{}" clip-path="url(#c{at})">"#, layer.area));
        out.push('\n');
        for shape in &layer.shapes {
            write_shape(&mut out, shape);
        }
        out.push_str("</g>\n");
    }
    out.push_str("</svg>\n");
    out
}

/// Writing to a `String` cannot fail.
fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

fn write_shape(out: &mut String, shape: &Shape) {
    match shape {
        Shape::Rect { rect, radius, fill, stroke } => write_rect(out, *rect, *radius, *fill, stroke),
        Shape::Bars(bars) => bars.iter().for_each(|bar| write_bar(out, bar)),
        Shape::Hatch { rect, spacing, stroke } => {
            out.push_str("<path d=\"");
            for [from, to] in hatch_lines(*rect, *spacing) {
                push(out, format_args!("M{} {}L{} {}", Num(from.x), Num(from.y), Num(to.x), Num(to.y)));
            }
            push(out, format_args!("\" fill=\"none\"{}/>\n", Line(stroke)));
        }
        Shape::Line { from, to, stroke } => {
            let (x1, y1, x2, y2) = (Num(from.x), Num(from.y), Num(to.x), Num(to.y));
            push(out, format_args!(r#"<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"{}/>"#, Line(stroke)));
            out.push('\n');
        }
        Shape::Path { points, closed, fill, stroke } => {
            out.push_str("<path d=\"");
            for (at, point) in points.iter().enumerate() {
                let command = if at == 0 { 'M' } else { 'L' };
                push(out, format_args!("{command}{} {}", Num(point.x), Num(point.y)));
            }
            push(out, format_args!("{}\"{}{}/>\n", if *closed { "Z" } else { "" }, Fill(*fill), Line(stroke)));
        }
        Shape::Curve { points: [a, b, c, d], stroke } => {
            let point = |at: &Pos2| (Num(at.x), Num(at.y));
            let ((ax, ay), (bx, by), (cx, cy), (dx, dy)) = (point(a), point(b), point(c), point(d));
            let line = Line(stroke);
            push(out, format_args!("<path d=\"M{ax} {ay}C{bx} {by} {cx} {cy} {dx} {dy}\" fill=\"none\"{line}/>\n"));
        }
        Shape::Text(text) => write_text(out, text),
    }
}

fn write_rect(out: &mut String, rect: Rect, radius: f32, fill: Color32, stroke: &Stroke) {
    if rect.width() <= 0.0 || rect.height() <= 0.0 {
        return;
    }
    push(out, format_args!("<rect {}", RectAttrs(rect)));
    if radius > 0.0 {
        push(out, format_args!(r#" rx="{}""#, Num(radius)));
    }
    push(out, format_args!("{}{}/>\n", Fill(fill), Line(stroke)));
}

fn write_bar(out: &mut String, bar: &BarRect) {
    write_rect(out, bar.rect, bar.radius, bar.fill, &Stroke::NONE);
}

fn write_text(out: &mut String, text: &TextShape) {
    if text.text.is_empty() {
        return;
    }
    push(out, format_args!(r#"<text x="{}" y="{}""#, Num(text.pos.x), Num(text.pos.y)));
    let anchor = match text.anchor {
        Anchor::Start => "",
        Anchor::Middle => r#" text-anchor="middle""#,
        Anchor::End => r#" text-anchor="end""#,
    };
    push(out, format_args!("{anchor} font-family=\"{}\" font-size=\"{}\"", text.font.family(), Num(text.size)));
    if text.font.weight() != 400 {
        push(out, format_args!(r#" font-weight="{}""#, text.font.weight()));
    }
    push(out, format_args!("{}>{}</text>\n", Fill(text.color), Escaped(&text.text)));
}

/// A number with at most two decimals, without trailing zeros; never `NaN` or an exponent.
struct Num(f32);

impl std::fmt::Display for Num {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let value = if self.0.is_finite() { self.0.clamp(-1e6, 1e6) } else { 0.0 };
        let hundredths = (f64::from(value) * 100.0).round() as i64;
        let (sign, size) = (if hundredths < 0 { "-" } else { "" }, hundredths.unsigned_abs());
        match (size / 100, size % 100) {
            (whole, 0) => write!(f, "{sign}{whole}"),
            (whole, part) if part % 10 == 0 => write!(f, "{sign}{whole}.{}", part / 10),
            (whole, part) => write!(f, "{sign}{whole}.{part:02}"),
        }
    }
}

struct RectAttrs(Rect);

impl std::fmt::Display for RectAttrs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rect = self.0;
        let (x, y, width, height) = (Num(rect.left()), Num(rect.top()), Num(rect.width()), Num(rect.height()));
        write!(f, r#"x="{x}" y="{y}" width="{width}" height="{height}""#)
    }
}

struct Fill(Color32);

impl std::fmt::Display for Fill {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        paint(f, "fill", self.0)
    }
}

struct Line<'a>(&'a Stroke);

impl std::fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.0.is_visible() {
            return Ok(());
        }
        paint(f, "stroke", self.0.color)?;
        write!(f, r#" stroke-width="{}""#, Num(self.0.width))?;
        match self.0.dash {
            Some([dash, gap]) => write!(f, r#" stroke-dasharray="{} {}""#, Num(dash), Num(gap)),
            None => Ok(()),
        }
    }
}

fn paint(f: &mut std::fmt::Formatter<'_>, what: &str, color: Color32) -> std::fmt::Result {
    let [red, green, blue, alpha] = color.to_srgba_unmultiplied();
    match alpha {
        0 => write!(f, r#" {what}="none""#),
        255 => write!(f, r##" {what}="#{red:02x}{green:02x}{blue:02x}""##),
        _ => {
            let opacity = Num(f32::from(alpha) / 255.0);
            write!(f, r##" {what}="#{red:02x}{green:02x}{blue:02x}" {what}-opacity="{opacity}""##)
        }
    }
}

/// Text for element content and attribute values; characters that XML 1.0 cannot hold become U+FFFD.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for ch in self.0.chars() {
            match ch {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\t' | '\n' | '\r' => f.write_char(' ')?,
                '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => f.write_char('\u{fffd}')?,
                _ => f.write_char(ch)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::{Area, Font, Layer};
    use emath::Vec2;

    #[test]
    fn numbers_are_short_and_never_odd() {
        for (value, text) in [
            (1.0, "1"),
            (1.5, "1.5"),
            (1.05, "1.05"),
            (-0.004, "0"),
            (-2.25, "-2.25"),
            (f32::NAN, "0"),
            (1e30, "1000000"),
        ] {
            assert_eq!(Num(value).to_string(), text);
        }
    }

    #[test]
    fn any_text_gives_well_formed_xml_that_reads_back() {
        let all: String = (0..0x3000_u32).filter_map(char::from_u32).chain(['\u{fffe}', '\u{ffff}', '🙂']).collect();
        let text = TextShape {
            pos: Pos2::new(1.0, 2.0),
            anchor: Anchor::Middle,
            font: Font::Mono,
            size: 10.0,
            color: Color32::WHITE,
            text: format!("a<b>&\"c\"]]>{all}").into(),
        };
        let clip = Rect::from_min_size(Pos2::ZERO, Vec2::splat(100.0));
        let layers = vec![Layer { area: Area::Bars, clip, shapes: vec![Shape::Text(text)] }];
        let picture = Picture { size: Vec2::splat(100.0), background: Color32::BLACK, layers };
        let about = About { title: "<script>alert(1)</script>".into(), ..About::default() };
        let svg = svg(&picture, &about);
        assert!(!svg.contains("<script"));
        let document = resvg::usvg::roxmltree::Document::parse(&svg).unwrap();
        let read = document.descendants().find(|node| node.has_tag_name("text")).unwrap().text().unwrap();
        assert!(read.starts_with("a<b>&\"c\"]]>"));
        assert!(read.ends_with('🙂'));
    }
}
