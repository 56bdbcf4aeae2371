//! Draws latencies and rates over time.

use super::figures::{Figures, Series};
use super::svg::{Anchor, Svg};

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 150.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 40.0;

/// By how an operation ended.
const COLOURS: [&str; 4] = ["#1a7f37", "#cf222e", "#bf8700", "#6e7781"];
const ENDS: [&str; 4] = ["ok", "fail", "info", "open"];

/// Draws a point for each operation: its time of invocation and its latency.
pub(super) fn latency_svg(figures: &Figures<'_>, end_ns: u64) -> String {
    let points = figures.series.iter().flat_map(|series| &series.points);
    let max_ns = points.map(|(_, latency_ns)| *latency_ns).max().unwrap_or(0);
    let mut plot = Plot::new("Latency of operations", end_ns, ms(max_ns), "ms");
    for series in &figures.series {
        let points = series.points.iter();
        let points = points.map(|(at, took)| (plot.x(*at), plot.y(ms(*took))));
        let points: Vec<_> = points.collect();
        plot.svg
            .dots(points.into_iter(), COLOURS[usize::from(series.end)]);
    }
    plot.legend(&figures.series)
}

/// Draws a line for each kind of operation: completions per second over time.
pub(super) fn rate_svg(figures: &Figures<'_>, end_ns: u64) -> String {
    let part_s = float(figures.part_ns) / 1e9;
    let counts = figures.series.iter().flat_map(|series| &series.completed);
    let max = counts.max().map_or(0.0, |count| float(*count) / part_s);
    let mut plot = Plot::new("Operations a second", end_ns, max, "/s");
    for series in &figures.series {
        let middle_ns = |part: u64| part * figures.part_ns + figures.part_ns / 2;
        let points = (0..).zip(&series.completed).map(|(part, count)| {
            let at_ns = i64::try_from(middle_ns(part)).unwrap_or(i64::MAX);
            (plot.x(at_ns), plot.y(float(*count) / part_s))
        });
        let points: Vec<_> = points.collect();
        plot.svg
            .path(points.into_iter(), COLOURS[usize::from(series.end)]);
    }
    plot.legend(&figures.series)
}

struct Plot {
    svg: Svg,
    end_ns: f64,
    max: f64,
}

impl Plot {
    fn new(title: &str, end_ns: u64, max: f64, unit: &str) -> Self {
        let mut plot = Plot {
            svg: Svg::new(WIDTH, HEIGHT, title),
            end_ns: float(end_ns.max(1)),
            max: if max > 0.0 { max } else { 1.0 },
        };
        plot.svg.text((LEFT, 18.0), Anchor::Start, title);
        for part in 0..=4_u8 {
            let part = f64::from(part) / 4.0;
            let y = plot.y(plot.max * part);
            plot.svg.line((LEFT, y), (WIDTH - RIGHT, y), "#ddd", "");
            let label = format!("{:.3} {unit}", plot.max * part);
            plot.svg.text((LEFT - 6.0, y + 4.0), Anchor::End, &label);
            let x = LEFT + (WIDTH - LEFT - RIGHT) * part;
            let label = format!("{:.2} s", plot.end_ns * part / 1e9);
            plot.svg
                .text((x, HEIGHT - BOTTOM + 18.0), Anchor::Middle, &label);
        }
        plot
    }

    fn x(&self, at_ns: i64) -> f64 {
        let at_ns = float(u64::try_from(at_ns).unwrap_or(0));
        LEFT + (WIDTH - LEFT - RIGHT) * at_ns / self.end_ns
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / self.max
    }

    fn legend(mut self, series: &[Series<'_>]) -> String {
        let mut y = TOP + 10.0;
        for Series { f, end, count, .. } in series {
            let end = usize::from(*end);
            self.svg
                .rect((WIDTH - RIGHT + 12.0, y - 9.0), (10.0, 10.0), COLOURS[end]);
            let label = format!("{f} {} ({count})", ENDS[end]);
            self.svg
                .text((WIDTH - RIGHT + 28.0, y), Anchor::Start, &label);
            y += 18.0;
        }
        self.svg.finish()
    }
}

fn ms(ns: i64) -> f64 {
    float(u64::try_from(ns).unwrap_or(0)) / 1e6
}

#[expect(clippy::cast_precision_loss, reason = "a drawing needs no more")]
fn float(number: u64) -> f64 {
    number as f64
}
