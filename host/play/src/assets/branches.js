// The tree of branches, and the comparison of two.

function makeBranches(session, { compare }) {
  const element = el("div", { class: "branches" });
  let renaming = null, signature = "";

  function paint(current, compared) {
    const all = [...session.branches.values()];
    const key = JSON.stringify([all.map(({ id, parent, at, name, now }) => [id, parent, at, name, now?.verdict?.valid, now?.verdict?.so_far, now?.running, now?.ended, now?.touches?.length]), current?.id, compared?.id, renaming]);
    if (key === signature) return;
    signature = key;
    const ids = new Set(all.map(({ id }) => id));
    renew(element, tree(all.filter(({ parent }) => parent == null || !ids.has(parent)), all, current, compared));
  }

  function tree(some, all, current, compared) {
    return el("ul", { class: "plain tree" }, some.map((branch) => {
      const children = all.filter(({ parent }) => parent === branch.id);
      const isCurrent = branch === current, { now } = branch;
      const from = branch.parent == null ? "" : ` from event ${grouped(branch.at)}`;
      const touches = now?.touches ?? [];
      return el("li", {},
        renaming === branch.id ? renameForm(branch) : [
          el("button", { type: "button", "data-key": `open ${branch.id}`, "aria-current": isCurrent ? "true" : null, onclick: () => session.open(branch.id).catch(complain) }, branch.name),
          el("span", { class: "quiet" }, `${from}${now?.running ? ", running" : ""} `), verdictOf(now?.verdict),
          " ", el("button", { type: "button", "data-key": `name ${branch.id}`, "aria-label": `Rename ${branch.name}`, onclick: () => { renaming = branch.id; session.changed(); } }, "Rename"),
          isCurrent ? null : el("button", { type: "button", "data-key": `compare ${branch.id}`, "aria-label": `Compare ${branch.name} with this branch`, "aria-pressed": String(compared === branch), onclick: () => compare(compared === branch ? null : branch) }, "Compare"),
          all.length > 1 && !children.length ? el("button", { type: "button", "data-key": `delete ${branch.id}`, "aria-label": `Delete ${branch.name}`, onclick: () => session.remove(branch).catch(complain) }, "Delete") : null],
        isCurrent && touches.length ? el("details", { "data-key": `touches ${branch.id}` }, el("summary", {}, count(touches.length, "act")), el("ol", {}, touches.map((touch) => el("li", {},
          button(`event ${grouped(touch.at)}`, `Go to event ${touch.at}`, () => branch.go(touch.at - 1)), ` ${touch.words}`)))) : null,
        children.length ? tree(children, all, current, compared) : null);
    }));
  }

  function renameForm(branch) {
    const name = el("input", { name: "branch-name", "data-key": `new name ${branch.id}`, value: branch.name, maxlength: 60, "aria-label": `New name of ${branch.name}` });
    const leave = () => { renaming = null; session.changed(); };
    name.addEventListener("keydown", (event) => { if (event.key === "Escape") leave(); });
    queueMicrotask(() => name.focus());
    return el("form", { class: "controls", onsubmit: (event) => {
      event.preventDefault();
      session.rename(branch, name.value).then(leave, complain);
    } }, name, el("button", {}, "OK"));
  }

  return { element, paint };
}

// A verdict in a list: as short as can be.
function verdictOf(verdict) {
  if (!verdict) return null;
  const [kind, words] = VERDICTS[String(verdict.valid)] ?? VERDICTS.unknown;
  return el("span", { class: kind }, verdict.so_far ? `${words} so far` : words);
}

