// What a page knows of a run, decoded from its compact form (report/src/run_page.rs).
//
// A model is made once and appended to: a report has all at once, a run that goes on comes in parts. An append
// costs what it brings.

const SEND = 0, RECV = 1, DROP = 2, TIMER = 3, FAULT = 4, LOG = 5;
const KINDS = ["send", "receive", "lose", "timer", "fault", "log"];
const ENDS = ["ok", "fail", "info", "open"];

// The ends of faults whose names do not say so.
const FAULT_ENDS = new Map([["start", "kill"], ["power-on", "power"], ["start-wiped", "wipe"], ["resume", "pause"]]);

// The model of a run. `about` has `nodes` and `concurrency`; of a part of a run also `first` and `count` (entries
// before it, and in all), `from_ns`, `end_ns` and `states` (`base`, `from`; null: none are known).
function runModel(about) {
  const { nodes, concurrency, first = 0, from_ns: beginning = 0 } = about;
  const names = [], isNode = [], isClient = [], messages = [], entries = [], faults = [], operations = [];
  const faultEntries = [], logsBy = new Map(), typesSeen = new Set(), heard = new Map(), known = new Map(), byId = new Map();
  let effects = null, periods = null, columns = null, requests = null, byIndex = null;

  const model = {
    nodes, concurrency, first, names, isNode, isClient, messages, entries, faults, operations, logsBy, heard,
    get count() { return about.count ?? entries.length; },
    get types() { return [...typesSeen].sort(); },
    get faultPeriods() { return periods ??= periodsOf(faults, about.end_ns ?? entries.at(-1)?.at ?? 0); },
    get columns() { return columns ??= columnsOf(model); },
    get requests() { return requests ??= requestsOf(model); },
    get operationByIndex() { return byIndex ??= new Map(operations.flatMap((it) => [[it.index, it], [it.completed, it]])); },
    opening: () => 0,
    append, fork, words, effectsOf, requestOf, inFlight, faultsAt, entryAt, nodeOf, isWithin,
    entryOf: (operation) => model.requests.entryOf(operation),
    endOf: (operation) => model.requests.endOf(operation),
    messageById: (id) => byId.get(id),
  };
  model.states = statesOf(model, about.states);

  // Takes what is new. What a part repeats of the one before it is passed over, but for operations, which end.
  function append(part) {
    effects = periods = columns = requests = byIndex = null;
    setNames(part.names ?? []);
    for (const row of (part.messages ?? []).slice(Math.max(0, messages.length - (part.messages_from ?? 0)))) addMessage(row);
    const from = part.from ?? 0, before = entries.length;
    for (const row of (part.entries ?? []).slice(Math.max(0, before - from))) addEntry(row);
    // A step without an entry of its own has that of the entry before it.
    model.states.append((part.states ?? []).filter(([entry]) => from === before || entry >= before), part.states_until);
    if (part.faults) faults.splice(0, Infinity, ...part.faults);
    (part.operations ?? []).forEach(addOperation);
    return before;
  }

  function setNames(all) {
    for (let at = 0; at < all.length; at++) {
      if (names[at] === all[at]) continue;
      names[at] = all[at];
      isNode[at] = nodes.includes(all[at]);
      isClient[at] = /^c\d+$/.test(all[at]);
    }
  }

  // A message has the places of its entries. It is on its way from `sent` (-1: since before the window) to
  // the last of `ends`; one that was doubled ends twice. `asks` and `replies` number requests.
  function addMessage([id, src, dest, body, number]) {
    const message = { id, src, dest, body, number, ...headOf(body), sent: -1, ends: [], isLost: false };
    keep(message);
  }

  function keep(message) {
    typesSeen.add(message.type);
    byId.set(message.id, message);
    messages.push(message);
  }

  function addEntry([since, kind, ...rest]) {
    const index = entries.length;
    const at = (index ? entries[index - 1].at : beginning) + since;
    const entry = { index, kind, at, message: -1, who: -1, cause: -1 };
    if (kind <= DROP) {
      entry.message = rest[0];
      const message = messages[entry.message];
      entry.who = kind === SEND ? message.src : message.dest;
      if (kind === SEND) entry.cause = rest[1] ?? -1;
      entry.why = kind === DROP ? rest[1] : "";
    } else if (kind === TIMER) {
      [entry.who, entry.timer] = rest;
      entry.cause = rest[2] ?? -1;
    } else if (kind === FAULT) {
      entry.fault = rest[0];
    } else {
      [entry.who, entry.level, entry.text] = rest;
    }
    place(entry);
  }

  // Adds an entry, and what follows from it.
  function place(entry) {
    const { index, kind } = entry, message = messages[entry.message];
    entries.push(entry);
    if (message) {
      if (kind === SEND) message.sent = index;
      else message.ends.push(index);
      message.isLost = kind === DROP;
      for (const who of [message.src, message.dest]) {
        if (!heard.has(who)) heard.set(who, [index, index]);
        heard.get(who)[1] = index;
      }
    } else if (kind === FAULT) {
      faultEntries.push(entry);
    } else if (kind === LOG) {
      if (!logsBy.has(entry.who)) logsBy.set(entry.who, []);
      logsBy.get(entry.who).push(index);
    }
  }

  function addOperation([index, process, f, begun, took, end, asked, answered, completed]) {
    const operation = { index, process, f, begun, took, end, asked, answered, completed };
    const at = known.get(index);
    if (at == null) known.set(index, operations.push(operation) - 1);
    else operations[at] = operation;
  }

  // Another model with the entries before `at`, for a run that goes on otherwise from there.
  function fork(at) {
    const other = runModel(about);
    other.take(model, at);
    return other;
  }

  model.take = (from, at) => {
    setNames(from.names);
    for (const message of from.messages) {
      if (message.sent >= at) break; // they are in the order in which they were sent
      keep({ ...message, sent: -1, ends: [], isLost: false });
    }
    from.entries.slice(0, at).forEach(place);
    model.states.take(from.states, at);
    faults.push(...from.faults.slice(0, faultEntries.length));
    const last = entries.at(-1)?.at ?? -1, { begins, ends } = from.requests;
    for (const it of from.operations) {
      if (it.begun > last || (begins.get(it.index) ?? -1) >= at) continue;
      const isOver = it.took != null && it.begun + it.took <= last && (ends.get(it.index) ?? -1) < at;
      const { index, process, f, begun, asked } = it;
      addOperation(isOver ? [index, process, f, begun, it.took, it.end, asked, it.answered, it.completed] : [index, process, f, begun, null, 3, asked, null, -1]);
    }
  };

  // An entry in words.
  function words(entry) {
    const message = messages[entry.message];
    switch (entry.kind) {
      case SEND: return `${names[message.src]} sends ${message.type} to ${names[message.dest]}`;
      case RECV: return `${names[message.dest]} receives ${message.type} from ${names[message.src]}`;
      case DROP: return `${message.type} from ${names[message.src]} to ${names[message.dest]} is lost: ${entry.why}`;
      case TIMER: return `timer ${entry.timer} of ${names[entry.who]} fires`;
      case FAULT: return `fault: ${faults[entry.fault]?.[1] ?? "one of many"}`;
      default: return `${names[entry.who]} logs (${entry.level}): ${entry.text}`;
    }
  }

  // Which entries each entry led to: what was sent, received, set and fired because of it.
  function effectsOf(index) {
    if (!effects) {
      effects = entries.map(() => []);
      for (const entry of entries) {
        if (entry.cause >= 0) effects[entry.cause].push(entry.index);
        if ((entry.kind === RECV || entry.kind === DROP) && messages[entry.message].sent >= 0) {
          effects[messages[entry.message].sent].push(entry.index);
        }
      }
    }
    return effects[index];
  }

  // The request that an entry is part of: all entries with the same first cause.
  function requestOf(index) {
    let cause = index;
    for (;;) {
      const entry = entries[cause];
      const before = entry.kind === RECV || entry.kind === DROP ? messages[entry.message].sent : entry.cause;
      if (before < 0 || before >= cause) break;
      cause = before;
    }
    const found = new Set([cause]);
    for (const at of found) effectsOf(at).forEach((effect) => found.add(effect));
    return found;
  }

  // Messages on their way after an entry.
  function inFlight(index) {
    return messages.filter(({ sent, ends }) => sent <= index && !(ends.length && ends.at(-1) <= index));
  }

  // What faults there are after an entry: links that are cut or slow, nodes that are down.
  function faultsAt(index) {
    const now = { cut: new Map(), aimed: new Map(), held: new Map(), losing: new Map(), stalled: new Set(), deaf: new Map(), slow: new Map(), loss: 0, duplicate: 0, down: new Map(), disks: new Map(), paused: new Set(), skewed: new Map() };
    const entry = entries[index];
    for (const [at, f, value] of faults.slice(0, faultsUntil(index))) {
      if (!entry || at > entry.at) break;
      const links = () => new Map(Object.entries(value?.[1] ?? {}).filter(([, from]) => from.length));
      const keys = () => Object.keys(value && typeof value === "object" ? value : {});
      if (f === "start-partition") now.cut = links();
      if (f === "stop-partition") now.cut.clear();
      if (f === "start-one-way") now.deaf = links();
      if (f === "stop-one-way") now.deaf.clear();
      const aimed = /^(start|stop)-(isolate|chain|flip|flap)$/.exec(f);
      if (aimed?.[1] === "start") now.aimed.set(aimed[2], links());
      if (aimed?.[1] === "stop") now.aimed.delete(aimed[2]);
      if (f === "start-hold") now.held = links();
      if (f === "stop-hold") now.held.clear();
      if (f === "start-lose-one") now.losing = links();
      if (f === "stop-lose-one") now.losing.clear();
      if (f === "start-stall") now.stalled = new Set(keys());
      if (f === "stop-stall") now.stalled.clear();
      if (f === "start-slow") now.slow = links();
      if (f === "stop-slow") now.slow.clear();
      if (f === "start-loss") now.loss = value?.[1] ?? 0;
      if (f === "stop-loss") now.loss = 0;
      if (f === "start-duplicate") now.duplicate = value?.[1] ?? 0;
      if (f === "stop-duplicate") now.duplicate = 0;
      if (f === "kill" || f === "power-off" || f === "wipe") keys().forEach((node) => now.down.set(node, f));
      if (f === "start" || f === "power-on" || f === "start-wiped") keys().forEach((node) => now.down.delete(node));
      const disk = /^(start|stop)-(disk-(?:slow|full|error))$/.exec(f);
      if (disk?.[1] === "start") now.disks.set(disk[2], new Set(keys()));
      if (disk?.[1] === "stop") now.disks.delete(disk[2]);
      if (f === "pause") keys().forEach((node) => now.paused.add(node));
      if (f === "resume") now.paused.clear();
      if (f === "start-clock-skew") now.skewed = new Map(Object.entries(value ?? {}));
      if (f === "stop-clock-skew") now.skewed.clear();
    }
    return now;
  }

  // How many of the run's faults there are up to an entry.
  function faultsUntil(index) {
    const last = faultEntries.findLast((entry) => entry.index <= index);
    return last ? last.fault + 1 : faultEntries.length ? faultEntries[0].fault : faults.length;
  }

  // The last entry at a time or before it.
  function entryAt(ns) {
    return Math.max(0, after(entries, ns, (entry) => entry.at) - 1);
  }

  // Whether a time is in the part of the run that the page has.
  function isWithin(ns) {
    return entries.length > 0 && ns >= entries[0].at && ns <= entries.at(-1).at;
  }

  // The node that a process talks to.
  function nodeOf({ process }) {
    return nodes[(process % concurrency) % nodes.length] ?? "";
  }

  return model;
}

