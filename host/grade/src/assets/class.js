// The page of a class: submissions by challenge.

const VERDICT_WORDS = {
  AC: "accepted", WA: "wrong answer", PE: "presentation error", TLE: "time limit exceeded", IL: "idleness limit exceeded",
  MLE: "memory limit exceeded", OLE: "output limit exceeded", RTE: "runtime error", CE: "compile error", IE: "internal error",
  missing: "missing", pending: "pending",
};
const { grade, pages } = data;
const challenges = grade.suite.challenges;
const worlds = challenges.flatMap(({ id, worlds: all }) => (all ?? []).map((world) => [id, world]));

// What to call a challenge's state: its verdict, or why there is none.
function verdictOf(challenge) {
  return challenge ? challenge.verdict ?? challenge.state : "";
}

function challengeOf(submission, id) {
  return submission.challenges.find((challenge) => challenge.id === id);
}

function badge(name) {
  const kind = name === "AC" ? "valid" : ["missing", "pending", "IE"].includes(name) ? "unknown" : "invalid";
  return el("span", { class: `badge ${kind}`, title: VERDICT_WORDS[name] ?? name }, name);
}

// Links lead to pages that lie below this one, whatever the data says.
function pageOf(submission, id) {
  const path = Object.hasOwn(pages, submission) && Object.hasOwn(pages[submission], id) ? pages[submission][id] : "";
  return /^runs\/[\w-]+\/index\.html$/.test(path) ? path : null;
}

const wall = (submission, id) => {
  const times = grade.timings["runs-ms"];
  return Object.hasOwn(times, submission) && Object.hasOwn(times[submission], id) ? times[submission][id] : null;
};

const sorts = new Map([
  ["submission", (submission) => submission.name],
  ["score", (submission) => submission.score],
  ...challenges.map(({ id }) => [id, (submission) => verdictOf(challengeOf(submission, id))]),
]);
const order = { by: "submission", down: false };
const wanted = { name: "", verdict: "" };
const details = el("div", { id: "details", "aria-live": "polite" }, el("p", { class: "quiet" }, "Choose a verdict to see why."));
const holder = el("div", { class: "scroll class", tabindex: "0", role: "region", "aria-label": "Submissions by challenge" });
const shownCount = el("span", { class: "quiet" });

function show() {
  const value = sorts.get(order.by);
  const rows = grade.submissions.filter((submission) => submission.name.toLowerCase().includes(wanted.name.toLowerCase())
    && (!wanted.verdict || submission.challenges.some((challenge) => verdictOf(challenge) === wanted.verdict)));
  const compare = (a, b) => (typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true }));
  rows.sort((a, b) => compare(value(a), value(b)) * (order.down ? -1 : 1) || compare(a.name, b.name));
  shownCount.textContent = `${count(rows.length, "submission")} of ${grade.submissions.length}`;
  const head = (name, title, text) => el("th", { scope: "col", "aria-sort": order.by === name ? (order.down ? "descending" : "ascending") : "none" },
    el("button", { type: "button", title, onclick: () => { [order.by, order.down] = [name, order.by === name && !order.down]; show(); } },
      text, order.by === name ? (order.down ? " ▼" : " ▲") : ""));
  refill(holder, el("table", { id: "class" },
    el("caption", {}, "Submissions by challenge; the heads sort"),
    el("thead", {}, el("tr", {}, head("submission", "Sort by name", "submission"), head("score", "Sort by points", "points"),
      challenges.map(({ id, title, points, hidden }) => head(id, `${title}, ${count(points, "point")}${hidden ? ", hidden from students" : ""}`, id)))),
    el("tbody", {}, rows.map((submission) => el("tr", {},
      el("th", { scope: "row" }, submission.name, submission.notes?.length ? el("span", { class: "quiet", title: submission.notes.join("\n") }, " ⓘ") : null),
      el("td", {}, `${submission.score} / ${submission.points}`),
      challenges.map(({ id }) => {
        const challenge = challengeOf(submission, id);
        return el("td", {}, challenge ? el("button", { type: "button", "aria-label": `${submission.name}, ${id}: ${VERDICT_WORDS[verdictOf(challenge)]}`, onclick: () => tell(submission, challenge) }, badge(verdictOf(challenge))) : null);
      }))))));
}

