// What the page knows of the run, decoded from its compact form (report/src/run_page.rs).

const SEND = 0, RECV = 1, DROP = 2, TIMER = 3, FAULT = 4, LOG = 5;
const KINDS = ["send", "receive", "lose", "timer", "fault", "log"];

const journal = data.journal;
const names = journal.names;
const isNode = names.map((name) => data.nodes.includes(name));
const isClient = names.map((name) => /^c\d+$/.test(name));

// A message: where its entries are. It is on its way from `sent` (-1: since before the window) to
// the last of `ends`; one that was doubled ends twice. `asks` and `replies` number requests.
const messages = journal.messages.map(([id, src, dest, body]) => ({
  id, src, dest, body, ...headOf(body), sent: -1, ends: [], isLost: false,
}));

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

const entries = [];
for (const [since, kind, ...rest] of journal.entries) {
  const index = entries.length;
  const at = (index ? entries[index - 1].at : journal.from_ns) + since;
  const entry = { index, kind, at, message: -1, who: -1, cause: -1 };
  entries.push(entry);
  if (kind <= DROP) {
    entry.message = rest[0];
    const message = messages[entry.message];
    entry.who = kind === SEND ? message.src : message.dest;
    if (kind === SEND) {
      message.sent = index;
      entry.cause = rest[1] ?? -1;
    } else {
      message.ends.push(index);
      message.isLost = kind === DROP;
    }
    entry.why = kind === DROP ? rest[1] : "";
  } else if (kind === TIMER) {
    [entry.who, entry.timer] = rest;
    entry.cause = rest[2] ?? -1;
  } else if (kind === FAULT) {
    entry.fault = rest[0];
  } else {
    [entry.who, entry.level, entry.text] = rest;
  }
}

// The log entries of each node.
const logsBy = new Map();
for (const { kind, who, index } of entries) {
  if (kind !== LOG) continue;
  if (!logsBy.has(who)) logsBy.set(who, []);
  logsBy.get(who).push(index);
}

const types = [...new Set(messages.map((message) => message.type))].sort();

// An entry in words.
function words(entry) {
  const message = messages[entry.message];
  switch (entry.kind) {
    case SEND: return `${names[message.src]} sends ${message.type} to ${names[message.dest]}`;
    case RECV: return `${names[message.dest]} receives ${message.type} from ${names[message.src]}`;
    case DROP: return `${message.type} from ${names[message.src]} to ${names[message.dest]} is lost: ${entry.why}`;
    case TIMER: return `timer ${entry.timer} of ${names[entry.who]} fires`;
    case FAULT: return `fault: ${data.faults[entry.fault]?.[1] ?? "one of many"}`;
    default: return `${names[entry.who]} logs (${entry.level}): ${entry.text}`;
  }
}

// Which entries each entry led to: what was sent, received, set and fired because of it.
let effects = null;
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
  let first = index;
  for (;;) {
    const entry = entries[first];
    const before = entry.kind === RECV || entry.kind === DROP ? messages[entry.message].sent : entry.cause;
    if (before < 0 || before >= first) break;
    first = before;
  }
  const found = new Set([first]);
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
  for (const [at, f, value] of data.faults.slice(0, faultsUntil(index))) {
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
const faultEntries = entries.filter((entry) => entry.kind === FAULT);
function faultsUntil(index) {
  const last = faultEntries.findLast((entry) => entry.index <= index);
  return last ? last.fault + 1 : faultEntries.length ? faultEntries[0].fault : data.faults.length;
}

// The ends of faults whose names do not say so.
const FAULT_ENDS = new Map([["start", "kill"], ["power-on", "power"], ["start-wiped", "wipe"], ["resume", "pause"]]);

// The stretches of time in which something was wrong: [name, from, to].
const faultPeriods = (() => {
  const periods = [], open = new Map();
  for (const [at, f] of data.faults) {
    const fault = FAULT_ENDS.get(f) ?? f.replace(/^(start|stop)-/, "").replace(/^power-off$/, "power");
    const begins = !FAULT_ENDS.has(f) && !f.startsWith("stop-");
    if (f === "swap" || fault === "swap") periods.push(["swap", at, at]);
    else if (begins && !open.has(fault)) open.set(fault, at);
    else if (!begins && open.has(fault)) {
      periods.push([fault, open.get(fault), at]);
      open.delete(fault);
    }
  }
  for (const [fault, from] of open) periods.push([fault, from, data.result.run["end-ns"]]);
  return periods;
})();

const ENDS = ["ok", "fail", "info", "open"];
const operations = data.operations.rows.map(([index, process, f, begun, took, end, asked, answered, gap]) => ({
  index, process, f: data.operations.fs[f], begun, took, end, asked, answered, completed: gap == null ? -1 : index + gap,
}));

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

// The last entry at a time or before it.
function entryAt(ns) {
  return Math.max(0, after(entries, ns, (entry) => entry.at) - 1);
}

// The node that a process talks to.
function nodeOf({ process }) {
  return data.nodes[(process % data.concurrency) % data.nodes.length] ?? "";
}
