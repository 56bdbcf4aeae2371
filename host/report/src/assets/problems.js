// The lines of a verdict. What a line names leads to its event.

// The most events that a line leads to.
const EVENTS_MAX = 3;

// A link to an event.
function jump(model, text, index, go) {
  const onclick = (event) => { event.preventDefault(); go(index); };
  return el("a", { href: `#event-${model.first + index}`, title: model.words(model.entries[index]), onclick }, text);
}

// The lines of the verdict: sentences, headings, and items with what belongs to them.
function causes(problems) {
  const found = [];
  for (const line of problems.split("\n").filter((line) => line.trim())) {
    if (line.startsWith("  ") && found.length) found.at(-1).text += `\n${line}`;
    else found.push({ text: line.replace(/^- /, ""), isItem: line.startsWith("- "), isHead: line.endsWith(":") });
  }
  return found;
}

function eventName(model, index) {
  return `→ event ${grouped(model.first + index + 1)}`;
}

// A line in which every operation that the model has is a link; a moment that it names gets one at the end.
function linked(model, text, seen, go) {
  const parts = text.split(/\b(op \d+)\b/).map((part) => {
    const index = Number(/^op (\d+)$/.exec(part)?.[1] ?? -1);
    const operation = model.operationByIndex.get(index);
    if (!operation || index < 0 || !model.isWithin(operation.begun)) return part;
    seen.add(operation.index);
    return jump(model, part, index === operation.completed ? model.endOf(operation) : model.entryOf(operation), go);
  });
  if (parts.length > 1) return parts;
  const [, id] = /^the id (.+) was given \d+ times$/.exec(text) ?? [];
  const given = id == null ? [] : model.operations.filter((it) => it.answered === id && it.end === 0 && model.isWithin(it.begun)).slice(0, EVENTS_MAX);
  if (given.length) {
    given.forEach(({ index }) => seen.add(index));
    return [text, given.map((it) => [" ", jump(model, eventName(model, model.endOf(it)), model.endOf(it), go)])];
  }
  const moment = momentOf(model, text);
  if (moment < 0) return [text];
  const [first, ...rest] = text.split("\n");
  return [first, " ", jump(model, eventName(model, moment), moment, go), rest.map((line) => `\n${line}`)];
}

// The event that a line is about, by what it says of it: its time and participants, or an answer; or -1.
function momentOf(model, text) {
  const { entries, messages, names, isClient } = model;
  if (!entries.length) return -1;
  if (text.startsWith("The run could not go on")) return model.opening();
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
