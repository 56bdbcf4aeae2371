// Building blocks of all pages. Data may come from strangers: it is only ever set as text or as
// the value of an attribute, never as markup, an address or a style.

const data = JSON.parse(document.getElementById("data").textContent);

const SVG = "http://www.w3.org/2000/svg";

// An element: el("p", {class: "why"}, "text", el("b", {}, "more")).
function el(name, attributes, ...children) {
  return filled(document.createElement(name), attributes, children);
}

// The same in a drawing.
function draw(name, attributes, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

// Text with escapes for what is not fit to be shown: invisible characters, and those that turn the
// direction of text. UNFIT is made from the same table as the host's own outputs.
function fit(text) {
  return String(text).replace(UNFIT, (c) => c === "\r" ? "\\r" : `\\u{${c.codePointAt(0).toString(16)}}`);
}

function shown(children) {
  return children.flat(Infinity).filter((child) => child != null)
    .map((child) => child instanceof Node ? child : fit(child));
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    // The value of a choice is compared with data, and not shown.
    else if (value !== false && value != null) element.setAttribute(name, name === "value" ? value : fit(value));
  }
  element.append(...shown(children));
  return element;
}

// Puts new children in the place of the old ones.
function refill(element, ...children) {
  element.replaceChildren(...shown(children));
}

function section(id, title, ...children) {
  return el("section", { id, "aria-labelledby": `${id}-title` },
    el("h2", { id: `${id}-title` }, title), children);
}

function button(text, label, onclick) {
  return el("button", { type: "button", "aria-label": label, title: label, onclick }, text);
}

// A table: heads are texts, rows are lists of texts or elements.
function table(caption, heads, rows, attributes) {
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    el("table", attributes ?? {},
      el("caption", {}, caption),
      el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))),
      el("tbody", {}, rows.map((row) => el("tr", {}, row.map((cell) => el("td", {}, cell)))))));
}

const NS = 1e9;

// Nanoseconds as seconds, exact, without zeros at the end.
function seconds(ns) {
  return `${(ns / NS).toFixed(9).replace(/\.?0+$/, "")} s`;
}

// Nanoseconds as milliseconds, to the microsecond.
function millis(ns) {
  return `${Number((ns / 1e6).toFixed(3))} ms`;
}

// A number with separators. A format is made once, since that takes long.
const grouped = new Intl.NumberFormat("en").format;

function count(number, noun) {
  return `${grouped(number)} ${noun}${number === 1 ? "" : "s"}`;
}

function clamp(number, least, most) {
  return Math.max(least, Math.min(most, number));
}

// A colour of the style, which depends on the reader's theme.
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

// How verdicts look: never by colour alone.
const VERDICTS = { true: ["valid", "✓ valid"], false: ["invalid", "✗ invalid"], unknown: ["unknown", "? unknown"] };

function verdict(valid) {
  const [kind, text] = VERDICTS[String(valid)] ?? VERDICTS.unknown;
  return el("strong", { class: `verdict ${kind}` }, text);
}
