// The page of a class: submissions by challenge.

const { grade, pages, meanings, explained } = data;
const challenges = grade.suite.challenges;
const worlds = challenges.flatMap((challenge) => (challenge.worlds ?? []).map((world) => [challenge, world]));

// What a verdict means, in the words of all formats.
const meaning = (name) => (Object.hasOwn(meanings, name) ? meanings[name] : name);

// What a challenge, or one of its worlds, asks for besides right answers: "msgs-per-op below 30".
function targetsOf({ targets }, world) {
  const named = Object.entries(targets ?? {}).map(([name, below]) => [name.split("/").reverse(), below]);
  return named.filter(([[, place]]) => place === world).map(([[name], below]) => `${name} below ${below.toLocaleString("en")}`);
}

// Pieces that stay together when the line is broken.
const pieces = (all, between) => all.flatMap((piece, index) => [index ? between : null, el("span", { class: "piece" }, piece)]);
const optionsOf = (text) => el("code", { class: "options" }, pieces(text.split(/ (?=-)/), " "));

// What to call a challenge's state: its verdict, or why there is none.
function verdictOf(challenge) {
  return challenge ? challenge.verdict ?? challenge.state : "";
}

function challengeOf(submission, id) {
  return submission.challenges.find((challenge) => challenge.id === id);
}

function badge(name) {
  const kind = name === "AC" ? "valid" : ["missing", "pending", "IE"].includes(name) ? "unknown" : "invalid";
  return el("span", { class: `badge ${kind}`, title: meaning(name) }, name);
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
      text, order.by === name ? el("span", { class: order.down ? "down" : "up" }) : null));
  refill(holder, el("table", { id: "class" },
    el("caption", {}, "Submissions by challenge; the heads sort"),
    el("thead", {}, el("tr", {}, head("submission", "Sort by name", "submission"), head("score", "Sort by points", "points"),
      challenges.map(({ id, title, points, hidden, ...all }) => head(id, [`${title}, ${count(points, "point")}`, hidden ? "hidden from students" : [], targetsOf(all)].flat().join(", "), id)))),
    el("tbody", {}, rows.map((submission) => el("tr", {},
      el("th", { scope: "row" }, submission.name, submission.notes?.length ? el("span", { class: "quiet", title: submission.notes.join("\n") }, ` (${count(submission.notes.length, "note")})`) : null),
      el("td", {}, `${submission.score} / ${submission.points}`),
      challenges.map(({ id }) => {
        const challenge = challengeOf(submission, id);
        return el("td", {}, challenge ? el("button", { type: "button", "aria-label": `${submission.name}, ${id}: ${meaning(verdictOf(challenge))}`, onclick: () => tell(submission, challenge) }, badge(verdictOf(challenge))) : null);
      }))))));
}

function tell(submission, challenge) {
  const facts = challenges.find(({ id }) => id === challenge.id);
  const told = explained[submission.name][challenge.id];
  const page = pageOf(submission.name, challenge.id);
  const took = wall(submission.name, challenge.id);
  const lines = (title, texts) => [title ? el("h4", {}, title) : null, el("pre", { class: "state", tabindex: "0" }, texts.join("\n"))];
  refill(details, el("div", { class: "card" },
    el("h3", {}, `${submission.name}, ${challenge.id} ${facts.title}: `, badge(verdictOf(challenge))),
    el("p", {}, told.head),
    told.reasons.length ? lines(null, told.reasons) : null,
    page ? el("p", {}, el("a", { href: page }, "The run, event by event")) : null,
    told.parts.map((part) => lines(part.title, part.lines)),
    told.replay ? [el("h4", {}, "replay"), el("code", {}, told.replay)] : null,
    told.more.length ? el("ul", {}, told.more.map((line) => el("li", {}, line))) : null,
    challenge.state === "missing" ? null : submission.notes?.length ? [el("h4", {}, "notes on the submission"), el("ul", {}, submission.notes.map((note) => el("li", {}, note)))] : null,
    took == null ? null : el("p", { class: "quiet" }, `Its runs took ${took.toLocaleString("en")} ms.`)));
  details.scrollIntoView({ block: "nearest" });
}

function outcome() {
  const [kind, text] = !grade.complete ? ["unknown", "not complete"] : grade.passed ? ["valid", "all passed"] : ["invalid", "not all passed"];
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
    el("ul", { class: "plain tally" }, [...tally].sort().map(([name, many]) => el("li", {}, badge(name), ` ${many} ${meaning(name)}`)))),
  el("main", {},
    el("div", { class: "controls" },
      el("label", {}, "name ", el("input", { type: "search", name: "name", oninput: (event) => { wanted.name = event.target.value; show(); } })),
      el("label", {}, "verdict ", el("select", { name: "verdict", onchange: (event) => { wanted.verdict = event.target.value; show(); } },
        el("option", { value: "" }, "all"), [...tally.keys()].sort().map((name) => el("option", { value: name }, name)))),
      shownCount,
      el("span", {}, "Export: ", el("a", { href: "grade.csv" }, "CSV"), " ", el("a", { href: "grade.json" }, "JSON"))),
    holder, details,
    section("challenges", "Challenges", table("Challenges", ["", "title", "points", "targets", "seeds", "options"], challenges.map((challenge) => [challenge.id,
      challenge.title, `${challenge.points}${challenge.optional ? " (optional)" : ""}`, pieces(targetsOf(challenge), ", "), challenge.seeds.join(", "), optionsOf(challenge.options)])),
      worlds.length ? table("Worlds: other circumstances in which a challenge has to be solved", ["challenge", "world", "targets", "seeds", "changed options", "what and why"],
        worlds.map(([challenge, world]) => [challenge.id, world.name, pieces(targetsOf(challenge, world.name), ", "), world.seeds.join(", "), optionsOf(world.options), world.why])) : null),
    section("judge", "Judge", el("p", {}, `host ${grade.judge.host}, ${grade.judge.engine}; suite ${grade.suite.sha256}${grade.suite["seed-key"] ? `, seed key ${grade.suite["seed-key"]}` : ""}; ${grade.timings["wall-ms"].toLocaleString("en")} ms`))));
show();
document.documentElement.dataset.ready = String(Math.round(performance.now()));
