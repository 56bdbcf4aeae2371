// The operations of all processes over time, and as a table.

const OPERATION_ROWS = 100;
const ROW = 12;

// The operations of a model. `options`: `go` is told the entry of the one that is chosen; `focus` is the one to mark;
// `fs` are their kinds; `note` stands before all.
function operationsView(model, { go, focus = null, fs, note = null }) {
  const { operations } = model;
  let processes = [], rowOf = new Map(), from = 0, until = 0;
  const box = el("div", { class: "scroll timeline", tabindex: "0", role: "region", "aria-label": "Operations by process, over time. The table has the same as text." });
  const list = el("div", {});
  let zoom = 1, page = 0, wanted = "";

  const spot = el("p", { class: "quiet" }, "Each line is an operation, from its invocation to its completion; one that ended at once is a dot. Choose one to see it above.");

  function measure() {
    processes = [...new Set(operations.map(({ process }) => process))].sort((a, b) => a - b);
    rowOf = new Map(processes.map((process, at) => [process, at]));
    from = operations.reduce((least, { begun }) => Math.min(least, begun), Infinity);
    until = operations.reduce((most, { begun, took }) => Math.max(most, begun + (took ?? 0)), 0);
  }

  function paint() {
    const left = 60, width = 900 * zoom, high = processes.length * ROW + 30;
    const x = (ns) => left + ((ns - from) / Math.max(1, until - from)) * (width - left - 20);
    const y = (process) => rowOf.get(process) * ROW + ROW;
    const paths = ENDS.map((name, end) => draw("path", { class: `bar end-${name}`, d: operations.filter((it) => it.end === end)
      .map(({ process, begun, took }) => `M${x(begun).toFixed(1)} ${y(process)}H${x(took == null ? until : begun + took).toFixed(1)}`).join("") }));
    const every = Math.ceil(processes.length / 60);
    const labels = processes.filter((_, at) => at % every === 0).map((process) => draw("text", { x: left - 8, y: y(process) + 4, "text-anchor": "end" }, String(process)));
    const shown = operations.find((it) => it.index === focus);
    const ticks = Array.from({ length: 5 * zoom }, (_, at) => from + ((until - from) * at) / (5 * zoom))
      .map((ns) => draw("text", { x: x(ns), y: high - 6 }, `${(ns / NS).toFixed(2)} s`));
    const drawing = draw("svg", { viewBox: `0 0 ${width} ${high}`, width, height: high, role: "img", "aria-label": "Operations by process over time" },
      draw("g", {}, faultBands(model.faultPeriods, (ns) => clamp(x(ns), left, width), 4, high - 24)), paths, labels, ticks,
      shown ? draw("circle", { class: "mark", cx: x(shown.begun + (shown.took ?? 0)), cy: y(shown.process), r: 7 }) : null);
    drawing.addEventListener("click", (event) => {
      const bounds = drawing.getBoundingClientRect();
      const [atX, atY] = [((event.clientX - bounds.left) / bounds.width) * width, ((event.clientY - bounds.top) / bounds.height) * high];
      const process = processes[clamp(Math.round(atY / ROW) - 1, 0, processes.length - 1)];
      const near = operations.filter((it) => it.process === process)
        .map((it) => [Math.max(x(it.begun) - atX, atX - x(it.begun + (it.took ?? 0)), 0), it])
        .sort(([a], [b]) => a - b)[0];
      if (near) choose(near[1]);
    });
    refill(box, drawing);
  }

  function choose(operation) {
    spot.textContent = fit(describe(operation));
    if (model.isWithin(operation.begun)) go(model.entryOf(operation));
  }

  function describe({ index, completed, process, f, begun, took, end, asked, answered }) {
    return `Operation ${opName({ index, completed })}: process ${process}, ${f} ${asked}, begun at ${seconds(begun)}, `
      + (took == null ? "never ended" : `${ENDS[end]} after ${millis(took)}: ${answered}`);
  }

  function showTable() {
    const rows = operations.filter((it) => !wanted || it.f === wanted || ENDS[it.end] === wanted);
    page = clamp(page, 0, Math.max(0, Math.ceil(rows.length / OPERATION_ROWS) - 1));
    const shown = rows.slice(page * OPERATION_ROWS, (page + 1) * OPERATION_ROWS);
    const turn = (by) => () => { page += by; showTable(); };
    const isWanted = (event) => { wanted = event.target.value; page = 0; showTable(); };
    refill(list,
      el("div", { class: "controls" },
        el("label", {}, "show ", el("select", { name: "operations", onchange: isWanted },
          el("option", { value: "" }, "all"), [...fs, ...ENDS].map((value) => el("option", { value, selected: value === wanted }, value)))),
        button("◀", "Earlier operations", turn(-1)), button("▶", "Later operations", turn(1))),
      table(`Operations ${shown.length ? page * OPERATION_ROWS + 1 : 0} to ${page * OPERATION_ROWS + shown.length} of ${rows.length}`,
        ["op", "process", "what", "asked", "begun", "took", "end", "answered"],
        shown.map((it) => [button(opName(it), `Go to operation ${it.index}`, () => choose(it)), String(it.process), it.f, it.asked, seconds(it.begun),
          it.took == null ? "" : millis(it.took), ENDS[it.end], it.answered ?? ""])));
  }

  const zoomBy = (by) => () => { zoom = clamp(zoom * by, 1, 64); paint(); };
  const view = el("div", {},
    note,
    el("div", { class: "controls" }, button("−", "Zoom out", zoomBy(0.5)), button("+", "Zoom in", zoomBy(2)),
      el("span", {}, ENDS.map((name) => el("span", { class: `key end-${name}` }, name)))),
    box, spot, el("details", {}, el("summary", {}, "The operations as a table"), list));
  const nothing = el("p", {}, "Clients did nothing.");
  // Shows what there is now.
  const update = () => {
    view.hidden = !operations.length;
    nothing.hidden = operations.length > 0;
    if (!operations.length) return;
    measure();
    paint();
    showTable();
  };
  update();
  return { element: section("operations", "Operations", view, nothing), update };
}

// Where a fault lasts; their names where there is room.
function faultBands(periods, x, top, height) {
  return periods.map(([fault, from, to]) => draw("g", {},
    draw("rect", { class: "band", x: x(from), y: top, width: Math.max(1, x(to) - x(from)), height },
      draw("title", {}, `${fault}, ${seconds(from)} to ${seconds(to)}`))));
}

// The numbers of an operation in the history: where it begins, and where it ends.
function opName({ index, completed }) {
  return completed == null || completed < 0 ? String(index) : `${index}–${completed}`;
}
