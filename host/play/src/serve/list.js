// The list of a folder: what there is, searched, sorted and filtered, and how far gradings are.

const KINDS = { report: "report of a run", class: "report of a class", grade: "grade", summary: "summary of a sweep", schedule: "schedule", grading: "grading" };
const SORTS = {
  newest: ["newest first", (a, b) => b.modified_ms - a.modified_ms || compare(a.path, b.path)],
  path: ["by path", (a, b) => compare(a.path, b.path)],
  kind: ["by kind", (a, b) => compare(a.kind, b.kind) || compare(a.path, b.path)],
  verdict: ["by verdict", (a, b) => compare(rank(a), rank(b)) || compare(a.path, b.path)],
};

function compare(a, b) { return a < b ? -1 : a > b ? 1 : 0; }

// Failures first, and last what has no verdict.
function rank(item) {
  const at = ["invalid", "unknown", "valid"].indexOf(item.verdict);
  return at < 0 ? 3 : at;
}

let all = { folder: "", plays: false, items: [], left_out: null };
const search = el("input", { type: "search", id: "search", oninput: paint });
const sort = choice("sort", Object.entries(SORTS).map(([name, [label]]) => [name, label]));
const kind = choice("kind", [["", "all"], ...Object.entries(KINDS)]);
const wanted = choice("verdict", [["", "all"], ["invalid", "invalid"], ["unknown", "unknown"], ["valid", "valid"], ["none", "none"]]);
const folder = el("p", { class: "path" }), told = el("p", { role: "status" }), gradings = el("div", {}), rows = el("div", {});

function choice(id, options) {
  return el("select", { id, onchange: paint }, options.map(([value, label]) => el("option", { value }, label)));
}

function labelled(text, control) {
  return el("label", { for: control.id }, text, control);
}

// Each name of a path may have characters that mean something in an address.
function address(route, path) {
  return `${route}/${path.split("/").map(encodeURIComponent).join("/")}`;
}

// An address is made of this page's own and of encoded names, so it leads nowhere else.
function link(route, path, text, download) {
  const anchor = el("a", { class: "path" }, text);
  anchor.href = address(route, path);
  if (download) anchor.download = path.split("/").at(-1);
  return anchor;
}

function paint() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = (item) => words.every((word) => `${item.path} ${item.of} ${KINDS[item.kind]}`.toLowerCase().includes(word))
    && (!kind.value || item.kind === kind.value)
    && (!wanted.value || (item.verdict ?? "none") === wanted.value);
  const found = all.items.filter(fits).sort(SORTS[sort.value][1]);
  folder.textContent = fit(all.folder);
  told.textContent = `${count(found.length, "file")} of ${grouped(all.items.length)}${all.left_out ? `; left out: ${all.left_out}` : ""}`;
  refill(gradings, all.items.filter((item) => item.progress).map(progress));
  refill(rows, found.length === 0 ? null : table("Files", ["Path", "What it is", "Of", "Verdict", "Written", "Open"],
    found.map((item) => [link("file", item.path, item.path), KINDS[item.kind], item.of, judged(item), written(item), opened(item)])));
}

function judged(item) {
  return item.verdict ? verdict({ valid: true, invalid: false }[item.verdict] ?? "unknown") : "";
}

function written(item) {
  const at = new Date(item.modified_ms);
  return el("time", { datetime: at.toISOString() }, at.toLocaleString());
}

function opened(item) {
  if (!item.play) return link("file", item.path, "open");
  return [link("download", item.path, "download", true), all.plays ? [" ", el("button", { type: "button", "aria-label": `play ${item.path}`, onclick: () => play(item.path) }, "play")] : null,
    el("code", { class: "command", tabindex: "0" }, item.play)];
}

// Opens a run by hand. Its page has a server of its own, which says where it is.
async function play(path) {
  told.textContent = `${path} is being played`;
  const answer = await fetch("api/play", { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ path }) });
  const said = await answer.json();
  if (said.address) location.href = said.address;
  else told.textContent = fit(said.error);
}

function progress(item) {
  const { suite, runs, failed, modules, challenges, more } = item.progress;
  return section(`grading-${all.items.indexOf(item)}`, `Grading by ${suite}`,
    el("p", { class: "path" }, `${item.path}: ${count(runs, "run")} of ${count(modules, "module")} done${more ? " and more" : ""}, ${grouped(failed)} not accepted; the last at `, written(item)),
    table("Runs that are done", ["Challenge", "Runs", "Not accepted"], challenges.map((it) => [it.id, grouped(it.runs), grouped(it.failed)])));
}

document.body.append(el("main", {}, el("h1", {}, "Reports, grades and schedules"), folder,
  el("div", { id: "list-controls", role: "search" }, labelled("Search", search), labelled("Kind", kind), labelled("Verdict", wanted), labelled("Sort", sort)),
  told, gradings, rows));
paint();

const events = new EventSource("api/events");
events.addEventListener("list", (event) => {
  all = JSON.parse(event.data);
  paint();
});
events.addEventListener("error", () => { told.textContent = "The server does not answer: this is the list as it was."; });
