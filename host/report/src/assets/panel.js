// What is the case at an entry: the entry itself, the nodes with their states, the network, messages on their way.

const FLIGHTS_MAX = 100;
const LOGS_MAX = 8;
const DOWN = new Map([["kill", "down, its memory lost"], ["power-off", "without power"], ["wipe", "down, its memory and its disk lost"]]);

// The panel of a model; `go` is told the entry that is asked for. With `isLazy` what is folded is made when it is
// opened, and stays open.
function makePanel(model, { go, isLazy = false }) {
  const { entries, messages, names, isNode } = model;
  const element = el("div", { class: "panel" }), opened = new Set();
  let cursor = 0, chosen = -1;

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
      const [, f, value] = model.faults[entry.fault] ?? [];
      return el("div", { class: "card" }, el("h3", {}, `Fault: ${f}`), el("pre", { class: "state", tabindex: "0" }, JSON.stringify(value)));
    }
    return el("div", { class: "card" }, el("h3", {}, model.words(entry)));
  }

  // The node at hand first, since that is where something changes.
  function nodesNow() {
    const faults = model.faultsAt(cursor), { who: by, message } = entries[cursor];
    const here = isNode[by] ? by : [messages[message]?.src, messages[message]?.dest].find((who) => isNode[who]);
    const list = model.nodes.map((name) => ({ name, who: names.indexOf(name) }));
    const rank = ({ who }) => who < 0 ? 0 : 2 * (who === chosen) + (who === here);
    list.sort((a, b) => rank(b) - rank(a));
    return el("div", { class: "card" }, el("h3", {}, "Nodes"), list.map(({ name, who }) => {
      const status = faults.down.has(name) ? DOWN.get(faults.down.get(name)) : faults.paused.has(name) || faults.stalled.has(name) ? "paused" : "running";
      const skew = faults.skewed.get(name);
      const isUp = !faults.down.has(name);
      const isOpen = who === here || (who >= 0 && who === chosen) || opened.has(name) || model.nodes.length <= 3;
      const inside = (known = isUp ? model.states.at(who, cursor) : null) => [logsOf(who, who === here), known ? [snapshotOf(known), diskOf(known), timersOf(known)] : el("p", { class: "quiet" }, noState(who))];
      return folded({ class: who === here ? "here" : "", isOpen, isLazy, inside, onturn: (isNow) => isNow ? opened.add(name) : opened.delete(name) },
        el("b", {}, name), ` ${status}`, skew ? `, its clock at ${skew["rate-permille"] / 10} % speed` : "",
        isUp && model.states.isChangedAt(who, cursor) ? el("span", { class: "changed" }, " changed") : null);
    }));
  }

  // What a node has logged, the latest last; also what it logs while it handles the event at hand.
  function logsOf(who, isHere) {
    let until = cursor;
    const isSame = ({ kind, at, who: by }) => at === entries[cursor].at && by === who && (kind === SEND || kind === LOG);
    if (isHere) while (entries[until + 1] && isSame(entries[until + 1])) until++;
    const all = (model.logsBy.get(who) ?? []).filter((index) => index <= until);
    if (!all.length) return null;
    const shown = all.slice(-LOGS_MAX).map((index) => el("li", { class: entries[index].level },
      button(seconds(entries[index].at), `${seconds(entries[index].at)}: go to this log`, () => go(index)), ` ${entries[index].level}: ${entries[index].text}`));
    return el("div", { class: "logs" }, all.length > LOGS_MAX ? el("p", { class: "quiet" }, `${count(all.length, "log")}, the last ${LOGS_MAX}:`) : null, el("ul", { class: "plain" }, shown));
  }

  function noState(who) {
    const { from, until, isKnown, nodes } = model.states;
    if (!isKnown) return "Its state is not known: this guest behaves differently when it is asked for it.";
    if (from != null && cursor < from) return `States are kept from event ${model.first + from + 1} on.`;
    if (until != null && cursor > until) return `States are kept up to event ${model.first + until + 1}.`;
    return who < 0 || !nodes.has(who) ? "It has not handled anything here." : "It has not handled anything yet.";
  }

  function network() {
    const faults = model.faultsAt(cursor);
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
    const flying = model.inFlight(cursor);
    return el("div", { class: "card" }, el("h3", {}, `On their way: ${count(flying.length, "message")}`),
      el("ul", { class: "plain" }, flying.slice(0, FLIGHTS_MAX).map((message) => el("li", {},
        button(`${message.id}`, `Go to where message ${message.id} was sent`, () => go(Math.max(0, message.sent))),
        ` ${names[message.src]} → ${names[message.dest]} ${message.type}`))),
      flying.length > FLIGHTS_MAX ? el("p", { class: "quiet" }, `and ${flying.length - FLIGHTS_MAX} more`) : null);
  }

  return {
    element,
    // Shows an entry, and first of all nodes the one that is chosen, if any.
    show(index, node = -1) {
      [cursor, chosen] = [index, node];
      refill(element, details(entries[cursor]), nodesNow(), network(), flights());
    },
  };
}

// A part that can be opened, with what is `inside`.
function folded({ isOpen, isLazy, inside, onturn, ...attributes }, ...summary) {
  const part = el("details", { ...attributes, open: isOpen }, el("summary", {}, summary), isLazy && !isOpen ? null : inside());
  if (!isLazy) return part;
  let isMade = isOpen;
  part.querySelector("summary").addEventListener("click", () => onturn(!part.open));
  part.addEventListener("toggle", () => {
    if (part.open && !isMade) part.append(...shown([inside()]));
    isMade ||= part.open;
  });
  return part;
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

// A state of the SDK has the solution's own part, and the SDK's, which matters less.
function snapshotOf(known) {
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