function headOf(body) {
  try {
    const { type, msg_id: asks, in_reply_to: replies } = JSON.parse(body);
    return { type: String(type), asks, replies };
  } catch {
    // It was cut.
    const number = (field) => Number(new RegExp(`"${field}"\\s*:\\s*(\\d+)`).exec(body)?.[1]);
    return { type: /"type"\s*:\s*"([^"\\]*)"/.exec(body)?.[1] ?? "", asks: number("msg_id"), replies: number("in_reply_to") };
  }
}

// The stretches of time in which something was wrong: [name, from, to].
function periodsOf(faults, end) {
  const periods = [], open = new Map();
  for (const [at, f] of faults) {
    const fault = FAULT_ENDS.get(f) ?? f.replace(/^(start|stop)-/, "").replace(/^power-off$/, "power");
    const begins = !FAULT_ENDS.has(f) && !f.startsWith("stop-");
    if (f === "swap" || fault === "swap") periods.push(["swap", at, at]);
    else if (begins && !open.has(fault)) open.set(fault, at);
    else if (!begins && open.has(fault)) {
      periods.push([fault, open.get(fault), at]);
      open.delete(fault);
    }
  }
  for (const [fault, from] of open) periods.push([fault, from, end]);
  return periods;
}

// The position in a list, sorted by a key, of the first element whose key is greater.
function after(list, key, keyOf = (element) => element) {
  let from = 0, to = list.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (keyOf(list[middle]) <= key) from = middle + 1;
    else to = middle;
  }
  return from;
}
