// The states of nodes over time, from the changes of each step (report/src/change.rs).

const CHECKPOINT = 32;

// The states of a model's nodes. `about` has the states before the first step (`base`) and the entry from which
// on they are known (`from`); null if they are not known at all.
function statesOf(model, about = {}) {
  const { entries } = model, nodes = new Map();
  const states = { nodes, isKnown: Boolean(about), from: about?.from ?? null, until: null, append, take, at: stateAt, isChangedAt };
  for (const [node, base] of Object.entries(about?.base ?? {})) nodes.set(Number(node), { base, isKnown: true, steps: [], checkpoints: new Map() });

  function append(steps, until) {
    if (until !== undefined) states.until = until;
    for (const [entry, node, changes] of steps) {
      if (!nodes.has(node)) nodes.set(node, { base: null, isKnown: false, steps: [], checkpoints: new Map() });
      nodes.get(node).steps.push({ entry, changes });
    }
  }

  // Takes what another has of the entries before `at`.
  function take(from, at) {
    states.until = from.until == null || from.until >= at ? null : from.until;
    for (const [node, known] of from.nodes) {
      const steps = known.steps.filter(({ entry }) => entry < at);
      const checkpoints = new Map([...known.checkpoints].filter(([step]) => step <= steps.length));
      if (steps.length) nodes.set(node, { ...known, steps, checkpoints, latest: null });
    }
  }

  // The state after a step is kept, since the next one that is asked for is mostly a later one.
  function stateAfter(known, step) {
    const { latest } = known;
    if (latest && latest.step <= step && latest.step > step - CHECKPOINT) {
      let { value } = latest;
      for (let at = latest.step + 1; at <= step; at++) {
        if (at % CHECKPOINT === 0) known.checkpoints.set(at, value);
        value = applied(value, known.steps[at].changes);
      }
      known.latest = { step, value };
      return value;
    }
    let from = step - (step % CHECKPOINT);
    while (from > 0 && !known.checkpoints.has(from)) from -= CHECKPOINT;
    let value = from > 0 ? known.checkpoints.get(from) : known.base;
    for (let at = from; at <= step; at++) {
      if (at > 0 && at % CHECKPOINT === 0) known.checkpoints.set(at, value);
      value = applied(value, known.steps[at].changes);
    }
    known.latest = { step, value };
    return value;
  }

  // What is known of a node after an entry: its state, timers and disk, and, if the entry is part of its
  // last step, what that step changed.
  function stateAt(node, entry) {
    const known = nodes.get(node), { from, until } = states;
    if (!known || (from != null && entry < from) || (until != null && entry > until)) return null;
    const step = after(known.steps, entry, (step) => step.entry) - 1;
    if (step < 0) return known.isKnown ? { value: known.base.state, timers: known.base.timers, before: null, changes: [], disk: { value: known.base.disk, before: null, changes: [] } } : null;
    const { changes } = known.steps[step];
    const isNow = stepOf(entry) === known.steps[step].entry && (step > 0 || known.isKnown);
    const before = step > 0 ? stateAfter(known, step - 1) : known.base;
    const { state: value, timers, disk: files } = stateAfter(known, step);
    const disk = { value: files, before: before?.disk, changes: isNow ? within("disk", changes) : [] };
    return { value, timers, before: before?.state, changes: isNow ? within("state", changes) : [], disk };
  }

  // Whether an entry is part of the last step of a node, which changed its own state. This needs no states.
  function isChangedAt(node, entry) {
    const known = nodes.get(node), { from, until } = states;
    if (!known || (from != null && entry < from) || (until != null && entry > until)) return false;
    const step = after(known.steps, entry, (step) => step.entry) - 1;
    return step >= 0 && (step > 0 || known.isKnown) && stepOf(entry) === known.steps[step].entry && within("state", known.steps[step].changes).length > 0;
  }

  // The entry that a node handles when it does what an entry says.
  function stepOf(index) {
    const entry = entries[index];
    return entry.kind === SEND && entry.cause >= 0 ? entry.cause : index;
  }

  return states;
}

// The value with a change at the end of a path; what is not on the path is shared.
function changed(value, path, at, change) {
  if (at === path.length) return change(value);
  const copy = Array.isArray(value) ? [...value] : Object.assign(Object.create(null), value);
  copy[path[at]] = changed(copy[path[at]], path, at + 1, change);
  return copy;
}

function applied(value, changes) {
  for (const [path, ...what] of changes) {
    if (what.length === 0) {
      value = changed(value, path.slice(0, -1), 0, (place) => {
        const copy = Object.assign(Object.create(null), place);
        delete copy[path.at(-1)];
        return copy;
      });
    } else if (what.length === 1) {
      value = changed(value, path, 0, () => what[0]);
    } else {
      const [from, gone, come] = what;
      value = changed(value, path, 0, (list) => [...list.slice(0, from), ...come, ...list.slice(from + gone)]);
    }
  }
  return value;
}

// The changes below a key, as seen from there.
function within(name, changes) {
  return changes.filter(([path]) => path[0] === name).map(([path, ...what]) => [path.slice(1), ...what]);
}

// A state as lines of text, changes marked. Lists of plain values stay on one line.
const ITEMS_MAX = 400;

function showState({ value, before, changes }) {
  const marks = new Map(), gone = [];
  for (const [path, ...what] of changes) {
    if (what.length === 3) {
      const [from, removed, come] = what;
      come.forEach((_, at) => marks.set(key([...path, from + at]), true));
      const old = path.reduce((place, step) => place?.[step], before);
      if (removed) gone.push([path, (old ?? []).slice(from, from + removed)]);
    } else if (what.length === 1) {
      marks.set(key(path), true);
    } else {
      gone.push([path, path.reduce((place, step) => place?.[step], before)]);
    }
  }
  const out = [];
  write(value, [], "", out, marks);
  const lines = gone.map(([path, old]) => el("div", {}, "gone: ", path.join("."), " ", el("del", {}, short(old))));
  return [el("pre", { class: "state", tabindex: "0" }, out), lines];
}

function key(path) {
  return JSON.stringify(path.map(String));
}

function short(value) {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function isPlain(value) {
  return value === null || typeof value !== "object";
}

function write(value, path, indent, out, marks) {
  if (marks.has(key(path))) {
    const inside = [];
    write(value, path, indent, inside, new Map());
    out.push(el("mark", {}, inside));
  } else if (isPlain(value)) {
    out.push(JSON.stringify(value) ?? "null");
  } else {
    const isList = Array.isArray(value);
    const keys = isList ? [...value.keys()] : Object.keys(value);
    const [open, close] = isList ? "[]" : "{}";
    const flat = isList && value.every(isPlain);
    const shown = keys.length > ITEMS_MAX ? keys.filter((step, at) => at < ITEMS_MAX || marks.has(key([...path, step]))) : keys;
    out.push(open);
    shown.forEach((step, at) => {
      if (!flat) out.push(`\n${indent}  `);
      if (!isList) out.push(`${JSON.stringify(step)}: `);
      write(value[step], [...path, step], `${indent}  `, out, marks);
      if (at < shown.length - 1) out.push(flat ? ", " : ",");
    });
    if (shown.length < keys.length) out.push(` … ${keys.length - shown.length} more`);
    if (!flat && keys.length) out.push(`\n${indent}`);
    out.push(close);
  }
}
