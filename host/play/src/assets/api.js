// Requests to the server, its events, and what is said to the reader.

// The longest that a lost connection waits before it is tried again, in milliseconds.
const RETRY_MS_MAX = 5000;

// The value that the server answers. Throws what the server says is wrong, in words.
async function ask(method, path, body) {
  let response;
  try {
    const json = body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    response = await fetch(`api/${path}`, { method, ...json });
  } catch {
    throw new Error("The server does not answer. Is host play still running in its terminal?");
  }
  const text = await response.text();
  if (response.ok) return /json/.test(response.headers.get("content-type") ?? "") ? JSON.parse(text) : text;
  let why = `The server answers with status ${response.status}.`;
  try {
    why = JSON.parse(text).error ?? why;
  } catch {
    // It is not of the server's own.
  }
  throw new Error(why);
}

// Where the page says what has happened: `said` for all that is well, `wrong` for what is not.
const said = el("p", { class: "said", role: "status", "aria-live": "polite" });
const wrong = el("p", { class: "wrong note", role: "alert" });
wrong.hidden = true;

function say(text) {
  said.textContent = fit(text);
  complain(null);
}

// What is wrong stays until something else is said, or until it is put away.
function complain(error) {
  wrong.hidden = !error;
  if (error) refill(wrong, String(error.message ?? error), " ", button("OK", "Put this message away", () => complain(null)));
}

// Listens to the server's events: `on` has a function for each kind of them, and `again`, which is called when a lost
// connection is back.
function listen(on) {
  let isLost = false, wait = 500;
  const lost = el("p", { class: "lost note", role: "alert" });
  lost.hidden = true;
  const connect = () => {
    const source = new EventSource("api/events");
    source.onopen = () => {
      wait = 500;
      lost.hidden = true;
      if (isLost) on.again();
      isLost = false;
    };
    source.onerror = () => {
      source.close();
      if (!isLost) refill(lost, "The connection to the server is lost. It is tried again until it is back. Is host play still running in its terminal?");
      isLost = true;
      lost.hidden = false;
      setTimeout(connect, wait);
      wait = Math.min(2 * wait, RETRY_MS_MAX);
    };
    for (const kind of ["delta", "verdict", "generation", "branches"]) {
      source.addEventListener(kind, (event) => on[kind](event.data ? JSON.parse(event.data) : null));
    }
  };
  connect();
  return lost;
}

// Puts new children in the place of the old ones. What has the focus, what was typed and what was opened stays: elements
// are the same if they have the same `data-key`.
function renew(element, ...children) {
  const keyed = () => [...element.querySelectorAll("[data-key]")];
  const held = element.contains(document.activeElement) ? document.activeElement : null;
  const kept = new Map(keyed().map((it) => [it.dataset.key, it]));
  refill(element, ...children);
  for (const it of keyed()) {
    const old = kept.get(it.dataset.key);
    if (old?.localName !== it.localName) continue;
    const fits = it.localName !== "select" || [...it.options].some(({ value }) => value === old.value);
    if ("value" in it && it.localName !== "button" && fits) it.value = old.value;
    if (it.localName === "details") it.open = old.open;
  }
  if (!held || held === element) return;
  const same = keyed().find((it) => it.dataset.key === held.dataset.key);
  (same ?? element.querySelector("h3, h2, button") ?? element).focus({ preventScroll: true });
}

// A button with its text as its name, and the key that does the same.
function act(text, onclick, { key: letter = null, name = null, ...more } = {}) {
  return el("button", { type: "button", "data-key": name ?? text, "aria-keyshortcuts": letter, title: letter && `Key: ${letter}`, onclick, ...more }, text);
}
