// Time travel: a cursor that steps through the entries, and what is the case at each.

const TABLE_ROWS = 100;
const LATE_MS = 300;
const DIAGRAM_MIN = 280;

// The travels through a model. `options`:
// - `cursor`: the entry at which it begins; `focus`: what is to be found when the failure is asked for, an entry or null;
// - `note`: what stands before everything; `ongo`: is told where the cursor goes;
// - `isLazy`: what is folded is made when it is opened.
function makeTravel(model, { cursor: begin = 0, focus = null, note = null, ongo = () => {}, isLazy = false }) {
  const { entries, messages, names, isNode, isClient, nodes } = model;
  let cursor = begin, rows = entries.map((entry) => entry.index), part = null, chosen = -1, late = 0;
  const filter = { node: "", type: "", kind: "", text: "", from: "", to: "", part: false };
  const diagram = makeDiagram(model, (index) => go(index));
  const panel = makePanel(model, { go: (index) => go(index), isLazy });
  const now = el("p", { class: "now", "aria-live": isLazy ? null : "polite" });
  const list = el("div", {});
  const found = el("span", { class: "quiet" });
  const slider = el("input", { type: "range", min: 0, step: 1, "aria-label": "Position in the run", oninput: () => go(rows[Number(slider.value)]) });
  const follow = el("button", { type: "button", "aria-pressed": "false", title: "Show what led to this event and what it led to (f)", onclick: toggleFollow }, "Follow the request");

  function go(index) {
    if (index == null) return;
    cursor = index;
    if (part && !part.has(index)) part = model.requestOf(index);
    update();
    ongo(index);
  }

  // The position among the rows of the cursor, or of the last row before it.
  function position() {
    return after(rows, cursor) - 1;
  }

  function step(by) {
    const at = position();
    const isOn = rows[at] === cursor;
    go(rows[clamp(at + by + (!isOn && by < 0 ? 1 : 0), 0, rows.length - 1)]);
  }

  function toggleFollow() {
    part = part ? null : model.requestOf(cursor);
    follow.setAttribute("aria-pressed", String(Boolean(part)));
    applyFilter();
  }

  function isWanted(entry) {
    const message = messages[entry.message];
    if (filter.node && entry.kind !== FAULT) {
      const about = message ? [names[message.src], names[message.dest]] : [names[entry.who]];
      if (!about.includes(filter.node)) return false;
    }
    if (filter.type && message?.type !== filter.type) return false;
    if (filter.kind && KINDS[entry.kind] !== filter.kind) return false;
    if (filter.from && entry.at < Number(filter.from) * NS) return false;
    if (filter.to && entry.at > Number(filter.to) * NS) return false;
    if (filter.text && !`${model.words(entry)} ${message?.body ?? ""}`.includes(filter.text)) return false;
    return !(filter.part && part && !part.has(entry.index));
  }

  function applyFilter() {
    rows = entries.filter(isWanted).map((entry) => entry.index);
    diagram.show(rows);
    counted();
    update();
  }

  function counted() {
    found.textContent = `${count(rows.length, "event")} of ${grouped(entries.length)}`;
    slider.max = Math.max(0, rows.length - 1);
  }

  function update() {
    if (!entries.length) return;
    point();
    describe();
  }

  function point(isLater = false) {
    slider.value = Math.max(0, position());
    const entry = entries[cursor];
    now.textContent = fit(`Event ${grouped(model.first + cursor + 1)} at ${seconds(entry.at)}: ${model.words(entry)}`);
    diagram.select(cursor, part, isLater);
  }

  function describe() {
    clearTimeout(late);
    late = 0;
    panel.show(cursor, chosen);
    if (!isLazy || events.open) showTable(Math.max(0, position()));
  }

  // Shows the entries that the model has got, from one on; the cursor goes to the last if it follows. What costs most is
  // put off while there come more.
  function grown(from, isFollowing) {
    if (isFollowing) cursor = entries.length - 1;
    if (Object.values(filter).some(Boolean)) return applyFilter();
    diagram.extend(from);
    counted();
    point(true);
    late ||= setTimeout(describe, LATE_MS);
  }

  function showTable(at) {
    const first = Math.floor(at / TABLE_ROWS) * TABLE_ROWS;
    const shown = rows.slice(first, first + TABLE_ROWS);
    const caption = `Events ${first + 1} to ${first + shown.length} of ${rows.length}`;
    refill(list, table(caption, ["event", "time", "what", "body"], shown.map((index) => {
      const entry = entries[index];
      const label = el("button", { type: "button", "aria-current": index === cursor ? "true" : null, onclick: () => go(index) }, String(model.first + index + 1));
      return [label, seconds(entry.at), model.words(entry), entry.kind === SEND ? messages[entry.message].body.slice(0, 120) : ""];
    })));
    list.querySelectorAll("tbody tr").forEach((row, at) => row.classList.toggle("here", shown[at] === cursor));
  }

  const choose = (label, name, options) => el("label", {}, label, " ",
    el("select", { name, onchange: (event) => { filter[name] = event.target.value; applyFilter(); } },
      el("option", { value: "" }, "all"), options.map((option) => el("option", { value: option }, option))));
  const type = (label, name, attributes) => el("label", {}, label, " ",
    el("input", { name, ...attributes, onchange: (event) => { filter[name] = event.target.value; applyFilter(); } }));
  const only = el("label", {}, el("input", { type: "checkbox", onchange: (event) => {
    filter.part = event.target.checked;
    if (filter.part && !part) toggleFollow();
    else applyFilter();
  } }), " only the request followed");
  const participants = [...nodes, ...names.filter((_, who) => !isNode[who] && !isClient[who])];

  const keys = { ArrowDown: () => step(1), ArrowRight: () => step(1), ArrowUp: () => step(-1), ArrowLeft: () => step(-1),
    PageDown: () => step(25), PageUp: () => step(-25), Home: () => go(rows[0]), End: () => go(rows.at(-1)),
    "+": () => diagram.zoom(1), "-": () => diagram.zoom(-1), f: toggleFollow };
  diagram.box.addEventListener("keydown", (event) => {
    if (!keys[event.key] || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    keys[event.key]();
  });

  const events = el("details", { class: "events", open: false, ontoggle: () => isLazy && events.open && describe() }, el("summary", {}, "The events as a table"), list);

  const element = section("travel", "Messages and time travel",
    note,
    el("div", { class: "controls", role: "group", "aria-label": "Step through the run" },
      button("|◀", "First event", () => go(rows[0])),
      button("◀", "Previous event", () => step(-1)),
      button("▶", "Next event", () => step(1)),
      button("▶|", "Last event", () => go(rows.at(-1))),
      focus != null ? button("✗ to the failure", "Go to where the failure becomes visible", () => go(focus)) : null,
      follow, button("−", "Zoom out", () => diagram.zoom(-1)), button("+", "Zoom in", () => diagram.zoom(1)), slider),
    now,
    el("div", { class: "travel" }, diagram.box, panel.element),
    el("p", { class: "legend", "aria-hidden": "true" },
      [["client", "with a client"], ["node", "between nodes"], ["service", "with a service"], ["bad", "lost (dashed)"], ["fault", "while a fault lasts"]]
        .map(([name, text]) => el("span", { class: `key ${name}` }, text))),
    el("details", { class: "filters" }, el("summary", {}, "Filter: ", found), el("div", { class: "controls", role: "group", "aria-label": "Filter the events" },
      choose("node", "node", participants), choose("type", "type", model.types), choose("event", "kind", KINDS),
      type("from", "from", { type: "number", min: 0, step: "any", placeholder: "s" }), type("to", "to", { type: "number", min: 0, step: "any", placeholder: "s" }),
      type("text", "text", { type: "search" }), only)),
    events);
  const start = () => {
    applyFilter();
    diagram.box.style.height = 0;
    fitScreen(diagram.box, panel.element);
    diagram.measure();
    diagram.box.scrollTop = 0;
    update();
  };
  // Has the panel show a node first; -1: the node at hand.
  const chooseNode = (who) => {
    chosen = who;
    if (entries.length) describe();
  };
  return { element, diagram, start, go, step, grown, update: applyFilter, choose: chooseNode, get cursor() { return cursor; } };
}

// Has the diagram end where the first screen ends, or where it has no more to show. A screen without room for it is
// left by a bit.
function fitScreen(box, panel) {
  const top = box.getBoundingClientRect().top + scrollY;
  const height = clamp(innerHeight - top - 12, DIAGRAM_MIN, innerHeight);
  box.style.height = `${clamp(box.scrollHeight + 2, DIAGRAM_MIN, height)}px`;
  if (panel.getBoundingClientRect().top < box.getBoundingClientRect().bottom) {
    panel.style.height = "auto";
    panel.style.maxHeight = `${height}px`;
  }
}
