// What is different from another run: A is that one, B is this one (report/src/compare).

function comparison(go) {
  const found = data.comparison;
  if (!found) return null;
  const heads = ["", "A", "B"];
  const rows = (all) => all.map(({ name, a, b }) => [name, a ?? "–", b ?? "–"]);
  const differs = found.event && [found.event.a, found.event.b].map((shown, side) => {
    const name = "AB"[side];
    if (!shown) return el("li", {}, `${name} ends here.`);
    const index = shown.position - journal.first, text = `event ${grouped(shown.position + 1)}`;
    const link = side === 0 ? el("a", { href: `../index.html#event-${shown.position}` }, text) : entries[index] ? jump(thisRun, text, index, go) : text;
    return el("li", {}, `${name}: `, link, `, ${shown.words}`);
  });
  const only = found.problems.map((lines, side) => lines.length ? [el("h3", {}, `Wrong in ${"AB"[side]} only`), el("ul", { class: "plain problems" }, lines.map((line) => el("li", {}, line)))] : null);
  return section("compare", "Compared with the whole run",
    el("ul", { class: "plain" }, el("li", {}, "A: ", el("a", { href: "../index.html" }, "the whole run"), `, ${found.runs[0]}`), el("li", {}, `B: this run, ${found.runs[1]}`)),
    el("div", { class: "columns" },
      found.options.length ? table("Options that differ", heads, rows(found.options), { id: "compare-options" }) : el("p", {}, "All options are the same."),
      found.figures.length ? table("Figures that differ", heads, rows(found.figures), { id: "compare-figures" }) : el("p", {}, "All figures are the same.")),
    differs ? [el("p", {}, found.alike ? `${count(found.alike, "event")} after the start of the nodes ${found.alike === 1 ? "is" : "are"} alike. The first that differ:` : "The first events after the start of the nodes differ:"), el("ul", { class: "plain" }, differs)]
      : el("p", {}, "All events are alike."),
    only);
}
