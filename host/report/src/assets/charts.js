// Charts over time: latencies, rates, availability. Drawn as SVG; thousands of points are one
// path, since each element costs time. Tables beside them have the figures.

const CHART = { width: 900, height: 260, left: 64, right: 12, top: 12, bottom: 30 };
const END_NS = Math.max(1, data.result.run["end-ns"]);

function chart(title, { top, tick, ticks, y, marks, legend }) {
  const { width, height, left, right, top: above, bottom } = CHART;
  const scaleX = (ns) => left + (width - left - right) * (ns / END_NS);
  const scaleY = (value) => height - bottom - (height - above - bottom) * (y ? y(value) : value / top);
  const at = { x: scaleX, y: scaleY };
  const lines = ticks.map((value) => [
    draw("path", { class: "grid", d: `M${left} ${scaleY(value)}H${width - right}` }),
    draw("text", { x: left - 6, y: scaleY(value) + 4, "text-anchor": "end" }, tick(value)),
  ]);
  const times = [0, 0.25, 0.5, 0.75, 1].map((part) => draw("text", {
    x: scaleX(END_NS * part), y: height - 8, "text-anchor": part === 0 ? "start" : part === 1 ? "end" : "middle",
  }, `${Number(((END_NS * part) / NS).toFixed(2))} s`));
  return el("figure", {},
    el("figcaption", {}, title, " ", legend.map(([name, text]) => el("span", { class: `key ${name}` }, text))),
    draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${title}. The tables have the figures.` },
      faultBands(faultPeriods, scaleX, above, height - above - bottom), lines, times, marks(at)));
}

const series = data.figures.series;
// Colours say how operations end, strokes of which kind they are.
const STROKES = ["", "dashed", "dotted", "dash-dotted"];
const strokeOf = (f) => data.operations.fs.indexOf(f) % STROKES.length;
const ofSeries = ({ f, end }) => `end-${ENDS[end]} stroke-${strokeOf(f)}`;
const seriesLegend = series.map(({ f, end, count: many }) => [`end-${ENDS[end]}`,
  `${f} ${ENDS[end]} (${grouped(many)})${STROKES[strokeOf(f)] && `, ${STROKES[strokeOf(f)]}`}`]);

function latencyChart() {
  const all = series.flatMap(({ points }) => points.map(([, took]) => took));
  const most = Math.max(1e6, all.reduce((a, b) => Math.max(a, b), 0));
  const log = (ns) => Math.log10(1 + ns / 1e5);
  const ticks = [0, 1e6, 1e7, 1e8, 1e9, 1e10].filter((ns) => ns <= most * 1.5);
  const colours = ["q50", "q95", "q99"];
  return chart("Latency, by when an operation began", {
    ticks, tick: (ns) => millis(ns), y: (ns) => log(ns) / (log(most) * 1.05),
    legend: [...series.map(({ end }) => [`end-${ENDS[end]}`, ENDS[end]]).filter(([name], at, all) => all.findIndex(([other]) => other === name) === at), ["q50", "median"], ["q95", "95 %"], ["q99", "99 %"]],
    marks: ({ x, y }) => [
      series.map((one) => draw("path", { class: `dots ${ofSeries(one)}`, d: one.points.map(([at, took]) => `M${x(at).toFixed(1)} ${y(took).toFixed(1)}h0`).join("") })),
      colours.map((name, which) => {
        const middle = (part) => x((part + 0.5) * data.figures.part_ns);
        return data.figures.latencies.map(({ parts }) => draw("path", { class: `curve ${name}`, d: polyline(parts.map((part, index) => part && [middle(index), y(part[which + 1])])) }));
      }),
    ],
  });
}

// A line through points, with gaps where there is none.
function polyline(points) {
  let isOn = false;
  return points.map((point) => {
    if (!point) { isOn = false; return ""; }
    const move = isOn ? "L" : "M";
    isOn = true;
    return `${move}${point[0].toFixed(1)} ${point[1].toFixed(1)}`;
  }).join("");
}

function nice(most) {
  const step = 10 ** Math.floor(Math.log10(most || 1));
  const unit = [0.2, 0.5, 1, 2].map((part) => part * step).find((size) => most / size <= 5) ?? step * 2;
  return Array.from({ length: Math.floor(most / unit) + 1 }, (_, at) => at * unit);
}

function rateChart() {
  const { part_ns: part } = data.figures;
  const rates = series.map(({ completed }) => completed.map((many) => many / (part / NS)));
  const top = Math.max(1, ...rates.flat()) * 1.05;
  return chart("Throughput: operations a second, by when they ended", {
    top, ticks: nice(top), tick: (value) => String(Number(value.toPrecision(3))), legend: seriesLegend,
    marks: ({ x, y }) => rates.map((rate, index) => draw("path", { class: `curve ${ofSeries(series[index])}`, d: polyline(rate.map((value, at) => [x((at + 0.5) * part), y(value)])) })),
  });
}

function availabilityChart() {
  const { part_ns: part, available } = data.figures;
  return chart("Availability: which part of the operations succeeded, by when they began", {
    top: 1.05, ticks: [0, 0.5, 1], tick: (value) => `${value * 100} %`, legend: [],
    marks: ({ x, y }) => draw("path", { class: "curve end-ok", d: polyline(available.map(([begun, succeeded], at) => begun ? [x((at + 0.5) * part), y(succeeded / begun)] : null)) }),
  });
}

function charts() {
  const latencies = data.figures.latencies.map(({ f, all }) => [f, ...all.map(millis)]);
  return section("charts", "Latency, throughput, availability",
    faultPeriods.length ? el("p", { class: "quiet" }, "Shaded: faults.") : null,
    latencyChart(), rateChart(), availabilityChart(),
    table("Latency of the operations that succeeded", ["operation", "least", "median", "95 %", "99 %", "most"], latencies, { id: "latencies" }),
    table("Operations by how they ended", ["operation", "end", "count"], series.map(({ f, end, count: many }) => [f, ENDS[end], grouped(many)]), { id: "ends" }),
    faultPeriods.length ? table("Faults", ["fault", "from", "to"], faultPeriods.map(([fault, from, to]) => [fault, seconds(from), seconds(to)]), { id: "faults" }) : null);
}
