// What was done, to be kept and to be passed on; and the way back in.

function makeOut(session) {
  // A guest that notices who looks at it may do something else when nobody does.
  const exported = () => ask("GET", `branches/${session.current.id}/link?at=${session.current.moment}`);
  const warn = async () => {
    const { note } = await exported();
    if (note) say(`Mind: ${note}.`);
  };
  const file = (name, words) => el("a", { download: true, "data-file": name, onclick: () => warn().catch(complain) }, words);
  const links = [file("schedule", "Schedule"), file("test", "Unit test")];
  const report = el("a", { target: "_blank", rel: "noopener" }, "Report");
  const shownLink = el("input", { name: "link", readonly: true, "aria-label": "Link", size: 40 });
  shownLink.hidden = true;
  const copy = async () => {
    const { link, note } = await exported(), mind = note ? ` Mind: ${note}.` : "";
    shownLink.hidden = false;
    shownLink.value = link;
    try {
      await navigator.clipboard.writeText(link);
      say(`The link is copied. host play --schedule LINK opens it.${mind}`);
    } catch {
      shownLink.select();
      say(`Copy the link from the field. host play --schedule LINK opens it.${mind}`);
    }
  };
  const given = el("textarea", { name: "given", rows: 3, spellcheck: "false", "aria-label": "A link, or the text of a schedule" });
  const chosen = el("input", { type: "file", name: "schedule-file", accept: ".json,.toml,.txt,application/json", "aria-label": "A schedule file" });
  const openIt = async (event) => {
    event.preventDefault();
    const schedule = chosen.files.length ? await chosen.files[0].text() : given.value.trim();
    const delta = await ask("POST", "open", { schedule });
    const branch = session.take(delta);
    chosen.value = given.value = "";
    await session.list();
    await session.open(branch.id);
    say(`${branch.name} is open.`);
  };
  const element = el("div", {},
    el("p", {}, "Up to the moment that you look at: ", links.map((link) => [link, " "]), act("Copy a link", () => copy().catch(complain)), " ", shownLink, " Of the whole branch: ", report),
    el("form", { class: "form", onsubmit: (event) => openIt(event).catch(complain) }, el("h3", {}, "Open"), el("label", {}, "a file ", chosen), el("label", {}, "or a link or a schedule: ", given), el("button", {}, "Open it")));

  return {
    element,
    paint(branch) {
      for (const link of links) setOnce(link, "href", `api/branches/${branch.id}/${link.dataset.file}?at=${branch.moment}`);
      setOnce(report, "href", `api/branches/${branch.id}/report`);
    },
  };
}
