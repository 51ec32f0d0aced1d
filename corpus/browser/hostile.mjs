// Texts that would do harm if a page took them for anything but text, and reports made of nothing else.

/** What each of them sets if it is run. */
export const MARK = "pwned";

export const TEXTS = [
  `<script>alert(1);window.${MARK}=1</script>`,
  `"><img src=x onerror="alert(1);window.${MARK}=1">`,
  `</script><script>window.${MARK}=1</script>`,
  `</SCRIPT ><svg onload=window.${MARK}=1>`,
  `<!--<script>`,
  `--> ]]> <![CDATA[`,
  `'"\`\${window.${MARK}=1}\``,
  `{{constructor.constructor('window.${MARK}=1')()}}`,
  `javascript:window.${MARK}=1`,
  `' onmouseover='window.${MARK}=1`,
  `<a href="javascript:window.${MARK}=1">x</a><iframe srcdoc="<script>parent.${MARK}=1</script>">`,
  `</style></title></textarea></template><base href=x:>`,
  `&lt;b&gt;&amp;&#x3c;script&#x3e;`,
  `{a|rich} {b}: {c} {@value} %s %c`,
  `__proto__`,
  `constructor`,
  `\u202Egnp.exe\u2066\u200B`,
  `line\u2028paragraph\u2029end`,
  `bell\u0007 nul\u0000 escape\u001b[2J tab\tnewline\n`,
  `"}],"layers":[{"name":"`,
  `\\u003cscript\\u003e \\x3cscript\\x3e`,
  `🦀 한글 ﷽ e\u0301\u0301\u0301\u0301\u0301\u0301`,
  `${"long/".repeat(2)}${"x".repeat(10_000)}`,
  ` `,
];

/** What weigh refuses to read where it is none: words of closed lists, and formulas. */
const CLOSED = new Set(
  "schema severity status meets basis energy_basis bound kind verdict needs unit".split(" "),
);
const FORMULAS = new Set(["scaling", "macs_formula", "shape", "output_shapes"]);

/**
 * The reports with every text in them made hostile. The same text becomes the same hostile one wherever it stands, so
 * that what belongs together by name still does.
 */
export function poisoned(reports) {
  const known = new Map();
  const poison = (text) => {
    if (!known.has(text)) {
      known.set(text, `${TEXTS[known.size % TEXTS.length]} ${text}`);
    }
    return known.get(text);
  };
  const walk = (value, key) => {
    if (FORMULAS.has(key)) {
      return value;
    }
    if (typeof value === "string") {
      return CLOSED.has(key) ? value : poison(value);
    }
    if (Array.isArray(value)) {
      return value.map((item) => walk(item, key));
    }
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, walk(item, name)]));
    }
    return value;
  };
  return walk(reports, "");
}
