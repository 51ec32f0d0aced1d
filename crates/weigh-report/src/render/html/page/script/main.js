// The page: its head, the sections that have something to show, its foot.

function headOf(reports, chosen, choose) {
  const report = reports[chosen];
  const model = report.model || {};
  const title = el(
    "h1",
    null,
    reports.length > 1 ? `${reports.length} models` : named(modelName(report), 80),
  );
  const format = [model.format, model.format_version].filter(Boolean).join(" ");
  const tensor = (one) => `${shorten(one.name, 40)} ${one.dtype || "?"} ${shapeText(one.shape)}`;
  const about =
    reports.length > 1
      ? null
      : el(
          "p",
          { class: "about" },
          [format, ...(model.inputs || []).slice(0, 3).map(tensor)]
            .filter(Boolean)
            .map((text) => el("bdi", null, text))
            .flatMap((one, at) => (at ? [" · ", one] : [one])),
        );
  const command =
    report.made_by &&
    el("p", { class: "about" }, el("code", { class: "command" }, shorten(report.made_by.command, 600)));
  const models = reports.map((one, at) => [at, modelName(one)]);
  const picker = reports.length > 1 ? choice("Model", models, chosen, (at) => choose(Number(at))) : null;
  if (picker) picker.querySelector("select").id = "model";
  return el(
    "div",
    { class: "head" },
    el("div", null, title, about, command),
    el("div", { class: "tools" }, picker, themeButton()),
  );
}

function footOf(report) {
  return el(
    "p",
    null,
    report.made_by ? `${report.made_by.program} · ` : "",
    "What is unknown is never shown as zero. Drawn with Apache ECharts.",
  );
}

/** Builds the page for the chosen report. */
function build(reports, chosen) {
  const main = document.getElementById("main");
  const shown = [];
  usedWords.clear();
  for (const one of [...sections].sort((a, b) => Number(b.whole) - Number(a.whole))) {
    const contents = one.whole ? one.contents(reports) : one.contents(reports[chosen]);
    // Of several models, the rest of the page is about one.
    const of =
      one.id === "headline" && reports.length > 1 ? [": ", named(modelName(reports[chosen]), 60)] : [];
    if (hasContents(contents)) shown.push([one, sectionElement(one, contents, of)]);
  }
  main.replaceChildren(
    ...[answersElement(reports[chosen]), ...shown.map(([, element]) => element)].filter(Boolean),
  );
  document.getElementById("contents").replaceChildren(
    el(
      "ul",
      null,
      shown.map(([one]) => el("li", null, el("a", { href: `#${one.id}` }, one.title))),
    ),
  );
  document.getElementById("top").replaceChildren(headOf(reports, chosen, (at) => build(reports, at)));
  document.getElementById("foot").replaceChildren(footOf(reports[chosen]));
  redrawAll();
}

async function start() {
  const page = document.documentElement;
  window.weigh = { charts, drawAll, reports: [] };
  try {
    readWords();
    const reports = await readReports();
    window.weigh.reports = reports;
    document.title =
      reports.length === 1
        ? `${shorten(modelName(reports[0]), 60)}: weigh`
        : `${reports.length} models: weigh`;
    if (reports.length > 0) build(reports, 0);
    page.dataset.ready = "true";
  } catch (error) {
    window.weigh.error = error;
    page.dataset.ready = "error";
    document
      .getElementById("main")
      .replaceChildren(
        el("p", { class: "note", role: "alert" }, `The page could not be drawn: ${error.message}`),
      );
    throw error;
  }
}

start();
