// Tables: plain ones, and one that is sorted, searched, filtered and opened.

/** A table of texts and elements. Titles that begin with `>` are of numbers; columns without any cell are left out. */
function table(caption, allTitles, allRows) {
  const isEmpty = (cell) => cell === "" || cell === null || (Array.isArray(cell) && cell.length === 0);
  const kept = allTitles
    .map((title, at) => at)
    .filter((at) => at === 0 || allRows.some((row) => !isEmpty(row[at])));
  const titles = kept.map((at) => allTitles[at]);
  const rows = allRows.map((row) => kept.map((at) => row[at]));
  const right = titles.map((title) => title.startsWith(">"));
  const side = (at) => (right[at] ? "number" : null);
  return scrolling(
    `${caption}, table`,
    el(
      "table",
      null,
      el("caption", { class: "hidden" }, caption),
      el(
        "thead",
        null,
        el(
          "tr",
          null,
          titles.map((title, at) =>
            title ? el("th", { scope: "col", class: side(at) }, term(title.replace(/^>/, ""))) : el("td"),
          ),
        ),
      ),
      el(
        "tbody",
        null,
        rows.map((row) =>
          el(
            "tr",
            null,
            row.map((cell, at) =>
              at === 0
                ? el("th", { scope: "row", class: side(at) }, cell)
                : el("td", { class: side(at) }, cell),
            ),
          ),
        ),
      ),
    ),
  );
}

/** Wide tables scroll by themselves, by keys too. */
function scrolling(label, inner) {
  return el("div", { class: "scrolling", tabindex: 0, role: "region", "aria-label": label }, inner);
}

/** Pairs of a term and what it is. */
function facts(pairs) {
  const known = pairs.filter(
    ([, value]) => isKnown(value) && value !== "" && !(Array.isArray(value) && value.length === 0),
  );
  if (known.length === 0) return null;
  return el(
    "dl",
    { class: "facts" },
    known.map(([name, value]) => {
      const pair = el("div", null, el("dt", null, term(name)), el("dd", null, value));
      if (pair.textContent.length > 80) pair.classList.add("long");
      return pair;
    }),
  );
}

function notes(texts) {
  return texts.length === 0
    ? null
    : el(
        "ul",
        { class: "notes" },
        texts.map((text) => el("li", null, prose(text))),
      );
}

/** Says at which sizes formulas were worked out, where some symbols are not bound. */
function nominalNote(report) {
  const at = report.unbound.map((symbol) => `${shorten(symbol, 40)} = ${NOMINAL}`);
  return at.length === 0
    ? null
    : el("p", { class: "note" }, `Where counts are formulas, they are drawn at ${at.join(", ")}.`);
}

/** How many rows are put into the page at a time. */
const ROWS_AT_A_TIME = 100;

/**
 * A table over `rows` that can be sorted by each column. A column: `{ key, title, value(row), show(row), text, bar }`, where
 * `value` is what is compared (null is unknown and comes last either way). `details(row)` makes what a row opens to.
 * Returns the element and `shown(rows, sort)`, which shows other rows.
 */
function sortable(id, caption, columns, rows, details) {
  let sort = { key: null, up: false };
  let current = rows;
  let written = 0;
  const most = new Map(
    columns.filter((column) => column.bar).map((column) => [column.key, largest(rows, column)]),
  );
  const body = el("tbody");
  const heads = columns.map((column) =>
    el(
      "th",
      { scope: "col", class: column.text ? null : "number", "aria-sort": "none" },
      el(
        "button",
        {
          type: "button",
          "data-sort": column.key,
          title: (entryOf(column.title) || {}).short,
          click: () => press(column),
        },
        column.title,
      ),
    ),
  );
  const progress = el("span");
  const more = el(
    "button",
    { type: "button", class: "more", click: () => write(ROWS_AT_A_TIME) },
    el("span", { class: "ask" }, "Show more: "),
    progress,
  );
  const place = scrolling(
    `${caption}, table`,
    el(
      "table",
      { id },
      el("caption", { class: "hidden" }, caption),
      el("thead", null, el("tr", null, heads)),
      body,
    ),
  );
  place.classList.add("tall");
  const end = `${id}-end`;
  const element = el(
    "div",
    { class: "long-table" },
    el("a", { class: "skip", href: `#${end}` }, "Skip the table"),
    place,
    more,
    el("div", { id: end, tabindex: -1 }),
  );
  place.addEventListener("scroll", () => {
    if (place.scrollTop + place.clientHeight > place.scrollHeight - 200 && written < current.length)
      write(ROWS_AT_A_TIME);
  });

  function press(column) {
    const up = sort.key === column.key ? !sort.up : Boolean(column.text);
    shown(current, { key: column.key, up });
  }

  function shown(others, order = sort) {
    sort = order;
    const column = columns.find((one) => one.key === sort.key);
    current = column ? sorted(others, column, sort.up) : others;
    heads.forEach((head, at) => {
      const state = columns[at] === column ? (sort.up ? "ascending" : "descending") : "none";
      head.setAttribute("aria-sort", state);
    });
    body.replaceChildren();
    written = 0;
    write(ROWS_AT_A_TIME);
  }

  function write(amount) {
    const next = current.slice(written, written + amount);
    body.append(...next.map(line));
    written += next.length;
    const left = current.length - written;
    more.hidden = left === 0;
    progress.textContent = `${written} of ${current.length} shown`;
  }

  function line(row) {
    const tr = el(
      "tr",
      { "data-layer": row.index },
      columns.map((column, at) => {
        const shownText = column.show(row);
        if (at > 0)
          return el(
            "td",
            { class: column.side || (column.text ? null : "number") },
            shownText,
            barOf(column, row),
          );
        const button = el("button", { type: "button", "aria-expanded": "false", class: "row" }, shownText);
        button.addEventListener("click", () => open(tr, button, row));
        return el("th", { scope: "row" }, button);
      }),
    );
    return tr;
  }

  function open(tr, button, row) {
    const isOpen = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!isOpen));
    if (isOpen) tr.nextElementSibling.remove();
    else tr.after(el("tr", { class: "details" }, el("td", { colspan: columns.length }, details(row))));
  }

  function barOf(column, row) {
    const value = column.bar ? column.value(row) : null;
    const whole = most.get(column.key);
    if (!isKnown(value) || !(whole > 0)) return null;
    const bar = el("span", { class: "bar", "aria-hidden": "true" });
    bar.style.width = `${Math.max(0, Math.min(1, value / whole)) * 100}%`;
    return el("span", { class: "bar-room", "aria-hidden": "true" }, bar);
  }

  shown(rows);
  return { element, shown };
}

function largest(rows, column) {
  return rows.reduce((most, row) => Math.max(most, column.value(row) || 0), 0);
}

/** Rows by a column, unknown ones last; rows that are alike keep their order. */
function sorted(rows, column, up) {
  const keyed = rows.map((row) => [column.value(row), row]);
  const sign = up ? 1 : -1;
  const compare = column.text ? (a, b) => (a < b ? -1 : Number(a > b)) : (a, b) => a - b;
  keyed.sort(([a], [b]) =>
    isKnown(a) && isKnown(b) ? sign * compare(a, b) : Number(!isKnown(a)) - Number(!isKnown(b)),
  );
  return keyed.map(([, row]) => row);
}
