// The Lamport diagram: participants from left to right, time from top to bottom, a row for each
// entry that the filter lets through. Only what is in sight is drawn, on a canvas: thousands of
// elements would take seconds. The table of entries (travel.js) has the same as text.

const BLOCK = 128;
const HEAD = 34;
const ZOOMS = [3, 6, 10, 16, 24, 36];

// Columns: clients, nodes, services. There can be hundreds of clients, few of them at a time, so
// a client takes the first column that is free while it is heard of.
function columnsOf({ nodes, names, isNode, isClient, heard }) {
  const lanes = [], of = new Map();
  for (const [who, [first, last]] of heard) {
    if (!isClient[who]) continue;
    let lane = lanes.findIndex((until) => until < first);
    if (lane < 0) lane = lanes.length;
    lanes[lane] = last;
    of.set(who, lane);
  }
  const list = lanes.map((_, lane) => ({ kind: "client", label: lanes.length > 1 ? `client ${lane + 1}` : "client" }));
  for (const name of nodes) {
    const who = names.indexOf(name);
    if (who >= 0) of.set(who, list.length);
    list.push({ kind: "node", label: name, who });
  }
  names.forEach((name, who) => {
    if (isClient[who] || isNode[who]) return;
    of.set(who, list.length);
    list.push({ kind: "service", label: name, who });
  });
  return { list, of };
}

