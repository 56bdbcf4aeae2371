// What is wrong, in the words of the verdict. What a line names leads to its event.

// The most lines of the verdict that are not folded, and the most events that a line leads to.
const CAUSE_LINES_MAX = 6;
const EVENTS_MAX = 3;

// A link to an event of this page.
function jump(text, index, go) {
  const onclick = (event) => { event.preventDefault(); go(index); };
  return el("a", { href: `#event-${journal.first + index}`, title: words(entries[index]), onclick }, text);
}

// The lines of the verdict: sentences, headings, and items with what belongs to them.
function causes() {
  const found = [];
  for (const line of data.problems.split("\n").filter((line) => line.trim())) {
    if (line.startsWith("  ") && found.length) found.at(-1).text += `\n${line}`;
    else found.push({ text: line.replace(/^- /, ""), isItem: line.startsWith("- "), isHead: line.endsWith(":") });
  }
  return found;
}

function cause(go) {
  const seen = new Set(), lines = causes();
  const firsts = data.grounds.map(({ operations: found }) => found[0]).filter(Boolean);
  const item = ({ text, isItem, isHead }) => {
    const parts = linked(text, seen, go);
    // A line that names nothing is of the only anomaly there is.
    const other = parts.length > 1 || !isItem || text.startsWith("and ") || data.grounds.length !== 1 || !firsts.length ? -1 : eventOfGround(firsts[0]);
    if (other >= 0) seen.add(firsts[0].index);
    return el("li", { class: isHead ? "head" : null }, parts, other >= 0 ? [" ", jump(eventName(other), other, go)] : null);
  };
  const height = (shown) => shown.reduce((sum, { text }) => sum + text.split("\n").length, 0);
  let cut = lines.length;
  while (cut > 1 && height(lines.slice(0, cut)) > CAUSE_LINES_MAX) cut--;
  if (cut > 1 && cut < lines.length && lines[cut - 1].isHead) cut--; // a heading has something below it
  const more = lines.slice(cut);
  const list = el("ul", { class: "plain problems", tabindex: "0", role: "region", "aria-label": "What is wrong" }, lines.slice(0, cut).map(item));
  const rest = more.length ? el("details", {}, el("summary", {}, `${more.length} more about what is wrong`), el("ul", { class: "plain problems" }, more.map(item))) : null;
  const where = data.grounds.filter(({ operations: found }) => found.length && !found.some(({ index }) => seen.has(index))).slice(0, 3).map(({ name, operations: [first] }) => {
    const index = eventOfGround(first);
    return index < 0 ? null : el("li", {}, `${titleOf(name)}: `, jump(`${first.f} of process ${first.process} at ${nodeOf(first)}, ${(first.begun / NS).toFixed(3)} s`, index, go));
  });
  return lines.length ? [list, rest, where.some(Boolean) ? el("ul", { class: "plain where" }, where) : null] : [];
}

// The name of an anomaly as words; those of the literature stay as they are.
function titleOf(name) {
  return /^[a-z-]+$/.test(name) ? name.replaceAll("-", " ") : name;
}

function eventName(index) {
  return `→ event ${(journal.first + index + 1).toLocaleString("en")}`;
}

// A line in which every operation that the page has is a link; a moment that it names gets one at the end.
function linked(text, seen, go) {
  const parts = text.split(/\b(op \d+)\b/).map((part) => {
    const index = Number(/^op (\d+)$/.exec(part)?.[1] ?? -1);
    const operation = operationByIndex.get(index);
    if (!operation || index < 0 || !isWithin(operation.begun)) return part;
    seen.add(operation.index);
    return jump(part, index === operation.completed ? endOf(operation) : entryOf(operation), go);
  });
  if (parts.length > 1) return parts;
  const [, id] = /^the id (.+) was given \d+ times$/.exec(text) ?? [];
  const given = id == null ? [] : operations.filter((it) => it.answered === id && it.end === 0 && isWithin(it.begun)).slice(0, EVENTS_MAX);
  if (given.length) {
    given.forEach(({ index }) => seen.add(index));
    return [text, given.map((it) => [" ", jump(eventName(endOf(it)), endOf(it), go)])];
  }
  const moment = momentOf(text);
  if (moment < 0) return [text];
  const [first, ...rest] = text.split("\n");
  return [first, " ", jump(eventName(moment), moment, go), rest.map((line) => `\n${line}`)];
}

// The event that a line is about, by what it says of it: its time and participants, or an answer; or -1.
function momentOf(text) {
  if (!entries.length) return -1;
  if (text.startsWith("The run could not go on")) return opening();
  const said = new Set(text.match(/[\w-]+/g));
  const [, time] = /\bat (\d+(?:\.\d+)?) s\b/.exec(text) ?? [];
  const [, by, asked] = /\b(\S+) answered (\S+) with /.exec(text) ?? [];
  const exact = time == null ? 0 : 10 ** -(time.split(".")[1]?.length ?? 0);
  const key = (client, number) => `${client} ${number}`;
  const requests = new Map(by ? messages.filter(({ src }) => isClient[src]).map((it) => [key(it.src, it.asks), it]) : []);
  let best = -1, most = 1;
  for (const entry of entries) {
    if (time != null && Math.abs(entry.at / NS - Number(time)) > exact) continue;
    const message = messages[entry.message];
    if (time == null) {
      // An answer without a time: the first like it.
      if (!by || entry.kind !== RECV || names[message.src] !== by || !isClient[entry.who]) continue;
      const request = requests.get(key(message.dest, message.replies));
      if (request?.type === asked && said.has(message.type)) return entry.index;
      continue;
    }
    const about = message ? [names[message.src], names[message.dest], message.type] : [names[entry.who]];
    const score = about.filter((word) => said.has(word)).length;
    if (score > most) [best, most] = [entry.index, score];
  }
  return best;
}

// The event at which it is seen what an operation has to do with the verdict; -1 if the page lacks it.
function eventOfGround({ index, begun, took }) {
  const operation = operationByIndex.get(index);
  if (operation && requestOfOperation.has(operation.index)) return endOf(operation);
  const at = begun + (took ?? 0);
  return isWithin(at) ? entryAt(at) : -1;
}

const ROLES = { shows: "shows it", against: "contradicts it", failed: "did not succeed", named: "named above" };

// The operations that the verdict names and that are not shown with what is wrong.
const NAMED_MAX = 24;
function namedOnly() {
  const shown = new Set(data.grounds.flatMap(({ operations: found }) => found.map(({ index }) => index)));
  const named = [...data.problems.matchAll(/\bop (\d+)\b/g)].map(([, index]) => operationByIndex.get(Number(index)));
  return [...new Set(named)].filter((it) => it && !shown.has(it.index)).slice(0, NAMED_MAX).map((it) => ({ ...it, role: "named" }));
}

// The operations that an anomaly rests on.
function groundsTable(caption, found, go) {
  const rows = found.map((it) => {
    const event = eventOfGround(it);
    return [ROLES[it.role], event < 0 ? "" : jump(eventName(event), event, go), opName(it), String(it.process), nodeOf(it), it.f, it.asked,
      seconds(it.begun), it.took == null ? "never ended" : millis(it.took), ENDS[it.end], it.answered ?? ""];
  });
  return table(caption, ["", "event", "op", "process", "node", "what", "asked", "begun", "took", "end", "answered"], rows);
}

// The numbers of an operation in the history: where it begins, and where it ends.
function opName({ index, completed }) {
  return completed == null || completed < 0 ? String(index) : `${index}–${completed}`;
}
