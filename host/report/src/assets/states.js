// The states of nodes over time, from the changes of each step (report/src/change.rs).

const CHECKPOINT = 32;
const states = new Map();
for (const [node, base] of Object.entries(journal.states?.base ?? {})) {
  states.set(Number(node), { base, isKnown: true, steps: [], checkpoints: new Map() });
}
for (const [entry, node, changes] of journal.states?.steps ?? []) {
  if (!states.has(node)) states.set(node, { base: null, isKnown: false, steps: [], checkpoints: new Map() });
  states.get(node).steps.push({ entry, changes });
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

function stateAfter(known, step) {
  let from = step - (step % CHECKPOINT);
  while (from > 0 && !known.checkpoints.has(from)) from -= CHECKPOINT;
  let value = from > 0 ? known.checkpoints.get(from) : known.base;
  for (let at = from; at <= step; at++) {
    if (at > 0 && at % CHECKPOINT === 0) known.checkpoints.set(at, value);
    value = applied(value, known.steps[at].changes);
  }
  return value;
}

// What is known of a node after an entry: its state, timers and disk, and, if the entry is part of its
// last step, what that step changed.
function stateAt(node, entry) {
  const known = states.get(node);
  const { from, until } = journal.states ?? {};
  if (!known || (from != null && entry < from) || (until != null && entry > until)) return null;
  let low = 0, high = known.steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (known.steps[middle].entry <= entry) low = middle + 1;
    else high = middle;
  }
  const step = low - 1;
  if (step < 0) return known.isKnown ? { value: known.base.state, timers: known.base.timers, before: null, changes: [], disk: { value: known.base.disk, before: null, changes: [] } } : null;
  const { changes } = known.steps[step];
  const isNow = stepOf(entry) === known.steps[step].entry && (step > 0 || known.isKnown);
  const { state: value, timers, disk: files } = stateAfter(known, step);
  const before = step > 0 ? stateAfter(known, step - 1) : known.base;
  const disk = { value: files, before: before?.disk, changes: isNow ? within("disk", changes) : [] };
  return { value, timers, before: before?.state, changes: isNow ? within("state", changes) : [], disk };
}

// The changes below a key, as seen from there.
function within(name, changes) {
  return changes.filter(([path]) => path[0] === name).map(([path, ...what]) => [path.slice(1), ...what]);
}

// The entry that a node handles when it does what an entry says.
function stepOf(index) {
  const entry = entries[index];
  return entry.kind === SEND && entry.cause >= 0 ? entry.cause : index;
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
