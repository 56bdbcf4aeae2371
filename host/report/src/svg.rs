//! Writes SVG. All text is escaped, since guests may have written it.

use std::fmt::Write;

use host_protocol::text::one_line;

/// A drawing of a given size in pixels.
pub(super) struct Svg {
    text: String,
}

impl Svg {
    /// Begins an empty drawing. Screen readers read `title`.
    pub(super) fn new(width: f64, height: f64, title: &str) -> Self {
        let mut svg = Svg {
            text: String::new(),
        };
        svg.put(format_args!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" font-family="system-ui, sans-serif" font-size="12">"#
        ));
        svg.put(format_args!("\n<title>{}</title>\n", escaped(title)));
        svg.put(format_args!(
            "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
        ));
        svg
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.text.write_fmt(text);
    }

    /// Draws a line between two points. `more` are further attributes; they are not escaped.
    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: &str, more: &str) {
        let ((x1, y1), (x2, y2)) = (from, to);
        self.put(format_args!(
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{stroke}\" {more}/>\n"
        ));
    }

    /// Draws a filled rectangle.
    pub(super) fn rect(&mut self, at: (f64, f64), size: (f64, f64), fill: &str) {
        let ((x, y), (width, height)) = (at, size);
        self.put(format_args!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{fill}\"/>\n"
        ));
    }

    /// Draws lines from point to point.
    pub(super) fn path(&mut self, points: impl Iterator<Item = (f64, f64)>, stroke: &str) {
        let mut path = String::new();
        for (x, y) in points {
            let _ = write!(
                path,
                "{}{x:.1} {y:.1}",
                if path.is_empty() { 'M' } else { 'L' }
            );
        }
        self.put(format_args!(
            "<path d=\"{path}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"1.5\"/>\n"
        ));
    }

    /// Draws points as dots.
    pub(super) fn dots(&mut self, points: impl Iterator<Item = (f64, f64)>, stroke: &str) {
        let mut path = String::new();
        for (x, y) in points {
            let _ = write!(path, "M{x:.1} {y:.1}h0");
        }
        self.put(format_args!(
            "<path d=\"{path}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"3\" stroke-linecap=\"round\" opacity=\"0.6\"/>\n"
        ));
    }

    /// Writes text; `anchor` is the part of it that is at the point.
    pub(super) fn text(&mut self, at: (f64, f64), anchor: Anchor, text: &str) {
        let (x, y) = at;
        self.put(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{}</text>\n",
            escaped(text)
        ));
    }

    /// Ends the drawing.
    pub(super) fn finish(mut self) -> String {
        self.text.push_str("</svg>\n");
        self.text
    }
}

/// The part of a text that is at its point: SVG's `text-anchor`.
#[derive(Debug, Clone, Copy, strum::Display)]
#[strum(serialize_all = "lowercase")]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// Escapes text for XML, and what is not fit to be shown.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use host_protocol::text::is_fit;

    #[test]
    fn every_character_of_unicode_is_well_formed_text() {
        let all: String = ('\0'..=char::MAX).collect();
        let mut svg = Svg::new(1.0, 1.0, &all);
        svg.text((0.0, 0.0), Anchor::Start, &all);
        let svg = svg.finish();
        let shown: std::collections::BTreeSet<char> = svg.chars().collect();
        let unfit: Vec<char> = svg.chars().filter(|c| !is_fit(*c) && *c != '\n').collect();
        assert_eq!(unfit, Vec::<char>::new());
        let fit = ('\0'..=char::MAX).filter(|c| is_fit(*c) && !"&<>\"".contains(*c));
        let missing: Vec<char> = fit.filter(|c| !shown.contains(c)).collect();
        assert_eq!(missing, Vec::<char>::new());
    }

    #[test]
    fn text_is_never_markup() {
        assert_eq!(
            escaped("</title><script>\"&\u{1}\u{ffff}"),
            "&lt;/title&gt;&lt;script&gt;&quot;&amp;\\u{1}\\u{ffff}"
        );
    }
}