function tell(submission, challenge) {
  const facts = challenges.find(({ id }) => id === challenge.id);
  const { failure, usage, targets } = challenge;
  const page = pageOf(submission.name, challenge.id);
  const took = wall(submission.name, challenge.id);
  const lines = (title, texts) => texts?.length ? [el("h4", {}, title), el("pre", { class: "state", tabindex: "0" }, texts.join("\n"))] : null;
  refill(details, el("div", { class: "card" },
    el("h3", {}, `${submission.name}, ${challenge.id} ${facts.title}: `, badge(verdictOf(challenge)), ` ${VERDICT_WORDS[verdictOf(challenge)]}`),
    submission.notes?.length ? el("ul", {}, submission.notes.map((note) => el("li", {}, note))) : null,
    challenge.state === "judged" ? el("p", {}, `${count(challenge["seeds-passed"], "seed")} of ${facts.seeds.length} passed`,
      facts.worlds ? ` and ${challenge["world-runs-passed"] ?? 0} of ${facts.worlds.reduce((sum, { seeds }) => sum + seeds.length, 0)} in worlds` : "",
      took == null ? "" : `, ${took.toLocaleString("en")} ms in all`, failure?.seed == null ? "" : `; seed ${failure.seed}${failure.world ? ` in the world ${failure.world.name}` : ""} failed`,
      challenge["seeds-untouched"] ? `; with ${count(challenge["seeds-untouched"], "seed")} no fault touched anything` : "", ".") : null,
    failure?.world ? el("p", {}, `The world ${failure.world.name}: ${failure.world.why}`) : null,
    page ? el("p", {}, el("a", { href: page }, "The run, event by event")) : null,
    lines("Why", failure?.anomaly), lines("Where in the program", failure?.backtrace),
    lines(failure?.["trace-may-be-shorter"] ? "The shortest trace found within the budget; there may be a shorter one" : "The shortest trace that shows it", failure?.trace),
    lines("What the run did", failure?.evidence), lines("Warnings", challenge.warnings),
    failure ? [el("h4", {}, "Run it again"), el("code", {}, failure.replay)] : null,
    targets && Object.keys(targets).length ? table("Targets", ["", "worst", "has to be below"], Object.entries(targets).map(([name, { worst, below }]) => [name, String(worst), String(below)])) : null,
    usage && Object.keys(usage).length ? table("Used, of what is limited", ["", "used", "limit"], Object.entries(usage).map(([name, { used, limit }]) => [name, used.toLocaleString("en"), limit.toLocaleString("en")])) : null));
  details.scrollIntoView({ block: "nearest" });
}

function outcome() {
  const [kind, text] = !grade.complete ? ["unknown", "? not complete"] : grade.passed ? ["valid", "✓ all passed"] : ["invalid", "✗ not all passed"];
  return el("strong", { class: `verdict ${kind}` }, text);
}

const tally = new Map();
for (const { challenges: all } of grade.submissions) {
  for (const challenge of all) tally.set(verdictOf(challenge), (tally.get(verdictOf(challenge)) ?? 0) + 1);
}

document.body.append(
  el("header", {}, el("h1", {}, outcome(), ` ${grade.suite.name}: ${count(grade.submissions.length, "submission")}`),
    grade.complete ? null : el("p", { class: "note" }, "This grade is not complete: some verdicts are pending."),
    data.trace_lines == null ? null : el("p", { class: "note" }, `Traces are cut to ${data.trace_lines} lines here; grade.json has all of them.`),
    el("ul", { class: "plain tally" }, [...tally].sort().map(([name, many]) => el("li", {}, badge(name), ` ${many} ${VERDICT_WORDS[name] ?? ""}`)))),
  el("main", {},
    el("div", { class: "controls" },
      el("label", {}, "name ", el("input", { type: "search", name: "name", oninput: (event) => { wanted.name = event.target.value; show(); } })),
      el("label", {}, "verdict ", el("select", { name: "verdict", onchange: (event) => { wanted.verdict = event.target.value; show(); } },
        el("option", { value: "" }, "all"), [...tally.keys()].sort().map((name) => el("option", { value: name }, name)))),
      shownCount,
      el("span", {}, "Export: ", el("a", { href: "grade.csv" }, "CSV"), " ", el("a", { href: "grade.json" }, "JSON"))),
    holder, details,
    section("challenges", "Challenges", table("Challenges", ["", "title", "points", "seeds", "options"], challenges.map((challenge) => [challenge.id,
      challenge.title, `${challenge.points}${challenge.optional ? " (optional)" : ""}`, challenge.seeds.join(", "), el("code", {}, challenge.options)])),
      worlds.length ? table("Worlds: other circumstances in which a challenge has to be solved", ["challenge", "world", "seeds", "changed options", "what and why"],
        worlds.map(([id, world]) => [id, world.name, world.seeds.join(", "), el("code", {}, world.options), world.why])) : null),
    section("judge", "Judge", el("p", {}, `host ${grade.judge.host}, ${grade.judge.engine}; suite ${grade.suite.sha256}${grade.suite["seed-key"] ? `, seed key ${grade.suite["seed-key"]}` : ""}; ${grade.timings["wall-ms"].toLocaleString("en")} ms`))));
show();
document.documentElement.dataset.ready = String(Math.round(performance.now()));
