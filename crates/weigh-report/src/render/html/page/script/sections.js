// The sections of the page, in the order in which they are registered.

const sections = [];

/**
 * A section: where it stands (`id`), its title, and what makes its contents of a report: elements, or null where there is
 * nothing to show, and then the page has no such section. With `whole` it is about all reports together.
 */
function section(id, title, contents, { whole = false } = {}) {
  sections.push({ id, title, contents, whole });
}

const answers = [];

/** What a command was run for, told over everything else: `find` makes a badge's kind and words of a report, or null. */
function answer(find) {
  answers.push(find);
}

function answersElement(report) {
  const found = answers.map((find) => find(report)).filter(Boolean);
  return found.length === 0
    ? null
    : el(
        "p",
        { class: "answer" },
        found.map(([kind, text]) => badge(kind, sentence(text))),
      );
}

function sectionElement({ id, title }, contents, of) {
  const heading = el("h2", { id: `${id}-title` }, title, of);
  return el("section", { id, "aria-labelledby": `${id}-title` }, heading, contents);
}

/** Whether contents hold anything. */
function hasContents(contents) {
  return Array.isArray(contents)
    ? contents.flat(Infinity).some((one) => isKnown(one) && one !== false && one !== "")
    : Boolean(contents);
}
