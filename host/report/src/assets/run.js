// The page of a run.

const FILES = [
  ["results.json", "the verdict and all figures"], ["history.edn", "what clients and faults did, as Jepsen has it"],
  ["journal.jsonl", "everything that happened"], ["messages.svg", "the diagram of the messages"],
  ["latency.svg", "latencies"], ["rate.svg", "rates"],
];

function summary(go) {
  const { result, other } = data;
  const note = (...text) => el("p", { class: "note" }, text);
  return el("header", {},
    el("h1", {}, verdict(result["valid?"]), ` ${data.workload}, seed ${result.seed}`),
    cause(go),
    other?.shortest ? note(el("a", { href: "shortest/index.html" }, "The shortest run that fails like this one"), ` has ${other.shortest}.`) : null,
    other?.whole ? note("This is the shortest run found that fails like ", el("a", { href: "../index.html" }, "another"), `, which has ${other.whole}.`,
      data.comparison ? [" ", el("a", { href: "#compare" }, "What is different")] : null) : null,
    el("p", { class: "replay" }, "Run it again: ", el("code", { tabindex: "0" }, data.replay)));
}

function overview() {
  const { run, results } = data.result;
  const net = results?.net;
  const rates = net ? [["all", net.all], ["clients", net.clients], ["servers", net.servers]] : [];
  const folded = section("overview", "Options and figures");
  folded.append(el("details", {}, el("summary", {}, "What was run, and how much of everything there was"),
    el("div", { class: "columns" },
      list("Options", data.options),
      list("The run", [
        ["virtual time", seconds(run["end-ns"])], ["messages", grouped(run.messages)],
        ["events handled", grouped(run.steps)], ["fuel", grouped(run.fuel)],
        ["operations", results ? String(results.stats.count) : ""],
        ["ok, fail, info", results ? `${results.stats["ok-count"]}, ${results.stats["fail-count"]}, ${results.stats["info-count"]}` : ""],
        ["availability", results ? `${Number((results.availability["ok-fraction"] * 100).toFixed(3))} %` : ""],
      ])),
    net ? table("Messages", ["", "sent", "received", "an operation"], rates.map(([name, of]) => [name,
      grouped(of["send-count"]), grouped(of["recv-count"]), of["msgs-per-op"] == null ? "" : String(of["msgs-per-op"])]), { id: "net" }) : ""));
  return folded;
}

function operationsNote() {
  const { first, count: all } = data.operations;
  return operations.length < all ? el("p", { class: "note" }, `Operations ${first + 1} to ${first + operations.length} of ${grouped(all)}; history.edn has all.`) : null;
}

function list(title, pairs) {
  return el("div", {}, el("h3", {}, title), el("dl", {}, pairs.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])));
}

function files() {
  if (!data.has_files) return null;
  return section("files", "Files", el("ul", {}, FILES.map(([name, text]) => el("li", {}, el("a", { href: name }, name), `: ${text}`))));
}

let address = 0;
const travel = makeTravel(thisRun, {
  cursor: eventOfAddress() ?? thisRun.opening(), focus: data.focus ? thisRun.opening() : null, note: windowNote(),
  ongo(index) {
    // Browsers throttle pages that change their address often.
    clearTimeout(address);
    address = setTimeout(() => history.replaceState(null, "", `#event-${journal.first + index}`), 300);
  },
});
const goThere = (index) => {
  travel.go(index);
  travel.element.scrollIntoView({ block: "start" });
  travel.element.querySelector(".diagram").focus({ preventScroll: true }); // so that arrow keys go on from there
};
const parts = [travel.element, anomalies(goThere), comparison(goThere), overview(), operationsView(thisRun, { go: goThere, focus: data.focus?.op, fs: data.operations.fs, note: operationsNote() }).element, charts(), files()].filter(Boolean);
const links = parts.map((part) => el("li", {}, el("a", { href: `#${part.id}`, onclick: () => unfold(part) }, part.querySelector("h2").textContent)));
document.body.append(
  el("a", { class: "skip", href: "#travel" }, "Skip to the messages"),
  summary(goThere), el("nav", { "aria-label": "Parts of this page" }, el("ul", {}, links)), el("main", {}, parts));
travel.start();

function unfold(part) {
  const only = part.querySelector(":scope > details:only-of-type");
  if (only) only.open = true;
}

addEventListener("beforeprint", () => document.querySelectorAll("header details, #overview details").forEach((it) => { it.open = true; }));
addEventListener("hashchange", () => {
  const index = eventOfAddress();
  if (index != null) goThere(index);
});
document.documentElement.dataset.ready = String(Math.round(performance.now()));
