// Light and dark: the system's choice until the reader makes another.

const system = matchMedia("(prefers-color-scheme: dark)");

const isDark = () => document.documentElement.dataset.theme === "dark";

function setTheme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  const button = document.getElementById("theme");
  if (button) button.textContent = dark ? "Light theme" : "Dark theme";
}

setTheme(system.matches);
system.addEventListener("change", () => {
  setTheme(system.matches);
  redrawAll();
});

// Paper is white.
let onScreen;
addEventListener("beforeprint", () => {
  onScreen = isDark();
  setTheme(false);
  drawForPaper();
});
addEventListener("afterprint", () => {
  setTheme(onScreen);
  drawForScreen();
});

function themeButton() {
  const press = () => {
    setTheme(!isDark());
    redrawAll();
  };
  return el("button", { type: "button", id: "theme", click: press }, isDark() ? "Light theme" : "Dark theme");
}

/** The colours that charts are drawn in: those of the style sheet. */
function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(`--${name}`).trim();
  return {
    ink: of("ink"),
    dim: of("dim"),
    line: of("line"),
    panel: of("panel"),
    good: of("good"),
    bad: of("bad"),
    warn: of("warn"),
    series: [1, 2, 3, 4, 5, 6, 7, 8].map((at) => of(`series-${at}`)),
  };
}
