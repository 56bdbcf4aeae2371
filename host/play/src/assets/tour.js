// A guided tour: steps with a text each, a moment of a branch, marks on the stage, and questions.

function makeTour(session, tour, { moved }) {
  let at = 0;
  const answered = new Map();
  const body = el("div", { tabindex: "-1" }), position = el("span", { class: "quiet" });
  const turn = (by) => {
    at = clamp(at + by, 0, tour.steps.length - 1);
    show().catch(complain);
    body.focus({ preventScroll: true });
  };
  const back = act("◀ Back", () => turn(-1), { name: "tour-back" }), next = act("Next ▶", () => turn(1), { name: "tour-next" });
  const element = section("tour", tour.title, body, el("div", { class: "controls", role: "group", "aria-label": "Tour" }, back, next, position,
    act("To this moment", () => show().catch(complain), { name: "tour-here" })));

  async function show() {
    const step = tour.steps[at];
    paint();
    await session.open(step.branch, step.at);
    moved(step.marks);
  }

  function paint() {
    const step = tour.steps[at];
    position.textContent = `${at + 1} of ${tour.steps.length}`;
    back.setAttribute("aria-disabled", String(at === 0));
    next.setAttribute("aria-disabled", String(at === tour.steps.length - 1));
    refill(body, el("h3", {}, step.title), step.text.map(block), step.question ? question(step.question) : null);
  }

  function block(it) {
    if (it.list) return el("ul", {}, it.list.map((line) => el("li", {}, line)));
    return it.code != null ? el("pre", { class: "state", tabindex: "0" }, it.code) : el("p", {}, it.p);
  }

  function question({ text: asked, answers, right, why }) {
    const name = `question-${at}`, result = el("p", { role: "status" });
    const tell = (chosen) => refill(result, el("strong", { class: chosen === right ? "valid" : "invalid" }, chosen === right ? "✓ Right. " : "✗ Not so. "), chosen === right ? why : "Look at the run again, and choose another answer.");
    const step = at, choose = (chosen) => { answered.set(step, chosen); tell(chosen); };
    if (answered.has(at)) tell(answered.get(at));
    return el("fieldset", {}, el("legend", {}, asked), answers.map((answer, index) => el("label", { class: "answer" },
      el("input", { type: "radio", name, checked: answered.get(at) === index, onchange: () => choose(index) }), " ", answer)), result);
  }

  paint();
  return { element, show, get marks() { return tour.steps[at].marks; } };
}
