// The run of this page.

const journal = data.journal;
const thisRun = runModel({
  nodes: data.nodes, concurrency: data.concurrency, first: journal.first, count: journal.count, from_ns: journal.from_ns,
  end_ns: data.result.run["end-ns"], states: journal.states,
});
thisRun.append({
  names: journal.names, messages: journal.messages, entries: journal.entries, faults: data.faults,
  states: journal.states?.steps, states_until: journal.states?.until ?? null,
  operations: data.operations.rows.map(([index, process, f, begun, took, end, asked, answered, gap]) =>
    [index, process, data.operations.fs[f], begun, took, end, asked, answered, gap == null ? -1 : index + gap]),
});
const { entries, operations, faultPeriods, operationByIndex } = thisRun;

// Where the page opens: where the failure becomes visible, or else at the beginning. What did not happen is
// visible nowhere: then at the first request that had no success.
thisRun.opening = () => {
  if (!data.focus || !entries.length) return 0;
  const failed = data.grounds[0]?.operations.find(({ role }) => role === "failed");
  const shown = operationByIndex.get(data.focus.op ?? failed?.index);
  return shown && thisRun.requests.begins.has(shown.index) ? thisRun.endOf(shown) : thisRun.entryAt(data.focus.at_ns);
};

// The event that the page's address names; null if it names none.
function eventOfAddress() {
  const named = /^#event-(\d+)$/.exec(location.hash);
  return named ? clamp(Number(named[1]) - journal.first, 0, Math.max(0, entries.length - 1)) : null;
}

// Says what part of the run this is, if it is not all of it.
function windowNote() {
  const { first, count: all } = journal;
  if (!entries.length) return el("p", {}, "Nothing happened.");
  if (!first && entries.length >= all) return null;
  return el("p", { class: "note" }, `This run has ${count(all, "event")}. The page shows ${grouped(entries.length)} of them, from ${seconds(entries[0].at)} to ${seconds(entries.at(-1).at)}`,
    data.focus ? ", around where the failure becomes visible; " : ", from its beginning; ", data.has_files ? "journal.jsonl has all." : "a report on this run alone has all.");
}