// Two branches side by side.
function makeComparison(session, { leave }) {
  const states = el("div", { class: "pair" }), pair = el("div", { class: "pair" }), first = el("p", {}), words = el("div", { class: "pair" });
  const node = el("select", { name: "compared-node", onchange: () => paint(true) }, session.about.nodes.map((name) => el("option", { value: name }, name)));
  const element = section("compare", "Two branches side by side", first, words,
    el("div", { class: "controls" }, act("◀ Both back", () => step(-1)), act("Both forth ▶", () => step(1)),
      act("To the first difference", () => go(difference)), el("label", {}, "states of ", node), act("Close the comparison", leave)),
    pair, el("h3", {}, "States at these events"), states);
  let sides = [], difference = 0, lengths = "";

  function show(one, other) {
    sides = [one, other].map((branch) => {
      const side = { branch, cursor: 0, seen: branch.model.entries.length };
      side.diagram = makeDiagram(branch.model, (index) => { side.cursor = index; paint(true); });
      side.diagram.box.setAttribute("aria-label", `Messages of ${branch.name}. Arrow keys step through the events of both.`);
      side.diagram.box.addEventListener("keydown", (event) => {
        const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
        const zoom = { "+": 1, "-": -1 }[event.key];
        if (by) step(by);
        if (zoom) sides.forEach(({ diagram }) => diagram.zoom(zoom));
        if (by || zoom) event.preventDefault();
      });
      return side;
    });
    refill(pair, sides.map(({ branch, diagram }) => el("div", {}, el("h3", {}, branch.name), diagram.box)));
    lengths = "";
    sides.forEach(({ branch, diagram }) => diagram.show(branch.model.entries.map(({ index }) => index)));
    look();
    go(difference);
  }

  // The first event in which the two differ.
  function look() {
    const [a, b] = sides.map(({ branch }) => branch.model);
    const most = Math.max(a.entries.length, b.entries.length);
    const key = `${a.entries.length} ${b.entries.length}`;
    if (key === lengths) return;
    const from = lengths ? difference : 0;
    lengths = key;
    difference = most;
    for (let index = from; index < most && difference === most; index++) if (!isSameEntry(a, b, index)) difference = index;
    const isEnd = difference >= Math.min(a.entries.length, b.entries.length);
    text(first, difference >= most ? `All ${grouped(most)} events are alike.`
      : `${count(difference, "event")} ${difference === 1 ? "is" : "are"} alike. ${isEnd ? "There one of them ends." : `The first that differ are events ${grouped(difference + 1)}.`}`);
    sides.forEach(({ diagram }) => diagram.mark(difference));
  }

  function step(by) {
    sides.forEach((side) => { side.cursor = clamp(side.cursor + by, 0, side.branch.model.entries.length - 1); });
    paint(true);
  }

  function go(index) {
    sides.forEach((side) => { side.cursor = clamp(index, 0, side.branch.model.entries.length - 1); });
    paint(true);
  }

  // Shows what has changed; everything if it must.
  function paint(isAll = false) {
    let isGrown = false;
    for (const side of sides) {
      const { entries } = side.branch.model;
      if (side.seen === entries.length) continue;
      side.diagram.extend(side.seen);
      side.seen = entries.length;
      isGrown = true;
    }
    if (!isAll && !isGrown) return;
    look();
    sides.forEach(({ diagram, cursor }) => diagram.select(cursor, null));
    refill(words, sides.map(({ branch: { model }, cursor }) => el("p", { class: "now" }, model.entries[cursor] ? `Event ${cursor + 1} at ${seconds(model.entries[cursor].at)}: ${model.words(model.entries[cursor])}` : "Nothing has happened.")));
    const known = sides.map(({ branch: { model }, cursor }) => model.entries.length ? ownOf(model.states.at(model.names.indexOf(node.value), cursor)?.value) : undefined);
    refill(states, known.map((state, side) => {
      const other = known[1 - side];
      if (state === undefined) return el("p", { class: "quiet" }, `${node.value} has no state here.`);
      const changes = other === undefined ? [] : differences(other, state);
      return el("div", {}, el("p", { class: "quiet" }, other === undefined ? "" : changes.length ? "What differs is marked." : "Both states are the same."), showState({ value: state, before: other, changes: changes.filter(([, ...what]) => what.length) }));
    }));
  }

  return { element, show, paint, get branches() { return sides.map(({ branch }) => branch); }, stop: () => { sides = []; } };
}

// The solution's own part of a state; without the SDK's, in which numbers of messages differ soon.
function ownOf(state) {
  return state && !isPlain(state) && "node" in state && "ctx" in state ? state.node : state;
}

function isSameEntry(a, b, index) {
  const [x, y] = [a.entries[index], b.entries[index]];
  if (!x || !y || x.kind !== y.kind || x.at !== y.at || a.names[x.who] !== b.names[y.who]) return false;
  if (x.timer !== y.timer || x.text !== y.text || x.why !== y.why) return false;
  if (x.kind === FAULT) return JSON.stringify(a.faults[x.fault]) === JSON.stringify(b.faults[y.fault]);
  const [m, n] = [a.messages[x.message], b.messages[y.message]];
  return m === n || (m && n && m.body === n.body && a.names[m.src] === b.names[n.src] && a.names[m.dest] === b.names[n.dest]);
}

// The changes that lead from one value to another, by path.
function differences(old, now, path = []) {
  if (isPlain(old) || isPlain(now) || Array.isArray(old) !== Array.isArray(now)) return JSON.stringify(old) === JSON.stringify(now) ? [] : [[path, now]];
  if (Array.isArray(now)) return JSON.stringify(old) === JSON.stringify(now) ? [] : old.length === now.length && !now.every(isPlain) ? now.flatMap((value, at) => differences(old[at], value, [...path, at])) : [[path, now]];
  const gone = Object.keys(old).filter((name) => !Object.hasOwn(now, name)).map((name) => [[...path, name]]);
  return [...gone, ...Object.keys(now).flatMap((name) => Object.hasOwn(old, name) ? differences(old[name], now[name], [...path, name]) : [[[...path, name], now[name]]])];
}
