// Which entries are those of an operation: its requests, and the answer that ended it.
//
// The history does not name clients. A worker has one client at a time, and a worker's process is the one with
// its number as the remainder. In the order of the history, an operation begins with the next request of that
// client at its time; a client not heard of before is that of the first operation that begins so. At one time there can
// be many requests, also of clients that only prepare nodes.

const PREPARES = new Set(["init", "topology"]);

// `begins` and `ends` have for each operation by index its first request, and the answer that ended it, or -1.
function requestsOf(model) {
  const { entries, messages, operations, isClient, names, concurrency } = model;
  const begins = new Map(), ends = new Map();
  const byTime = new Map(), sentBy = new Map(), receivedBy = new Map();
  const add = (map, key, index) => map.has(key) ? map.get(key).push(index) : map.set(key, [index]);
  for (const { kind, who, at, index, message } of entries) {
    if (kind === RECV && isClient[who]) add(receivedBy, who, index);
    if (kind !== SEND || !isClient[who] || PREPARES.has(messages[message].type)) continue;
    add(byTime, at, index);
    add(sentBy, who, index);
  }
  const workerOf = new Map(), clientOf = new Map(), usedUntil = new Map(), open = new Map();
  // The operation goes on until the next one of its worker begins with the request `next`, or until its end.
  const end = ({ operation, request }, next) => {
    const { who } = entries[request];
    const until = operation.took == null ? Infinity : operation.begun + operation.took;
    const isPast = (index) => entries[index].at > until;
    let last = request;
    const sent = sentBy.get(who), received = receivedBy.get(who) ?? [];
    for (let at = after(sent, request); at < sent.length && sent[at] < next && !isPast(sent[at]); at++) last = sent[at];
    const asked = messages[entries[last].message].asks;
    let answer = -1;
    for (let at = after(received, last); at < received.length && !isPast(received[at]) && answer < 0; at++) {
      const { replies } = messages[entries[received[at]].message];
      const isCut = Number.isNaN(asked) || Number.isNaN(replies); // then the time has to tell
      if (isCut ? entries[received[at]].at === until : replies === asked) answer = received[at];
    }
    ends.set(operation.index, answer);
  };
  for (const operation of operations) {
    const worker = operation.process % concurrency, node = names.indexOf(model.nodeOf(operation));
    const due = (byTime.get(operation.begun) ?? []).filter((index) =>
      index >= (usedUntil.get(entries[index].who) ?? 0) && messages[entries[index].message].dest === node);
    const request = due.find((index) => entries[index].who === clientOf.get(worker)) ?? due.find((index) => !workerOf.has(entries[index].who));
    if (request == null) continue;
    const { who } = entries[request];
    workerOf.set(who, worker);
    clientOf.set(worker, who);
    usedUntil.set(who, request + 1);
    begins.set(operation.index, request);
    if (open.has(worker)) end(open.get(worker), request);
    open.set(worker, { operation, request });
  }
  open.forEach((last) => end(last, Infinity));

  return {
    begins, ends,
    // The entry with which an operation begins.
    entryOf(operation) {
      return begins.get(operation.index) ?? model.entryAt(operation.begun);
    },
    // The entry at which it is seen how an operation ended: its answer; or its request, if it was not answered.
    endOf(operation) {
      const answer = ends.get(operation.index) ?? -1;
      if (answer >= 0) return answer;
      return begins.get(operation.index) ?? model.entryAt(operation.begun + (operation.took ?? 0));
    },
  };
}
