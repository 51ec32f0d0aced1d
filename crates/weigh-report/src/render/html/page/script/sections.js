// The sections of the page, in the order in which they are registered.

const sections = [];

/**
 * A section: where it stands (`id`), its title, and what makes its contents of a report: elements, or null where there is
 * nothing to show, and then the page has no such section. With `whole` it is about all reports together.
 */
function section(id, title, contents, { whole = false } = {}) {
  sections.push({ id, title, contents, whole });
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
