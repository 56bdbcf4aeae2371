// The page of a comparison: two sides on the same seeds.

const { comparison, names, points } = data;
const LETTERS = ["A", "B"];
const digits = (value) => (value == null ? "–" : Number(value.toPrecision(3)).toLocaleString("en", { maximumSignificantDigits: 3 }));

// How a side looks: its shape says it, and its colour too.
const LOOKS = [
  { kind: "q50", sign: "●", path: (x, y) => `M${x} ${y}h0` },
  { kind: "q95", sign: "×", path: (x, y) => `M${x - 3} ${y - 3}l6 6m0 -6l-6 6` },
];

function sideText({ module, args }) {
  return [module, ...args].join(" ");
}

function anomaliesOf({ anomalies }) {
  const all = Object.entries(anomalies);
  return all.length ? all.map(([name, { runs, seeds }]) => el("div", {}, `${name}: ${count(runs, "seed")} (${seeds.join(", ")}${runs > seeds.length ? ", …" : ""})`)) : "none";
}

const sides = table("The sides", ["", "what runs", "valid", "unknown", "anomalies"],
  comparison.sides.map((side, index) => [LETTERS[index], el("code", {}, sideText(side)), `${side["valid-runs"]} of ${comparison.compared}`, side["unknown-runs"], anomaliesOf(side)]));

const differ = comparison.differ
  ? `The verdicts differ with ${count(comparison.differ.runs, "seed")}, first with ${comparison.differ["first-seed"]}.`
  : "The verdicts are the same with each seed.";

const STATISTICS = ["median", "p99", "worst"];
const figures = table("Figures, and B in relation to A",
  ["figure", ...STATISTICS.flatMap((name) => [`${name} A`, `${name} B`, "B/A"])],
  comparison.figures.map((figure) => [figure.name, ...STATISTICS.flatMap((name, at) => [digits(figure.a?.[name]), digits(figure.b?.[name]), digits(figure.ratios[at])])]));

// Messages against a latency: a point for each seed of each side.
function scatter(at) {
  const [width, height, left, bottom, top] = [640, 380, 64, 44, 34];
  const known = LETTERS.map((_, side) => points
    .map(({ seed, valid, figures }) => ({ seed, valid: valid[side], x: figures[side][0], y: figures[side][at] }))
    .filter(({ x, y }) => x != null && y != null));
  const all = known.flat();
  if (!all.length) return null;
  const most = (key) => Math.max(...all.map((point) => point[key])) * 1.05 || 1;
  const [xMost, yMost] = [most("x"), most("y")];
  const x = (value) => Number((left + (value / xMost) * (width - left - 12)).toFixed(1));
  const y = (value) => Number((height - bottom - (value / yMost) * (height - bottom - top)).toFixed(1));
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  const title = `${names[at]} against ${names[0]}`;
  const wrong = all.filter(({ valid }) => valid !== true);
  return el("figure", {},
    el("figcaption", {}, `${title}: `,
      LOOKS.map(({ kind, sign }, side) => el("strong", { class: kind }, `${sign} ${LETTERS[side]}  `)),
      wrong.length ? el("strong", { class: "invalid" }, "○ not valid") : null),
    draw("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": `${title}, a point for each seed. The tables have the figures.` },
      ticks.map((part) => [
        draw("line", { class: "grid", x1: left, x2: width - 12, y1: y(part * yMost), y2: y(part * yMost) }),
        draw("text", { x: left - 6, y: y(part * yMost) + 4, "text-anchor": "end" }, digits(part * yMost)),
        draw("text", { x: x(part * xMost), y: height - bottom + 16, "text-anchor": "middle" }, digits(part * xMost)),
      ]),
      draw("text", { x: (left + width) / 2, y: height - 8, "text-anchor": "middle" }, names[0]),
      draw("text", { x: 4, y: 14 }, names[at]),
      LOOKS.map(({ kind, path }, side) => draw("path", { class: `${side === 0 ? "dots" : "curve"} ${kind}`, d: known[side].map((point) => path(x(point.x), y(point.y))).join("") })),
      wrong.map((point) => draw("circle", { class: "mark", cx: x(point.x), cy: y(point.y), r: 5 }))));
}

// Only what varies is worth a drawing.
const drawings = names.map((_, at) => at).slice(1)
  .filter((at) => points.some(({ figures }) => figures.some((values) => values[0] != null && values[at] != null)))
  .map(scatter);

document.body.append(
  el("main", {},
    el("h1", {}, `${comparison.workload}: A and B on ${count(comparison.compared, "seed")}`),
    el("p", {}, differ),
    section("sides", "Sides", sides),
    section("figures", "Figures", figures),
    section("plots", "Messages against latency", drawings,
      points.length < comparison.compared ? el("p", { class: "quiet" }, `Drawn are the first ${count(points.length, "seed")}.`) : null)));
