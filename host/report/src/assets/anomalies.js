// What is wrong, where there is more to show than words: cycles of operations as graphs, and the
// stretch of a register's history that no order explains.

const CASES_MAX = 4;

function anomalies(go) {
  const result = data.result.results?.workload ?? {};
  const cycles = [...ofTransactions(result), ...ofLogs(result)];
  const windows = Object.entries(result.results ?? {}).filter(([, of]) => of?.linearizable?.op);
  const grounds = data.grounds.filter(({ operations: found }) => found.length);
  const named = namedOnly();
  if (!cycles.length && !windows.length && !grounds.length && !named.length) return null;
  return section("anomalies", "Anomalies",
    grounds.map(({ name, operations: found }) => groundsTable(`${titleOf(name)}: the operations that it rests on`, found, go)),
    named.length ? groundsTable("Other operations that the verdict names", named, go) : null,
    cycles.slice(0, 24).map(([name, found]) => cycle(name, found)),
    windows.slice(0, 8).map(([name, { linearizable }]) => unexplained(name, linearizable, go)));
}

function ofTransactions(result) {
  const all = Object.entries(result.anomalies ?? {});
  return all.flatMap(([name, cases]) => (Array.isArray(cases) ? cases : []).slice(0, CASES_MAX).map((found) => [name, {
    words: found.words, operations: found.txns ?? [],
    steps: (found.steps ?? []).map(({ from, to, type, key: about, because }) => ({ from: Number(from.slice(1)) - 1, to: Number(to.slice(1)) - 1, type, about, because })),
  }]));
}

// Kafka's: the last operation of a cycle is the first again.
function ofLogs(result) {
  const kinds = Object.entries(result).filter(([, errors]) => Array.isArray(errors?.errs));
  return kinds.flatMap(([name, { errs }]) => errs.filter((found) => Array.isArray(found?.cycle)).slice(0, CASES_MAX).map(({ cycle: around, steps }) => [name, {
    words: "", operations: around.slice(0, -1),
    steps: steps.map((step, at) => ({ from: at, to: (at + 1) % (around.length - 1), type: step.type, about: step.key, because: step.type === "wr" ? `polled the message ${short(step.value)} of log ${short(step.key)}` : "ended before the other began" })),
  }]));
}

function cycle(name, { words: text, operations: found, steps }) {
  return el("div", { class: "card" }, el("h3", {}, name), text ? el("p", {}, text) : null,
    steps.length ? graph(name, found.length, steps) : null,
    steps.length ? el("ol", {}, steps.map((step) => el("li", {}, `T${step.from + 1} → T${step.to + 1} (${step.type}): ${step.because}`))) : null,
    table("The operations", ["", "op", "process", "ended", "value"], found.map((op, at) => [`T${at + 1}`, String(op.index), String(op.process), seconds(op.time), short(op.value)])));
}

// Operations in a circle, an arrow for each step, with what it is about.
function graph(name, many, steps) {
  const size = 320, middle = size / 2, radius = many > 1 ? 105 : 0;
  const place = (at) => [middle + radius * Math.sin((2 * Math.PI * at) / many), middle - radius * Math.cos((2 * Math.PI * at) / many)];
  const id = `tip-${graph.made = (graph.made ?? 0) + 1}`;
  const arrows = steps.map(({ from, to, type, about }) => {
    const [[x1, y1], [x2, y2]] = [place(from), place(to)];
    const long = Math.hypot(x2 - x1, y2 - y1) || 1, [dx, dy] = [(x2 - x1) / long, (y2 - y1) / long];
    const bend = 22, [cx, cy] = [(x1 + x2) / 2 - dy * -bend, (y1 + y2) / 2 - dx * bend];
    return [
      draw("path", { class: "edge", "marker-end": `url(#${id})`, d: `M${x1 + dx * 20} ${y1 + dy * 20}Q${cx} ${cy} ${x2 - dx * 22} ${y2 - dy * 22}` }),
      draw("text", { x: cx, y: cy, "text-anchor": "middle" }, about == null ? type : `${type} ${short(about)}`),
    ];
  });
  const circles = Array.from({ length: many }, (_, at) => {
    const [x, y] = place(at);
    return [draw("circle", { class: "vertex", cx: x, cy: y, r: 18 }), draw("text", { class: "name", x, y: y + 4, "text-anchor": "middle" }, `T${at + 1}`)];
  });
  return draw("svg", { class: "graph", viewBox: `0 0 ${size} ${size}`, width: size, height: size, role: "img", "aria-label": `${name}: ${steps.map(({ from, to, type }) => `T${from + 1} ${type} T${to + 1}`).join(", ")}` },
    draw("defs", {}, draw("marker", { id, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, orient: "auto" }, draw("path", { class: "tip", d: "M0 0L8 4L0 8z" }))),
    arrows, circles);
}

// The operations that are open where the register's history stops making sense.
function unexplained(name, found, go) {
  const byIndex = new Map(operations.map((it) => [it.index, it]));
  const isBad = (it) => it.process === found.op.process && it.begun + (it.took ?? -1) === found.op.time;
  const shown = [...(found.open ?? []), ...(found.crashed ?? [])].map(({ index, value }) => ({ ...byIndex.get(index), value, index }));
  const known = shown.filter((it) => it.begun != null);
  if (found["previous-ok"]) {
    const before = operations.find((it) => it.process === found["previous-ok"].process && it.took != null && it.begun + it.took === found["previous-ok"].time);
    if (before && !known.some((it) => it.index === before.index)) known.unshift({ ...before, value: found["previous-ok"].value });
  }
  const from = Math.min(...known.map((it) => it.begun)), until = Math.max(found.op.time, ...known.map((it) => it.begun + (it.took ?? 0)));
  const pad = Math.max(1, until - from) * 0.05, left = 90, width = 900;
  const x = (ns) => left + ((ns - from + pad) / (until - from + 2 * pad)) * (width - left - 10);
  const rows = known.map((it, at) => {
    const y = at * 28 + 22, end = it.took == null || it.end === 2 ? width - 10 : x(it.begun + it.took);
    return draw("g", {},
      draw("text", { x: left - 8, y: y + 4, "text-anchor": "end" }, `process ${it.process}`),
      draw("rect", { class: isBad(it) ? "span wrong" : it.end === 0 ? "span" : "span maybe", x: x(it.begun), y: y - 9, width: Math.max(3, end - x(it.begun)), height: 18 }),
      draw("text", { x: Math.min(x(it.begun) + 4, width - 160), y: y + 4 }, `${it.f} ${short(it.value)}${it.end === 0 ? "" : " ?"}`));
  });
  const high = known.length * 28 + 30;
  const operation = operations.find(isBad);
  return el("div", { class: "card" }, el("h3", {}, `Key ${name} is not linearizable`), el("p", {}, found.explanation),
    known.length ? draw("svg", { viewBox: `0 0 ${width} ${high}`, role: "img", "aria-label": "The operations that were open at that time; the table has them as text" }, rows) : null,
    operation ? button("✗ to this operation", "Go to the operation that nothing explains", () => go(thisRun.entryOf(operation))) : null,
    table("Open operations", ["op", "process", "what", "begun", "took"], known.map((it) => [String(it.index), String(it.process), `${it.f} ${short(it.value)}`, seconds(it.begun), it.took == null ? "never ended" : millis(it.took)])),
    table(`What could have been the case before (${found["config-count"]} in all)`, ["value", "took effect", "did not yet"],
      (found.configs ?? []).map(({ model, linearized, pending }) => [short(model), linearized.join(", "), pending.join(", ")])));
}
