// What is the case in a branch at the moment that is looked at: what the stage draws and what can be done.

// A node before the run has begun.
const STARTING = { up: true, paused: false, syncing: false };

// At the head the server says what it is; in the past it follows from the journal.
function viewOf(branch) {
  const { model, now, cursor } = branch, isHead = branch.isAtHead;
  const entry = model.entries[cursor];
  const at = isHead ? now.at_ns : entry?.at ?? 0;
  const faults = model.faultsAt(cursor);
  const nodes = model.nodes.map((name, index) => {
    const who = model.names.indexOf(name);
    const { up, paused, syncing } = isHead ? now.nodes[index] ?? STARTING : { up: !faults.down.has(name), paused: faults.paused.has(name) || faults.stalled.has(name), syncing: false };
    const isKnown = up && who >= 0 && model.entries.length > 0;
    let known;
    return {
      name, who, up, paused, syncing, isChanged: isKnown && model.states.isChangedAt(who, cursor),
      // A state is put together when it is asked for.
      get known() { return known === undefined ? known = isKnown ? model.states.at(who, cursor) : null : known; },
      get timers() { return this.known?.timers ?? []; },
    };
  });
  return { isHead, at, entry, nodes, flights: flightsOf(branch, isHead, at), ended: endedAt(branch, entry), cuts: cutsOf(now, faults, isHead), workers: isHead ? now.workers : [], phase: now.phase };
}

// Messages on their way, with the part of the way that they have gone.
function flightsOf({ model, now, cursor }, isHead, at) {
  const { entries, names } = model;
  const flight = (message, due, isHeld) => {
    const sent = entries[message.sent]?.at ?? at;
    const part = due == null || due <= sent ? 0.5 : clamp((at - sent) / (due - sent), 0.1, 0.9);
    return { id: message.id, src: names[message.src], dest: names[message.dest], message, due, isHeld, part };
  };
  if (!isHead) {
    return model.inFlight(cursor).map((message) => {
      const end = message.ends.find((end) => end > cursor);
      return flight(message, end == null ? null : entries[end].at, false);
    });
  }
  return now.in_flight.flatMap(({ id, due_ns: due, held }) => {
    const message = model.messageById(id);
    return message ? [flight(message, due, held)] : [];
  });
}

// The message that ends its way with an entry.
function endedAt({ model }, entry) {
  const message = entry && entry.kind !== SEND ? model.messages[entry.message] : null;
  return message ? [{ id: message.id, src: model.names[message.src], dest: model.names[message.dest], message, part: entry.kind === DROP ? 0.7 : 1, how: entry.kind === DROP ? "lost" : "arrived" }] : [];
}

// The links that are cut, as "dest src": the first does not hear the second.
function cutsOf(now, faults, isHead) {
  if (isHead) return new Set(now.cuts.map(([dest, src]) => `${dest} ${src}`));
  const all = [faults.cut, faults.deaf, ...faults.aimed.values()];
  return new Set(all.flatMap((map) => [...map].flatMap(([dest, from]) => from.map((src) => `${dest} ${src}`))));
}

// The fields of a node's state that a line can show, as paths.
const FIELDS_MAX = 60;
function fieldsOf(view) {
  const found = new Set();
  const look = (value, path) => {
    if (found.size >= FIELDS_MAX) return;
    if (isPlain(value) || Array.isArray(value)) found.add(path);
    else if (path.split("/").length < 4) Object.keys(value).forEach((name) => look(value[name], `${path}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`));
  };
  const known = view.nodes.find((node) => node.known)?.known.value;
  if (known && !isPlain(known)) look("node" in known && "ctx" in known ? { node: known.node } : known, "");
  return [...found];
}

// The value at a JSON pointer.
function valueAt(state, path) {
  const steps = path.split("/").slice(1).map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  return steps.reduce((place, step) => place?.[step], state);
}

function statusOf({ up, paused, syncing }) {
  return !up ? "down" : paused ? "paused" : syncing ? "syncing" : "running";
}
