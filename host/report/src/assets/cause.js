// What is wrong, in the words of the verdict. What a line names leads to its event.

// The most lines of the verdict that are not folded.
const CAUSE_LINES_MAX = 6;

function cause(go) {
  const seen = new Set(), lines = causes(data.problems);
  const firsts = data.grounds.map(({ operations: found }) => found[0]).filter(Boolean);
  const item = ({ text, isItem, isHead }) => {
    const parts = linked(thisRun, text, seen, go);
    // A line that names nothing is of the only anomaly there is.
    const other = parts.length > 1 || !isItem || text.startsWith("and ") || data.grounds.length !== 1 || !firsts.length ? -1 : eventOfGround(firsts[0]);
    if (other >= 0) seen.add(firsts[0].index);
    return el("li", { class: isHead ? "head" : null }, parts, other >= 0 ? [" ", jump(thisRun, eventName(thisRun, other), other, go)] : null);
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
    return index < 0 ? null : el("li", {}, `${titleOf(name)}: `, jump(thisRun, `${first.f} of process ${first.process} at ${thisRun.nodeOf(first)}, ${(first.begun / NS).toFixed(3)} s`, index, go));
  });
  return lines.length ? [list, rest, where.some(Boolean) ? el("ul", { class: "plain where" }, where) : null] : [];
}

// The name of an anomaly as words; those of the literature stay as they are.
function titleOf(name) {
  return /^[a-z-]+$/.test(name) ? name.replaceAll("-", " ") : name;
}

// The event at which it is seen what an operation has to do with the verdict; -1 if the page lacks it.
function eventOfGround({ index, begun, took }) {
  const operation = operationByIndex.get(index);
  if (operation && thisRun.requests.begins.has(operation.index)) return thisRun.endOf(operation);
  const at = begun + (took ?? 0);
  return thisRun.isWithin(at) ? thisRun.entryAt(at) : -1;
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
    return [ROLES[it.role], event < 0 ? "" : jump(thisRun, eventName(thisRun, event), event, go), opName(it), String(it.process), thisRun.nodeOf(it), it.f, it.asked,
      seconds(it.begun), it.took == null ? "never ended" : millis(it.took), ENDS[it.end], it.answered ?? ""];
  });
  return table(caption, ["", "event", "op", "process", "node", "what", "asked", "begun", "took", "end", "answered"], rows);
}
