// Time travel: a cursor that steps through the entries, and what is the case at each.

const TABLE_ROWS = 100;
const FLIGHTS_MAX = 100;
const LOGS_MAX = 8;
const DOWN = new Map([["kill", "down, its memory lost"], ["power-off", "without power"], ["wipe", "down, its memory and its disk lost"]]);
const DIAGRAM_MIN = 280;

function makeTravel() {
  let cursor = opening(), rows = entries.map((entry) => entry.index), part = null, address = 0;
  const filter = { node: "", type: "", kind: "", text: "", from: "", to: "", part: false };
  const diagram = makeDiagram((index) => go(index));
  const panel = el("div", { class: "panel" });
  const now = el("p", { class: "now", "aria-live": "polite" });
  const list = el("div", {});
  const found = el("span", { class: "quiet" });
  const slider = el("input", { type: "range", min: 0, step: 1, "aria-label": "Position in the run", oninput: () => go(rows[Number(slider.value)]) });
  const follow = el("button", { type: "button", "aria-pressed": "false", title: "Show what led to this event and what it led to (f)", onclick: toggleFollow }, "Follow the request");

  function go(index) {
    if (index == null) return;
    cursor = index;
    if (part && !part.has(index)) part = requestOf(index);
    update();
    // Browsers throttle pages that change their address often.
    clearTimeout(address);
    address = setTimeout(() => history.replaceState(null, "", `#event-${journal.first + index}`), 300);
  }

  // The position among the rows of the cursor, or of the last row before it.
  function position() {
    let from = 0, to = rows.length;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (rows[middle] <= cursor) from = middle + 1;
      else to = middle;
    }
    return from - 1;
  }

  function step(by) {
    const at = position();
    const isOn = rows[at] === cursor;
    go(rows[clamp(at + by + (!isOn && by < 0 ? 1 : 0), 0, rows.length - 1)]);
  }

  function toggleFollow() {
    part = part ? null : requestOf(cursor);
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
    if (filter.text && !`${words(entry)} ${message?.body ?? ""}`.includes(filter.text)) return false;
    return !(filter.part && part && !part.has(entry.index));
  }

  function applyFilter() {
    rows = entries.filter(isWanted).map((entry) => entry.index);
    found.textContent = `${count(rows.length, "event")} of ${entries.length.toLocaleString("en")}`;
    slider.max = Math.max(0, rows.length - 1);
    diagram.show(rows);
    update();
  }

  function update() {
    if (!entries.length) return;
    const at = position();
    slider.value = Math.max(0, at);
    const entry = entries[cursor];
    now.textContent = fit(`Event ${(journal.first + cursor + 1).toLocaleString("en")} at ${seconds(entry.at)}: ${words(entry)}`);
    diagram.select(cursor, part);
    refill(panel, details(entry), nodesNow(), network(), flights());
    showTable(Math.max(0, at));
  }

  function details(entry) {
    const message = messages[entry.message];
    if (message) {
      const when = (index) => `${entries[index].kind === DROP ? `lost (${entries[index].why})` : "received"} at ${seconds(entries[index].at)}`;
      return el("div", { class: "card" },
        el("h3", {}, `Message ${message.id}: ${names[message.src]} → ${names[message.dest]}`),
        showBody(message.body),
        el("p", {}, message.sent < 0 ? "sent before this window" : `sent at ${seconds(entries[message.sent].at)}`, "; ",
          message.ends.length ? message.ends.map(when).join(", ") : "still on its way at the end"));
    }
    if (entry.kind === FAULT) {
      const [, f, value] = data.faults[entry.fault] ?? [];
      return el("div", { class: "card" }, el("h3", {}, `Fault: ${f}`), el("pre", { class: "state", tabindex: "0" }, JSON.stringify(value)));
    }
    return el("div", { class: "card" }, el("h3", {}, words(entry)));
  }

  function showBody(body) {
    const asItIs = () => el("pre", { class: "state", tabindex: "0" }, body);
    if (/\d{16}/.test(body)) return asItIs(); // such numbers would be rounded
    try {
      return showState({ value: JSON.parse(body), before: null, changes: [] });
    } catch {
      return asItIs(); // it was cut
    }
  }

  // The node at hand first, since that is where something changes.
  function nodesNow() {
    const faults = faultsAt(cursor), { who: by, message } = entries[cursor];
    const here = isNode[by] ? by : [messages[message]?.src, messages[message]?.dest].find((who) => isNode[who]);
    const list = data.nodes.map((name) => ({ name, who: names.indexOf(name) }));
    list.sort((a, b) => (b.who === here) - (a.who === here));
    return el("div", { class: "card" }, el("h3", {}, "Nodes"), list.map(({ name, who }) => {
      const status = faults.down.has(name) ? DOWN.get(faults.down.get(name)) : faults.paused.has(name) || faults.stalled.has(name) ? "paused" : "running";
      const skew = faults.skewed.get(name);
      const known = faults.down.has(name) ? null : stateAt(who, cursor);
      const isOpen = who === here || data.nodes.length <= 3;
      return el("details", { open: isOpen, class: who === here ? "here" : "" },
        el("summary", {}, el("b", {}, name), ` ${status}`, skew ? `, its clock at ${skew["rate-permille"] / 10} % speed` : "",
          known?.changes.length ? el("span", { class: "changed" }, " changed") : null),
        logsOf(who, who === here),
        known ? [parts(known), diskOf(known), timersOf(known)] : el("p", { class: "quiet" }, noState(who)));
    }));
  }

  // What a node has logged, the latest last; also what it logs while it handles the event at hand.
  function logsOf(who, isHere) {
    let until = cursor;
    const isSame = ({ kind, at, who: by }) => at === entries[cursor].at && by === who && (kind === SEND || kind === LOG);
    if (isHere) while (entries[until + 1] && isSame(entries[until + 1])) until++;
    const all = (logsBy.get(who) ?? []).filter((index) => index <= until);
    if (!all.length) return null;
    const shown = all.slice(-LOGS_MAX).map((index) => el("li", { class: entries[index].level },
      button(seconds(entries[index].at), "Go to this log", () => go(index)), ` ${entries[index].level}: ${entries[index].text}`));
    return el("div", { class: "logs" }, all.length > LOGS_MAX ? el("p", { class: "quiet" }, `${count(all.length, "log")}, the last ${LOGS_MAX}:`) : null, el("ul", { class: "plain" }, shown));
  }

  function noState(who) {
    const { from, until } = journal.states ?? {};
    if (!journal.states) return "Its state is not known: this guest behaves differently when it is asked for it.";
    if (from != null && cursor < from) return `States are kept from event ${journal.first + from + 1} on.`;
    if (until != null && cursor > until) return `States are kept up to event ${journal.first + until + 1}.`;
    return who < 0 || !states.has(who) ? "It has not handled anything here." : "It has not handled anything yet.";
  }

  // A state of the SDK has the solution's own part, and the SDK's, which matters less.
  function parts(known) {
    const { value, before, changes } = known;
    if (value === null) return el("p", { class: "quiet" }, "It has no snapshot to show.");
    if (isPlain(value) || !("node" in value) || !("ctx" in value)) return showState(known);
    const of = (name) => showState({ value: value[name], before: before?.[name], changes: within(name, changes) });
    return [of("node"), el("details", {}, el("summary", {}, "calls and timers of the SDK"), of("ctx"))];
  }

  // Its files; of one that is not durable, both what the node sees and what a power loss would leave.
  function diskOf({ disk }) {
    if (!disk?.value) return null;
    const open = disk.changes.length > 0;
    return el("details", { open, class: "disk" }, el("summary", {}, "disk", open ? el("span", { class: "changed" }, " changed") : null), showState(disk));
  }

  function timersOf({ timers }) {
    if (!timers.length) return el("p", { class: "quiet" }, "no timers");
    const due = timers.slice(0, 8).map(([id, at]) => `${id} at ${seconds(at)}`).join(", ");
    return el("p", {}, `${count(timers.length, "timer")}: ${due}${timers.length > 8 ? " …" : ""}`);
  }

  function network() {
    const faults = faultsAt(cursor);
    const links = (title, map) => map.size
      ? el("li", {}, `${title}: `, [...map].map(([dest, from]) => `${dest} does not hear ${from.join(", ")}`).join("; ")) : null;
    const slow = faults.slow.size ? el("li", {}, "slow links: ", [...faults.slow].map(([dest, from]) => `to ${dest} from ${from.join(", ")}`).join("; ")) : null;
    const some = (title, map) => map.size
      ? el("li", {}, `${title}: `, [...map].map(([dest, from]) => `to ${dest} from ${from.join(", ")}`).join("; ")) : null;
    const wrong = [links("partition", faults.cut), links("one-way", faults.deaf), slow,
      ...[...faults.aimed].map(([fault, map]) => links(fault, map)),
      some("the next messages are held", faults.held), some("the next message or answer is lost", faults.losing),
      faults.loss ? el("li", {}, `${faults.loss / 10} % of the messages between nodes are lost`) : null,
      faults.duplicate ? el("li", {}, `${faults.duplicate / 10} % of the messages between nodes arrive twice`) : null];
    return el("div", { class: "card" }, el("h3", {}, "Network"),
      wrong.some(Boolean) ? el("ul", {}, wrong) : el("p", { class: "quiet" }, "All links work."));
  }

  function flights() {
    const flying = inFlight(cursor);
    return el("div", { class: "card" }, el("h3", {}, `On their way: ${count(flying.length, "message")}`),
      el("ul", { class: "plain" }, flying.slice(0, FLIGHTS_MAX).map((message) => el("li", {},
        button(`${message.id}`, `Go to where message ${message.id} was sent`, () => go(Math.max(0, message.sent))),
        ` ${names[message.src]} → ${names[message.dest]} ${message.type}`))),
      flying.length > FLIGHTS_MAX ? el("p", { class: "quiet" }, `and ${flying.length - FLIGHTS_MAX} more`) : null);
  }

  function showTable(at) {
    const first = Math.floor(at / TABLE_ROWS) * TABLE_ROWS;
    const shown = rows.slice(first, first + TABLE_ROWS);
    const caption = `Events ${first + 1} to ${first + shown.length} of ${rows.length}`;
    refill(list, table(caption, ["event", "time", "what", "body"], shown.map((index) => {
      const entry = entries[index];
      const label = el("button", { type: "button", "aria-current": index === cursor ? "true" : null, onclick: () => go(index) }, String(journal.first + index + 1));
      return [label, seconds(entry.at), words(entry), entry.kind === SEND ? messages[entry.message].body.slice(0, 120) : ""];
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
  const participants = [...data.nodes, ...names.filter((_, who) => !isNode[who] && !isClient[who])];

  const keys = { ArrowDown: () => step(1), ArrowRight: () => step(1), ArrowUp: () => step(-1), ArrowLeft: () => step(-1),
    PageDown: () => step(25), PageUp: () => step(-25), Home: () => go(rows[0]), End: () => go(rows.at(-1)),
    "+": () => diagram.zoom(1), "-": () => diagram.zoom(-1), f: toggleFollow };
  diagram.box.addEventListener("keydown", (event) => {
    if (!keys[event.key] || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    keys[event.key]();
  });

  cursor = eventOfAddress() ?? cursor;

  const element = section("travel", "Messages and time travel",
    windowNote(),
    el("div", { class: "controls", role: "group", "aria-label": "Step through the run" },
      button("|◀", "First event", () => go(rows[0])),
      button("◀", "Previous event", () => step(-1)),
      button("▶", "Next event", () => step(1)),
      button("▶|", "Last event", () => go(rows.at(-1))),
      data.focus ? button("✗ to the failure", "Go to where the failure becomes visible", () => go(opening())) : null,
      follow, button("−", "Zoom out", () => diagram.zoom(-1)), button("+", "Zoom in", () => diagram.zoom(1)), slider),
    now,
    el("div", { class: "travel" }, diagram.box, panel),
    el("p", { class: "legend", "aria-hidden": "true" },
      [["client", "with a client"], ["node", "between nodes"], ["service", "with a service"], ["bad", "lost (dashed)"], ["fault", "while a fault lasts"]]
        .map(([name, text]) => el("span", { class: `key ${name}` }, text))),
    el("details", { class: "filters" }, el("summary", {}, "Filter: ", found), el("div", { class: "controls", role: "group", "aria-label": "Filter the events" },
      choose("node", "node", participants), choose("type", "type", types), choose("event", "kind", KINDS),
      type("from", "from", { type: "number", min: 0, step: "any", placeholder: "s" }), type("to", "to", { type: "number", min: 0, step: "any", placeholder: "s" }),
      type("text", "text", { type: "search" }), only)),
    el("details", { class: "events", open: false }, el("summary", {}, "The events as a table"), list));
  const start = () => {
    applyFilter();
    diagram.box.style.height = 0;
    fitScreen(diagram.box, panel);
    diagram.box.scrollTop = 0;
    update();
  };
  return { element, start, go };
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

// The event that the page's address names; null if it names none.
function eventOfAddress() {
  const named = /^#event-(\d+)$/.exec(location.hash);
  return named ? clamp(Number(named[1]) - journal.first, 0, Math.max(0, entries.length - 1)) : null;
}

// Says what part of the run this is, if it is not all of it.
function windowNote() {
  const { first, count: all } = journal;
  if (!entries.length) return el("p", {}, "Nothing happened.");
  if (!first && entries.length >= all) return null;
  return el("p", { class: "note" }, `This run has ${count(all, "event")}. The page shows ${entries.length.toLocaleString("en")} of them, from ${seconds(entries[0].at)} to ${seconds(entries.at(-1).at)}`,
    data.focus ? ", around where the failure becomes visible; " : ", from its beginning; ", data.has_files ? "journal.jsonl has all." : "a report on this run alone has all.");
}