// The diagram of a model; `onSelect` is told the entry that is clicked.
function makeDiagram(model, onSelect) {
  const { entries, messages, isNode, isClient } = model;
  const canvas = el("canvas", {});
  const sizer = el("div", { class: "sizer" }, canvas);
  const box = el("div", {
    class: "diagram", tabindex: "0", role: "application",
    "aria-label": "Diagram of the messages. Arrow keys step through the events, plus and minus zoom; the table of events has the same as text.",
  }, sizer);
  const pen = canvas.getContext("2d");
  let rows = [], rowOf = [], blocks = [], open = new Map(), zoom = 3, cursor = 0, request = null, marked = -1, isDue = false, isToReveal = false;
  // What it takes is measured when it changes: to ask for it makes the browser lay out the page.
  let size = [0, 0];

  const rowHeight = () => ZOOMS[zoom];
  const width = () => Math.max(size[0], 80 + model.columns.list.length * 46 + 20);
  const gap = () => (width() - 100) / model.columns.list.length;
  const x = (column) => 80 + gap() * (column + 0.5);
  const y = (row) => HEAD + row * rowHeight() + rowHeight() / 2;

  // Shows these entries only. Arrows are found by the blocks of rows that they cross.
  function show(filtered) {
    size = [box.clientWidth, box.clientHeight];
    rows = filtered;
    rowOf = new Array(entries.length).fill(-1);
    rows.forEach((index, row) => { rowOf[index] = row; });
    blocks = [];
    open = new Map();
    messages.forEach((message, index) => {
      const ends = message.ends.length ? message.ends : [-1];
      for (const end of ends) addArrow(message, index, message.sent < 0 ? -1 : rowOf[message.sent], end);
    });
    resize();
  }

  function addArrow(message, index, from, end) {
    const to = end < 0 ? -1 : rowOf[end];
    if (from < 0 && to < 0) return;
    const arrow = { message, index, end, from, to };
    if (end < 0) open.set(index, arrow);
    const first = from < 0 ? (message.sent < 0 ? 0 : to) : from;
    cross(arrow, first, to < 0 ? from : to);
  }

  function cross(arrow, first, last) {
    for (let block = Math.floor(first / BLOCK); block <= Math.floor(last / BLOCK); block++) (blocks[block] ??= []).push(arrow);
  }

  // Adds the entries from one on to those shown, which are all before it.
  function extend(from) {
    for (let index = from; index < entries.length; index++) {
      const entry = entries[index], row = rows.push(index) - 1, message = messages[entry.message];
      rowOf[index] = row;
      if (!message) continue;
      const arrow = open.get(entry.message);
      if (entry.kind === SEND) {
        addArrow(message, entry.message, row, -1);
      } else if (arrow) {
        open.delete(entry.message);
        [arrow.end, arrow.to] = [index, row];
        if (Math.floor(arrow.from / BLOCK) < Math.floor(row / BLOCK)) cross(arrow, (Math.floor(arrow.from / BLOCK) + 1) * BLOCK, row);
      } else {
        addArrow(message, entry.message, message.sent < 0 ? -1 : rowOf[message.sent], index);
      }
    }
    resize();
  }

  function measure() {
    size = [box.clientWidth, box.clientHeight];
    resize();
  }

  function resize() {
    sizer.style.width = `${width()}px`;
    sizer.style.height = `${HEAD + rows.length * rowHeight() + 10}px`;
    redraw();
  }

  function redraw() {
    if (isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      if (isToReveal) reveal();
      paint();
    });
  }

  function paint() {
    const scale = window.devicePixelRatio || 1;
    const [wide, high] = size;
    if (canvas.width !== Math.round(wide * scale) || canvas.height !== Math.round(high * scale)) {
      canvas.width = Math.round(wide * scale);
      canvas.height = Math.round(high * scale);
      canvas.style.width = `${wide}px`;
      canvas.style.height = `${high}px`;
    }
    const [left, top] = [box.scrollLeft, box.scrollTop];
    pen.setTransform(scale, 0, 0, scale, -left * scale, -top * scale);
    pen.clearRect(left, top, wide, high);
    pen.font = "11px system-ui, sans-serif";
    pen.textBaseline = "middle";
    const first = clamp(Math.floor((top - HEAD) / rowHeight()) - 1, 0, rows.length);
    const last = clamp(Math.ceil((top + high - HEAD) / rowHeight()) + 1, 0, rows.length);
    const paper = colour("paper"), ink = colour("ink"), quiet = colour("quiet"), line = colour("line");
    paintCursor(left, wide);
    paintLines(top, high, line);
    paintFaults(first, last, left, wide);
    const seen = new Set();
    for (let block = Math.floor(first / BLOCK); block <= Math.floor(last / BLOCK) && block < blocks.length; block++) {
      for (const arrow of blocks[block] ?? []) {
        if (!seen.has(arrow)) paintArrow(arrow, first, last);
        seen.add(arrow);
      }
    }
    paintRows(first, last, ink, quiet);
    pen.globalAlpha = 1;
    pen.fillStyle = paper;
    pen.fillRect(left, top, wide, HEAD - 8);
    pen.textAlign = "center";
    model.columns.list.forEach(({ label, kind }, column) => {
      pen.fillStyle = colour(kind);
      pen.fillText(fit(label), x(column), top + 12, gap() - 4);
    });
    pen.strokeStyle = line;
    pen.beginPath();
    pen.moveTo(left, top + HEAD - 8);
    pen.lineTo(left + wide, top + HEAD - 8);
    pen.stroke();
  }

  function paintCursor(left, wide) {
    const high = Math.max(rowHeight(), 8);
    const row = rowOf[cursor] ?? -1, mark = rowOf[marked] ?? -1;
    pen.fillStyle = colour("selected");
    if (row >= 0) pen.fillRect(left, y(row) - high / 2, wide, high);
    pen.strokeStyle = colour("bad");
    pen.lineWidth = 2;
    if (mark >= 0) pen.strokeRect(left + 1, y(mark) - high / 2, wide - 2, high);
  }

  function paintLines(top, high, line) {
    pen.lineWidth = 1;
    pen.strokeStyle = line;
    pen.beginPath();
    model.columns.list.forEach((_, column) => {
      pen.moveTo(x(column), top);
      pen.lineTo(x(column), top + high);
    });
    pen.stroke();
  }

  // Rows within a fault have a band at the left; nodes that are down have no line there.
  function paintFaults(first, last, left, wide) {
    if (!model.faults.length) return;
    const periods = model.faultPeriods;
    pen.fillStyle = colour("fault");
    for (let row = first; row < last; row++) {
      const entry = entries[rows[row]];
      if (periods.some(([, from, to]) => from <= entry.at && entry.at < to)) {
        pen.fillRect(left, y(row) - rowHeight() / 2, 5, rowHeight());
      }
      if (entry.kind === FAULT) {
        pen.fillRect(left, y(row) - 0.75, wide, 1.5);
      }
    }
    const shown = rows[first];
    if (shown == null) return;
    let now = model.faultsAt(shown);
    for (let row = first; row < last; row++) {
      if (entries[rows[row]].kind === FAULT) now = model.faultsAt(rows[row]);
      if (!now.down.size && !now.paused.size) continue;
      model.columns.list.forEach(({ label }, column) => {
        if (!now.down.has(label) && !now.paused.has(label)) return;
        pen.fillStyle = now.down.has(label) ? colour("paper") : colour("line");
        pen.fillRect(x(column) - 2, y(row) - rowHeight() / 2, 4, rowHeight());
      });
    }
  }

  function paintArrow({ message, end, from, to }, first, last) {
    const isPart = !request || request.has(message.sent) || request.has(end);
    const begins = model.columns.of.get(message.src), ends = model.columns.of.get(message.dest);
    const isLost = end >= 0 && entries[end].kind === DROP;
    const fromY = from < 0 ? (message.sent < 0 ? HEAD - 8 : y(to) - rowHeight()) : y(from);
    const toY = to < 0 ? fromY + rowHeight() : y(to);
    if (Math.max(fromY, toY) < y(first) - 50 || Math.min(fromY, toY) > y(last) + 50) return;
    const toX = to < 0 ? x(begins) + (x(ends) - x(begins)) * 0.3 : x(ends);
    pen.globalAlpha = isPart ? 1 : 0.12;
    pen.lineWidth = request && isPart ? 2 : 1;
    pen.strokeStyle = pen.fillStyle = isLost ? colour("bad")
      : isClient[message.src] || isClient[message.dest] ? colour("client")
      : isNode[message.src] && isNode[message.dest] ? colour("node") : colour("service");
    pen.setLineDash(isLost ? [5, 4] : to < 0 ? [2, 3] : []);
    pen.beginPath();
    pen.moveTo(x(begins), fromY);
    pen.lineTo(toX, toY);
    pen.stroke();
    pen.setLineDash([]);
    if (to >= 0 && rowHeight() >= 6) paintEnd(x(begins), fromY, toX, toY, isLost);
    if (rowHeight() >= 16 && isPart && gap() > 40) {
      pen.textAlign = "center";
      pen.fillText(fit(isLost ? `${message.type} ✗ ${entries[end].why}` : message.type), (x(begins) + toX) / 2, (fromY + toY) / 2 - 6, Math.abs(toX - x(begins)) + gap() / 2);
    }
    pen.globalAlpha = 1;
  }

  function paintEnd(fromX, fromY, toX, toY, isLost) {
    const angle = Math.atan2(toY - fromY, toX - fromX);
    pen.beginPath();
    if (isLost) {
      for (const turn of [Math.PI / 4, -Math.PI / 4]) {
        pen.moveTo(toX - 5 * Math.cos(turn), toY - 5 * Math.sin(turn));
        pen.lineTo(toX + 5 * Math.cos(turn), toY + 5 * Math.sin(turn));
      }
      pen.lineWidth = 2;
      pen.stroke();
      return;
    }
    pen.moveTo(toX, toY);
    for (const side of [0.4, -0.4]) pen.lineTo(toX - 7 * Math.cos(angle + side), toY - 7 * Math.sin(angle + side));
    pen.fill();
  }

  function paintRows(first, last, ink, quiet) {
    let lastLabel = -100;
    for (let row = first; row < last; row++) {
      const entry = entries[rows[row]];
      const isPart = !request || request.has(entry.index);
      pen.globalAlpha = isPart ? 1 : 0.12;
      if (entry.kind === TIMER || entry.kind === LOG) {
        const at = x(model.columns.of.get(entry.who) ?? 0);
        pen.fillStyle = entry.kind === TIMER ? colour("node") : quiet;
        pen.beginPath();
        pen.arc(at, y(row), Math.min(4, rowHeight() / 2), 0, 7);
        pen.fill();
        if (rowHeight() >= 16 && entry.kind === LOG) paintLog(entry, at, y(row));
        else if (rowHeight() >= 16) {
          pen.textAlign = "left";
          pen.fillText("timer", at + 7, y(row), gap() - 8);
        }
      } else if (entry.kind === FAULT && rowHeight() >= 10) {
        pen.fillStyle = ink;
        pen.textAlign = "left";
        pen.fillText(fit(model.faults[entry.fault]?.[1] ?? "fault"), 90, y(row) - 7);
      }
      pen.globalAlpha = 1;
      const isNew = row === 0 || entries[rows[row - 1]].at !== entry.at;
      if ((isNew || row === first) && y(row) - lastLabel >= 12) {
        pen.fillStyle = quiet;
        pen.textAlign = "right";
        pen.fillText(`${(entry.at / NS).toFixed(4)}`, 74, y(row));
        lastLabel = y(row);
      }
    }
  }

  // The text of a log beside its node, on the side with more room, as far as it is in sight.
  function paintLog({ level, text }, at, middle) {
    const right = box.scrollLeft + size[0] - 6 - (at + 7), left = at - 7 - (box.scrollLeft + 80);
    const whole = fit(`${level}: ${text}`).replace(/\s+/g, " ");
    const isRight = right >= Math.min(left, pen.measureText(whole).width), room = isRight ? right : left;
    let line = whole;
    while (line.length > 1 && pen.measureText(line).width > room) line = `${line.slice(0, Math.floor((line.length - 1) * 0.9))}…`;
    if (line.length < 2) return;
    const wide = pen.measureText(line).width;
    pen.fillStyle = colour("card");
    pen.fillRect(isRight ? at + 6 : at - 8 - wide, middle - 7, wide + 2, 14);
    pen.fillStyle = level === "error" ? colour("bad") : level === "warn" ? colour("unsure") : colour("ink");
    pen.textAlign = isRight ? "left" : "right";
    pen.fillText(line, isRight ? at + 7 : at - 7, middle);
  }

  box.addEventListener("scroll", redraw, { passive: true });
  box.addEventListener("click", (event) => {
    const top = event.clientY - box.getBoundingClientRect().top + box.scrollTop;
    const row = Math.round((top - HEAD - rowHeight() / 2) / rowHeight());
    if (rows.length) onSelect(rows[clamp(row, 0, rows.length - 1)]);
  });
  new ResizeObserver(measure).observe(box);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

  // Brings the participants of an entry into sight where the diagram is wider than the screen.
  function showColumns(entry) {
    const message = messages[entry?.message];
    const at = (message ? [message.src, message.dest] : [entry?.who]).filter((who) => model.columns.of.has(who)).map((who) => x(model.columns.of.get(who)));
    if (!at.length || width() <= size[0]) return;
    const [first, last] = [Math.min(...at) - 110, Math.max(...at) + 40];
    if (first < box.scrollLeft) box.scrollLeft = first;
    else if (last > box.scrollLeft + size[0]) box.scrollLeft = Math.min(first, last - size[0]);
  }

  function reveal() {
    isToReveal = false;
    const row = rowOf[cursor] ?? -1, [, high] = size;
    showColumns(entries[cursor]);
    if (row >= 0 && (y(row) < box.scrollTop + HEAD + 20 || y(row) > box.scrollTop + high - 30)) {
      box.scrollTop = y(row) - high / 2;
    }
  }

  return {
    box, show, extend, measure,
    // Puts a frame around an entry; -1: around none.
    mark(index) {
      marked = index;
      redraw();
    },
    zoom(by) {
      const [, high] = size, middle = (box.scrollTop + high / 2 - HEAD) / rowHeight();
      zoom = clamp(zoom + by, 0, ZOOMS.length - 1);
      resize();
      box.scrollTop = middle * rowHeight() + HEAD - high / 2;
    },
    // Puts the cursor on an entry and brings it into sight; a request's parts stand out. `isLater`: with the next frame.
    select(index, part, isLater = false) {
      [cursor, request] = [index, part];
      if (isLater) isToReveal = true;
      else reveal();
      redraw();
    },
  };
}
