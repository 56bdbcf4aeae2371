// The page of a run.

const FILES = [
  ["results.json", "the verdict and all figures"], ["history.edn", "what clients and faults did, as Jepsen has it"],
  ["journal.jsonl", "everything that happened"], ["messages.svg", "the diagram of the messages"],
  ["latency.svg", "latencies"], ["rate.svg", "rates"],
];

function summary() {
  const { result } = data;
  const lines = data.problems.split("\n").filter(Boolean);
  return el("header", {},
    el("h1", {}, verdict(result["valid?"]), ` ${data.workload}, seed ${result.seed}`),
    el("ul", { class: "plain problems" }, lines.map((line) => el("li", {}, line.replace(/^- /, "")))),
    data.other?.shortest ? el("p", { class: "note" }, el("a", { href: "shortest/index.html" }, "The shortest run that fails like this one"), ` has ${data.other.shortest}.`) : null,
    data.other?.whole ? el("p", { class: "note" }, "This is the shortest run found that fails like ", el("a", { href: "../index.html" }, "another"), `, which has ${data.other.whole}.`) : null,
    el("p", {}, "Run it again: ", el("code", {}, data.replay)));
}

function overview() {
  const { run, results } = data.result;
  const net = results?.net;
  const rates = net ? [["all", net.all], ["clients", net.clients], ["servers", net.servers]] : [];
  return section("overview", "Overview",
    el("div", { class: "columns" },
      list("Options", data.options),
      list("The run", [
        ["virtual time", seconds(run["end-ns"])], ["messages", run.messages.toLocaleString("en")],
        ["events handled", run.steps.toLocaleString("en")], ["fuel", run.fuel.toLocaleString("en")],
        ["operations", results ? String(results.stats.count) : ""],
        ["ok, fail, info", results ? `${results.stats["ok-count"]}, ${results.stats["fail-count"]}, ${results.stats["info-count"]}` : ""],
        ["availability", results ? `${Number((results.availability["ok-fraction"] * 100).toFixed(3))} %` : ""],
      ])),
    net ? table("Messages", ["", "sent", "received", "an operation"], rates.map(([name, of]) => [name,
      of["send-count"].toLocaleString("en"), of["recv-count"].toLocaleString("en"), of["msgs-per-op"] == null ? "" : String(of["msgs-per-op"])]), { id: "net" }) : null);
}

function list(title, pairs) {
  return el("div", {}, el("h3", {}, title), el("dl", {}, pairs.map(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])));
}

function files() {
  return section("files", "Files", el("ul", {}, FILES.map(([name, text]) => el("li", {}, el("a", { href: name }, name), `: ${text}`))));
}

const travel = makeTravel();
const goThere = (index) => {
  travel.go(index);
  travel.element.scrollIntoView({ block: "start" });
};
const parts = [overview(), anomalies(goThere), travel.element, operationsSection(goThere), charts(), files()].filter(Boolean);
const links = parts.map((part) => el("li", {}, el("a", { href: `#${part.id}` }, part.querySelector("h2").textContent)));
document.body.append(
  el("a", { class: "skip", href: "#travel" }, "Skip to the messages"),
  summary(), el("nav", { "aria-label": "Parts of this page" }, el("ul", {}, links)), el("main", {}, parts));
travel.start();
document.documentElement.dataset.ready = String(Math.round(performance.now()));
