// Elements of the page. Texts go in as texts, never as markup.

const SVG = "http://www.w3.org/2000/svg";

/**
 * An element: its name, its attributes, and what is in it (elements, texts, lists of them; nothing for null).
 * A function among the attributes is a listener: `{ click: () => ... }`.
 */
function el(name, attributes, ...children) {
  const element =
    name === "svg" || name === "path" ? document.createElementNS(SVG, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value);
  }
  append(element, children);
  return element;
}

function append(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === "") continue;
    element.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/** Characters that reorder text or take no room, as visible escapes: a name must not draw over its neighbours. */
const HIDDEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb]/g;

function visible(text) {
  return String(text).replace(HIDDEN, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);
}

/** The text with an ellipsis in its middle where it is longer than `room`: names differ at their ends. */
function shorten(text, room) {
  const signs = Array.from(visible(text));
  if (signs.length <= room) return signs.join("");
  const head = Math.floor((room - 1) / 2);
  return `${signs.slice(0, head).join("")}…${signs.slice(signs.length - (room - 1 - head)).join("")}`;
}

/** What is longer than this is cut wherever it is shown whole. */
const LONGEST = 2000;

/** A name of any origin, isolated from the direction of the text around it; shortened, the whole name is its title. */
function named(text, room = 60) {
  const short = shorten(text, room);
  const whole = shorten(text, LONGEST);
  return el("bdi", { class: "name", title: short === whole ? null : whole }, short);
}

/** A sentence of any origin. */
function sentence(text) {
  return el("bdi", null, shorten(text, LONGEST));
}

/** Sentences of the program's own, with what can be typed in `backticks`. */
function prose(text) {
  const parts = shorten(text, LONGEST).split(/`([^`]+)`/);
  return el(
    "bdi",
    null,
    parts.map((part, at) => (at % 2 === 1 ? el("code", null, part) : part)),
  );
}

/** A small word in a coloured box; the sign says the same as the colour. */
function badge(kind, text) {
  const signs = { good: "✓ ", bad: "✗ ", unknown: "? " };
  return el("span", { class: `badge ${kind}` }, signs[kind] || "", text);
}

/** A choice of one of several: `options` are pairs of value and text. */
function choice(label, options, chosen, change) {
  const select = el(
    "select",
    { change: () => change(select.value), "aria-label": label },
    options.map(([value, text]) =>
      el("option", { value, selected: String(value) === String(chosen) }, shorten(text, 80)),
    ),
  );
  return el("label", { class: "choice" }, el("span", null, label), select);
}

/** Buttons of which one is pressed. */
function switcher(label, options, chosen, change) {
  const group = el("div", { class: "switcher", role: "group", "aria-label": label });
  for (const [value, text] of options) {
    const press = () => {
      group
        .querySelectorAll("button")
        .forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
      change(value);
    };
    const button = el(
      "button",
      { type: "button", "aria-pressed": String(value === chosen), click: press },
      text,
    );
    group.append(button);
  }
  return group;
}
